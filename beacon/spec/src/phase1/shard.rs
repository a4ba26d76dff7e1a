//! Phase 1, "Shard state transition function".

use super::{
    BeaconState,
    accessors::{
        compute_offset_slots, compute_updated_gasprice, get_latest_slot_for_shard, get_shard_proposer_index,
    },
};
use crate::{
    accessors::{get_domain, pubkey},
    compute::{compute_epoch_at_slot, compute_signing_root},
    constants::{DOMAIN_SHARD_PROPOSAL, MAX_SHARD_BLOCK_SIZE},
    containers::{ShardBlock, ShardBlockHeader, ShardState, SignedShardBlock},
    error::{Error, ensure, ensure_equal},
    hash::hash_tree_root,
    math::Uint64 as _,
    phase::Phase1,
    preset::Preset,
    signatures::Signatures,
    types::{BLSSignature, Root},
};

/// Returns a shard's state after a block.
///
/// # Errors
///
/// Fails if the block is not valid after `shard_state` or on the beacon block of `beacon_parent_state`.
pub fn shard_state_transition<C: Preset>(
    shard_state: ShardState,
    signed_block: &SignedShardBlock,
    beacon_parent_state: &BeaconState<C>,
    signatures: &mut Signatures,
) -> Result<ShardState, Error> {
    verify_shard_block_message(beacon_parent_state, shard_state, &signed_block.message)?;
    verify_shard_block_signature(beacon_parent_state, signed_block, signatures)?;
    process_shard_block(shard_state, &signed_block.message)
}

/// Checks a shard block against its parents.
///
/// # Errors
///
/// Fails if the block does not fit its parents, slot or proposer, or if its body is empty or too long.
pub fn verify_shard_block_message<C: Preset>(
    beacon_parent_state: &BeaconState<C>,
    shard_parent_state: ShardState,
    block: &ShardBlock,
) -> Result<(), Error> {
    ensure_equal(block.shard_parent_root, shard_parent_state.latest_block_root, |got, expected| {
        Error::ShardBlockParent { got, expected }
    })?;
    let mut beacon_parent_block_header = beacon_parent_state.latest_block_header.clone();
    if beacon_parent_block_header.state_root == Root::ZERO {
        beacon_parent_block_header.state_root = beacon_parent_state.clone().root();
    }
    let beacon_parent_root = hash_tree_root(&beacon_parent_block_header);
    ensure_equal(block.beacon_parent_root, beacon_parent_root, |got, expected| {
        Error::ShardBlockBeaconParent { got, expected }
    })?;
    let latest_slot = get_latest_slot_for_shard(beacon_parent_state, block.shard)?;
    let offset_slots = compute_offset_slots(latest_slot, block.slot.plus(1)?)?;
    let wrong_slot = Error::ShardBlockSlot { got: block.slot, latest: latest_slot };
    ensure(offset_slots.contains(&block.slot), wrong_slot)?;
    let proposer_index = get_shard_proposer_index(beacon_parent_state, block.slot, block.shard)?;
    ensure_equal(block.proposer_index, proposer_index, |got, expected| Error::ShardBlockProposer {
        got,
        expected,
    })?;
    let length = block.body.len() as u64;
    let is_right = 0 < length && length <= MAX_SHARD_BLOCK_SIZE;
    ensure(is_right, Error::ShardBlockBody { got: length, expected: MAX_SHARD_BLOCK_SIZE })
}

/// Verifies the signature of a shard block.
///
/// # Errors
///
/// Fails if the signature is not the proposer's.
pub fn verify_shard_block_signature<C: Preset>(
    beacon_parent_state: &BeaconState<C>,
    signed_block: &SignedShardBlock,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let header = signed_block.message.header();
    verify_shard_header_signature(beacon_parent_state, &header, &signed_block.signature, signatures)
}

/// Verifies the signature of a shard block, given the block's header.
///
/// # Errors
///
/// Fails if the signature is not the proposer's.
pub fn verify_shard_header_signature<C: Preset>(
    beacon_parent_state: &BeaconState<C>,
    header: &ShardBlockHeader,
    signature: &BLSSignature,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let epoch = compute_epoch_at_slot::<Phase1<C>>(header.slot);
    let domain = get_domain(beacon_parent_state, DOMAIN_SHARD_PROPOSAL, Some(epoch));
    let signing_root = compute_signing_root(header, domain);
    let pubkey = || pubkey(beacon_parent_state, header.proposer_index);
    signatures.verify(pubkey, signing_root, signature, Error::ShardBlockSignature)
}

/// Returns a shard's state after a block.
///
/// # Errors
///
/// Fails if the gas price overflows.
pub fn process_shard_block(shard_state: ShardState, block: &ShardBlock) -> Result<ShardState, Error> {
    let length = block.body.len() as u64;
    let latest_block_root = if length == 0 { shard_state.latest_block_root } else { hash_tree_root(block) };
    Ok(ShardState {
        slot: block.slot,
        gasprice: compute_updated_gasprice(shard_state.gasprice, length)?,
        latest_block_root,
    })
}
