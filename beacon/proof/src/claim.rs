//! Claims that can be proven from the root of a beacon block, and their places in its tree.
//!
//! From the top, with the number of hashes of each step:
//!
//! | step | phase 0 | phase 1 |
//! |---|---|---|
//! | block, body, graffiti | 3 + 3 | 3 + 4 |
//! | the graffiti is the root of the `LedgerCommitment`, whose first field is the ledger's root | 1 | 1 |
//! | the ledger has eight fields | 3 | 3 |
//! | a field of an EE's record in the registry | 1 + 16, 4 | 1 + 16, 4 |
//! | the EEs of a shard | 1 + 10, 3 | 1 + 10, 3 |
//! | root or balance of an EE on the shard | 1 + 16, 1 | 1 + 16, 1 |
//! | the execution root of a shard for a slot | 8 | 8 |

use alloc::vec::Vec;

use super::{Hash, Multiproof, Proof, ProofError};

/// The phase of a block: in phase 0, its body has one level less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Phase 0.
    Phase0,
    /// Phase 1.
    Phase1,
}

/// A statement about the ledger that a proof can support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The hash of an EE's code.
    CodeHash {
        /// The EE.
        ee: u32,
    },
    /// The ether that is locked for an EE, in Gwei.
    Deposit {
        /// The EE.
        ee: u32,
    },
    /// The root of an EE's state on a shard.
    StateRoot {
        /// The shard.
        shard: u64,
        /// The EE.
        ee: u32,
    },
    /// The ether of an EE on a shard, in Gwei.
    Balance {
        /// The shard.
        shard: u64,
        /// The EE.
        ee: u32,
    },
    /// The slot of the beacon block.
    Slot,
    /// The execution root of a shard's block in one of the last 256 slots, or zero if it had none. Slots with the same
    /// remainder share a place in the tree, so a proof needs [`Claim::Slot`], too: see [`verify_claims`].
    ExecutionRoot {
        /// The shard.
        shard: u64,
        /// The slot.
        slot: u64,
    },
}

/// `body.graffiti` in a block: field 4 of 5, field 2 of 8 or 16.
const GRAFFITI: [u64; 2] = [12 * 8 + 2, 12 * 16 + 2];
/// The ledger's root in the commitment.
const LEDGER_ROOT: u64 = 2;
/// Fields of the ledger.
const SLOT: u64 = 8;
const EES: u64 = 8 + 1;
const SHARDS: u64 = 8 + 2;
/// Fields of a record.
const CODE_HASH: u64 = 16;
const DEPOSIT: u64 = 16 + 5;
/// Fields of what is known of a shard.
const SHARD_EES: u64 = 8 + 2;
const RECENT: u64 = 8 + 3;
/// Fields of an EE's state on a shard.
const STATE_ROOT: u64 = 2;
const BALANCE: u64 = 3;
/// Limits of lists, and the length of the vector of recent roots.
const MAX_EES: u64 = 1 << 16;
const MAX_SHARDS: u64 = 1 << 10;
const RECENT_SLOTS: u64 = 256;

impl Claim {
    /// Returns the generalized index of the claim in a block's tree.
    ///
    /// # Errors
    ///
    /// Fails with [`ProofError::NoPlace`] if the index of the EE or shard is out of range.
    pub fn gindex(self, phase: Phase) -> Result<u64, ProofError> {
        let [phase_0, phase_1] = GRAFFITI;
        let graffiti = match phase {
            Phase::Phase0 => phase_0,
            Phase::Phase1 => phase_1,
        };
        let ledger = below(graffiti, LEDGER_ROOT);
        let record = |ee| Ok(below(below(ledger, EES), element(ee, MAX_EES)?));
        let on_shard = |shard| Ok(below(below(ledger, SHARDS), element(shard, MAX_SHARDS)?));
        let ee_on_shard = |shard, ee| Ok(below(below(on_shard(shard)?, SHARD_EES), element(ee, MAX_EES)?));
        Ok(match self {
            Self::CodeHash { ee } => below(record(u64::from(ee))?, CODE_HASH),
            Self::Deposit { ee } => below(record(u64::from(ee))?, DEPOSIT),
            Self::StateRoot { shard, ee } => below(ee_on_shard(shard, u64::from(ee))?, STATE_ROOT),
            Self::Balance { shard, ee } => below(ee_on_shard(shard, u64::from(ee))?, BALANCE),
            Self::Slot => below(ledger, SLOT),
            Self::ExecutionRoot { shard, slot } => {
                below(below(on_shard(shard)?, RECENT), RECENT_SLOTS + slot % RECENT_SLOTS)
            }
        })
    }

