//! What the ledger consists of, in SSZ.

use milhouse::{List, Vector};
use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitList, BitVector,
    typenum::{Sum, U1, U64, U256, U1024, U65536, U4194304},
};
use tree_hash_derive::TreeHash;

use super::execution::RECENT_SLOTS;
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    containers::DepositData,
    hash::hash_tree_root,
    math::index,
    types::{BLSPubkey, Bytes32, Epoch, Gwei, Root, Shard, Slot},
};

/// The place of an EE in the registry, which it keeps for ever.
pub type EeIndex = u32;
/// The shard number that stands for the beacon chain, at the other end of a lane.
pub const BEACON_CHAIN: Shard = 1024;
/// Lanes of a shard, at most: one for each shard, and the beacon chain's.
pub type MaxLanes = Sum<U1024, U1>;

/// What the registry knows of an EE.
///
/// The last two fields are not of the design: the switch to announced code has to know its size and its imports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct EeRecord {
    /// SHA-256 of its code, as `sha256sum` prints it.
    pub code_hash: Bytes32,
    /// The length of its code.
    pub code_bytes: u32,
    /// The root that its state starts from, on each of its shards.
    pub initial_state_root: Bytes32,
    /// Signs exits and upgrades.
    pub owner: BLSPubkey,
    /// The withdrawal credentials of the validator that gets the deposit back.
    pub refund_credentials: Bytes32,
    /// What is locked as long as it exists.
    pub deposit: Gwei,
    /// On which shards it is.
    pub shards: BitVector<U1024>,
    /// Whether its code imports `eth2.receiptCopy`.
    pub takes_receipts: bool,
    /// Epochs from the acceptance of other code to the switch to it; 0: its code never changes.
    pub upgrade_delay: u64,
    /// The code that is accepted to come; zero: none.
    pub next_code_hash: Bytes32,
    /// When it comes.
    pub next_code_epoch: Epoch,
    /// From when on it may be executed.
    pub deployed_epoch: Epoch,
    /// When it goes, if it has no ether then.
    pub exit_epoch: Epoch,
    /// When its deposit is paid back, once it has gone.
    pub withdrawable_epoch: Epoch,
    /// The length of the code that is to come.
    pub next_code_bytes: u32,
    /// Whether the code that is to come imports `eth2.receiptCopy`.
    pub next_takes_receipts: bool,
}

impl EeRecord {
    /// Whether the EE may be executed in blocks of an epoch.
    #[must_use]
    pub fn is_active(&self, epoch: Epoch) -> bool {
        self.deployed_epoch <= epoch && epoch < self.exit_epoch
    }

    /// Whether the EE is to go, so that receipts to it bounce.
    #[must_use]
    pub fn is_exiting(&self) -> bool {
        self.exit_epoch != FAR_FUTURE_EPOCH
    }

    /// Whether the EE has gone, or never came.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.withdrawable_epoch != FAR_FUTURE_EPOCH
    }

    /// Whether the EE is on a shard.
    #[must_use]
    pub fn is_on(&self, shard: Shard) -> bool {
        self.shards.get(index(shard)).unwrap_or(false)
    }

    /// The hash of the code that blocks of an epoch execute.
    #[must_use]
    pub fn code_hash_at(&self, epoch: Epoch) -> Bytes32 {
        if self.next_code_epoch <= epoch { self.next_code_hash } else { self.code_hash }
    }
}

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

    /// The EEs, by [`EeIndex`]; those that are not on the shard have nothing.
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

/// A deposit that an EE has made, and that is still to be given to a validator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct PendingDeposit {
    /// The deposit.
    pub data: DepositData,
    /// The shard of the EE.
    pub shard: Shard,
    /// The EE, to which the ether goes back if the deposit's signature is invalid.
    pub ee: EeIndex,
}

/// Validators, at most, that can vote on code.
pub type MaxVoters = U4194304;

/// Code that validators vote on. That of an EE which is deployed already is an upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct PreCheck {
    /// The EE.
    pub ee: EeIndex,
    /// The hash of the code.
    pub code_hash: Bytes32,
    /// The length of the code.
    pub code_bytes: u32,
    /// Whether the code imports `eth2.receiptCopy`.
    pub takes_receipts: bool,
    /// Since when it is voted on.
    pub opened_epoch: Epoch,
    /// Validators that are for it; a bit for each that there was in the beginning.
    pub accepted: BitList<MaxVoters>,
    /// Validators that are against it.
    pub rejected: BitList<MaxVoters>,
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

    /// The registry, by [`EeIndex`].
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
