//! What a block causes outside: deposits to the beacon chain.

use alloc::vec::Vec;

use outrider_sdk::{Deposit, eth2};

/// What is to happen when the whole block is valid.
#[derive(Debug, Default)]
pub(crate) struct Output {
    deposits: Vec<Deposit>,
}

impl Output {
    /// Adds a deposit, after those added before.
    pub(crate) fn push(&mut self, deposit: Deposit) {
        self.deposits.push(deposit);
    }

    /// Lets it happen.
    pub(crate) fn emit(self) {
        self.deposits.iter().for_each(eth2::push_new_deposit);
    }
}
