//! The report on a scenario of shards.

mod events;
mod plots;
mod tables;

use outrider_scenario::Report;

pub(crate) use plots::{finality_lag, fuel_so_far, in_flight};

use crate::{
    html::Html,
    number::Grouped,
    table::{Cell, facts, table},
    verdict_text,
};

/// Returns whether the run came to its end and all expectations hold, and a text that says so.
pub(crate) fn verdict(report: &Report) -> (bool, String) {
    if report.is_interrupted {
        return (false, format!("stopped after {} slots: expectations are not checked", report.rows.len()));
    }
    // One expectation can fail in several ways.
    let mut failed: Vec<_> = report.failures.iter().map(|failure| failure.index).collect();
    failed.dedup();
    verdict_text(report.scenario.expect.len(), failed.len())
}

/// Adds the report.
pub(crate) fn write(html: &mut Html, report: &Report) {
    let (holds, text) = verdict(report);
    html.element("p", &[], |html| {
        html.leaf("span", &[("class", &if holds { "ok" } else { "bad" })], text);
    });
    write_facts(html, report);
    write_expectations(html, report);
    html.leaf("h2", &[], "Who did what");
    events::write(html, report);
    html.leaf("h2", &[], "By slot");
    let view = report.scenario.views.first().map_or(String::new(), |view| format!(" {}", view.name));
    let note = format!(
        "As the first view{view} saw it at the end of each slot. Blocks, fuel, bytes and receipts are those that the slot's \
         beacon block crosslinked; in a slot whose block was not the view's head, there are none."
    );
    html.leaf("p", &[("class", &"note")], note);
    plots::write_by_slot(html, report);
    tables::write_slots(html, report);
    html.leaf("h2", &[], "Receipts");
    plots::write_receipts(html, report);
    tables::write_lanes(html, report);
    html.leaf("h2", &[], "Execution environments");
    tables::write_ees(html, report);
    tables::write_roots(html, report);
}

fn write_facts(html: &mut Html, report: &Report) {
    let Report { scenario, summary, reorgs, refused, .. } = report;
    let figures = report.figures();
    let number = |n: u64| Grouped(n).to_string();
    let settled = match (figures.settle_slots_median, figures.settle_slots_max) {
        (Some(median), Some(most)) => format!("{median} by median, {most} at most"),
        _ => "–".to_owned(),
    };
    facts(
        html,
        [
            ("Slots", format!("{}, final up to {}", figures.slots, figures.final_slot)),
            ("Shards", scenario.preset.shards.to_string()),
            ("Validators", number(scenario.n_validators())),
            ("Signatures", format!("{:?}", scenario.preset.signatures).to_lowercase()),
            ("Engine", format!("{:?}", scenario.engine).to_lowercase()),
            ("Seed", scenario.seed.to_string()),
            ("Blocks crosslinked", number(figures.blocks)),
            ("Executions on the chain", number(figures.executions)),
            ("Executions made", number(summary.executions_made)),
            ("Executions asked for", number(summary.executions_asked)),
            ("Fuel", number(figures.fuel)),
            ("Bytes on shards", number(figures.shard_bytes)),
            ("Bytes on the beacon chain", number(figures.beacon_bytes)),
            ("Receipts sent", number(figures.receipts)),
            ("Delivered", number(figures.delivered)),
            ("Rejected", number(figures.rejected)),
            ("Undelivered", number(figures.undelivered)),
            ("In flight", number(figures.in_flight)),
            ("Slots to settle", settled),
            ("Fees of proposers", format!("{} Gwei", number(summary.sums.fees))),
            ("Messages refused", number(refused.len() as u64)),
            ("Reorgs", number(reorgs.len() as u64)),
            ("Validators slashed", number(summary.slashed)),
            ("Wrong blocks made", number(summary.n_tampered)),
        ],
    );
}

fn write_expectations(html: &mut Html, report: &Report) {
    if report.scenario.expect.is_empty() {
        return;
    }
    html.leaf("h2", &[], "Expectations");
    let rows = report.scenario.expect.iter().enumerate().map(|(index, expectation)| {
        let failures = report.failures.iter().filter(|failure| failure.index == index);
        let got: Vec<_> = failures.map(|failure| failure.got.as_str()).collect();
        let verdict =
            if report.is_interrupted { Cell::text("not checked") } else { Cell::Verdict(got.is_empty()) };
        vec![verdict, Cell::Code(expectation.to_string()), Cell::Text(got.join("; "))]
    });
    table(html, &["Verdict", "Expected", "Got instead"], rows);
}
