//! Hash functions that the host computes, for tries and accumulators.

use outrider_witness::{Hash, Hasher};

use crate::crypto;

/// Keccak-256, computed by the host: the same as [`outrider_witness::Keccak256`].
#[derive(Clone, Copy, Debug)]
pub enum HostKeccak256 {}

impl Hasher for HostKeccak256 {
    fn hash(bytes: &[u8]) -> Hash {
        Hash(crypto::keccak256(bytes))
    }
}

/// SHA-256, computed by the host: the same as [`outrider_witness::Sha256`].
#[derive(Clone, Copy, Debug)]
pub enum HostSha256 {}

impl Hasher for HostSha256 {
    fn hash(bytes: &[u8]) -> Hash {
        Hash(crypto::sha256(bytes))
    }
}

/// SHA-512/256, computed by the host: the same as [`outrider_witness::Sha512_256`].
#[derive(Clone, Copy, Debug)]
pub enum HostSha512_256 {}

impl Hasher for HostSha512_256 {
    fn hash(bytes: &[u8]) -> Hash {
        Hash(crypto::sha512_256(bytes))
    }
}

#[cfg(test)]
mod tests {
    use outrider_witness::{Hasher, Keccak256, Sha256, Sha512_256};

    use super::{HostKeccak256, HostSha256, HostSha512_256};

    #[test]
    fn the_host_computes_the_hashes_of_the_tries() {
        for bytes in [&b""[..], b"abc", &[0xa5; 200]] {
            assert_eq!(HostKeccak256::hash(bytes), Keccak256::hash(bytes));
            assert_eq!(HostSha256::hash(bytes), Sha256::hash(bytes));
            assert_eq!(HostSha512_256::hash(bytes), Sha512_256::hash(bytes));
        }
    }
}
