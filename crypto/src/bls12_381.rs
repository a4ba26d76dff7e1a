//! The curve BLS12-381, in the operations and encodings of [EIP-2537].
//!
//! A field element is 64 bytes: 16 zeros, then the number in 48 bytes. An element of the quadratic extension is its
//! real part, then its imaginary part (EIP-197 has the opposite order). A point is `x || y`; all zeros are the point
//! at infinity. A scalar is 32 bytes and may exceed the group order.
//!
//! Additions accept any point of the curve. Sums of products and pairings accept only points of the prime-order
//! subgroup, as their algorithms require it.
//!
//! blst keeps small tables on the stack: each call fits in 256 KiB of stack, whatever the input.
//!
//! [EIP-2537]: https://eips.ethereum.org/EIPS/eip-2537

pub(crate) mod curve;

use blst::{blst_fp, blst_fp12, blst_p1_affine, blst_p2_affine};
use thiserror::Error;

use crate::point::PointError;
use curve::Point;

/// Length of a field element, in bytes.
pub const FP_BYTES: usize = 64;
/// Length of an element of the quadratic extension, in bytes.
pub const FP2_BYTES: usize = 2 * FP_BYTES;
/// Length of a point of G1, in bytes.
pub const G1_BYTES: usize = 2 * FP_BYTES;
/// Length of a point of G2, in bytes.
pub const G2_BYTES: usize = 2 * FP2_BYTES;
/// Length of a point of G1 and its scalar, in bytes.
pub const G1_TERM_BYTES: usize = G1_BYTES + 32;
/// Length of a point of G2 and its scalar, in bytes.
pub const G2_TERM_BYTES: usize = G2_BYTES + 32;
/// Length of a pair of points, one of G1 and one of G2, in bytes.
pub const PAIR_BYTES: usize = G1_BYTES + G2_BYTES;

/// An invalid input or a refuted pairing check.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Bls12381Error {
    /// A point or a field element is invalid.
    #[error("input {index} is invalid")]
    Point {
        /// The index of the input, term or pair, from 0.
        index: usize,
        /// The reason.
        source: PointError,
    },
    /// The list of terms or pairs is empty; EIP-2537 requires at least one.
    #[error("the list is empty")]
    Empty,
    /// The pairs are well-formed, but the product of their pairings is not one.
    #[error("the product of the pairings is not one")]
    Refuted,
}

/// Adds two points of the curve over the base field.
///
/// # Errors
///
/// Returns [`Bls12381Error::Point`] if an input is invalid.
pub fn g1_add(a: &[u8; G1_BYTES], b: &[u8; G1_BYTES]) -> Result<[u8; G1_BYTES], Bls12381Error> {
    add::<blst_p1_affine, _>(a, b)
}

/// Adds two points of the curve over the quadratic extension.
///
/// # Errors
///
/// Returns [`Bls12381Error::Point`] if an input is invalid.
pub fn g2_add(a: &[u8; G2_BYTES], b: &[u8; G2_BYTES]) -> Result<[u8; G2_BYTES], Bls12381Error> {
    add::<blst_p2_affine, _>(a, b)
}

/// Sums the products of points of G1 with scalars; each term is `point || scalar`.
///
/// # Errors
///
/// Returns [`Bls12381Error::Point`] if a term is invalid, or [`Bls12381Error::Empty`].
pub fn g1_msm(terms: &[[u8; G1_TERM_BYTES]]) -> Result<[u8; G1_BYTES], Bls12381Error> {
    msm::<blst_p1_affine, _, _>(terms)
}

/// Sums the products of points of G2 with scalars; each term is `point || scalar`.
///
/// # Errors
///
/// Returns [`Bls12381Error::Point`] if a term is invalid, or [`Bls12381Error::Empty`].
pub fn g2_msm(terms: &[[u8; G2_TERM_BYTES]]) -> Result<[u8; G2_BYTES], Bls12381Error> {
    msm::<blst_p2_affine, _, _>(terms)
}

/// Checks that the product of the pairings of all pairs is one.
///
/// # Errors
///
/// Returns [`Bls12381Error::Point`] if a pair is invalid, [`Bls12381Error::Empty`], or [`Bls12381Error::Refuted`] if
/// the product is not one.
pub fn pairing_check(pairs: &[[u8; PAIR_BYTES]]) -> Result<(), Bls12381Error> {
    if pairs.is_empty() {
        return Err(Bls12381Error::Empty);
    }
    let mut points = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        let (p, q) = pair.split_at(G1_BYTES);
        points.push((decode_in_subgroup(p).map_err(at(index))?, decode_in_subgroup(q).map_err(at(index))?));
    }
    if product_of_pairings_is_one(points) { Ok(()) } else { Err(Bls12381Error::Refuted) }
}

