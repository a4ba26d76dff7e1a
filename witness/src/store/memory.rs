//! A store in memory, which lasts as long as the process.

use alloc::{collections::BTreeMap, vec::Vec};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::{
    Batch, BatchSummary, Contents, Entry, StateKind, Store, StoreError,
    change::{Changes, Links, Table, changes},
    check_entries,
};
use crate::{
    hash::Hash,
    node::{NodeError, NodeSource},
};

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    kind: StateKind,
    tables: RwLock<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    nodes: BTreeMap<Hash, (Links, Vec<u8>)>,
    pins: BTreeMap<Hash, u64>,
    notes: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MemoryStore {
    /// Returns an empty store of nodes by their Keccak-256 hash.
    #[must_use]
    pub fn new() -> Self {
        Self::of_kind(StateKind::KECCAK256)
    }

    /// Returns an empty store of this kind.
    #[must_use]
    pub fn of_kind(kind: StateKind) -> Self {
        Self { kind, tables: RwLock::default() }
    }

    /// Locks the tables. Changes are computed before the lock is taken for writing, so a thread that panicked left
    /// nothing half done.
    fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl NodeSource for MemoryStore {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        let tables = self.tables();
        tables.nodes.get(hash).map(|(_, bytes)| bytes.clone()).ok_or(NodeError::NotCovered { hash: *hash })
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.node(hash)
    }
}

impl Store for MemoryStore {
    fn kind(&self) -> StateKind {
        self.kind
    }

    fn apply(&self, batch: &Batch) -> Result<BatchSummary, StoreError> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let changes = changes(&*tables, batch)?;
        let summary = BatchSummary { n_added: changes.added.len(), n_deleted: changes.deleted.len() };
        tables.write(changes);
        Ok(summary)
    }

    fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError> {
        Ok(self.tables().pins.clone())
    }

    fn is_pinned(&self, root: &Hash) -> Result<bool, StoreError> {
        Ok(self.tables().pins.contains_key(root))
    }

    fn contains(&self, hash: &Hash) -> Result<bool, StoreError> {
        Ok(self.tables().nodes.contains_key(hash))
    }

    fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables().notes.get(name).cloned())
    }

    fn check(&self) -> Result<Contents, StoreError> {
        let tables = self.tables();
        let entries = tables.nodes.iter().map(|(hash, (links, bytes))| {
            let Links { count, children } = links.clone();
            Ok(Entry { hash: *hash, count, children, bytes: bytes.clone() })
        });
        check_entries(self.kind, entries, &tables.pins)
    }
}

impl Table for Tables {
    fn links(&self, hash: &Hash) -> Result<Option<Links>, StoreError> {
        Ok(self.nodes.get(hash).map(|(links, _)| links.clone()))
    }

    fn pins(&self, root: &Hash) -> Result<u64, StoreError> {
        Ok(self.pins.get(root).copied().unwrap_or(0))
    }
}

impl Tables {
    fn write(&mut self, changes: Changes<'_>) {
        for (hash, links, bytes) in changes.added {
            self.nodes.insert(hash, (links, bytes.to_vec()));
        }
        for (hash, children) in changes.children {
            self.nodes.entry(hash).and_modify(|(links, _)| links.children = children);
        }
        for (hash, count) in changes.counts {
            self.nodes.entry(hash).and_modify(|(links, _)| links.count = count);
        }
        for hash in changes.deleted {
            self.nodes.remove(&hash);
        }
        for (name, text) in changes.notes {
            self.notes.insert(name.to_vec(), text.to_vec());
        }
        for (root, pins) in changes.pins {
            if pins == 0 {
                self.pins.remove(&root)
            } else {
                self.pins.insert(root, pins)
            };
        }
    }
}
