//! Hash functions.

use ripemd::Ripemd160;
use sha2::{Sha256, Sha512_256};
use sha3::{Digest, Keccak256};

/// Returns the Keccak-256 hash that Ethereum uses: [Keccak] as submitted, whose padding differs from SHA-3's.
///
/// [Keccak]: https://keccak.team/files/Keccak-submission-3.pdf
pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// Returns the SHA-256 hash ([FIPS 180-4]).
///
/// [FIPS 180-4]: https://csrc.nist.gov/pubs/fips/180-4/upd1/final
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Returns the SHA-512/256 hash ([FIPS 180-4]).
///
/// [FIPS 180-4]: https://csrc.nist.gov/pubs/fips/180-4/upd1/final
pub fn sha512_256(bytes: &[u8]) -> [u8; 32] {
    Sha512_256::digest(bytes).into()
}

/// Returns the [RIPEMD-160] hash, 20 bytes. The EVM pads it to 32 bytes on the left; this function does not.
///
/// [RIPEMD-160]: https://homes.esat.kuleuven.be/~bosselae/ripemd160.html
pub fn ripemd160(bytes: &[u8]) -> [u8; 20] {
    Ripemd160::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(got: &[u8], expected: &str) {
        assert_eq!(hex::encode(got), expected);
    }

    #[test]
    fn the_empty_string_has_its_well_known_digests() {
        check(&keccak256(b""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        check(&sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check(&sha512_256(b""), "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a");
        check(&ripemd160(b""), "9c1185a5c5e9fc54612808977ee8f548b2258d31");
    }

    #[test]
    fn abc_has_its_published_digests() {
        check(&keccak256(b"abc"), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
        check(&sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check(&sha512_256(b"abc"), "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
        check(&ripemd160(b"abc"), "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
    }
}
