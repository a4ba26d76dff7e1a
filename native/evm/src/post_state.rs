//! The state after a block that has been built, and need not be applied.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use outrider_shard::BuiltBlock;
use outrider_witness::{Hash, NodeError, NodeSource, mpt::TrieError};

use crate::state::{self, AccountValue, State};

/// A source of nodes, and before it the new nodes of a block.
pub struct PostState<'a, S> {
    root: B256,
    new_nodes: BTreeMap<Hash, &'a [u8]>,
    store: &'a S,
}

impl<'a, S: NodeSource> PostState<'a, S> {
    /// The state after a block, of which `store` has all that was there before.
    pub fn new(built: &'a BuiltBlock, store: &'a S) -> Self {
        let new_nodes = built.new_nodes().map(|(hash, bytes)| (*hash, bytes)).collect();
        Self { root: B256::from(built.post_state_root().0), new_nodes, store }
    }

    /// Its root.
    pub fn root(&self) -> B256 {
        self.root
    }

    /// The account with this address, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// The source does not have a node on the way.
    pub fn account(&self, address: Address) -> Result<Option<AccountValue>, TrieError> {
        state::account(self.root, self, address)
    }

    /// The value of a slot in an account's storage; zero if there is none.
    ///
    /// # Errors
    ///
    /// The source does not have a node on the way.
    pub fn storage_value(&self, account: &AccountValue, slot: U256) -> Result<U256, TrieError> {
        state::storage_value(account.storage_root, self, slot)
    }

    /// The first account that is not as expected, in words; accounts that should not be there at all are not looked for.
    ///
    /// # Errors
    ///
    /// The source does not have a node on the way.
    pub fn difference(&self, expected: &State) -> Result<Option<String>, TrieError> {
        for (address, expected) in &expected.0 {
            let expected = expected.value();
            match self.account(*address)? {
                None => return Ok(Some(format!("account {address} is not there, expected {expected:?}"))),
                Some(got) if got != expected => {
                    return Ok(Some(format!("account {address} is {got:?}, expected {expected:?}")));
                }
                Some(_) => {}
            }
        }
        Ok(None)
    }
}

impl<S: NodeSource> NodeSource for PostState<'_, S> {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        match self.new_nodes.get(hash) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => self.store.node(hash),
        }
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.node(hash)
    }
}
