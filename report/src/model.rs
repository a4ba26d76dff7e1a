//! The report on a model: its figures and what is expected of them, and a plot for each column of its tables.

use outrider_models::{Bound, Expectation, Measure, Outcome, Scenario, Series as Table, Verdict, check};

use crate::{
    chart::{Chart, Kind, Series},
    html::Html,
    number::figure,
    table::{Cell, details, facts, table},
    verdict_text,
};

/// Returns whether all expectations hold, and a text that says so.
pub(crate) fn verdict(scenario: &Scenario, verdict: &Verdict) -> (bool, String) {
    verdict_text(scenario.expect.len(), verdict.unmet.len())
}

/// Adds the report.
pub(crate) fn write(html: &mut Html, scenario: &Scenario, result: &Verdict) {
    html.leaf("p", &[], &scenario.about);
    let (holds, text) = verdict(scenario, result);
    html.element("p", &[], |html| {
        html.leaf("span", &[("class", &if holds { "ok" } else { "bad" })], text);
    });
    facts(html, [("Model", scenario.model.name().to_owned()), ("Seed", scenario.seed.to_string())]);
    write_expectations(html, &scenario.expect, &result.outcome);
    html.leaf("h2", &[], "Figures");
    let row = |(name, Measure { value, unit }): (&&str, &Measure)| {
        vec![Cell::text(name), Cell::Figure(*value), Cell::text(unit)]
    };
    table(html, &["Figure", "Value", "Unit"], result.outcome.measures.iter().map(row));
    for (name, series) in &result.outcome.series {
        write_series(html, name, series);
    }
}

fn write_expectations(html: &mut Html, expectations: &[Expectation], outcome: &Outcome) {
    if expectations.is_empty() {
        return;
    }
    html.leaf("h2", &[], "Expectations");
    let row = |expectation: &Expectation| {
        let unmet = check(outcome, std::slice::from_ref(expectation));
        let got = match outcome.measures.get(expectation.measure.as_str()) {
            Some(measure) => Cell::Figure(measure.value),
            None => Cell::None,
        };
        let reason = unmet.first().map_or(String::new(), ToString::to_string);
        let measure = Cell::text(&expectation.measure);
        vec![
            Cell::Verdict(unmet.is_empty()),
            measure,
            Cell::Text(bounds(expectation)),
            got,
            Cell::Text(reason),
        ]
    };
    table(html, &["Verdict", "Figure", "Expected", "Value", "Reason"], expectations.iter().map(row));
}

/// Returns the bounds of an expectation in words.
fn bounds(expectation: &Expectation) -> String {
    let Expectation { at_most, at_least, equals, within, .. } = expectation;
    let bound = |words: &str, bound: &Option<Bound>| {
        bound.as_ref().map(|bound| match bound {
            Bound::Number(number) => format!("{words} {}", figure(*number)),
            Bound::Measure(name) => format!("{words} {name}"),
        })
    };
    let within = within.map(|tolerance| format!("within {tolerance}"));
    let parts = [bound("at most", at_most), bound("at least", at_least), bound("equal to", equals), within];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The columns of a table, beyond the first, up to which each is of its own kind and has a plot of its own. More are of one kind, as
/// one for each shard, and have one plot.
const PLOTS_MAX: usize = 8;
/// The cells beyond which a table is left out, as it would make the file large.
const CELLS_MAX: usize = 10_000;

/// Adds plots of a table, and the table.
fn write_series(html: &mut Html, name: &str, Table { columns, rows }: &Table) {
    let Some((across, figures)) = columns.split_first().filter(|_| !rows.is_empty()) else { return };
    let name = name.replace('_', " ");
    html.leaf("h2", &[], &name);
    let series = |(index, column): (usize, &String)| {
        let point = |row: &Vec<f64>| Some((*row.first()?, *row.get(index + 1)?));
        Series::new(column.replace('_', " "), rows.iter().filter_map(point))
    };
    let all = figures.iter().enumerate().map(series);
    let across = &across.replace('_', " ");
    html.element("div", &[("class", &"charts")], |html| {
        if figures.len() > PLOTS_MAX {
            let unit = format!("{} lines", figures.len());
            let kind = Kind::LinesOfAnySize;
            return Chart { title: &name, unit: &unit, across, kind, series: all.collect() }.write(html);
        }
        for series in all {
            let title = &series.name.clone();
            Chart { title, unit: "", across, kind: Kind::LinesOfAnySize, series: vec![series] }.write(html);
        }
    });
    let n_cells = columns.len().saturating_mul(rows.len());
    if n_cells > CELLS_MAX {
        let note = format!("The table has {n_cells} cells, and is left out here; --json has it.");
        return html.leaf("p", &[("class", &"note")], note);
    }
    details(html, format!("Table of {} rows", rows.len()), |html| {
        let columns: Vec<_> = columns.iter().map(String::as_str).collect();
        table(
            html,
            &columns,
            rows.iter().map(|row| row.iter().map(|figure| Cell::Figure(*figure)).collect()),
        );
    });
}
