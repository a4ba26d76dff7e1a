//! A store on disk: a redb database, and an anchor beside it.
//!
//! # Layout
//!
//! A directory with three files.
//!
//! | file | content |
//! |---|---|
//! | `db` | the database |
//! | `anchor` | the number of the last acknowledged batch, see [`anchor`] |
//! | `lock` | nothing; a process with the store open holds a lock on it |
//!
//! The database has six tables. Integers are little-endian.
//!
//! | table | key | value |
//! |---|---|---|
//! | `nodes` | hash | number of children, 4 bytes; the children, 32 bytes each; the node's bytes |
//! | `counts` | hash | the count of the same node, 8 bytes, at least 1 |
//! | `pins` | hash | how often a root is pinned, 8 bytes, at least 1 |
//! | `notes` | name | the text of a note |
//! | `batches` | 0 | the number of applied batches, 8 bytes |
//! | `kind` | 0 | the name of the [kind](StateKind) of state; without this table it is `keccak256` |
//!
//! Counts are in a table of their own because they change more often than nodes.
//!
//! # Crashes and damage
//!
//! A [`Batch`] becomes one transaction of redb, which recovers it as a whole or not at all, and then the anchor is
//! replaced. Both are on disk before [`Store::apply`] returns. So a process that dies leaves all acknowledged batches
//! behind, and the one under way completely or not at all.
//!
//! Opening a store checks every page of the database against its checksum, which takes as long as reading the file. The
//! database must then be at the batch that the anchor names, or at the next one, whose anchor a crash has prevented.
//! Anything else, above all an earlier batch, is [`StoreError::Damaged`].
//!
//! Reading a store writes nothing, so the disk may be read-only: [`DiskStore::open_read_only`] makes the same checks
//! and recovers in memory.

mod anchor;
mod open;
mod overlay;
mod tables;

#[cfg(test)]
mod tests;

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use redb::{Database, ReadableTable as _, StorageBackend, backends::FileBackend};

use self::{
    anchor::Anchor,
    open::{RecoveredDatabase, check_present, create, is_of_format_1, lock, lock_to_read},
    overlay::Overlay,
    tables::{Snapshot, StoredNode, backend, read_node, write},
};
use super::{
    Batch, BatchSummary, Contents, Corruption, Damage, Entry, StateKind, Store, StoreError,
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
    database: Database,
    /// `None` if the store is only read.
    anchor: Option<Anchor>,
    /// Held while a batch is applied, so that nothing changes between computing and writing its changes.
    writer: Mutex<Progress>,
    /// Keeps other processes away from the directory. Declared last, so that it is dropped last.
    _lock: Option<File>,
}

/// The number of batches so far.
#[derive(Debug)]
struct Progress {
    /// In the database.
    n_applied: u64,
    /// In the anchor: one less if writing the anchor failed.
    n_anchored: u64,
}

