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
/// If a coordinate is not below the field modulus, or a point not on the curve.
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
/// As for [`bn254_add`].
///
/// [EIP-196]: https://eips.ethereum.org/EIPS/eip-196
pub fn bn254_mul(point: &[u8; 64], scalar: &[u8; 32]) -> Result<[u8; 64], MalformedError> {
    let mut product = [0; 64];
    computed(imports::bn254_mul(point, scalar, &mut product)).map(|()| product)
}

/// Checks that the product of the pairings of all pairs is one ([EIP-197]); that of no pairs is.
///
/// A pair is a point of G1, 64 bytes, and a point of G2, 128 bytes: `x || y`, each with its imaginary part first.
///
/// # Errors
///
/// [`CheckError::Malformed`] if a coordinate is not below the field modulus, or a point not on its curve or not in
/// its subgroup.
///
/// [EIP-197]: https://eips.ethereum.org/EIPS/eip-197
pub fn bn254_pairing_check(pairs: &[[u8; 192]]) -> Result<(), CheckError> {
    checked(imports::bn254_pairing_check(pairs))
}
