//! JSON from untrusted sources, read within a bound of memory and without rounding numbers.
//!
//! A value takes several times the memory of its text: an empty list has two bytes as text, and 32 in memory. So the
//! reader estimates from the structure of a text what its value will take, before it allocates any of it.
//!
//! JSON numbers can have any length; [`Value`] holds 64 bits and rounds longer ones to floating point. So whole numbers
//! of more than 64 bits are read as strings of their digits, as Ethereum's JSON writes them anyway.

use std::borrow::Cow;

use serde_json::Value;

/// Why a text is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text is not JSON.
    #[error("the text is not JSON")]
    Syntax(#[source] serde_json::Error),
    /// The value would take too much memory.
    #[error(
        "this JSON may take {bytes} bytes in memory, expected at most {bytes_max}: divide it into several files"
    )]
    TooLarge {
        /// An upper bound of the memory that the text and its value take.
        bytes: u64,
        /// The limit.
        bytes_max: u64,
    },
}

/// The memory that a text and its value may take. With this limit a text that is nearly all hex digits, such as a block
/// or a witness, may have 900 MB, and one of short members and items, such as a state, some 100 MB.
pub const JSON_BYTES_MAX: u64 = 1 << 31;

/// Reads a value.
///
/// # Errors
///
/// Fails with a [`JsonError`].
pub fn read(text: &[u8]) -> Result<Value, JsonError> {
    read_within(text, JSON_BYTES_MAX)
}

fn read_within(text: &[u8], bytes_max: u64) -> Result<Value, JsonError> {
    let mut scan = Scan::default();
    scan.tokens(text, |_| {});
    let bytes = scan.bytes(text);
    if bytes > bytes_max {
        return Err(JsonError::TooLarge { bytes, bytes_max });
    }
    let text =
        if scan.n_long > 0 { Cow::Owned(with_long_integers_quoted(text)) } else { Cow::Borrowed(text) };
    serde_json::from_slice(&text).map_err(JsonError::Syntax)
}

