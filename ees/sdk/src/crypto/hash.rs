//! Hash functions.

use super::{MalformedError, computed};
use crate::imports::crypto as imports;

/// Returns the Keccak-256 of the bytes: Ethereum's hash, [Keccak] as submitted, whose padding differs from SHA-3.
///
/// [Keccak]: https://keccak.team/files/Keccak-submission-3.pdf
pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    imports::keccak256(bytes, &mut digest);
    digest
}

/// Returns the SHA-256 ([FIPS 180-4]) of the bytes.
///
/// [FIPS 180-4]: https://csrc.nist.gov/pubs/fips/180-4/upd1/final
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    imports::sha256(bytes, &mut digest);
    digest
}

/// Returns the SHA-512/256 ([FIPS 180-4]) of the bytes.
///
/// [FIPS 180-4]: https://csrc.nist.gov/pubs/fips/180-4/upd1/final
pub fn sha512_256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    imports::sha512_256(bytes, &mut digest);
    digest
}

/// Returns the [RIPEMD-160] of the bytes, without the 12 zeros that the EVM prepends.
///
/// [RIPEMD-160]: https://homes.esat.kuleuven.be/~bosselae/ripemd160.html
pub fn ripemd160(bytes: &[u8]) -> [u8; 20] {
    let mut digest = [0; 20];
    imports::ripemd160(bytes, &mut digest);
    digest
}

/// Applies the compression function F of BLAKE2b ([EIP-152]), and returns the new state: 8 words, little-endian.
///
/// The input is, to the byte:
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 4 | rounds, big-endian; each has its price |
/// | 4 | 64 | state `h`: 8 words, little-endian |
/// | 68 | 128 | message block `m`: 16 words, little-endian |
/// | 196 | 16 | offset counters `t`: 2 words, little-endian |
/// | 212 | 1 | final block flag `f`: 0 or 1 |
///
/// # Errors
///
/// Fails if the flag is neither 0 nor 1.
///
/// [EIP-152]: https://eips.ethereum.org/EIPS/eip-152
pub fn blake2b_compress(input: &[u8; 213]) -> Result<[u8; 64], MalformedError> {
    let mut state = [0; 64];
    computed(imports::blake2b_compress(input, &mut state)).map(|()| state)
}
