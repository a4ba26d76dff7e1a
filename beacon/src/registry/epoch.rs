//! The steps of the registry once an epoch.

use std::collections::BTreeSet;

use super::Context;
use crate::ledger::{
    EeIndex, EeRecord, LedgerError, LedgerPhase, change, dispute_epochs, error::OperationError,
};
use outrider_beacon_spec::{error::Error, types::Epoch};

/// Processes the first block of an epoch, in this order:
///
///
/// 1. votes whose time is over lapse;
/// 2. EEs switch to code that is due;
/// 3. due exits happen or lapse;
/// 4. due deposits are refunded;
/// 5. EEs pay rent for all epochs since `previous`, that of the block before, and fall asleep if too little is left.
pub(crate) fn process_epoch<P: LedgerPhase>(
    context: &mut Context<'_, P>,
    previous: Epoch,
) -> Result<(), LedgerError> {
    let votes = context.end_of_votes();
    let steps = votes.and_then(|()| context.due()).and_then(|()| context.collect_rent(previous));
    steps.map_err(LedgerError::Due)
}

impl<P: LedgerPhase> Context<'_, P> {
    fn end_of_votes(&mut self) -> Result<(), OperationError> {
        let (now, n_epochs) = (self.now(), self.rules.settings.pre_check_epochs);
        let is_over = |opened_epoch: Epoch| opened_epoch.saturating_add(n_epochs) <= now;
        let over = self
            .ledger
            .pre_checks
            .iter()
            .enumerate()
            .filter(|(_, pre_check)| is_over(pre_check.opened_epoch));
        let over: Vec<_> = over.map(|(place, pre_check)| (place, pre_check.clone())).collect();
        for (_, pre_check) in &over {
            self.lapse(pre_check)?;
        }
        let places: BTreeSet<_> = over.into_iter().map(|(place, _)| place).collect();
        if places.is_empty() { Ok(()) } else { self.close_pre_checks(&places) }
    }

    fn due(&mut self) -> Result<(), OperationError> {
        let (now, dispute_epochs) = (self.now(), dispute_epochs::<P::Preset>());
        let is_due = |record: &EeRecord| {
            (record.next_code.epoch <= now && !record.is_gone())
                || (record.exit_epoch <= now && !record.is_gone())
                || (record.withdrawable_epoch <= now && record.deposit > 0)
        };
        let due = (0_u32..).zip(&self.ledger.ees).filter(|(_, record)| is_due(record));
        for ee in due.map(|(ee, _)| ee).collect::<Vec<EeIndex>>() {
            change(&mut self.ledger.ees, u64::from(ee), |record| {
                record.switch_code(now, dispute_epochs);
                Ok::<_, Error>(())
            })?;
            let record = self.record(ee)?;
            if record.withdrawable_epoch <= now && record.deposit > 0 {
                self.finish_withdrawal(ee)?;
            } else if record.exit_epoch <= now && !record.is_gone() {
                self.finish_exit(ee)?;
            }
        }
        Ok(())
    }
}
