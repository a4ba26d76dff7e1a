//! What is known, and what time it is.

use std::collections::BTreeMap;

use crate::{
    accessors::get_current_epoch,
    compute::{compute_epoch_at_slot, compute_start_slot_at_epoch},
    constants::GENESIS_SLOT,
    containers::{BeaconBlock, BeaconState, Checkpoint},
    error::{Error, ensure},
    hash::hash_tree_root,
    math::Uint64 as _,
    phase::Phase,
    preset::Preset,
    transition::process_slots,
    types::{Epoch, Root, Slot, ValidatorIndex},
};

/// What a validator attested last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatestMessage {
    /// In which epoch.
    pub epoch: Epoch,
    /// For which block.
    pub root: Root,
}

/// What is known of the chain.
#[derive(Clone, Debug)]
pub struct Store<P: Phase> {
    /// What time it is, in seconds.
    pub time: u64,
    /// When genesis was.
    pub genesis_time: u64,
    /// The justified checkpoint from which the head is sought.
    pub justified_checkpoint: Checkpoint,
    /// The latest final checkpoint.
    pub finalized_checkpoint: Checkpoint,
    /// A later justified checkpoint, which may have to wait for the next epoch.
    pub best_justified_checkpoint: Checkpoint,
    /// All blocks since the first, by root.
    pub blocks: BTreeMap<Root, BeaconBlock<P>>,
    /// The state after each.
    pub block_states: BTreeMap<Root, BeaconState<P>>,
    /// The state at the start of each checkpoint's epoch.
    pub checkpoint_states: BTreeMap<Checkpoint, BeaconState<P>>,
    /// What each validator attested last.
    pub latest_messages: BTreeMap<ValidatorIndex, LatestMessage>,
    /// Phase 1: what is known of each shard.
    pub shard_stores: P::ShardStores,
}

/// `get_forkchoice_store`: returns what is known with a trusted state and its block.
///
/// # Errors
///
/// If the block is not the state's.
pub fn get_forkchoice_store<P: Phase>(
    mut anchor_state: BeaconState<P>,
    anchor_block: BeaconBlock<P>,
) -> Result<Store<P>, Error> {
    ensure(anchor_block.state_root == anchor_state.root(), Error::StateRoot)?;
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

/// `get_current_slot`.
///
/// # Errors
///
/// Before genesis.
pub fn get_current_slot<P: Phase>(store: &Store<P>) -> Result<Slot, Error> {
    let slots_since_genesis = store.time.minus(store.genesis_time)? / P::Preset::SECONDS_PER_SLOT;
    GENESIS_SLOT.plus(slots_since_genesis)
}

/// `compute_slots_since_epoch_start`.
#[must_use]
pub fn compute_slots_since_epoch_start<P: Phase>(slot: Slot) -> u64 {
    slot % P::Preset::SLOTS_PER_EPOCH
}

/// `get_ancestor`: returns the latest block of a chain at or before a slot; of a chain that is shorter, its last block.
///
/// # Errors
///
/// If the chain does not go back as far.
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

/// `on_tick`: says what time it is. With a new epoch, a better justified checkpoint comes to bear.
///
/// # Errors
///
/// Before genesis.
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
/// If the store's time is before genesis.
pub fn current_epoch<P: Phase>(store: &Store<P>) -> Result<Epoch, Error> {
    Ok(compute_epoch_at_slot::<P>(get_current_slot(store)?))
}

/// The first slot of a checkpoint's epoch.
pub(super) fn checkpoint_slot<P: Phase>(checkpoint: &Checkpoint) -> Result<Slot, Error> {
    compute_start_slot_at_epoch::<P>(checkpoint.epoch)
}

/// `store_target_checkpoint_state`, but for the storing: returns the state at the start of a checkpoint's epoch.
///
/// The specification has that state only once somebody has attested the checkpoint in a call of its own, and until
/// then no head after it; here it is computed.
///
/// # Errors
///
/// If the checkpoint's block is not known.
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
