//! Bytes as text: hex digits in either case, with or without `0x`.

use alloc::vec::Vec;
use core::fmt;

/// The reason for which a text is not valid hex of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseHexError {
    /// The text has another number of digits.
    #[error("{what} has {expected} hex digits, after `0x` or without it, got {got} characters")]
    Length {
        /// The name of the value, such as `a state root`.
        what: &'static str,
        /// Characters after `0x`.
        got: usize,
        /// The right number of digits.
        expected: usize,
    },
    /// A text of any length has an odd number of digits.
    #[error("{what} has an odd number of hex digits ({got}): two make a byte")]
    Odd {
        /// The name of the value.
        what: &'static str,
        /// Characters after `0x`.
        got: usize,
    },
    /// A character is not a hex digit.
    #[error(
        "character {position} of {what} is {got:?}, which is not a hex digit: write 0 to 9, a to f or A to F"
    )]
    Digit {
        /// The name of the value.
        what: &'static str,
        /// The character.
        got: char,
        /// Its position in the text, from 1, with `0x` counted.
        position: usize,
    },
}

/// Parses this many bytes; `what` names them in errors, as in `a state root`.
///
/// # Errors
///
/// Fails with [`ParseHexError`], which has the position in the text.
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

/// Parses any number of bytes; `what` names them in errors.
///
/// # Errors
///
/// Fails with [`ParseHexError`], which has the position in the text.
pub fn parse_bytes(text: &str, what: &'static str) -> Result<Vec<u8>, ParseHexError> {
    let (digits, prefix) = digits(text);
    let odd = || ParseHexError::Odd { what, got: digits.chars().count() };
    hex::decode(digits).map_err(|_| no_digit(digits, prefix, what).unwrap_or_else(odd))
}

/// Removes `0x`, and returns its number of characters, too.
fn digits(text: &str) -> (&str, usize) {
    text.strip_prefix("0x").map_or((text, 0), |digits| (digits, 2))
}

/// Returns an error for the first character that is not a digit.
fn no_digit(digits: &str, prefix: usize, what: &'static str) -> Option<ParseHexError> {
    let (index, got) = digits.chars().enumerate().find(|(_, digit)| !digit.is_ascii_hexdigit())?;
    Some(ParseHexError::Digit { what, got, position: index.saturating_add(prefix).saturating_add(1) })
}

/// Bytes that are displayed as lower-case hex digits without `0x`; `Debug` adds quotes.
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

/// Implements a type's text as the hex of its bytes. The arguments are the type, its length in bytes, its name in
/// errors, and the functions to its bytes and from them.
#[doc(hidden)]
#[macro_export]
macro_rules! hex_text {
    ($name:ident, $bytes:expr, $what:literal, $to_bytes:expr, $from_bytes:expr) => {
        /// Writes the hex digits of the bytes in lower case, without `0x`.
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&$crate::hex_text::Hex(&($to_bytes)(self)), f)
            }
        }

        /// Writes the same as `Display`; `{:#x}` adds `0x`.
        impl core::fmt::LowerHex for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                if f.alternate() {
                    f.write_str("0x")?;
                }
                core::fmt::Display::fmt(self, f)
            }
        }

        /// Parses hex digits in either case, with or without `0x`.
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
