//! The judge of disputes about attested executions.

use outrider_beacon::{
    ledger::EeState,
    receipts::Stated,
    registry::{Dispute, Judge, Undecided},
};
use outrider_host::{BeaconRoot, Context, EeIndex, ShardIndex, Slot};

use super::{
    Codes, Executor, ExecutorError,
    job::Plan,
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
        let plan = Plan {
            payload,
            code_hash: dispute.code_hash,
            pre_state_root: stated.pre_state_root,
            context,
            receipts: receipts.shown(ee).map(received).collect(),
            fuel_max: stated.fuel_used.min(self.settings.fuel_per_ee_max),
        };
        let lost = ExecutorError::Lost { ee };
        let job = self.jobs(&[&plan]).pop().unwrap_or(Err(lost.clone()))?;
        let outcome = self.memo.run(&self.pool, std::slice::from_ref(&job)).pop().unwrap_or(Err(lost));
        let outcome = outcome.map_err(|error| error.of_stated_fuel(stated.fuel_used))?;
        check_transition(stated, &transition_of(&job, &outcome, value_in)?)?;
        Ok(receipts.check_rejected(ee, &outcome.rejected)?)
    }
}
