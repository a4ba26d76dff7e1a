//! The exit of an EE, and the refund of its deposit.

use super::Context;
use crate::ledger::{
    EeIndex, LedgerPhase, SignedExit, change, error::OperationError, operation::DOMAIN_EE_EXIT,
};
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    math::Uint64 as _,
    mutators::increase_balance,
    types::{Bytes32, ValidatorIndex},
};

impl<P: LedgerPhase> Context<'_, P> {
    /// Starts an exit. From now on, receipts to the EE bounce; it is still executed, so that users can leave.
    /// A thin ledger refuses exits, because it does not know who has ether.
    pub(super) fn process_exit(&mut self, signed: &SignedExit) -> Result<(), OperationError> {
        let ee = signed.message.ee;
        self.check_epoch(signed.message.epoch)?;
        if self.ledger.is_thin() {
            return Err(OperationError::ExitUnknown { ee });
        }
        let record = self.staying(ee)?;
        self.check_signature(&record.owner, &signed.message, DOMAIN_EE_EXIT, &signed.signature)?;
        let exit_epoch = self.now().plus(self.rules.settings.exit_epochs)?;
        change(&mut self.ledger.ees, u64::from(ee), |record| {
            record.exit_epoch = exit_epoch;
            Ok(())
        })
    }

    /// Finishes a due exit: the EE exits if it has no ether anywhere, and otherwise stays. Ether in flight does not hold it
    /// back, or else anybody who sends receipts could: nobody sends it more once it is to exit, and what returns to it
    /// arrives before the refund, when it exists again.
    pub(super) fn finish_exit(&mut self, ee: EeIndex) -> Result<(), OperationError> {
        let withdrawable_epoch = self.now().plus(self.rules.settings.refund_epochs)?;
        let goes = !self.has_ether(ee)?;
        change(&mut self.ledger.ees, u64::from(ee), |record| {
            if goes {
                record.withdrawable_epoch = withdrawable_epoch;
            } else {
                record.exit_epoch = FAR_FUTURE_EPOCH;
            }
            Ok(())
        })
    }

    /// Finishes a due withdrawal: the deposit is refunded, unless a late shard block from before the exit has brought
    /// ether to the EE. In that case the EE exists again.
    pub(super) fn finish_withdrawal(&mut self, ee: EeIndex) -> Result<(), OperationError> {
        if !self.has_ether(ee)? {
            return self.refund(ee);
        }
        change(&mut self.ledger.ees, u64::from(ee), |record| {
            record.exit_epoch = FAR_FUTURE_EPOCH;
            record.withdrawable_epoch = FAR_FUTURE_EPOCH;
            Ok(())
        })
    }

    /// Refunds an EE's deposit.
    pub(super) fn refund(&mut self, ee: EeIndex) -> Result<(), OperationError> {
        let record = self.record(ee)?;
        let deposit = record.deposit;
        let validator_index = self.refunded(record.refund_credentials)?;
        self.ledger.total = self.ledger.total.minus(deposit)?;
        increase_balance(self.state, validator_index, deposit)?;
        change(&mut self.ledger.ees, u64::from(ee), |record| {
            record.deposit = 0;
            Ok(())
        })
    }

    /// Returns the first validator with these withdrawal credentials. Validators never leave the registry, so there is
    /// always one if there ever was.
    pub(super) fn refunded(&self, credentials: Bytes32) -> Result<ValidatorIndex, OperationError> {
        let mut validators = (0..).zip(&self.state.validators);
        let found = validators.find(|(_, validator)| validator.withdrawal_credentials == credentials);
        found.map(|(index, _)| index).ok_or(OperationError::RefundCredentials { got: credentials })
    }

    /// Returns whether an EE has ether on a shard, or in deposits that might bounce.
    fn has_ether(&self, ee: EeIndex) -> Result<bool, OperationError> {
        let record = self.record(ee)?;
        let mut shards = (0..).zip(&self.ledger.shards).filter(|(shard, _)| record.is_on(*shard));
        let bounces = self.ledger.shards.iter().flat_map(|shard| &shard.bounces);
        let is_pending = bounces.chain(&self.ledger.pending_deposits).any(|pending| pending.ee == ee);
        Ok(is_pending
            || shards.any(|(_, shard)| shard.ees.get(ee as usize).is_some_and(|state| state.balance > 0)))
    }
}
