//! The part of a simulation's history that can still matter to state providers: what blocks since finality can build
//! on.
//!
//! A block builds on the ledger after its beacon parent, or on blocks of its shard that are not crosslinked there. Its
//! beacon parent descends from the latest final block, or is that. So a provider needs the roots in the ledgers since
//! finality, and the roots after each shard block that is later than the earliest crosslink in these ledgers. A ledger with
//! headers that can still be challenged has several roots: those after each of them, as a conviction falls back to one.

use std::collections::{BTreeMap, BTreeSet};

use outrider_beacon::ledger::{EeIndex, ExecutableBlock, Ledger, ShardPlace};
use outrider_beacon_spec::types::{Bytes32, Root, Shard, Slot};

/// The slots for which the finality of a place counts. Views may disagree; the earliest finality decides, unless its
/// view has not been heard of for so long.
const PLACES_SLOTS: Slot = 8;

/// Ledgers and shard blocks since finality.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The earliest finality of the places of recent slots.
    finalized: BTreeMap<Slot, Slot>,
    /// The ledgers after the beacon parents of shard blocks, by slot and root.
    ledgers: BTreeMap<(Slot, Root), Ledger>,
    blocks: BTreeMap<Root, Followed>,
    finalized_slot: Slot,
    /// Blocks before the finality before are dropped, so that providers have an epoch to compare states.
    kept_from: Slot,
}

/// A shard block that providers followed.
#[derive(Debug)]
struct Followed {
    shard: Shard,
    slot: Slot,
    post_state_roots: Vec<(EeIndex, Bytes32)>,
}

impl History {
    /// Adds an accepted block. Returns the finalized slot if it is later than before.
    pub(super) fn add(&mut self, block: &ExecutableBlock<'_>) -> Option<Slot> {
        let ShardPlace { shard, slot, beacon_parent_root, ref beacon_parent, finalized_slot, .. } =
            *block.place;
        let transitions = &block.body.header.transitions;
        let post_state_roots = transitions.iter().map(|after| (after.ee, after.post_state_root)).collect();
        self.blocks.insert(block.root, Followed { shard, slot, post_state_roots });
        let at = (beacon_parent.slot(), beacon_parent_root);
        self.ledgers.entry(at).or_insert_with(|| beacon_parent.clone());

        let of_slot = self.finalized.entry(slot).or_insert(finalized_slot);
        *of_slot = finalized_slot.min(*of_slot);
        let newest = self.finalized.last_key_value().map_or(0, |(slot, _)| *slot);
        self.finalized.retain(|slot, _| slot.saturating_add(PLACES_SLOTS) > newest);
        let finalized_slot = self.finalized.values().min().copied().unwrap_or_default();
        if finalized_slot <= self.finalized_slot {
            return None;
        }
        self.kept_from = self.finalized_slot;
        self.finalized_slot = finalized_slot;
        self.prune();
        Some(finalized_slot)
    }

    /// Drops what is before the finality before the latest.
    fn prune(&mut self) {
        // If the slot of the checkpoint was empty, the final block is the latest one before; some slots more allow for
        // blocks of other branches.
        let before = self.ledgers.range(..=(self.kept_from, Root::repeat_byte(0xff))).next_back();
        let latest = before.map_or(self.kept_from, |((slot, _), _)| *slot);
        let first = latest.min(self.kept_from.saturating_sub(PLACES_SLOTS));
        self.ledgers.retain(|(slot, _), _| *slot >= first);
        let (ledgers, blocks) = (&self.ledgers, &self.blocks);
        // The slot of the earliest crosslink of a shard; 0 if it is not known.
        let crosslinks: Vec<Slot> =
            (0..ledgers.values().map(|ledger| ledger.shards().len()).max().unwrap_or(0))
                .map(|shard| {
                    let roots = ledgers.values().filter_map(|ledger| ledger.shards().get(shard));
                    let slots =
                        roots.map(|ledger| blocks.get(&ledger.latest_block_root()).map_or(0, |b| b.slot));
                    slots.min().unwrap_or(0)
                })
                .collect();
        self.blocks.retain(|_, block| {
            let crosslink = usize::try_from(block.shard).ok().and_then(|shard| crosslinks.get(shard));
            crosslink.is_none_or(|slot| block.slot >= *slot)
        });
    }

    /// Returns the roots of an EE's states on a shard on which blocks can build.
    pub(super) fn needed(&self, shard: Shard, ee: EeIndex) -> BTreeSet<Bytes32> {
        let shard_ledgers = self
            .ledgers
            .values()
            .filter_map(|ledger| usize::try_from(shard).ok().and_then(|shard| ledger.shards().get(shard)));
        let in_ledgers = shard_ledgers.flat_map(|ledger| {
            let accepted = ledger.ees().get(ee as usize).map(|state| state.state_root);
            let transitions = ledger.pending().iter().flat_map(|pending| &pending.header.transitions);
            let pending = transitions.filter(|after| after.ee == ee).map(|after| after.post_state_root);
            accepted.into_iter().chain(pending)
        });
        let of_shard = self.blocks.values().filter(|block| block.shard == shard);
        let after_blocks = of_shard.flat_map(|block| &block.post_state_roots);
        let after_blocks = after_blocks.filter(|(of, _)| *of == ee).map(|(_, root)| *root);
        in_ledgers.chain(after_blocks).collect()
    }

    /// Returns the numbers of ledgers and blocks.
    pub(super) fn lengths(&self) -> [usize; 2] {
        [self.ledgers.len(), self.blocks.len()]
    }
}
