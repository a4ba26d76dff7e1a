//! The anchor of a store: it names the last acknowledged batch.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `outrider` |
//! | 4 | the format of the store, little-endian |
//! | 8 | `state` or `chain`, and zeros after it |
//! | 16 | a random number, the identity of the store |
//! | 8 | the number of acknowledged batches, little-endian |
//! | 32 | the digest of these batches |
//! | 32 | SHA-256 of the bytes before |
//!
//! The digest is zero before the first batch. A batch replaces it by SHA-256 of the digest before it and of bytes that
//! determine the batch.

use sha2::{Digest as _, Sha256};

use crate::{
    content::Content,
    error::{Damage, DiskError},
};

/// The last acknowledged batch of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) content: Content,
    pub(crate) store_id: [u8; 16],
    pub(crate) n_batches: u64,
    pub(crate) digest: [u8; DIGEST_BYTES],
}

pub(crate) const DIGEST_BYTES: usize = 32;

const MAGIC: &[u8; 8] = b"outrider";

/// The maximum number of bytes that are read of an anchor: any format's will be shorter.
pub(crate) const BYTES_MAX: u64 = 4096;

impl Anchor {
    /// Returns the anchor after a batch that these bytes determine.
    pub(crate) fn next(self, batch: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(self.digest).chain_update(batch).finalize().into();
        Self { n_batches: self.n_batches.saturating_add(1), digest, ..self }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let format = self.content.format().to_le_bytes();
        let n_batches = self.n_batches.to_le_bytes();
        let parts: [&[u8]; 6] =
            [MAGIC, &format, &self.content.tag(), &self.store_id, &n_batches, &self.digest];
        let mut bytes = parts.concat();
        bytes.extend(Sha256::digest(&bytes));
        bytes
    }

