//! The result of a scenario as text.

use std::io::{self, Write as _};
use std::path::Path;

use outrider_scenario::{Figures, Report, Summary};

use crate::output::{self, Plain};
use crate::{ERROR, SUCCESS, files};

/// Prints the result of a scenario; its figures only if they are not `compared` with others after it.
pub(super) fn print(path: &Path, report: &Report, compared: bool) -> io::Result<()> {
    let mut out = output::stdout();
    let name = Plain(files::name(path));
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
    if !compared {
        print_figures(report)?;
    }
    Ok(())
}

fn print_figures(report: &Report) -> io::Result<()> {
    let mut out = output::stdout();
    let Summary { sums, bytes, slashed, executions_asked, executions_made, .. } = &report.summary;
    let figures = report.figures();
    let Figures { slots, final_slot, receipts, delivered, rejected, undelivered, in_flight, .. } = figures;
    writeln!(out, "  slots      {slots}, final up to {final_slot}; {slashed} validators slashed")?;
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
    writeln!(
        out,
        "  receipts   {receipts}: {delivered} delivered, {rejected} rejected, {undelivered} undelivered, {in_flight} in flight{}",
        latency_text(&figures)
    )?;
    if let Some(style) = &report.style {
        super::style::print(&mut out, style)?;
    }
    let wrong = report.scenario.faults.iter().filter(|fault| fault.kind.is_wrong_block());
    let planned: u64 = wrong.map(|fault| fault.slots).sum();
    let made = report.summary.n_tampered;
    if made < planned {
        writeln!(
            out,
            "  faults     {made} of {planned} wrong blocks made: the others had nothing to make wrong"
        )?;
    }
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
fn latency_text(figures: &Figures) -> String {
    match (figures.settle_slots_median, figures.settle_slots_max) {
        (Some(median), Some(most)) => format!(", in {median} slots by median, {most} at most"),
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
