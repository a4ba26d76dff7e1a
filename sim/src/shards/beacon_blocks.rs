//! The beacon blocks since finality, from whose roots shards prove old receipts and lives of receipts.

use std::{collections::BTreeMap, sync::Arc};

use outrider_beacon::proof::{BlockProofs, Layout, Multiproof, earlier_block_claims};
use outrider_beacon_spec::types::{Root, Slot};

/// Beacon blocks of all branches, by their roots.
#[derive(Default)]
pub(super) struct BeaconBlocks(BTreeMap<Root, Arc<dyn BlockProofs>>);

impl BeaconBlocks {
    /// Adds a block. Returns its parent if the block is new and the parent is known.
    pub(super) fn add(&mut self, block: &Arc<dyn BlockProofs>) -> Option<Arc<dyn BlockProofs>> {
        let is_known = self.0.insert(block.block_root(), Arc::clone(block)).is_some();
        self.0.get(&block.parent_root()).filter(|_| !is_known).cloned()
    }

    pub(super) fn get(&self, root: &Root) -> Option<&dyn BlockProofs> {
        self.0.get(root).map(|block| &**block)
    }

    /// Proves the block of an earlier slot from a block.
    pub(super) fn earlier(&self, root: &Root, slot: Slot) -> Option<Multiproof> {
        self.get(root)?.prove_all(&earlier_block_claims(slot)).ok()
    }

    /// Returns the layout of the blocks.
    pub(super) fn layout(&self) -> Option<Layout> {
        self.0.values().next().map(|block| block.layout())
    }

    /// Forgets blocks before a final slot.
    pub(super) fn forget_before(&mut self, finalized: Slot) {
        self.0.retain(|_, block| block.ledger().slot() >= finalized);
    }
}
