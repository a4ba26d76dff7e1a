//! What chains on shards have in addition: calls that bring ether, and receipts that take it away.

use alloc::vec::Vec;

use alloy_primitives::{Address, Bytes, TxKind, U256};
use outrider_evm_codec::OUTBOX;
use revm::{
    ExecuteCommitEvm as _, ExecuteEvm as _,
    context::TxEnv,
    context_interface::{JournalTr as _, result::ExecutionResult},
};

use super::{Caller, Vm};
use crate::{
    delivery::DELIVERY,
    error::{ExecutionError, SendError},
    outbox::Outbox,
    receipts::Outcome,
};

/// A call that brings ether to the chain.
#[derive(Debug)]
pub(crate) struct ValueCall {
    pub(crate) caller: Address,
    pub(crate) destination: Address,
    /// In wei. The caller has it for this call.
    pub(crate) value: U256,
    pub(crate) gas_limit: u64,
    pub(crate) data: Bytes,
}

impl Vm<'_> {
    /// Starts to send receipts to other shards and EEs.
    pub(crate) fn open_outbox(&mut self, outbox: Outbox) {
        self.outbox = Some(outbox);
    }

    /// Sends the receipts.
    pub(crate) fn send(&self) {
        self.outbox.iter().for_each(Outbox::send);
    }

    /// Adds ether of a received receipt, in Gwei, to that which receipts may take away.
    pub(crate) fn add_ether(&mut self, value: u64) {
        self.outbox.iter_mut().for_each(|outbox| outbox.add_ether(value));
    }

    /// Makes a call that brings ether to the chain. If it fails, or would send what it must not, nothing changes.
    pub(crate) fn call_with_value(&mut self, call: ValueCall) -> Result<ExecutionResult, ExecutionError> {
        let ValueCall { caller, destination, value, gas_limit, data } = call;
        self.state().add_balance(caller, value, true)?;
        // revm expects that a transaction has loaded its sender.
        self.machine.0.ctx.journaled_state.load_account(caller).map(drop)?;
        let kind = TxKind::Call(destination);
        let call = TxEnv { caller, kind, value, gas_limit, gas_price: 0, data, ..TxEnv::default() };
        let result = self.execute(call, Caller::System)?;
        let is_sent = self.commit_with_sends(&result)?.is_ok();
        if is_sent && result.is_success() {
            return Ok(result);
        }
        self.state().burn(caller, value)?;
        let (gas, output) = (*result.gas(), result.into_output().unwrap_or_default());
        Ok(ExecutionResult::Revert { gas, logs: Vec::new(), output })
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

    /// Takes over the changes, and takes the ether of sent receipts out of the chain. If the block cannot send them, this
    /// drops the changes and returns the reason.
    pub(super) fn commit_with_sends(
        &mut self,
        result: &ExecutionResult,
    ) -> Result<Result<(), SendError>, ExecutionError> {
        let Some(outbox) = &mut self.outbox else {
            self.machine.0.commit_inner();
            return Ok(Ok(()));
        };
        let sends = match outbox.read(result.logs()) {
            Ok(sends) => sends,
            Err(error) => {
                drop(self.machine.0.finalize());
                return Ok(Err(error));
            }
        };
        let wei = sends.wei();
        outbox.take(sends);
        self.machine.0.commit_inner();
        if !wei.is_zero() {
            self.state().burn(OUTBOX, wei)?;
        }
        Ok(Ok(()))
    }
}
