//! Claims that can be proven from the root of a beacon block.

use core::fmt;

use super::{Hash, Layout, Proof, ProofError};

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
    /// The first epoch in which an EE may be executed, or `2^64 - 1` if validators have not accepted its code. The record
    /// is there before and without that, so [`Claim::CodeHash`] alone does not say that an EE exists.
    ///
    /// An EE may be executed in an epoch from this one on and before its [exit](Claim::ExitEpoch), except from its
    /// [hibernation](Claim::HibernationEpoch) until it [wakes up](Claim::WakeEpoch).
    DeployedEpoch {
        /// The EE.
        ee: u32,
    },
    /// The epoch in which an EE is to exit, or `2^64 - 1`. If its code was never accepted, it is the epoch in which
    /// validators rejected it, or `2^64 - 1` if the vote lapsed.
    ExitEpoch {
        /// The EE.
        ee: u32,
    },
    /// The epoch in which the deposit of an EE is refunded, or `2^64 - 1` if the EE is not gone.
    WithdrawableEpoch {
        /// The EE.
        ee: u32,
    },
    /// The epoch in which an EE falls asleep, or last fell asleep, because its deposit is used up; or `2^64 - 1`.
    HibernationEpoch {
        /// The EE.
        ee: u32,
    },
    /// The epoch in which an EE wakes up, or last woke up; or `2^64 - 1` if nobody has woken it up since it was last to fall
    /// asleep.
    WakeEpoch {
        /// The EE.
        ee: u32,
    },
    /// Which of 256 shards an EE is on: bit `n % 8` of byte `n / 8` is that of shard `from + n`.
    Shards {
        /// The EE.
        ee: u32,
        /// The first of the shards, a multiple of [`SHARDS_PER_CLAIM`].
        from: u64,
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
    /// committee attested; the ledger need not have accepted it yet, or may have ignored it.
    CrosslinkedExecution {
        /// The shard.
        shard: u64,
        /// The index of the shard block in the shard's transition, from 0.
        block: u64,
    },
    /// The execution root of the latest crosslinked block of a shard, from the state after the beacon block. The ledger
    /// need not have accepted it either.
    LatestExecution {
        /// The shard.
        shard: u64,
    },
    /// The number of shards. So no shard from it on exists.
    ShardCount,
    /// The number of EEs on a shard's list of states. So no EE from it on has a state on the shard.
    EeCount {
        /// The shard.
        shard: u64,
    },
    /// The epoch of the finalized checkpoint in the state after the beacon block.
    FinalizedEpoch,
    /// The number before which a shard has settled all receipts of a source, a shard or [`BEACON_CHAIN`].
    SettledBefore {
        /// The source.
        source: u64,
        /// The shard that receives.
        destination: u64,
    },
    /// Which receipts of a source a shard has settled, of those from [`Claim::SettledBefore`] on: bit `n % 8` of byte `n / 8`
    /// is that of the receipts whose numbers modulo 1,024 are `from + n`, of which at most one is in the window.
    Settled {
        /// The source.
        source: u64,
        /// The shard that receives.
        destination: u64,
        /// The first of 256 numbers: 0, 256, 512 or 768.
        from: u64,
    },
}

/// The number of the beacon chain among the sources of receipts.
pub const BEACON_CHAIN: u64 = 1024;
/// The number of receipts in a leaf of those that are settled.
pub const RECEIPTS_PER_CLAIM: u64 = 256;
/// The number of receipts from the first unsettled one on of which the ledger knows whether they are settled.
pub(super) const WINDOW: u64 = 1024;

/// The number of shards in a leaf of the set of an EE's shards.
pub const SHARDS_PER_CLAIM: u64 = 256;
/// The number of slots whose execution roots the ledger has.
pub(super) const RECENT_SLOTS: u64 = 256;

/// Writes the claim in the notation of `outrider beacon prove`.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CodeHash { ee } => write!(f, "code:{ee}"),
            Self::Deposit { ee } => write!(f, "deposit:{ee}"),
            Self::DeployedEpoch { ee } => write!(f, "deployed:{ee}"),
            Self::ExitEpoch { ee } => write!(f, "exit:{ee}"),
            Self::WithdrawableEpoch { ee } => write!(f, "withdrawable:{ee}"),
            Self::HibernationEpoch { ee } => write!(f, "hibernation:{ee}"),
            Self::WakeEpoch { ee } => write!(f, "wake:{ee}"),
            Self::Shards { ee, from: 0 } => write!(f, "shards:{ee}"),
            Self::Shards { ee, from } => write!(f, "shards:{ee}@{from}"),
            Self::StateRoot { shard, ee } => write!(f, "state:{ee}@{shard}"),
            Self::Balance { shard, ee } => write!(f, "balance:{ee}@{shard}"),
            Self::Slot => write!(f, "slot"),
            Self::ExecutionRoot { shard, slot } => write!(f, "execution:{shard}@{slot}"),
            Self::BlockSlot => write!(f, "block-slot"),
            Self::BlockRoot { slot } => write!(f, "block:{slot}"),
            Self::CrosslinkedExecution { shard, block } => write!(f, "crosslink:{shard}@{block}"),
            Self::LatestExecution { shard } => write!(f, "latest:{shard}"),
            Self::ShardCount => write!(f, "n-shards"),
            Self::EeCount { shard } => write!(f, "n-ees:{shard}"),
            Self::FinalizedEpoch => write!(f, "finalized"),
            Self::SettledBefore { source, destination } => write!(f, "settled:{source}:{destination}"),
            Self::Settled { source, destination, from } => write!(f, "settled:{source}:{destination}@{from}"),
        }
    }
}

impl Claim {
    /// Returns the leaf of a proof, if it proves the claim; [`uint64`](Self::uint64) decodes an amount, a slot or an epoch.
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

    /// Returns the amount, number, slot or epoch in a leaf: its first eight bytes, little-endian.
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
