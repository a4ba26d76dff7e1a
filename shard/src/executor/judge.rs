//! The judge of disputes about attested executions.

use outrider_beacon::{
    ledger::{EeState, EeTransition},
    registry::{Dispute, Judge, Undecided},
};

use super::{
    Codes, Executor, ExecutorError,
    job::{Job, Surroundings},
    transition::{check_transition, transition_of},
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
    /// Repeats one execution, within the fuel that its transition states.
    fn judge(&self, dispute: &Dispute<'_>) -> Result<(), ExecutorError> {
        let Dispute { header, body, .. } = dispute;
        let transitions = &header.transitions;
        let stated: &EeTransition =
            transitions.get(dispute.transition_index).ok_or(ExecutorError::PayloadCount {
                got: dispute.transition_index,
                expected: transitions.len(),
            })?;
        let (got, expected) = (body.payloads.len(), transitions.len());
        let payload = body.payloads.iter().find(|payload| payload.ee == stated.ee);
        let payload = payload.ok_or(ExecutorError::PayloadCount { got, expected })?;
        let pre = EeState { state_root: stated.pre_state_root, balance: stated.balance };
        let surroundings = Surroundings {
            shard: dispute.shard,
            slot: dispute.slot,
            beacon_parent_root: dispute.beacon_parent_root,
            finalized_slot: header.finalized_slot,
        };
        let code = self.codes.load(stated.ee, dispute.code_hash)?;
        let fuel_max = stated.fuel_used.min(self.settings.fuel_per_ee_max);
        let job = Job::new(code, pre, payload, &surroundings, fuel_max);
        let outcome = self.memo.run(std::slice::from_ref(&job)).into_iter().next();
        let outcome = outcome.unwrap_or(Err(ExecutorError::Lost { ee: stated.ee }));
        let outcome = outcome.map_err(|error| error.of_stated_fuel(stated.fuel_used))?;
        check_transition(stated, &transition_of(pre, payload, &outcome)?)
    }
}
