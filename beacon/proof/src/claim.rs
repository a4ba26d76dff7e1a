//! Claims that can be proven from the root of a beacon block, and their places in its tree.
//!
//! The ledger's entries are below the block's graffiti. From the top, with the number of hashes of each step:
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
//!
//! Other claims need no ledger, only containers of the specification; here with the preset `mainnet`:
//!
//! | step | hashes |
//! |---|---|
//! | block, body, `shard_transitions`, a shard's `shard_data_roots`, a block of it | 3 + 4 + 10 + 3 + 5 |
//! | the first chunk of a shard block's body, which is its execution root | 16 |
//! | block, state, `shard_states`, a shard's `latest_block_root` | 3 + 5 + 11 + 2 |
//! | a shard block's body, and its first chunk | 3 + 16 |
//! | block, state, `block_roots`, a slot | 3 + 5 + 13 |

use super::{Hash, Layout, Phase, Proof, ProofError};

/// A statement about the beacon chain that a proof can support.
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
    /// The slot of the beacon block, from the ledger.
    Slot,
    /// The execution root of a shard's block in one of the last 256 slots, or zero if it had none. Slots with the same
    /// remainder share a place in the tree, so a proof needs [`Claim::Slot`], too: see
    /// [`verify_claims`](super::verify_claims).
    ExecutionRoot {
        /// The shard.
        shard: u64,
        /// The slot.
        slot: u64,
    },
    /// The slot of the beacon block, from the block itself.
    BlockSlot,
    /// The root of the beacon block of an earlier slot, or of the latest block before that slot if it had none. It is
    /// in the state after the block, for the last `SLOTS_PER_HISTORICAL_ROOT` slots before the block's. Slots with the
    /// same remainder share a place, so a proof needs [`Claim::BlockSlot`], too: see
    /// [`verify_earlier_block`](super::verify_earlier_block).
    BlockRoot {
        /// The slot.
        slot: u64,
    },
    /// The execution root of a shard block that the beacon block crosslinks, from its data root. It is what the
    /// committee attested; the ledger need not have accepted it yet.
    CrosslinkedExecution {
        /// The shard.
        shard: u64,
        /// The index of the shard block in the shard's transition, from 0.
        block: u64,
    },
    /// The execution root of the latest crosslinked block of a shard, from the state after the beacon block.
    LatestExecution {
        /// The shard.
        shard: u64,
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

/// `slot` in a block: field 0 of 5.
const BLOCK_SLOT: u64 = 8;
/// `body.shard_transitions` in a block of phase 1: field 4 of 5, field 13 of 16.
const SHARD_TRANSITIONS: u64 = 12 * 16 + 13;
/// `shard_data_roots` in a transition: field 2 of 5.
const SHARD_DATA_ROOTS: u64 = 8 + 2;
/// A transition has at most 12 blocks, in a tree of this many leaves.
const SHARD_BLOCK_PLACES: u64 = 16;
/// Fields of the state after a block, whose root is field 3 of 5: fields 5 of 21 or 29 and 22 of 29.
const BLOCK_ROOTS: u64 = 11 * 32 + 5;
const SHARD_STATES: u64 = 11 * 32 + 22;
/// `latest_block_root` in a shard's state: field 2 of 3.
const LATEST_BLOCK_ROOT: u64 = 4 + 2;
/// `body` in a shard block: field 5 of 6.
const SHARD_BODY: u64 = 8 + 5;
/// The first of a body's 2^15 chunks; their number is to the right of the tree.
const FIRST_CHUNK: u64 = 2 << 15;
/// The longest history of block roots, far beyond any preset.
const HISTORY_MAX: u64 = 1 << 20;

impl Claim {
    /// Returns the generalized index of the claim in a block's tree.
    ///
    /// # Errors
    ///
    /// Fails with [`ProofError::NoPlace`] if the index of an EE, a shard or a shard block is out of range, if blocks of
    /// the phase have no such claim, or if a number of the layout is not a power of two.
    pub fn gindex(self, layout: Layout) -> Result<u64, ProofError> {
        let [phase_0, phase_1] = GRAFFITI;
        let graffiti = match layout.phase {
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
            Self::BlockSlot => BLOCK_SLOT,
            Self::BlockRoot { slot } => {
                let n_slots = power_of_two(layout.slots_per_historical_root, HISTORY_MAX)?;
                below(BLOCK_ROOTS, n_slots + slot % n_slots)
            }
            Self::CrosslinkedExecution { shard, block } => {
                let max_shards = shards_of(layout, shard)?;
                let data_roots = below(below(SHARD_TRANSITIONS, max_shards + shard), SHARD_DATA_ROOTS);
                below(below(data_roots, element(block, SHARD_BLOCK_PLACES)?), FIRST_CHUNK)
            }
            Self::LatestExecution { shard } => {
                let shard_state = below(SHARD_STATES, element(shard, shards_of(layout, shard)?)?);
                below(below(below(shard_state, LATEST_BLOCK_ROOT), SHARD_BODY), FIRST_CHUNK)
            }
        })
    }

    /// Returns the leaf of a proof, if it proves the claim; [`uint64`](Self::uint64) decodes an amount or a slot.
    ///
    /// # Errors
    ///
    /// Fails if the proof does not prove the claim. No single proof proves the root of a slot.
    pub fn verify(self, proof: &Proof, block_root: &Hash, layout: Layout) -> Result<Hash, ProofError> {
        self.verify_with(proof, block_root, layout, super::hash)
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
        layout: Layout,
        hash: impl Fn(&Hash, &Hash) -> Hash,
    ) -> Result<Hash, ProofError> {
        if self.slot(layout).is_some() {
            return Err(ProofError::SlotNeeded);
        }
        proof.verify_with(block_root, self.gindex(layout)?, hash).copied()
    }

    /// Returns the amount or slot in a leaf: its first eight bytes, little-endian.
    #[must_use]
    pub fn uint64(leaf: &Hash) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = *leaf;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// Returns the slot whose root the claim is about, and the first and the number of slots that share its vector, as
    /// distances from the block's slot.
    pub(super) fn slot(self, layout: Layout) -> Option<(u64, u64, u64)> {
        match self {
            Self::ExecutionRoot { slot, .. } => Some((slot, 0, RECENT_SLOTS)),
            Self::BlockRoot { slot } => Some((slot, 1, layout.slots_per_historical_root)),
            _ => None,
        }
    }
}

/// Returns the preset's `MAX_SHARDS`, if a block of the layout has this shard.
fn shards_of(layout: Layout, shard: u64) -> Result<u64, ProofError> {
    let max_shards = power_of_two(layout.max_shards, MAX_SHARDS)?;
    let has_shard = layout.phase == Phase::Phase1 && shard < max_shards;
    if has_shard { Ok(max_shards) } else { Err(ProofError::NoPlace) }
}

fn power_of_two(n: u64, limit: u64) -> Result<u64, ProofError> {
    if n.is_power_of_two() && n <= limit { Ok(n) } else { Err(ProofError::NoPlace) }
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
