//! The curve bn254, Ethereum's `alt_bn128` ([EIP-196], [EIP-197]).
//!
//! A point of G1 is `x || y`, 64 bytes. A point of G2 is `x || y` over the quadratic extension, 128 bytes; each
//! coordinate has its imaginary part first. All zeros are the point at infinity.
//!
//! [EIP-196]: https://eips.ethereum.org/EIPS/eip-196
//! [EIP-197]: https://eips.ethereum.org/EIPS/eip-197

// The operators below are those of curves and fields and cannot overflow.
#![allow(clippy::arithmetic_side_effects)]

use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup, pairing::Pairing};
use ark_ff::{BigInt, BigInteger, PrimeField, Zero};
use thiserror::Error;

use crate::point::PointError;

/// Length of a point of G1, in bytes.
pub const G1_BYTES: usize = 64;
/// Length of a point of G2, in bytes.
pub const G2_BYTES: usize = 128;
/// Length of a pair of points, one of G1 and one of G2, in bytes.
pub const PAIR_BYTES: usize = G1_BYTES + G2_BYTES;

/// An invalid input or a refuted pairing check.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Bn254Error {
    /// A point is invalid.
    #[error("input {index} is invalid")]
    Point {
        /// The index of the input or pair, from 0.
        index: usize,
        /// The reason.
        source: PointError,
    },
    /// The pairs are well-formed, but the product of their pairings is not one.
    #[error("the product of the pairings is not one")]
    Refuted,
}

/// Adds two points of G1.
///
/// # Errors
///
/// Returns [`Bn254Error::Point`] if a point is invalid.
pub fn add(a: &[u8; G1_BYTES], b: &[u8; G1_BYTES]) -> Result<[u8; G1_BYTES], Bn254Error> {
    let a = decode_g1(a).map_err(at(0))?;
    let b = decode_g1(b).map_err(at(1))?;
    Ok(encode_g1((a + b).into_affine()))
}

/// Multiplies a point of G1 by a 256-bit scalar.
///
/// # Errors
///
/// Returns [`Bn254Error::Point`] if the point is invalid.
pub fn mul(point: &[u8; G1_BYTES], scalar: &[u8; 32]) -> Result<[u8; G1_BYTES], Bn254Error> {
    let point = decode_g1(point).map_err(at(0))?;
    // The group has prime order, so the scalar may be reduced by it first.
    let scalar = Fr::from_be_bytes_mod_order(scalar);
    // Multiplication of projective points uses the endomorphism, which halves the doublings.
    Ok(encode_g1((point.into_group() * scalar).into_affine()))
}

/// Checks that the product of the pairings of all pairs is one. The product of no pairs is one.
///
/// # Errors
///
/// Returns [`Bn254Error::Point`] if a point is invalid, or [`Bn254Error::Refuted`] if the product is not one.
pub fn pairing_check(pairs: &[[u8; PAIR_BYTES]]) -> Result<(), Bn254Error> {
    let mut g1 = Vec::with_capacity(pairs.len());
    let mut g2 = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        let (p, q) = decode_pair(pair).map_err(at(index))?;
        g1.push(p);
        g2.push(q);
    }
    if Bn254::multi_pairing(g1, g2).is_zero() { Ok(()) } else { Err(Bn254Error::Refuted) }
}

fn at(index: usize) -> impl Fn(PointError) -> Bn254Error {
    move |source| Bn254Error::Point { index, source }
}

fn decode_pair(bytes: &[u8; PAIR_BYTES]) -> Result<(G1Affine, G2Affine), PointError> {
    let [px, py, qx1, qx0, qy1, qy0] = coordinates(bytes)?;
    Ok((check_g1(px, py)?, check_g2(Fq2::new(qx0, qx1), Fq2::new(qy0, qy1))?))
}

fn decode_g1(bytes: &[u8; G1_BYTES]) -> Result<G1Affine, PointError> {
    let [x, y] = coordinates(bytes)?;
    check_g1(x, y)
}

fn encode_g1(point: G1Affine) -> [u8; G1_BYTES] {
    let mut out = [0; G1_BYTES];
    if let Some((x, y)) = point.xy() {
        let bytes = [x, y].map(|c| c.into_bigint().to_bytes_be()).concat();
        out.copy_from_slice(&bytes);
    }
    out
}

