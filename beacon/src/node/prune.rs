//! Pruning of everything before finality.

use std::collections::BTreeSet;

use super::NodePhase;
use outrider_beacon_spec::{
    error::Error,
    fork_choice::{Store, current_epoch},
    phase1::fork_choice::ShardStore,
    types::{Root, Slot},
};

/// Drops all blocks that do not descend from the finalized one, their states, and votes for them; of each shard,
/// drops all blocks that do not descend from the crosslink in the finalized state, and votes for them. The heads stay
/// the same, now and after any later block or vote on the remaining chain. A later vote for a dropped block has no
/// effect, as the block is unknown; in the specification, it would move the validator's stake away from its former
/// block.
///
/// A dropped vote counts for no branch. But while an earlier vote of the validator can still arrive, that vote must
/// not replace it; so pruning keeps it as a vote for the finalized block.
///
/// Pruning keeps a vote for an unknown shard block, as the block may arrive.
///
/// # Errors
///
/// Fails if the store does not hold the finalized state.
pub fn prune<P: NodePhase>(store: &mut Store<P>) -> Result<(), Error> {
    let finalized_root = store.finalized_checkpoint.root;
    let finalized_state = store.block_states.get(&finalized_root).ok_or(Error::UnknownBlock)?;
    let previous_epoch = current_epoch(store)?.saturating_sub(1);
    let blocks = store.blocks.iter().map(|(root, block)| (block.slot, *root, block.parent_root));
    let kept = descendants(finalized_root, blocks);
    if !kept.contains(&store.justified_checkpoint.root) {
        // Only a third of the stake could cause this, by slashable votes.
        return Ok(());
    }
    P::prune_shard_stores(&mut store.shard_stores, finalized_state);

    store.blocks.retain(|root, _| kept.contains(root));
    store.block_states.retain(|root, _| kept.contains(root));
    store.checkpoint_states.retain(|checkpoint, _| kept.contains(&checkpoint.root));
    store.latest_messages.retain(|_, message| {
        if kept.contains(&message.root) {
            return true;
        }
        message.root = finalized_root;
        message.epoch >= previous_epoch
    });
    if !kept.contains(&store.best_justified_checkpoint.root) {
        store.best_justified_checkpoint = store.justified_checkpoint;
    }
    Ok(())
}

/// Drops everything that does not descend from a shard block.
pub(super) fn prune_shard_store(shard_store: &mut ShardStore, crosslinked_root: Root) {
    let signed_blocks = &mut shard_store.signed_blocks;
    let blocks = signed_blocks
        .iter()
        .map(|(root, block)| (block.message.slot, *root, block.message.shard_parent_root));
    let kept = descendants(crosslinked_root, blocks);
    shard_store
        .latest_messages
        .retain(|_, message| kept.contains(&message.root) || !signed_blocks.contains_key(&message.root));
    signed_blocks.retain(|root, _| kept.contains(root));
    shard_store.block_states.retain(|root, _| kept.contains(root));
}

/// Returns a block and all its descendants, among blocks given by slot, root and parent. Blocks are later than their
/// parents.
fn descendants(ancestor: Root, blocks: impl Iterator<Item = (Slot, Root, Root)>) -> BTreeSet<Root> {
    let mut blocks: Vec<_> = blocks.collect();
    blocks.sort_unstable();
    let mut descendants = BTreeSet::from([ancestor]);
    for (_, root, parent_root) in blocks {
        if descendants.contains(&parent_root) {
            descendants.insert(root);
        }
    }
    descendants
}
