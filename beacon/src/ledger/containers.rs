//! What the ledger consists of, in SSZ.

use milhouse::{List, Vector};
use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitVector,
    typenum::{Sum, U1, U64, U256, U1024, U65536},
};
use tree_hash_derive::TreeHash;

use super::{
    execution::RECENT_SLOTS,
    record::{EeRecord, PendingDeposit, PreCheck},
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    math::index,
    types::{Bytes32, Gwei, Root, Shard, Slot},
};

/// The shard number that stands for the beacon chain, at the other end of a lane.
pub const BEACON_CHAIN: Shard = 1024;
/// Lanes of a shard, at most: one for each shard, and the beacon chain's.
pub type MaxLanes = Sum<U1024, U1>;

/// What is known of an EE on a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct EeState {
    /// The root of its state.
    pub state_root: Bytes32,
    /// Its ether.
    pub balance: Gwei,
}

/// Which receipts of another shard have been settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct InboundLane {
    /// All before this sequence number have been settled.
    pub next: u64,
    /// Bit `n % 1024` says whether `n` has been settled, for those from `next` up to `next + 1024`.
    pub settled: BitVector<U1024>,
}

/// What has been sent to another shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct OutboundLane {
    /// The sequence number of the next receipt.
    pub next: u64,
    /// The ether of receipts that have not been settled, with their fees.
    pub in_flight: Gwei,
}

/// What the ledger knows of a shard.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct ShardLedger {
    pub(crate) latest_block_root: Root,
    pub(crate) execution_root: Root,
    pub(crate) ees: List<EeState, U65536>,
    pub(crate) recent: Vector<Root, U256>,
    pub(crate) inbound: List<InboundLane, MaxLanes>,
    pub(crate) outbound: List<OutboundLane, MaxLanes>,
}

impl ShardLedger {
    /// The latest shard block that was crosslinked, as the beacon state has it.
    #[must_use]
    pub fn latest_block_root(&self) -> Root {
        self.latest_block_root
    }

    /// The execution root of the latest shard block that has one.
    #[must_use]
    pub fn execution_root(&self) -> Root {
        self.execution_root
    }

    /// The EEs, by [`EeIndex`](super::EeIndex); those that are not on the shard have nothing.
    #[must_use]
    pub fn ees(&self) -> &List<EeState, U65536> {
        &self.ees
    }

    /// The execution root of a slot's block, by `slot % 256`; zero if there was none in the last 256 slots.
    #[must_use]
    pub fn recent(&self) -> &Vector<Root, U256> {
        &self.recent
    }

    /// Lanes to the shard; where they are, says [`lane_index`].
    #[must_use]
    pub fn inbound(&self) -> &List<InboundLane, MaxLanes> {
        &self.inbound
    }

    /// Lanes from the shard; where they are, says [`lane_index`].
    #[must_use]
    pub fn outbound(&self) -> &List<OutboundLane, MaxLanes> {
        &self.outbound
    }
}

/// Where the lane from or to a shard stands: the beacon chain's first, so that a list has no more than there are.
#[must_use]
pub fn lane_index(shard: Shard) -> u64 {
    if shard == BEACON_CHAIN { 0 } else { shard.saturating_add(1) }
}

/// What the beacon chain itself sends to shards.
///
/// The design has no place for it: ether that goes from validators to EEs, and bounced deposits, are in flight, too, and
/// shards have to find their receipts under a root.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode, TreeHash)]
pub struct BeaconLanes {
    pub(crate) recent: Vector<Root, U256>,
    pub(crate) outbound: List<OutboundLane, U1024>,
}

impl BeaconLanes {
    /// The root of an [`ExecutionHeader`](super::ExecutionHeader) that has only the lanes of a slot, by `slot % 256`; zero if nothing
    /// was sent in it. So receipts of the beacon chain are proven like those of a shard.
    #[must_use]
    pub fn recent(&self) -> &Vector<Root, U256> {
        &self.recent
    }

    /// A lane to each shard.
    #[must_use]
    pub fn outbound(&self) -> &List<OutboundLane, U1024> {
        &self.outbound
    }
}

/// All that the beacon chain knows of EEs after a block, beside the specification's state.
///
/// Its lists are trees that keep their hashes: a copy costs a few pointers, and a root what has changed. Whoever is outside of this
/// crate reads them only, so they never wait to be settled.
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
    /// The slot of the latest block.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The registry, by [`EeIndex`](super::EeIndex).
    #[must_use]
    pub fn ees(&self) -> &List<EeRecord, U65536> {
        &self.ees
    }

    /// The shards.
    #[must_use]
    pub fn shards(&self) -> &List<ShardLedger, U1024> {
        &self.shards
    }

    /// Deposits of EEs that are still to be given to validators.
    #[must_use]
    pub fn pending_deposits(&self) -> &List<PendingDeposit, U65536> {
        &self.pending_deposits
    }

    /// Code that is voted on.
    #[must_use]
    pub fn pre_checks(&self) -> &List<PreCheck, U64> {
        &self.pre_checks
    }

    /// What shard blocks have paid for their bytes.
    #[must_use]
    pub fn burnt(&self) -> Gwei {
        self.burnt
    }

    /// All ether in the ledger.
    #[must_use]
    pub fn total(&self) -> Gwei {
        self.total
    }

    /// What the beacon chain itself sends.
    #[must_use]
    pub fn beacon_lanes(&self) -> &BeaconLanes {
        &self.beacon_lanes
    }

    /// `hash_tree_root`, of which only what has changed is computed.
    #[must_use]
    pub fn root(&self) -> Root {
        hash_tree_root(self)
    }

    /// The execution root of a shard's block, or of what the beacon chain sent, in one of the last 256 slots.
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

/// What a block's graffiti is the root of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct LedgerCommitment {
    /// The root of the ledger after the block.
    pub ledger_root: Root,
    /// The root of the block's operations.
    pub operations_root: Root,
}
