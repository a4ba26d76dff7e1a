//! The specification's custom types.
//!
//! They are aliases, as the specification computes with them freely; so its functions can be read side by side
//! with those here.

use alloy_primitives::{B256, FixedBytes};

/// A slot's number.
pub type Slot = u64;
/// An epoch's number.
pub type Epoch = u64;
/// The index of a committee in its slot.
pub type CommitteeIndex = u64;
/// The index of a validator in the registry.
pub type ValidatorIndex = u64;
/// An amount of ether, in Gwei.
pub type Gwei = u64;
/// A shard's number; phase 1.
pub type Shard = u64;
/// Epochs that a validator still counts as online; phase 1.
pub type OnlineEpochs = u8;
/// A hash-tree root.
pub type Root = B256;
/// Any 32 bytes.
pub type Bytes32 = B256;
/// A fork's version.
pub type Version = FixedBytes<4>;
/// What kind of message a signature is for.
pub type DomainType = [u8; 4];
/// The first bytes of a fork's root.
pub type ForkDigest = FixedBytes<4>;
/// What a signature is bound to: kind, fork and chain.
pub type Domain = B256;
/// A public key of BLS12-381, compressed.
pub type BLSPubkey = FixedBytes<48>;
/// A signature of BLS12-381, compressed.
pub type BLSSignature = FixedBytes<96>;
