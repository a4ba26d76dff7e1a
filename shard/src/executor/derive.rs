//! The header that follows from a block's contents, and its comparison with the stated one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use outrider_beacon::ledger::{ExecutableBlock, ExecutionHeader, Receipt, RootRead, ShardPlace};
use outrider_beacon_spec::types::Root;

use super::{
    ExecutorError,
    job::{Job, Outcome},
    memo, shard_ledger,
    transition::{check_transition, credit, transition_of},
};
use outrider_beacon::receipts::{
    Arrivals, Departures, ReceiptError, Settled, check_lanes, check_settlements,
};

/// The header and the receipts that follow from a block's contents.
#[derive(Clone, Debug)]
pub(crate) struct Derived {
    pub(crate) header: ExecutionHeader,
    /// The receipts of each lane.
    pub(crate) receipts: Vec<Vec<Receipt>>,
}

/// Derives the header of a block at a place from the receipts that it settles, its executions, by EE, and the roots that it
/// assumes.
pub(super) fn derive(
    place: &ShardPlace,
    window: u64,
    arrivals: &Arrivals,
    executions: &[(Job, Arc<Outcome>)],
    assumptions: BTreeSet<RootRead>,
) -> Result<Derived, ExecutorError> {
    let rejected = executions.iter().map(|(job, outcome)| (job.ee, &outcome.rejected[..]));
    let Settled { settlements, mut value_in, returning } = arrivals.settle(&rejected.collect())?;
    let mut transitions = BTreeMap::new();
    for (job, outcome) in executions {
        let value_in = value_in.remove(&job.ee).unwrap_or_default();
        transitions.insert(job.ee, transition_of(job, outcome, value_in)?);
    }
    for (ee, value_in) in value_in.into_iter().filter(|(_, value_in)| *value_in > 0) {
        let unknown = ExecutorError::NotActive { ee, shard: place.shard, epoch: place.epoch };
        let pre = *shard_ledger(place)?.ees().get(ee as usize).ok_or(unknown)?;
        transitions.insert(ee, credit(ee, pre, value_in));
    }
    let sent = executions.iter().map(|(_, outcome)| &outcome.sent[..]);
    let Departures { lanes, receipts } = Departures::new(place, window, returning, sent)?;
    let (n_transitions, n_lanes, n_assumptions) = (transitions.len(), lanes.len(), assumptions.len());
    let assumptions = assumptions.into_iter().collect::<Vec<_>>().try_into();
    let transitions = transitions.into_values().collect::<Vec<_>>().try_into();
    let settlements_max = ReceiptError::TooMany { got: settlements.len() };
    let header = ExecutionHeader {
        parent_execution_root: shard_ledger(place)?.execution_root(),
        transitions: transitions.or(Err(ExecutorError::PayloadsMax { got: n_transitions }))?,
        settlements: settlements.try_into().or(Err(settlements_max))?,
        lanes: lanes.try_into().or(Err(ReceiptError::TooMany { got: n_lanes }))?,
        finalized_slot: place.finalized_slot,
        availability_root: Root::ZERO,
        assumptions: assumptions.or(Err(ExecutorError::AssumptionsMax { got: n_assumptions }))?,
    };
    Ok(Derived { header, receipts })
}

/// Makes checks 10 to 12 of a block, given the receipts that it settles and its executions.
pub(super) fn check(
    block: &ExecutableBlock<'_>,
    window: u64,
    arrivals: &Arrivals,
    executions: Vec<(Job, memo::Result)>,
    assumptions: BTreeSet<RootRead>,
) -> Result<(), ExecutorError> {
    let stated = &block.body.header;
    let fuel_used = |ee| {
        let stated = stated.transitions.iter().find(|stated| stated.ee == ee);
        stated.map_or(0, |stated| stated.fuel_used)
    };
    let outcome = |(job, outcome): (Job, memo::Result)| {
        let outcome = outcome.map_err(|error| error.of_stated_fuel(fuel_used(job.ee)))?;
        Ok::<_, ExecutorError>((job, outcome))
    };
    let executions: Vec<_> = executions.into_iter().map(outcome).collect::<Result<_, _>>()?;
    let Derived { header: right, .. } = derive(block.place, window, arrivals, &executions, assumptions)?;
    check_header(stated, &right)
}

/// Checks that a stated header is the right one. Its assumptions were compared with the reads and with known blocks before.
fn check_header(stated: &ExecutionHeader, right: &ExecutionHeader) -> Result<(), ExecutorError> {
    for (stated, right) in stated.transitions.iter().zip(&right.transitions) {
        check_transition(stated, right)?;
    }
    let (got, expected) = (stated.transitions.len(), right.transitions.len());
    if got != expected {
        return Err(ExecutorError::TransitionCount { got, expected });
    }
    check_settlements(&stated.settlements, &right.settlements)?;
    check_lanes(&stated.lanes, &right.lanes)?;
    let (got, expected) = (stated.finalized_slot, right.finalized_slot);
    if got == expected { Ok(()) } else { Err(ExecutorError::FinalizedSlot { got, expected }) }
}