    /// Decodes the anchor of a store that should have a certain content.
    ///
    /// 1. Checks that it is no anchor of format 1 of chains, which had another checksum.
    /// 2. Checks the checksum, which is the same in all other formats.
    /// 3. Checks the content, and then the format.
    pub(crate) fn decode(bytes: &[u8], expected: Content) -> Result<Self, DiskError> {
        let damaged = || DiskError::Damaged { content: expected, damage: Damage::Anchor };
        if is_of_first_chains(bytes) {
            return Err(other(Content::Chain, 1, expected));
        }
        let (signed, checksum) = bytes.split_last_chunk::<32>().ok_or_else(damaged)?;
        let rest = signed.strip_prefix(MAGIC).ok_or_else(damaged)?;
        if Sha256::digest(signed)[..] != checksum[..] {
            return Err(damaged());
        }
        let (format, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let format = u32::from_le_bytes(*format);
        if format <= LAST_UNTAGGED_FORMAT {
            return Err(other(Content::State, format, expected));
        }
        let (tag, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let content = Content::ALL.into_iter().find(|content| content.tag() == *tag).ok_or_else(damaged)?;
        if content != expected || format != expected.format() {
            return Err(other(content, format, expected));
        }
        let (store_id, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (n_batches, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let digest = rest.try_into().map_err(|_| damaged())?;
        Ok(Self { content, store_id: *store_id, n_batches: u64::from_le_bytes(*n_batches), digest })
    }
}

/// The last format of anchors without a content, which were those of states.
const LAST_UNTAGGED_FORMAT: u32 = 2;

/// Returns whether bytes look like an anchor of format 1 of chains: the number of batches, which is small, comes after the
/// magic, and the anchor has 20 bytes.
fn is_of_first_chains(bytes: &[u8]) -> bool {
    bytes.len() == 20 && bytes.starts_with(MAGIC) && bytes.get(12..16) == Some(&[0; 4])
}

/// Returns the error of a store with another content or of another format.
pub(crate) fn other(content: Content, format: u32, expected: Content) -> DiskError {
    if content == expected {
        DiskError::Format { content, got: format, expected: content.format() }
    } else {
        DiskError::OtherContent { got: content, expected }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const CHAIN: Anchor =
        Anchor { content: Content::Chain, store_id: [7; 16], n_batches: 0x0102, digest: [9; 32] };

    /// The expected checksum is the output of `sha256sum` for the bytes before it.
    #[test]
    fn an_anchor_has_the_documented_bytes() {
        let expected =
            [&b"outrider\x05\0\0\0chain\0\0\0"[..], &[7; 16], b"\x02\x01\0\0\0\0\0\0", &[9; 32], &SUM]
                .concat();
        assert_eq!(CHAIN.encode(), expected);
        assert_eq!(Anchor::decode(&expected, Content::Chain).unwrap(), CHAIN);
    }

    const SUM: [u8; 32] = [
        0x52, 0x6c, 0xfc, 0xc6, 0xd5, 0x9f, 0x6b, 0xd7, 0x7d, 0xe3, 0x4e, 0x35, 0x49, 0x93, 0x53, 0xaf, 0xb2,
        0x14, 0x54, 0xfc, 0x3f, 0x0c, 0xe1, 0xb4, 0xa9, 0x2a, 0xc6, 0x47, 0x33, 0xe6, 0xd3, 0x0d,
    ];

    #[test]
    fn a_changed_bit_or_length_is_damage() {
        let whole = CHAIN.encode();
        let is_damage = |bytes: &[u8]| {
            matches!(
                Anchor::decode(bytes, Content::Chain),
                Err(DiskError::Damaged { content: Content::Chain, damage: Damage::Anchor })
            )
        };
        for bit in 0..8 * whole.len() {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(is_damage(&damaged), "bit {bit}");
        }
        for end in 0..whole.len() {
            assert!(is_damage(&whole[..end]), "{end} bytes");
        }
        assert!(is_damage(&[&whole[..], b"x"].concat()));
    }

    /// The digest of the first batch is that of `printf '%064d' 0 | xxd -r -p; printf batch` by `sha256sum`.
    #[test]
    fn the_digest_covers_all_batches() {
        let genesis = Anchor { digest: [0; 32], n_batches: 0, ..CHAIN };
        let first = genesis.next(b"batch");
        assert_eq!((first.n_batches, first.digest), (1, FIRST));
        assert_ne!(first.next(b"batch").digest, first.digest);
        assert_ne!(first.next(b"batch").digest, genesis.next(b"other").next(b"batch").digest);
    }

    const FIRST: [u8; 32] = [
        0x05, 0xcc, 0x86, 0x7c, 0xfc, 0xcc, 0xb4, 0x70, 0xa4, 0x72, 0x55, 0x4d, 0x4c, 0xbc, 0x11, 0xc9, 0xd2,
        0x2a, 0x47, 0x3d, 0x80, 0xa7, 0xc0, 0x2a, 0x65, 0xdb, 0x24, 0x3a, 0xeb, 0x8b, 0x3b, 0x46,
    ];

    #[test]
    fn other_contents_and_formats_are_named() {
        let state = Anchor { content: Content::State, ..CHAIN };
        assert!(matches!(
            Anchor::decode(&state.encode(), Content::Chain),
            Err(DiskError::OtherContent { got: Content::State, expected: Content::Chain })
        ));
        let sealed = |bytes: &[u8]| [bytes, &Sha256::digest(bytes)[..]].concat();
        let first_chain = b"outrider\x05\0\0\0\0\0\0\0\xaa\xbb\xcc\xdd".to_vec();
        let second_state = sealed(b"outrider\x02\0\0\0\x05\0\0\0\0\0\0\0");
        let later_chain = sealed(b"outrider\x06\0\0\0chain\0\0\0and more");
        for (bytes, content, format) in [
            (&first_chain, Content::Chain, 1),
            (&second_state, Content::State, 2),
            (&later_chain, Content::Chain, 6),
        ] {
            for expected in Content::ALL {
                match Anchor::decode(bytes, expected) {
                    Err(DiskError::Format { content: named, got, .. }) => {
                        assert_eq!((named, named, got), (expected, content, format))
                    }
                    Err(DiskError::OtherContent { got, .. }) => {
                        assert!(got == content && content != expected)
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}
