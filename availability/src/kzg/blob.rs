//! Bodies as blobs: 31 bytes in each field element.

use crate::{
    BodyError,
    kzg::cells::{BYTES_PER_BLOB, Blob},
};

/// The bytes of a field element, big-endian.
const ELEMENT_BYTES: usize = 32;

/// The bytes of a body in a field element: all but the highest, so that it is below the modulus.
const BODY_BYTES_PER_ELEMENT: usize = ELEMENT_BYTES - 1;

/// The bytes of a body in a blob: 126,976.
pub const BODY_BYTES_PER_BLOB: usize = BYTES_PER_BLOB / ELEMENT_BYTES * BODY_BYTES_PER_ELEMENT;

/// Returns the number of blobs of a body of so many bytes: one for an empty body, 9 for 1 MiB.
#[must_use]
pub fn n_blobs(body_bytes: usize) -> usize {
    body_bytes.div_ceil(BODY_BYTES_PER_BLOB).max(1)
}

/// Cuts a body into blobs; the last is padded with zeros.
pub(super) fn pack(body: &[u8]) -> Vec<Blob> {
    let blob = |index: usize| {
        let mut blob: Blob = vec![0; BYTES_PER_BLOB];
        let part = body.chunks(BODY_BYTES_PER_BLOB).nth(index).unwrap_or_default();
        let elements = blob.chunks_mut(ELEMENT_BYTES);
        for (element, bytes) in elements.zip(part.chunks(BODY_BYTES_PER_ELEMENT)) {
            element.iter_mut().skip(1).zip(bytes).for_each(|(byte, of)| *byte = *of);
        }
        blob
    };
    (0..n_blobs(body.len())).map(blob).collect()
}

/// Returns the body of a length that is in the bytes of its blobs.
pub(super) fn unpack(blobs: impl Iterator<Item = u8>, length: u64) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    for (offset, byte) in blobs.enumerate() {
        if offset % ELEMENT_BYTES != 0 && (body.len() as u64) < length {
            body.push(byte);
        } else if byte != 0 {
            return Err(BodyError::Padding { offset });
        }
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::{BODY_BYTES_PER_BLOB, n_blobs, pack, unpack};
    use crate::BodyError;

    #[test]
    fn a_body_survives_its_blobs() {
        for length in [0, 1, 31, 32, BODY_BYTES_PER_BLOB, BODY_BYTES_PER_BLOB + 1] {
            let body: Vec<_> = (0..length).map(|i| (i % 251) as u8 + 1).collect();
            let blobs = pack(&body);
            assert_eq!(blobs.len(), n_blobs(length));
            assert!(blobs.iter().all(|blob| blob.chunks(32).all(|element| element[0] == 0)));
            assert_eq!(unpack(blobs.concat().into_iter(), length as u64), Ok(body));
        }
        assert_eq!(n_blobs(1 << 20), 9);
    }

    #[test]
    fn padding_that_is_not_zero_is_refused() {
        let mut bytes = pack(&[1; 40]).concat();
        bytes[64] = 1;
        assert_eq!(unpack(bytes.iter().copied(), 40), Err(BodyError::Padding { offset: 64 }));
        bytes[64] = 0;
        bytes[45] = 1;
        assert_eq!(unpack(bytes.iter().copied(), 40), Err(BodyError::Padding { offset: 45 }));
    }
}
