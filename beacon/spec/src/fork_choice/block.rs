//! Blocks in the fork choice.

use super::store::{Store, checkpoint_slot, compute_slots_since_epoch_start, get_ancestor, get_current_slot};
use crate::{
    containers::{BeaconState, Checkpoint, SignedBeaconBlock},
    error::{Error, ensure, ensure_equal},
    hash::hash_tree_root,
    phase::Phase,
    preset::Preset,
    transition::state_transition,
};

/// Adds a block and updates the justified and finalized checkpoints.
///
/// # Errors
///
/// Fails if the block's parent is unknown, if its slot has not come, if it does not descend from the finalized block,
/// or if it is invalid. A block that is too early may be valid later.
pub fn on_block<P: Phase>(store: &mut Store<P>, signed_block: &SignedBeaconBlock<P>) -> Result<(), Error> {
    on_block_by(store, signed_block, state_transition)
}

/// `on_block`, with a say in how a block changes the state of its parent.
///
/// # Errors
///
/// As [`on_block`], or what the transition returns.
pub fn on_block_by<P: Phase, E: From<Error>>(
    store: &mut Store<P>,
    signed_block: &SignedBeaconBlock<P>,
    transition: impl FnOnce(BeaconState<P>, &SignedBeaconBlock<P>) -> Result<BeaconState<P>, E>,
) -> Result<(), E> {
    let block = &signed_block.message;
    let pre_state = store.block_states.get(&block.parent_root).ok_or(Error::UnknownParent)?;
    let current_slot = get_current_slot(store)?;
    ensure(current_slot >= block.slot, Error::BlockInFuture { got: block.slot, expected: current_slot })?;
    let finalized_slot = checkpoint_slot::<P>(&store.finalized_checkpoint)?;
    ensure(
        block.slot > finalized_slot,
        Error::NotAfterFinalized { got: block.slot, expected: finalized_slot },
    )?;
    let ancestor = get_ancestor(store, block.parent_root, finalized_slot)?;
    let finalized_root = store.finalized_checkpoint.root;
    ensure_equal(ancestor, finalized_root, |got, expected| Error::NotOnFinalized { got, expected })?;

    let state = transition(pre_state.clone(), signed_block)?;
    let (justified, best_justified, finalized) = updated_checkpoints(store, &state)?;
    let root = hash_tree_root(block);
    store.blocks.insert(root, block.clone());
    store.block_states.insert(root, state);
    store.justified_checkpoint = justified;
    store.best_justified_checkpoint = best_justified;
    store.finalized_checkpoint = finalized;
    Ok(())
}

/// Returns the store's justified, best justified and finalized checkpoints after a block with the post-state `state`.
fn updated_checkpoints<P: Phase>(
    store: &Store<P>,
    state: &BeaconState<P>,
) -> Result<(Checkpoint, Checkpoint, Checkpoint), Error> {
    let new_justified = state.current_justified_checkpoint;
    let mut justified = store.justified_checkpoint;
    let mut best_justified = store.best_justified_checkpoint;
    if new_justified.epoch > justified.epoch {
        if new_justified.epoch > best_justified.epoch {
            best_justified = new_justified;
        }
        if should_update_justified_checkpoint(store, &new_justified)? {
            justified = new_justified;
        }
    }
    let finalized = state.finalized_checkpoint;
    if finalized.epoch <= store.finalized_checkpoint.epoch {
        return Ok((justified, best_justified, store.finalized_checkpoint));
    }
    // The justified checkpoint has to descend from the finalized one.
    if justified != new_justified
        && (new_justified.epoch > justified.epoch
            || get_ancestor(store, justified.root, checkpoint_slot::<P>(&finalized)?)? != finalized.root)
    {
        justified = new_justified;
    }
    Ok((justified, best_justified, finalized))
}

/// Returns whether a new justified checkpoint takes effect at once. Later in an epoch, one on another branch waits
/// for the next epoch; otherwise, attesters that withhold attestations could make the head bounce between branches.
fn should_update_justified_checkpoint<P: Phase>(
    store: &Store<P>,
    new_justified_checkpoint: &Checkpoint,
) -> Result<bool, Error> {
    let slots_since_epoch_start = compute_slots_since_epoch_start::<P>(get_current_slot(store)?);
    if slots_since_epoch_start < P::Preset::SAFE_SLOTS_TO_UPDATE_JUSTIFIED {
        return Ok(true);
    }
    let justified_slot = checkpoint_slot::<P>(&store.justified_checkpoint)?;
    let ancestor = get_ancestor(store, new_justified_checkpoint.root, justified_slot)?;
    Ok(ancestor == store.justified_checkpoint.root)
}
