//! The curve BLS12-381, in the operations and encodings of [EIP-2537].
//!
//! [EIP-2537]: https://eips.ethereum.org/EIPS/eip-2537

use super::{CheckError, MalformedError, checked, computed};
use crate::imports::crypto as imports;

/// Adds two points of BLS12-381's curve over the base field ([EIP-2537]).
///
/// A point is `x || y`, each 64 bytes: 16 zeros, then 48 of the number. All zeros are the point at infinity. The
/// points need not be in the prime-order subgroup.
///
/// # Errors
///
/// Fails if a coordinate is not below the field modulus, or if a point is not on the curve.
///
/// [EIP-2537]: https://eips.ethereum.org/EIPS/eip-2537
pub fn bls12381_g1_add(a: &[u8; 128], b: &[u8; 128]) -> Result<[u8; 128], MalformedError> {
    let mut sum = [0; 128];
    computed(imports::bls12381_g1_add(a, b, &mut sum)).map(|()| sum)
}

/// Adds two points of BLS12-381's curve over the quadratic extension ([EIP-2537]).
///
/// A point is `x || y`, each 128 bytes: its real part, then its imaginary one, which is the other way round than in
/// [`bn254_pairing_check`](super::bn254_pairing_check). The points need not be in the prime-order subgroup.
///
/// # Errors
///
/// Fails as [`bls12381_g1_add`] does.
///
/// [EIP-2537]: https://eips.ethereum.org/EIPS/eip-2537
pub fn bls12381_g2_add(a: &[u8; 256], b: &[u8; 256]) -> Result<[u8; 256], MalformedError> {
    let mut sum = [0; 256];
    computed(imports::bls12381_g2_add(a, b, &mut sum)).map(|()| sum)
}

/// Sums products of points of G1, 128 bytes, with scalars, 32 bytes; each term is `point || scalar` ([EIP-2537]).
///
/// A scalar may be over the group order.
///
/// # Errors
///
/// Fails as [`bls12381_g1_add`] does, and if a point is not in the prime-order subgroup or if there are no terms.
///
/// [EIP-2537]: https://eips.ethereum.org/EIPS/eip-2537
pub fn bls12381_g1_msm(terms: &[[u8; 160]]) -> Result<[u8; 128], MalformedError> {
    let mut sum = [0; 128];
    computed(imports::bls12381_g1_msm(terms, &mut sum)).map(|()| sum)
}

/// Sums products of points of G2, 256 bytes, with scalars, 32 bytes; each term is `point || scalar` ([EIP-2537]).
///
/// A scalar may be over the group order.
///
/// # Errors
///
/// Fails as [`bls12381_g1_msm`] does.
///
/// [EIP-2537]: https://eips.ethereum.org/EIPS/eip-2537
pub fn bls12381_g2_msm(terms: &[[u8; 288]]) -> Result<[u8; 256], MalformedError> {
    let mut sum = [0; 256];
    computed(imports::bls12381_g2_msm(terms, &mut sum)).map(|()| sum)
}

/// Checks that the product of the pairings of all pairs is one ([EIP-2537]).
///
/// A pair is a point of G1, 128 bytes, and a point of G2, 256 bytes.
///
/// # Errors
///
/// Fails with [`CheckError::Malformed`] where [`bls12381_g1_msm`] fails.
///
/// [EIP-2537]: https://eips.ethereum.org/EIPS/eip-2537
pub fn bls12381_pairing_check(pairs: &[[u8; 384]]) -> Result<(), CheckError> {
    checked(imports::bls12381_pairing_check(pairs))
}

/// Maps a field element to a point of G1 ([EIP-2537]; [RFC 9380], simplified SWU, cofactor cleared).
///
/// # Errors
///
/// Fails if the element is not below the field modulus.
///
/// [EIP-2537]: https://eips.ethereum.org/EIPS/eip-2537
/// [RFC 9380]: https://www.rfc-editor.org/rfc/rfc9380#section-8.8.1
pub fn bls12381_map_fp_to_g1(element: &[u8; 64]) -> Result<[u8; 128], MalformedError> {
    let mut point = [0; 128];
    computed(imports::bls12381_map_fp_to_g1(element, &mut point)).map(|()| point)
}

/// Maps an element of the quadratic extension to a point of G2 ([EIP-2537]; [RFC 9380], simplified SWU, cofactor
/// cleared).
///
/// # Errors
///
/// Fails if a part of the element is not below the field modulus.
///
/// [EIP-2537]: https://eips.ethereum.org/EIPS/eip-2537
/// [RFC 9380]: https://www.rfc-editor.org/rfc/rfc9380#section-8.8.2
pub fn bls12381_map_fp2_to_g2(element: &[u8; 128]) -> Result<[u8; 256], MalformedError> {
    let mut point = [0; 256];
    computed(imports::bls12381_map_fp2_to_g2(element, &mut point)).map(|()| point)
}
