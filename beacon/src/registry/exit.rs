//! The exit of an EE, and the refund of its deposit.

use super::Context;
use crate::ledger::{
    EeIndex, LedgerPhase, ShardLedger, SignedExit, change, error::OperationError, lane_index,
    operation::DOMAIN_EE_EXIT,
};
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    math::{Uint64 as _, index},
    mutators::increase_balance,
    types::{Bytes32, Shard, ValidatorIndex},
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

    /// Finishes a due exit: the EE exits if it has no ether anywhere, and otherwise stays.
    pub(super) fn finish_exit(&mut self, ee: EeIndex) -> Result<(), OperationError> {
        let withdrawable_epoch = self.now().plus(self.rules.settings.refund_epochs)?;
        let goes = !self.has_ether(ee)? && !self.may_get_ether(ee)?;
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

    /// Returns whether ether is in flight from or to one of an EE's shards. Lanes do not distinguish EEs.
    fn may_get_ether(&self, ee: EeIndex) -> Result<bool, OperationError> {
        let record = self.record(ee)?;
        let mut shards = (0..).zip(&self.ledger.shards).filter(|(shard, _)| record.is_on(*shard));
        let sends = |shard: &ShardLedger| shard.outbound.iter().any(|lane| lane.in_flight > 0);
        Ok(shards.any(|(shard, shard_ledger)| sends(shard_ledger) || self.receives(shard)))
    }

    /// Returns whether ether is in flight to a shard.
    fn receives(&self, shard: Shard) -> bool {
        let from_beacon_chain = self.ledger.beacon_lanes.outbound.get(index(shard));
        let place = index(lane_index(shard));
        let from_shards = self.ledger.shards.iter().filter_map(|source| source.outbound.get(place));
        from_shards.chain(from_beacon_chain).any(|lane| lane.in_flight > 0)
    }
}