const DATABASE_FILE: &str = "db";

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
    /// or if the disk fails.
    pub fn open_as(directory: impl AsRef<Path>, kind: StateKind) -> Result<Self, StoreError> {
        Self::open_among(directory.as_ref(), kind, &[kind])
    }

    /// Opens a store of one of some kinds, or creates one of the kind `new`.
    fn open_among(directory: &Path, new: StateKind, kinds: &[StateKind]) -> Result<Self, StoreError> {
        if is_of_format_1(directory) {
            return Err(StoreError::Format);
        }
        fs::create_dir_all(directory).map_err(StoreError::io)?;
        let lock = lock(directory)?;
        let anchor = Anchor::in_directory(directory);
        let path = directory.join(DATABASE_FILE);
        match (anchor.read()?, path.exists()) {
            (Some(_), true) => {}
            // A new store, or one whose creation a crash has interrupted.
            (None | Some(0), false) => {
                anchor.write(0)?;
                create(directory, &path, new)?;
            }
            (None, true) => return Err(StoreError::Damaged(Damage::Missing { file: Anchor::FILE })),
            (Some(_), false) => return Err(StoreError::Damaged(Damage::Missing { file: DATABASE_FILE })),
        }
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(StoreError::io)?;
        let store = Self::over(FileBackend::new(file).map_err(backend)?, anchor, kinds)?;
        Ok(Self { _lock: Some(lock), ..store })
    }

    /// Opens the store in `directory`, of a [known](StateKind::KNOWN) kind, without creating one.
    ///
    /// # Errors
    ///
    /// Fails as [`DiskStore::open_existing_among`] does.
    pub fn open_existing(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_existing_among(directory, &StateKind::KNOWN)
    }

    /// Opens the store in `directory`, of one of these kinds, without creating one. A store whose creation a crash has
    /// interrupted is empty, and becomes one of the first kind.
    ///
    /// # Errors
    ///
    /// Fails as [`DiskStore::open_as`] does, and with [`StoreError::Absent`].
    pub fn open_existing_among(directory: impl AsRef<Path>, kinds: &[StateKind]) -> Result<Self, StoreError> {
        check_present(directory.as_ref())?;
        let first = kinds.first().copied().unwrap_or(StateKind::KECCAK256);
        Self::open_among(directory.as_ref(), first, kinds)
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
        let directory = directory.as_ref();
        check_present(directory)?;
        if is_of_format_1(directory) {
            return Err(StoreError::Format);
        }
        let lock = lock_to_read(directory)?;
        let anchor = Anchor::in_directory(directory);
        let file = match File::open(directory.join(DATABASE_FILE)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(match anchor.read()? {
                    // A crash has interrupted the store's creation.
                    Some(0) => StoreError::Absent,
                    _ => StoreError::Damaged(Damage::Missing { file: DATABASE_FILE }),
                });
            }
            Err(error) => return Err(StoreError::io(error)),
        };
        let overlay = Overlay::over(file).map_err(StoreError::io)?;
        let recovered = RecoveredDatabase::over(overlay, &anchor, kinds)?;
        Ok(Self { _lock: lock, ..Self::of(recovered, None) })
    }

    /// Opens an existing database, and updates its anchor if that is behind.
    fn over(file: impl StorageBackend, anchor: Anchor, kinds: &[StateKind]) -> Result<Self, StoreError> {
        let recovered = RecoveredDatabase::over(file, &anchor, kinds)?;
        if recovered.n_applied > recovered.n_anchored {
            anchor.write(recovered.n_applied)?;
        }
        Ok(Self::of(recovered, Some(anchor)))
    }

    /// Returns the store over a database, whose anchor is up to date if there is one.
    fn of(recovered: RecoveredDatabase, anchor: Option<Anchor>) -> Self {
        let RecoveredDatabase { kind, database, n_applied, .. } = recovered;
        let writer = Mutex::new(Progress { n_applied, n_anchored: n_applied });
        Self { kind, database, anchor, writer, _lock: None }
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
        let anchor = self.anchor.as_ref().ok_or(StoreError::ReadOnly)?;
        let mut progress = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.n_anchored < progress.n_applied {
            anchor.write(progress.n_applied)?;
            progress.n_anchored = progress.n_applied;
        }
        let snapshot = Snapshot::of(&self.database)?;
        let changes = changes(&snapshot, batch)?;
        write(&self.database, &changes, &snapshot, progress.n_applied + 1)?;
        progress.n_applied += 1;
        anchor.write(progress.n_applied)?;
        progress.n_anchored = progress.n_applied;
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
        let entries = snapshot.nodes.iter().map_err(backend)?.map(|node| {
            let (hash, value) = node.map_err(backend)?;
            let hash = Hash(*hash.value());
            let StoredNode { children, bytes } = read_node(&hash, value.value())?;
            Ok(Entry { hash, count: snapshot.count(&hash)?.unwrap_or(0), children, bytes })
        });
        let contents = check_entries(self.kind, entries, &snapshot.roots()?)?;
        for count in snapshot.counts.iter().map_err(backend)? {
            let hash = Hash(*count.map_err(backend)?.0.value());
            if snapshot.nodes.get(&hash.0).map_err(backend)?.is_none() {
                return Err(StoreError::corrupt(&hash, Corruption::Missing));
            }
        }
        Ok(contents)
    }
}
