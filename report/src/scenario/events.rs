//! Faults, and what views made of them: a timeline and a table.

use std::{collections::BTreeMap, ops::RangeInclusive};

use outrider_scenario::{FaultSpec, Report};

use super::plots::view_name;
use crate::{
    html::Html,
    number::counted,
    table::{Cell, table},
    timeline::{Row, Span, timeline},
};

/// The events that a table has, at most.
const EVENTS_MAX: usize = 2_000;

/// Adds a timeline and a table.
pub(super) fn write(html: &mut Html, report: &Report) {
    let (Some(first), Some(last)) = (report.rows.first(), report.rows.last()) else { return };
    let faults = report.scenario.faults.iter().map(fault_row);
    let n_views = first.heads.len();
    let views = (0..n_views).map(|view| view_row(report, view));
    let rows: Vec<_> = faults.chain(views).chain(shard_rows(report)).collect();
    html.element("ul", &[("class", &"legend")], |html| {
        for (class, text) in [
            ("fault", "fault"),
            ("block", "block: head of the view in its slot, or crosslinked on the chain in the end"),
            ("reorg", "slots that a view left for another branch"),
            ("refused", "refused"),
        ] {
            html.element("li", &[], |html| {
                html.leaf("i", &[("class", &format!("key {class}"))], "");
                html.text(text);
            });
        }
    });
    timeline(html, "Faults, views and shards by slot", first.slot..=last.slot, &rows);
    let mut events = events(report);
    let n = events.len();
    events.truncate(EVENTS_MAX);
    if events.is_empty() {
        html.leaf("p", &[], "No faults, refusals or reorgs.");
        return;
    }
    if n > EVENTS_MAX {
        html.leaf("p", &[("class", &"note")], format!("The first {EVENTS_MAX} of {n} events."));
    }
    let rows = events.into_iter().map(|Event { slot, kind, shard, who, what }| {
        vec![Cell::Count(slot), Cell::text(kind), Cell::count(shard), Cell::Text(who), Cell::Text(what)]
    });
    table(html, &["Slot", "Event", "Shard", "Who", "What"], rows);
}

fn slots_of(fault: &FaultSpec) -> RangeInclusive<u64> {
    fault.at..=fault.at.saturating_add(fault.slots.saturating_sub(1))
}

/// Returns what a fault is about, in words.
fn describe(fault: &FaultSpec) -> String {
    let FaultSpec { kind, shard, ee, views, delay_ms, share, captured, .. } = fault;
    let mut words = vec![kind.name().replace('_', " ")];
    words.extend(shard.map(|shard| format!("shard {shard}")));
    words.extend(ee.as_ref().map(|ee| format!("EE {ee}")));
    words.extend(views.as_ref().map(|views| match views.as_slice() {
        [] => "no view".to_owned(),
        views => format!("view {}", views.join(", ")),
    }));
    words.extend(delay_ms.map(|delay| format!("{delay} ms")));
    words.extend(share.map(|share| format!("{share} of validators")));
    words.extend(captured.then(|| "captured committee".to_owned()));
    words.join(", ")
}

fn fault_row(fault: &FaultSpec) -> Row {
    let slots = vec![(slots_of(fault), describe(fault))];
    Row { name: describe(fault), spans: vec![Span { class: "fault", slots }], is_low: false }
}

/// Returns the row of a view: the slots in which the slot's block was its head, the reorgs, and what it refused.
fn view_row(report: &Report, view: usize) -> Row {
    let name = report.scenario.views.get(view).map(|view| view.name.as_str());
    let is_of = |other: &str| name.is_none_or(|name| name == other);
    let heads = report.rows.iter().filter(|row| row.heads.get(view) == Some(&row.slot));
    let heads = heads.map(|row| (row.slot..=row.slot, String::new())).collect();
    let reorgs = report.reorgs.iter().filter(|reorg| is_of(&reorg.view)).map(|reorg| {
        let left = reorg.slot.saturating_sub(reorg.depth)..=reorg.slot.saturating_sub(1);
        (left, format!("slot {}: reorg of {}", reorg.slot, counted(reorg.depth, "slot")))
    });
    let mut refusals = BTreeMap::<u64, Vec<&str>>::new();
    for row in report.refused.iter().filter(|row| is_of(&row.view)) {
        refusals.entry(row.slot).or_default().push(&row.error);
    }
    let refusals = refusals.into_iter().map(|(slot, errors)| (slot..=slot, errors.join("\n")));
    Row {
        name: view_name(report, view),
        spans: vec![
            Span { class: "block", slots: heads },
            Span { class: "reorg", slots: reorgs.collect() },
            Span { class: "refused", slots: refusals.collect() },
        ],
        is_low: false,
    }
}

/// Returns a row for each shard, with its blocks.
fn shard_rows(report: &Report) -> impl Iterator<Item = Row> {
    let is_low = report.summary.blocks.len() > 8;
    report.summary.blocks.iter().map(move |(shard, blocks)| {
        let slots =
            blocks.iter().map(|slot| (*slot..=*slot, format!("shard {shard}, slot {slot}"))).collect();
        Row { name: format!("shard {shard}"), spans: vec![Span { class: "block", slots }], is_low }
    })
}

/// Something that happened.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    slot: u64,
    kind: &'static str,
    shard: Option<u64>,
    who: String,
    what: String,
}

/// Returns all events by slot. What several views refuse for one reason is one event.
fn events(report: &Report) -> Vec<Event> {
    let fault = |fault: &FaultSpec| Event {
        slot: fault.at,
        kind: "fault",
        shard: fault.shard,
        who: fault.ee.as_ref().map_or(String::new(), |ee| format!("EE {ee}")),
        what: format!("{}, for {}", describe(fault), counted(fault.slots, "slot")),
    };
    let reorg = |reorg: &outrider_scenario::ReorgRow| Event {
        slot: reorg.slot,
        kind: "reorg",
        shard: None,
        who: format!("view {}", reorg.view),
        what: format!("{} left for another branch", counted(reorg.depth, "slot")),
    };
    let mut refusals = BTreeMap::<_, Vec<&str>>::new();
    for row in &report.refused {
        let views = refusals.entry((row.slot, row.shard, row.kind.as_str(), row.error.as_str())).or_default();
        if !views.contains(&row.view.as_str()) {
            views.push(&row.view);
        }
    }
    let refused = |((slot, shard, kind, error), views): ((u64, Option<u64>, &str, &str), Vec<&str>)| Event {
        slot,
        kind: "refused",
        shard,
        who: format!("view {}", views.join(", ")),
        what: format!("{kind}: {error}"),
    };
    let mut events: Vec<_> = report.scenario.faults.iter().map(fault).collect();
    events.extend(report.reorgs.iter().map(reorg));
    events.extend(refusals.into_iter().map(refused));
    events.sort();
    events
}
