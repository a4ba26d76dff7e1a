//! The directory of a store: who may have it, and which batch was acknowledged last.
//!
//! `lock` holds the number of the process that has the store open, under the system's lock. `anchor` says how many batches were
//! acknowledged: it is replaced after each, so that a database which has gone back to an earlier batch, as one does whose latest
//! pages are damaged, is told from one that a crash has stopped before the next.
//!
//! | bytes of `anchor` | content |
//! |---|---|
//! | 8 | `outrider` |
//! | 8 | batches, little-endian |
//! | 4 | CRC-32 of the bytes before, little-endian |

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{Damage, StoreError};

const DATABASE_FILE: &str = "db";
const ANCHOR_FILE: &str = "anchor";
const LOCK_FILE: &str = "lock";
const MAGIC: &[u8; 8] = b"outrider";

/// A directory that is this process's, until this is dropped.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

/// How often a lock is tried for. Where a process is killed while it starts another, the other may hold the lock until it has started.
const LOCK_TRIES: u32 = 50;
/// How long to wait in between.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

impl Directory {
    /// Takes a directory.
    pub(super) fn lock(path: &Path) -> Result<Self, StoreError> {
        let file_path = path.join(LOCK_FILE);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(file_path)?;
        let mut tries = 1..LOCK_TRIES;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries.next().is_some() => thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { pid: holder(&mut file) }),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{}", std::process::id())?;
        Ok(Self { path: path.to_owned(), _lock: file })
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE_FILE)
    }

    /// How many batches were acknowledged; none if there is no anchor.
    fn anchor(&self) -> Result<Option<u64>, StoreError> {
        match fs::read(self.path.join(ANCHOR_FILE)) {
            Ok(bytes) => decode(&bytes).map(Some).ok_or(StoreError::Damaged(Damage::Anchor)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the anchor; when this returns, it survives a crash.
    pub(super) fn set_anchor(&self, n_batches: u64) -> Result<(), StoreError> {
        let scratch = self.path.join("anchor.new");
        let mut file = File::create(&scratch)?;
        file.write_all(&encode(n_batches))?;
        file.sync_all()?;
        fs::rename(scratch, self.path.join(ANCHOR_FILE))?;
        Ok(self.sync()?)
    }

    /// What there is of a store.
    pub(super) fn contents(&self) -> Result<Contents, StoreError> {
        let missing = |file| Err(StoreError::Damaged(Damage::Missing { file }));
        match (self.anchor()?, self.database().is_file()) {
            // A process that makes a store writes an anchor of no batches first.
            (None | Some(0), false) => Ok(Contents::Nothing),
            (None, true) => missing(ANCHOR_FILE),
            (Some(_), false) => missing(DATABASE_FILE),
            (Some(n_batches), true) => Ok(Contents::Store { n_batches }),
        }
    }

    /// Where a database is made, before it is [put in place](Self::put_in_place).
    pub(super) fn scratch(&self) -> PathBuf {
        self.path.join("db.new")
    }

    /// Moves a database that is complete and closed to its place.
    pub(super) fn put_in_place(&self) -> Result<(), StoreError> {
        fs::rename(self.scratch(), self.database())?;
        Ok(self.sync()?)
    }

    /// Lets renamings survive a crash.
    fn sync(&self) -> io::Result<()> {
        // Elsewhere a directory cannot be opened as a file, and need not be.
        if cfg!(unix) { File::open(&self.path)?.sync_all() } else { Ok(()) }
    }
}

/// What there is in a directory.
pub(super) enum Contents {
    Nothing,
    Store {
        /// How many batches were acknowledged.
        n_batches: u64,
    },
}

/// Whether a directory has anything of a store: if not, there is no need to lock it.
pub(super) fn has_anything(path: &Path) -> bool {
    [ANCHOR_FILE, DATABASE_FILE].iter().any(|file| path.join(file).is_file())
}

/// The process that holds a lock, which may be about to write its number.
fn holder(file: &mut File) -> Option<String> {
    let mut pid = String::new();
    file.take(20).read_to_string(&mut pid).ok()?;
    let is_number = !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(pid)
}

fn encode(n_batches: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(n_batches.to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<u64> {
    let (signed, sum) = bytes.split_last_chunk::<4>()?;
    let n_batches = signed.strip_prefix(MAGIC)?;
    (crc32fast::hash(signed) == u32::from_le_bytes(*sum)).then_some(())?;
    n_batches.try_into().ok().map(u64::from_le_bytes)
}
