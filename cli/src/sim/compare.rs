//! Scenarios side by side.

use std::io::{self, Write as _};

use outrider_report::COLUMNS;
use serde_json::json;

use super::{Finished, Outcome};
use crate::output::{self, Plain};

/// Prints a table with a row for each scenario, or a line of JSON.
pub(super) fn print(finished: &[Finished], as_json: bool) -> io::Result<()> {
    let report = |one: &Finished| match &one.result {
        Outcome::Shards(report) => Some((one.name.clone(), report.as_ref().figures())),
        Outcome::Model(_) => None,
    };
    let rows: Vec<_> = finished.iter().filter_map(report).collect();
    let mut out = output::stdout();
    if as_json {
        let rows: Vec<_> =
            rows.iter().map(|(name, figures)| json!({ "scenario": name, "figures": figures })).collect();
        return writeln!(out, "{}", json!({ "comparison": rows }));
    }
    let heads = COLUMNS.iter().map(|column| column.short_name.to_owned());
    let mut lines = vec![["scenario".to_owned()].into_iter().chain(heads).collect::<Vec<_>>()];
    lines.extend(rows.iter().map(|(name, figures)| {
        let cell = |figure: Option<u64>| figure.map_or("-".to_owned(), |figure| figure.to_string());
        let cells = COLUMNS.iter().map(|column| cell((column.figure)(figures)));
        [Plain(name).to_string()].into_iter().chain(cells).collect()
    }));
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    for line in &lines {
        for (index, cell) in line.iter().enumerate() {
            match index {
                0 => write!(out, "{cell:width$}", width = width(0))?,
                _ => write!(out, "  {cell:>width$}", width = width(index))?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}
