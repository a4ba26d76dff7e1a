//! Modular exponentiation of big integers.

use alloc::vec::Vec;

use super::{MalformedError, computed};
use crate::imports::crypto as imports;

/// Returns `base ^ exponent mod modulus` ([EIP-198]), with the length of the modulus.
///
/// An empty operand is zero, `0 ^ 0` is 1, and the result modulo zero is zero.
///
/// # Errors
///
/// Fails if base or modulus has more than 131,072 bytes.
///
/// [EIP-198]: https://eips.ethereum.org/EIPS/eip-198
pub fn modexp(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Result<Vec<u8>, MalformedError> {
    let mut power = modulus.to_vec();
    computed(imports::modexp(base, exponent, &mut power)).map(|()| power)
}
