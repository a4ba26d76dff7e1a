//! What the registry consists of, in SSZ.

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

/// The place of an EE in the registry, which it keeps for ever.
pub type EeIndex = u32;

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
