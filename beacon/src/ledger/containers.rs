//! The containers of the ledger, in SSZ.

use milhouse::{List, Vector};
use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitVector,
    typenum::{Sum, U1, U64, U256, U1024, U65536},
};
use tree_hash_derive::TreeHash;

use super::{
    challenge::PendingExecution,
    execution::RECENT_SLOTS,
    record::{EeRecord, PendingDeposit, PreCheck},
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    math::index,
    types::{Bytes32, Gwei, Root, Shard, Slot},
};

/// The shard number of the beacon chain as one end of a lane.
pub const BEACON_CHAIN: Shard = 1024;
/// The most lanes of a shard: one for each shard, and the beacon chain's.
pub type MaxLanes = Sum<U1024, U1>;

/// The state of an EE on a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct EeState {
    /// The root of its state.
    pub state_root: Bytes32,
    /// Its ether.
    pub balance: Gwei,
}

/// The settled receipts of a lane from another shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct InboundLane {
    /// The sequence number before which all receipts have been settled.
    pub next: u64,
    /// Bit `n % 1024` is set if receipt `n` has been settled, for those from `next` up to `next + 1024`.
    pub settled: BitVector<U1024>,
}

/// The receipts that were sent on a lane to another shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct OutboundLane {
    /// The sequence number of the next receipt.
    pub next: u64,
    /// The ether of unsettled receipts, with their fees.
    pub in_flight: Gwei,
}

/// The part of the ledger that is about a shard.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct ShardLedger {
    pub(crate) latest_block_root: Root,
    pub(crate) execution_root: Root,
    pub(crate) ees: List<EeState, U65536>,
    pub(crate) recent: Vector<Root, U256>,
    pub(crate) inbound: List<InboundLane, MaxLanes>,
    pub(crate) outbound: List<OutboundLane, MaxLanes>,
    pub(crate) pending: List<PendingExecution, U1024>,
    pub(crate) bounces: List<PendingDeposit, U65536>,
}

impl ShardLedger {
    /// Returns the root of the latest crosslinked shard block, as in the beacon state.
    #[must_use]
    pub fn latest_block_root(&self) -> Root {
        self.latest_block_root
    }

    /// Returns the latest execution root of the shard, which may still be pending.
    #[must_use]
    pub fn execution_root(&self) -> Root {
        self.execution_root
    }

    /// Returns the EEs, by [`EeIndex`](super::EeIndex); EEs that are not on the shard have an empty entry.
    #[must_use]
    pub fn ees(&self) -> &List<EeState, U65536> {
        &self.ees
    }

    /// Returns the execution roots of slots, by `slot % 256`; zero for a slot without a block in the last 256 slots.
    #[must_use]
    pub fn recent(&self) -> &Vector<Root, U256> {
        &self.recent
    }

    /// Returns the lanes to the shard, by [`lane_index`].
    #[must_use]
    pub fn inbound(&self) -> &List<InboundLane, MaxLanes> {
        &self.inbound
    }

    /// Returns the lanes from the shard, by [`lane_index`].
    #[must_use]
    pub fn outbound(&self) -> &List<OutboundLane, MaxLanes> {
        &self.outbound
    }

    /// Returns the headers that can still be challenged, in order; they have no effect yet.
    #[must_use]
    pub fn pending(&self) -> &List<PendingExecution, U1024> {
        &self.pending
    }

    /// Returns the shard's deposits that no validator can receive, because their signatures are invalid: they return to
    /// their EEs, in order, as the lane from the beacon chain has room.
    #[must_use]
    pub fn bounces(&self) -> &List<PendingDeposit, U65536> {
        &self.bounces
    }
}

/// Returns the index of the lane from or to a shard. The beacon chain's is the first, so a list is no longer than
/// necessary.
#[must_use]
pub fn lane_index(shard: Shard) -> u64 {
    if shard == BEACON_CHAIN { 0 } else { shard.saturating_add(1) }
}

