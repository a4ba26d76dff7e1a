//! Proofs about EEs, from the beacon block on which the shard block stands.
//!
//! The beacon chain keeps a ledger of EEs: their code, deposits, ether, and state root on each shard. Whoever makes a
//! block takes a proof from `outrider beacon prove` into the block data, and the EE verifies it against
//! [`context::beacon_root`]. So an EE can use the state of another EE, or its own on another shard, as it was when that
//! beacon block was proposed.
//!
//! ```
//! use outrider_sdk::{StateRoot, beacon::{self, Layout, ProofError}, context::{EeIndex, ShardIndex}};
//!
//! /// Takes over the state root of EE 3 on shard 1.
//! fn transition(_: StateRoot, block_data: &[u8]) -> Result<StateRoot, ProofError> {
//!     let proof = beacon::Proof::from_ssz_bytes(block_data)?;
//!     beacon::state_root(ShardIndex(1), EeIndex(3), &proof, Layout::MAINNET)
//! }
//! ```
//!
//! A [`SentLane`] and a [`SentReceipt`] go on from an execution root to a receipt, and [`settled_claims`] say whether it is
//! settled. A [`ReceiptLife`] has all proofs of a receipt, from the root of a beacon block.
//!
//! Claims about an earlier block take two proofs: [`earlier_block`] returns its root, and [`verify_from`] goes on from
//! there.

pub use outrider_beacon_proof::{
    BEACON_CHAIN, Claim, Fate, Layout, LifeError, Multiproof, Phase, Proof, ProofError, RECEIPT_DEPTH,
    RECEIPTS_PER_CLAIM, ReceiptLife, SHARDS_PER_CLAIM, SentLane, SentReceipt, Stage, StageError,
    VerifiedLife, VerifiedReceipt, is_settled, settled_claims,
};

use outrider_abi::{EeIndex, ShardIndex, StateRoot};
use outrider_beacon_proof::{earlier_block_claims, verify_claims_with};

use crate::{context, crypto};

/// Returns the leaf of a proof, if it proves the claim from [`context::beacon_root`]. [`Claim::uint64`] decodes an
/// amount or an epoch. The host computes the hashes, 3 to 43 of them.
///
/// # Errors
///
/// Fails if the proof does not prove the claim.
pub fn verify(claim: Claim, proof: &Proof, layout: Layout) -> Result<[u8; 32], ProofError> {
    verify_from(&context::beacon_root().0, claim, proof, layout)
}

/// Verifies as [`verify`] does, from the root of another block, such as that of [`earlier_block`].
///
/// # Errors
///
/// Fails if the proof does not prove the claim.
pub fn verify_from(
    block_root: &[u8; 32],
    claim: Claim,
    proof: &Proof,
    layout: Layout,
) -> Result<[u8; 32], ProofError> {
    claim.verify_with(proof, block_root, layout, hash)
}

/// Returns the state root of an EE on a shard, if a proof proves it from [`context::beacon_root`].
///
/// # Errors
///
/// Fails if the proof does not prove it, or if there can be no such EE or shard.
pub fn state_root(
    shard: ShardIndex,
    ee: EeIndex,
    proof: &Proof,
    layout: Layout,
) -> Result<StateRoot, ProofError> {
    let ee = u32::try_from(ee.0).map_err(|_| ProofError::NoPlace)?;
    verify(Claim::StateRoot { shard: shard.0, ee }, proof, layout).map(StateRoot)
}

/// Returns the root of the block of an earlier slot, or of the latest block before that slot if it had none, if a proof
/// proves it from [`context::beacon_root`]; `outrider beacon prove --slot` makes such proofs.
///
/// # Errors
///
/// Fails if the proof does not prove it, or if the slot is not one of the `SLOTS_PER_HISTORICAL_ROOT` before that of
/// the block.
pub fn earlier_block(slot: u64, proof: &Multiproof, layout: Layout) -> Result<[u8; 32], ProofError> {
    let claims = earlier_block_claims(slot);
    let leaves = verify_claims_with(&claims, proof, &context::beacon_root().0, layout, hash)?;
    leaves.last().copied().ok_or(ProofError::NoPlace)
}

fn hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut both = [0; 64];
    both[..32].copy_from_slice(left);
    both[32..].copy_from_slice(right);
    crypto::sha256(&both)
}
