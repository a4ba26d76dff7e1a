//! Attestations in the fork choice.

use super::store::{
    LatestMessage, Store, checkpoint_slot, checkpoint_state, current_epoch, get_ancestor, get_current_slot,
};
use crate::{
    accessors::get_indexed_attestation,
    block::attestation::check_target,
    containers::Attestation,
    error::{Error, ensure, ensure_equal},
    math::Uint64 as _,
    phase::Phase,
    predicates::is_valid_indexed_attestation,
    signatures::Signatures,
};

/// Adds an attestation from a block or the network.
///
/// As in the specification, this computes the target's state before it verifies the signature, and accepts votes on
/// any shard. The node in `outrider-beacon` does neither.
///
/// # Errors
///
/// Fails if the attestation's slot has not passed, if its blocks are unknown or do not fit, or if it is invalid. An
/// attestation that is too early may be valid later.
pub fn on_attestation<P: Phase>(store: &mut Store<P>, attestation: &Attestation<P>) -> Result<(), Error> {
    validate_on_attestation(store, attestation)?;
    let target = attestation.data.target;
    let target_state = checkpoint_state(store, &target)?;
    let indexed_attestation = get_indexed_attestation(&target_state, attestation)?;
    is_valid_indexed_attestation(&target_state, &indexed_attestation, &mut Signatures::Each)?;
    store.checkpoint_states.entry(target).or_insert(target_state);
    update_latest_messages(store, &indexed_attestation.attesting_indices, attestation)
}

/// Checks an attestation against the store's blocks and time, but not its signature.
///
/// # Errors
///
/// Fails if a check does not hold.
pub fn validate_on_attestation<P: Phase>(
    store: &Store<P>,
    attestation: &Attestation<P>,
) -> Result<(), Error> {
    let data = &attestation.data;
    let target = data.target;
    let current_epoch = current_epoch(store)?;
    let previous_epoch = current_epoch.saturating_sub(1);
    check_target(data, previous_epoch, current_epoch)?;
    ensure(store.blocks.contains_key(&target.root), Error::UnknownBlock)?;
    let head = store.blocks.get(&data.beacon_block_root).ok_or(Error::UnknownBlock)?;
    ensure(head.slot <= data.slot, Error::HeadAfterAttestation { got: head.slot, expected: data.slot })?;
    let ancestor = get_ancestor(store, data.beacon_block_root, checkpoint_slot::<P>(&target)?)?;
    ensure_equal(target.root, ancestor, |got, expected| Error::TargetNotAncestor { got, expected })?;
    let current_slot = get_current_slot(store)?;
    let too_early = Error::AttestationEarly { got: data.slot, expected: current_slot };
    ensure(current_slot >= data.slot.plus(1)?, too_early)
}

/// Replaces each attester's latest message if the attestation's target epoch is later.
///
/// # Errors
///
/// Fails if the attestation is for a shard that does not exist.
pub fn update_latest_messages<P: Phase>(
    store: &mut Store<P>,
    attesting_indices: &[u64],
    attestation: &Attestation<P>,
) -> Result<(), Error> {
    let data = &attestation.data;
    let message = LatestMessage { epoch: data.target.epoch, root: data.beacon_block_root };
    let is_later =
        |index: &u64| store.latest_messages.get(index).is_none_or(|latest| message.epoch > latest.epoch);
    let later: Vec<u64> = attesting_indices.iter().copied().filter(is_later).collect();
    P::update_shard_messages(&mut store.shard_stores, &later, data)?;
    store.latest_messages.extend(later.into_iter().map(|index| (index, message)));
    Ok(())
}
