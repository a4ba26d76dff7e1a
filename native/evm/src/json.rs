//! JSON, as it comes from whoever: read within a bound of memory, and without rounding.
//!
//! A value takes some times the memory of its text: an empty list has two bytes, and 32 in memory. So what a text would take is
//! estimated, by its structure, before any of it is taken.
//!
//! JSON has numbers of any length, and [`Value`] has those of 64 bits; it makes floating-point numbers of others, which are not the same
//! any more. Whole numbers of more than 64 bits are read as strings of their digits, which is what Ethereum's JSON has for these anyway.

use std::borrow::Cow;

use serde_json::Value;

/// Why JSON is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// It is none.
    #[error("no JSON")]
    Syntax(#[source] serde_json::Error),
    /// It would take too much memory.
    #[error(
        "this JSON may take {bytes} bytes in memory, and at most {bytes_max} are given to it; divide it into several files"
    )]
    TooLarge {
        /// What it may take, at most.
        bytes: u64,
        /// What it is given.
        bytes_max: u64,
    },
}

/// The memory that a text and what is read of it may take. A text that is nearly all hex digits, as blocks and witnesses are, may have 900 MB
/// then; one of short members and items, as states are, some 100 MB.
pub const JSON_BYTES_MAX: u64 = 1 << 31;

/// Reads a value.
///
/// # Errors
///
/// [`JsonError`].
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

/// A part of a text.
enum Token<'a> {
    /// A whole number that is not negative and has more than 64 bits.
    LongInteger(&'a [u8]),
    /// Anything else, or a part of it.
    Other(&'a [u8]),
}

/// What a text consists of.
#[derive(Default)]
struct Scan {
    /// How many lists begin.
    n_lists: u64,
    /// How many objects begin.
    n_objects: u64,
    /// How many members objects have.
    n_members: u64,
    /// How many commas there are.
    n_commas: u64,
    /// How many strings there are.
    n_strings: u64,
    /// How many whole numbers of more than 64 bits there are.
    n_long: u64,
}

impl Scan {
    /// Reads all of a text, which need not be JSON.
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

    /// What the text and its value take at most: the text, a copy of it where there is one, what strings are made of, and the rest by
    /// their number.
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

/// Room for four values of 32 bytes, with which a list begins.
const LIST_BYTES: u64 = 4 * 32;
/// Room for eleven members of 56 bytes in a node of a B-tree, with which an object begins.
const OBJECT_BYTES: u64 = 11 * 56 + 24;
/// A fifth of a node, as nodes are that full at least, and of the nodes above.
const MEMBER_BYTES: u64 = 160;
/// Twice a value, as lists grow to twice their length.
const ITEM_BYTES: u64 = 2 * 32;
/// What an allocation takes besides what is in it.
const STRING_BYTES: u64 = 32;

/// The length of the string that a text begins with, quotes included.
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

/// Tells by what follows a number whether it stands where a key should, and so is no JSON.
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
        // A fraction or an exponent makes another number of it, and some of these are no JSON.
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

    /// The memory that a value has asked for; of objects, without what their nodes have room for.
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
    fn what_a_text_takes_is_known_before_it_is_read() {
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
        // Of what is nearly all digits, little more than the text and the digits.
        let digits = list(&format!("\"0x{}\"", "00".repeat(500)));
        let Err(JsonError::TooLarge { bytes, .. }) = read_within(digits.as_bytes(), 0) else { panic!() };
        assert!(bytes < digits.len() as u64 * 23 / 10, "{bytes}");
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_is_read_as_others_read_it(text in r#"[\[\]{}:,"\\0-9e. -]{0,60}"#) {
            let expected = serde_json::from_str::<Value>(&text).ok();
            let got = read(text.as_bytes()).ok();
            prop_assert_eq!(expected.is_some(), got.is_some(), "{}", text);
            if !text.contains(|c: char| c.is_ascii_digit()) {
                prop_assert_eq!(expected, got);
            }
        }
    }
}
