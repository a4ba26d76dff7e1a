//! ECDSA signatures over P-256, which is secp256r1 ([EIP-7951]).
//!
//! [EIP-7951]: https://eips.ethereum.org/EIPS/eip-7951

use super::{CheckError, checked};
use crate::imports::crypto as imports;

/// Verifies the ECDSA signature `r || s` of a digest under a public key `x || y` of P-256 ([EIP-7951]).
///
/// `s` may be in the upper half of its range. The EVM's precompile returns empty output for all failures.
///
/// # Errors
///
/// Fails with [`CheckError::Malformed`] if `r` or `s` is zero or not below the group order, or if the key is not a
/// point of the curve.
///
/// [EIP-7951]: https://eips.ethereum.org/EIPS/eip-7951
pub fn p256_verify(digest: &[u8; 32], signature: &[u8; 64], public_key: &[u8; 64]) -> Result<(), CheckError> {
    checked(imports::p256_verify(digest, signature, public_key))
}
