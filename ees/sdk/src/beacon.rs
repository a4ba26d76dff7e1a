//! Proofs about EEs, from the beacon block on which the shard block stands.
//!
//! The beacon chain keeps a ledger of EEs: their code, deposits, ether, and state root on each shard. Whoever makes a
//! block takes a proof from `outrider beacon prove` into the block data, and the EE verifies it against
//! [`context::beacon_root`]. So an EE can use the state of another EE, or its own on another shard, as it was when that
//! beacon block was proposed.
//!
//! ```
//! use outrider_sdk::{StateRoot, beacon::{self, Phase, ProofError}, context::{EeIndex, ShardIndex}};
//!
//! /// Takes over the state root of EE 3 on shard 1.
//! fn transition(_: StateRoot, block_data: &[u8]) -> Result<StateRoot, ProofError> {
//!     let proof = beacon::Proof::from_ssz_bytes(block_data)?;
//!     beacon::state_root(ShardIndex(1), EeIndex(3), &proof, Phase::Phase1)
//! }
//! ```

pub use outrider_beacon_proof::{Claim, Phase, Proof, ProofError};

use outrider_abi::{EeIndex, ShardIndex, StateRoot};

use crate::{context, crypto};

/// Returns the leaf of a proof, if it proves the claim from [`context::beacon_root`]. [`Claim::uint64`] decodes an
/// amount. The host computes the hashes, 32 to 43 of them.
///
/// # Errors
///
/// Fails if the proof does not prove the claim.
pub fn verify(claim: Claim, proof: &Proof, phase: Phase) -> Result<[u8; 32], ProofError> {
    claim.verify_with(proof, &context::beacon_root().0, phase, |left, right| {
        let mut both = [0; 64];
        both[..32].copy_from_slice(left);
        both[32..].copy_from_slice(right);
        crypto::sha256(&both)
    })
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
    phase: Phase,
) -> Result<StateRoot, ProofError> {
    let ee = u32::try_from(ee.0).map_err(|_| ProofError::NoPlace)?;
    verify(Claim::StateRoot { shard: shard.0, ee }, proof, phase).map(StateRoot)
}
