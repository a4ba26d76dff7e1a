//! The purchases of a scenario, as the simulation sees them: packages, states after blocks, and the cost of blocks.

use outrider_beacon::{
    admission::HostAdmission,
    ledger::{ExecutionHeader, LedgerError, ShardLedger},
    registry::Rules,
};
use outrider_beacon_spec::{hash::hash_tree_root, preset::Preset, types::Slot};
use ssz::Encode as _;

use super::{Block, World};
use crate::{error::RunError, laboratory::Cost, report::SlotRow, tally::Sums};

impl<C: Preset> World<C> {
    /// Has users take the next steps of their purchases.
    pub(super) fn submit_steps(&mut self, row: &mut SlotRow) -> Result<(), RunError> {
        let slot = row.slot;
        let Some(laboratory) = &mut self.laboratory else { return Ok(()) };
        let packages = laboratory.packages(slot, &self.tampered.shards);
        for (shard, package) in packages.map_err(|source| RunError::Style { slot, source })? {
            let ee = laboratory.ee();
            match self.tampered.shards.with(shard, ee, |actor| actor.submit(package)) {
                Some(Ok(_)) => row.submitted += 1,
                _ => row.refused_packages += 1,
            }
        }
        Ok(())
    }

    /// Takes note of what has become of purchases.
    pub(super) fn note_purchases(&mut self, row: &SlotRow) -> Result<(), RunError> {
        let (slot, finalized) = (row.slot, row.finalized.first().copied().unwrap_or(0));
        if self.laboratory.is_none() {
            return Ok(());
        }
        let tips = self.tips(slot).map_err(|source| RunError::Ledger { slot, source: Box::new(source) })?;
        let Some(laboratory) = &mut self.laboratory else { return Ok(()) };
        let violation = laboratory.note((slot, finalized), tips, &self.tampered.shards);
        let violation = violation.map_err(|source| RunError::Style { slot, source })?;
        self.violations.extend(violation.map(|violation| format!("slot {slot}: {violation}")));
        Ok(())
    }

    /// Returns the shards as their next blocks find them, each after its latest block, as the first view has them.
    fn tips(&self, slot: Slot) -> Result<Vec<ShardLedger>, LedgerError> {
        let Some(view) = self.simulation.views().first() else { return Ok(Vec::new()) };
        let (root, head) = view.head()?;
        let admission = HostAdmission::default();
        let judge = self.tampered.shards.executor();
        let rules = Rules { settings: &self.settings, admission: &admission, judge, verify_signatures: true };
        let mut tips = Vec::new();
        for (shard, crosslinked) in (0..).zip(head.ledger.shards()) {
            let blocks = view.node().crosslinkable_shard_blocks(shard, root)?;
            let latest = blocks.last().map(|block| hash_tree_root(&block.message));
            // Without a block since the crosslink, the shard is as the ledger has it.
            let place = latest
                .map(|latest| view.node().shard_place(root, shard, slot.saturating_add(1), latest, rules));
            let of_shard = place
                .transpose()?
                .and_then(|place| place.view.shards().get(usize::try_from(shard).ok()?).cloned());
            tips.push(of_shard.unwrap_or_else(|| crosslinked.clone()));
        }
        Ok(tips)
    }

    /// Returns the cost of the blocks of a chain since the first purchase.
    pub(super) fn cost<'b>(&self, blocks: impl IntoIterator<Item = &'b Block<C>>, first: Slot) -> Cost {
        let mut cost = Cost::default();
        let empty = ExecutionHeader::default().ssz_bytes_len();
        for block in blocks {
            for execution in block.operations.executions.iter().filter(|execution| execution.slot >= first) {
                let root = hash_tree_root(&execution.header);
                let sizes = self.tampered.sizes(&root).unwrap_or_default();
                cost.shard_bytes += sizes.payloads + sizes.inbound;
                cost.beacon_bytes += execution.header.ssz_bytes_len().saturating_sub(empty) as u64;
                cost.fuel = cost.fuel.saturating_add(Sums::of([execution]).fuel);
            }
        }
        cost
    }
}
