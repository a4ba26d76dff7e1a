//! One execution: its complete input, and its outcome.

use std::sync::Arc;

use outrider_beacon::ledger::{EeIndex, EePayload, EeState};
use outrider_beacon_spec::{
    hash::{hash, hash_tree_root},
    types::{Bytes32, Gwei},
};
use outrider_host::{Context, Deposit, Ee, ExecutionErrorKind, ExecutionInput, StateRoot};

use super::{ExecutorError, reads};

/// An execution to make.
#[derive(Clone)]
pub(super) struct Job {
    /// The hash of everything on which the outcome depends, but the limit of fuel.
    pub(super) id: Bytes32,
    pub(super) ee: EeIndex,
    /// Root and balance before.
    pub(super) pre: EeState,
    pub(super) fuel_max: u64,
    code: Ee,
    input: ExecutionInput,
}

/// The outcome of an execution that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) post_state_root: Bytes32,
    pub(super) fuel_used: u64,
    pub(super) deposits: Vec<Deposit>,
    pub(super) proposer_fee: Gwei,
}

impl Job {
    /// Returns the execution of a payload on a state root; the context has the EE's ether.
    pub(super) fn new(
        code: Ee,
        pre_state_root: Bytes32,
        payload: &EePayload,
        context: Context,
        fuel_max: u64,
    ) -> Self {
        let block_data: Arc<[u8]> = Arc::from(&payload.block_data[..]);
        let Context { shard, slot, ee_index, beacon_root, balance, finalized_slot } = context;
        let numbers = [shard.0, slot.0, ee_index.0, balance, finalized_slot.0].map(u64::to_le_bytes);
        let id = hash(&[
            &code.code_hash().0,
            pre_state_root.as_slice(),
            hash(&[&block_data]).as_slice(),
            &beacon_root.0,
            numbers.as_flattened(),
            hash_tree_root(&payload.reads).as_slice(),
        ]);
        let input = ExecutionInput {
            pre_state_root: StateRoot(pre_state_root.0),
            block_data,
            context,
            reads: reads(payload),
        };
        let pre = EeState { state_root: pre_state_root, balance };
        Self { id, ee: payload.ee, pre, fuel_max, code, input }
    }

    /// Returns the size of the block data, by which the time of the execution is guessed.
    pub(super) fn block_data_bytes(&self) -> usize {
        self.input.block_data.len()
    }

    pub(super) fn run(&self) -> Result<Outcome, ExecutorError> {
        let ee = self.ee;
        let output = self.code.execute_within(&self.input, self.fuel_max);
        let output = output.map_err(|error| match error.kind {
            ExecutionErrorKind::OutOfFuel { .. } => ExecutorError::Fuel { ee, limit: self.fuel_max },
            _ => ExecutorError::Execution { ee, error: Arc::new(error) },
        })?;
        Ok(Outcome {
            post_state_root: output.post_state_root.0.into(),
            fuel_used: output.fuel_used,
            deposits: output.deposits,
            proposer_fee: output.proposer_fee,
        })
    }
}
