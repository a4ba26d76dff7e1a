//! Phase 1, "Honest validator": what validators send each other besides what blocks hold.
//!
//! No state transition has to do with them. `AggregateAndProof` of phase 0 is among the operations, as phase 1 has it, too.

use ssz_derive::{Decode, Encode};
use ssz_types::{BitVector, typenum::U128};
use tree_hash_derive::TreeHash;

use super::{
    misc::{AggregationBits, Checkpoint},
    shard::ShardTransition,
};
use crate::types::{BLSSignature, CommitteeIndex, Root, Slot, ValidatorIndex};

/// What a committee attests, with the whole shard transition in the place of its root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct FullAttestationData {
    /// The slot of the committee.
    pub slot: Slot,
    /// The committee in its slot.
    pub index: CommitteeIndex,
    /// The vote of LMD GHOST.
    pub beacon_block_root: Root,
    /// The vote of FFG: from where.
    pub source: Checkpoint,
    /// The vote of FFG: to where.
    pub target: Checkpoint,
    /// The root of the shard block of this slot.
    pub shard_head_root: Root,
    /// What happened on the shard.
    pub shard_transition: ShardTransition,
}

/// An attestation with the whole shard transition.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct FullAttestation {
    /// Who of the committee attests.
    pub aggregation_bits: AggregationBits,
    /// What they attest.
    pub data: FullAttestationData,
    /// All their signatures in one.
    pub signature: BLSSignature,
}

/// What a member of the light-client committee signs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct LightClientVoteData {
    /// The slot.
    pub slot: Slot,
    /// The head of the chain in it.
    pub beacon_block_root: Root,
}

/// The vote of members of the light-client committee.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct LightClientVote {
    /// What they sign.
    pub data: LightClientVoteData,
    /// Who of the committee signs.
    pub aggregation_bits: BitVector<U128>,
    /// All their signatures in one.
    pub signature: BLSSignature,
}

/// An aggregate of votes, with the proof that its sender was chosen to make it.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct LightAggregateAndProof {
    /// Who aggregated.
    pub aggregator_index: ValidatorIndex,
    /// The aggregate.
    pub aggregate: LightClientVote,
    /// The signature that decides whether a validator is an aggregator.
    pub selection_proof: BLSSignature,
}

/// A [`LightAggregateAndProof`], signed.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct SignedLightAggregateAndProof {
    /// The aggregate.
    pub message: LightAggregateAndProof,
    /// The aggregator's signature.
    pub signature: BLSSignature,
}
