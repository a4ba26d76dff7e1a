//! The verification of several claims at once, and of claims about earlier blocks.

use alloc::vec::Vec;

use super::{Claim, Hash, Layout, Multiproof, ProofError};

/// Returns the leaves of a multiproof in the order of the claims, if it proves all of them.
///
/// The root of a slot is proven only beside the block's slot, [`Claim::Slot`] or [`Claim::BlockSlot`], and if the block
/// knows it: the execution roots of the 256 slots that end with the block's, and the block roots of the
/// `SLOTS_PER_HISTORICAL_ROOT` slots before it.
///
/// # Errors
///
/// Fails if the proof does not prove a claim.
pub fn verify_claims(
    claims: &[Claim],
    proof: &Multiproof,
    block_root: &Hash,
    layout: Layout,
) -> Result<Vec<Hash>, ProofError> {
    verify_claims_with(claims, proof, block_root, layout, super::hash)
}

/// Verifies as [`verify_claims`] does, with another implementation of [`hash`](super::hash), such as the host's in an
/// EE.
///
/// # Errors
///
/// Fails if the proof does not prove a claim.
pub fn verify_claims_with(
    claims: &[Claim],
    proof: &Multiproof,
    block_root: &Hash,
    layout: Layout,
    hash: impl Fn(&Hash, &Hash) -> Hash,
) -> Result<Vec<Hash>, ProofError> {
    let gindices = claims.iter().map(|claim| claim.gindex(layout)).collect::<Result<Vec<_>, _>>()?;
    let leaves = proof.verify_with(block_root, &gindices, hash)?;
    let is_slot = |(claim, _): &(&Claim, &Hash)| matches!(claim, Claim::Slot | Claim::BlockSlot);
    let latest = claims.iter().zip(&leaves).find(is_slot).map(|(_, leaf)| Claim::uint64(leaf));
    for (slot, first, n_slots) in claims.iter().filter_map(|claim| claim.slot(layout)) {
        let latest = latest.ok_or(ProofError::SlotNeeded)?;
        let is_known = latest.checked_sub(slot).and_then(|age| age.checked_sub(first));
        if is_known.is_none_or(|place| place >= n_slots) {
            return Err(ProofError::SlotNotRecent { got: slot, latest, n_slots });
        }
    }
    Ok(leaves)
}

/// Returns the claims that prove the root of the block of an earlier slot.
#[must_use]
pub fn earlier_block_claims(slot: u64) -> [Claim; 2] {
    [Claim::BlockSlot, Claim::BlockRoot { slot }]
}

/// Returns the root of the block of an earlier slot, or of the latest block before that slot if it had none, if a proof
/// of [`earlier_block_claims`] proves it from the root of a later block. Any claim about the earlier block can then be
/// verified from the result, also about a block that is earlier still.
///
/// # Errors
///
/// Fails if the proof does not prove it, or if the slot is not one of the `SLOTS_PER_HISTORICAL_ROOT` before the block's.
pub fn verify_earlier_block(
    slot: u64,
    proof: &Multiproof,
    block_root: &Hash,
    layout: Layout,
) -> Result<Hash, ProofError> {
    let leaves = verify_claims(&earlier_block_claims(slot), proof, block_root, layout)?;
    leaves.last().copied().ok_or(ProofError::NoPlace)
}
