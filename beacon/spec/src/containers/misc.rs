//! Phase 0, "Misc dependencies".

use ssz_derive::{Decode, Encode};
use ssz_types::{BitList, FixedVector, VariableList, typenum::U2048};
use tree_hash_derive::TreeHash;

use super::extend::{Extensions, extended, extension, fixed_part_len};
use crate::{
    preset::Preset,
    types::{
        BLSPubkey, BLSSignature, Bytes32, CommitteeIndex, Domain, Epoch, Gwei, Root, Shard, Slot,
        ValidatorIndex, Version,
    },
};

/// The bits of a committee: `Bitlist[MAX_VALIDATORS_PER_COMMITTEE]`.
pub type AggregationBits = BitList<U2048>;

/// Which version is to be signed for, before and from an epoch on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Fork {
    /// Holds before the epoch.
    pub previous_version: Version,
    /// Holds from the epoch on.
    pub current_version: Version,
    /// The epoch of the latest fork.
    pub epoch: Epoch,
}

/// What tells a fork of a chain from all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ForkData {
    /// The fork's version.
    pub current_version: Version,
    /// Tells the chain.
    pub genesis_validators_root: Root,
}

/// An epoch and the block at its start: what is justified and finalised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, TreeHash)]
pub struct Checkpoint {
    /// The epoch.
    pub epoch: Epoch,
    /// The root of the latest block at the epoch's first slot.
    pub root: Root,
}

extended! {
    /// A validator in the registry.
    #[derive(Default)]
    pub struct Validator<P> {
        /// Its key.
        pub pubkey: BLSPubkey,
        /// Commits to the key for withdrawals.
        pub withdrawal_credentials: Bytes32,
        /// The balance at stake.
        pub effective_balance: Gwei,
        /// Whether it was slashed.
        pub slashed: bool,
        /// When it could be put in the queue for activation.
        pub activation_eligibility_epoch: Epoch,
        /// When it becomes active.
        pub activation_epoch: Epoch,
        /// When it is active no more.
        pub exit_epoch: Epoch,
        /// When it can withdraw its balance.
        pub withdrawable_epoch: Epoch,
    }
    extension Validator;
}

extension! {
    /// Phase 1: a validator's part in the custody game.
    #[derive(Copy, Eq)]
    pub struct Phase1Validator {
        /// The first custody period whose secret is not yet revealed.
        pub next_custody_secret_to_reveal: u64,
        /// When all secrets were revealed.
        pub all_custody_secrets_revealed_epoch: Epoch,
    }
}

extended! {
    /// What a committee attests.
    #[derive(Default)]
    pub struct AttestationData<P> {
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
    }
    extension AttestationData;
}

extension! {
    /// Phase 1: a vote on a shard.
    #[derive(Copy, Eq)]
    pub struct ShardVote {
        /// The shard.
        pub shard: Shard,
        /// The root of the shard block of this slot.
        pub shard_head_root: Root,
        /// The root of the shard transition.
        pub shard_transition_root: Root,
    }
}

/// An attestation by the indices of its attesters.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct IndexedAttestation<P: Extensions> {
    /// The attesters, in order.
    pub attesting_indices: VariableList<ValidatorIndex, U2048>,
    /// What they attest.
    pub data: AttestationData<P>,
    /// All their signatures in one.
    pub signature: BLSSignature,
}

extended! {
    /// An attestation that waits for the end of the epoch.
    pub struct PendingAttestation<P> {
        /// Who of the committee attests.
        pub aggregation_bits: AggregationBits,
        /// What they attest.
        pub data: AttestationData<P>,
        /// Slots until it was included.
        pub inclusion_delay: Slot,
        /// Who included it.
        pub proposer_index: ValidatorIndex,
    }
    extension PendingAttestation;
}

extension! {
    /// Phase 1: what came of an attestation for its shard.
    #[derive(Copy, Eq)]
    pub struct Phase1PendingAttestation {
        /// Whether it helped to crosslink the shard.
        pub crosslink_success: bool,
    }
}

/// What a block says of Ethereum 1.0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Eth1Data {
    /// The root of the deposit contract's tree.
    pub deposit_root: Root,
    /// Deposits that were made.
    pub deposit_count: u64,
    /// The block.
    pub block_hash: Bytes32,
}

/// What a validator needs to know of a block of Ethereum 1.0; from the specification's `validator.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Eth1Block {
    /// When it was made.
    pub timestamp: u64,
    /// The root of the deposit contract's tree.
    pub deposit_root: Root,
    /// Deposits that were made.
    pub deposit_count: u64,
}

/// The roots of a stretch of history, to be put away.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct HistoricalBatch<C: Preset> {
    /// The root of each slot's block.
    pub block_roots: FixedVector<Root, C::SlotsPerHistoricalRoot>,
    /// The root of each slot's state.
    pub state_roots: FixedVector<Root, C::SlotsPerHistoricalRoot>,
}

/// What a depositor signs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct DepositMessage {
    /// The validator's key.
    pub pubkey: BLSPubkey,
    /// Commits to the key for withdrawals.
    pub withdrawal_credentials: Bytes32,
    /// The deposit.
    pub amount: Gwei,
}

/// A deposit, as the deposit contract keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct DepositData {
    /// The validator's key.
    pub pubkey: BLSPubkey,
    /// Commits to the key for withdrawals.
    pub withdrawal_credentials: Bytes32,
    /// The deposit.
    pub amount: Gwei,
    /// Signs the [`DepositMessage`].
    pub signature: BLSSignature,
}

/// What is signed: an object for a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SigningData {
    /// The object.
    pub object_root: Root,
    /// The domain.
    pub domain: Domain,
}
