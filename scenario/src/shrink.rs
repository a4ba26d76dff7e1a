//! Smaller scenarios that fail for the same reason.

use std::collections::BTreeSet;

use crate::{
    error::RunError,
    file::{Expectation, Scenario},
    run::{Options, run},
};

/// Makes a scenario smaller as long as one of the expectations still fails that failed before: it drops faults, traffic, EEs'
/// neighbours and other expectations, lessens traffic, and ends earlier, unless what is expected takes time. Returns the smallest that it finds, in which no single
/// step is left, or `None` if nothing fails.
///
/// `on_try` is called with each candidate and whether it fails.
///
/// # Errors
///
/// Fails as [`run`] does for the scenario itself. A candidate that cannot run is no candidate.
pub fn shrink(
    scenario: &Scenario,
    options: Options<'_>,
    mut on_try: impl FnMut(&Scenario, bool),
) -> Result<Option<Scenario>, RunError> {
    let report = run(scenario, options)?;
    let failed: BTreeSet<_> = report.failures.iter().map(|failure| failure.index).collect();
    if failed.is_empty() {
        return Ok(None);
    }
    let mut smallest = scenario.clone();
    let failing = smallest.expect.iter().enumerate().filter(|(index, _)| failed.contains(index));
    smallest.expect = failing.map(|(_, expected)| expected.clone()).take(1).collect();
    let mut fails = |candidate: &Scenario| {
        // A candidate may contradict itself, as by an expectation of a slot that it does not have.
        if options.is_stopped() || Scenario::parse(&candidate.to_yaml()).is_err() {
            return false;
        }
        let fails = run(candidate, options).is_ok_and(|report| !report.failures.is_empty());
        on_try(candidate, fails);
        fails
    };
    while !options.is_stopped() {
        let Some(smaller) = candidates(&smallest).into_iter().find(|candidate| fails(candidate)) else {
            break;
        };
        smallest = smaller;
    }
    Ok(Some(smallest))
}

/// Returns scenarios that are one step smaller, those with the largest steps first.
fn candidates(scenario: &Scenario) -> Vec<Scenario> {
    let mut candidates = Vec::new();
    // What takes time fails for want of it alone.
    let takes_time = |expected: &Expectation| {
        !matches!(
            expected,
            Expectation::Conserved
                | Expectation::LaneAtMost(_)
                | Expectation::Empty { .. }
                | Expectation::SameRootsWith(_)
        )
    };
    let may_end_earlier = !scenario.expect.iter().any(takes_time);
    for slots in [scenario.slots / 2, scenario.slots * 7 / 8, scenario.slots.saturating_sub(1)] {
        if may_end_earlier
            && (1..scenario.slots).contains(&slots)
            && scenario.faults.iter().all(|fault| fault.at <= slots)
        {
            candidates.push(Scenario { slots, ..scenario.clone() });
        }
    }
    for index in 0..scenario.faults.len() {
        let mut smaller = scenario.clone();
        smaller.faults.remove(index);
        candidates.push(smaller);
    }
    for index in 0..scenario.traffic.len() {
        let mut smaller = scenario.clone();
        smaller.traffic.remove(index);
        candidates.push(smaller);
    }
    for (index, traffic) in scenario.traffic.iter().enumerate() {
        for per_slot in [traffic.per_slot / 2, traffic.per_slot.saturating_sub(1)] {
            if (1..traffic.per_slot).contains(&per_slot) {
                let mut smaller = scenario.clone();
                if let Some(of) = smaller.traffic.get_mut(index) {
                    of.per_slot = per_slot;
                }
                candidates.push(smaller);
            }
        }
    }
    for (index, fault) in scenario.faults.iter().enumerate().filter(|(_, fault)| fault.slots > 1) {
        let mut smaller = scenario.clone();
        if let Some(of) = smaller.faults.get_mut(index) {
            of.slots = fault.slots / 2;
        }
        candidates.push(smaller);
    }
    candidates
}
