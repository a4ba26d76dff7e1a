//! Phase 0, "Misc dependencies".

use std::fmt;

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

/// The fork version of signatures before an epoch and from it on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Fork {
    /// The version before the epoch.
    pub previous_version: Version,
    /// The version from the epoch on.
    pub current_version: Version,
    /// The epoch of the latest fork.
    pub epoch: Epoch,
}

/// The data that identifies a fork of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ForkData {
    /// The fork's version.
    pub current_version: Version,
    /// The root of the validators at genesis, which identifies the chain.
    pub genesis_validators_root: Root,
}

/// An epoch and the block at its start. Checkpoints become justified, then final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, TreeHash)]
pub struct Checkpoint {
    /// The epoch.
    pub epoch: Epoch,
    /// The root of the latest block at the epoch's first slot.
    pub root: Root,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of epoch {}", self.root, self.epoch)
    }
}

extended! {
    /// A validator in the registry.
    #[derive(Default)]
    pub struct Validator<P> {
        /// The public key.
        pub pubkey: BLSPubkey,
        /// The commitment to the key for withdrawals.
        pub withdrawal_credentials: Bytes32,
        /// The balance at stake, in whole increments.
        pub effective_balance: Gwei,
        /// Whether it was slashed.
        pub slashed: bool,
        /// The epoch from which on it could enter the activation queue.
        pub activation_eligibility_epoch: Epoch,
        /// The epoch from which on it is active.
        pub activation_epoch: Epoch,
        /// The epoch from which on it is no longer active.
        pub exit_epoch: Epoch,
        /// The epoch from which on it can withdraw its balance.
        pub withdrawable_epoch: Epoch,
    }
    extension Validator;
}

extension! {
    /// The fields of phase 1: a validator's state in the custody game.
    #[derive(Copy, Eq)]
    pub struct Phase1Validator {
        /// The first custody period whose secret the validator has not revealed.
        pub next_custody_secret_to_reveal: u64,
        /// The epoch in which it had revealed all secrets.
        pub all_custody_secrets_revealed_epoch: Epoch,
    }
}

extended! {
    /// The vote of a committee.
    #[derive(Default)]
    pub struct AttestationData<P> {
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
    }
    extension AttestationData;
}

extension! {
    /// The fields of phase 1: a vote on a shard.
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

/// An attestation with the indices of its attesters.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct IndexedAttestation<P: Extensions> {
    /// The attesters, in ascending order.
    pub attesting_indices: VariableList<ValidatorIndex, U2048>,
    /// Their vote.
    pub data: AttestationData<P>,
    /// Their aggregate signature.
    pub signature: BLSSignature,
}

extended! {
    /// An attestation kept for the end of the epoch.
    pub struct PendingAttestation<P> {
        /// The attesting members of the committee.
        pub aggregation_bits: AggregationBits,
        /// Their vote.
        pub data: AttestationData<P>,
        /// The number of slots until a block included it.
        pub inclusion_delay: Slot,
        /// The proposer that included it.
        pub proposer_index: ValidatorIndex,
    }
    extension PendingAttestation;
}

extension! {
    /// The field of phase 1: the effect of an attestation on its shard.
    #[derive(Copy, Eq)]
    pub struct Phase1PendingAttestation {
        /// Whether it contributed to a crosslink.
        pub crosslink_success: bool,
    }
}

/// A block's vote on the state of Ethereum 1.0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Eth1Data {
    /// The root of the deposit contract's tree.
    pub deposit_root: Root,
    /// The number of deposits made.
    pub deposit_count: u64,
    /// The hash of the block.
    pub block_hash: Bytes32,
}

/// The part of an Ethereum 1.0 block that a validator needs; from the specification's `validator.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Eth1Block {
    /// The block's time.
    pub timestamp: u64,
    /// The root of the deposit contract's tree.
    pub deposit_root: Root,
    /// The number of deposits made.
    pub deposit_count: u64,
}

/// The roots of a stretch of history, of which the state keeps only the root.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct HistoricalBatch<C: Preset> {
    /// The root of each slot's block.
    pub block_roots: FixedVector<Root, C::SlotsPerHistoricalRoot>,
    /// The root of each slot's state.
    pub state_roots: FixedVector<Root, C::SlotsPerHistoricalRoot>,
}

/// The part of a deposit that the depositor signs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct DepositMessage {
    /// The validator's key.
    pub pubkey: BLSPubkey,
    /// The commitment to the key for withdrawals.
    pub withdrawal_credentials: Bytes32,
    /// The amount.
    pub amount: Gwei,
}

/// A deposit as the deposit contract records it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct DepositData {
    /// The validator's key.
    pub pubkey: BLSPubkey,
    /// The commitment to the key for withdrawals.
    pub withdrawal_credentials: Bytes32,
    /// The amount.
    pub amount: Gwei,
    /// The signature of the [`DepositMessage`].
    pub signature: BLSSignature,
}

/// The data that a signature signs: an object and a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SigningData {
    /// The root of the object.
    pub object_root: Root,
    /// The domain.
    pub domain: Domain,
}
