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
//!
//! To read a store nothing has to be written, nor can be where the disk is read-only: [`DiskStore::open_read_only`] checks and recovers
//! as much, in memory.

mod anchor;
mod overlay;
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
    overlay::Overlay,
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
    /// None if the store is only read.
    anchor: Option<Anchor>,
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
        check_present(directory.as_ref())?;
        Self::open(directory)
    }

    /// Opens the store in `directory` to be read. Nothing on the disk changes, which may be one that cannot be written to; others may
    /// read the store at the same time.
    ///
    /// # Errors
    ///
    /// As [`DiskStore::open_existing`].
    pub fn open_read_only(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
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
                    // A crash came while the store was made.
                    Some(0) => StoreError::Absent,
                    _ => StoreError::Damaged(Damage::Missing { file: DATABASE_FILE }),
                });
            }
            Err(error) => return Err(StoreError::io(error)),
        };
        let recovered = Recovered::over(Overlay::over(file).map_err(StoreError::io)?, &anchor)?;
        Ok(Self { _lock: lock, ..recovered.into_store(None) })
    }

    /// Opens a database that is there, and brings its anchor up to it.
    fn over(file: impl StorageBackend, anchor: Anchor) -> Result<Self, StoreError> {
        let recovered = Recovered::over(file, &anchor)?;
        if recovered.n_applied > recovered.n_anchored {
            anchor.write(recovered.n_applied)?;
        }
        Ok(recovered.into_store(Some(anchor)))
    }
}

/// A database that is whole.
struct Recovered {
    database: Database,
    n_applied: u64,
    n_anchored: u64,
}

impl Recovered {
    /// 1. Every page has its checksum, or is one that a crash may have torn.
    /// 2. The database is of the batch that the anchor names, or of the next.
    fn over(file: impl StorageBackend, anchor: &Anchor) -> Result<Self, StoreError> {
        let n_anchored = anchor.read()?.ok_or(StoreError::Damaged(Damage::Missing { file: Anchor::FILE }))?;
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.create_with_backend(file).map_err(opening)?;
        let n_applied = n_applied(&database).map_err(opening)?;
        if n_applied.checked_sub(n_anchored).is_none_or(|ahead| ahead > 1) {
            return Err(StoreError::Damaged(Damage::Batch { got: n_applied, expected: n_anchored }));
        }
        Ok(Self { database, n_applied, n_anchored })
    }

    /// The store, of which the anchor is up to the database if it has one.
    fn into_store(self, anchor: Option<Anchor>) -> DiskStore {
        let Self { database, n_applied, .. } = self;
        let writer = Mutex::new(Progress { n_applied, n_anchored: n_applied });
        DiskStore { database, anchor, writer, _lock: None }
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

fn check_present(directory: &Path) -> Result<(), StoreError> {
    let has = |file| directory.join(file).is_file();
    if has(DATABASE_FILE) || has(Anchor::FILE) { Ok(()) } else { Err(StoreError::Absent) }
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join(LOCK_FILE);
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(StoreError::io)?;
    locked(file.try_lock()).map(|()| file)
}

/// None if there is no file to lock: whoever opens the store to write makes it.
fn lock_to_read(directory: &Path) -> Result<Option<File>, StoreError> {
    match File::open(directory.join(LOCK_FILE)) {
        Ok(file) => locked(file.try_lock_shared()).map(|()| Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io(error)),
    }
}

fn locked(result: Result<(), TryLockError>) -> Result<(), StoreError> {
    match result {
        Ok(()) => Ok(()),
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
