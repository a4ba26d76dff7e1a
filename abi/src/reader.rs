//! A reader that parses untrusted bytes.
//!
//! *Varints* are unsigned LEB128: seven bits a byte, the lowest first, the top bit set in all bytes but the last. Only
//! the shortest form is valid, so each number has one encoding.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

/// A reader of untrusted bytes, from front to back.
///
/// It is total: any bytes give values or a [`ReadError`], never a panic. It does not allocate, so a length from the
/// bytes is checked against the remaining bytes (by [`take`](Self::take), [`sub`](Self::sub) or
/// [`length`](Self::length)) before anything can be reserved for it.
///
/// ```
/// use outrider_abi::{ReadError, Reader};
///
/// /// Reads `u32 length | bytes`, little-endian, and nothing after it.
/// fn text(bytes: &[u8]) -> Result<&[u8], ReadError> {
///     let mut reader = Reader::new(bytes);
///     let length = reader.u32_le()?;
///     let text = reader.take(length as usize)?;
///     reader.finish()?;
///     Ok(text)
/// }
///
/// assert_eq!(text(b"\x02\0\0\0hi"), Ok(&b"hi"[..]));
/// assert_eq!(text(b"\x02\0\0\0hi!"), Err(ReadError::TrailingBytes { offset: 6, n: 1 }));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Makes a reader at the first of `bytes`, which has offset 0.
    pub const fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes, offset: 0 }
    }

    /// Returns the offset of the next byte, from the start of the outermost reader.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the number of bytes that are left.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Takes the next `n` bytes.
    ///
    /// # Errors
    ///
    /// Fails with [`ReadError::UnexpectedEnd`] if fewer are left; then it takes none.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], ReadError> {
        let Some((taken, rest)) = self.rest.split_at_checked(n) else {
            return Err(self.unexpected_end(n));
        };
        self.advance(n, rest);
        Ok(taken)
    }

    /// Takes the next `N` bytes as an array.
    ///
    /// # Errors
    ///
    /// Fails as [`take`](Self::take) does.
    pub fn take_array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let Some((taken, rest)) = self.rest.split_first_chunk() else {
            return Err(self.unexpected_end(N));
        };
        self.advance(N, rest);
        Ok(*taken)
    }

    /// Takes a byte.
    ///
    /// # Errors
    ///
    /// Fails as [`take`](Self::take) does.
    pub fn u8(&mut self) -> Result<u8, ReadError> {
        self.take_array().map(u8::from_le_bytes)
    }

    /// Takes a little-endian integer of 2 bytes.
    ///
    /// # Errors
    ///
    /// Fails as [`take`](Self::take) does.
    pub fn u16_le(&mut self) -> Result<u16, ReadError> {
        self.take_array().map(u16::from_le_bytes)
    }

    /// Takes a big-endian integer of 2 bytes.
    ///
    /// # Errors
    ///
    /// Fails as [`take`](Self::take) does.
    pub fn u16_be(&mut self) -> Result<u16, ReadError> {
        self.take_array().map(u16::from_be_bytes)
    }

    /// Takes a big-endian integer of 4 bytes.
    ///
    /// # Errors
    ///
    /// Fails as [`take`](Self::take) does.
    pub fn u32_be(&mut self) -> Result<u32, ReadError> {
        self.take_array().map(u32::from_be_bytes)
    }

    /// Takes a big-endian integer of 8 bytes.
    ///
    /// # Errors
    ///
    /// Fails as [`take`](Self::take) does.
    pub fn u64_be(&mut self) -> Result<u64, ReadError> {
        self.take_array().map(u64::from_be_bytes)
    }

    /// Takes a little-endian integer of 4 bytes.
    ///
    /// # Errors
    ///
    /// Fails as [`take`](Self::take) does.
    pub fn u32_le(&mut self) -> Result<u32, ReadError> {
        self.take_array().map(u32::from_le_bytes)
    }

    /// Takes a little-endian integer of 8 bytes.
    ///
    /// # Errors
    ///
    /// Fails as [`take`](Self::take) does.
    pub fn u64_le(&mut self) -> Result<u64, ReadError> {
        self.take_array().map(u64::from_le_bytes)
    }

    /// Takes a varint.
    ///
    /// # Errors
    ///
    /// Fails as [`take`](Self::take) does, and with [`ReadError::Varint`] if it is not the shortest form of a 32-bit
    /// integer.
    pub fn varint(&mut self) -> Result<u32, ReadError> {
        let offset = self.offset;
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.u8()?;
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

    /// Takes a varint that counts items of at least `item_bytes_min` bytes each.
    ///
    /// # Errors
    ///
    /// Fails as [`varint`](Self::varint) does, and with [`ReadError::UnexpectedEnd`] if there is no room for so many
    /// items.
    pub fn length(&mut self, item_bytes_min: usize) -> Result<usize, ReadError> {
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let expected = length.saturating_mul(item_bytes_min);
        if expected > self.remaining() {
            return Err(self.unexpected_end(expected));
        }
        Ok(length)
    }

    /// Takes the next `n` bytes as a reader of their own, whose offsets have the same origin.
    ///
    /// # Errors
    ///
    /// Fails as [`take`](Self::take) does.
    pub fn sub(&mut self, n: usize) -> Result<Reader<'a>, ReadError> {
        let offset = self.offset;
        let rest = self.take(n)?;
        Ok(Reader { rest, offset })
    }

    /// Takes all bytes that are left.
    pub const fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Checks that no bytes are left.
    ///
    /// # Errors
    ///
    /// Fails with [`ReadError::TrailingBytes`] if there are any.
    pub const fn finish(self) -> Result<(), ReadError> {
        match self.rest {
            [] => Ok(()),
            trailing => Err(ReadError::TrailingBytes { offset: self.offset, n: trailing.len() }),
        }
    }

    /// Advances over `n` bytes, which were just split off `rest`; so the sum is at most the length of a slice.
    #[expect(clippy::arithmetic_side_effects, reason = "see above")]
    const fn advance(&mut self, n: usize, rest: &'a [u8]) {
        self.rest = rest;
        self.offset += n;
    }

    const fn unexpected_end(&self, expected: usize) -> ReadError {
        ReadError::UnexpectedEnd { offset: self.offset, expected, got: self.rest.len() }
    }
}

/// The error for malformed bytes. The author of the bytes is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There are fewer bytes than a value or its length prefix demands.
    #[error("byte {offset}: expected {expected} more bytes, got {got}")]
    UnexpectedEnd {
        /// The offset of the value.
        offset: usize,
        /// The length of the value in bytes.
        expected: usize,
        /// The number of bytes left.
        got: usize,
    },
    /// There are bytes after the last value.
    #[error("byte {offset}: expected the end, got {n} more bytes")]
    TrailingBytes {
        /// The end of the last value.
        offset: usize,
        /// The number of bytes after it.
        n: usize,
    },
    /// A varint is longer than necessary, or does not fit into 32 bits.
    #[error("byte {offset}: expected a varint of 32 bits in its shortest form")]
    Varint {
        /// The offset of the varint.
        offset: usize,
    },
}

/// Appends `value` as a varint.
pub fn push_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
