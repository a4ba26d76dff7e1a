//! The figures of a run by which it is compared with others.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{report::Report, tally::Fate};

/// The figures of a run, of the chain of the first view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// The slots that ran.
    pub slots: u64,
    /// The latest slot that is final in each view.
    pub final_slot: u64,
    /// The crosslinked shard blocks.
    pub blocks: u64,
    /// The executions in them.
    pub executions: u64,
    /// The fuel of these.
    pub fuel: u64,
    /// The bytes of shard blocks.
    pub shard_bytes: u64,
    /// The bytes of these that are on the beacon chain, too: their headers.
    pub beacon_bytes: u64,
    /// The receipts sent.
    pub receipts: u64,
    /// Those delivered.
    pub delivered: u64,
    /// Those rejected.
    pub rejected: u64,
    /// Those settled without delivery.
    pub undelivered: u64,
    /// Those in flight in the end.
    pub in_flight: u64,
    /// The median of the slots from sending to settling; `None` if nothing is settled.
    pub settle_slots_median: Option<u64>,
    /// The most slots from sending to settling.
    pub settle_slots_max: Option<u64>,
}

impl Report {
    /// Returns the figures by which the run is compared with others.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let Self { rows, receipts, summary, .. } = self;
        let [delivered, rejected, undelivered] =
            [Fate::Delivered, Fate::Rejected, Fate::Undelivered].map(|fate| self.n_settled(fate));
        Figures {
            slots: rows.len() as u64,
            final_slot: rows.last().and_then(|row| row.finalized.iter().min().copied()).unwrap_or(0),
            blocks: summary.sums.crosslinks,
            executions: summary.sums.executions,
            fuel: summary.sums.fuel,
            shard_bytes: summary.bytes.bodies,
            beacon_bytes: summary.bytes.headers,
            receipts: receipts.len() as u64,
            delivered,
            rejected,
            undelivered,
            in_flight: receipts.iter().filter(|track| track.settled.is_none()).count() as u64,
            settle_slots_median: median(&summary.latency),
            settle_slots_max: summary.latency.keys().next_back().copied(),
        }
    }
}

/// Returns the median of values by the number of times that each occurs: the lower one, if there are two.
fn median(counts: &BTreeMap<u64, u64>) -> Option<u64> {
    let n: u64 = counts.values().sum();
    let mut before = 0_u64;
    counts.iter().find_map(|(value, count)| {
        before = before.saturating_add(*count);
        (before >= n.div_ceil(2)).then_some(*value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_has_half_of_all_at_or_below_it() {
        for (counts, expected) in [
            (&[][..], None),
            (&[(4, 1)], Some(4)),
            (&[(1, 2), (5, 2)], Some(1)),
            (&[(1, 2), (5, 3)], Some(5)),
            (&[(1, 1), (2, 1), (9, 1)], Some(2)),
        ] {
            assert_eq!(median(&counts.iter().copied().collect()), expected, "{counts:?}");
        }
    }
}
