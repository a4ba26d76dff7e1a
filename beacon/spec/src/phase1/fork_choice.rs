//! Phase 1, shard fork choice: LMD GHOST among the blocks of a shard since its last crosslink.
//!
//! This module follows the specification to the letter. Any committee member can vote for an unknown block, and that
//! leaves a shard without a head for good. The node in `outrider-beacon` is not affected.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    BeaconState,
    accessors::compute_previous_slot,
    shard::{process_shard_block, verify_shard_block_message, verify_shard_block_signature},
};
use crate::{
    accessors::{get_active_validator_indices, get_current_epoch, validator},
    compute::compute_start_slot_at_epoch,
    containers::{ShardBlock, ShardState, SignedShardBlock},
    error::{Error, ensure, ensure_equal},
    fork_choice::{LatestMessage, Store, checkpoint_state, get_ancestor, get_head},
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::Phase1,
    preset::Preset,
    signatures::Signatures,
    types::{Gwei, Root, Shard, Slot, ValidatorIndex},
};

/// A node's view of a shard.
#[derive(Clone, Debug)]
pub struct ShardStore {
    /// The shard.
    pub shard: Shard,
    /// The shard's blocks, by root. Nodes in one process can share them.
    pub signed_blocks: BTreeMap<Root, Arc<SignedShardBlock>>,
    /// The state after each block.
    pub block_states: BTreeMap<Root, ShardState>,
    /// The latest vote of each validator.
    pub latest_messages: BTreeMap<ValidatorIndex, LatestMessage>,
}

/// Returns a store of a shard that starts at a trusted state.
///
/// # Errors
///
/// Fails if there is no such shard.
pub fn get_forkchoice_shard_store<C: Preset>(
    anchor_state: &BeaconState<C>,
    shard: Shard,
) -> Result<ShardStore, Error> {
    let shard_state = *anchor_state.shard_states.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
    let root = shard_state.latest_block_root;
    let slot = compute_previous_slot(anchor_state.slot);
    let anchor_block = SignedShardBlock {
        message: ShardBlock { slot, shard, ..ShardBlock::default() },
        ..SignedShardBlock::default()
    };
    Ok(ShardStore {
        shard,
        signed_blocks: BTreeMap::from([(root, Arc::new(anchor_block))]),
        block_states: BTreeMap::from([(root, shard_state)]),
        latest_messages: BTreeMap::new(),
    })
}

/// Returns the store of a shard.
///
/// # Errors
///
/// Fails if there is no such shard.
pub fn shard_store<C: Preset>(store: &Store<Phase1<C>>, shard: Shard) -> Result<&ShardStore, Error> {
    store.shard_stores.get(&shard).ok_or(Error::IndexOutOfRange)
}

/// Returns the latest block of a shard's chain at or before a slot.
///
/// # Errors
///
/// Fails if the store's chain does not reach back to the slot.
pub fn get_shard_ancestor(shard_store: &ShardStore, root: Root, slot: Slot) -> Result<Root, Error> {
    let mut root = root;
    loop {
        let block = &shard_store.signed_blocks.get(&root).ok_or(Error::UnknownBlock)?.message;
        if block.slot <= slot {
            return Ok(root);
        }
        root = block.shard_parent_root;
    }
}

/// Returns the stake behind a shard's block.
///
/// # Errors
///
/// Fails if a validator's latest vote is for an unknown block.
pub fn get_shard_latest_attesting_balance<C: Preset>(
    store: &Store<Phase1<C>>,
    shard: Shard,
    root: Root,
) -> Result<Gwei, Error> {
    let shard_store = shard_store(store, shard)?;
    let slot = shard_store.signed_blocks.get(&root).ok_or(Error::UnknownBlock)?.message.slot;
    let state = &checkpoint_state(store, &store.justified_checkpoint)?;
    let mut balance = 0_u64;
    for index in get_active_validator_indices(state, get_current_epoch(state)).iter() {
        let Some(message) = shard_store.latest_messages.get(index) else { continue };
        if get_shard_ancestor(shard_store, message.root, slot)? == root {
            balance = balance.plus(validator(state, *index)?.effective_balance)?;
        }
    }
    Ok(balance)
}

/// Returns a shard's state at the head of the beacon chain.
///
/// # Errors
///
/// Fails if there is no such shard, or if the beacon chain has no head.
pub fn crosslinked_state<C: Preset>(store: &Store<Phase1<C>>, shard: Shard) -> Result<ShardState, Error> {
    let beacon_head_root = get_head(store)?;
    let beacon_head_state = store.block_states.get(&beacon_head_root).ok_or(Error::UnknownBlock)?;
    beacon_head_state.shard_states.get(index(shard)).copied().ok_or(Error::IndexOutOfRange)
}

/// Returns a shard's head: starts at the latest crosslink and follows the child with most stake behind it.
///
/// # Errors
///
/// Fails if there is no such shard, or if a validator's latest vote is for an unknown block.
pub fn get_shard_head<C: Preset>(store: &Store<Phase1<C>>, shard: Shard) -> Result<Root, Error> {
    let shard_store = shard_store(store, shard)?;
    let shard_head_state = crosslinked_state(store, shard)?;
    let mut shard_head_root = shard_head_state.latest_block_root;
    loop {
        let mut heaviest: Option<(Gwei, Root)> = None;
        for (root, signed_block) in &shard_store.signed_blocks {
            let block = &signed_block.message;
            if block.slot > shard_head_state.slot && block.shard_parent_root == shard_head_root {
                let balance = get_shard_latest_attesting_balance(store, shard, *root)?;
                heaviest = heaviest.max(Some((balance, *root)));
            }
        }
        let Some((_, root)) = heaviest else { return Ok(shard_head_root) };
        shard_head_root = root;
    }
}