/// The lanes from the beacon chain to shards.
///
/// The design does not have them. They are necessary because ether from validators to EEs, and bounced deposits, are in
/// flight, too, and shards have to find their receipts under a root.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct BeaconLanes {
    pub(crate) recent: Vector<Root, U256>,
    pub(crate) outbound: List<OutboundLane, U1024>,
}

impl BeaconLanes {
    /// Returns, by `slot % 256`, the root of an [`ExecutionHeader`](super::ExecutionHeader) that has only the lanes of
    /// the slot, or zero if nothing was sent in it. So receipts of the beacon chain are proven like those of a shard.
    #[must_use]
    pub fn recent(&self) -> &Vector<Root, U256> {
        &self.recent
    }

    /// Returns the lane to each shard.
    #[must_use]
    pub fn outbound(&self) -> &List<OutboundLane, U1024> {
        &self.outbound
    }
}

/// The beacon chain's knowledge of EEs after a block, beside the specification's state.
///
/// Its lists are trees that cache their hashes: a copy costs a few pointers, and a root costs only the hashes of
/// changes. Users of this crate can only read them, so no list has pending changes.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct Ledger {
    pub(crate) slot: Slot,
    pub(crate) ees: List<EeRecord, U65536>,
    pub(crate) shards: List<ShardLedger, U1024>,
    pub(crate) pending_deposits: List<PendingDeposit, U65536>,
    pub(crate) pre_checks: List<PreCheck, U64>,
    pub(crate) burnt: Gwei,
    pub(crate) total: Gwei,
    pub(crate) beacon_lanes: BeaconLanes,
}

impl Ledger {
    /// Returns the slot of the latest block.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Returns the registry, by [`EeIndex`](super::EeIndex).
    #[must_use]
    pub fn ees(&self) -> &List<EeRecord, U65536> {
        &self.ees
    }

    /// Returns the shards.
    #[must_use]
    pub fn shards(&self) -> &List<ShardLedger, U1024> {
        &self.shards
    }

    /// Returns the deposits of EEs that validators have not received yet. Each shard can have only its part of them, so no
    /// shard keeps others from making deposits.
    #[must_use]
    pub fn pending_deposits(&self) -> &List<PendingDeposit, U65536> {
        &self.pending_deposits
    }

    /// Returns the pending votes on code.
    #[must_use]
    pub fn pre_checks(&self) -> &List<PreCheck, U64> {
        &self.pre_checks
    }

    /// Returns the fees that shard blocks have paid for their bytes, and the rent of EEs.
    #[must_use]
    pub fn burnt(&self) -> Gwei {
        self.burnt
    }

    /// Returns all ether in the ledger.
    #[must_use]
    pub fn total(&self) -> Gwei {
        self.total
    }

    /// Returns the lanes from the beacon chain.
    #[must_use]
    pub fn beacon_lanes(&self) -> &BeaconLanes {
        &self.beacon_lanes
    }

    /// Returns the `hash_tree_root`, computing only hashes of changes.
    #[must_use]
    pub fn root(&self) -> Root {
        hash_tree_root(self)
    }

    /// Returns the execution root of a shard, or of the beacon chain's lanes, for one of the last 256 slots.
    #[must_use]
    pub fn recent_execution_root(&self, shard: Shard, slot: Slot) -> Option<Root> {
        if slot > self.slot || slot.saturating_add(RECENT_SLOTS) <= self.slot {
            return None;
        }
        let recent = match shard {
            BEACON_CHAIN => &self.beacon_lanes.recent,
            _ => &self.shards.get(index(shard))?.recent,
        };
        recent.get(index(slot % RECENT_SLOTS)).copied().filter(|root| *root != Root::ZERO)
    }
}

/// The container whose root is a block's graffiti.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct LedgerCommitment {
    /// The root of the ledger after the block.
    pub ledger_root: Root,
    /// The root of the block's operations.
    pub operations_root: Root,
}
