//! The headers that a relay forgets.

use std::collections::BTreeSet;

use outrider_beacon::{
    ledger::{Ledger, execution::RECENT_SLOTS},
    proof::{Layout, Multiproof},
    receipts::inbound_lane,
};
use outrider_beacon_spec::types::{Root, Shard, Slot};

use super::{Known, Relay, is_open};

impl Relay {
    /// Forgets the receipts of slots before one.
    pub fn forget_before(&mut self, slot: Slot) {
        self.known.retain(|_, known| known.slot >= slot);
        self.histories.retain(|(of, ..), _| *of >= slot);
    }

    /// Forgets headers that are more than 256 slots older than a final ledger, except for those with a proof which have sent
    /// receipts that the ledger has not settled, as long as these can be proven. So the life of each receipt since finality
    /// remains known, and all that shards can still settle.
    pub fn forget_settled(&mut self, finalized: &Ledger, layout: Layout) {
        let first_recent = finalized.slot().saturating_sub(RECENT_SLOTS);
        let first_proven = first_recent.saturating_sub(layout.slots_per_historical_root);
        let known = &self.known;
        self.histories.retain(|(slot, source, _), proof| {
            let header = execution_root(proof).and_then(|root| known.get(&root));
            let is_unsettled = || header.is_some_and(|known| is_unsettled(finalized, *source, known));
            *slot >= first_recent || *slot >= first_proven && is_unsettled()
        });
        let proven: BTreeSet<_> = self.histories.values().filter_map(|proof| execution_root(proof)).collect();
        self.known.retain(|root, known| known.slot >= first_recent || proven.contains(root));
    }
}

/// Returns the execution root that a history proves.
fn execution_root(proof: &Multiproof) -> Option<Root> {
    proof.claims.get(1).map(|(_, root)| root.into())
}

/// Returns whether a ledger has not settled all receipts of a header.
fn is_unsettled(ledger: &Ledger, source: Shard, known: &Known) -> bool {
    known.header.lanes.iter().any(|lane| {
        let destination = lane.destination_shard;
        inbound_lane(ledger, source, destination).is_some_and(|inbound| is_open(known, destination, inbound))
    })
}
