//! Block data and packages, put together and taken apart. Both are described with the [module](super).

use alloc::vec::Vec;

use crate::{ReadError, Reader};

/// Puts block data together.
///
/// A witness or payload of 4 GiB or more, whose length does not fit, does not fit in the memory of a guest either.
pub fn block_data(witness: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of::<u32>() + witness.len() + payload.len());
    bytes.extend((witness.len() as u32).to_le_bytes());
    bytes.extend_from_slice(witness);
    bytes.extend_from_slice(payload);
    bytes
}

/// Puts packages together, as a provider gives them to the EE.
pub fn packages(packages: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = (packages.len() as u32).to_le_bytes().to_vec();
    for package in packages {
        bytes.extend((package.as_ref().len() as u32).to_le_bytes());
        bytes.extend_from_slice(package.as_ref());
    }
    bytes
}

/// Takes block data apart: witness and payload.
pub(crate) fn read_block_data(block_data: &[u8]) -> Result<(&[u8], &[u8]), ReadError> {
    let mut reader = Reader::new(block_data);
    let witness_bytes = reader.u32_le()?;
    let witness = reader.take(witness_bytes as usize)?;
    let payload = reader.take(reader.remaining())?;
    Ok((witness, payload))
}

/// Takes packages apart. Each takes 4 bytes at least, so the list is no longer than the input.
pub(crate) fn read_packages(bytes: &[u8]) -> Result<Vec<&[u8]>, ReadError> {
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

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::{collection::vec, prelude::*};

    use super::{block_data, packages, read_block_data, read_packages};
    use crate::ReadError;

    #[test]
    fn the_layouts_are_as_described() {
        assert_eq!(block_data(b"wit", b"pay"), b"\x03\0\0\0witpay");
        assert_eq!(packages(&[&b"a"[..], b"", b"bc"]), b"\x03\0\0\0\x01\0\0\0a\0\0\0\0\x02\0\0\0bc");
    }

    #[test]
    fn a_length_over_the_end_is_refused() {
        let error = ReadError::UnexpectedEnd { offset: 4, expected: 4, got: 3 };
        assert_eq!(read_block_data(b"\x04\0\0\0wit"), Err(error));
        assert_eq!(read_packages(b"\xff\xff\xff\xff\0\0\0"), Err(error));
    }

    #[test]
    fn bytes_after_the_last_package_are_refused() {
        let error = ReadError::TrailingBytes { offset: 9, n: 1 };
        assert_eq!(read_packages(b"\x01\0\0\0\x01\0\0\0ab"), Err(error));
    }

    proptest! {
        #[test]
        fn what_was_put_together_is_taken_apart(parts in vec(vec(any::<u8>(), 0..9), 0..9), payload: [u8; 5]) {
            let framed = packages(&parts);
            prop_assert_eq!(read_packages(&framed), Ok(parts.iter().map(Vec::as_slice).collect()));
            let witness = parts.concat();
            let framed = block_data(&witness, &payload);
            prop_assert_eq!(read_block_data(&framed), Ok((&witness[..], &payload[..])));
        }

        #[test]
        fn packages_have_one_encoding(bytes in vec(0_u8..3, 0..24)) {
            if let Ok(parts) = read_packages(&bytes) {
                prop_assert_eq!(packages(&parts), bytes);
            }
        }
    }
}
