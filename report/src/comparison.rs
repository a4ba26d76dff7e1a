//! Several scenarios of shards side by side.

use outrider_scenario::{Figures, Report};

use crate::{
    Entry, Run, anchor,
    chart::{Chart, Kind, Series},
    html::Html,
    page::link,
    scenario,
    table::{Cell, table},
};

/// A column of a comparison.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Column {
    /// The name.
    pub name: &'static str,
    /// A short name, where there is little room.
    pub short_name: &'static str,
    /// The figure in it, if there is one.
    pub figure: fn(&Figures) -> Option<u64>,
}

const fn column(name: &'static str, short_name: &'static str, figure: fn(&Figures) -> Option<u64>) -> Column {
    Column { name, short_name, figure }
}

/// The columns of a comparison.
pub const COLUMNS: &[Column] = &[
    column("blocks", "blocks", |figures| Some(figures.blocks)),
    column("executions", "executions", |figures| Some(figures.executions)),
    column("fuel", "fuel", |figures| Some(figures.fuel)),
    column("bytes on shards", "shard bytes", |figures| Some(figures.shard_bytes)),
    column("bytes on the beacon chain", "beacon bytes", |figures| Some(figures.beacon_bytes)),
    column("receipts", "receipts", |figures| Some(figures.receipts)),
    column("slots to settle, median", "median slots", |figures| figures.settle_slots_median),
    column("slots to settle, most", "most slots", |figures| figures.settle_slots_max),
    column("rejected", "rejected", |figures| Some(figures.rejected)),
    column("undelivered", "undelivered", |figures| Some(figures.undelivered)),
    column("in flight", "in flight", |figures| Some(figures.in_flight)),
    column("final slot", "final slot", |figures| Some(figures.final_slot)),
];

/// Adds the comparison: a table, a plot for each column, and plots by slot with a line for each scenario.
pub(crate) fn write(html: &mut Html, entries: &[Entry<'_>]) {
    let runs = runs(entries);
    html.leaf("h2", &[], "Comparison");
    let names: Vec<_> =
        ["scenario", "verdict"].into_iter().chain(COLUMNS.iter().map(|column| column.name)).collect();
    table(html, &names, runs.iter().map(|(_, name, report)| row(name, report)));
    html.element("ol", &[("class", &"legend")], |html| {
        for (index, name, _) in &runs {
            html.element("li", &[], |html| link(html, &anchor(*index), &format!("{}. {name}", index + 1)));
        }
    });
    html.element("div", &[("class", &"charts")], |html| {
        for Column { name, figure, .. } in COLUMNS {
            let points = runs.iter().filter_map(|(index, _, report)| {
                Some(((index + 1) as f64, figure(&report.figures())? as f64))
            });
            let series = vec![Series::new(*name, points)];
            Chart { title: name, unit: "by scenario", across: "scenario", kind: Kind::Bars, series }
                .write(html);
        }
    });
    html.leaf("h3", &[], "By slot");
    html.element("div", &[("class", &"charts")], |html| {
        let by_slot = |of: fn(&Report) -> Vec<(f64, f64)>| {
            runs.iter().map(|(_, name, report)| Series::new(*name, of(report))).collect::<Vec<_>>()
        };
        for (title, unit, series) in [
            ("Fuel", "of crosslinked executions, so far", by_slot(scenario::fuel_so_far)),
            ("Receipts in flight", "at the end of the slot", by_slot(scenario::in_flight)),
            ("Finality lag", "slots, of the view that is most behind", by_slot(scenario::finality_lag)),
        ] {
            Chart { title, unit, across: "slot", kind: Kind::Lines, series }.write(html);
        }
    });
}

/// Returns the scenarios of shards with their places and names.
fn runs<'e>(entries: &[Entry<'e>]) -> Vec<(usize, &'e str, &'e Report)> {
    let shards = |(index, entry): (usize, &Entry<'e>)| match entry.run {
        Run::Shards(report) => Some((index, entry.name, report)),
        Run::Model(..) => None,
    };
    entries.iter().enumerate().filter_map(shards).collect()
}

fn row(name: &str, report: &Report) -> Vec<Cell> {
    let (holds, _) = scenario::verdict(report);
    let figures = report.figures();
    let columns = COLUMNS.iter().map(|column| Cell::count((column.figure)(&figures)));
    [Cell::text(name), Cell::Verdict(holds)].into_iter().chain(columns).collect()
}