/// Returns whether the product of the pairings of points of the subgroups is one. The product of no pairs is one.
pub(crate) fn product_of_pairings_is_one(
    pairs: impl IntoIterator<Item = (blst_p1_affine, blst_p2_affine)>,
) -> bool {
    // The pairing with infinity is one, but the Miller loop over several pairs does not handle it.
    let finite = pairs.into_iter().filter(|(p, q)| !p.is_infinity() && !q.is_infinity());
    let (g1, g2): (Vec<_>, Vec<_>) = finite.unzip();
    g1.is_empty() || blst_fp12::miller_loop_n(&g2, &g1).final_exp() == blst_fp12::default()
}

/// Maps a field element to a point of G1 ([RFC 9380], simplified SWU, cofactor cleared).
///
/// # Errors
///
/// Returns [`Bls12381Error::Point`] if the element is invalid.
///
/// [RFC 9380]: https://www.rfc-editor.org/rfc/rfc9380#section-8.8.1
pub fn map_fp_to_g1(element: &[u8; FP_BYTES]) -> Result<[u8; G1_BYTES], Bls12381Error> {
    let element = decode_fp(element).map_err(at(0))?;
    Ok(encode(&curve::map_to_g1(&element)))
}

/// Maps an element of the quadratic extension to a point of G2 ([RFC 9380], simplified SWU, cofactor
/// cleared).
///
/// # Errors
///
/// Returns [`Bls12381Error::Point`] if the element is invalid.
///
/// [RFC 9380]: https://www.rfc-editor.org/rfc/rfc9380#section-8.8.2
pub fn map_fp2_to_g2(element: &[u8; FP2_BYTES]) -> Result<[u8; G2_BYTES], Bls12381Error> {
    let mut parts = [blst_fp::default(); 2];
    decode_fps(element, &mut parts).map_err(at(0))?;
    Ok(encode(&curve::map_to_g2(parts)))
}

fn at(index: usize) -> impl Fn(PointError) -> Bls12381Error {
    move |source| Bls12381Error::Point { index, source }
}

fn add<P: Point, const N: usize>(a: &[u8; N], b: &[u8; N]) -> Result<[u8; N], Bls12381Error> {
    let a: P = decode(a).map_err(at(0))?;
    let b: P = decode(b).map_err(at(1))?;
    Ok(encode(&a.add(&b)))
}

fn msm<P: Point, const TERM: usize, const N: usize>(terms: &[[u8; TERM]]) -> Result<[u8; N], Bls12381Error> {
    if terms.is_empty() {
        return Err(Bls12381Error::Empty);
    }
    let mut points = Vec::with_capacity(terms.len());
    let mut scalars = Vec::with_capacity(terms.len());
    for (index, term) in terms.iter().enumerate() {
        let (point, scalar) = term.split_at(N);
        let point: P = decode_in_subgroup(point).map_err(at(index))?;
        // A multiple of infinity adds nothing, and blst does not accept infinity.
        if let (false, Some(scalar)) = (point.is_infinity(), scalar.first_chunk::<32>()) {
            let mut little_endian = *scalar;
            little_endian.reverse();
            points.push(point);
            scalars.push(little_endian);
        }
    }
    Ok(encode(&P::sum_of_products(&points, &scalars)))
}

fn decode_in_subgroup<P: Point>(bytes: &[u8]) -> Result<P, PointError> {
    let point: P = decode(bytes)?;
    if point.is_infinity() || point.is_in_subgroup() { Ok(point) } else { Err(PointError::NotInSubgroup) }
}

fn decode<P: Point>(bytes: &[u8]) -> Result<P, PointError> {
    let mut coordinates = P::Coordinates::default();
    decode_fps(bytes, coordinates.as_mut())?;
    let point = P::from_coordinates(coordinates);
    if point.is_infinity() || point.is_on_curve() { Ok(point) } else { Err(PointError::NotOnCurve) }
}

fn decode_fps(bytes: &[u8], elements: &mut [blst_fp]) -> Result<(), PointError> {
    let (chunks, _) = bytes.as_chunks::<FP_BYTES>();
    debug_assert_eq!(chunks.len(), elements.len());
    for (element, chunk) in elements.iter_mut().zip(chunks) {
        *element = decode_fp(chunk)?;
    }
    Ok(())
}

fn decode_fp(bytes: &[u8; FP_BYTES]) -> Result<blst_fp, PointError> {
    match bytes.split_last_chunk::<48>() {
        Some(([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], number)) if *number < MODULUS => {
            Ok(curve::fp_from_bytes(number))
        }
        _ => Err(PointError::NotCanonical),
    }
}

fn encode<P: Point, const N: usize>(point: &P) -> [u8; N] {
    let mut out = [0; N];
    let coordinates = point.coordinates();
    debug_assert_eq!(coordinates.as_ref().len().checked_mul(FP_BYTES), Some(N));
    let (chunks, _) = out.as_chunks_mut::<FP_BYTES>();
    for (chunk, coordinate) in chunks.iter_mut().zip(coordinates.as_ref()) {
        if let Some(number) = chunk.last_chunk_mut() {
            *number = curve::fp_to_bytes(coordinate);
        }
    }
    out
}

