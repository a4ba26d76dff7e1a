//! One file of the cache, to the byte.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `outrider` |
//! | 8 | 4 | [`FORMAT_VERSION`], little-endian |
//! | 12 | 32 | the key, as in the file's name |
//! | 44 | 8 | bytes of the payload, little-endian |
//! | 52 | 32 | BLAKE3 of the payload |
//! | 84 | to the end | the payload: what the engine makes of a module |
//!
//! The first five fields are what SCALE makes of them, too. Each is compared with what it has to be, so no
//! byte of a file can change unnoticed. The checksum is there for accidents: who can write to the file can
//! write a checksum that fits.

use std::io::{self, Read};

use super::key::CacheKey;

/// Changes with the layout of a file.
pub(super) const FORMAT_VERSION: u32 = 1;

/// Bytes in front of the payload.
pub(super) const HEADER_BYTES: usize = CHECKSUM_OFFSET + 32;

/// What a payload may have in bytes.
///
/// Machine code has about four times the size of the wasm it comes from; 256 MiB are the code of a module
/// eight times as large as the default limits allow. A larger one is compiled each time.
pub(super) const PAYLOAD_BYTES_MAX: u64 = 256 << 20;

/// Why a file is not the entry that was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum EntryError {
    #[error("cannot be read")]
    Read(#[from] io::Error),
    #[error("is no file of the cache")]
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

/// Returns what stands in front of a payload.
pub(super) fn header(key: &CacheKey, payload: &[u8]) -> [u8; HEADER_BYTES] {
    // Lossless: no target that Rust has is wider than 64 bits.
    let payload_bytes = payload.len() as u64;
    let mut header = [0; HEADER_BYTES];
    header[..VERSION_OFFSET].copy_from_slice(MAGIC);
    header[VERSION_OFFSET..KEY_OFFSET].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    header[KEY_OFFSET..LENGTH_OFFSET].copy_from_slice(key.as_bytes());
    header[LENGTH_OFFSET..CHECKSUM_OFFSET].copy_from_slice(&payload_bytes.to_le_bytes());
    header[CHECKSUM_OFFSET..].copy_from_slice(blake3::hash(payload).as_bytes());
    header
}

/// Reads the payload of an entry from a file of so many bytes.
///
/// 1. The magic and the version are ours.
/// 2. The key is the one asked for.
/// 3. The file has the length that the header tells, and no more than the limit. Only now is there memory for
///    the payload.
/// 4. The payload has its checksum.
pub(super) fn read(file: &mut impl Read, file_bytes: u64, key: &CacheKey) -> Result<Vec<u8>, EntryError> {
    let header: [u8; HEADER_BYTES] = take(file)?;
    let mut fields: &[u8] = &header;
    if take(&mut fields)? != *MAGIC {
        return Err(EntryError::Magic);
    }
    let got = u32::from_le_bytes(take(&mut fields)?);
    if got != FORMAT_VERSION {
        return Err(EntryError::Version { got });
    }
    if take(&mut fields)? != *key.as_bytes() {
        return Err(EntryError::Key);
    }
    let expected = u64::from_le_bytes(take(&mut fields)?);
    let checksum = blake3::Hash::from_bytes(take(&mut fields)?);
    let got = file_bytes.saturating_sub(HEADER_BYTES as u64);
    if got != expected {
        return Err(EntryError::Length { got, expected });
    }
    match usize::try_from(got) {
        Ok(bytes) if got <= PAYLOAD_BYTES_MAX => read_payload(file, bytes, checksum),
        _ => Err(EntryError::TooLong { got }),
    }
}

/// Reads and hashes piece by piece, so that a piece is hashed while it is in the processor's own cache.
fn read_payload(file: &mut impl Read, bytes: usize, checksum: blake3::Hash) -> Result<Vec<u8>, EntryError> {
    let mut payload = vec![0; bytes];
    let mut hasher = blake3::Hasher::new();
    for piece in payload.chunks_mut(PIECE_BYTES) {
        file.read_exact(piece)?;
        hasher.update(piece);
    }
    if hasher.finalize() != checksum {
        return Err(EntryError::Checksum);
    }
    Ok(payload)
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

/// What is read, then hashed at a time, in bytes: a part of a processor's second-level cache.
const PIECE_BYTES: usize = 256 << 10;