/// Returns the blocks from a shard's latest crosslink to its head.
///
/// # Errors
///
/// Fails if there is no such shard, or if the head does not descend from the crosslink.
pub fn get_pending_shard_blocks<C: Preset>(
    store: &Store<Phase1<C>>,
    shard: Shard,
) -> Result<Vec<Arc<SignedShardBlock>>, Error> {
    let latest_shard_block_root = crosslinked_state(store, shard)?.latest_block_root;
    let head = get_shard_head(store, shard)?;
    blocks_between(shard_store(store, shard)?, latest_shard_block_root, head)
}

/// Returns the blocks after `start` up to `end`, in order.
///
/// # Errors
///
/// Fails if a block is unknown.
pub fn blocks_between(
    shard_store: &ShardStore,
    start: Root,
    end: Root,
) -> Result<Vec<Arc<SignedShardBlock>>, Error> {
    let mut root = end;
    let mut signed_shard_blocks = Vec::new();
    while root != start {
        let signed_shard_block = shard_store.signed_blocks.get(&root).ok_or(Error::UnknownBlock)?;
        signed_shard_blocks.push(signed_shard_block.clone());
        root = signed_shard_block.message.shard_parent_root;
    }
    signed_shard_blocks.reverse();
    Ok(signed_shard_blocks)
}

/// Adds a shard block.
///
/// # Errors
///
/// Fails if the block's parents are unknown, if it does not descend from the finalized block, or if it is invalid.
pub fn on_shard_block<C: Preset>(
    store: &mut Store<Phase1<C>>,
    signed_shard_block: &SignedShardBlock,
) -> Result<(), Error> {
    let shard_state = verify_shard_block(store, signed_shard_block, &mut Signatures::Each)?;
    insert_shard_block(store, Arc::new(signed_shard_block.clone()), shard_state)
}

/// Makes all checks of [`on_shard_block`]; returns the shard's state after the block.
///
/// # Errors
///
/// Fails as [`on_shard_block`] does.
pub fn verify_shard_block<C: Preset>(
    store: &Store<Phase1<C>>,
    signed_shard_block: &SignedShardBlock,
    signatures: &mut Signatures,
) -> Result<ShardState, Error> {
    let shard_block = &signed_shard_block.message;
    let shard_parent_state = verify_shard_block_place(store, shard_block)?;
    let beacon_parent_state =
        store.block_states.get(&shard_block.beacon_parent_root).ok_or(Error::UnknownParent)?;
    verify_shard_block_signature(beacon_parent_state, signed_shard_block, signatures)?;
    process_shard_block(shard_parent_state, shard_block)
}

/// Makes the checks of [`on_shard_block`] before that of the signature, which do not read the body; returns the shard's
/// state after the parent.
///
/// # Errors
///
/// Fails if the block's parents are unknown, if it does not descend from the finalized block, or if it does not fit
/// its parents, slot or proposer.
pub fn verify_shard_block_place<C: Preset>(
    store: &Store<Phase1<C>>,
    shard_block: &ShardBlock,
) -> Result<ShardState, Error> {
    let shard = shard_block.shard;
    let shard_parent_state = *shard_store(store, shard)?
        .block_states
        .get(&shard_block.shard_parent_root)
        .ok_or(Error::UnknownParent)?;
    let beacon_parent_state =
        store.block_states.get(&shard_block.beacon_parent_root).ok_or(Error::UnknownParent)?;

    let finalized_checkpoint = store.finalized_checkpoint;
    let finalized_state = store.block_states.get(&finalized_checkpoint.root).ok_or(Error::UnknownBlock)?;
    let finalized_shard_state =
        finalized_state.shard_states.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
    let (got, expected) = (shard_block.slot, finalized_shard_state.slot);
    ensure(got > expected, Error::NotAfterFinalized { got, expected })?;
    let finalized_slot = compute_start_slot_at_epoch::<Phase1<C>>(finalized_checkpoint.epoch)?;
    let ancestor = get_ancestor(store, shard_block.beacon_parent_root, finalized_slot)?;
    let finalized_root = finalized_checkpoint.root;
    ensure_equal(ancestor, finalized_root, |got, expected| Error::NotOnFinalized { got, expected })?;

    verify_shard_block_message(beacon_parent_state, shard_parent_state, shard_block)?;
    Ok(shard_parent_state)
}

/// Adds a shard block that passed [`verify_shard_block`], with the shard's state after it.
///
/// # Errors
///
/// Fails if there is no such shard.
pub fn insert_shard_block<C: Preset>(
    store: &mut Store<Phase1<C>>,
    signed_shard_block: Arc<SignedShardBlock>,
    shard_state: ShardState,
) -> Result<(), Error> {
    let shard = signed_shard_block.message.shard;
    let root = hash_tree_root(&signed_shard_block.message);
    let shard_store = store.shard_stores.get_mut(&shard).ok_or(Error::IndexOutOfRange)?;
    shard_store.signed_blocks.insert(root, signed_shard_block);
    shard_store.block_states.insert(root, shard_state);
    Ok(())
}
