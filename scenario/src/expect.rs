//! Expectations, and the reasons for which they fail.

use std::fmt;

use serde::Serialize;

use crate::{
    file::{Expectation, ReceiptsExpectation, RefusedExpectation, StyleExpectation},
    report::Report,
    tally::Fate,
};

/// The failure of an expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The place of the expectation in the list.
    pub index: usize,
    /// The expectation, as it is in the scenario.
    pub expected: String,
    /// The fact that holds instead.
    pub got: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, got {}", self.expected, self.got)
    }
}

/// The places of ether at fault, as noted during a run: each says slot, view, and sums.
pub(crate) type Violations = Vec<String>;

/// Checks all expectations but those that need other runs.
pub(crate) fn check(report: &Report, violations: &Violations) -> Vec<Failure> {
    let failure = |(index, expectation): (usize, &Expectation)| {
        let got = got(report, violations, expectation)?;
        Some(Failure { index, expected: expectation.to_string(), got })
    };
    report.scenario.expect.iter().enumerate().filter_map(failure).collect()
}

/// Writes an expectation as it is in a scenario.
impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string(self).unwrap_or_default();
        f.write_str(&json.trim_matches('"').replace('"', ""))
    }
}

/// Returns what is the case instead of an expectation, or `None` if it holds.
fn got(report: &Report, violations: &Violations, expectation: &Expectation) -> Option<String> {
    let last = report.rows.last()?;
    match expectation {
        Expectation::Conserved => violations.first().cloned(),
        Expectation::Agreed => {
            let heads = &report.summary.heads;
            let agree = heads.iter().all(|head| Some(head) == heads.first());
            (!agree).then(|| format!("heads at slots {:?}", last.heads))
        }
        Expectation::Used => check_used(report),
        Expectation::FinalizedAtLeast(slot) => {
            let least = last.finalized.iter().min().copied().unwrap_or(0);
            (least < *slot).then(|| format!("slot {least}"))
        }
        Expectation::FinalityLagAtLeast(lag) => {
            let lags = report.rows.iter().filter_map(|row| Some(row.slot - row.finalized.iter().min()?));
            let most = lags.max().unwrap_or(0);
            (most < *lag).then(|| format!("at most {most}"))
        }
        Expectation::ReorgAtLeast(depth) => {
            let most = report.reorgs.iter().map(|reorg| reorg.depth).max().unwrap_or(0);
            (most < *depth).then(|| format!("a depth of at most {most}"))
        }
        Expectation::Slashed(n) => {
            let slashed = report.summary.slashed;
            (slashed != *n).then(|| slashed.to_string())
        }
        Expectation::Refused(refused) => check_refused(report, refused),
        Expectation::Receipts(receipts) => check_receipts(report, receipts),
        Expectation::Style(style) => check_style(report, style),
        Expectation::LaneAtMost(n) => {
            let most = report.rows.iter().max_by_key(|row| row.lane_max)?;
            (most.lane_max > *n).then(|| format!("{} in slot {}", most.lane_max, most.slot))
        }
        Expectation::Empty { shard, slots } => {
            let blocks = report.summary.blocks.get(shard)?;
            let full: Vec<_> = slots.iter().filter(|slot| blocks.contains(slot)).collect();
            (!full.is_empty()).then(|| format!("blocks in slots {full:?}"))
        }
        // Checked by running again.
        Expectation::SameRootsWith(_) => None,
    }
}

fn check_used(report: &Report) -> Option<String> {
    let last = report.rows.last()?;
    let no_room: u64 = report.rows.iter().map(|row| row.refused_packages).sum();
    let kinds = [("wait", last.waiting), ("were given up", last.dropped), ("found no room", no_room)];
    let unused = kinds.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} packages that {what}"));
    let unused: Vec<_> = unused.collect();
    (!unused.is_empty()).then(|| unused.join(", "))
}

