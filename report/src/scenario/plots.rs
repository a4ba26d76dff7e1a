//! Plots by slot, and of receipts.

use std::collections::BTreeMap;

use outrider_scenario::{Fate, ReceiptTrack, Report, SlotRow};

use crate::{
    chart::{Chart, Kind, Series},
    heat_map::heat_map,
    html::Html,
};

/// The source of receipts that stands for the beacon chain.
const BEACON: u64 = 1_024;
/// The most bars of a histogram.
const BARS_MAX: u64 = 40;

/// A row of figures of a plot by slot: its name, and the figure of each slot.
type BySlot = (&'static str, fn(&SlotRow) -> u64);

/// The plots of figures that each slot has by itself.
const PLOTS: &[(&str, &str, Kind, &[BySlot])] = &[
    ("Shard blocks", "crosslinked", Kind::Bars, &[("blocks", |row| row.crosslinked.crosslinks)]),
    ("Fuel", "of crosslinked executions", Kind::Bars, &[("fuel", |row| row.crosslinked.fuel)]),
    (
        "Bytes",
        "of crosslinked shard blocks, by part",
        Kind::Bars,
        &[
            ("block data", |row| row.bytes.payloads),
            ("receipts with proofs", |row| row.bytes.inbound),
            ("headers, also on the beacon chain", |row| row.bytes.headers),
            ("other", |row| {
                let parts =
                    row.bytes.payloads.saturating_add(row.bytes.inbound).saturating_add(row.bytes.headers);
                row.bytes.bodies.saturating_sub(parts)
            }),
        ],
    ),
    ("Receipts sent", "by crosslinked blocks", Kind::Bars, &[("sent", |row| row.crosslinked.sent)]),
    (
        "Receipts settled",
        "by crosslinked blocks",
        Kind::Bars,
        &[
            ("delivered", |row| row.crosslinked.delivered),
            ("rejected", |row| row.crosslinked.rejected),
            ("undelivered", |row| row.crosslinked.undelivered),
        ],
    ),
    ("Lane fill", "the most receipts in flight on a lane", Kind::Bars, &[("receipts", |row| row.lane_max)]),
    (
        "Packages",
        "of users",
        Kind::Lines,
        &[
            ("submitted", |row| row.submitted),
            ("without room", |row| row.refused_packages),
            ("waiting for a final block", |row| row.waiting),
        ],
    ),
];

/// Adds the plots by slot.
pub(super) fn write_by_slot(html: &mut Html, report: &Report) {
    let rows = &report.rows;
    html.element("div", &[("class", &"charts")], |html| {
        for &(title, unit, kind, series) in PLOTS {
            let series = series.iter().map(|(name, figure)| {
                Series::new(*name, rows.iter().map(|row| (row.slot as f64, figure(row) as f64)))
            });
            Chart { title, unit, across: "slot", kind, series: series.collect() }.write(html);
        }
        let lines = |title, unit, series| Chart { title, unit, across: "slot", kind: Kind::Lines, series };
        let series = vec![Series::new("in flight", in_flight(report))];
        lines("Receipts in flight", "of the chain in the end", series).write(html);
        lines("Finality lag", "slots from the latest final block, by view", finality_lags(report))
            .write(html);
        lines("Ether of EEs", EES_UNIT, changes(rows, EES)).write(html);
        lines("Ether of the ledger", LEDGER_UNIT, changes(rows, LEDGER)).write(html);
        lines("Executions", "asked for by proposers, attesters and others, and made", executions(rows))
            .write(html);
    });
}

/// Adds the plots of receipts: those of each lane, and the slots that they took.
pub(super) fn write_receipts(html: &mut Html, report: &Report) {
    let lanes: BTreeMap<_, _> =
        report.summary.lanes.iter().map(|(source, to, n)| ((*source, *to), *n)).collect();
    html.element("div", &[("class", &"charts")], |html| {
        heat_map(
            html,
            "Lanes",
            "receipts sent, by source and destination",
            &lanes,
            report.scenario.preset.shards,
            place,
        );
        write_latency(html, &report.receipts);
    });
}

/// Returns the name of a shard as a source of receipts.
pub(super) fn place(shard: u64) -> String {
    if shard == BEACON { "beacon".to_owned() } else { shard.to_string() }
}

fn write_latency(html: &mut Html, receipts: &[ReceiptTrack]) {
    let took = |track: &ReceiptTrack| Some((track.settled?.0.saturating_sub(track.sent), track.settled?.1));
    let most = receipts.iter().filter_map(took).map(|(slots, _)| slots).max().unwrap_or(0);
    let width = most.saturating_add(1).div_ceil(BARS_MAX).max(1);
    let bars = |fate: Fate| {
        let mut counts: BTreeMap<u64, u64> = (0..=most / width).map(|bar| (bar * width, 0)).collect();
        for (slots, _) in receipts.iter().filter_map(took).filter(|(_, of)| *of == fate) {
            *counts.entry(slots / width * width).or_default() += 1;
        }
        counts.into_iter().map(|(slots, n)| (slots as f64, n as f64))
    };
    let fates =
        [("delivered", Fate::Delivered), ("rejected", Fate::Rejected), ("undelivered", Fate::Undelivered)];
    let series = fates.map(|(name, fate)| Series::new(name, bars(fate))).into();
    let unit = match width {
        1 => "receipts by slots from sending to settling".to_owned(),
        _ => format!("receipts by slots from sending to settling, in steps of {width}"),
    };
    Chart { title: "Latency", unit: &unit, across: "slots", kind: Kind::Bars, series }.write(html);
}

/// Returns the receipts of the chain in flight at the end of each slot.
pub(crate) fn in_flight(report: &Report) -> Vec<(f64, f64)> {
    let mut changes = BTreeMap::<u64, i64>::new();
    for track in &report.receipts {
        *changes.entry(track.sent).or_default() += 1;
        if let Some((slot, _)) = track.settled {
            *changes.entry(slot).or_default() -= 1;
        }
    }
    let mut n = 0;
    let mut changes = changes.into_iter().peekable();
    let at_end = |row: &SlotRow| {
        while let Some((_, change)) = changes.next_if(|(slot, _)| *slot <= row.slot) {
            n += change;
        }
        (row.slot as f64, n as f64)
    };
    report.rows.iter().map(at_end).collect()
}

/// Returns the fuel of crosslinked executions up to each slot.
pub(crate) fn fuel_so_far(report: &Report) -> Vec<(f64, f64)> {
    sums(&report.rows, |row| row.crosslinked.fuel)
}

/// Returns the slots by which finality lags at the end of each slot, in the view that is most behind.
pub(crate) fn finality_lag(report: &Report) -> Vec<(f64, f64)> {
    let lag = |row: &SlotRow| row.slot.saturating_sub(row.finalized.iter().min().copied().unwrap_or(0));
    report.rows.iter().map(|row| (row.slot as f64, lag(row) as f64)).collect()
}

fn finality_lags(report: &Report) -> Vec<Series> {
    let n_views = report.rows.first().map_or(0, |row| row.finalized.len());
    let series = (0..n_views).map(|view| {
        let name = view_name(report, view);
        let lag = |row: &SlotRow| row.slot.saturating_sub(row.finalized.get(view).copied().unwrap_or(0));
        Series::new(name, report.rows.iter().map(|row| (row.slot as f64, lag(row) as f64)))
    });
    series.collect()
}

/// Returns the name of a view by its place.
pub(super) fn view_name(report: &Report, view: usize) -> String {
    match report.scenario.views.get(view) {
        Some(view) => format!("view {}", view.name),
        None => "all".to_owned(),
    }
}

const EES_UNIT: &str =
    "Gwei, change since the first slot; the sum is flat, but for fees of proposers and deposits";
const EES: &[BySlot] = &[
    ("sum", |row| row.balances.saturating_add(row.in_flight)),
    ("on shards", |row| row.balances),
    ("in flight", |row| row.in_flight),
];

const LEDGER_UNIT: &str =
    "Gwei, change since the first slot; it is flat, but for what validators pay for bytes, which is burnt";
const LEDGER: &[BySlot] = &[
    ("all", |row| row.total),
    ("burnt, and deposits", |row| row.total.saturating_sub(row.balances).saturating_sub(row.in_flight)),
];

/// Returns the changes of parts of the ether since the first slot.
fn changes(rows: &[SlotRow], parts: &[BySlot]) -> Vec<Series> {
    let change = |&(name, part): &BySlot| {
        let first = rows.first().map_or(0, part);
        Series::new(name, rows.iter().map(|row| (row.slot as f64, part(row) as f64 - first as f64)))
    };
    parts.iter().map(change).collect()
}

fn executions(rows: &[SlotRow]) -> Vec<Series> {
    let mut before = (0, 0);
    let (asked, made) = rows
        .iter()
        .map(|row| {
            let now = (row.executions_asked, row.executions_made);
            let (asked, made) = (now.0.saturating_sub(before.0), now.1.saturating_sub(before.1));
            before = now;
            ((row.slot as f64, asked as f64), (row.slot as f64, made as f64))
        })
        .unzip();
    vec![
        Series { name: "asked for".to_owned(), points: asked },
        Series { name: "made".to_owned(), points: made },
    ]
}

fn sums(rows: &[SlotRow], figure: fn(&SlotRow) -> u64) -> Vec<(f64, f64)> {
    let mut sum = 0_u64;
    let up_to = |row: &SlotRow| {
        sum = sum.saturating_add(figure(row));
        (row.slot as f64, sum as f64)
    };
    rows.iter().map(up_to).collect()
}
