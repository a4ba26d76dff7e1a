//! The conservation of ether.

use super::{Ledger, LedgerError};

/// The distribution of a ledger's ether, in Gwei.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// The balances of EEs on shards; for a thin ledger, all ether on shards and between them.
    pub balances: u128,
    /// Ether in flight between shards, and from the beacon chain to shards.
    pub in_flight: u128,
    /// Deposits of EEs that validators have not received yet, or that wait for their way back.
    pub pending_deposits: u128,
    /// Ether that is locked for EEs.
    pub deposits: u128,
    /// Fees that shard blocks have paid for their bytes, and the rent of EEs.
    pub burnt: u128,
}

impl Distribution {
    /// Returns the sum of all parts.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.balances + self.in_flight + self.pending_deposits + self.deposits + self.burnt
    }
}

impl Ledger {
    /// Adds up the ether of the ledger. No sum overflows: there are at most 2^26 balances and 2^21 lanes.
    #[must_use]
    pub fn distribution(&self) -> Distribution {
        let shards = || self.shards.iter();
        let lanes = shards().flat_map(|shard| &shard.outbound).chain(&self.beacon_lanes.outbound);
        let pending_deposits = shards().flat_map(|shard| &shard.bounces).chain(&self.pending_deposits);
        let mut distribution = Distribution {
            balances: total(shards().flat_map(|shard| &shard.ees).map(|state| state.balance)),
            in_flight: total(lanes.map(|lane| lane.in_flight)),
            pending_deposits: total(pending_deposits.map(|pending| pending.data.amount)),
            deposits: total(self.ees.iter().map(|record| record.deposit)),
            burnt: u128::from(self.burnt),
        };
        if self.is_thin() {
            distribution.balances = u128::from(self.total).saturating_sub(distribution.sum());
        }
        distribution
    }

    /// Checks that all parts add up to the total, which changes only with ether from and to validators. The parts of a
    /// thin ledger without the balances must not exceed it.
    ///
    /// # Errors
    ///
    /// Fails with [`LedgerError::Conservation`] if they do not.
    pub fn check_conservation(&self) -> Result<(), LedgerError> {
        let got = self.distribution().sum();
        if got == u128::from(self.total) {
            Ok(())
        } else {
            Err(LedgerError::Conservation { got, expected: self.total })
        }
    }
}

fn total(amounts: impl Iterator<Item = u64>) -> u128 {
    amounts.map(u128::from).sum()
}