fn check_refused(report: &Report, expected: &RefusedExpectation) -> Option<String> {
    let RefusedExpectation { slot, shard, error } = expected;
    let in_slot = || report.refused.iter().filter(|row| row.slot == *slot);
    let is_meant = |row: &&crate::report::RefusedRow| {
        let is_there = shard.is_none_or(|shard| row.shard == Some(shard));
        is_there && error.as_ref().is_none_or(|part| row.error.contains(part.as_str()))
    };
    if in_slot().any(|row| is_meant(&row)) {
        return None;
    }
    let errors: Vec<_> = in_slot().map(|row| row.error.as_str()).collect();
    Some(if errors.is_empty() { "none refused in that slot".to_owned() } else { errors.join("; ") })
}

fn check_style(report: &Report, expected: &StyleExpectation) -> Option<String> {
    let Some(got) = &report.style else { return Some("no purchases".to_owned()) };
    let &StyleExpectation {
        all_ended,
        done_at_least,
        aborted_at_least,
        aborted_at_most,
        median_slots_to_use,
        slots_to_use_at_most,
    } = expected;
    if all_ended && (got.open > 0 || got.half_done.is_some()) {
        let half_done = got.half_done.as_deref().unwrap_or("none half done");
        return Some(format!("{} purchases that are open, {half_done}", got.open));
    }
    let (median, max) = got.slots_to_use.map_or((None, None), |slots| (Some(slots.median), Some(slots.max)));
    if done_at_least.is_some_and(|least| got.done < least) {
        Some(format!("{} done", got.done))
    } else if aborted_at_least.is_some_and(|least| got.aborted < least)
        || aborted_at_most.is_some_and(|most| got.aborted > most)
    {
        Some(format!("{} aborted", got.aborted))
    } else if median_slots_to_use.is_some() && median_slots_to_use != median {
        Some(format!("a median of {median:?} slots"))
    } else {
        slots_to_use_at_most
            .filter(|most| max.is_none_or(|max| max > *most))
            .map(|_| format!("{max:?} slots"))
    }
}

fn check_receipts(report: &Report, expected: &ReceiptsExpectation) -> Option<String> {
    let &ReceiptsExpectation {
        all_settled,
        sent_until,
        sent_at_least,
        rejected_at_least,
        expired_at_least,
        within_slots,
        outside_of,
    } = expected;
    let end = report.rows.last().map_or(0, |row| row.slot);
    let until = sent_until.unwrap_or(end.saturating_sub(8));
    if all_settled {
        let early = report.receipts.iter().filter(|track| track.sent <= until);
        if early.clone().next().is_none() {
            return Some(format!("none sent up to slot {until}"));
        }
        if let Some(track) = early.clone().find(|track| track.settled.is_none()) {
            let n = early.filter(|track| track.settled.is_none()).count();
            let (source, destination, sent) = (track.source, track.destination, track.sent);
            return Some(format!(
                "{n} that are not settled, the first from shard {source} to {destination}, sent in slot {sent}"
            ));
        }
    }
    let counts = [
        ("sent", sent_at_least, report.receipts.len() as u64),
        ("rejected", rejected_at_least, report.n_settled(Fate::Rejected)),
        ("undelivered", expired_at_least, report.n_settled(Fate::Undelivered)),
    ];
    for (what, least, got) in counts {
        if least.is_some_and(|least| got < least) {
            return Some(format!("{got} {what}"));
        }
    }
    let within = within_slots?;
    let is_excused = |slot: u64| outside_of.is_some_and(|(first, last)| (first..=last).contains(&slot));
    let slow = report.receipts.iter().find_map(|track| {
        // One that is still open has taken at least the time until now.
        let settled = track.settled.map_or(end, |(settled, _)| settled);
        let took = settled.saturating_sub(track.sent);
        (took > within && !is_excused(track.sent) && !is_excused(settled)).then_some((track, took))
    });
    slow.map(|(track, took)| {
        let (source, destination, sent) = (track.source, track.destination, track.sent);
        format!("one from shard {source} to {destination}, sent in slot {sent}, that takes {took} slots")
    })
}
