//! The part of an EE's state that styles use.

use alloc::{collections::BTreeMap, vec::Vec};
use core::{convert::Infallible, error::Error};

use outrider_witness::{
    Hasher, NodeSource,
    smt::{Tree, VALUE_BYTES_MAX},
};

use crate::{
    Reader, Writer, crypto,
    state::{Key, TreeError},
};

/// A state that maps keys to values. A [`State`](crate::state::State) is one, and in tests a `BTreeMap`.
pub trait Records {
    /// The error for a state that cannot be read or changed, such as a part that the witness does not cover.
    type Error: Error + 'static;

    /// Returns the value of a key, or `None` if it has none.
    ///
    /// # Errors
    ///
    /// Fails if neither is known.
    fn get(&mut self, key: &Key) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Sets the value of a key, of at most 1,024 bytes.
    ///
    /// # Errors
    ///
    /// Fails if the state cannot be changed there.
    fn insert(&mut self, key: &Key, value: &[u8]) -> Result<(), Self::Error>;

    /// Removes the value of a key, if there is one.
    ///
    /// # Errors
    ///
    /// Fails if the state cannot be changed there.
    fn remove(&mut self, key: &Key) -> Result<(), Self::Error>;
}

impl<H: Hasher, S: NodeSource> Records for Tree<H, S> {
    type Error = TreeError;

    fn get(&mut self, key: &Key) -> Result<Option<Vec<u8>>, TreeError> {
        Ok(Tree::get(self, key)?.map(<[u8]>::to_vec))
    }

    fn insert(&mut self, key: &Key, value: &[u8]) -> Result<(), TreeError> {
        Tree::insert(self, key, value)
    }

    fn remove(&mut self, key: &Key) -> Result<(), TreeError> {
        Tree::remove(self, key).map(|_| ())
    }
}

impl Records for BTreeMap<Key, Vec<u8>> {
    type Error = Infallible;

    fn get(&mut self, key: &Key) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(BTreeMap::get(self, key).cloned())
    }

    fn insert(&mut self, key: &Key, value: &[u8]) -> Result<(), Infallible> {
        BTreeMap::insert(self, *key, value.to_vec());
        Ok(())
    }

    fn remove(&mut self, key: &Key) -> Result<(), Infallible> {
        BTreeMap::remove(self, key);
        Ok(())
    }
}

/// A record of a style, with one encoding.
pub trait Record: Sized {
    /// Encodes the record.
    fn to_bytes(&self) -> Vec<u8>;

    /// Decodes a record. Returns `None` if the bytes are not one; the reader may have bytes left.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
}

/// The error for a record that cannot be read or changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError<E> {
    /// The state fails; for a witness that does not cover the key, the block's author is at fault.
    #[error(transparent)]
    Records(#[from] E),
    /// The key has a value that is not such a record: the EE uses one key for two things.
    #[error("the value of key {key} is not a record of this style")]
    Malformed {
        /// The key.
        key: Key,
    },
}

/// Returns the key of something that a style keeps: the SHA-256 of the style's name and the parts, each after its length
/// of 8 bytes, little-endian.
pub fn key(style: &str, parts: &[&[u8]]) -> Key {
    let writer = [style.as_bytes()]
        .iter()
        .chain(parts)
        .fold(Writer::new(), |writer, part| writer.u64_le(part.len() as u64).bytes(part));
    Key(crypto::sha256(&writer.finish()))
}

/// Reads a record that may be longer than a value: its length is in the first value, and the rest under keys of their own.
///
/// # Errors
///
/// Fails if the state does, and if there is something else under the key.
pub fn load<T: Record, R: Records>(records: &mut R, key: &Key) -> Result<Option<T>, RecordError<R::Error>> {
    let Some(first) = records.get(key)? else { return Ok(None) };
    let malformed = || RecordError::Malformed { key: *key };
    let (length, first) = first.split_first_chunk::<4>().ok_or_else(malformed)?;
    let length = u32::from_le_bytes(*length) as usize;
    let mut bytes = first.to_vec();
    for index in 1..n_values(length) {
        bytes.extend(records.get(&part(key, index))?.ok_or_else(malformed)?);
    }
    let mut reader = Reader::new(&bytes);
    let record = T::read(&mut reader).filter(|_| bytes.len() == length && reader.remaining() == 0);
    record.map(Some).ok_or_else(malformed)
}

/// Writes a record.
///
/// # Errors
///
/// Fails if the state does.
pub fn store<T: Record, R: Records>(
    records: &mut R,
    key: &Key,
    record: &T,
) -> Result<(), RecordError<R::Error>> {
    remove(records, key)?;
    let record = record.to_bytes();
    let (first, rest) = record.split_at(record.len().min(FIRST_BYTES));
    records.insert(key, &Writer::new().u32_le(record.len() as u32).bytes(first).finish())?;
    for (index, bytes) in (1..).zip(rest.chunks(VALUE_BYTES_MAX)) {
        records.insert(&part(key, index), bytes)?;
    }
    Ok(())
}

/// Removes a record, if there is one.
///
/// # Errors
///
/// Fails if the state does.
pub fn remove<R: Records>(records: &mut R, key: &Key) -> Result<(), RecordError<R::Error>> {
    let Some(first) = records.get(key)? else { return Ok(()) };
    let length = first.first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    for index in 1..n_values(length) {
        records.remove(&part(key, index))?;
    }
    Ok(records.remove(key)?)
}

fn n_values(length: usize) -> u32 {
    1 + length.saturating_sub(FIRST_BYTES).div_ceil(VALUE_BYTES_MAX) as u32
}

fn part(of: &Key, index: u32) -> Key {
    key("part", &[&of.0, &index.to_le_bytes()])
}

/// The bytes of a record in its first value, after the length.
const FIRST_BYTES: usize = VALUE_BYTES_MAX - 4;

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeMap, vec, vec::Vec};

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Blob(Vec<u8>);

    impl Record for Blob {
        fn to_bytes(&self) -> Vec<u8> {
            self.0.clone()
        }

        fn read(reader: &mut Reader<'_>) -> Option<Blob> {
            Some(Blob(reader.take(reader.remaining()).ok()?.to_vec()))
        }
    }

    #[test]
    fn records_of_any_length_are_read_back_and_leave_nothing_behind() {
        let mut records = BTreeMap::new();
        let key = key("test", &[b"a"]);
        for (length, n) in [(0, 1), (1020, 1), (1021, 2), (2044, 2), (2045, 3), (65_536, 65), (7, 1)] {
            let blob = Blob((0..length).map(|byte| byte as u8).collect());
            store(&mut records, &key, &blob).unwrap();
            assert_eq!(records.len(), n, "{length}");
            assert_eq!(load(&mut records, &key), Ok(Some(blob)));
        }
        remove(&mut records, &key).unwrap();
        assert_eq!((records.len(), load::<Blob, _>(&mut records, &key)), (0, Ok(None)));
    }

    #[test]
    fn a_value_that_is_no_record_is_an_error() {
        let key = key("test", &[]);
        for value in [vec![], vec![1, 0, 0], vec![2, 0, 0, 0, 1], vec![1, 0, 0, 0], vec![0xff; 1024]] {
            let mut records = BTreeMap::from([(key, value)]);
            assert_eq!(load::<Blob, _>(&mut records, &key), Err(RecordError::Malformed { key }));
        }
    }

    #[test]
    fn keys_of_different_parts_differ() {
        let keys = [key("a", &[b"bc"]), key("ab", &[b"c"]), key("a", &[b"b", b"c"]), key("a", &[])];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key));
        }
    }
}
