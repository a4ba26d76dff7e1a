//! A store on disk: a redb database, and an anchor beside it.
//!
//! # Layout
//!
//! A directory with three files.
//!
//! | file | content |
//! |---|---|
//! | `db` | the database |
//! | `anchor` | which batch was acknowledged last, see [`anchor`] |
//! | `lock` | nothing; whoever has the store open holds a lock on it |
//!
//! The database has five tables. Integers are little-endian.
//!
//! | table | key | value |
//! |---|---|---|
//! | `nodes` | hash | number of children, 4 bytes; the children, 32 bytes each; the node's bytes |
//! | `counts` | hash | the count of the same node, 8 bytes, at least 1 |
//! | `pins` | hash | how often a root is pinned, 8 bytes, at least 1 |
//! | `notes` | name | the text of a note |
//! | `batches` | 0 | how many batches were applied, 8 bytes |
//!
//! Counts are apart from nodes as they change more often.
//!
//! # Crashes and damage
//!
//! A [`Batch`] becomes one transaction of redb, which recovers it as a whole or not at all, and then the anchor is replaced. Both
//! have reached the disk before [`Store::apply`] returns. So a process that dies leaves all batches that were acknowledged, and of
//! the one under way all or nothing.
//!
//! Whoever opens a store holds every page of the database against its checksum, which takes as long as reading the file. The
//! database then is of the batch that the anchor names, or of the next one, whose anchor a crash has prevented. Anything else,
//! an earlier batch above all, is [`StoreError::Damaged`].

mod anchor;
mod tables;

#[cfg(test)]
mod tests;

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use redb::{Builder, Database, ReadableTable as _, StorageBackend, backends::FileBackend};

use self::{
    anchor::{Anchor, sync_directory},
    tables::{Snapshot, Stored, backend, create_tables, n_applied, read_node, write},
};
use super::{
    Applied, Batch, Contents, Corruption, Damage, Entry, Store, StoreError, change::changes, check_entries,
};
use crate::{
    hash::{Hash, Hasher},
    node::{NodeError, NodeSource},
};

/// A store in a directory.
#[derive(Debug)]
pub struct DiskStore {
    database: Database,
    anchor: Anchor,
    /// Held while a batch is applied, so that nothing changes between what is computed and what is written.
    writer: Mutex<Progress>,
    /// Keeps others away from the directory; declared last, as it is to be let go last.
    _lock: Option<File>,
}

/// How far batches have come.
#[derive(Debug)]
struct Progress {
    /// As the database has it.
    n_applied: u64,
    /// As the anchor has it: one less if the anchor could not be written.
    n_anchored: u64,
}

const DATABASE_FILE: &str = "db";
const LOCK_FILE: &str = "lock";

/// How much of a database is kept in memory, in bytes; by default, redb would keep a GiB.
const CACHE_BYTES: usize = 64 << 20;

impl DiskStore {
    /// Opens the store in `directory`, which is made when there is none.
    ///
    /// # Errors
    ///
    /// The directory has a store of another version, or one that is damaged; somebody has it open; the disk fails.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let directory = directory.as_ref();
        if is_of_format_1(directory) {
            return Err(StoreError::Format);
        }
        fs::create_dir_all(directory).map_err(StoreError::io)?;
        let lock = lock(directory)?;
        let anchor = Anchor::in_directory(directory);
        let path = directory.join(DATABASE_FILE);
        match (anchor.read()?, path.exists()) {
            (Some(_), true) => {}
            // A store that is new, or would be if a crash had not come in between.
            (None | Some(0), false) => {
                anchor.write(0)?;
                create(directory, &path)?;
            }
            (None, true) => return Err(StoreError::Damaged(Damage::Missing { file: Anchor::FILE })),
            (Some(_), false) => return Err(StoreError::Damaged(Damage::Missing { file: DATABASE_FILE })),
        }
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(StoreError::io)?;
        let store = Self::over(FileBackend::new(file).map_err(backend)?, anchor)?;
        Ok(Self { _lock: Some(lock), ..store })
    }

    /// Opens the store in `directory` if there is one, and makes nothing.
    ///
    /// # Errors
    ///
    /// As [`DiskStore::open`], and [`StoreError::Absent`].
    pub fn open_existing(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = directory.as_ref();
        let has = |file| path.join(file).is_file();
        if !has(DATABASE_FILE) && !has(Anchor::FILE) {
            return Err(StoreError::Absent);
        }
        Self::open(path)
    }

    /// Opens a database that is there.
    ///
    /// 1. Every page has its checksum, or is one that a crash may have torn.
    /// 2. The database is of the batch that the anchor names, or of the next.
    fn over(file: impl StorageBackend, anchor: Anchor) -> Result<Self, StoreError> {
        let n_anchored = anchor.read()?.ok_or(StoreError::Damaged(Damage::Missing { file: Anchor::FILE }))?;
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.create_with_backend(file).map_err(opening)?;
        let n_applied = n_applied(&database).map_err(opening)?;
        if n_applied.checked_sub(n_anchored).is_none_or(|ahead| ahead > 1) {
            return Err(StoreError::Damaged(Damage::Batch { got: n_applied, expected: n_anchored }));
        }
        if n_applied > n_anchored {
            anchor.write(n_applied)?;
        }
        let writer = Mutex::new(Progress { n_applied, n_anchored: n_applied });
        Ok(Self { database, anchor, writer, _lock: None })
    }
}

