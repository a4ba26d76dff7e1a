//! A store on disk: a database with an anchor, in a directory whose layout [`outrider_disk`] describes.
//!
//! # Tables
//!
//! Integers are little-endian.
//!
//! | table | key | value |
//! |---|---|---|
//! | `nodes` | hash | number of children, 4 bytes; the children, 32 bytes each; the node's bytes |
//! | `counts` | hash | the count of the same node, 8 bytes, at least 1 |
//! | `pins` | hash | how often a root is pinned, 8 bytes, at least 1 |
//! | `notes` | name | the text of a note |
//! | `kind` | 0 | the name of the [kind](StateKind) of state |
//!
//! Counts are in a table of their own because they change more often than nodes.
//!
//! # Batches
//!
//! A [`Batch`] becomes one batch of the database, so a process that dies leaves all acknowledged batches behind, and the one
//! under way as a whole or not at all. Its digest covers the new nodes by their hashes, the pins and the notes.

mod tables;

#[cfg(test)]
mod tests;

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use std::path::Path;

use outrider_disk::{AnchoredDatabase, Content, DiskError};
use redb::ReadableTable as _;

use self::tables::{Snapshot, StoredNode, create_tables, kind_name, read_node, write};
use super::{
    Batch, BatchSummary, Contents, Corruption, Entry, StateKind, Store, StoreError,
    change::{Table as _, changes},
    check_entries,
};
use crate::{
    hash::Hash,
    node::{NodeError, NodeSource},
};

/// A store in a directory.
#[derive(Debug)]
pub struct DiskStore {
    kind: StateKind,
    database: AnchoredDatabase,
}

impl DiskStore {
    /// Opens the store in `directory`, of nodes by their Keccak-256 hash, or creates it.
    ///
    /// # Errors
    ///
    /// Fails as [`DiskStore::open_as`] does.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_as(directory, StateKind::KECCAK256)
    }

    /// Opens the store in `directory`, of this kind, or creates it.
    ///
    /// # Errors
    ///
    /// Fails if the directory has a store of another kind or version, or a damaged one, if the store is open elsewhere,
    /// or if the system refuses an operation.
    pub fn open_as(directory: impl AsRef<Path>, kind: StateKind) -> Result<Self, StoreError> {
        let directory = directory.as_ref();
        match AnchoredDatabase::open(directory, Content::State) {
            Ok(database) => Self::of(database, &[kind]),
            Err(DiskError::Absent { .. }) => {
                let create = |transaction: &_| create_tables(transaction, kind);
                let database = AnchoredDatabase::create(directory, Content::State, create)?;
                Ok(Self { kind, database })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the store in `directory`, of a [known](StateKind::KNOWN) kind, without creating one.
    ///
    /// # Errors
    ///
    /// Fails as [`DiskStore::open_existing_among`] does.
    pub fn open_existing(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_existing_among(directory, &StateKind::KNOWN)
    }

    /// Opens the store in `directory`, of one of these kinds, without creating one.
    ///
    /// # Errors
    ///
    /// Fails as [`DiskStore::open_as`] does, and with [`DiskError::Absent`].
    pub fn open_existing_among(directory: impl AsRef<Path>, kinds: &[StateKind]) -> Result<Self, StoreError> {
        Self::of(AnchoredDatabase::open(directory.as_ref(), Content::State)?, kinds)
    }

    /// Opens the store in `directory`, of a [known](StateKind::KNOWN) kind, for reading. Nothing on disk changes, so
    /// the disk may be read-only, and other processes may read the store at the same time.
    ///
    /// # Errors
    ///
    /// Fails as [`DiskStore::open_existing`] does.
    pub fn open_read_only(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_read_only_among(directory, &StateKind::KNOWN)
    }

    /// Opens the store in `directory`, of one of these kinds, for reading, as [`DiskStore::open_read_only`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`DiskStore::open_existing_among`] does.
    pub fn open_read_only_among(
        directory: impl AsRef<Path>,
        kinds: &[StateKind],
    ) -> Result<Self, StoreError> {
        Self::of(AnchoredDatabase::open_read_only(directory.as_ref(), Content::State)?, kinds)
    }

    /// Returns the store over a database, if it is of one of these kinds.
    fn of(database: AnchoredDatabase, kinds: &[StateKind]) -> Result<Self, StoreError> {
        let kind = find_kind(database.read(kind_name)?, kinds)?;
        Ok(Self { kind, database })
    }
}

fn find_kind(got: String, kinds: &[StateKind]) -> Result<StateKind, StoreError> {
    match kinds.iter().find(|kind| kind.name() == got) {
        Some(kind) => Ok(*kind),
        None => Err(StoreError::Kind { got, expected: kinds.iter().map(StateKind::name).collect() }),
    }
}

impl NodeSource for DiskStore {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        let failed = |error: StoreError| NodeError::Source { hash: *hash, source: Box::new(error) };
        let found = Snapshot::of(&self.database).and_then(|snapshot| snapshot.node(hash));
        let stored = found.map_err(failed)?.ok_or(NodeError::NotCovered { hash: *hash })?;
        Ok(stored.bytes)
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.node(hash)
    }
}

impl Store for DiskStore {
    fn kind(&self) -> StateKind {
        self.kind
    }

    fn apply(&self, batch: &Batch) -> Result<BatchSummary, StoreError> {
        let writer = self.database.writer()?;
        let snapshot = Snapshot::of(&self.database)?;
        let changes = changes(&snapshot, batch)?;
        let (digested, rewritten) = (tables::digested(&changes), tables::rewritten(&changes, &snapshot)?);
        writer.commit(&digested, |transaction| write(transaction, &changes, &rewritten))?;
        Ok(BatchSummary { n_added: changes.added.len(), n_deleted: changes.deleted.len() })
    }

    fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError> {
        Snapshot::of(&self.database)?.roots()
    }

    fn is_pinned(&self, root: &Hash) -> Result<bool, StoreError> {
        Ok(Snapshot::of(&self.database)?.pins(root)? > 0)
    }

    fn contains(&self, hash: &Hash) -> Result<bool, StoreError> {
        Snapshot::of(&self.database)?.contains(hash)
    }

    fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Snapshot::of(&self.database)?.note(name)
    }

    fn check(&self) -> Result<Contents, StoreError> {
        let snapshot = Snapshot::of(&self.database)?;
        let failed = |error| self.database.read_error(error);
        let entries = snapshot.nodes.iter().map_err(failed)?.map(|node| {
            let (hash, value) = node.map_err(failed)?;
            let hash = Hash(*hash.value());
            let StoredNode { children, bytes } = read_node(&hash, value.value())?;
            Ok(Entry { hash, count: snapshot.count(&hash)?.unwrap_or(0), children, bytes })
        });
        let contents = check_entries(self.kind, entries, &snapshot.roots()?)?;
        for count in snapshot.counts.iter().map_err(failed)? {
            let hash = Hash(*count.map_err(failed)?.0.value());
            if !snapshot.contains(&hash)? {
                return Err(StoreError::corrupt(&hash, Corruption::Missing));
            }
        }
        Ok(contents)
    }
}
