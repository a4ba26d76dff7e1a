//! The state of an EE in provider mode.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use outrider_host::StateSource;
use outrider_witness::store::{Store, StoreError};
use outrider_witness::{Hash, NodeError, NodeSource};

/// New nodes and blobs by hash.
pub(super) type Nodes = BTreeMap<Hash, Node>;

/// A node or a blob.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) bytes: Vec<u8>,
    /// The hashes to which it refers.
    pub(super) children: Vec<Hash>,
}

type Found<'a> = Result<Option<Cow<'a, [u8]>>, Box<dyn Error + Send + Sync>>;

/// A store, preceded by the new nodes of blocks that have not been applied.
pub(super) struct Source<S> {
    pub(super) store: Arc<S>,
    /// The latest is last.
    pub(super) unapplied: Vec<Arc<Nodes>>,
}

impl<S: Store> Source<S> {
    /// Returns whether a node or blob is available.
    pub(super) fn contains(&self, hash: &Hash) -> Result<bool, StoreError> {
        let is_new = self.unapplied.iter().any(|nodes| nodes.contains_key(hash));
        if is_new { Ok(true) } else { self.store.contains(hash) }
    }
}

impl<S: NodeSource> Source<S> {
    fn find(&self, hash: &Hash, ask: fn(&S, &Hash) -> Result<Vec<u8>, NodeError>) -> Found<'_> {
        if let Some(node) = self.unapplied.iter().rev().find_map(|nodes| nodes.get(hash)) {
            return Ok(Some(Cow::Borrowed(&node.bytes)));
        }
        match ask(&self.store, hash) {
            Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
            Err(NodeError::NotCovered { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl<S: NodeSource + Send + Sync> StateSource for Source<S> {
    fn node(&self, hash: &Hash) -> Found<'_> {
        self.find(hash, S::node)
    }

    fn blob(&self, hash: &Hash) -> Found<'_> {
        self.find(hash, S::blob)
    }
}
