//! Phase 0, "Beacon operations"; custody game, "New Beacon Chain operations"; and what validators send each other.

use ssz_derive::{Decode, Encode};
use ssz_types::{
    FixedVector, VariableList,
    typenum::{U9, U33, U4096, U1048576},
};
use tree_hash_derive::TreeHash;

use super::{
    block::SignedBeaconBlockHeader,
    extend::Extensions,
    misc::{AggregationBits, AttestationData, DepositData, IndexedAttestation},
    shard::ShardTransition,
};
use crate::types::{BLSSignature, Bytes32, Epoch, Root, ValidatorIndex};

/// Two blocks of one proposer for one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ProposerSlashing {
    /// The one.
    pub signed_header_1: SignedBeaconBlockHeader,
    /// The other.
    pub signed_header_2: SignedBeaconBlockHeader,
}

/// Two attestations that contradict each other.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct AttesterSlashing<P: Extensions> {
    /// The one.
    pub attestation_1: IndexedAttestation<P>,
    /// The other.
    pub attestation_2: IndexedAttestation<P>,
}

/// What members of a committee attest.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct Attestation<P: Extensions> {
    /// Who of the committee attests.
    pub aggregation_bits: AggregationBits,
    /// What they attest.
    pub data: AttestationData<P>,
    /// All their signatures in one.
    pub signature: BLSSignature,
}

/// A deposit with the proof that it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Deposit {
    /// The Merkle path to the deposit root.
    pub proof: FixedVector<Bytes32, U33>,
    /// The deposit.
    pub data: DepositData,
}

/// A validator's wish to exit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct VoluntaryExit {
    /// The epoch from which on it may be processed.
    pub epoch: Epoch,
    /// The validator.
    pub validator_index: ValidatorIndex,
}

/// A [`VoluntaryExit`], signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedVoluntaryExit {
    /// The wish.
    pub message: VoluntaryExit,
    /// The validator's signature.
    pub signature: BLSSignature,
}

/// An aggregate, with the proof that its sender was chosen to make it; from the specification's `validator.md`.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct AggregateAndProof<P: Extensions> {
    /// Who aggregated.
    pub aggregator_index: ValidatorIndex,
    /// The aggregate.
    pub aggregate: Attestation<P>,
    /// The signature that decides whether a validator is an aggregator.
    pub selection_proof: BLSSignature,
}

/// An [`AggregateAndProof`], signed.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct SignedAggregateAndProof<P: Extensions> {
    /// The aggregate.
    pub message: AggregateAndProof<P>,
    /// The aggregator's signature.
    pub signature: BLSSignature,
}

/// Asks a validator for a chunk of the data that it attested.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct CustodyChunkChallenge<P: Extensions> {
    /// Who is asked.
    pub responder_index: ValidatorIndex,
    /// What it attested.
    pub shard_transition: ShardTransition,
    /// Its attestation.
    pub attestation: Attestation<P>,
    /// The shard block in the transition.
    pub data_index: u64,
    /// The chunk in the shard block.
    pub chunk_index: u64,
}

/// A challenge that waits for its response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct CustodyChunkChallengeRecord {
    /// Its number.
    pub challenge_index: u64,
    /// Who asked.
    pub challenger_index: ValidatorIndex,
    /// Who was asked.
    pub responder_index: ValidatorIndex,
    /// When it was asked.
    pub inclusion_epoch: Epoch,
    /// The root of the data.
    pub data_root: Root,
    /// The chunk.
    pub chunk_index: u64,
}

/// The chunk that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct CustodyChunkResponse {
    /// The challenge's number.
    pub challenge_index: u64,
    /// The chunk's index.
    pub chunk_index: u64,
    /// The chunk.
    pub chunk: FixedVector<u8, U4096>,
    /// The Merkle path to the data's root.
    pub branch: FixedVector<Root, U9>,
}

/// Says that a validator attested data whose custody bit is 1.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct CustodySlashing<P: Extensions> {
    /// The shard block in the transition.
    pub data_index: u64,
    /// The validator that attested.
    pub malefactor_index: ValidatorIndex,
    /// Its custody key.
    pub malefactor_secret: BLSSignature,
    /// Who tells.
    pub whistleblower_index: ValidatorIndex,
    /// What was attested.
    pub shard_transition: ShardTransition,
    /// The attestation.
    pub attestation: Attestation<P>,
    /// The shard block's data.
    pub data: VariableList<u8, U1048576>,
}

/// A [`CustodySlashing`], signed.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct SignedCustodySlashing<P: Extensions> {
    /// What is said.
    pub message: CustodySlashing<P>,
    /// The whistleblower's signature.
    pub signature: BLSSignature,
}

/// Reveals the custody key of a past period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct CustodyKeyReveal {
    /// Whose key it is.
    pub revealer_index: ValidatorIndex,
    /// The key: a signature.
    pub reveal: BLSSignature,
}

/// Reveals a secret before its time, which is punished.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct EarlyDerivedSecretReveal {
    /// Whose secret it is.
    pub revealed_index: ValidatorIndex,
    /// The RANDAO epoch of the secret.
    pub epoch: Epoch,
    /// The secret and the masker's signature in one, so that nobody else can claim it.
    pub reveal: BLSSignature,
    /// Who reveals.
    pub masker_index: ValidatorIndex,
    /// What the masker signed.
    pub mask: Bytes32,
}
