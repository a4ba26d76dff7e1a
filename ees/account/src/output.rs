//! The output of a block beside the state root: deposits to the beacon chain.

use alloc::vec::Vec;

use outrider_sdk::{Deposit, eth2};

/// The output to emit once the whole block is valid.
#[derive(Debug, Default)]
pub(crate) struct Output {
    deposits: Vec<Deposit>,
}

impl Output {
    /// Adds a deposit, after those added before.
    pub(crate) fn push(&mut self, deposit: Deposit) {
        self.deposits.push(deposit);
    }

    /// Emits the output.
    pub(crate) fn emit(self) {
        self.deposits.iter().for_each(eth2::push_new_deposit);
    }
}
