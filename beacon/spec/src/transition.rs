//! Phase 0, "Beacon chain state transition function".

use crate::{
    accessors::{get_domain, pubkey},
    compute::compute_signing_root,
    constants::DOMAIN_BEACON_PROPOSER,
    containers::{BeaconState, SignedBeaconBlock},
    error::{Error, ensure, ensure_equal},
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::Phase,
    preset::Preset,
    signatures::Signatures,
    types::{Root, Slot},
};

/// Returns the state after a block, and verifies all its signatures at once.
///
/// A copy of a state is cheap, so a caller that needs the pre-state clones it. Advancing to a slot takes time in
/// proportion to the distance: before processing a block of somebody else, a caller checks that its slot has come, as
/// [`on_block`](crate::fork_choice::on_block) does.
///
/// # Errors
///
/// Fails if the block is not valid after the state.
pub fn state_transition<P: Phase>(
    state: BeaconState<P>,
    signed_block: &SignedBeaconBlock<P>,
) -> Result<BeaconState<P>, Error> {
    state_transition_with(state, signed_block, Signatures::batch())
}

/// Returns the state after a block, as [`state_transition`] does, with a choice of how to verify signatures.
///
/// # Errors
///
/// Fails if the block is not valid after the state.
pub fn state_transition_with<P: Phase>(
    state: BeaconState<P>,
    signed_block: &SignedBeaconBlock<P>,
    signatures: Signatures,
) -> Result<BeaconState<P>, Error> {
    state_transition_by(state, signed_block, signatures, P::process_epoch)
}

/// Returns the state after a block, with a choice of how to verify signatures and process epochs.
///
/// # Errors
///
/// Fails if the block is invalid.
pub fn state_transition_by<P: Phase>(
    mut state: BeaconState<P>,
    signed_block: &SignedBeaconBlock<P>,
    mut signatures: Signatures,
    process_epoch: impl Fn(&mut BeaconState<P>) -> Result<(), Error>,
) -> Result<BeaconState<P>, Error> {
    let block = &signed_block.message;
    process_slots_by(&mut state, block.slot, process_epoch)?;
    verify_block_signature(&state, signed_block, &mut signatures)?;
    P::process_block(&mut state, block, &mut signatures)?;
    signatures.finish()?;
    ensure_equal(block.state_root, state.root(), |got, expected| Error::StateRoot { got, expected })?;
    Ok(state)
}

/// Verifies the signature of a block.
///
/// # Errors
///
/// Fails if there is no such proposer, or if the signature is not the proposer's.
pub fn verify_block_signature<P: Phase>(
    state: &BeaconState<P>,
    signed_block: &SignedBeaconBlock<P>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let proposer_index = signed_block.message.proposer_index;
    let signing_root =
        compute_signing_root(&signed_block.message, get_domain(state, DOMAIN_BEACON_PROPOSER, None));
    let pubkey = || pubkey(state, proposer_index);
    signatures.verify(pubkey, signing_root, &signed_block.signature, Error::BlockSignature)
}

/// Advances a state to a slot.
///
/// # Errors
///
/// Fails if the slot is not later than the state's.
pub fn process_slots<P: Phase>(state: &mut BeaconState<P>, slot: Slot) -> Result<(), Error> {
    process_slots_by(state, slot, P::process_epoch)
}

fn process_slots_by<P: Phase>(
    state: &mut BeaconState<P>,
    slot: Slot,
    process_epoch: impl Fn(&mut BeaconState<P>) -> Result<(), Error>,
) -> Result<(), Error> {
    ensure(state.slot < slot, Error::SlotNotLater { got: slot, expected: state.slot })?;
    while state.slot < slot {
        process_slot(state)?;
        let next_slot = state.slot.plus(1)?;
        if next_slot % P::Preset::SLOTS_PER_EPOCH == 0 {
            process_epoch(state)?;
        }
        state.slot = next_slot;
    }
    Ok(())
}

/// Records the roots of the slot's state and block.
///
/// # Errors
///
/// Never: the vectors have a place for each slot.
pub fn process_slot<P: Phase>(state: &mut BeaconState<P>) -> Result<(), Error> {
    let place = index(state.slot % P::Preset::SLOTS_PER_HISTORICAL_ROOT);
    let previous_state_root = state.root();
    *state.state_roots.get_mut(place).ok_or(Error::IndexOutOfRange)? = previous_state_root;
    if state.latest_block_header.state_root == Root::ZERO {
        state.latest_block_header.state_root = previous_state_root;
    }
    let previous_block_root = hash_tree_root(&state.latest_block_header);
    *state.block_roots.get_mut(place).ok_or(Error::IndexOutOfRange)? = previous_block_root;
    Ok(())
}
