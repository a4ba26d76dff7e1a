//! Bytes in serde: hex in formats for people, bytes in others.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

use crate::execution::{Log, LogValue};
use crate::hex_text::{ParseHexError, parse_array, parse_bytes};
use crate::imports::debug::NAMES;

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&hex::encode(bytes))
    } else {
        serializer.serialize_bytes(bytes)
    }
}

/// Reads `what`, which has so many bytes.
pub(crate) fn deserialize_array<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
    what: &'static str,
) -> Result<[u8; N], D::Error> {
    let of_bytes = |bytes: &[u8]| {
        let got = bytes.len();
        bytes.try_into().map_err(|_| format!("{what} has {N} bytes, got {got}"))
    };
    deserialize(deserializer, BytesVisitor { what, bytes_max: N, of_text: parse_array::<N>, of_bytes })
}

/// Reads `what`, which may have any number of bytes.
pub(crate) fn deserialize_vec<'de, D: Deserializer<'de>>(
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
    /// How many bytes are taken from a sequence before it is certain that they are too many.
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

    /// For formats that know no byte strings.
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

/// Makes a module for `#[serde(with = "..")]` of a field that is an array of bytes.
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

array_field!(pubkey, "a public key");
array_field!(withdrawal_credentials, "withdrawal credentials");
array_field!(signature, "a signature");

/// For a field of block data.
pub(crate) mod block_data {
    use std::sync::Arc;

    pub(crate) fn serialize<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        super::serialize(bytes, serializer)
    }

    pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<[u8]>, D::Error> {
        super::deserialize_vec(deserializer, "block data").map(Into::into)
    }
}

/// For bytes that an EE has logged.
pub(crate) mod logged {
    pub(crate) fn serialize<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        super::serialize(bytes, serializer)
    }

    pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        super::deserialize_vec(deserializer, "what is logged")
    }
}

/// Not derived, as that would borrow the name of the import from what is read.
impl<'de> Deserialize<'de> for Log {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ReadLog { import: LogImport(import), value } = ReadLog::deserialize(deserializer)?;
        Ok(Self { import, value })
    }
}

/// The fields of a [`Log`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadLog {
    import: LogImport,
    value: LogValue,
}

/// The name of an import that logs, as the ABI has it.
struct LogImport(&'static str);

impl<'de> Deserialize<'de> for LogImport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let got = String::deserialize(deserializer)?;
        NAMES.into_iter().find(|name| *name == got).map(Self).ok_or_else(|| {
            let names = NAMES.join(", ");
            D::Error::custom(format!("no import `{got}` logs anything; those that do are {names}"))
        })
    }
}
