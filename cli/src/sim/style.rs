//! The cost of purchases in cross-shard styles, as text.

use std::io::{self, Write};

use outrider_scenario::{Spread, StyleMeasures};

/// Prints the measures of a scenario.
pub(super) fn print(out: &mut impl Write, measures: &StyleMeasures) -> io::Result<()> {
    let StyleMeasures { style, purchases, local, done, aborted, open, .. } = measures;
    writeln!(
        out,
        "  purchases  {purchases} by {}: {local} on one shard, {done} done, {aborted} aborted, {open} open; slots to use {}, to \
         final {}",
        style.name(),
        spread(measures.slots_to_use),
        spread(measures.slots_to_final),
    )?;
    writeln!(
        out,
        "  of each    {} bytes on shards, {} on the beacon chain, {} fuel, its value frozen for {} slots",
        measures.shard_bytes_per_purchase,
        measures.beacon_bytes_per_purchase,
        measures.fuel_per_purchase,
        measures.frozen_slots_per_purchase,
    )
}

/// Prints a table of scenarios with purchases, if there are several.
pub(super) fn print_table(out: &mut impl Write, all: &[StyleMeasures]) -> io::Result<()> {
    if all.len() < 2 {
        return Ok(());
    }
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(all.iter().map(cells));
    let widths: [usize; HEAD.len()] = std::array::from_fn(|column| {
        rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0)
    });
    writeln!(out)?;
    for row in rows {
        let mut cells = row.iter().zip(widths);
        if let Some((style, width)) = cells.next() {
            write!(out, "{style:width$}")?;
        }
        for (cell, width) in cells {
            write!(out, "  {cell:>width$}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The columns. Slots are the median and the largest number; bytes and fuel are of each purchase.
const HEAD: [&str; 10] = [
    "style",
    "purchases",
    "done",
    "aborted",
    "to use",
    "to final",
    "shard bytes",
    "beacon bytes",
    "fuel",
    "frozen slots",
];

fn cells(measures: &StyleMeasures) -> [String; HEAD.len()] {
    [
        measures.style.name().to_owned(),
        measures.purchases.saturating_sub(measures.local).to_string(),
        measures.done.to_string(),
        measures.aborted.to_string(),
        spread(measures.slots_to_use),
        spread(measures.slots_to_final),
        measures.shard_bytes_per_purchase.to_string(),
        measures.beacon_bytes_per_purchase.to_string(),
        measures.fuel_per_purchase.to_string(),
        format!("{:.2}", measures.frozen_slots_per_purchase),
    ]
}

/// Writes the median and the largest number.
fn spread(spread: Option<Spread>) -> String {
    spread.map_or("-".to_owned(), |Spread { median, max }| format!("{median}/{max}"))
}
