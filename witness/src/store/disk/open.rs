//! Opens a store: takes its lock, checks that it exists and is intact, and checks its kind.

use alloc::{boxed::Box, string::String};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::Path,
};

use redb::{Builder, Database, StorageBackend};

use super::{
    DATABASE_FILE,
    anchor::{Anchor, sync_directory},
    tables::{backend, create_tables, kind_name, n_applied},
};
use crate::store::{Damage, StateKind, StoreError};

const LOCK_FILE: &str = "lock";

/// The size of the database's cache in bytes; redb's default is a GiB.
const CACHE_BYTES: usize = 64 << 20;

/// An intact database.
pub(super) struct RecoveredDatabase {
    pub(super) kind: StateKind,
    pub(super) database: Database,
    pub(super) n_applied: u64,
    pub(super) n_anchored: u64,
}

impl RecoveredDatabase {
    /// Opens and checks a database.
    ///
    /// 1. Checks every page against its checksum, except for pages that a crash may have torn.
    /// 2. Checks that the database is at the batch that the anchor names, or at the next.
    /// 3. Checks that its kind is one of these.
    pub(super) fn over(
        file: impl StorageBackend,
        anchor: &Anchor,
        kinds: &[StateKind],
    ) -> Result<Self, StoreError> {
        let n_anchored = anchor.read()?.ok_or(StoreError::Damaged(Damage::Missing { file: Anchor::FILE }))?;
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.create_with_backend(file).map_err(opening)?;
        let n_applied = n_applied(&database).map_err(opening)?;
        if n_applied.checked_sub(n_anchored).is_none_or(|ahead| ahead > 1) {
            return Err(StoreError::Damaged(Damage::Batch { got: n_applied, expected: n_anchored }));
        }
        let kind = find_kind(kind_name(&database).map_err(opening)?, kinds)?;
        Ok(Self { kind, database, n_applied, n_anchored })
    }
}

fn find_kind(got: String, kinds: &[StateKind]) -> Result<StateKind, StoreError> {
    match kinds.iter().find(|kind| kind.name() == got) {
        Some(kind) => Ok(*kind),
        None => Err(StoreError::Kind { got, expected: kinds.iter().map(StateKind::name).collect() }),
    }
}

/// Makes an empty database under another name, and then renames it, so that it exists completely or not at all.
pub(super) fn create(directory: &Path, path: &Path, kind: StateKind) -> Result<(), StoreError> {
    let scratch = directory.join("db.new");
    match fs::remove_file(&scratch) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::io(error)),
        Ok(()) | Err(_) => {}
    }
    create_tables(Builder::new().create(&scratch).map_err(backend)?, kind)?;
    fs::rename(&scratch, path).and_then(|()| sync_directory(directory)).map_err(StoreError::io)
}

/// Returns whether a directory is a database of sled, which had files of these names and no anchor.
pub(super) fn is_of_format_1(directory: &Path) -> bool {
    let has = |file| directory.join(file).is_file();
    has("conf") && has(DATABASE_FILE) && !has(Anchor::FILE)
}

pub(super) fn check_present(directory: &Path) -> Result<(), StoreError> {
    let has = |file| directory.join(file).is_file();
    if has(DATABASE_FILE) || has(Anchor::FILE) { Ok(()) } else { Err(StoreError::Absent) }
}

pub(super) fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join(LOCK_FILE);
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(StoreError::io)?;
    locked(file.try_lock()).map(|()| file)
}

/// Takes a shared lock; returns `None` if there is no lock file, which only a writer creates.
pub(super) fn lock_to_read(directory: &Path) -> Result<Option<File>, StoreError> {
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

/// Converts an error of redb on opening an existing database: unreadable content was damaged.
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
