//! The directory of a store: its lock, and the number of acknowledged batches.
//!
//! A process that opens the store locks the file `lock` and writes its process number into it. The file `anchor` has the number
//! of acknowledged batches, and is replaced after each batch. It distinguishes a database that has fallen back to an earlier
//! batch, for instance because its latest pages are damaged, from one that a crash stopped before the next batch.
//!
//! | bytes of `anchor` | content |
//! |---|---|
//! | 8 | `outrider` |
//! | 8 | the number of batches, little-endian |
//! | 4 | CRC-32 of the preceding bytes, little-endian |

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

/// A directory that this process has locked until the value is dropped.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

/// The number of attempts to take the lock. If a process is killed while it spawns another one, the new process can hold the
/// lock until it has started.
const LOCK_TRIES: u32 = 50;
/// The pause between attempts.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

impl Directory {
    /// Locks a directory.
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

    /// Returns the number of acknowledged batches, or `None` if there is no file `anchor`.
    fn anchor(&self) -> Result<Option<u64>, StoreError> {
        match fs::read(self.path.join(ANCHOR_FILE)) {
            Ok(bytes) => decode(&bytes).map(Some).ok_or(StoreError::Damaged(Damage::Anchor)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the anchor. Once this returns, the new one survives a crash.
    pub(super) fn set_anchor(&self, n_batches: u64) -> Result<(), StoreError> {
        let scratch = self.path.join("anchor.new");
        let mut file = File::create(&scratch)?;
        file.write_all(&encode(n_batches))?;
        file.sync_all()?;
        fs::rename(scratch, self.path.join(ANCHOR_FILE))?;
        Ok(self.sync()?)
    }

    /// Checks which files of a store exist.
    pub(super) fn contents(&self) -> Result<Contents, StoreError> {
        let missing = |file| Err(StoreError::Damaged(Damage::Missing { file }));
        match (self.anchor()?, self.database().is_file()) {
            // A process that creates a store first writes an anchor of 0 batches.
            (None | Some(0), false) => Ok(Contents::Nothing),
            (None, true) => missing(ANCHOR_FILE),
            (Some(_), false) => missing(DATABASE_FILE),
            (Some(n_batches), true) => Ok(Contents::Store { n_batches }),
        }
    }

    /// Returns the path at which a database is created, before it is [put in place](Self::put_in_place).
    pub(super) fn scratch(&self) -> PathBuf {
        self.path.join("db.new")
    }

    /// Renames the complete, closed database to its final name.
    pub(super) fn put_in_place(&self) -> Result<(), StoreError> {
        fs::rename(self.scratch(), self.database())?;
        Ok(self.sync()?)
    }

    /// Makes renames survive a crash.
    fn sync(&self) -> io::Result<()> {
        // Other systems cannot open a directory as a file, and do not need to.
        if cfg!(unix) { File::open(&self.path)?.sync_all() } else { Ok(()) }
    }
}

/// The contents of a directory.
pub(super) enum Contents {
    Nothing,
    Store {
        /// The number of acknowledged batches.
        n_batches: u64,
    },
}

/// Returns whether a directory has a file of a store. If not, it need not be locked.
pub(super) fn has_anything(path: &Path) -> bool {
    [ANCHOR_FILE, DATABASE_FILE].iter().any(|file| path.join(file).is_file())
}

/// Returns the number of the process that holds the lock, or `None` if the process has not written it yet.
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
