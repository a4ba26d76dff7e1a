//! Phase 1, "New containers".

use ssz_derive::{Decode, Encode};
use ssz_types::{
    VariableList,
    typenum::{U12, U2048, U1048576},
};
use tree_hash_derive::TreeHash;

use crate::types::{BLSPubkey, BLSSignature, Bytes32, Gwei, Root, Shard, Slot, ValidatorIndex};

/// A block of a shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardBlock {
    /// The shard block before.
    pub shard_parent_root: Root,
    /// The beacon block that it builds on.
    pub beacon_parent_root: Root,
    /// Its slot.
    pub slot: Slot,
    /// Its shard.
    pub shard: Shard,
    /// Who proposes it.
    pub proposer_index: ValidatorIndex,
    /// Its data.
    pub body: VariableList<u8, U1048576>,
}

/// A [`ShardBlock`], signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedShardBlock {
    /// The block.
    pub message: ShardBlock,
    /// The proposer's signature.
    pub signature: BLSSignature,
}

/// A [`ShardBlock`] with its body's root in the body's place: the two have one root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardBlockHeader {
    /// The shard block before.
    pub shard_parent_root: Root,
    /// The beacon block that it builds on.
    pub beacon_parent_root: Root,
    /// Its slot.
    pub slot: Slot,
    /// Its shard.
    pub shard: Shard,
    /// Who proposes it.
    pub proposer_index: ValidatorIndex,
    /// The root of its data.
    pub body_root: Root,
}

/// What the beacon chain knows of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardState {
    /// The slot that it is of.
    pub slot: Slot,
    /// What a byte costs.
    pub gasprice: Gwei,
    /// The latest shard block.
    pub latest_block_root: Root,
}

/// What happened on a shard since its last crosslink: one of each for each offset slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardTransition {
    /// The first offset slot.
    pub start_slot: Slot,
    /// How long each block is; 0: there is none.
    pub shard_block_lengths: VariableList<u64, U12>,
    /// The root of each block's data.
    pub shard_data_roots: VariableList<Bytes32, U12>,
    /// The state after each slot.
    pub shard_states: VariableList<ShardState, U12>,
    /// The signatures of all proposers in one.
    pub proposer_signature_aggregate: BLSSignature,
}

/// A committee for light clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct CompactCommittee {
    /// The keys.
    pub pubkeys: VariableList<BLSPubkey, U2048>,
    /// Index, slashed or not, and balance; see [`crate::phase1::compact::pack_compact_validator`].
    pub compact_validators: VariableList<u64, U2048>,
}
