//! Bytes as text: hex digits in either case, with or without `0x`.

use alloc::vec::Vec;
use core::fmt;

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

/// Reads so many bytes; `what` names them in errors, as in `a state root`.
///
/// # Errors
///
/// [`ParseHexError`], with its place in the text.
pub fn parse_array<const N: usize>(text: &str, what: &'static str) -> Result<[u8; N], ParseHexError> {
    let (digits, prefix) = digits(text);
    let expected = N.saturating_mul(2);
    let got = digits.chars().count();
    let wrong_length = ParseHexError::Length { what, got, expected };
    if got != expected {
        return Err(wrong_length);
    }
    let mut bytes = [0; N];
    match hex::decode_to_slice(digits, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(no_digit(digits, prefix, what).unwrap_or(wrong_length)),
    }
}

/// Reads any number of bytes; `what` names them in errors.
///
/// # Errors
///
/// [`ParseHexError`], with its place in the text.
pub fn parse_bytes(text: &str, what: &'static str) -> Result<Vec<u8>, ParseHexError> {
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

/// Bytes that are shown as hex digits in lower case, without `0x`; in quotes to developers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Gives a type the text of its bytes, and reads it back: the type, its length in bytes, its name in errors, and the functions to its
/// bytes and from them.
#[doc(hidden)]
#[macro_export]
macro_rules! hex_text {
    ($name:ident, $bytes:expr, $what:literal, $to_bytes:expr, $from_bytes:expr) => {
        /// The hex digits of the bytes in lower case, without `0x`.
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&$crate::hex_text::Hex(&($to_bytes)(self)), f)
            }
        }

        /// As `Display`; `{:#x}` puts `0x` before it.
        impl core::fmt::LowerHex for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                if f.alternate() {
                    f.write_str("0x")?;
                }
                core::fmt::Display::fmt(self, f)
            }
        }

        /// Reads hex digits in either case, with or without `0x`.
        impl core::str::FromStr for $name {
            type Err = $crate::ParseHexError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::hex_text::parse_array::<{ $bytes }>(text, $what).map(|bytes| ($from_bytes)(&bytes))
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, vec::Vec};

    use proptest::prelude::*;

    use super::{Hex, ParseHexError, parse_array, parse_bytes};

    #[test]
    fn half_a_byte_is_refused() {
        let error = parse_bytes("0xabc", "a package").unwrap_err();
        assert_eq!(error, ParseHexError::Odd { what: "a package", got: 3 });
        assert_eq!(error.to_string(), "a package has an odd number of hex digits (3): two make a byte");
    }

    #[test]
    fn a_character_that_is_no_digit_is_named_with_its_place() {
        let error = ParseHexError::Digit { what: "a package", got: 'é', position: 4 };
        assert_eq!(parse_bytes("0xaé", "a package"), Err(error));
        assert_eq!(parse_array::<1>("0xaé", "a package"), Err(error));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(bytes: Vec<u8>, text: std::string::String) {
            prop_assert_eq!(parse_bytes(&Hex(&bytes).to_string(), "it"), Ok(bytes));
            // Any text is bytes or an error.
            let digits = text.strip_prefix("0x").unwrap_or(&text);
            prop_assert_eq!(parse_bytes(&text, "it").is_ok(), hex::decode(digits).is_ok());
        }
    }
}
