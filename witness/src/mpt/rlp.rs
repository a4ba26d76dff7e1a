//! The part of RLP that nodes need, strict and without copies.
//!
//! A string of one byte below `80` is its own encoding. Any other string or list of fewer than 56 bytes follows one
//! byte, `80` or `c0` plus its length. A longer one follows `b7` or `f7` plus the number of bytes of its length, and
//! then its length, big-endian without leading zeros.
//!
//! Everything else reads RLP with alloy-rlp. Nodes do not: a node is read once per execution and costs fuel, so a list
//! stays one slice whose items are read in turn; an error names the offset within the witness; and guests without
//! Ethereum's types depend on nothing more.

use alloc::vec::Vec;

use super::error::NodeFormatError;
use crate::reader::Reader;

/// A string or a list, with its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    String(&'a [u8]),
    List(&'a [u8]),
}

const STRING: u8 = 0x80;
const LIST: u8 = 0xc0;
/// The greatest length that fits into the first byte of an item.
const SHORT_MAX: usize = 55;

/// Reads one item.
pub(super) fn item<'a>(reader: &mut Reader<'a>) -> Result<Item<'a>, NodeFormatError> {
    let offset = reader.offset();
    let first = reader.take(1)?;
    let marker = first.first().copied().unwrap_or_default();
    match marker {
        0..STRING => Ok(Item::String(first)),
        STRING..LIST => {
            let string = body(reader, offset, marker - STRING)?;
            match string {
                [byte] if *byte < STRING => Err(NodeFormatError::Rlp { offset }),
                string => Ok(Item::String(string)),
            }
        }
        LIST.. => Ok(Item::List(body(reader, offset, marker - LIST)?)),
    }
}

/// Reads the content of an item. `marker` is its first byte minus that of an empty item.
fn body<'a>(reader: &mut Reader<'a>, offset: usize, marker: u8) -> Result<&'a [u8], NodeFormatError> {
    let marker = usize::from(marker);
    let Some(n_length_bytes) = marker.checked_sub(SHORT_MAX).filter(|count| *count > 0) else {
        return Ok(reader.take(marker)?);
    };
    let bytes = reader.take(n_length_bytes)?;
    let length = bytes.iter().try_fold(0usize, |length, byte| {
        length.checked_mul(0x100).and_then(|length| length.checked_add(usize::from(*byte)))
    });
    match length {
        Some(length) if length > SHORT_MAX && bytes.first() != Some(&0) => Ok(reader.take(length)?),
        _ => Err(NodeFormatError::Rlp { offset }),
    }
}

/// Appends a string.
pub(super) fn push_string(out: &mut Vec<u8>, string: &[u8]) {
    if !matches!(string, [byte] if *byte < STRING) {
        push_header(out, STRING, string.len());
    }
    out.extend_from_slice(string);
}

/// Appends the header of a list of `length` bytes.
pub(super) fn push_list_header(out: &mut Vec<u8>, length: usize) {
    push_header(out, LIST, length);
}

fn push_header(out: &mut Vec<u8>, empty: u8, length: usize) {
    if length <= SHORT_MAX {
        out.push(empty + low_byte(length));
        return;
    }
    let count = length_bytes(length);
    out.push(empty + low_byte(SHORT_MAX + count));
    let bytes = length.to_be_bytes();
    out.extend_from_slice(&bytes[bytes.len() - count..]);
}

fn length_bytes(length: usize) -> usize {
    (usize::BITS - length.leading_zeros()).div_ceil(8) as usize
}

fn low_byte(number: usize) -> u8 {
    number.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Result<Item<'_>, NodeFormatError>) {
        let mut reader = Reader::new(bytes);
        assert_eq!(item(&mut reader), expected);
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        check(b"\x83dog", Ok(Item::String(b"dog")));
        check(b"\xc8\x83cat\x83dog", Ok(Item::List(b"\x83cat\x83dog")));
        check(b"\x80", Ok(Item::String(b"")));
        check(b"\xc0", Ok(Item::List(b"")));
        check(b"\x0f", Ok(Item::String(b"\x0f")));
        check(b"\x82\x04\x00", Ok(Item::String(b"\x04\x00")));
    }

    #[test]
    fn items_with_a_shorter_form_are_refused() {
        let long = [&[0xb8, 55][..], &[1; 55]].concat();
        let zero = [&[0xb9, 0, 56][..], &[1; 56]].concat();
        for bytes in [&b"\x81\x0f"[..], &b"\xb8\x01\xff"[..], &long, &zero] {
            check(bytes, Err(NodeFormatError::Rlp { offset: 0 }));
        }
    }

    proptest! {
        #[test]
        fn strings_are_read_as_they_were_written(length in 0usize..70_000, byte: u8) {
            let string = vec![byte; length];
            let mut bytes = Vec::new();
            push_string(&mut bytes, &string);
            check(&bytes, Ok(Item::String(&string)));
        }

        #[test]
        fn each_item_has_only_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut reader = Reader::new(&bytes);
            let mut again = Vec::new();
            match item(&mut reader) {
                Ok(Item::String(string)) => push_string(&mut again, string),
                Ok(Item::List(content)) => {
                    push_list_header(&mut again, content.len());
                    again.extend_from_slice(content);
                }
                Err(_) => return Ok(()),
            }
            prop_assert_eq!(&bytes[..reader.offset()], &again[..]);
        }
    }
}
