//! Hash functions.

use sha3::Digest;

pub use outrider_abi::{HASH_BYTES, Hash};

/// A hash function: a type without values, so that a trie names its function as a type parameter.
pub trait Hasher {
    /// Hashes `bytes`.
    fn hash(bytes: &[u8]) -> Hash;
}

/// Ethereum's Keccak-256: the Keccak submission, whose padding differs from SHA-3.
#[derive(Clone, Copy, Debug)]
pub enum Keccak256 {}

impl Hasher for Keccak256 {
    fn hash(bytes: &[u8]) -> Hash {
        Hash(sha3::Keccak256::digest(bytes).into())
    }
}

/// SHA-256 ([FIPS 180-4]), the hash of the consensus specs.
///
/// [FIPS 180-4]: https://csrc.nist.gov/pubs/fips/180-4/upd1/final
#[derive(Clone, Copy, Debug)]
pub enum Sha256 {}

impl Hasher for Sha256 {
    fn hash(bytes: &[u8]) -> Hash {
        Hash(sha2::Sha256::digest(bytes).into())
    }
}

/// SHA-512/256 ([FIPS 180-4]), the hash of Utreexo.
///
/// [FIPS 180-4]: https://csrc.nist.gov/pubs/fips/180-4/upd1/final
#[derive(Clone, Copy, Debug)]
pub enum Sha512_256 {}

impl Hasher for Sha512_256 {
    fn hash(bytes: &[u8]) -> Hash {
        Hash(sha2::Sha512_256::digest(bytes).into())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[track_caller]
    fn check(got: Hash, expected: &str) {
        assert_eq!(got.to_string(), expected);
        assert_eq!(expected.parse(), Ok(got));
    }

    #[test]
    fn the_empty_string_has_its_published_digests() {
        check(Keccak256::hash(b""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        check(Sha256::hash(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check(Sha512_256::hash(b""), "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a");
    }
}
