//! Reads untrusted bytes.
//!
//! Every method is total. Nothing is allocated here, and [`Reader::length`] lets nobody allocate for more items than
//! the bytes at hand can hold.
//!
//! Integers are *varints*: unsigned LEB128, seven bits a byte, the lowest first, the top bit set in all bytes but the
//! last. Only the shortest form of a number is one, so each number has one encoding.

use alloc::vec::Vec;

use thiserror::Error;

/// Bytes, and how many of them have been read.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    left: &'a [u8],
    offset: usize,
}

/// Bytes that are not what was to be read. Whoever made the bytes is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes end early.
    #[error("offset {offset}: {needed} more bytes are needed, {left} are left")]
    Ends {
        /// Bytes read before.
        offset: usize,
        /// Bytes that must follow.
        needed: usize,
        /// Bytes that do follow.
        left: usize,
    },
    /// The bytes go on after the end.
    #[error("offset {offset}: {left} bytes are left over")]
    Trailing {
        /// Bytes read before.
        offset: usize,
        /// Bytes that follow.
        left: usize,
    },
    /// An integer is longer than it needs to be, or does not fit in 32 bits.
    #[error("offset {offset}: no shortest form of a 32-bit integer")]
    Varint {
        /// Where the integer begins.
        offset: usize,
    },
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their beginning.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, offset: 0 }
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// Takes `count` bytes.
    ///
    /// # Errors
    ///
    /// [`ReadError::Ends`] when fewer are left; then none is taken.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ReadError> {
        let Some((taken, left)) = self.left.split_at_checked(count) else {
            return Err(ReadError::Ends { offset: self.offset, needed: count, left: self.left() });
        };
        self.left = left;
        self.offset += count;
        Ok(taken)
    }

    /// Takes an array.
    ///
    /// # Errors
    ///
    /// As [`Reader::take`].
    pub fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], ReadError> {
        let Some((taken, left)) = self.left.split_first_chunk() else {
            return Err(ReadError::Ends { offset: self.offset, needed: N, left: self.left() });
        };
        self.left = left;
        self.offset += N;
        Ok(taken)
    }

    /// Takes one byte.
    ///
    /// # Errors
    ///
    /// As [`Reader::take`].
    pub fn byte(&mut self) -> Result<u8, ReadError> {
        self.take_array().map(|[byte]| *byte)
    }

    /// Takes a varint.
    ///
    /// # Errors
    ///
    /// [`ReadError::Varint`] when it is not the shortest form of a 32-bit integer.
    pub fn varint(&mut self) -> Result<u32, ReadError> {
        let offset = self.offset;
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && bits > 0x0f || shift > 0 && byte == 0 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ReadError::Varint { offset })
    }

    /// Takes a varint that counts items of which each takes at least `item_bytes_min` bytes.
    ///
    /// # Errors
    ///
    /// As [`Reader::varint`], and [`ReadError::Ends`] when so many items cannot follow.
    pub fn length(&mut self, item_bytes_min: usize) -> Result<usize, ReadError> {
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let needed = length.saturating_mul(item_bytes_min);
        if needed > self.left() {
            return Err(ReadError::Ends { offset: self.offset, needed, left: self.left() });
        }
        Ok(length)
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`ReadError::Trailing`] when bytes are left.
    pub fn finish(self) -> Result<(), ReadError> {
        match self.left() {
            0 => Ok(()),
            left => Err(ReadError::Trailing { offset: self.offset, left }),
        }
    }
}

/// Appends `value` as a varint.
pub fn push_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        fn what_is_read_as_a_varint_is_its_only_encoding(bytes in prop::collection::vec(any::<u8>(), 0..7)) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.varint() {
                let mut again = Vec::new();
                push_varint(&mut again, value);
                prop_assert_eq!(&bytes[..reader.offset()], &again[..]);
            }
        }
    }

    #[test]
    fn a_varint_has_one_form_and_32_bits() {
        for bytes in [&[0x80, 0][..], &[0xff, 0x80, 0], &[0xff, 0xff, 0xff, 0xff, 0x1f], &[0x80; 6]] {
            assert_eq!(Reader::new(bytes).varint(), Err(ReadError::Varint { offset: 0 }), "{bytes:?}");
        }
        assert_eq!(Reader::new(&[0x80]).varint(), Err(ReadError::Ends { offset: 1, needed: 1, left: 0 }));
    }

    #[test]
    fn a_length_is_held_against_what_is_left() {
        let bytes = [2, 0, 0, 0];
        assert_eq!(Reader::new(&bytes).length(1), Ok(2));
        let ends = ReadError::Ends { offset: 1, needed: 4, left: 3 };
        assert_eq!(Reader::new(&bytes).length(2), Err(ends));
    }

    #[test]
    fn trailing_bytes_are_refused() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.take(2), Ok(&[1, 2][..]));
        assert_eq!(reader.finish(), Err(ReadError::Trailing { offset: 2, left: 1 }));
        assert_eq!(reader.take(2), Err(ReadError::Ends { offset: 2, needed: 2, left: 1 }));
        assert_eq!(reader.take_array(), Ok(&[3]));
        assert_eq!(reader.finish(), Ok(()));
    }
}
