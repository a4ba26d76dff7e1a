//! The judge of disputes about attested executions.

use outrider_beacon::{
    ledger::EeTransition,
    registry::{Dispute, Judge, Undecided},
};
use outrider_host::{BeaconRoot, Context, EeIndex, ShardIndex, Slot};

use super::{
    Codes, Executor, ExecutorError, check_shape,
    derive::check_availability,
    job::Job,
    transition::{check_transition, transition_of},
};
use crate::receipts::Stated;

impl<C: Codes> Judge for Executor<C> {
    fn is_right(&self, dispute: &Dispute<'_>) -> Result<bool, Undecided> {
        match self.judge(dispute) {
            Ok(()) => Ok(true),
            Err(error) if error.is_verdict() => Ok(false),
            Err(error) => Err(Undecided(outrider_host::chain(&error).to_string())),
        }
    }
}

impl<C: Codes> Executor<C> {
    /// Repeats one execution, within the fuel that its transition states.
    fn judge(&self, dispute: &Dispute<'_>) -> Result<(), ExecutorError> {
        let Dispute { header, body, .. } = dispute;
        let transitions = &header.transitions;
        let stated: &EeTransition =
            transitions.get(dispute.transition_index).ok_or(ExecutorError::PayloadCount {
                got: dispute.transition_index,
                expected: transitions.len(),
            })?;
        check_shape(body)?;
        let payload = body.payloads.get(dispute.transition_index);
        let payload = payload.ok_or(ExecutorError::Lost { ee: stated.ee })?;
        let context = Context {
            shard: ShardIndex(dispute.shard),
            slot: Slot(dispute.slot),
            ee_index: EeIndex(stated.ee.into()),
            beacon_root: BeaconRoot(dispute.beacon_parent_root.0),
            balance: stated.balance,
            finalized_slot: Slot(header.finalized_slot),
        };
        let code = self.codes.load(stated.ee, dispute.code_hash)?;
        let fuel_max = stated.fuel_used.min(self.settings.fuel_per_ee_max);
        let receipts = Stated::new(body, dispute.slot)?;
        let input = (context, receipts.delivered(stated.ee));
        let job = Job::new(code, stated.pre_state_root, payload, input, fuel_max);
        let outcome = self.memo.run(std::slice::from_ref(&job)).into_iter().next();
        let outcome = outcome.unwrap_or(Err(ExecutorError::Lost { ee: stated.ee }));
        let outcome = outcome.map_err(|error| error.of_stated_fuel(stated.fuel_used))?;
        check_transition(stated, &transition_of(job.pre, payload, &outcome, receipts.value_in(stated.ee))?)?;
        receipts.check_rejected(stated.ee, &outcome.rejected)?;
        check_availability(header)?;
        // Whether the roots were the latest ones is known to the ledger of the beacon parent only.
        if payload.reads.is_empty() { Ok(()) } else { Err(ExecutorError::ReadsUnknown { ee: stated.ee }) }
    }
}
