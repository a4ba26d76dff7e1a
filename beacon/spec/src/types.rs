//! The custom types of the specification.
//!
//! They are aliases because the specification computes with them freely, and so its functions and these can be read
//! side by side.

use alloy_primitives::{B256, FixedBytes};

/// The number of a slot.
pub type Slot = u64;
/// The number of an epoch.
pub type Epoch = u64;
/// The index of a committee in its slot.
pub type CommitteeIndex = u64;
/// The index of a validator in the registry.
pub type ValidatorIndex = u64;
/// An amount of ether, in Gwei.
pub type Gwei = u64;
/// The number of a shard; phase 1.
pub type Shard = u64;
/// The number of epochs for which a validator still counts as online; phase 1.
pub type OnlineEpochs = u8;
/// A hash-tree root.
pub type Root = B256;
/// 32 arbitrary bytes.
pub type Bytes32 = B256;
/// The version of a fork.
pub type Version = FixedBytes<4>;
/// The kind of message that a signature is for.
pub type DomainType = [u8; 4];
/// The first four bytes of a fork's root.
pub type ForkDigest = FixedBytes<4>;
/// The context that a signature is bound to: kind, fork and chain.
pub type Domain = B256;
/// A compressed public key of BLS12-381.
pub type BLSPubkey = FixedBytes<48>;
/// A compressed signature of BLS12-381.
pub type BLSSignature = FixedBytes<96>;
