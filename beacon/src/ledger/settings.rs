//! The settings of a chain.

use super::MESSAGES_MAX;
use outrider_beacon_spec::types::{Gwei, ValidatorIndex};

/// A Gwei is 10^-9 ether.
const ETHER: Gwei = 1_000_000_000;

/// Prices, limits and times. All nodes of a chain must have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The deposit of an EE without its code and shards; the same as a validator's.
    pub deposit_min: Gwei,
    /// The addition for each 4 KiB of code, rounded up.
    pub deposit_per_4_kib: Gwei,
    /// The addition for each shard.
    pub deposit_per_shard: Gwei,
    /// The rent of an EE for an epoch in which it is awake, which its deposit pays; 0 for none. Below
    /// [`deposit_min`](Self::deposit_min) the EE hibernates.
    pub rent_per_epoch: Gwei,
    /// The largest code in bytes; at most 4 MiB, the limit of the containers.
    pub code_bytes_max: usize,
    /// The length of a vote on code in epochs.
    pub pre_check_epochs: u64,
    /// Epochs between the request to exit and the exit.
    pub exit_epochs: u64,
    /// Epochs between the exit and the refund.
    pub refund_epochs: u64,
    /// The most deposits of EEs that a block gives to validators.
    pub deposits_per_block_max: usize,
    /// The smallest deposit of an EE; the deposit contract's `MIN_DEPOSIT_AMOUNT`.
    pub deposit_amount_min: Gwei,
    /// The most fuel of an execution.
    pub fuel_per_ee_max: u64,
    /// The most fuel of a shard block.
    pub fuel_per_block_max: u64,
    /// The most messages in flight on a lane between shards, from 1 to [`MESSAGES_MAX`]: a message is sent only if its number
    /// is less than this beyond the first unsettled one. With 1, the lane is a sequential queue: messages are settled strictly
    /// in order, and the first keeps the others waiting, in the states of their EEs. Receipts that return take no part.
    pub window: u64,
    /// The slots for which a crosslinked header can be challenged before it counts, at most
    /// [`CHALLENGE_SLOTS_MAX`](super::CHALLENGE_SLOTS_MAX); 0 if it
    /// counts at once. Receipts are delivered only from headers that count.
    pub challenge_slots: u64,
    /// The most roots that a shard block may assume, of the 64 that its header can list; 0 if it may assume none. With 0 and
    /// without a challenge window, no block crosslinks a header that does not continue the executions of its shard;
    /// otherwise such a header is ignored. With [`Ether::Committee`], no assumption comes true.
    pub assumptions_max: usize,
    /// The party that vouches for the ether of EEs on shards.
    pub ether: Ether,
    /// A validator of a test chain that may pay without having exited.
    pub faucet: Option<ValidatorIndex>,
}

/// The party that vouches for the ether of EEs on shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ether {
    /// The ledger, which adds up the sums itself.
    #[default]
    Ledger,
    /// Committees alone; the ledger is thin. [`Ledger::into_thin`](super::Ledger::into_thin) says what it keeps.
    Committee,
}

impl Default for Settings {
    /// The default fuel is for executions of about a sixth of a second for each EE, and twice that for a block.
    fn default() -> Self {
        Self {
            deposit_min: 32 * ETHER,
            deposit_per_4_kib: ETHER,
            deposit_per_shard: ETHER / 100,
            rent_per_epoch: 0,
            code_bytes_max: 4 << 20,
            pre_check_epochs: 2,
            exit_epochs: 256,
            refund_epochs: 256,
            deposits_per_block_max: 16,
            deposit_amount_min: ETHER,
            fuel_per_ee_max: 4_000_000_000,
            fuel_per_block_max: 8_000_000_000,
            window: MESSAGES_MAX,
            challenge_slots: 0,
            assumptions_max: 0,
            ether: Ether::Ledger,
            faucet: None,
        }
    }
}

impl Settings {
    /// Returns whether a crosslinked header that does not continue the executions of its shard is ignored. Otherwise the
    /// block that crosslinks it is refused.
    pub(crate) fn ignores_headers(&self) -> bool {
        self.challenge_slots > 0 || self.assumptions_max > 0
    }

    /// Returns the deposit that an EE has to lock, in Gwei, saturating, so that no deposit suffices for an overflow.
    #[must_use]
    pub fn deposit(&self, code_bytes: usize, n_shards: usize) -> Gwei {
        let for_code = self.deposit_per_4_kib.saturating_mul(code_bytes.div_ceil(4096) as u64);
        let for_shards = self.deposit_per_shard.saturating_mul(n_shards as u64);
        self.deposit_min.saturating_add(for_code).saturating_add(for_shards)
    }
}
