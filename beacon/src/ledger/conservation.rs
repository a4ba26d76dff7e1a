//! Nothing is lost, and nothing is made.

use super::{Ledger, LedgerError};

/// Where the ether of a ledger is, in Gwei.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// What EEs have on shards.
    pub balances: u128,
    /// What is on its way from shard to shard, and from the beacon chain to shards.
    pub in_flight: u128,
    /// What EEs have deposited for validators that do not have it yet.
    pub pending_deposits: u128,
    /// What is locked for EEs.
    pub deposits: u128,
    /// What shard blocks have paid for their bytes.
    pub burnt: u128,
}

impl Distribution {
    /// The sum of all.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.balances + self.in_flight + self.pending_deposits + self.deposits + self.burnt
    }
}

impl Ledger {
    /// Adds up where the ether is. No sum is too great: there are 2^26 balances and 2^21 lanes at most.
    #[must_use]
    pub fn distribution(&self) -> Distribution {
        let shards = || self.shards.iter();
        let lanes = shards().flat_map(|shard| &shard.outbound).chain(&self.beacon_lanes.outbound);
        Distribution {
            balances: total(shards().flat_map(|shard| &shard.ees).map(|state| state.balance)),
            in_flight: total(lanes.map(|lane| lane.in_flight)),
            pending_deposits: total(self.pending_deposits.iter().map(|pending| pending.data.amount)),
            deposits: total(self.ees.iter().map(|record| record.deposit)),
            burnt: u128::from(self.burnt),
        }
    }

    /// Checks that all parts add up to the total, which moves only with ether from and to validators.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Conservation`] if they do not.
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
