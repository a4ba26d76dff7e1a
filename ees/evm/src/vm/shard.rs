//! The additions of chains on shards: calls that bring ether, and receipts that take it away.

use alloc::vec::Vec;

use alloy_primitives::{Address, Bytes, TxKind, U256};
use outrider_evm_codec::OUTBOX;
use revm::{
    ExecuteCommitEvm as _, ExecuteEvm as _,
    context::TxEnv,
    context_interface::{
        JournalTr as _,
        result::{ExecutionResult, ResultGas},
    },
};

use super::{Caller, Vm};
use crate::{
    delivery::DELIVERY,
    error::{ExecutionError, StateError},
    outbox::Outbox,
    receipts::Outcome,
};

/// A call that brings ether to the chain.
#[derive(Debug)]
pub(crate) struct ValueCall {
    pub(crate) caller: Address,
    pub(crate) destination: Address,
    /// The ether that the caller gets for this call, in wei.
    pub(crate) brought: U256,
    /// The ether that the call passes on, in wei. It may be more than was brought, if the caller has it.
    pub(crate) value: U256,
    pub(crate) gas_limit: u64,
    pub(crate) data: Bytes,
}

impl Vm<'_> {
    /// Starts to send receipts to other shards and EEs.
    pub(crate) fn open_outbox(&mut self, outbox: Outbox) {
        self.state().outbox = Some(outbox);
    }

    /// Sends the receipts.
    pub(crate) fn send(&mut self) {
        self.state().outbox.iter().for_each(Outbox::send);
    }

    /// Returns the base fee of the block, in wei.
    pub(crate) fn base_fee(&self) -> u64 {
        self.machine.0.ctx.block.basefee
    }

    /// Makes a call that brings ether to the chain. If it fails, nothing changes. It fails with all of its gas if its reads
    /// need more than [`CALL_WITNESS_BYTES_MAX`].
    pub(crate) fn call_with_value(&mut self, call: ValueCall) -> Result<ExecutionResult, ExecutionError> {
        let ValueCall { caller, destination, brought, value, gas_limit, data } = call;
        self.state().add_balance(caller, brought, true)?;
        // revm expects that a transaction has loaded its sender.
        self.machine.0.ctx.journaled_state.load_account(caller).map(drop)?;
        let kind = TxKind::Call(destination);
        let call = TxEnv { caller, kind, value, gas_limit, gas_price: 0, data, ..TxEnv::default() };
        self.state().witness_bytes_left = Some(CALL_WITNESS_BYTES_MAX);
        let result = self.execute(call, Caller::System);
        self.state().witness_bytes_left = None;
        let gas = match result {
            Ok(result) => {
                self.commit_with_sends(&result)?;
                if result.is_success() {
                    return Ok(result);
                }
                *result.gas()
            }
            Err(ExecutionError::State(StateError::WitnessLimit)) => {
                drop(self.machine.0.finalize());
                ResultGas::default().with_total_gas_spent(gas_limit)
            }
            Err(error) => return Err(error),
        };
        self.state().burn(caller, brought)?;
        Ok(ExecutionResult::Revert { gas, logs: Vec::new(), output: Bytes::new() })
    }

    /// Adds the receipt of a delivery, which used gas besides that of its call.
    pub(crate) fn add_delivery(&mut self, is_accepted: bool, gas: u64, call: Option<ExecutionResult>) {
        self.regular_gas_used = self.regular_gas_used.saturating_add(gas);
        let mut gas_used = gas;
        if let Some(call) = &call {
            self.count_gas(call);
            gas_used = gas_used.saturating_add(call.tx_gas_used());
        }
        let logs = call.map(ExecutionResult::into_logs).unwrap_or_default();
        self.n_deliveries = self.n_deliveries.saturating_add(1);
        self.add_receipt(DELIVERY, Outcome::Status(is_accepted), gas_used, logs);
    }

    /// Takes over the changes, and takes the ether of sent receipts out of the chain.
    pub(super) fn commit_with_sends(&mut self, result: &ExecutionResult) -> Result<(), ExecutionError> {
        self.machine.0.commit_inner();
        let state = self.state();
        let wei = state.outbox.as_mut().map_or(U256::ZERO, |outbox| outbox.take(result.logs()));
        if !wei.is_zero() {
            state.burn(OUTBOX, wei)?;
        }
        Ok(())
    }
}

/// The most bytes of witness for the reads of a call that brings ether, as [`State`](crate::state::State) counts them: a
/// quarter of a shard block of a MiB, so that each receipt fits into one with what surrounds it.
const CALL_WITNESS_BYTES_MAX: usize = 1 << 18;
