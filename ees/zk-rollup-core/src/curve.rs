//! The curve Jubjub over the scalar field of BLS12-381, and the encoding of its points in 32 bytes.
//!
//! Jubjub is the twisted Edwards curve of [Zcash's protocol], section 5.4.9.3, with cofactor 8. A point is encoded as
//! there: its y coordinate in little-endian order, with the lowest bit of x in the highest bit.
//!
//! [Zcash's protocol]: https://zips.z.cash/protocol/protocol.pdf

use ark_ec::AffineRepr;
use ark_ec::twisted_edwards::TECurveConfig;
use ark_ed_on_bls12_381::JubjubConfig;
pub use ark_ed_on_bls12_381::{EdwardsAffine as Point, Fr as Scalar};
use ark_ff::{BigInteger, Field, PrimeField, Zero};

use crate::field::{self, Fr, NotCanonicalError, constant};

/// Length of an encoded point, in bytes.
pub const POINT_BYTES: usize = 32;

/// Length of an encoded scalar, in bytes.
pub const SCALAR_BYTES: usize = 32;

/// The generator of the subgroup of prime order: Zcash's generator of spend authorization keys, section 5.4.7.1.
pub const GENERATOR: Point = Point::new_unchecked(
    constant("0926d4f32059c712d418a7ff26753b6ad5b9a7d3ef8e282747bf46920a95a753"),
    constant("57a1019e6de9b67553bb37d0c21cfd056d65674dcedbddbc305632adaaf2b530"),
);

/// Bytes that are no point.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PointError {
    /// The y coordinate is not below the field's order.
    #[error("the y coordinate")]
    NotCanonical(#[from] NotCanonicalError),
    /// No point of the curve has this y coordinate.
    #[error("no point of the curve has this y coordinate")]
    NotOnCurve,
    /// The sign of an x coordinate of zero is set, which would be a second encoding of the same point.
    #[error("the x coordinate is zero, but its sign is set")]
    NegativeZero,
}

/// Returns the 32 bytes of a point.
pub fn encode(point: &Point) -> [u8; POINT_BYTES] {
    let mut bytes = field::to_bytes(&point.y);
    if is_odd(&point.x) {
        bytes[0] |= SIGN;
    }
    bytes.reverse();
    bytes
}

/// Returns the point with these 32 bytes, of any order.
///
/// # Errors
///
/// Returns [`PointError`] if the bytes are not what [`encode`] returns for a point.
pub fn decode(bytes: &[u8; POINT_BYTES]) -> Result<Point, PointError> {
    let mut bytes = *bytes;
    bytes.reverse();
    let odd = bytes[0] & SIGN != 0;
    bytes[0] &= !SIGN;
    let y = field::from_bytes(&bytes)?;
    let point = with_y(y).ok_or(PointError::NotOnCurve)?;
    match odd {
        false => Ok(point),
        true if point.x.is_zero() => Err(PointError::NegativeZero),
        true => Ok(-point),
    }
}

/// Returns the point of this y coordinate whose x coordinate is even, if there is one, of any order.
pub fn with_y(y: Fr) -> Option<Point> {
    let square = y.square();
    // The denominator is never zero, as -1/d is not a square.
    let denominator = (Fr::ONE + JubjubConfig::COEFF_D * square).inverse()?;
    let x = ((square - Fr::ONE) * denominator).sqrt()?;
    Some(Point::new_unchecked(if is_odd(&x) { -x } else { x }, y))
}

/// Returns whether a point of the curve lies in the subgroup of prime order; the identity does, too.
pub fn is_in_prime_subgroup(point: &Point) -> bool {
    point.mul_bigint(Scalar::MODULUS).is_zero()
}

/// Returns the scalar with these 32 big-endian bytes.
///
/// # Errors
///
/// Returns [`NotCanonicalError`] if the number is at least the order of the subgroup.
pub fn scalar_from_bytes(bytes: &[u8; SCALAR_BYTES]) -> Result<Scalar, NotCanonicalError> {
    Scalar::from_bigint(field::integer(bytes)).ok_or(NotCanonicalError)
}

/// Returns the 32 big-endian bytes of a scalar.
pub fn scalar_to_bytes(scalar: &Scalar) -> [u8; SCALAR_BYTES] {
    field::integer_bytes(&scalar.into_bigint())
}

/// Returns whether the lowest bit of an element is set.
pub(crate) fn is_odd(element: &Fr) -> bool {
    element.into_bigint().is_odd()
}

/// The bit of the highest byte that holds the lowest bit of x.
const SIGN: u8 = 0x80;
