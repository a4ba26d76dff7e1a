//! Decoded public keys and signatures: points of their subgroups.

use blst::{BLST_ERROR, min_pk};

use super::{BlsSignatureError, CIPHERSUITE, PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use crate::point::PointError;

/// Whether the point at infinity is a public key. Its secret key would be zero, so anyone signs with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InfiniteKey {
    /// It is none: `KeyValidate` since draft 04 of the IETF, and the consensus specs since v1.0.
    Refused,
    /// It is one, which has signed everything with the signature at infinity: draft 03, and the consensus specs v0.12.3.
    Accepted,
}

/// A public key: a point of the subgroup in G1.
#[derive(Clone, Copy, Debug)]
pub struct PublicKey(
    /// None is the point at infinity, which blst takes for no key. Its pairing with anything is one, so products leave it out.
    Option<min_pk::PublicKey>,
);

impl PublicKey {
    /// The point at infinity.
    pub const INFINITY: Self = Self(None);

    /// Decodes a key and checks it.
    ///
    /// # Errors
    ///
    /// If the bytes are no point of the subgroup, or the point at infinity and that is refused.
    pub fn decode(bytes: &[u8; PUBLIC_KEY_BYTES], infinite: InfiniteKey) -> Result<Self, PointError> {
        match min_pk::PublicKey::key_validate(bytes) {
            Ok(key) => Ok(Self(Some(key))),
            Err(BLST_ERROR::BLST_PK_IS_INFINITY) if infinite == InfiniteKey::Accepted => Ok(Self::INFINITY),
            Err(error) => Err(PointError::from_blst(error)),
        }
    }

    /// Encodes the key.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PUBLIC_KEY_BYTES] {
        self.0.unwrap_or_default().to_bytes()
    }

    /// Whether the key is the point at infinity.
    #[must_use]
    pub fn is_infinity(&self) -> bool {
        self.0.is_none()
    }

    /// Sums up keys; the sum may be the point at infinity.
    ///
    /// # Errors
    ///
    /// `Empty` if there are none.
    pub fn sum<'a>(keys: impl IntoIterator<Item = &'a Self>) -> Result<Self, BlsSignatureError> {
        let mut keys = keys.into_iter().peekable();
        keys.peek().ok_or(BlsSignatureError::Empty)?;
        let mut finite = keys.filter_map(|key| key.0.as_ref());
        let Some(first) = finite.next() else { return Ok(Self::INFINITY) };
        let mut sum = min_pk::AggregatePublicKey::from_public_key(first);
        for key in finite {
            // It can only fail where it is told to check the key again.
            sum.add_public_key(key, false).map_err(|_| BlsSignatureError::AggregatePublicKey)?;
        }
        let sum = sum.to_public_key();
        Ok(Self((sum != min_pk::PublicKey::default()).then_some(sum)))
    }

    pub(super) fn finite(&self) -> Option<&min_pk::PublicKey> {
        self.0.as_ref()
    }
}

/// A signature: a point of the subgroup in G2. The point at infinity is one, for it is an empty sum.
#[derive(Clone, Copy, Debug)]
pub struct Signature(pub(super) min_pk::Signature);

impl Signature {
    /// Decodes a signature and checks it.
    ///
    /// # Errors
    ///
    /// If the bytes are no point of the subgroup.
    pub fn decode(bytes: &[u8; SIGNATURE_BYTES]) -> Result<Self, PointError> {
        min_pk::Signature::sig_validate(bytes, false).map(Self).map_err(PointError::from_blst)
    }

    /// Encodes the signature.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SIGNATURE_BYTES] {
        self.0.to_bytes()
    }

    /// Encodes the signature without compression: x, then y, of each the imaginary part first, big-endian. The point at
    /// infinity is `0x40` and zeros.
    #[must_use]
    pub fn to_uncompressed(&self) -> [u8; 2 * SIGNATURE_BYTES] {
        self.0.serialize()
    }

    /// Whether the signature is the point at infinity.
    #[must_use]
    pub fn is_infinity(&self) -> bool {
        self.0 == min_pk::Signature::from(blst::blst_p2_affine::default())
    }

    /// Sums up signatures.
    ///
    /// # Errors
    ///
    /// `Empty` if there are none.
    pub fn sum(signatures: &[Self]) -> Result<Self, BlsSignatureError> {
        let signatures: Vec<_> = signatures.iter().map(|signature| &signature.0).collect();
        let sum = min_pk::AggregateSignature::aggregate(&signatures, false)
            .map_err(|_| BlsSignatureError::Empty)?;
        Ok(Self(sum.to_signature()))
    }
}

