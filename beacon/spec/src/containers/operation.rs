//! Phase 0, "Beacon operations"; custody game, "New Beacon Chain operations"; and messages among validators.

use ssz_derive::{Decode, Encode};
use ssz_types::{
    FixedVector, VariableList,
    typenum::{U9, U33, U4096, U1048576},
};
use tree_hash_derive::TreeHash;

use super::{
    extend::Extensions,
    header::SignedBeaconBlockHeader,
    misc::{AggregationBits, AttestationData, DepositData, IndexedAttestation},
    shard::ShardTransition,
};
use crate::types::{BLSSignature, Bytes32, Epoch, Root, ValidatorIndex};

/// Proof that a proposer signed two blocks for one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ProposerSlashing {
    /// The first header.
    pub signed_header_1: SignedBeaconBlockHeader,
    /// The second header.
    pub signed_header_2: SignedBeaconBlockHeader,
}

/// Proof that attesters signed two contradicting attestations.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct AttesterSlashing<P: Extensions> {
    /// The first attestation.
    pub attestation_1: IndexedAttestation<P>,
    /// The second attestation.
    pub attestation_2: IndexedAttestation<P>,
}

/// An aggregate of the attestations of committee members.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct Attestation<P: Extensions> {
    /// The attesting members of the committee.
    pub aggregation_bits: AggregationBits,
    /// Their vote.
    pub data: AttestationData<P>,
    /// Their aggregate signature.
    pub signature: BLSSignature,
}

/// A deposit with a proof that the deposit contract recorded it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Deposit {
    /// The Merkle path to the deposit root.
    pub proof: FixedVector<Bytes32, U33>,
    /// The deposit.
    pub data: DepositData,
}

/// A validator's request to exit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct VoluntaryExit {
    /// The first epoch in which a block may include the exit.
    pub epoch: Epoch,
    /// The validator.
    pub validator_index: ValidatorIndex,
}

/// A signed [`VoluntaryExit`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedVoluntaryExit {
    /// The request.
    pub message: VoluntaryExit,
    /// The validator's signature.
    pub signature: BLSSignature,
}

/// An aggregate with a proof that its sender may aggregate; from the specification's `validator.md`.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct AggregateAndProof<P: Extensions> {
    /// The aggregator.
    pub aggregator_index: ValidatorIndex,
    /// The aggregate.
    pub aggregate: Attestation<P>,
    /// The signature that selects aggregators.
    pub selection_proof: BLSSignature,
}

/// A signed [`AggregateAndProof`].
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct SignedAggregateAndProof<P: Extensions> {
    /// The aggregate.
    pub message: AggregateAndProof<P>,
    /// The aggregator's signature.
    pub signature: BLSSignature,
}

/// A request to a validator for a chunk of the data that it attested.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct CustodyChunkChallenge<P: Extensions> {
    /// The validator that has to respond.
    pub responder_index: ValidatorIndex,
    /// The shard transition that it attested.
    pub shard_transition: ShardTransition,
    /// The attestation.
    pub attestation: Attestation<P>,
    /// The index of the shard block in the transition.
    pub data_index: u64,
    /// The index of the chunk in the shard block.
    pub chunk_index: u64,
}

/// A challenge without a response so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct CustodyChunkChallengeRecord {
    /// The challenge's index.
    pub challenge_index: u64,
    /// The validator that challenges.
    pub challenger_index: ValidatorIndex,
    /// The validator that has to respond.
    pub responder_index: ValidatorIndex,
    /// The epoch of the challenge.
    pub inclusion_epoch: Epoch,
    /// The root of the data.
    pub data_root: Root,
    /// The index of the chunk.
    pub chunk_index: u64,
}

/// The response to a challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct CustodyChunkResponse {
    /// The challenge's index.
    pub challenge_index: u64,
    /// The chunk's index.
    pub chunk_index: u64,
    /// The chunk.
    pub chunk: FixedVector<u8, U4096>,
    /// The Merkle path to the data's root.
    pub branch: FixedVector<Root, U9>,
}

/// A claim that a validator attested data whose custody bit is 1.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct CustodySlashing<P: Extensions> {
    /// The index of the shard block in the transition.
    pub data_index: u64,
    /// The validator that attested.
    pub malefactor_index: ValidatorIndex,
    /// The validator's custody key.
    pub malefactor_secret: BLSSignature,
    /// The validator that makes the claim.
    pub whistleblower_index: ValidatorIndex,
    /// The attested shard transition.
    pub shard_transition: ShardTransition,
    /// The attestation.
    pub attestation: Attestation<P>,
    /// The shard block's data.
    pub data: VariableList<u8, U1048576>,
}

/// A signed [`CustodySlashing`].
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct SignedCustodySlashing<P: Extensions> {
    /// The claim.
    pub message: CustodySlashing<P>,
    /// The whistleblower's signature.
    pub signature: BLSSignature,
}

/// A reveal of the custody key of a past period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct CustodyKeyReveal {
    /// The validator that reveals its key.
    pub revealer_index: ValidatorIndex,
    /// The key, which is a signature.
    pub reveal: BLSSignature,
}

/// A punishable reveal of a secret before its time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct EarlyDerivedSecretReveal {
    /// The validator whose secret it is.
    pub revealed_index: ValidatorIndex,
    /// The RANDAO epoch of the secret.
    pub epoch: Epoch,
    /// The aggregate of the secret and the masker's signature, so that nobody else can claim the reward.
    pub reveal: BLSSignature,
    /// The validator that reports the secret.
    pub masker_index: ValidatorIndex,
    /// The bytes that the masker signed.
    pub mask: Bytes32,
}
