//! The anchor of a store: a file that tells which batch was acknowledged last.
//!
//! A database that recovers from a crash goes back to a state that is whole. It cannot tell whether what it gives up was torn
//! while it was written, or was acknowledged and has been damaged since. The anchor can: it is written after the database, so
//! that a batch it names must be there.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `outrider` |
//! | 4 | the format of the store, little-endian |
//! | 8 | how many batches were acknowledged, little-endian |
//! | 32 | SHA-256 of the bytes before |

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    vec::Vec,
};

use crate::{
    hash::{HASH_BYTES, Hasher as _, Sha256},
    reader::{ReadError, Reader},
    store::{Damage, StoreError},
};

/// The format of stores that this module writes; 1 was a database of sled, without an anchor.
const FORMAT: u32 = 2;

const MAGIC: &[u8; 8] = b"outrider";

/// What an anchor has of bytes.
const ANCHOR_BYTES: usize = MAGIC.len() + 4 + 8 + HASH_BYTES;

/// Where the anchor of a store is.
#[derive(Clone, Debug)]
pub(super) struct Anchor {
    directory: PathBuf,
}

impl Anchor {
    /// The name of the file.
    pub(super) const FILE: &'static str = "anchor";

    pub(super) fn in_directory(directory: &Path) -> Self {
        Self { directory: directory.into() }
    }

    /// How many batches were acknowledged; none if there is no anchor.
    pub(super) fn read(&self) -> Result<Option<u64>, StoreError> {
        match fs::read(self.directory.join(Self::FILE)) {
            Ok(bytes) => decode(&bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io(error)),
        }
    }

    /// Puts an anchor in place of the one that is there; when this returns, it survives a crash.
    pub(super) fn write(&self, n_batches: u64) -> Result<(), StoreError> {
        let write = || {
            let scratch = self.directory.join("anchor.new");
            let mut file = File::create(&scratch)?;
            file.write_all(&encode(n_batches))?;
            file.sync_all()?;
            fs::rename(scratch, self.directory.join(Self::FILE))?;
            sync_directory(&self.directory)
        };
        write().map_err(StoreError::io)
    }
}

/// Lets renamings in a directory survive a crash.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    // Elsewhere a directory cannot be opened as a file, and need not be.
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

fn encode(n_batches: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ANCHOR_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&n_batches.to_le_bytes());
    let checksum = Sha256::hash(&bytes);
    bytes.extend_from_slice(&checksum.0);
    bytes
}

/// 1. There are as many bytes as an anchor has.
/// 2. They have their checksum.
/// 3. They begin as an anchor does, and are of this format.
fn decode(bytes: &[u8]) -> Result<u64, StoreError> {
    let read = || -> Result<_, ReadError> {
        let mut reader = Reader::new(bytes);
        let magic = reader.take_array()?;
        let format = u32::from_le_bytes(reader.take_array()?);
        let n_batches = u64::from_le_bytes(reader.take_array()?);
        let checksum = reader.take_array()?;
        Ok((magic, format, n_batches, checksum, reader.remaining()))
    };
    let damaged = || StoreError::Damaged(Damage::Anchor);
    let (magic, format, n_batches, checksum, left) = read().map_err(|_| damaged())?;
    let signed = bytes.get(..ANCHOR_BYTES - HASH_BYTES).unwrap_or_default();
    if left > 0 || Sha256::hash(signed).0 != checksum || magic != *MAGIC {
        return Err(damaged());
    }
    if format != FORMAT {
        return Err(StoreError::Format);
    }
    Ok(n_batches)
}