/// Verifies an aggregate signature by several signers, each of a message of its own, when all is decoded.
///
/// # Errors
///
/// `Empty` or `Refuted`.
pub fn verify_points(signers: &[(PublicKey, &[u8])], signature: &Signature) -> Result<(), BlsSignatureError> {
    if signers.is_empty() {
        return Err(BlsSignatureError::Empty);
    }
    let (keys, messages): (Vec<_>, Vec<_>) =
        signers.iter().filter_map(|(key, message)| Some((key.finite()?, *message))).unzip();
    let holds = if keys.is_empty() {
        signature.is_infinity()
    } else {
        let outcome = signature.0.aggregate_verify(false, &messages, CIPHERSUITE, &keys, false);
        outcome == BLST_ERROR::BLST_SUCCESS
    };
    if holds { Ok(()) } else { Err(BlsSignatureError::Refuted) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bls_signature::{secret_to_public, sign};

    fn infinity<const N: usize>() -> [u8; N] {
        let mut infinity = [0; N];
        infinity[0] = 0xc0;
        infinity
    }

    #[test]
    fn the_infinite_key_is_one_where_it_is_accepted() {
        let bytes = infinity();
        let refused = PublicKey::decode(&bytes, InfiniteKey::Refused).map(|key| key.to_bytes());
        assert_eq!(refused, Err(PointError::Infinity));
        let key = PublicKey::decode(&bytes, InfiniteKey::Accepted).unwrap();
        assert!(key.is_infinity());
        assert_eq!(key.to_bytes(), bytes);
        let signature = Signature::decode(&infinity()).unwrap();
        assert_eq!(verify_points(&[(key, b"anything")], &signature), Ok(()));
        let other = Signature::decode(&sign(&[1; 32], b"anything").unwrap()).unwrap();
        assert_eq!(verify_points(&[(key, b"anything")], &other), Err(BlsSignatureError::Refuted));
    }

    #[test]
    fn an_infinite_key_changes_no_sum_and_no_product() {
        let key = secret_to_public(&[1; 32]).unwrap();
        let key = PublicKey::decode(&key, InfiniteKey::Refused).unwrap();
        let signature = Signature::decode(&sign(&[1; 32], b"one").unwrap()).unwrap();
        let sum = PublicKey::sum(&[PublicKey::INFINITY, key, PublicKey::INFINITY]).unwrap();
        assert_eq!(sum.to_bytes(), key.to_bytes());
        let signers: [(_, &[u8]); 2] = [(PublicKey::INFINITY, b"other"), (key, b"one")];
        assert_eq!(verify_points(&signers, &signature), Ok(()));
    }

    #[test]
    fn keys_that_add_up_to_infinity_have_signed_with_infinity() {
        let key = secret_to_public(&[1; 32]).unwrap();
        let mut opposite = key;
        // The bit of the encoding that distinguishes y from -y.
        opposite[0] ^= 0x20;
        let keys = [key, opposite].map(|key| PublicKey::decode(&key, InfiniteKey::Accepted).unwrap());
        let sum = PublicKey::sum(&keys).unwrap();
        assert!(sum.is_infinity());
        let signature = Signature::decode(&infinity()).unwrap();
        assert!(signature.is_infinity());
        assert_eq!(verify_points(&[(sum, b"anything")], &signature), Ok(()));
        assert_eq!(PublicKey::sum(&[]).map(|key| key.to_bytes()), Err(BlsSignatureError::Empty));
    }

    #[test]
    fn a_signature_without_compression_begins_with_its_x() {
        let signature = Signature::decode(&sign(&[1; 32], b"one").unwrap()).unwrap();
        let mut x = signature.to_bytes();
        // Without the bits that tell compression, infinity and the sign of y.
        x[0] &= 0x1f;
        assert_eq!(signature.to_uncompressed()[..SIGNATURE_BYTES], x);
    }
}
