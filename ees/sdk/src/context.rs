//! Where and when an execution happens: the `context*` imports of module `eth2`.

use crate::{bytes32::bytes32, imports};

/// A shard, by its index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardIndex(pub u64);

/// A beacon slot, counted from genesis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u64);

/// An EE, by its index in the beacon chain's registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EeIndex(pub u64);

bytes32! {
    /// The root of the beacon block on which the shard block stands.
    BeaconRoot
}

/// Returns the shard on which the EE is executed.
pub fn shard() -> ShardIndex {
    ShardIndex(imports::context_shard())
}

/// Returns the slot of the shard block.
pub fn slot() -> Slot {
    Slot(imports::context_slot())
}

/// Returns the EE's own index.
pub fn ee_index() -> EeIndex {
    EeIndex(imports::context_ee_index())
}

/// Returns the root of the beacon block on which the shard block stands.
pub fn beacon_root() -> BeaconRoot {
    let mut root = BeaconRoot::default();
    imports::context_beacon_root(&mut root.0);
    root
}