/// The prime of the base field.
const MODULUS: [u8; 48] = [
    0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7, 0x64,
    0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24, 0x1e, 0xab,
    0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab,
];

#[cfg(test)]
mod tests {
    use super::*;

    const INFINITY: [u8; G1_BYTES] = [0; G1_BYTES];

    /// Returns a point from two field elements of at most 48 bytes each, in hex.
    fn g1(x: &str, y: &str) -> [u8; G1_BYTES] {
        hex::decode(format!("{x:0>128}{y:0>128}")).unwrap().try_into().unwrap()
    }

    fn generator() -> [u8; G1_BYTES] {
        g1(
            "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
            "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1",
        )
    }

    /// Returns a point (0, y). (0, 2) has order 3, so it is outside G1.
    fn of_order_three(y: &str) -> [u8; G1_BYTES] {
        g1("0", y)
    }

    const TWO: &str = "2";
    const MINUS_TWO: &str =
        "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaa9";

    fn term(point: [u8; G1_BYTES], scalar: u8) -> [u8; G1_TERM_BYTES] {
        let mut term = [0; G1_TERM_BYTES];
        term[..G1_BYTES].copy_from_slice(&point);
        term[G1_TERM_BYTES - 1] = scalar;
        term
    }

    #[test]
    fn infinity_is_neutral_and_doubling_is_multiplying_by_two() {
        let g = generator();
        assert_eq!(g1_add(&g, &INFINITY), Ok(g));
        assert_eq!(g1_add(&INFINITY, &INFINITY), Ok(INFINITY));
        assert_eq!(g1_add(&g, &g), g1_msm(&[term(g, 2)]));
        assert_eq!(g1_msm(&[term(g, 0)]), Ok(INFINITY));
        assert_eq!(g1_msm(&[term(INFINITY, 7)]), Ok(INFINITY));
        assert_eq!(g1_msm(&[term(g, 2), term(INFINITY, 3), term(g, 5)]), g1_msm(&[term(g, 7)]));
    }

    #[test]
    fn additions_take_points_outside_the_subgroup_and_products_do_not() {
        let point = of_order_three(TWO);
        let negated = of_order_three(MINUS_TWO);
        assert_eq!(g1_add(&point, &point), Ok(negated));
        assert_eq!(g1_add(&point, &negated), Ok(INFINITY));
        let source = PointError::NotInSubgroup;
        assert_eq!(
            g1_msm(&[term(generator(), 1), term(point, 1)]),
            Err(Bls12381Error::Point { index: 1, source })
        );
    }

    #[test]
    fn invalid_encodings_have_distinct_errors() {
        let mut padded = generator();
        padded[0] = 1;
        let modulus = g1(&hex::encode(MODULUS), &hex::encode(MODULUS));
        for bytes in [padded, modulus] {
            let source = PointError::NotCanonical;
            assert_eq!(g1_add(&generator(), &bytes), Err(Bls12381Error::Point { index: 1, source }));
        }
        let mut off_curve = generator();
        off_curve[G1_BYTES - 1] ^= 1;
        let source = PointError::NotOnCurve;
        assert_eq!(g1_add(&off_curve, &generator()), Err(Bls12381Error::Point { index: 0, source }));
    }

    #[test]
    fn empty_lists_are_errors() {
        assert_eq!(g1_msm(&[]), Err(Bls12381Error::Empty));
        assert_eq!(g2_msm(&[]), Err(Bls12381Error::Empty));
        assert_eq!(pairing_check(&[]), Err(Bls12381Error::Empty));
    }

    #[test]
    fn pairs_with_infinity_do_not_change_the_product() {
        let mut pair = [0; PAIR_BYTES];
        assert_eq!(pairing_check(&[pair]), Ok(()));
        pair[..G1_BYTES].copy_from_slice(&generator());
        assert_eq!(pairing_check(&[pair, pair]), Ok(()));
        // The check still covers every point.
        pair[..G1_BYTES].copy_from_slice(&of_order_three(TWO));
        let source = PointError::NotInSubgroup;
        assert_eq!(pairing_check(&[[0; PAIR_BYTES], pair]), Err(Bls12381Error::Point { index: 1, source }));
    }

    #[test]
    fn maps_refuse_invalid_field_elements() {
        let source = PointError::NotCanonical;
        let expected = Bls12381Error::Point { index: 0, source };
        assert_eq!(map_fp_to_g1(&[1; FP_BYTES]), Err(expected));
        assert_eq!(map_fp2_to_g2(&[1; FP2_BYTES]), Err(expected));
        assert!(map_fp_to_g1(&[0; FP_BYTES]).is_ok());
        assert!(map_fp2_to_g2(&[0; FP2_BYTES]).is_ok());
    }
}
