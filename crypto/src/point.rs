//! Errors of encoded points of pairing curves.

#[cfg(feature = "bls12-381")]
use blst::BLST_ERROR;
use thiserror::Error;

/// An error of an encoded point or coordinate.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PointError {
    /// A coordinate is not below the field modulus, or padding or flag bits are wrong.
    #[error("the encoding is not canonical")]
    NotCanonical,
    /// The coordinates do not satisfy the curve equation.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// The point is on the curve, but outside the subgroup of prime order.
    #[error("the point is not in the prime-order subgroup")]
    NotInSubgroup,
    /// The point is at infinity where that is not allowed: as a public key.
    #[error("the point is at infinity")]
    Infinity,
}

#[cfg(feature = "bls12-381")]
impl PointError {
    /// Converts blst's error of decoding a point.
    pub(crate) fn from_blst(error: BLST_ERROR) -> Self {
        match error {
            BLST_ERROR::BLST_POINT_NOT_ON_CURVE => Self::NotOnCurve,
            BLST_ERROR::BLST_POINT_NOT_IN_GROUP => Self::NotInSubgroup,
            BLST_ERROR::BLST_PK_IS_INFINITY => Self::Infinity,
            // Decoding a point has only one other error, BLST_BAD_ENCODING.
            _ => Self::NotCanonical,
        }
    }
}
