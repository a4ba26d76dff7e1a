//! What is decided by whoever starts a chain.

use outrider_beacon_spec::types::{Gwei, ValidatorIndex};

/// A Gwei is 10^-9 ether.
const ETHER: Gwei = 1_000_000_000;

/// Prices, limits and times. All nodes of a chain have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The deposit of an EE, before its code and shards count; as a validator's.
    pub deposit_min: Gwei,
    /// What each 4 KiB of code, begun ones too, add to it.
    pub deposit_per_4_kib: Gwei,
    /// What each shard adds to it.
    pub deposit_per_shard: Gwei,
    /// The length of code, at most; 4 MiB at most, as containers hold no more.
    pub code_bytes_max: usize,
    /// Epochs in which code is voted on.
    pub pre_check_epochs: u64,
    /// Epochs from the wish to exit to the exit.
    pub exit_epochs: u64,
    /// Epochs from the exit to the refund.
    pub refund_epochs: u64,
    /// Deposits of EEs that a block gives to validators, at most.
    pub deposits_per_block_max: usize,
    /// The least deposit that an EE may make; as the deposit contract's `MIN_DEPOSIT_AMOUNT`.
    pub deposit_amount_min: Gwei,
    /// Fuel of an execution, at most.
    pub fuel_per_ee_max: u64,
    /// Fuel of a shard block, at most.
    pub fuel_per_block_max: u64,
    /// A validator of a scenario that pays without having exited.
    pub faucet: Option<ValidatorIndex>,
}

impl Default for Settings {
    /// The fuel is that of executions which take about a sixth of a second for each EE, and twice that for a block.
    fn default() -> Self {
        Self {
            deposit_min: 32 * ETHER,
            deposit_per_4_kib: ETHER,
            deposit_per_shard: ETHER / 100,
            code_bytes_max: 4 << 20,
            pre_check_epochs: 2,
            exit_epochs: 256,
            refund_epochs: 256,
            deposits_per_block_max: 16,
            deposit_amount_min: ETHER,
            fuel_per_ee_max: 4_000_000_000,
            fuel_per_block_max: 8_000_000_000,
            faucet: None,
        }
    }
}

impl Settings {
    /// The deposit that an EE has to lock, in Gwei; none is as great as this if it is more than an amount can be.
    #[must_use]
    pub fn deposit(&self, code_bytes: usize, n_shards: usize) -> Gwei {
        let for_code = self.deposit_per_4_kib.saturating_mul(code_bytes.div_ceil(4096) as u64);
        let for_shards = self.deposit_per_shard.saturating_mul(n_shards as u64);
        self.deposit_min.saturating_add(for_code).saturating_add(for_shards)
    }
}
