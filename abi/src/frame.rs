//! The encoding of block data from witness and payload, and of packages for a provider.
//!
//! All integers are `u32`, little-endian.
//!
//! The block data of a stateful EE:
//!
//! | part | bytes | |
//! |---|---|---|
//! | witness length | 4 | |
//! | witness | as told | in an encoding of `outrider-witness`, or any other; the shard does not read it |
//! | payload | to the end | in the EE's own encoding |
//!
//! In provider mode the block data is a list of *packages* instead. A package is a payload too, of one user or of many,
//! and the EE merges all packages into the payload of the block:
//!
//! | part | bytes | |
//! |---|---|---|
//! | number of packages | 4 | |
//! | packages | | each its length, 4 bytes, and itself |

use alloc::vec::Vec;

use crate::{ReadError, Reader};

/// Parsed block data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The witness, from which the EE rebuilds the touched part of its state.
    pub witness: &'a [u8],
    /// The payload, which the EE executes.
    pub payload: &'a [u8],
}

/// The error for more packages, or a longer package, than 32 bits can express.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{got} packages, or bytes of one, do not fit into 32 bits")]
pub struct TooLargeError {
    /// The number of packages, or of bytes of one.
    pub got: usize,
}

impl<'a> Frame<'a> {
    /// Parses block data without copying.
    ///
    /// # Errors
    ///
    /// Fails with [`ReadError::UnexpectedEnd`] if there are too few bytes: at offset 0 for the length of the witness,
    /// at 4 for the witness itself. The author of the block data is at fault.
    pub fn parse(block_data: &'a [u8]) -> Result<Self, ReadError> {
        let mut reader = Reader::new(block_data);
        let witness_bytes = reader.u32_le()?;
        let witness = reader.take(witness_bytes as usize)?;
        let payload = reader.take(reader.remaining())?;
        Ok(Self { witness, payload })
    }

    /// Encodes block data.
    ///
    /// # Errors
    ///
    /// Fails with [`TooLargeError`] if the witness is too long.
    pub fn encode(&self) -> Result<Vec<u8>, TooLargeError> {
        let mut bytes = Vec::with_capacity(size_of::<u32>() + self.witness.len() + self.payload.len());
        bytes.extend(length(self.witness.len())?);
        bytes.extend_from_slice(self.witness);
        bytes.extend_from_slice(self.payload);
        Ok(bytes)
    }
}

/// Encodes packages for a provider.
///
/// # Errors
///
/// Fails with [`TooLargeError`] if a package is too long, or if there are too many.
pub fn encode_packages<P: AsRef<[u8]>>(packages: &[P]) -> Result<Vec<u8>, TooLargeError> {
    let mut bytes = length(packages.len())?.to_vec();
    for package in packages {
        let package = package.as_ref();
        bytes.extend(length(package.len())?);
        bytes.extend_from_slice(package);
    }
    Ok(bytes)
}

/// Parses packages. Each takes at least 4 bytes, so the list is not longer than the input.
///
/// # Errors
///
/// Fails with [`ReadError`] if there are too few or too many bytes. The author of the bytes is at fault.
pub fn read_packages(bytes: &[u8]) -> Result<Vec<&[u8]>, ReadError> {
    let mut reader = Reader::new(bytes);
    let n = reader.u32_le()?;
    let mut packages = Vec::new();
    for _ in 0..n {
        let package_bytes = reader.u32_le()?;
        packages.push(reader.take(package_bytes as usize)?);
    }
    reader.finish()?;
    Ok(packages)
}

fn length(got: usize) -> Result<[u8; 4], TooLargeError> {
    u32::try_from(got).map(u32::to_le_bytes).map_err(|_| TooLargeError { got })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::{collection::vec, prelude::*};

    use super::{Frame, encode_packages, read_packages};
    use crate::ReadError;

    #[test]
    fn the_layouts_are_as_described() {
        let frame = Frame { witness: b"wit", payload: b"pay" };
        assert_eq!(frame.encode().unwrap(), b"\x03\0\0\0witpay");
        let packages = encode_packages(&[&b"a"[..], b"", b"bc"]);
        assert_eq!(packages.unwrap(), b"\x03\0\0\0\x01\0\0\0a\0\0\0\0\x02\0\0\0bc");
    }

    #[test]
    fn a_length_over_the_end_is_refused() {
        let error = ReadError::UnexpectedEnd { offset: 4, expected: 4, got: 3 };
        assert_eq!(Frame::parse(b"\x04\0\0\0wit"), Err(error));
        assert_eq!(read_packages(b"\xff\xff\xff\xff\0\0\0"), Err(error));
        let error = ReadError::UnexpectedEnd { offset: 0, expected: 4, got: 3 };
        assert_eq!(Frame::parse(b"wit"), Err(error));
    }

    #[test]
    fn bytes_after_the_last_package_are_refused() {
        let error = ReadError::TrailingBytes { offset: 9, n: 1 };
        assert_eq!(read_packages(b"\x01\0\0\0\x01\0\0\0ab"), Err(error));
    }

    proptest! {
        #[test]
        fn what_was_put_together_is_taken_apart(parts in vec(vec(any::<u8>(), 0..9), 0..9), payload: [u8; 5]) {
            let framed = encode_packages(&parts).unwrap();
            prop_assert_eq!(read_packages(&framed), Ok(parts.iter().map(Vec::as_slice).collect()));
            let witness = parts.concat();
            let frame = Frame { witness: &witness, payload: &payload };
            let framed = frame.encode().unwrap();
            prop_assert_eq!(Frame::parse(&framed), Ok(frame));
        }

        #[test]
        fn packages_have_one_encoding(bytes in vec(0_u8..3, 0..24)) {
            if let Ok(parts) = read_packages(&bytes) {
                prop_assert_eq!(encode_packages(&parts).unwrap(), bytes);
            }
        }
    }
}
