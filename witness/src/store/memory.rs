//! A store in memory, which lasts as long as the process.

use alloc::{collections::BTreeMap, vec::Vec};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::{
    Applied, Batch, Contents, Entry, Store, StoreError,
    change::{Changes, Links, Table, changes},
    check_entries,
};
use crate::{
    hash::{Hash, Hasher},
    node::{NodeError, NodeSource},
};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    nodes: BTreeMap<Hash, (Links, Vec<u8>)>,
    pins: BTreeMap<Hash, u64>,
    notes: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes are computed before the lock is taken for writing, so a thread that panicked has left nothing half done.
    fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
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
    fn apply(&self, batch: &Batch) -> Result<Applied, StoreError> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let changes = changes(&*tables, batch)?;
        let applied = Applied { n_added: changes.added.len(), n_deleted: changes.deleted.len() };
        tables.write(changes);
        Ok(applied)
    }

    fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError> {
        Ok(self.tables().pins.clone())
    }

    fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables().notes.get(name).cloned())
    }

    fn check<H: Hasher>(&self) -> Result<Contents, StoreError> {
        let tables = self.tables();
        let entries = tables.nodes.iter().map(|(hash, (links, bytes))| {
            let Links { count, children } = links.clone();
            Ok(Entry { hash: *hash, count, children, bytes: bytes.clone() })
        });
        check_entries::<H>(entries, &tables.pins)
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
