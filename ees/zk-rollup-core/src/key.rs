//! Keys of accounts.
//!
//! A public key is a point of the prime-order subgroup of Jubjub whose x coordinate is even. So its y coordinate, which
//! is what the leaf of an account holds, says all, and its encoding never has the sign set. A secret key whose point
//! has an odd x is negated, as in [BIP-340].
//!
//! The arithmetic takes time that depends on the secret.
//!
//! [BIP-340]: https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki

use core::fmt;

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{PrimeField, Zero};

use crate::curve::{self, GENERATOR, Point, PointError, SCALAR_BYTES, Scalar};
use crate::field::{self, Fr, NotCanonicalError};
use crate::poseidon::compress;

/// Length of a public key, in bytes.
pub const PUBLIC_KEY_BYTES: usize = curve::POINT_BYTES;

/// A public key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublicKey(Point);

/// A secret key: a scalar other than zero, whose public key has an even x coordinate.
#[derive(Clone, Eq, PartialEq)]
pub struct SecretKey(Scalar);

/// Bytes that are no public key, or no secret key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes of a public key are no point.
    #[error("the public key is no point of the curve")]
    Point(#[from] PointError),
    /// The x coordinate of a public key is odd: the key of the same account is the negated point.
    #[error("the x coordinate of the public key is odd; clear the sign, and negate the secret key")]
    OddX,
    /// A public key is the identity, or is not in the subgroup of prime order.
    #[error("the public key is not of prime order")]
    NotOfPrimeOrder,
    /// A secret key is not below the order of the subgroup.
    #[error("the secret key")]
    NotCanonical(#[from] NotCanonicalError),
    /// A secret key is zero.
    #[error("the secret key is zero")]
    Zero,
}

impl PublicKey {
    /// Returns the key with these 32 bytes, as [`curve`] encodes points.
    ///
    /// # Errors
    ///
    /// Returns [`KeyError`] if the bytes are no point, or a point that no secret key has.
    pub fn from_bytes(bytes: &[u8; PUBLIC_KEY_BYTES]) -> Result<PublicKey, KeyError> {
        let point = curve::decode(bytes)?;
        if curve::is_odd(&point.x) {
            return Err(KeyError::OddX);
        }
        if point.is_zero() || !curve::is_in_prime_subgroup(&point) {
            return Err(KeyError::NotOfPrimeOrder);
        }
        Ok(PublicKey(point))
    }

    /// Returns the key of an account, whose bytes [`PublicKey::from_bytes`] accepted when the account was made: only
    /// the curve is checked again, and not the order.
    ///
    /// # Errors
    ///
    /// Returns [`KeyError::Point`] if no point has this y coordinate.
    pub fn of_account(key_y: Fr) -> Result<PublicKey, KeyError> {
        Ok(PublicKey(curve::with_y(key_y).ok_or(PointError::NotOnCurve)?))
    }

    /// Returns the 32 bytes of the key.
    pub fn to_bytes(&self) -> [u8; PUBLIC_KEY_BYTES] {
        curve::encode(&self.0)
    }

    /// Returns the y coordinate, which the leaf of an account holds.
    pub fn y(&self) -> Fr {
        self.0.y
    }

    /// Returns the point.
    pub fn point(&self) -> Point {
        self.0
    }
}

impl SecretKey {
    /// Returns the key with these 32 big-endian bytes, or its negative, which has the same public key.
    ///
    /// # Errors
    ///
    /// Returns [`KeyError::NotCanonical`] or [`KeyError::Zero`].
    pub fn from_bytes(bytes: &[u8; SCALAR_BYTES]) -> Result<SecretKey, KeyError> {
        SecretKey::of_scalar(curve::scalar_from_bytes(bytes)?).ok_or(KeyError::Zero)
    }

    /// Returns the key that 32 bytes of a seed make, which should be random.
    pub fn from_seed(seed: &[u8; 32]) -> SecretKey {
        let (high, low) = seed.split_at(16);
        let [high, low] = [high, low].map(Fr::from_be_bytes_mod_order);
        (0_u64..)
            .map(|attempt| compress([high, low, Fr::from(attempt), Fr::from(SEED_TAG)]))
            .find_map(|hash| SecretKey::of_scalar(reduce(&hash)))
            .unwrap_or_else(|| unreachable!("a hash is a multiple of the order with a probability of 2^-252"))
    }

    /// Returns the 32 big-endian bytes of the key.
    pub fn to_bytes(&self) -> [u8; SCALAR_BYTES] {
        curve::scalar_to_bytes(&self.0)
    }

    /// Returns the public key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey((GENERATOR * self.0).into_affine())
    }

    /// Returns the scalar.
    pub(crate) fn scalar(&self) -> Scalar {
        self.0
    }

    fn of_scalar(scalar: Scalar) -> Option<SecretKey> {
        if scalar.is_zero() {
            return None;
        }
        let odd = curve::is_odd(&(GENERATOR * scalar).into_affine().x);
        Some(SecretKey(if odd { -scalar } else { scalar }))
    }
}

/// Keeps a secret out of logs.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

/// Returns an element modulo the order of the subgroup.
///
/// The field's order is 8 times the subgroup's but for a part of 2^-124, so that random elements make random scalars.
pub(crate) fn reduce(element: &Fr) -> Scalar {
    Scalar::from_be_bytes_mod_order(&field::to_bytes(element))
}

/// The last lane of the hash that makes a secret key of a seed.
const SEED_TAG: u64 = 5;
