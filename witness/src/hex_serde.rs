//! Hashes and keys in serde: hex in formats for people, bytes in others.

use alloc::format;
use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
};

use crate::{
    Hash,
    hash::{HASH_BYTES, parse_bytes32},
    smt::Key,
};

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, self, serializer)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer, "a hash").map(Self)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, self, serializer)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer, "a key").map(Self)
    }
}

fn serialize<S: Serializer>(
    bytes: &[u8],
    text: &impl fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.collect_str(text)
    } else {
        serializer.serialize_bytes(bytes)
    }
}

fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
    what: &'static str,
) -> Result<[u8; HASH_BYTES], D::Error> {
    let visitor = Bytes32Visitor { what };
    if deserializer.is_human_readable() {
        deserializer.deserialize_str(visitor)
    } else {
        deserializer.deserialize_bytes(visitor)
    }
}

struct Bytes32Visitor {
    what: &'static str,
}

impl<'de> Visitor<'de> for Bytes32Visitor {
    type Value = [u8; HASH_BYTES];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in hex", self.what)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        parse_bytes32(text).map_err(|error| E::custom(format!("{}: {error}", self.what)))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        let what = self.what;
        bytes.try_into().map_err(|_| E::custom(format!("{what} has {HASH_BYTES} bytes, got {}", bytes.len())))
    }

    /// For formats that know no byte strings.
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut bytes = [0; HASH_BYTES];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = sequence.next_element()?.ok_or_else(|| A::Error::invalid_length(index, &self))?;
        }
        match sequence.next_element::<u8>()? {
            Some(_) => Err(A::Error::invalid_length(HASH_BYTES + 1, &self)),
            None => Ok(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;

    #[test]
    fn people_read_hex_and_machines_bytes() {
        let hash = Hash([0xab; 32]);
        let json = format!("\"{}\"", "ab".repeat(32));
        assert_eq!(serde_json::to_string(&hash).unwrap(), json);
        assert_eq!(serde_json::to_string(&Key(hash.0)).unwrap(), json);
        for json in [json.clone(), json.to_uppercase(), json.replacen('"', "\"0x", 1)] {
            assert_eq!(serde_json::from_str::<Hash>(&json).unwrap(), hash);
            assert_eq!(serde_json::from_str::<Key>(&json).unwrap(), Key(hash.0));
        }
        // Postcard: a length and the bytes.
        let bytes = [&[32][..], &[0xab; 32]].concat();
        assert_eq!(postcard::to_allocvec(&hash).unwrap(), bytes);
        assert_eq!(postcard::from_bytes::<Hash>(&bytes).unwrap(), hash);
        assert_eq!(postcard::from_bytes::<Key>(&bytes).unwrap(), Key(hash.0));
    }

    #[test]
    fn what_is_no_hash_is_refused_with_its_place() {
        let error = serde_json::from_str::<Hash>("\"0x12\"").unwrap_err().to_string();
        assert_eq!(
            error,
            "a hash: 64 hex digits are expected, after `0x` or without it, got 2 bytes of text at line 1 column 6"
        );
        let error = serde_json::from_str::<Key>("1").unwrap_err().to_string();
        assert_eq!(error, "invalid type: integer `1`, expected a key in hex at line 1 column 1");
        for length in [0, 31, 33] {
            let bytes = [vec![length], vec![1; length.into()]].concat();
            assert!(postcard::from_bytes::<Hash>(&bytes).is_err(), "{length}");
        }
    }
}