fn check_g1(x: Fq, y: Fq) -> Result<G1Affine, PointError> {
    if x.is_zero() && y.is_zero() {
        return Ok(G1Affine::identity());
    }
    let point = G1Affine::new_unchecked(x, y);
    // The cofactor is 1, so every point on the curve is in the group.
    if point.is_on_curve() { Ok(point) } else { Err(PointError::NotOnCurve) }
}

fn check_g2(x: Fq2, y: Fq2) -> Result<G2Affine, PointError> {
    if x.is_zero() && y.is_zero() {
        return Ok(G2Affine::identity());
    }
    let point = G2Affine::new_unchecked(x, y);
    if !point.is_on_curve() {
        Err(PointError::NotOnCurve)
    } else if !point.is_in_correct_subgroup_assuming_on_curve() {
        Err(PointError::NotInSubgroup)
    } else {
        Ok(point)
    }
}

fn coordinates<const N: usize>(bytes: &[u8]) -> Result<[Fq; N], PointError> {
    let (chunks, _) = bytes.as_chunks::<32>();
    debug_assert_eq!(chunks.len(), N);
    let mut out = [Fq::zero(); N];
    for (coordinate, chunk) in out.iter_mut().zip(chunks) {
        let (words, _) = chunk.as_chunks::<8>();
        let mut limbs = [0; 4];
        for (limb, word) in limbs.iter_mut().rev().zip(words) {
            *limb = u64::from_be_bytes(*word);
        }
        *coordinate = Fq::from_bigint(BigInt::new(limbs)).ok_or(PointError::NotCanonical)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the generator of G1, (1, 2).
    fn generator() -> [u8; G1_BYTES] {
        encode_g1(G1Affine::generator())
    }

    const INFINITY: [u8; G1_BYTES] = [0; G1_BYTES];

    /// Returns `point || generator of G2`, with the coordinates of EIP-197.
    fn pair(point: [u8; G1_BYTES]) -> [u8; PAIR_BYTES] {
        let g2 = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2\
                  1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed\
                  090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b\
                  12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
        let bytes = [&point[..], &hex::decode(g2).unwrap()].concat();
        bytes.try_into().unwrap()
    }

    fn scalar(n: u8) -> [u8; 32] {
        std::array::from_fn(|i| if i == 31 { n } else { 0 })
    }

    #[test]
    fn infinity_is_neutral_and_doubling_is_multiplying_by_two() {
        let g = generator();
        assert_eq!(g[31], 1);
        assert_eq!(g[63], 2);
        assert_eq!(add(&g, &INFINITY), Ok(g));
        assert_eq!(add(&INFINITY, &INFINITY), Ok(INFINITY));
        assert_eq!(add(&g, &g), mul(&g, &scalar(2)));
        assert_eq!(mul(&g, &scalar(0)), Ok(INFINITY));
    }

    #[test]
    fn a_scalar_over_the_group_order_is_reduced() {
        let order = Fr::MODULUS.to_bytes_be();
        let order: [u8; 32] = order.try_into().unwrap();
        assert_eq!(mul(&generator(), &order), Ok(INFINITY));
    }

    #[test]
    fn a_pairing_and_its_inverse_cancel() {
        let g = generator();
        let negated = encode_g1(-G1Affine::generator());
        assert_eq!(pairing_check(&[]), Ok(()));
        assert_eq!(pairing_check(&[pair(g), pair(negated)]), Ok(()));
        assert_eq!(pairing_check(&[pair(INFINITY)]), Ok(()));
        assert_eq!(pairing_check(&[pair(g)]), Err(Bn254Error::Refuted));
    }

    #[test]
    fn invalid_points_have_distinct_errors() {
        let source = PointError::NotOnCurve;
        assert_eq!(add(&generator(), &[1; G1_BYTES]), Err(Bn254Error::Point { index: 1, source }));
        let source = PointError::NotCanonical;
        assert_eq!(mul(&[0xff; G1_BYTES], &scalar(1)), Err(Bn254Error::Point { index: 0, source }));
        let mut flipped = pair(generator());
        flipped[PAIR_BYTES - 1] ^= 1;
        let source = PointError::NotOnCurve;
        assert_eq!(pairing_check(&[pair(generator()), flipped]), Err(Bn254Error::Point { index: 1, source }));
    }
}