/// A token, or part of one.
enum Token<'a> {
    /// A whole number that is not negative and has more than 64 bits.
    LongInteger(&'a [u8]),
    /// Any other bytes.
    Other(&'a [u8]),
}

/// The counts of a text's elements.
#[derive(Default)]
struct Scan {
    /// The number of lists.
    n_lists: u64,
    /// The number of objects.
    n_objects: u64,
    /// The number of members of all objects.
    n_members: u64,
    /// The number of commas.
    n_commas: u64,
    /// The number of strings.
    n_strings: u64,
    /// The number of whole numbers of more than 64 bits.
    n_long: u64,
}

impl Scan {
    /// Splits a text into tokens and counts them; the text need not be JSON.
    fn tokens<'a>(&mut self, text: &'a [u8], mut take: impl FnMut(Token<'a>)) {
        let mut rest = text;
        while let Some(first) = rest.first() {
            let counter = match first {
                b'[' => Some(&mut self.n_lists),
                b'{' => Some(&mut self.n_objects),
                b':' => Some(&mut self.n_members),
                b',' => Some(&mut self.n_commas),
                b'"' => Some(&mut self.n_strings),
                _ => None,
            };
            if let Some(counter) = counter {
                *counter = counter.saturating_add(1);
            }
            let length = match first {
                b'"' => string_length(rest),
                b'0'..=b'9' | b'-' => rest.iter().take_while(|byte| is_of_number(**byte)).count(),
                _ => 1,
            };
            let (token, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            if is_long_integer(token) && !is_key(after) {
                self.n_long = self.n_long.saturating_add(1);
                take(Token::LongInteger(token));
            } else {
                take(Token::Other(token));
            }
            rest = after;
        }
    }

    /// Returns an upper bound of the memory of the text and its value: the text, its copy if there is one, the contents
    /// of strings, and the counted elements.
    fn bytes(&self, text: &[u8]) -> u64 {
        let n_texts = if self.n_long > 0 { 3 } else { 2 };
        let text = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let parts = [
            (n_texts, text),
            (LIST_BYTES, self.n_lists),
            (OBJECT_BYTES, self.n_objects),
            (MEMBER_BYTES, self.n_members),
            (ITEM_BYTES, self.n_commas),
            (STRING_BYTES, self.n_strings.saturating_add(self.n_long)),
        ];
        parts.into_iter().fold(0, |sum, (bytes, n)| sum.saturating_add(n.saturating_mul(bytes)))
    }
}

/// A list starts with room for four values of 32 bytes.
const LIST_BYTES: u64 = 4 * 32;
/// An object starts as a B-tree node with room for eleven members of 56 bytes.
const OBJECT_BYTES: u64 = 11 * 56 + 24;
/// A fifth of a node, the least that nodes are filled to, and a share of the nodes above.
const MEMBER_BYTES: u64 = 160;
/// Two values, as lists grow by doubling.
const ITEM_BYTES: u64 = 2 * 32;
/// The overhead of an allocation.
const STRING_BYTES: u64 = 32;

/// Returns the length of the string that a text begins with, including its quotes.
fn string_length(text: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = text.iter().skip(1).position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end.saturating_add(2))
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_long_integer(token: &[u8]) -> bool {
    let is_integer = token.iter().all(u8::is_ascii_digit) && token.first() != Some(&b'0');
    let digits = std::str::from_utf8(token).unwrap_or_default();
    is_integer && !digits.is_empty() && digits.parse::<u64>().is_err()
}

/// Returns whether the text after a number shows that it stands in the place of a key, where JSON has no numbers.
fn is_key(after: &[u8]) -> bool {
    after.trim_ascii_start().first() == Some(&b':')
}

fn with_long_integers_quoted(text: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(text.len());
    Scan::default().tokens(text, |token| match token {
        Token::LongInteger(digits) => {
            quoted.push(b'"');
            quoted.extend_from_slice(digits);
            quoted.push(b'"');
        }
        Token::Other(bytes) => quoted.extend_from_slice(bytes),
    });
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn long_integers_keep_their_digits() {
        let text = br#"{"a": 58750000000000000000001, "b": [18446744073709551615, 18446744073709551616 ], "c": "9\"99999999999999999999", "d": -1}"#;
        let expected = json!({
            "a": "58750000000000000000001",
            "b": [u64::MAX, "18446744073709551616"],
            "c": "9\"99999999999999999999",
            "d": -1,
        });
        assert_eq!(read(text).unwrap(), expected);
        // A fraction or an exponent makes a floating-point number; some of these texts are not JSON.
        assert!(read(b"58750000000000000000001.5").unwrap().is_f64());
        assert!(read(b"58750000000000000000001e5").unwrap().is_f64());
        assert!(read(b"-58750000000000000000001").unwrap().is_f64());
        for wrong in [
            "058750000000000000000001",
            "{58750000000000000000001 : 1}",
            "5875000000000000000000\"1\"",
            "\"",
            "",
        ] {
            assert!(matches!(read(wrong.as_bytes()), Err(JsonError::Syntax(_))), "{wrong}");
        }
    }

    /// Returns the memory that a value has allocated; for objects, without unused room in their nodes.
    fn taken(value: &Value) -> usize {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.capacity(),
            Value::Array(items) => {
                items.capacity() * size_of::<Value>() + items.iter().map(taken).sum::<usize>()
            }
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| size_of::<(String, Value)>() + key.capacity() + taken(value))
                .sum(),
        }
    }

    #[track_caller]
    fn check_bound(text: &str, least_factor: u64) {
        let Err(JsonError::TooLarge { bytes, .. }) = read_within(text.as_bytes(), 0) else {
            panic!("{text:.50}")
        };
        let value = read_within(text.as_bytes(), bytes).unwrap();
        assert!(bytes >= (text.len() + taken(&value)) as u64, "{bytes}: {text:.50}");
        assert!(bytes >= text.len() as u64 * least_factor, "{bytes}: {text:.50}");
        assert!(matches!(read_within(text.as_bytes(), bytes - 1), Err(JsonError::TooLarge { .. })));
    }

    #[test]
    fn the_memory_of_a_value_is_bounded_before_it_is_read() {
        let list = |item: &str| format!("[{}]", vec![item; 1000].join(","));
        check_bound(&list("[]"), 20);
        check_bound(&list("0"), 20);
        check_bound(&list("[0]"), 20);
        check_bound(&list("\"\""), 20);
        check_bound(&list("{\"\":0}"), 100);
        check_bound(&list("{\"\":{\"\":[{\"\":0}]}}"), 100);
        check_bound(&list("58750000000000000000001"), 3);
        let members: Vec<_> = (0..1000).map(|i| format!("\"{i}\":0")).collect();
        check_bound(&format!("{{{}}}", members.join(",")), 20);
        // A text that is nearly all digits takes little more than itself and the digits.
        let digits = list(&format!("\"0x{}\"", "00".repeat(500)));
        let Err(JsonError::TooLarge { bytes, .. }) = read_within(digits.as_bytes(), 0) else { panic!() };
        assert!(bytes < digits.len() as u64 * 23 / 10, "{bytes}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_serde_json_reads_it(text in r#"[\[\]{}:,"\\0-9e. -]{0,60}"#) {
            let expected = serde_json::from_str::<Value>(&text).ok();
            let got = read(text.as_bytes()).ok();
            prop_assert_eq!(expected.is_some(), got.is_some(), "{}", text);
            if !text.contains(|c: char| c.is_ascii_digit()) {
                prop_assert_eq!(expected, got);
            }
        }
    }
}
