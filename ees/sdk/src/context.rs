//! The context of an execution: the `context*` imports of module `eth2`.

pub use outrider_abi::{BeaconRoot, EeIndex, ShardIndex, Slot};

use crate::imports;

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

/// Returns the root of the beacon block on which the shard block builds.
pub fn beacon_root() -> BeaconRoot {
    let mut root = BeaconRoot::default();
    imports::context_beacon_root(&mut root.0);
    root
}

/// Returns the EE's ether on this shard before the block, in Gwei.
pub fn balance() -> u64 {
    imports::context_balance()
}

/// Returns the latest final slot as of [`beacon_root`].
pub fn finalized_slot() -> Slot {
    Slot(imports::context_finalized_slot())
}
