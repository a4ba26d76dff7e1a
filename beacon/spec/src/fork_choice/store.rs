//! The store of the fork choice, and its time.

use std::collections::BTreeMap;

use crate::{
    accessors::get_current_epoch,
    compute::{compute_epoch_at_slot, compute_start_slot_at_epoch},
    constants::GENESIS_SLOT,
    containers::{BeaconBlock, BeaconState, Checkpoint},
    error::{Error, ensure_equal},
    hash::hash_tree_root,
    math::Uint64 as _,
    phase::Phase,
    preset::Preset,
    transition::process_slots,
    types::{Epoch, Root, Slot, ValidatorIndex},
};

/// The latest vote of a validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatestMessage {
    /// The target epoch.
    pub epoch: Epoch,
    /// The block.
    pub root: Root,
}

/// A node's view of the chain.
#[derive(Clone, Debug)]
pub struct Store<P: Phase> {
    /// The current time, in Unix seconds.
    pub time: u64,
    /// The genesis time, in Unix seconds.
    pub genesis_time: u64,
    /// The justified checkpoint from which the search for the head starts.
    pub justified_checkpoint: Checkpoint,
    /// The latest finalized checkpoint.
    pub finalized_checkpoint: Checkpoint,
    /// A later justified checkpoint, which may have to wait for the next epoch.
    pub best_justified_checkpoint: Checkpoint,
    /// All blocks since the first, by root.
    pub blocks: BTreeMap<Root, BeaconBlock<P>>,
    /// The state after each block.
    pub block_states: BTreeMap<Root, BeaconState<P>>,
    /// The state at the start of each checkpoint's epoch.
    pub checkpoint_states: BTreeMap<Checkpoint, BeaconState<P>>,
    /// The latest vote of each validator.
    pub latest_messages: BTreeMap<ValidatorIndex, LatestMessage>,
    /// Phase 1: the store of each shard.
    pub shard_stores: P::ShardStores,
}

/// Returns a store that starts at a trusted state and its block.
///
/// # Errors
///
/// Fails if the block is not the state's.
pub fn get_forkchoice_store<P: Phase>(
    mut anchor_state: BeaconState<P>,
    anchor_block: BeaconBlock<P>,
) -> Result<Store<P>, Error> {
    ensure_equal(anchor_block.state_root, anchor_state.root(), |got, expected| Error::StateRoot {
        got,
        expected,
    })?;
    let anchor_root = hash_tree_root(&anchor_block);
    let checkpoint = Checkpoint { epoch: get_current_epoch(&anchor_state), root: anchor_root };
    let since_genesis = P::Preset::SECONDS_PER_SLOT.times(anchor_state.slot)?;
    Ok(Store {
        time: anchor_state.genesis_time.plus(since_genesis)?,
        genesis_time: anchor_state.genesis_time,
        justified_checkpoint: checkpoint,
        finalized_checkpoint: checkpoint,
        best_justified_checkpoint: checkpoint,
        blocks: BTreeMap::from([(anchor_root, anchor_block)]),
        block_states: BTreeMap::from([(anchor_root, anchor_state.clone())]),
        checkpoint_states: BTreeMap::from([(checkpoint, anchor_state.clone())]),
        latest_messages: BTreeMap::new(),
        shard_stores: P::new_shard_stores(&anchor_state)?,
    })
}

/// Returns the slot of the store's time.
///
/// # Errors
///
/// Fails if the store's time is before genesis.
pub fn get_current_slot<P: Phase>(store: &Store<P>) -> Result<Slot, Error> {
    let slots_since_genesis = store.time.minus(store.genesis_time)? / P::Preset::SECONDS_PER_SLOT;
    GENESIS_SLOT.plus(slots_since_genesis)
}

/// Returns the number of slots from the start of a slot's epoch to it.
#[must_use]
pub fn compute_slots_since_epoch_start<P: Phase>(slot: Slot) -> u64 {
    slot % P::Preset::SLOTS_PER_EPOCH
}

/// Returns the latest block of a chain at or before a slot.
///
/// # Errors
///
/// Fails if the store's chain does not reach back to the slot.
pub fn get_ancestor<P: Phase>(store: &Store<P>, root: Root, slot: Slot) -> Result<Root, Error> {
    let mut root = root;
    loop {
        let block = store.blocks.get(&root).ok_or(Error::UnknownBlock)?;
        if block.slot <= slot {
            return Ok(root);
        }
        root = block.parent_root;
    }
}

/// Sets the time. At the start of an epoch, the best justified checkpoint becomes the justified one.
///
/// # Errors
///
/// Fails if the time is before genesis.
pub fn on_tick<P: Phase>(store: &mut Store<P>, time: u64) -> Result<(), Error> {
    let previous_slot = get_current_slot(store)?;
    time.minus(store.genesis_time)?;
    store.time = time;
    let current_slot = get_current_slot(store)?;
    let is_new_epoch =
        current_slot > previous_slot && compute_slots_since_epoch_start::<P>(current_slot) == 0;
    if is_new_epoch && store.best_justified_checkpoint.epoch > store.justified_checkpoint.epoch {
        store.justified_checkpoint = store.best_justified_checkpoint;
    }
    Ok(())
}

/// Returns the epoch of the current slot.
///
/// # Errors
///
/// Fails if the store's time is before genesis.
pub fn current_epoch<P: Phase>(store: &Store<P>) -> Result<Epoch, Error> {
    Ok(compute_epoch_at_slot::<P>(get_current_slot(store)?))
}

/// Returns the first slot of a checkpoint's epoch.
pub(super) fn checkpoint_slot<P: Phase>(checkpoint: &Checkpoint) -> Result<Slot, Error> {
    compute_start_slot_at_epoch::<P>(checkpoint.epoch)
}

/// Returns the state at the start of a checkpoint's epoch, as `store_target_checkpoint_state` stores it.
///
/// The specification holds that state only once an attestation for the checkpoint has arrived, and finds no head
/// before. This function computes it.
///
/// # Errors
///
/// Fails if the checkpoint's block is unknown.
pub fn checkpoint_state<P: Phase>(
    store: &Store<P>,
    checkpoint: &Checkpoint,
) -> Result<BeaconState<P>, Error> {
    if let Some(state) = store.checkpoint_states.get(checkpoint) {
        return Ok(state.clone());
    }
    let mut state = store.block_states.get(&checkpoint.root).ok_or(Error::UnknownBlock)?.clone();
    let slot = checkpoint_slot::<P>(checkpoint)?;
    if state.slot < slot {
        process_slots(&mut state, slot)?;
    }
    Ok(state)
}
