//! Hashes, and the functions that compute them.

use core::{fmt, str::FromStr};

use sha3::Digest;
use thiserror::Error;

/// The 32-byte hash of a node, and of the state below it when the node is a root.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; HASH_BYTES]);

/// The length of a [`struct@Hash`].
pub const HASH_BYTES: usize = 32;

/// A hash function. A type without values, so that a trie names its function as a parameter.
pub trait Hasher {
    /// Hashes `bytes`.
    fn hash(bytes: &[u8]) -> Hash;
}

/// Keccak-256 as Ethereum has it: the Keccak submission, which pads unlike SHA-3.
#[derive(Clone, Copy, Debug)]
pub enum Keccak256 {}

impl Hasher for Keccak256 {
    fn hash(bytes: &[u8]) -> Hash {
        Hash(sha3::Keccak256::digest(bytes).into())
    }
}

/// SHA-256 ([FIPS 180-4]), the hash of the consensus specs.
///
/// [FIPS 180-4]: https://csrc.nist.gov/pubs/fips/180-4/upd1/final
#[derive(Clone, Copy, Debug)]
pub enum Sha256 {}

impl Hasher for Sha256 {
    fn hash(bytes: &[u8]) -> Hash {
        Hash(sha2::Sha256::digest(bytes).into())
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// 64 lower-case hex digits.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// As [`Display`](fmt::Display); `{:#x}` puts `0x` before it.
impl fmt::LowerHex for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            f.write_str("0x")?;
        }
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no hash, or no other 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseHashError {
    /// The text has another length than 64 digits, `0x` aside.
    #[error("64 hex digits are expected, after `0x` or without it, got {got} bytes of text")]
    Length {
        /// Bytes of text after `0x`.
        got: usize,
    },
    /// A character is no hex digit.
    #[error("after {position} hex digits comes a character that is none: write 0 to 9, a to f or A to F")]
    Digit {
        /// Bytes before the character, `0x` aside.
        position: usize,
    },
}

/// Reads 64 hex digits of either case, with or without `0x`.
impl FromStr for Hash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, ParseHashError> {
        parse_bytes32(text).map(Self)
    }
}

/// Reads 64 hex digits of either case, with or without `0x`.
pub(crate) fn parse_bytes32(text: &str) -> Result<[u8; 32], ParseHashError> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    if digits.len() != 64 {
        return Err(ParseHashError::Length { got: digits.len() });
    }
    let mut bytes = [0_u8; 32];
    for (position, digit) in digits.iter().enumerate() {
        let value = char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        let value = value.ok_or(ParseHashError::Digit { position })?;
        if let Some(byte) = bytes.get_mut(position / 2) {
            *byte = *byte << 4 | value;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[track_caller]
    fn check(got: Hash, expected: &str) {
        assert_eq!(got.to_string(), expected);
        assert_eq!(expected.parse(), Ok(got));
    }

    #[test]
    fn the_empty_string_has_its_published_digests() {
        check(Keccak256::hash(b""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        check(Sha256::hash(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn what_is_no_hash_is_refused_with_its_place() {
        assert_eq!("0x12".parse::<Hash>(), Err(ParseHashError::Length { got: 2 }));
        let text = "0".repeat(63) + "g";
        assert_eq!(text.parse::<Hash>(), Err(ParseHashError::Digit { position: 63 }));
        assert_eq!("é".repeat(32).parse::<Hash>(), Err(ParseHashError::Digit { position: 0 }));
        let messages = ["0x12", &text].map(|text| text.parse::<Hash>().unwrap_err().to_string());
        let expected = [
            "64 hex digits are expected, after `0x` or without it, got 2 bytes of text",
            "after 63 hex digits comes a character that is none: write 0 to 9, a to f or A to F",
        ];
        assert_eq!(messages, expected);
    }

    #[test]
    fn the_prefix_is_shown_when_it_is_asked_for() {
        let hash = Hash([0xab; 32]);
        assert_eq!(alloc::format!("{hash:x}"), "ab".repeat(32));
        assert_eq!(alloc::format!("{hash:#x}"), "0x".to_string() + &"ab".repeat(32));
        assert_eq!(alloc::format!("{hash:#x}").parse(), Ok(hash));
        assert_eq!("AB".repeat(32).parse(), Ok(hash));
    }
}
