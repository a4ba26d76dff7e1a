//! The containers of the registry, in SSZ.

use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitList, BitVector,
    typenum::{U1024, U4194304},
};
use tree_hash_derive::TreeHash;

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
/// The last two fields are not in the design: the switch to announced code needs its size and its imports.
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
    /// Epochs between the acceptance of new code and the switch to it; 0 means that the code never changes.
    pub upgrade_delay: u64,
    /// The accepted next code, or zero.
    pub next_code_hash: Bytes32,
    /// The epoch of the switch to it.
    pub next_code_epoch: Epoch,
    /// The first epoch in which it may be executed.
    pub deployed_epoch: Epoch,
    /// The epoch in which it exits, if it has no ether then.
    pub exit_epoch: Epoch,
    /// The epoch in which its deposit is refunded after its exit.
    pub withdrawable_epoch: Epoch,
    /// The length of the next code.
    pub next_code_bytes: u32,
    /// Whether the next code imports `eth2.receiptCopy`.
    pub next_takes_receipts: bool,
}

impl EeRecord {
    /// Returns whether the EE may be executed in blocks of an epoch.
    #[must_use]
    pub fn is_active(&self, epoch: Epoch) -> bool {
        self.deployed_epoch <= epoch && epoch < self.exit_epoch
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

    /// Returns the hash of the code that blocks of an epoch execute.
    #[must_use]
    pub fn code_hash_at(&self, epoch: Epoch) -> Bytes32 {
        if self.next_code_epoch <= epoch { self.next_code_hash } else { self.code_hash }
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
