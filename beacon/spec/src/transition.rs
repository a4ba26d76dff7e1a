//! Phase 0, "Beacon chain state transition function".

use crate::{
    accessors::{get_domain, pubkey},
    compute::compute_signing_root,
    constants::DOMAIN_BEACON_PROPOSER,
    containers::{BeaconState, SignedBeaconBlock},
    error::{Error, ensure},
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::Phase,
    preset::Preset,
    signatures::Signatures,
    types::{Root, Slot},
};

/// `state_transition`: returns the state after a block. All signatures in it are verified at once.
///
/// A copy of a state costs little; whoever wants to go on from the state before the block clones it. To get to a
/// slot takes time in proportion to it: whoever takes blocks from others checks before that their slot has come, as
/// [`on_block`](crate::fork_choice::on_block) does.
///
/// # Errors
///
/// If the block is not valid after the state.
pub fn state_transition<P: Phase>(
    state: BeaconState<P>,
    signed_block: &SignedBeaconBlock<P>,
) -> Result<BeaconState<P>, Error> {
    state_transition_with(state, signed_block, Signatures::batch())
}

/// `state_transition`, with a say in how signatures are verified.
///
/// # Errors
///
/// If the block is not valid after the state.
pub fn state_transition_with<P: Phase>(
    state: BeaconState<P>,
    signed_block: &SignedBeaconBlock<P>,
    signatures: Signatures,
) -> Result<BeaconState<P>, Error> {
    state_transition_by(state, signed_block, signatures, P::process_epoch)
}

/// `state_transition`, with a say in how signatures are verified and epochs processed.
///
/// # Errors
///
/// If the block is invalid.
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
    ensure(block.state_root == state.root(), Error::StateRoot)?;
    Ok(state)
}

/// `verify_block_signature`.
///
/// # Errors
///
/// If there is no such proposer, or the signature is not its own.
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

/// `process_slots`: lets time pass until a slot.
///
/// # Errors
///
/// If the slot is not later than the state's.
pub fn process_slots<P: Phase>(state: &mut BeaconState<P>, slot: Slot) -> Result<(), Error> {
    process_slots_by(state, slot, P::process_epoch)
}

fn process_slots_by<P: Phase>(
    state: &mut BeaconState<P>,
    slot: Slot,
    process_epoch: impl Fn(&mut BeaconState<P>) -> Result<(), Error>,
) -> Result<(), Error> {
    ensure(state.slot < slot, Error::SlotNotLater)?;
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

/// `process_slot`: puts down the roots of the slot's state and block.
///
/// # Errors
///
/// Never: there is a place for each slot.
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
