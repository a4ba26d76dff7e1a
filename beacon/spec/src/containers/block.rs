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

/// A [`BeaconBlock`] with its body's root in the body's place: the two have one root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct BeaconBlockHeader {
    /// Its slot.
    pub slot: Slot,
    /// Who proposes it.
    pub proposer_index: ValidatorIndex,
    /// The block before.
    pub parent_root: Root,
    /// The state after it.
    pub state_root: Root,
    /// The root of its body.
    pub body_root: Root,
}

extended! {
    /// What a block brings.
    #[derive(Default)]
    pub struct BeaconBlockBody<P> {
        /// The proposer's signature of the epoch.
        pub randao_reveal: BLSSignature,
        /// The proposer's vote.
        pub eth1_data: Eth1Data,
        /// Anything.
        pub graffiti: Bytes32,
        /// Proposers to slash.
        pub proposer_slashings: VariableList<ProposerSlashing, U16>,
        /// Attesters to slash.
        pub attester_slashings: VariableList<AttesterSlashing<P>, U2>,
        /// Attestations.
        pub attestations: VariableList<Attestation<P>, U128>,
        /// Deposits.
        pub deposits: VariableList<Deposit, U16>,
        /// Validators that want to exit.
        pub voluntary_exits: VariableList<SignedVoluntaryExit, U16>,
    }
    extension BlockBody;
}

extension! {
    /// Phase 1: the custody game, the shards and the light clients.
    pub struct Phase1BlockBody<C: Preset> {
        /// Challenges.
        pub chunk_challenges: VariableList<CustodyChunkChallenge<Phase1<C>>, C::MaxCustodyChunkChallenges>,
        /// Responses. There is room for 16 in both presets: that of `minimal` has its limit under another name, so
        /// it is not used.
        pub chunk_challenge_responses: VariableList<CustodyChunkResponse, U16>,
        /// Keys of past periods.
        pub custody_key_reveals: VariableList<CustodyKeyReveal, U256>,
        /// Secrets that were revealed too early.
        pub early_derived_secret_reveals: VariableList<EarlyDerivedSecretReveal, U1>,
        /// Attesters to slash for their custody bit.
        pub custody_slashings: VariableList<SignedCustodySlashing<Phase1<C>>, U1>,
        /// What happened on each shard.
        pub shard_transitions: FixedVector<ShardTransition, C::MaxShards>,
        /// Who of the light-client committee signs.
        pub light_client_bits: BitVector<U128>,
        /// Their signature of the block before.
        pub light_client_signature: BLSSignature,
    }
}

/// A block.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct BeaconBlock<P: Extensions> {
    /// Its slot.
    pub slot: Slot,
    /// Who proposes it.
    pub proposer_index: ValidatorIndex,
    /// The block before.
    pub parent_root: Root,
    /// The state after it.
    pub state_root: Root,
    /// What it brings.
    pub body: BeaconBlockBody<P>,
}

/// A [`BeaconBlock`], signed.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct SignedBeaconBlock<P: Extensions> {
    /// The block.
    pub message: BeaconBlock<P>,
    /// The proposer's signature.
    pub signature: BLSSignature,
}

/// A [`BeaconBlockHeader`], signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedBeaconBlockHeader {
    /// The header.
    pub message: BeaconBlockHeader,
    /// The proposer's signature.
    pub signature: BLSSignature,
}
