//! A writer that encodes values.

use alloc::vec::Vec;

/// A writer of values from front to back, with a method for each one of [`Reader`](crate::Reader), under the same name.
///
/// ```
/// use outrider_sdk::{Reader, Writer};
///
/// let bytes = Writer::new().u8(7).u16_be(0x0102).u32_le(3).bytes(b"abc").finish();
/// assert_eq!(bytes, b"\x07\x01\x02\x03\0\0\0abc");
///
/// let mut reader = Reader::new(&bytes);
/// assert_eq!((reader.u8(), reader.u16_be(), reader.u32_le()), (Ok(7), Ok(0x0102), Ok(3)));
/// assert_eq!(reader.take(3), Ok(&b"abc"[..]));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Makes an empty writer.
    pub const fn new() -> Writer {
        Writer(Vec::new())
    }

    /// Writes bytes without a length, which the reader needs for [`Reader::take`](crate::Reader::take).
    pub fn bytes(mut self, bytes: &[u8]) -> Writer {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Writes a byte.
    pub fn u8(self, value: u8) -> Writer {
        self.bytes(&[value])
    }

    /// Writes a little-endian integer of 2 bytes.
    pub fn u16_le(self, value: u16) -> Writer {
        self.bytes(&value.to_le_bytes())
    }

    /// Writes a big-endian integer of 2 bytes.
    pub fn u16_be(self, value: u16) -> Writer {
        self.bytes(&value.to_be_bytes())
    }

    /// Writes a little-endian integer of 4 bytes.
    pub fn u32_le(self, value: u32) -> Writer {
        self.bytes(&value.to_le_bytes())
    }

    /// Writes a big-endian integer of 4 bytes.
    pub fn u32_be(self, value: u32) -> Writer {
        self.bytes(&value.to_be_bytes())
    }

    /// Writes a little-endian integer of 8 bytes.
    pub fn u64_le(self, value: u64) -> Writer {
        self.bytes(&value.to_le_bytes())
    }

    /// Writes a big-endian integer of 8 bytes.
    pub fn u64_be(self, value: u64) -> Writer {
        self.bytes(&value.to_be_bytes())
    }

    /// Returns the written bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::Writer;
    use crate::Reader;

    #[test]
    fn integers_have_the_order_that_their_name_says() {
        let bytes = Writer::new().u16_le(0x0102).u32_be(0x0304_0506).u64_le(0x0708).u64_be(9).finish();
        assert_eq!(bytes, b"\x02\x01\x03\x04\x05\x06\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\x09");
    }

    proptest! {
        #[test]
        fn a_reader_reads_what_was_written(a: u8, b: u16, c: u16, d: u32, e: u32, f: u64, g: u64) {
            let writer = Writer::new().u8(a).u16_le(b).u16_be(c).u32_le(d).u32_be(e);
            let bytes = writer.u64_le(f).u64_be(g).finish();
            let mut reader = Reader::new(&bytes);
            assert_eq!((reader.u8(), reader.u16_le(), reader.u16_be()), (Ok(a), Ok(b), Ok(c)));
            assert_eq!((reader.u32_le(), reader.u32_be()), (Ok(d), Ok(e)));
            assert_eq!((reader.u64_le(), reader.u64_be(), reader.finish()), (Ok(f), Ok(g), Ok(())));
        }
    }
}
