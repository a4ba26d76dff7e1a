//! Phase 1, "New containers".

use ssz_derive::{Decode, Encode};
use ssz_types::{
    VariableList,
    typenum::{U12, U2048, U1048576},
};
use tree_hash_derive::TreeHash;

use crate::{
    hash::bytes_root,
    types::{BLSPubkey, BLSSignature, Bytes32, Gwei, Root, Shard, Slot, ValidatorIndex},
};

/// A shard block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardBlock {
    /// The root of the parent shard block.
    pub shard_parent_root: Root,
    /// The root of the beacon block that it builds on.
    pub beacon_parent_root: Root,
    /// The slot.
    pub slot: Slot,
    /// The shard.
    pub shard: Shard,
    /// The proposer.
    pub proposer_index: ValidatorIndex,
    /// The data.
    pub body: VariableList<u8, U1048576>,
}

/// A signed [`ShardBlock`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedShardBlock {
    /// The block.
    pub message: ShardBlock,
    /// The proposer's signature.
    pub signature: BLSSignature,
}

/// The header of a [`ShardBlock`]: the body's root stands in for the body, so both have the same root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardBlockHeader {
    /// The root of the parent shard block.
    pub shard_parent_root: Root,
    /// The root of the beacon block that it builds on.
    pub beacon_parent_root: Root,
    /// The slot.
    pub slot: Slot,
    /// The shard.
    pub shard: Shard,
    /// The proposer.
    pub proposer_index: ValidatorIndex,
    /// The root of the data.
    pub body_root: Root,
}

impl ShardBlock {
    /// Returns the header, which takes the hash of the body.
    #[must_use]
    pub fn header(&self) -> ShardBlockHeader {
        let Self { shard_parent_root, beacon_parent_root, slot, shard, proposer_index, ref body } = *self;
        let body_root = bytes_root(body);
        ShardBlockHeader { shard_parent_root, beacon_parent_root, slot, shard, proposer_index, body_root }
    }
}

/// The beacon chain's view of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardState {
    /// The slot of this state.
    pub slot: Slot,
    /// The price of a byte of shard data.
    pub gasprice: Gwei,
    /// The root of the latest shard block.
    pub latest_block_root: Root,
}

/// The history of a shard since its last crosslink. Each list has one element for each offset slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardTransition {
    /// The first offset slot.
    pub start_slot: Slot,
    /// The length of each block; 0 where there is none.
    pub shard_block_lengths: VariableList<u64, U12>,
    /// The root of each block's data.
    pub shard_data_roots: VariableList<Bytes32, U12>,
    /// The shard state after each slot.
    pub shard_states: VariableList<ShardState, U12>,
    /// The aggregate signature of all proposers.
    pub proposer_signature_aggregate: BLSSignature,
}

/// A committee for light clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct CompactCommittee {
    /// The members' public keys.
    pub pubkeys: VariableList<BLSPubkey, U2048>,
    /// Each member's index, slashed flag and balance; see [`crate::phase1::compact::pack_compact_validator`].
    pub compact_validators: VariableList<u64, U2048>,
}
