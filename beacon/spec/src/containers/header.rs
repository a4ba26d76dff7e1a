//! Phase 0, the header of a block, from "Misc dependencies" and "Signed envelopes".

use ssz_derive::{Decode, Encode};
use tree_hash_derive::TreeHash;

use crate::types::{BLSSignature, Root, Slot, ValidatorIndex};

/// The header of a [`BeaconBlock`](super::BeaconBlock): the body's root stands in for the body, so both have the same root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct BeaconBlockHeader {
    /// The slot.
    pub slot: Slot,
    /// The proposer.
    pub proposer_index: ValidatorIndex,
    /// The root of the parent block.
    pub parent_root: Root,
    /// The root of the state after the block.
    pub state_root: Root,
    /// The root of the body.
    pub body_root: Root,
}

/// A signed [`BeaconBlockHeader`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedBeaconBlockHeader {
    /// The header.
    pub message: BeaconBlockHeader,
    /// The proposer's signature.
    pub signature: BLSSignature,
}
