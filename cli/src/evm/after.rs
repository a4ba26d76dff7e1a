//! The state after a block that has been built, and not been applied.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use outrider_evm::state::{self, State};
use outrider_shard::Built;
use outrider_witness::{Hash, NodeError, NodeSource, mpt::TrieError, store::MemoryStore};

/// A store, and before it the new nodes of a block.
pub(super) struct After<'a> {
    root: B256,
    new_nodes: BTreeMap<Hash, &'a [u8]>,
    store: &'a MemoryStore,
}

impl<'a> After<'a> {
    pub(super) fn new(built: &'a Built, store: &'a MemoryStore) -> Self {
        let new_nodes = built.new_nodes().map(|(hash, bytes)| (*hash, bytes)).collect();
        Self { root: B256::from(built.post_state_root().0), new_nodes, store }
    }

    pub(super) fn root(&self) -> B256 {
        self.root
    }

    /// The first account that is not as expected; accounts that should not be there at all are not looked for.
    pub(super) fn difference(&self, expected: &State) -> Result<Option<String>, TrieError> {
        for (address, expected) in &expected.0 {
            let expected = expected.value();
            match state::account(self.root, self, *address)? {
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

impl NodeSource for After<'_> {
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
