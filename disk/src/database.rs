//! A database with its anchor.

use std::{
    io::{self, Seek as _},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::{Database, ReadTransaction, ReadableDatabase as _, WriteTransaction};

use crate::{
    anchor::{Anchor, DIGEST_BYTES},
    content::Content,
    directory::{Contents, Directory, NewDirectories, check_free, has_store},
    error::DiskError,
    file::{self, Access, failed},
    overlay::Overlay,
    recover::{backend, builder, check_start, checking, in_use, put_anchor, recover},
};

/// The database of a store, which this process has locked until the value is dropped.
///
/// ```
/// use outrider_disk::{AnchoredDatabase, Content};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// const WORDS: redb::TableDefinition<'_, &str, &str> = redb::TableDefinition::new("words");
///
/// let directory = tempfile::tempdir()?;
/// let make_tables = |transaction: &redb::WriteTransaction| Ok(transaction.open_table(WORDS).map(drop)?);
/// let database = AnchoredDatabase::create(directory.path(), Content::State, make_tables)?;
/// database.writer()?.commit(b"key=value", |transaction| {
///     transaction.open_table(WORDS)?.insert("key", "value")?;
///     Ok(())
/// })?;
/// drop(database);
/// let database = AnchoredDatabase::open_read_only(directory.path(), Content::State)?;
/// let read = |transaction: &redb::ReadTransaction| {
///     let value = transaction.open_table(WORDS)?.get("key")?;
///     Ok(value.map(|value| value.value().to_owned()))
/// };
/// assert_eq!(database.read(read)?.as_deref(), Some("value"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AnchoredDatabase {
    database: Database,
    is_read_only: bool,
    progress: Mutex<Progress>,
    /// Declared last, so that the lock is released after the database is closed.
    directory: Directory,
}

#[derive(Debug)]
struct Progress {
    /// The last batch in the database.
    applied: Anchor,
    /// The number of batches in the file `anchor`: one less than in the database if writing that file failed.
    n_anchored: u64,
}

/// The right to apply the next batch. Other threads wait for it, so nothing changes between computing a batch and
/// committing it.
#[derive(Debug)]
pub struct Writer<'d> {
    database: &'d AnchoredDatabase,
    progress: MutexGuard<'d, Progress>,
}

impl AnchoredDatabase {
    /// Creates a store in a directory, which is empty or does not exist. `write` creates the tables and writes their first content. A
    /// creation that fails leaves nothing behind; one that is killed leaves files that the next one removes.
    ///
    /// # Errors
    ///
    /// Fails if the directory has a store or anything else, if another process has locked it, or if the system refuses an
    /// operation.
    pub fn create(
        path: &Path,
        content: Content,
        write: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<Self, DiskError> {
        // Also finds a store with another content or of another format.
        let is_there = has_store(path, content)?;
        if !is_there {
            check_free(path)?;
        }
        let new_directories = NewDirectories::make(path)?;
        let created = Directory::lock(path, content).and_then(|directory| Self::create_in(directory, write));
        if created.is_err() {
            new_directories.remove();
        }
        created
    }

    fn create_in(
        directory: Directory,
        write: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<Self, DiskError> {
        match directory.contents(Access::Write)? {
            Contents::Nothing => {}
            Contents::Store { .. } => return Err(DiskError::Present { content: directory.content() }),
        }
        match create_files(&directory, write) {
            Ok((database, applied)) => Ok(Self::over(directory, database, applied, Access::Write)),
            Err(error) => {
                directory.clear();
                Err(error)
            }
        }
    }

    /// Opens the store in a directory. It checks in this order that
    ///
    /// 1. the directory has a store with this content, in the format that this version writes;
    /// 2. no other process has it open;
    /// 3. every page of the database has the right checksum, except pages that a crash may have torn;
    /// 4. the database is of the batch that the file `anchor` names, or of the next one, if a crash came between the two.
    ///
    /// This takes as long as reading the whole file. Until all checks have passed, nothing is written to the database.
    ///
    /// # Errors
    ///
    /// Fails at the first check that does not hold, or if the system refuses an operation.
    pub fn open(path: &Path, content: Content) -> Result<Self, DiskError> {
        Self::open_for(Access::Write, path, content)
    }

    /// Opens the store in a directory for reading, with the checks of [`AnchoredDatabase::open`]. Nothing on disk changes, so
    /// the disk may be read-only, and other processes may read the store at the same time.
    ///
    /// # Errors
    ///
    /// Fails as [`AnchoredDatabase::open`] does.
    pub fn open_read_only(path: &Path, content: Content) -> Result<Self, DiskError> {
        Self::open_for(Access::Read, path, content)
    }

    fn open_for(access: Access, path: &Path, content: Content) -> Result<Self, DiskError> {
        if !has_store(path, content)? {
            return Err(DiskError::Absent { content });
        }
        let directory = match access {
            Access::Read => Directory::lock_to_read(path, content)?,
            Access::Write | Access::Create => Directory::lock(path, content)?,
        };
        let Contents::Store { anchor, database: file } = directory.contents(access)? else {
            return Err(DiskError::Absent { content });
        };
        let path = directory.database();
        let mut file = check_start(file, &path, content)?;
        let same = file.try_clone().map_err(failed("open", &path))?;
        let overlay = Overlay::over(same).map_err(failed("read", &path))?;
        let checked = recover(&checking(), overlay, &anchor, content, &path)?;
        let (database, applied) = if access == Access::Read {
            checked
        } else {
            // Opening for changes writes, which would make damage worse. So it comes after all checks.
            drop(checked);
            file.rewind().map_err(failed("read", &path))?;
            recover(&builder(), backend(file, &path, content)?, &anchor, content, &path)?
        };
        if applied != anchor && access != Access::Read {
            directory.write_anchor(&applied)?;
        }
        Ok(Self::over(directory, database, applied, access))
    }

    fn over(directory: Directory, database: Database, applied: Anchor, access: Access) -> Self {
        let progress = Mutex::new(Progress { applied, n_anchored: applied.n_batches });
        Self { database, is_read_only: access == Access::Read, progress, directory }
    }

    /// Reads from the database, as it is after one batch.
    ///
    /// # Errors
    ///
    /// Fails if `read` does.
    pub fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, DiskError> {
        let begun = self.database.begin_read().map_err(|error| self.read_error(error))?;
        read(&begun).map_err(|error| self.read_error(error))
    }

    /// Returns the right to apply the next batch.
    ///
    /// # Errors
    ///
    /// Fails if the store was opened for reading ([`DiskError::ReadOnly`]), or if the anchor of the last batch could not be
    /// written and still cannot be.
    pub fn writer(&self) -> Result<Writer<'_>, DiskError> {
        if self.is_read_only {
            return Err(DiskError::ReadOnly { content: self.directory.content() });
        }
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.n_anchored < progress.applied.n_batches {
            self.directory.write_anchor(&progress.applied)?;
            progress.n_anchored = progress.applied.n_batches;
        }
        Ok(Writer { database: self, progress })
    }

    /// Returns the number of batches so far.
    #[must_use]
    pub fn n_batches(&self) -> u64 {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).applied.n_batches
    }

