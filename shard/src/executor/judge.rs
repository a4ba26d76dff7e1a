//! The judge of disputes about attested executions.

use outrider_beacon::{
    ledger::EeState,
    receipts::Stated,
    registry::{Dispute, Judge, Undecided},
};
use outrider_host::{BeaconRoot, Context, EeIndex, ShardIndex, Slot};

use super::{
    Codes, Executor, ExecutorError,
    job::Job,
    receipts::received,
    transition::{check_transition, credit, transition_of},
};

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
    /// Repeats one execution, within the fuel that its transition states. Reads and finalized slot are taken from the body.
    fn judge(&self, dispute: &Dispute<'_>) -> Result<(), ExecutorError> {
        let Dispute { header, body, .. } = dispute;
        body.check_form()?;
        let receipts = Stated::new(body, dispute.slot)?;
        let stated = header.transitions.get(dispute.transition_index);
        let stated = stated.ok_or(ExecutorError::Lost { ee: 0 })?;
        let ee = stated.ee;
        let pre = EeState { state_root: stated.pre_state_root, balance: stated.balance };
        let value_in = receipts.value_in(ee);
        let Some(payload) = body.payloads.iter().find(|payload| payload.ee == ee) else {
            return check_transition(stated, &credit(ee, pre, value_in));
        };
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
        let shown = receipts.shown(ee).map(received).collect();
        let job = Job::new(code, stated.pre_state_root, payload, (context, shown), fuel_max);
        let outcome = self.memo.run(std::slice::from_ref(&job)).into_iter().next();
        let outcome = outcome.unwrap_or(Err(ExecutorError::Lost { ee }));
        let outcome = outcome.map_err(|error| error.of_stated_fuel(stated.fuel_used))?;
        let right = transition_of(pre, payload, stated.payload_root, &outcome, value_in)?;
        check_transition(stated, &right)?;
        Ok(receipts.check_rejected(ee, &outcome.rejected)?)
    }
}
