//! Tables of slots, lanes, EEs and roots.

use std::collections::BTreeMap;

use outrider_scenario::{Report, ShardsSpec, SlotRow};

use super::plots::place;
use crate::{
    html::Html,
    table::{Cell, details, table},
};

/// A column of the table of slots: its name, and the figure in it.
type Column = (&'static str, fn(&SlotRow) -> u64);

const SLOT_COLUMNS: &[Column] = &[
    ("Slot", |row| row.slot),
    ("Head", |row| row.heads.first().copied().unwrap_or(0)),
    ("Final", |row| row.finalized.iter().min().copied().unwrap_or(0)),
    ("Submitted", |row| row.submitted),
    ("Waiting", |row| row.waiting),
    ("Blocks", |row| row.crosslinked.crosslinks),
    ("Executions", |row| row.crosslinked.executions),
    ("Fuel", |row| row.crosslinked.fuel),
    ("Bytes", |row| row.bytes.bodies),
    ("Sent", |row| row.crosslinked.sent),
    ("Delivered", |row| row.crosslinked.delivered),
    ("Rejected", |row| row.crosslinked.rejected),
    ("Undelivered", |row| row.crosslinked.undelivered),
    ("Lane fill", |row| row.lane_max),
    ("Fees, Gwei", |row| row.crosslinked.fees),
    ("Ether of EEs, Gwei", |row| row.balances),
    ("In flight, Gwei", |row| row.in_flight),
    ("Ledger, Gwei", |row| row.total),
];

/// Adds the table of slots, closed.
pub(super) fn write_slots(html: &mut Html, report: &Report) {
    details(html, format!("Table of {} slots", report.rows.len()), |html| {
        let names: Vec<_> = SLOT_COLUMNS.iter().map(|(name, _)| *name).collect();
        let cells = |row| SLOT_COLUMNS.iter().map(|(_, figure)| Cell::Count(figure(row))).collect();
        table(html, &names, report.rows.iter().map(cells));
    });
}

/// Adds the table of lanes, closed.
pub(super) fn write_lanes(html: &mut Html, report: &Report) {
    let mut lanes = BTreeMap::<_, (u64, u64, u64)>::new();
    for track in &report.receipts {
        let (sent, settled, most) = lanes.entry((track.source, track.destination)).or_default();
        *sent += 1;
        if let Some((slot, _)) = track.settled {
            *settled += 1;
            *most = slot.saturating_sub(track.sent).max(*most);
        }
    }
    details(html, format!("Table of {} lanes", lanes.len()), |html| {
        let rows = lanes.iter().map(|((source, to), (sent, settled, most))| {
            let most = if *settled > 0 { Cell::Count(*most) } else { Cell::None };
            let ends = [place(*source), place(*to)].map(Cell::Text);
            ends.into_iter().chain([Cell::Count(*sent), Cell::Count(*settled), most]).collect()
        });
        table(html, &["From", "To", "Sent", "Settled", "Slots to settle, most"], rows);
    });
}

/// Adds the table of EEs with the hashes of their code.
pub(super) fn write_ees(html: &mut Html, report: &Report) {
    let rows = (0..).zip(&report.scenario.ees).map(|(index, ee)| {
        let shards = match &ee.shards {
            ShardsSpec::All => "all".to_owned(),
            ShardsSpec::Some(shards) => shards.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
        };
        vec![
            Cell::Count(index),
            Cell::text(&ee.name),
            Cell::text(ee.blob.as_deref().unwrap_or("built in")),
            Cell::Text(shards),
            Cell::Count(ee.users.into()),
            Cell::Code(report.codes.get(&ee.name).cloned().unwrap_or_default()),
        ]
    });
    table(html, &["Index", "Name", "Code", "Shards", "Users", "Keccak-256 of the code"], rows);
}

/// Adds the roots in the end, closed.
pub(super) fn write_roots(html: &mut Html, report: &Report) {
    let summary = &report.summary;
    let heads = (0..).zip(&summary.heads).map(|(view, root)| {
        let name = super::plots::view_name(report, view);
        vec![Cell::Text(format!("head of {name}")), Cell::None, Cell::Code(root.clone())]
    });
    let ledger = vec![Cell::text("ledger"), Cell::None, Cell::Code(summary.ledger_root.clone())];
    let states = summary.state_roots.iter().flat_map(|(ee, roots)| {
        roots.iter().map(move |(shard, root)| {
            vec![Cell::Text(format!("state of EE {ee}")), Cell::Count(*shard), Cell::Code(root.clone())]
        })
    });
    let rows: Vec<_> = heads.chain([ledger]).chain(states).collect();
    details(html, format!("Table of {} roots in the end", rows.len()), |html| {
        table(html, &["Root", "Shard", "Value"], rows);
    });
}