    /// Returns the error for a failure of the database while it is read.
    pub fn read_error(&self, error: impl Into<redb::Error>) -> DiskError {
        in_use("read", &self.directory.database(), self.directory.content(), error.into())
    }
}

impl Writer<'_> {
    /// Applies a batch as a whole, or not at all. Once this returns, the batch survives a crash. `batch` determines what
    /// `write` writes: two stores with the same digests have the same content.
    ///
    /// # Errors
    ///
    /// Fails if `write` does or if the system refuses an operation. The database then has the batch as a whole, if only
    /// replacing the file `anchor` failed, or nothing of it.
    pub fn commit(
        mut self,
        batch: &[u8],
        write: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), DiskError> {
        let AnchoredDatabase { database, directory, .. } = self.database;
        let before = self.progress.applied;
        let next = before.next(batch);
        let written = commit(database, &next, &before.digest, write);
        written.map_err(|error| in_use("write", &directory.database(), directory.content(), error))?;
        self.progress.applied = next;
        directory.write_anchor(&next)?;
        self.progress.n_anchored = next.n_batches;
        Ok(())
    }
}

/// Creates the files of a store: the anchor of no batch, and the database, which gets its name when it is complete.
fn create_files(
    directory: &Directory,
    write: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<(Database, Anchor), DiskError> {
    let (content, path) = (directory.content(), directory.new_database());
    let mut store_id = [0; 16];
    getrandom::fill(&mut store_id).map_err(|error| {
        let code = error.raw_os_error();
        let error = code.map_or_else(|| io::ErrorKind::Unsupported.into(), io::Error::from_raw_os_error);
        failed("choose a random number for", &path)(error)
    })?;
    let anchor = Anchor { content, store_id, n_batches: 0, digest: [0; DIGEST_BYTES] };
    directory.write_anchor(&anchor)?;
    let file = file::create_new(&path)?;
    let created = builder().create_with_backend(backend(file, &path, content)?);
    let convert = |error| in_use("write", &path, content, error);
    let database = created.map_err(|error| convert(error.into()))?;
    commit(&database, &anchor, &anchor.digest, write).map_err(convert)?;
    directory.put_in_place()?;
    Ok((database, anchor))
}

fn commit(
    database: &Database,
    anchor: &Anchor,
    previous: &[u8; DIGEST_BYTES],
    write: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    write(&transaction)?;
    put_anchor(&transaction, anchor, previous)?;
    Ok(transaction.commit()?)
}
