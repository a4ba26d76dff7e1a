//! New code for an EE that was deployed as upgradable.

use super::{Context, deploy::push};
use crate::ledger::{LedgerPhase, SignedUpgrade, error::OperationError, operation::DOMAIN_UPGRADE};
use outrider_beacon_spec::constants::FAR_FUTURE_EPOCH;

impl<P: LedgerPhase> Context<'_, P> {
    /// Opens a vote on new code, by the same rules as for a new EE. Accepted code takes effect after the EE's delay,
    /// and everything else stays. The deposit must suffice for the new code.
    pub(super) fn process_upgrade(&mut self, signed: &SignedUpgrade) -> Result<(), OperationError> {
        let upgrade = &signed.message;
        let ee = upgrade.ee;
        self.check_epoch(upgrade.epoch)?;
        let record = self.awake(ee)?;
        if record.upgrade_delay == 0 {
            return Err(OperationError::Immutable { ee });
        }
        if record.next_code.epoch != FAR_FUTURE_EPOCH || self.is_voted_on(ee) {
            return Err(OperationError::UpgradePending { ee });
        }
        self.check_deposit(record.deposit, upgrade.code.len(), record.shards.num_set_bits())?;
        self.check_signature(&record.owner, upgrade, DOMAIN_UPGRADE, &signed.signature)?;
        let pre_check = self.pre_check(ee, &upgrade.code)?;
        Ok(push(&mut self.ledger.pre_checks, pre_check)?)
    }
}
