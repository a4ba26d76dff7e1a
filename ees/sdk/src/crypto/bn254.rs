//! The curve that Ethereum calls `alt_bn128` ([EIP-196], [EIP-197]).
//!
//! [EIP-196]: https://eips.ethereum.org/EIPS/eip-196
//! [EIP-197]: https://eips.ethereum.org/EIPS/eip-197

use super::{CheckError, MalformedError, checked, computed};
use crate::imports::crypto as imports;

/// Adds two points of bn254's G1, `x || y` each; all zeros are the point at infinity ([EIP-196]).
///
/// # Errors
///
/// Fails if a coordinate is not below the field modulus, or if a point is not on the curve.
///
/// [EIP-196]: https://eips.ethereum.org/EIPS/eip-196
pub fn bn254_add(a: &[u8; 64], b: &[u8; 64]) -> Result<[u8; 64], MalformedError> {
    let mut sum = [0; 64];
    computed(imports::bn254_add(a, b, &mut sum)).map(|()| sum)
}

/// Multiplies a point of bn254's G1 by a scalar, which may be over the group order ([EIP-196]).
///
/// # Errors
///
/// Fails as [`bn254_add`] does.
///
/// [EIP-196]: https://eips.ethereum.org/EIPS/eip-196
pub fn bn254_mul(point: &[u8; 64], scalar: &[u8; 32]) -> Result<[u8; 64], MalformedError> {
    let mut product = [0; 64];
    computed(imports::bn254_mul(point, scalar, &mut product)).map(|()| product)
}

/// Checks that the product of the pairings of all pairs is one ([EIP-197]), as it is for no pairs.
///
/// A pair is a point of G1, 64 bytes, and a point of G2, 128 bytes: `x || y`, each with its imaginary part first.
///
/// # Errors
///
/// Fails with [`CheckError::Malformed`] if a coordinate is not below the field modulus, or if a point is not on its
/// curve or not in its subgroup.
///
/// [EIP-197]: https://eips.ethereum.org/EIPS/eip-197
pub fn bn254_pairing_check(pairs: &[[u8; 192]]) -> Result<(), CheckError> {
    checked(imports::bn254_pairing_check(pairs))
}
