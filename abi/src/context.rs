//! The context of an execution.

use crate::BeaconRoot;

/// A shard, by its index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ShardIndex(pub u64);

/// A slot of the beacon chain, counted from genesis, as in the Ethereum consensus specs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Slot(pub u64);

/// An EE, by its index in the beacon chain's registry; scout's `env`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EeIndex(pub u64);

/// The place and time of an execution, and the EE's ether there, which the EE reads through `eth2.context*`. All fields
/// are zero by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Context {
    /// The shard whose block is executed.
    pub shard: ShardIndex,
    /// The slot of that block.
    pub slot: Slot,
    /// The EE's own index.
    pub ee_index: EeIndex,
    /// The root of the beacon block on which the shard block builds.
    pub beacon_root: BeaconRoot,
    /// The EE's ether on this shard before the block, in Gwei.
    #[cfg_attr(feature = "serde", serde(default))]
    pub balance: u64,
    /// The latest final slot as of that beacon block.
    #[cfg_attr(feature = "serde", serde(default))]
    pub finalized_slot: Slot,
}
