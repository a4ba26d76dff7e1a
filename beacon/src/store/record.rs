//! The encoding of a table's records, with their checksum.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | the format, [`FORMAT`] |
//! | 4 | CRC-32 of the table's name, the key, the format and the content, little-endian |
//! | rest | the content |
//!
//! The checksum covers table name and key, so that no record can take the place of another.

use super::{Damage, StoreError};

/// The format of all records.
pub(super) const FORMAT: u8 = 1;
/// The length of format and checksum.
const HEADER_BYTES: usize = 1 + 4;

pub(super) fn encode(table: &'static str, key: &[u8], content: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(HEADER_BYTES + content.len());
    record.push(FORMAT);
    record.extend(checksum(table, key, content).to_le_bytes());
    record.extend(content);
    record
}

/// Returns the content of a record.
pub(super) fn decode<'r>(table: &'static str, key: &[u8], record: &'r [u8]) -> Result<&'r [u8], StoreError> {
    let damaged = || StoreError::Damaged(Damage::Record { table, key: key.to_vec() });
    let (format, rest) = record.split_first().ok_or_else(damaged)?;
    let (sum, content) = rest.split_first_chunk().ok_or_else(damaged)?;
    if *format != FORMAT {
        return Err(StoreError::Format { got: *format, expected: FORMAT });
    }
    if u32::from_le_bytes(*sum) != checksum(table, key, content) {
        return Err(damaged());
    }
    Ok(content)
}

fn checksum(table: &str, key: &[u8], content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    // The length of the name separates it from the key.
    hasher.update(&[FORMAT, table.len() as u8]);
    hasher.update(table.as_bytes());
    hasher.update(key);
    hasher.update(content);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_decodes_only_under_its_table_and_key_and_without_a_changed_bit() {
        let record = encode("blocks", b"key", b"content");
        assert_eq!(decode("blocks", b"key", &record).unwrap(), b"content");
        assert!(decode("states", b"key", &record).is_err());
        assert!(decode("blocks", b"kez", &record).is_err());
        for bit in 0..8 * record.len() {
            let mut damaged = record.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode("blocks", b"key", &damaged).is_err(), "bit {bit}");
        }
        for end in 0..record.len() {
            assert!(decode("blocks", b"key", &record[..end]).is_err(), "{end} bytes");
        }
        let mut later = record;
        later[0] = 2;
        let outcome = decode("blocks", b"key", &later);
        assert!(matches!(outcome, Err(StoreError::Format { got: 2, expected: 1 })), "{outcome:?}");
    }

    /// The expected checksum is the output of `printf '\x01\x06blockskeycontent' | gzip -c | tail -c8 | head -c4 | xxd -p`.
    #[test]
    fn the_checksum_is_that_of_gzip() {
        assert_eq!(encode("blocks", b"key", b"content")[1..5], SUM);
    }

    const SUM: [u8; 4] = [0xfc, 0xa5, 0x62, 0x2e];
}
