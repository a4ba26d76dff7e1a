//! The format of a cache file, to the byte.
//!
//! | bytes | what |
//! |---|---|
//! | `n` | the payload: the engine's serialized module |
//! | 8 | `outrider` |
//! | 4 | [`FORMAT_VERSION`], little-endian |
//! | 32 | the key, as in the file's name |
//! | 8 | `n`, little-endian |
//! | 32 | BLAKE3 of the payload |
//!
//! The payload comes first, so that an engine can map the file as it is.
//!
//! The five fields after it are the same that SCALE would encode. Each is compared with its expected value, so no byte
//! of a file can change unnoticed. The checksum is against accidents: anybody who can write to the file can write a
//! matching checksum.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::Range;

use super::key::{CacheKey, FORMAT_VERSION};

/// The number of bytes after the payload.
pub(super) const FOOTER_BYTES: usize = CHECKSUM_OFFSET + 32;

/// A payload or a part of one: bytes of a checked file.
#[derive(Debug)]
pub(crate) struct Payload<'f> {
    file: &'f File,
    range: Range<u64>,
}

impl<'f> Payload<'f> {
    /// Returns all of a file.
    #[cfg(test)]
    pub(crate) fn of(file: &'f File) -> io::Result<Self> {
        Ok(Self { file, range: 0..file.metadata()?.len() })
    }

    /// Returns the file, if it begins with this payload. The file never changes: the cache writes new files under other
    /// names.
    pub(crate) fn file(&self) -> Option<&'f File> {
        (self.range.start == 0).then_some(self.file)
    }

    /// Reads the payload.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        let bytes = self.range.end.saturating_sub(self.range.start);
        let mut payload = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
        let mut file = self.file;
        file.seek(SeekFrom::Start(self.range.start))?;
        file.take(bytes).read_to_end(&mut payload)?;
        Ok(payload)
    }

    /// Splits a number off the end, eight bytes, little-endian; returns `None` if the payload is shorter.
    pub(crate) fn split_number(self) -> Option<(Self, u64)> {
        let bytes = self.range.end.checked_sub(self.range.start)?;
        let (rest, number) = self.split_at(bytes.checked_sub(8)?)?;
        Some((rest, u64::from_le_bytes(number.read().ok()?.try_into().ok()?)))
    }

    /// Splits the payload after this many bytes; returns `None` if it is shorter.
    pub(crate) fn split_at(self, bytes: u64) -> Option<(Self, Self)> {
        let Range { start, end } = self.range;
        let middle = start.checked_add(bytes).filter(|middle| *middle <= end)?;
        let part = |range| Self { file: self.file, range };
        Some((part(start..middle), part(middle..end)))
    }
}

/// A checked file of the cache.
#[derive(Debug)]
pub(crate) struct Entry {
    file: File,
    payload_bytes: u64,
}

impl Entry {
    pub(crate) fn payload(&self) -> Payload<'_> {
        Payload { file: &self.file, range: 0..self.payload_bytes }
    }
}

/// The largest payload in bytes.
///
/// Machine code has about four times the size of its wasm; 256 MiB are the code of a module eight times as large as the
/// default limits allow. Larger code is not cached.
pub(super) const PAYLOAD_BYTES_MAX: u64 = 256 << 20;

/// The reason for which a file is not the requested entry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntryError {
    #[error("cannot be read")]
    Read(#[from] io::Error),
    #[error("is not a file of the cache")]
    Magic,
    #[error("has format {got}, expected {FORMAT_VERSION}")]
    Version { got: u32 },
    #[error("is the entry of another key")]
    Key,
    #[error("has a payload of {got} bytes, expected {expected}")]
    Length { got: u64, expected: u64 },
    #[error("has a payload of {got} bytes, the limit is {PAYLOAD_BYTES_MAX}")]
    TooLong { got: u64 },
    #[error("has a payload that does not match its checksum")]
    Checksum,
}

/// Returns the bytes that follow a payload.
pub(crate) fn footer(key: &CacheKey, payload: &[u8]) -> [u8; FOOTER_BYTES] {
    // Lossless: Rust has no target wider than 64 bits.
    let payload_bytes = payload.len() as u64;
    let mut footer = [0; FOOTER_BYTES];
    footer[..VERSION_OFFSET].copy_from_slice(MAGIC);
    footer[VERSION_OFFSET..KEY_OFFSET].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    footer[KEY_OFFSET..LENGTH_OFFSET].copy_from_slice(key.as_bytes());
    footer[LENGTH_OFFSET..CHECKSUM_OFFSET].copy_from_slice(&payload_bytes.to_le_bytes());
    footer[CHECKSUM_OFFSET..].copy_from_slice(blake3::hash(payload).as_bytes());
    footer
}

/// Opens an entry, a file of this many bytes.
///
/// 1. Checks the magic and the version.
/// 2. Checks that the key is the requested one.
/// 3. Checks the length of the file against the footer and the limit.
/// 4. Checks the payload against its checksum.
pub(crate) fn open(mut file: File, file_bytes: u64, key: &CacheKey) -> Result<Entry, EntryError> {
    let got = file_bytes.checked_sub(FOOTER_BYTES as u64).ok_or(EntryError::Magic)?;
    file.seek(SeekFrom::Start(got))?;
    let footer: [u8; FOOTER_BYTES] = take(&mut file)?;
    let mut fields: &[u8] = &footer;
    if take(&mut fields)? != *MAGIC {
        return Err(EntryError::Magic);
    }
    let version = u32::from_le_bytes(take(&mut fields)?);
    if version != FORMAT_VERSION {
        return Err(EntryError::Version { got: version });
    }
    if take(&mut fields)? != *key.as_bytes() {
        return Err(EntryError::Key);
    }
    let expected = u64::from_le_bytes(take(&mut fields)?);
    let checksum = blake3::Hash::from_bytes(take(&mut fields)?);
    if got != expected {
        return Err(EntryError::Length { got, expected });
    }
    if got > PAYLOAD_BYTES_MAX {
        return Err(EntryError::TooLong { got });
    }
    file.seek(SeekFrom::Start(0))?;
    if hash((&file).take(got))? != checksum {
        return Err(EntryError::Checksum);
    }
    Ok(Entry { file, payload_bytes: got })
}

/// Hashes in pieces, each while it is in the processor's own cache.
fn hash(mut payload: impl Read) -> io::Result<blake3::Hash> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut hasher = blake3::Hasher::new();
    loop {
        match payload.read(&mut piece) {
            Ok(0) => return Ok(hasher.finalize()),
            Ok(n_read) => _ = hasher.update(piece.get(..n_read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn take<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

const MAGIC: &[u8; 8] = b"outrider";
const VERSION_OFFSET: usize = MAGIC.len();
const KEY_OFFSET: usize = VERSION_OFFSET + 4;
const LENGTH_OFFSET: usize = KEY_OFFSET + 32;
const CHECKSUM_OFFSET: usize = LENGTH_OFFSET + 8;

/// The bytes that are read and then hashed at a time: a part of a processor's second-level cache.
const PIECE_BYTES: usize = 256 << 10;
