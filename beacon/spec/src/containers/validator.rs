//! Phase 1, "Honest validator": messages among validators that blocks do not hold.
//!
//! State transitions do not use them. `AggregateAndProof` of phase 0 is among the operations, as phase 1 has it, too.

use ssz_derive::{Decode, Encode};
use ssz_types::{BitVector, typenum::U128};
use tree_hash_derive::TreeHash;

use super::{
    misc::{AggregationBits, Checkpoint},
    shard::ShardTransition,
};
use crate::types::{BLSSignature, CommitteeIndex, Root, Slot, ValidatorIndex};

/// The vote of a committee with the whole shard transition in place of its root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct FullAttestationData {
    /// The slot of the committee.
    pub slot: Slot,
    /// The committee in its slot.
    pub index: CommitteeIndex,
    /// The vote of LMD GHOST.
    pub beacon_block_root: Root,
    /// The source vote of FFG.
    pub source: Checkpoint,
    /// The target vote of FFG.
    pub target: Checkpoint,
    /// The root of the shard block of this slot.
    pub shard_head_root: Root,
    /// The transition of the shard.
    pub shard_transition: ShardTransition,
}

/// An attestation with the whole shard transition.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct FullAttestation {
    /// The attesting members of the committee.
    pub aggregation_bits: AggregationBits,
    /// Their vote.
    pub data: FullAttestationData,
    /// Their aggregate signature.
    pub signature: BLSSignature,
}

/// The vote that a member of the light-client committee signs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct LightClientVoteData {
    /// The slot.
    pub slot: Slot,
    /// The head of the chain in the slot.
    pub beacon_block_root: Root,
}

/// The aggregate vote of members of the light-client committee.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct LightClientVote {
    /// The vote.
    pub data: LightClientVoteData,
    /// The voting members of the committee.
    pub aggregation_bits: BitVector<U128>,
    /// Their aggregate signature.
    pub signature: BLSSignature,
}

/// An aggregate of votes with a proof that its sender may aggregate.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct LightAggregateAndProof {
    /// The aggregator.
    pub aggregator_index: ValidatorIndex,
    /// The aggregate.
    pub aggregate: LightClientVote,
    /// The signature that selects aggregators.
    pub selection_proof: BLSSignature,
}

/// A signed [`LightAggregateAndProof`].
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct SignedLightAggregateAndProof {
    /// The aggregate.
    pub message: LightAggregateAndProof,
    /// The aggregator's signature.
    pub signature: BLSSignature,
}
