//! The access list of a block, [EIP-7928](https://eips.ethereum.org/EIPS/eip-7928): each account and slot that the
//! block reads, and their changes by transaction.

use alloc::vec::Vec;

use alloy_eip7928::total_bal_items;
use alloy_primitives::{Address, B256, U256};
use revm::state::{
    Account,
    bal::{Bal, BlockAccessIndex},
};

use crate::{error::BlockError, hash::keccak256};

/// An access list under construction.
#[derive(Debug, Default)]
pub(crate) struct AccessList {
    accesses: Bal,
    /// The current index: 0 before the transactions, then the number of each, and one more afterwards.
    index: u64,
}

impl AccessList {
    /// Advances to the next transaction, or to the index after all.
    pub(crate) fn advance(&mut self) {
        self.index = self.index.saturating_add(1);
    }

    /// Records an account that a transaction has read or changed.
    pub(crate) fn record(&mut self, address: Address, account: &Account) {
        self.accesses.update_account(BlockAccessIndex::new(self.index), address, account);
    }

    /// Records a balance after the block itself changed it, or left it as it was.
    pub(crate) fn record_balance(&mut self, address: Address, before: U256, after: U256) {
        let account = self.accesses.accounts.entry(address).or_default();
        account.balance_update(BlockAccessIndex::new(self.index), &before, after);
    }

    /// Returns the hash of the list, which may have an item for each 2,000 gas of the block.
    pub(crate) fn hash(self, gas_limit: u64) -> Result<B256, BlockError> {
        let list = self.accesses.into_alloy_bal();
        let (got, max) = (total_bal_items(&list), gas_limit / ITEM_GAS);
        if got > max {
            return Err(BlockError::AccessList { got, max });
        }
        let mut bytes = Vec::new();
        alloy_rlp::encode_list(&list, &mut bytes);
        Ok(keccak256(bytes))
    }
}

/// In gas.
const ITEM_GAS: u64 = 2_000;
