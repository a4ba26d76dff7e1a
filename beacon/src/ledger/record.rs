//! The containers of the registry, in SSZ.

use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitList, BitVector,
    typenum::{U1024, U4194304},
};
use tree_hash_derive::TreeHash;

use super::{NextCode, PreviousCode};
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    containers::DepositData,
    math::index,
    types::{BLSPubkey, Bytes32, Epoch, Gwei, Shard},
};

/// The index of an EE in the registry, which never changes.
pub type EeIndex = u32;

/// The registry's record of an EE.
///
/// The next code has a size and imports beyond the design, because the switch to it needs them. With 16 fields, the record
/// has as many levels as in the design.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct EeRecord {
    /// SHA-256 of its code, as `sha256sum` prints it.
    pub code_hash: Bytes32,
    /// The length of its code.
    pub code_bytes: u32,
    /// The root with which its state starts, on each of its shards.
    pub initial_state_root: Bytes32,
    /// The key that signs exits and upgrades.
    pub owner: BLSPubkey,
    /// The withdrawal credentials of the validator that receives the refunded deposit.
    pub refund_credentials: Bytes32,
    /// The ether that is locked while it exists.
    pub deposit: Gwei,
    /// Its shards.
    pub shards: BitVector<U1024>,
    /// Whether its code imports `eth2.receiptCopy`.
    pub takes_receipts: bool,
    /// The fewest epochs between the acceptance of new code and the switch to it, up to [`UPGRADE_DELAY_MAX`]; 0 means that
    /// the code never changes. A switch also waits until executions before the [last switch](PreviousCode) cannot be disputed
    /// any more.
    pub upgrade_delay: u64,
    /// The accepted next code, if there is one.
    pub next_code: NextCode,
    /// The first epoch in which it may be executed.
    pub deployed_epoch: Epoch,
    /// The epoch in which it exits, if it has no ether then. If its code was never accepted: the epoch in which validators
    /// rejected it, or `FAR_FUTURE_EPOCH` if the vote lapsed.
    pub exit_epoch: Epoch,
    /// The epoch in which its deposit is refunded after its exit.
    pub withdrawable_epoch: Epoch,
    /// The epoch in which it falls asleep, because rent has eaten up too much of its deposit. It is set an epoch ahead, so
    /// every beacon block on which a shard block of some slot may build has the same answer for that slot.
    pub hibernation_epoch: Epoch,
    /// The epoch in which it wakes up again, once somebody has topped up its deposit; also set an epoch ahead.
    pub wake_epoch: Epoch,
    /// The code before the last switch, if there was one.
    pub previous_code: PreviousCode,
}

/// The longest upgrade delay in epochs, more than 50,000 years: no chain has an epoch to which adding it overflows.
pub const UPGRADE_DELAY_MAX: u64 = 1 << 32;

/// The state of an EE in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EeStatus {
    /// Validators vote on its code, or have accepted it for a later epoch.
    Pending,
    /// It may be executed.
    Active,
    /// It hibernates, because rent has eaten up too much of its deposit.
    Asleep,
    /// It may be executed, and is to exit.
    Exiting,
    /// It has exited.
    Exited,
    /// Validators rejected its code.
    Rejected,
    /// The vote on its code ended without a decision.
    Lapsed,
}

impl EeRecord {
    /// Returns the state of the EE in an epoch, which is not before the one of the record.
    #[must_use]
    pub fn status(&self, epoch: Epoch) -> EeStatus {
        let was_accepted = self.deployed_epoch != FAR_FUTURE_EPOCH;
        match (self.is_gone(), was_accepted, self.is_exiting()) {
            (true, true, _) => EeStatus::Exited,
            (true, false, true) => EeStatus::Rejected,
            (true, false, false) => EeStatus::Lapsed,
            (false, _, true) => EeStatus::Exiting,
            (false, _, false) if self.is_asleep(epoch) => EeStatus::Asleep,
            (false, _, false) if self.is_active(epoch) => EeStatus::Active,
            (false, _, false) => EeStatus::Pending,
        }
    }

    /// Returns whether the EE may be executed in blocks of an epoch.
    #[must_use]
    pub fn is_active(&self, epoch: Epoch) -> bool {
        self.is_deployed(epoch) && !self.is_asleep(epoch)
    }

    /// Returns whether the EE has been deployed and has not exited in an epoch, asleep or awake.
    #[must_use]
    pub fn is_deployed(&self, epoch: Epoch) -> bool {
        self.deployed_epoch <= epoch && epoch < self.exit_epoch
    }

    /// Returns whether the EE hibernates in an epoch: it is not executed, and receipts to it bounce.
    #[must_use]
    pub fn is_asleep(&self, epoch: Epoch) -> bool {
        self.hibernation_epoch <= epoch && epoch < self.wake_epoch
    }

    /// Returns whether the EE is asleep or going to be, and nobody has topped up its deposit yet.
    #[must_use]
    pub fn is_hibernating(&self) -> bool {
        self.hibernation_epoch != FAR_FUTURE_EPOCH && self.wake_epoch == FAR_FUTURE_EPOCH
    }

    /// Returns whether a shard block of an epoch delivers receipts to the EE; otherwise they bounce.
    #[must_use]
    pub fn accepts_receipts(&self, epoch: Epoch) -> bool {
        self.takes_receipts_at(epoch) && self.is_active(epoch) && !self.is_exiting()
    }

    /// Returns whether the EE is to exit, so that receipts to it bounce.
    #[must_use]
    pub fn is_exiting(&self) -> bool {
        self.exit_epoch != FAR_FUTURE_EPOCH
    }

    /// Returns whether the EE has exited or was never accepted.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.withdrawable_epoch != FAR_FUTURE_EPOCH
    }

    /// Returns whether the EE is on a shard.
    #[must_use]
    pub fn is_on(&self, shard: Shard) -> bool {
        self.shards.get(index(shard)).unwrap_or(false)
    }
}

/// A deposit of an EE that a validator has not received yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct PendingDeposit {
    /// The deposit.
    pub data: DepositData,
    /// The shard of the EE.
    pub shard: Shard,
    /// The EE, which gets the ether back if the deposit's signature is invalid.
    pub ee: EeIndex,
}

/// The most validators that can vote on code.
pub type MaxVoters = U4194304;

/// Code under a vote. For a deployed EE it is an upgrade.
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
    /// The epoch in which the vote was opened.
    pub opened_epoch: Epoch,
    /// The validators that accept it, with a bit for each validator at the opening.
    pub accepted: BitList<MaxVoters>,
    /// The validators that reject it.
    pub rejected: BitList<MaxVoters>,
}
