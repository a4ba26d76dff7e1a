//! Bytes as text: hex digits in either case, with or without `0x`.

/// Why a text is not the hex of what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseHexError {
    /// The text has another number of digits.
    #[error("{what} has {expected} hex digits, after `0x` or without it, got {got} characters")]
    Length {
        /// What was to be read, such as `a state root`.
        what: &'static str,
        /// Characters after `0x`.
        got: usize,
        /// Digits that there should be.
        expected: usize,
    },
    /// A text that may have any length has half a byte too much.
    #[error("{what} has an odd number of hex digits ({got}): two make a byte")]
    Odd {
        /// What was to be read.
        what: &'static str,
        /// Characters after `0x`.
        got: usize,
    },
    /// A character is no hex digit.
    #[error("character {position} of {what} is {got:?}, and no hex digit: write 0 to 9, a to f or A to F")]
    Digit {
        /// What was to be read.
        what: &'static str,
        /// The character.
        got: char,
        /// Its place in the text, from 1, `0x` counted.
        position: usize,
    },
}

/// Reads so many bytes.
pub(crate) fn parse_array<const N: usize>(text: &str, what: &'static str) -> Result<[u8; N], ParseHexError> {
    let (digits, prefix) = digits(text);
    let expected = N.saturating_mul(2);
    let got = digits.chars().count();
    if got != expected {
        return Err(ParseHexError::Length { what, got, expected });
    }
    let mut bytes = [0; N];
    match hex::decode_to_slice(digits, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => {
            Err(no_digit(digits, prefix, what).unwrap_or(ParseHexError::Length { what, got, expected }))
        }
    }
}

/// Reads any number of bytes.
#[cfg(feature = "serde")]
pub(crate) fn parse_bytes(text: &str, what: &'static str) -> Result<Vec<u8>, ParseHexError> {
    let (digits, prefix) = digits(text);
    let odd = || ParseHexError::Odd { what, got: digits.chars().count() };
    hex::decode(digits).map_err(|_| no_digit(digits, prefix, what).unwrap_or_else(odd))
}

/// Takes `0x` off, and tells how many characters that were.
fn digits(text: &str) -> (&str, usize) {
    text.strip_prefix("0x").map_or((text, 0), |digits| (digits, 2))
}

/// Finds the first character that is no digit.
fn no_digit(digits: &str, prefix: usize, what: &'static str) -> Option<ParseHexError> {
    let (index, got) = digits.chars().enumerate().find(|(_, digit)| !digit.is_ascii_hexdigit())?;
    Some(ParseHexError::Digit { what, got, position: index.saturating_add(prefix).saturating_add(1) })
}

/// Gives a type with `to_bytes` and `from_bytes` the text of its bytes, and reads it back.
macro_rules! hex_text {
    ($name:ident, $bytes:expr, $what:literal) => {
        /// The hex digits of the bytes in lower case, without `0x`.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&hex::encode(self.to_bytes()))
            }
        }

        /// As `Display`; `{:#x}` puts `0x` before it.
        impl std::fmt::LowerHex for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                if f.alternate() {
                    f.write_str("0x")?;
                }
                std::fmt::Display::fmt(self, f)
            }
        }

        /// Reads hex digits in either case, with or without `0x`.
        impl std::str::FromStr for $name {
            type Err = $crate::hex_text::ParseHexError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::hex_text::parse_array::<{ $bytes }>(text, $what).map(|bytes| Self::from_bytes(&bytes))
            }
        }
    };
}
pub(crate) use hex_text;

/// Makes a newtype of 32 bytes one with a text, and, by the cargo feature `serde`, one that is that text in formats for people
/// and its bytes in others.
macro_rules! bytes32 {
    ($name:ident, $what:literal) => {
        impl $name {
            fn from_bytes(bytes: &[u8; 32]) -> Self {
                Self(*bytes)
            }

            fn to_bytes(self) -> [u8; 32] {
                self.0
            }
        }

        $crate::hex_text::hex_text!($name, 32, $what);

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::hex_serde::serialize(&self.0, serializer)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::hex_serde::deserialize_array(deserializer, $what).map(Self)
            }
        }
    };
}
pub(crate) use bytes32;
