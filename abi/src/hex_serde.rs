//! Bytes in serde: hex in human-readable formats, bytes in others.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

#[doc(hidden)]
pub use serde;
use serde::{
    Deserializer, Serializer,
    de::{Error, SeqAccess, Visitor},
};

use crate::hex_text::{Hex, ParseHexError, parse_array, parse_bytes};

/// Serializes bytes.
///
/// # Errors
///
/// Fails as the serializer does.
pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.collect_str(&Hex(bytes))
    } else {
        serializer.serialize_bytes(bytes)
    }
}

/// Deserializes `what`, such as `a state root`, with this many bytes.
///
/// # Errors
///
/// Fails on another number of bytes, and on malformed hex with the message of [`ParseHexError`].
pub fn deserialize_array<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
    what: &'static str,
) -> Result<[u8; N], D::Error> {
    let of_bytes = |bytes: &[u8]| {
        let got = bytes.len();
        bytes.try_into().map_err(|_| format!("{what} has {N} bytes, got {got}"))
    };
    deserialize(deserializer, BytesVisitor { what, bytes_max: N, of_text: parse_array::<N>, of_bytes })
}

/// Deserializes `what`, with any number of bytes.
///
/// # Errors
///
/// Fails on malformed hex with the message of [`ParseHexError`].
pub fn deserialize_vec<'de, D: Deserializer<'de>>(
    deserializer: D,
    what: &'static str,
) -> Result<Vec<u8>, D::Error> {
    let of_bytes = |bytes: &[u8]| Ok(bytes.to_vec());
    deserialize(deserializer, BytesVisitor { what, bytes_max: usize::MAX, of_text: parse_bytes, of_bytes })
}

fn deserialize<'de, D: Deserializer<'de>, V: Visitor<'de>>(
    deserializer: D,
    visitor: V,
) -> Result<V::Value, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_str(visitor)
    } else {
        deserializer.deserialize_bytes(visitor)
    }
}

struct BytesVisitor<T, F> {
    what: &'static str,
    /// The number of bytes after which a sequence is certainly too long.
    bytes_max: usize,
    of_text: fn(&str, &'static str) -> Result<T, ParseHexError>,
    of_bytes: F,
}

impl<'de, T, F: Fn(&[u8]) -> Result<T, String>> Visitor<'de> for BytesVisitor<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in hex", self.what)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.of_text)(text, self.what).map_err(E::custom)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<T, E> {
        (self.of_bytes)(bytes).map_err(E::custom)
    }

    /// For formats without byte strings.
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<T, A::Error> {
        let mut bytes = Vec::new();
        while bytes.len() <= self.bytes_max
            && let Some(byte) = sequence.next_element()?
        {
            bytes.push(byte);
        }
        self.visit_bytes(&bytes)
    }
}

/// Makes a module for `#[serde(with = "..")]` on a field that is an array of bytes.
macro_rules! array_field {
    ($module:ident, $what:literal) => {
        pub(crate) mod $module {
            pub(crate) fn serialize<S: serde::Serializer>(
                bytes: &[u8],
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                super::serialize(bytes, serializer)
            }

            pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>, const N: usize>(
                deserializer: D,
            ) -> Result<[u8; N], D::Error> {
                super::deserialize_array(deserializer, $what)
            }
        }
    };
}

/// For the payload of a receipt.
pub(crate) mod payload {
    use alloc::vec::Vec;

    pub(crate) fn serialize<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        super::serialize(bytes, serializer)
    }

    pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        super::deserialize_vec(deserializer, "a payload")
    }
}

array_field!(pubkey, "a public key");
array_field!(withdrawal_credentials, "withdrawal credentials");
array_field!(signature, "a signature");

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, vec};

    use super::*;
    use crate::Hash;

    #[test]
    fn people_read_hex_and_machines_bytes() {
        let hash = Hash([0xab; 32]);
        let json = format!("\"{}\"", "ab".repeat(32));
        assert_eq!(serde_json::to_string(&hash).unwrap(), json);
        for json in [json.clone(), json.to_uppercase(), json.replacen('"', "\"0x", 1)] {
            assert_eq!(serde_json::from_str::<Hash>(&json).unwrap(), hash);
        }
        // Postcard: a length and the bytes.
        let bytes = [&[32][..], &[0xab; 32]].concat();
        assert_eq!(postcard::to_allocvec(&hash).unwrap(), bytes);
        assert_eq!(postcard::from_bytes::<Hash>(&bytes).unwrap(), hash);
    }

    #[test]
    fn what_is_no_hash_is_refused_with_its_place() {
        let error = serde_json::from_str::<Hash>("\"0x12\"").unwrap_err().to_string();
        assert_eq!(
            error,
            "a hash has 64 hex digits, after `0x` or without it, got 2 characters at line 1 column 6"
        );
        let error = serde_json::from_str::<Hash>("1").unwrap_err().to_string();
        assert_eq!(error, "invalid type: integer `1`, expected a hash in hex at line 1 column 1");
        for length in [0, 31, 33] {
            let bytes = [vec![length], vec![1; length.into()]].concat();
            assert!(postcard::from_bytes::<Hash>(&bytes).is_err(), "{length}");
        }
    }
}
