//! Forgetting what is before finality.

use std::collections::BTreeSet;

use super::NodePhase;
use outrider_beacon_spec::{
    error::Error,
    fork_choice::{Store, current_epoch},
    phase1::fork_choice::ShardStore,
    types::{Root, Slot},
};

/// Forgets all blocks that do not descend from the final one, their states, and votes for them; of each shard, all blocks
/// that do not descend from what is crosslinked in the final state, and votes for them. The heads stay what they are,
/// and so they do with whatever comes later to what is left. Votes for what is forgotten come to nothing then, as it is not
/// known any more; to the letter, such a vote would take a validator's stake from where it was.
///
/// A vote for a block that is forgotten counts for no branch any more. As long as an earlier vote of the validator can
/// still come, it must not take its place; so it is kept, as one for the final block.
///
/// A vote for a shard's block that is not known is kept, as the block may come.
///
/// # Errors
///
/// If the final state is not there.
pub fn prune<P: NodePhase>(store: &mut Store<P>) -> Result<(), Error> {
    let finalized_root = store.finalized_checkpoint.root;
    let finalized_state = store.block_states.get(&finalized_root).ok_or(Error::UnknownBlock)?;
    let previous_epoch = current_epoch(store)?.saturating_sub(1);
    let blocks = store.blocks.iter().map(|(root, block)| (block.slot, *root, block.parent_root));
    let kept = descendants(finalized_root, blocks);
    if !kept.contains(&store.justified_checkpoint.root) {
        // Only a third of the stake could bring that about, by votes for which it is slashed.
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

/// Forgets what does not descend from a shard's block.
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

/// A block and all its descendants, among blocks of which slot, root and parent are given. Blocks are later than their
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
