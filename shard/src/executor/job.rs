//! One execution: its complete input, and its outcome.

use std::sync::Arc;

use outrider_beacon::ledger::{EeIndex, EePayload, EeState};
use outrider_beacon_spec::{
    hash::{hash, hash_tree_root},
    types::{Bytes32, Gwei, Root, Shard, Slot},
};
use outrider_host::{
    BeaconRoot, Context, Deposit, Ee, ExecutionErrorKind, ExecutionInput, ShardIndex, StateRoot,
};

use super::ExecutorError;

/// The place of an execution.
pub(super) struct Surroundings {
    pub(super) shard: Shard,
    pub(super) slot: Slot,
    pub(super) beacon_parent_root: Root,
    pub(super) finalized_slot: Slot,
}

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
    pub(super) fn new(
        code: Ee,
        pre: EeState,
        payload: &EePayload,
        surroundings: &Surroundings,
        fuel_max: u64,
    ) -> Self {
        let Surroundings { shard, slot, beacon_parent_root, finalized_slot } = surroundings;
        let ee = payload.ee;
        let context = Context {
            shard: ShardIndex(*shard),
            slot: outrider_host::Slot(*slot),
            ee_index: outrider_host::EeIndex(ee.into()),
            beacon_root: BeaconRoot(beacon_parent_root.0),
        };
        let block_data: Arc<[u8]> = Arc::from(&payload.block_data[..]);
        let numbers = [*shard, *slot, ee.into(), pre.balance, *finalized_slot].map(u64::to_le_bytes);
        let id = hash(&[
            &code.code_hash().0,
            pre.state_root.as_slice(),
            hash(&[&block_data]).as_slice(),
            beacon_parent_root.as_slice(),
            numbers.as_flattened(),
            hash_tree_root(&payload.reads).as_slice(),
        ]);
        let input = ExecutionInput { pre_state_root: StateRoot(pre.state_root.0), block_data, context };
        Self { id, ee, pre, fuel_max, code, input }
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
            proposer_fee: 0,
        })
    }
}