/// Makes an empty database beside its place, and then moves it there, so that there is all of it or nothing.
fn create(directory: &Path, path: &Path) -> Result<(), StoreError> {
    let scratch = directory.join("db.new");
    match fs::remove_file(&scratch) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::io(error)),
        Ok(()) | Err(_) => {}
    }
    create_tables(Builder::new().create(&scratch).map_err(backend)?)?;
    fs::rename(&scratch, path).and_then(|()| sync_directory(directory)).map_err(StoreError::io)
}

/// Tells whether a directory is a database of sled, which had files of these names and no anchor.
fn is_of_format_1(directory: &Path) -> bool {
    let has = |file| directory.join(file).is_file();
    has("conf") && has(DATABASE_FILE) && !has(Anchor::FILE)
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join(LOCK_FILE);
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(StoreError::io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(StoreError::io(error)),
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
    fn apply(&self, batch: &Batch) -> Result<Applied, StoreError> {
        let mut progress = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.n_anchored < progress.n_applied {
            self.anchor.write(progress.n_applied)?;
            progress.n_anchored = progress.n_applied;
        }
        let snapshot = Snapshot::of(&self.database)?;
        let changes = changes(&snapshot, batch)?;
        write(&self.database, &changes, &snapshot, progress.n_applied + 1)?;
        progress.n_applied += 1;
        self.anchor.write(progress.n_applied)?;
        progress.n_anchored = progress.n_applied;
        Ok(Applied { n_added: changes.added.len(), n_deleted: changes.deleted.len() })
    }

    fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError> {
        Snapshot::of(&self.database)?.roots()
    }

    fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Snapshot::of(&self.database)?.note(name)
    }

    fn check<H: Hasher>(&self) -> Result<Contents, StoreError> {
        let snapshot = Snapshot::of(&self.database)?;
        let entries = snapshot.nodes.iter().map_err(backend)?.map(|node| {
            let (hash, value) = node.map_err(backend)?;
            let hash = Hash(*hash.value());
            let Stored { children, bytes } = read_node(&hash, value.value())?;
            Ok(Entry { hash, count: snapshot.count(&hash)?.unwrap_or(0), children, bytes })
        });
        let contents = check_entries::<H>(entries, &snapshot.roots()?)?;
        for count in snapshot.counts.iter().map_err(backend)? {
            let hash = Hash(*count.map_err(backend)?.0.value());
            if snapshot.nodes.get(&hash.0).map_err(backend)?.is_none() {
                return Err(StoreError::corrupt(&hash, Corruption::Missing));
            }
        }
        Ok(contents)
    }
}

/// A failure of redb on the way to a database that is there: what it cannot make sense of was something else once.
fn opening(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(error)
            if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            StoreError::io(error)
        }
        redb::Error::DatabaseAlreadyOpen => StoreError::InUse,
        error => StoreError::Damaged(Damage::Database(Box::new(error))),
    }
}
