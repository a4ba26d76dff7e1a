//! Tests of the reader.

use alloc::{string::ToString, vec::Vec};

use proptest::{collection::vec, prelude::*};

use super::{ReadError, Reader, push_varint};

#[test]
fn integers_are_little_endian() {
    let mut reader = Reader::new(&[1, 0, 0, 0x80, 2, 0, 0, 0, 0, 0, 0, 0x80]);
    assert_eq!(reader.u32_le(), Ok(0x8000_0001));
    assert_eq!(reader.u64_le(), Ok(0x8000_0000_0000_0002));
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn a_failed_take_takes_nothing() {
    let mut reader = Reader::new(&[1, 2, 3]);
    let error = ReadError::UnexpectedEnd { offset: 0, expected: 4, got: 3 };
    assert_eq!(reader.take(4), Err(error));
    assert_eq!(reader.u32_le(), Err(error));
    assert_eq!(reader.sub(4).err(), Some(error));
    assert_eq!(reader.take_array(), Ok([1, 2, 3]));
    assert_eq!(error.to_string(), "byte 0: expected 4 more bytes, got 3");
}

#[test]
fn a_length_of_usize_max_is_an_error() {
    let mut reader = Reader::new(&[1]);
    assert!(reader.take(usize::MAX).is_err());
    assert_eq!(reader.remaining(), 1);
}

#[test]
fn a_sub_reader_ends_where_it_should_and_counts_from_the_outermost_start() {
    let mut outer = Reader::new(&[1, 2, 3, 4]);
    assert_eq!(outer.take(1), Ok(&[1][..]));
    let mut inner = outer.sub(2).unwrap();
    assert_eq!((inner.offset(), inner.remaining()), (1, 2));
    assert_eq!((outer.offset(), outer.remaining()), (3, 1));
    assert_eq!(inner.take(1), Ok(&[2][..]));
    let error = inner.finish().unwrap_err();
    assert_eq!(error, ReadError::TrailingBytes { offset: 2, n: 1 });
    assert_eq!(error.to_string(), "byte 2: expected the end, got 1 more bytes");
}

#[test]
fn a_varint_has_one_form_and_32_bits() {
    for bytes in [&[0x80, 0][..], &[0xff, 0x80, 0], &[0xff, 0xff, 0xff, 0xff, 0x1f], &[0x80; 6]] {
        assert_eq!(Reader::new(bytes).varint(), Err(ReadError::Varint { offset: 0 }), "{bytes:?}");
    }
    let error = ReadError::UnexpectedEnd { offset: 1, expected: 1, got: 0 };
    assert_eq!(Reader::new(&[0x80]).varint(), Err(error));
}

#[test]
fn a_length_is_held_against_what_is_left() {
    let bytes = [2, 0, 0, 0];
    assert_eq!(Reader::new(&bytes).length(1), Ok(2));
    let error = ReadError::UnexpectedEnd { offset: 1, expected: 4, got: 3 };
    assert_eq!(Reader::new(&bytes).length(2), Err(error));
}

proptest! {
    #[test]
    fn a_varint_is_read_as_it_was_written(value: u32, shift in 0..32) {
        let value = value >> shift;
        let mut bytes = Vec::new();
        push_varint(&mut bytes, value);
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(reader.varint(), Ok(value));
        prop_assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn what_is_read_as_a_varint_is_its_only_encoding(bytes in vec(any::<u8>(), 0..7)) {
        let mut reader = Reader::new(&bytes);
        if let Ok(value) = reader.varint() {
            let mut again = Vec::new();
            push_varint(&mut again, value);
            prop_assert_eq!(&bytes[..reader.offset()], &again[..]);
        }
    }

    #[test]
    fn takes_of_any_length_partition_the_bytes(
        bytes in vec(any::<u8>(), 0..64),
        lengths in vec(0_usize..16, 0..16),
    ) {
        let mut reader = Reader::new(&bytes);
        let mut taken = Vec::new();
        for length in lengths {
            taken.extend_from_slice(reader.take(length).unwrap_or_default());
            assert_eq!(reader.offset(), taken.len());
            assert_eq!(reader.remaining(), bytes[taken.len()..].len());
        }
        assert_eq!(taken, &bytes[..taken.len()]);
        assert_eq!(reader.finish().is_ok(), taken.len() == bytes.len());
    }
}
