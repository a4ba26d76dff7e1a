//! The count of a vote on code.

use ssz_types::BitList;

use crate::ledger::{LedgerPhase, MaxVoters, PreCheck};
use outrider_beacon_spec::{
    accessors::{get_active_validator_indices, get_current_epoch, get_total_active_balance, validator},
    containers::BeaconState,
    error::Error,
    math::{Uint64 as _, index},
    types::{Gwei, ValidatorIndex},
};

/// The votes on code so far, as effective balances in Gwei. Only validators that are active now count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The stake of the validators that accept the code.
    pub accepted: Gwei,
    /// The stake of the validators that reject it.
    pub rejected: Gwei,
    /// The stake of all active validators.
    pub total: Gwei,
}

impl Tally {
    /// Counts the votes on code in a state.
    ///
    /// # Errors
    ///
    /// Fails if a sum overflows.
    pub fn of<P: LedgerPhase>(state: &BeaconState<P>, pre_check: &PreCheck) -> Result<Self, Error> {
        Ok(Self {
            accepted: stake(state, &pre_check.accepted)?,
            rejected: stake(state, &pre_check.rejected)?,
            total: get_total_active_balance(state)?,
        })
    }

    /// Returns whether the code is accepted: by two thirds of the stake.
    ///
    /// # Errors
    ///
    /// Fails if a product overflows.
    pub fn is_accepted(&self) -> Result<bool, Error> {
        Ok(self.accepted.times(3)? >= self.total.times(2)?)
    }

    /// Returns whether the code is rejected: by a third of the stake.
    ///
    /// # Errors
    ///
    /// Fails if a product overflows.
    pub fn is_rejected(&self) -> Result<bool, Error> {
        Ok(self.rejected.times(3)? >= self.total)
    }
}

/// Returns the effective balance of the active voters.
fn stake<P: LedgerPhase>(state: &BeaconState<P>, bits: &BitList<MaxVoters>) -> Result<Gwei, Error> {
    let active = get_active_validator_indices(state, get_current_epoch(state));
    let has_voted = |voter: &&ValidatorIndex| bits.get(index(**voter)) == Ok(true);
    let mut voters = active.iter().filter(has_voted);
    voters.try_fold(0_u64, |sum, voter| sum.plus(validator(state, *voter)?.effective_balance))
}
