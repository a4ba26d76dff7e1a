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
};

use super::{Damage, StoreError};

pub(super) const DATABASE_FILE: &str = "db";
const ANCHOR_FILE: &str = "anchor";
const LOCK_FILE: &str = "lock";
const MAGIC: &[u8; 8] = b"outrider";

/// A directory that is this process's, until this is dropped.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Takes a directory.
    pub(super) fn lock(path: &Path) -> Result<Self, StoreError> {
        let file_path = path.join(LOCK_FILE);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(file_path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { pid: holder(&mut file) }),
            Err(TryLockError::Error(error)) => return Err(error.into()),
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
    pub(super) fn anchor(&self) -> Result<Option<u64>, StoreError> {
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
        // Elsewhere a directory cannot be opened as a file, and need not be.
        if cfg!(unix) {
            File::open(&self.path)?.sync_all()?;
        }
        Ok(())
    }

    /// Whether a directory has a store, or what is left of one.
    pub(super) fn has_store(path: &Path) -> bool {
        path.join(ANCHOR_FILE).is_file()
    }
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
