//! The result of a scenario as text.

use std::io::{self, Write as _};
use std::path::Path;

use outrider_scenario::{Fate, Report, Summary};

use crate::output::{self, Plain};
use crate::{ERROR, SUCCESS, files};

/// Prints the result of a scenario.
pub(super) fn print(path: &Path, report: &Report) -> io::Result<()> {
    let mut out = output::stdout();
    let name = Plain(files::name(path));
    let Summary { sums, bytes, slashed, executions_asked, executions_made, latency, .. } = &report.summary;
    let n_slots = report.rows.len();
    let (style, verdict) = match (report.is_interrupted, report.failures.len()) {
        (true, _) => (ERROR, "stopped".to_owned()),
        (false, 0) => (SUCCESS, "ok".to_owned()),
        (false, n) => (ERROR, format!("{n} of {} expectations fail", report.scenario.expect.len())),
    };
    writeln!(out, "{name} {style}{verdict}{style:#}")?;
    for failure in &report.failures {
        writeln!(
            out,
            "  {ERROR}expected{ERROR:#} {}, got {}",
            Plain(&failure.expected),
            Plain(&failure.got)
        )?;
    }
    let finalized = report.rows.last().and_then(|row| row.finalized.iter().min()).copied().unwrap_or(0);
    writeln!(out, "  slots      {n_slots}, final up to {finalized}; {slashed} validators slashed")?;
    writeln!(
        out,
        "  blocks     {} crosslinked, {} bytes: block data {}, headers {}, receipts {}",
        sums.crosslinks, bytes.bodies, bytes.payloads, bytes.headers, bytes.inbound
    )?;
    writeln!(
        out,
        "  executions {} on the chain with {} fuel; {executions_made} made, {executions_asked} asked for",
        sums.executions, sums.fuel
    )?;
    let [delivered, rejected, undelivered] =
        [Fate::Delivered, Fate::Rejected, Fate::Undelivered].map(|fate| {
            report.receipts.iter().filter(|track| track.settled.is_some_and(|(_, of)| of == fate)).count()
        });
    let n = report.receipts.len();
    let open = n - delivered - rejected - undelivered;
    writeln!(
        out,
        "  receipts   {n}: {delivered} delivered, {rejected} rejected, {undelivered} undelivered, {open} in flight{}",
        latency_text(latency)
    )?;
    for reorg in &report.reorgs {
        writeln!(
            out,
            "  reorg      slot {}, view {}: {} slots",
            reorg.slot,
            Plain(&reorg.view),
            reorg.depth
        )?;
    }
    for (kind, slot, error) in refusals(report) {
        writeln!(out, "  refused    slot {slot}, {kind}: {}", Plain(error))?;
    }
    Ok(())
}

/// Returns the median and the largest of the slots that receipts took.
fn latency_text(latency: &std::collections::BTreeMap<u64, u64>) -> String {
    let n: u64 = latency.values().sum();
    let mut before = 0;
    let median = latency.iter().find_map(|(slots, of)| {
        before += of;
        (2 * before >= n).then_some(*slots)
    });
    match (median, latency.last_key_value()) {
        (Some(median), Some((most, _))) => format!(", in {median} slots by median, {most} at most"),
        _ => String::new(),
    }
}

/// Returns the refused messages, each once for all views.
fn refusals(report: &Report) -> impl Iterator<Item = (&str, u64, &str)> {
    let rows = report.refused.iter().map(|row| (row.kind.as_str(), row.slot, row.error.as_str()));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|row| row.1);
    rows.dedup();
    rows.into_iter()
}