    /// Returns the leaf of a proof, if it proves the claim; [`uint64`](Self::uint64) decodes an amount or a slot.
    ///
    /// # Errors
    ///
    /// Fails if the proof does not prove the claim. No single proof proves an execution root.
    pub fn verify(self, proof: &Proof, block_root: &Hash, phase: Phase) -> Result<Hash, ProofError> {
        self.verify_with(proof, block_root, phase, super::hash)
    }

    /// Verifies as [`verify`](Self::verify) does, with another implementation of [`hash`](super::hash), such as the
    /// host's in an EE.
    ///
    /// # Errors
    ///
    /// Fails if the proof does not prove the claim.
    pub fn verify_with(
        self,
        proof: &Proof,
        block_root: &Hash,
        phase: Phase,
        hash: impl Fn(&Hash, &Hash) -> Hash,
    ) -> Result<Hash, ProofError> {
        if let Self::ExecutionRoot { .. } = self {
            return Err(ProofError::SlotNeeded);
        }
        proof.verify_with(block_root, self.gindex(phase)?, hash).copied()
    }

    /// Returns the amount or slot in a leaf: its first eight bytes, little-endian.
    #[must_use]
    pub fn uint64(leaf: &Hash) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = *leaf;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

/// Returns the leaves of a multiproof in the order of the claims, if it proves all of them.
///
/// An execution root is proven only beside [`Claim::Slot`], and if its slot is one of the 256 that end with that one.
///
/// # Errors
///
/// Fails if the proof does not prove a claim.
pub fn verify_claims(
    claims: &[Claim],
    proof: &Multiproof,
    block_root: &Hash,
    phase: Phase,
) -> Result<Vec<Hash>, ProofError> {
    let gindices = claims.iter().map(|claim| claim.gindex(phase)).collect::<Result<Vec<_>, _>>()?;
    let leaves = proof.verify(block_root, &gindices)?;
    let is_slot = |(claim, _): &(&Claim, &Hash)| **claim == Claim::Slot;
    let latest = claims.iter().zip(&leaves).find(is_slot).map(|(_, leaf)| Claim::uint64(leaf));
    for claim in claims {
        let Claim::ExecutionRoot { slot, .. } = *claim else { continue };
        let latest = latest.ok_or(ProofError::SlotNeeded)?;
        if slot > latest || latest - slot >= RECENT_SLOTS {
            return Err(ProofError::SlotNotRecent { got: slot, latest });
        }
    }
    Ok(leaves)
}

/// `body.shard_transitions` in a block of phase 1: field 4 of 5, field 13 of 16.
const SHARD_TRANSITIONS: u64 = 12 * 16 + 13;
/// `shard_data_roots` in a transition: field 2 of 5.
const SHARD_DATA_ROOTS: u64 = 8 + 2;
/// A transition has at most 12 blocks, in a tree of this many leaves.
const SHARD_BLOCK_PLACES: u64 = 16;
/// The first of a body's 2^15 chunks; their number is to the right of the tree.
const FIRST_CHUNK: u64 = 2 << 15;

/// Returns the generalized index of a shard block's execution root in the beacon block that crosslinks it, without the
/// ledger: it is the first chunk of the block's body. `max_shards` is the preset's, and a power of two.
///
/// # Errors
///
/// Fails with [`ProofError::NoPlace`] if the index of the shard or block is out of range.
pub fn crosslinked_execution_gindex(shard: u64, block: u64, max_shards: u64) -> Result<u64, ProofError> {
    if !max_shards.is_power_of_two() || max_shards > MAX_SHARDS || shard >= max_shards {
        return Err(ProofError::NoPlace);
    }
    let transition = below(SHARD_TRANSITIONS, max_shards + shard);
    let data_root = below(below(transition, SHARD_DATA_ROOTS), element(block, SHARD_BLOCK_PLACES)?);
    Ok(below(data_root, FIRST_CHUNK))
}

/// Returns the generalized index of an element of a list: the elements are to the left, and their number is to the
/// right.
fn element(index: u64, limit: u64) -> Result<u64, ProofError> {
    if index < limit { Ok(2 * limit + index) } else { Err(ProofError::NoPlace) }
}

/// Returns the generalized index of `lower` in the subtree at `upper`. No claim needs more than 44 bits.
fn below(upper: u64, lower: u64) -> u64 {
    let depth = lower.ilog2();
    (upper << depth) | (lower ^ (1 << depth))
}
