//! The anchor of a store: a file that names the last acknowledged batch.
//!
//! A database that recovers from a crash returns to a consistent state. It cannot know whether the pages that it drops
//! were torn during a write, or were acknowledged and damaged later. The anchor decides this: it is written after the
//! database, so a batch that it names must be there.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `outrider` |
//! | 4 | the format of the store, little-endian |
//! | 8 | the number of acknowledged batches, little-endian |
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

/// The format of stores that this module writes; format 1 was a database of sled without an anchor.
const FORMAT: u32 = 2;

const MAGIC: &[u8; 8] = b"outrider";

/// The length of an anchor in bytes.
const ANCHOR_BYTES: usize = MAGIC.len() + 4 + 8 + HASH_BYTES;

/// The path of a store's anchor.
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

    /// Reads the number of acknowledged batches; returns `None` if there is no anchor.
    pub(super) fn read(&self) -> Result<Option<u64>, StoreError> {
        match fs::read(self.directory.join(Self::FILE)) {
            Ok(bytes) => decode(&bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io(error)),
        }
    }

    /// Replaces the anchor; after this returns, the new one survives a crash.
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

/// Makes renamings in a directory survive a crash.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    // Other systems cannot open a directory as a file, and need not.
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

/// Decodes an anchor.
///
/// 1. Checks the length.
/// 2. Checks the checksum.
/// 3. Checks the magic and the format.
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
