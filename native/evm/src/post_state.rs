//! The state after a built block, which need not be applied to a store.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use outrider_shard::BuiltBlock;
use outrider_witness::{Hash, NodeError, NodeSource, mpt::TrieError};

use crate::state::{self, AccountValue, State};

/// A source of nodes that finds the new nodes of a block first.
pub struct PostState<'a, S> {
    root: B256,
    new_nodes: BTreeMap<Hash, &'a [u8]>,
    store: &'a S,
}

impl<'a, S: NodeSource> PostState<'a, S> {
    /// Returns the state after a block; `store` holds the state before it.
    pub fn new(built: &'a BuiltBlock, store: &'a S) -> Self {
        let new_nodes = built.new_nodes().map(|(hash, bytes)| (*hash, bytes)).collect();
        Self { root: B256::from(built.post_state_root().0), new_nodes, store }
    }

    /// Returns the state root.
    pub fn root(&self) -> B256 {
        self.root
    }

    /// Returns the account at an address, or `None` if the state has no such account.
    ///
    /// # Errors
    ///
    /// Fails if the source lacks a node on the path.
    pub fn account(&self, address: Address) -> Result<Option<AccountValue>, TrieError> {
        state::account(self.root, self, address)
    }

    /// Returns a value of an account's storage, or zero if the storage has no such key.
    ///
    /// # Errors
    ///
    /// Fails if the source lacks a node on the path.
    pub fn storage_value(&self, account: &AccountValue, slot: U256) -> Result<U256, TrieError> {
        state::storage_value(account.storage_root, self, slot)
    }

    /// Returns a description of the first account that is not as expected. Does not look for accounts that should be
    /// absent.
    ///
    /// # Errors
    ///
    /// Fails if the source lacks a node on the path.
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
