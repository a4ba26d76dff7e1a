//! Phase 0, "Beacon blocks" and "Signed envelopes".

use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitVector, FixedVector, VariableList,
    typenum::{U1, U2, U16, U128, U256},
};
use tree_hash_derive::TreeHash;

use super::{
    extend::{Extensions, extended, extension, fixed_part_len},
    misc::Eth1Data,
    operation::{
        Attestation, AttesterSlashing, CustodyChunkChallenge, CustodyChunkResponse, CustodyKeyReveal,
        Deposit, EarlyDerivedSecretReveal, ProposerSlashing, SignedCustodySlashing, SignedVoluntaryExit,
    },
    phases::Phase1,
    shard::ShardTransition,
};
use crate::{
    preset::Preset,
    types::{BLSSignature, Bytes32, Root, Slot, ValidatorIndex},
};

extended! {
    /// The body of a block.
    #[derive(Default)]
    pub struct BeaconBlockBody<P> {
        /// The proposer's signature of the epoch.
        pub randao_reveal: BLSSignature,
        /// The proposer's vote on Ethereum 1.0 data.
        pub eth1_data: Eth1Data,
        /// Arbitrary bytes.
        pub graffiti: Bytes32,
        /// Slashings of proposers.
        pub proposer_slashings: VariableList<ProposerSlashing, U16>,
        /// Slashings of attesters.
        pub attester_slashings: VariableList<AttesterSlashing<P>, U2>,
        /// Attestations.
        pub attestations: VariableList<Attestation<P>, U128>,
        /// Deposits.
        pub deposits: VariableList<Deposit, U16>,
        /// Validators' requests to exit.
        pub voluntary_exits: VariableList<SignedVoluntaryExit, U16>,
    }
    extension BlockBody;
}

extension! {
    /// The fields of phase 1: custody game, shards and light clients.
    pub struct Phase1BlockBody<C: Preset> {
        /// Challenges to attesters for chunks of shard data.
        pub chunk_challenges: VariableList<CustodyChunkChallenge<Phase1<C>>, C::MaxCustodyChunkChallenges>,
        /// Responses to challenges. Both presets leave room for 16: `minimal` sets its limit under another name, so
        /// that value is unused.
        pub chunk_challenge_responses: VariableList<CustodyChunkResponse, U16>,
        /// Reveals of custody keys of past periods.
        pub custody_key_reveals: VariableList<CustodyKeyReveal, U256>,
        /// Reveals of secrets before their time.
        pub early_derived_secret_reveals: VariableList<EarlyDerivedSecretReveal, U1>,
        /// Slashings of attesters for their custody bit.
        pub custody_slashings: VariableList<SignedCustodySlashing<Phase1<C>>, U1>,
        /// The transition of each shard.
        pub shard_transitions: FixedVector<ShardTransition, C::MaxShards>,
        /// The members of the light-client committee that sign.
        pub light_client_bits: BitVector<U128>,
        /// Their aggregate signature of the parent block.
        pub light_client_signature: BLSSignature,
    }
}

/// A beacon block.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct BeaconBlock<P: Extensions> {
    /// The slot.
    pub slot: Slot,
    /// The proposer.
    pub proposer_index: ValidatorIndex,
    /// The root of the parent block.
    pub parent_root: Root,
    /// The root of the state after the block.
    pub state_root: Root,
    /// The body.
    pub body: BeaconBlockBody<P>,
}

/// A signed [`BeaconBlock`].
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct SignedBeaconBlock<P: Extensions> {
    /// The block.
    pub message: BeaconBlock<P>,
    /// The proposer's signature.
    pub signature: BLSSignature,
}
