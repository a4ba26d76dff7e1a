//! The effects of crosslinked shard blocks: the receipts that they sent and settled, their bytes and their fuel.

use std::collections::BTreeMap;

use outrider_beacon::ledger::{ExecutionHeader, Lane, Settlement, ShardExecution};
use outrider_beacon_spec::types::{Shard, Slot};
use serde::Serialize;

/// The fate of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Its EE was shown it, and took it.
    Delivered,
    /// Its EE was shown it, and rejected it, or it was void.
    Rejected,
    /// No EE was shown it: it had expired, or no EE takes it.
    Undelivered,
}

/// A receipt on a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReceiptTrack {
    /// The sending shard; 1,024 is the beacon chain.
    pub source: Shard,
    /// The receiving shard.
    pub destination: Shard,
    /// The sequence number on the lane.
    pub sequence: u64,
    /// The slot of the shard block that sent it.
    pub sent: Slot,
    /// The slot of the shard block that settled it, and how; `None` if none has.
    pub settled: Option<(Slot, Fate)>,
}

/// The receipts of a chain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Receipts {
    tracks: BTreeMap<(Shard, Shard, u64), ReceiptTrack>,
}

impl Receipts {
    /// Adds a crosslinked execution, after those before it on its shard.
    pub(crate) fn add(&mut self, execution: &ShardExecution) {
        let &ShardExecution { shard, slot, ref header, .. } = execution;
        let ExecutionHeader { lanes, settlements, .. } = header;
        for &Lane { destination_shard: destination, first, n, .. } in lanes {
            for sequence in first..first.saturating_add(n.into()) {
                let track = ReceiptTrack { source: shard, destination, sequence, sent: slot, settled: None };
                self.tracks.insert((shard, destination, sequence), track);
            }
        }
        for settlement in settlements {
            for (sequence, fate) in fates(settlement) {
                let key = (settlement.source_shard, shard, sequence);
                if let Some(track) = self.tracks.get_mut(&key) {
                    track.settled = Some((slot, fate));
                }
            }
        }
    }

    /// Returns the receipts by lane and number.
    pub(crate) fn tracks(&self) -> impl Iterator<Item = &ReceiptTrack> {
        self.tracks.values()
    }
}

/// Returns the receipts that a settlement settles, with their fates.
pub(crate) fn fates(settlement: &Settlement) -> impl Iterator<Item = (u64, Fate)> {
    let Settlement { first, settled, rejected, undelivered, .. } = settlement;
    let is_set = |bits: &ssz_types::BitList<_>, place| bits.get(place).unwrap_or(false);
    let places = (0..settled.len()).filter(move |place| is_set(settled, *place));
    places.map(move |place| {
        let fate = match (is_set(rejected, place), is_set(undelivered, place)) {
            (true, _) => Fate::Rejected,
            (false, true) => Fate::Undelivered,
            (false, false) => Fate::Delivered,
        };
        (first.saturating_add(place as u64), fate)
    })
}

/// The sums over the executions that a beacon block crosslinks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Shard blocks.
    pub crosslinks: u64,
    /// The fuel of executions.
    pub fuel: u64,
    /// The executions.
    pub executions: u64,
    /// Receipts sent.
    pub sent: u64,
    /// Receipts delivered.
    pub delivered: u64,
    /// Receipts rejected.
    pub rejected: u64,
    /// Receipts settled without delivery.
    pub undelivered: u64,
    /// The fees of EEs and receipts for proposers, in Gwei.
    pub fees: u64,
}

impl Sums {
    pub(crate) fn of<'e>(executions: impl IntoIterator<Item = &'e ShardExecution>) -> Self {
        let mut sums = Self::default();
        for ShardExecution { header, .. } in executions {
            sums.crosslinks += 1;
            for after in header.transitions.iter() {
                sums.fuel = sums.fuel.saturating_add(after.fuel_used);
                sums.executions += u64::from(!after.payload_root.is_zero());
                sums.fees = sums.fees.saturating_add(after.proposer_fee);
            }
            sums.sent += header.lanes.iter().map(|lane| u64::from(lane.n)).sum::<u64>();
            for settlement in header.settlements.iter() {
                sums.fees = sums.fees.saturating_add(settlement.fees);
                for (_, fate) in fates(settlement) {
                    match fate {
                        Fate::Delivered => sums.delivered += 1,
                        Fate::Rejected => sums.rejected += 1,
                        Fate::Undelivered => sums.undelivered += 1,
                    }
                }
            }
        }
        sums
    }
}
