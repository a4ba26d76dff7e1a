//! BLS signatures of the beacon chain: the proof-of-possession scheme of the [IETF draft], with public keys in G1 and
//! signatures in G2.
//!
//! A public key is 48 bytes and a signature 96, compressed points in the [ZCash encoding]. The scheme is safe only
//! among keys whose owners have proved possession. On the beacon chain, a deposit's signature does that; callers have
//! to check it.
//!
//! Drafts differ in whether the point at infinity is a public key: [`InfiniteKey`]. The functions on bytes, which are the
//! imports, refuse it. [`PublicKey`] and [`Signature`] are for who decodes once and verifies often, or holds to an earlier
//! draft.
//!
//! [IETF draft]: https://datatracker.ietf.org/doc/draft-irtf-cfrg-bls-signature/
//! [ZCash encoding]: https://github.com/zkcrypto/pairing/blob/34aa52b0f7bef705917252ea63e5a13fa01af551/src/bls12_381/README.md#serialization

mod batch;
mod points;
mod secret;

pub use batch::batch_verify;
pub use points::{InfiniteKey, PublicKey, Signature, verify_points};
pub use secret::{SECRET_KEY_BYTES, secret_to_public, sign};

use thiserror::Error;

use crate::point::PointError;

/// Length of a public key, in bytes.
pub const PUBLIC_KEY_BYTES: usize = 48;
/// Length of a signature, in bytes.
pub const SIGNATURE_BYTES: usize = 96;

/// An invalid key or signature, or a signature that does not verify.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum BlsSignatureError {
    /// A public key is invalid.
    #[error("public key {index} is invalid")]
    PublicKey {
        /// The index of the key, from 0.
        index: usize,
        /// The reason.
        source: PointError,
    },
    /// Each public key is valid, but their sum is the point at infinity.
    #[error("the sum of the public keys is the point at infinity")]
    AggregatePublicKey,
    /// A signature is invalid.
    #[error("signature {index} is invalid")]
    Signature {
        /// The index of the signature, from 0.
        index: usize,
        /// The reason.
        source: PointError,
    },
    /// The list of signers or of signatures is empty.
    #[error("the list is empty")]
    Empty,
    /// The signature and the keys are valid, but the signature is not by the keys.
    #[error("the signature does not verify")]
    Refuted,
    /// The secret key is zero, or not below the order of the group. Nothing that verifies says so.
    #[error("the secret key is zero, or not below the order of the group")]
    SecretKey,
}

/// Verifies a signature by one signer.
///
/// # Errors
///
/// Returns `Signature`, `PublicKey` or `Refuted`.
pub fn verify(
    public_key: &[u8; PUBLIC_KEY_BYTES],
    message: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), BlsSignatureError> {
    aggregate_verify(&[(*public_key, message)], signature)
}

/// Verifies an aggregate signature by several signers, each with its own message.
///
/// # Errors
///
/// Returns `Signature`, `PublicKey`, `Empty` or `Refuted`.
pub fn aggregate_verify(
    signers: &[([u8; PUBLIC_KEY_BYTES], &[u8])],
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), BlsSignatureError> {
    let signature = decode_signature(0, signature)?;
    let signers = signers
        .iter()
        .enumerate()
        .map(|(index, (key, message))| Ok((decode_public_key(index, key)?, *message)))
        .collect::<Result<Vec<_>, _>>()?;
    verify_points(&signers, &signature)
}

/// Verifies an aggregate signature by several signers of one message.
///
/// # Errors
///
/// Returns `Signature`, `PublicKey`, `AggregatePublicKey`, `Empty` or `Refuted`.
pub fn fast_aggregate_verify(
    public_keys: &[[u8; PUBLIC_KEY_BYTES]],
    message: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), BlsSignatureError> {
    let signature = decode_signature(0, signature)?;
    let keys = public_keys
        .iter()
        .enumerate()
        .map(|(index, key)| decode_public_key(index, key))
        .collect::<Result<Vec<_>, _>>()?;
    let sum = PublicKey::sum(&keys)?;
    if sum.is_infinity() {
        return Err(BlsSignatureError::AggregatePublicKey);
    }
    verify_points(&[(sum, message)], &signature)
}

/// Adds up signatures. The point at infinity is a valid signature here, as it is the empty sum.
///
/// # Errors
///
/// Returns `Signature` or `Empty`.
pub fn aggregate(signatures: &[[u8; SIGNATURE_BYTES]]) -> Result<[u8; SIGNATURE_BYTES], BlsSignatureError> {
    let signatures = signatures
        .iter()
        .enumerate()
        .map(|(index, signature)| decode_signature(index, signature))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Signature::sum(&signatures)?.to_bytes())
}

fn decode_public_key(index: usize, bytes: &[u8; PUBLIC_KEY_BYTES]) -> Result<PublicKey, BlsSignatureError> {
    PublicKey::decode(bytes, InfiniteKey::Refused)
        .map_err(|source| BlsSignatureError::PublicKey { index, source })
}

fn decode_signature(index: usize, bytes: &[u8; SIGNATURE_BYTES]) -> Result<Signature, BlsSignatureError> {
    Signature::decode(bytes).map_err(|source| BlsSignatureError::Signature { index, source })
}

const CIPHERSUITE: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

#[cfg(test)]
mod tests {
    use super::*;
    use blst::min_pk::SecretKey;

    const MESSAGE: &[u8] = b"a message";
    const INFINITE_KEY: [u8; PUBLIC_KEY_BYTES] = {
        let mut key = [0; PUBLIC_KEY_BYTES];
        key[0] = 0xc0;
        key
    };
    const INFINITE_SIGNATURE: [u8; SIGNATURE_BYTES] = {
        let mut signature = [0; SIGNATURE_BYTES];
        signature[0] = 0xc0;
        signature
    };

    struct Signer(SecretKey);

    impl Signer {
        fn new(seed: u8) -> Self {
            Self(SecretKey::key_gen(&[seed; 32], &[]).unwrap())
        }

        fn public_key(&self) -> [u8; PUBLIC_KEY_BYTES] {
            self.0.sk_to_pk().to_bytes()
        }

        fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
            self.0.sign(message, CIPHERSUITE, &[]).to_bytes()
        }
    }

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        hex::decode(hex).unwrap().try_into().unwrap()
    }

    #[test]
    fn a_published_signature_verifies() {
        // consensus-spec-tests v0.12.3, verify_valid_case_d34885d766d5f705.
        let key = bytes(
            "b53d21a4cfd562c469cc81514d4ce5a6b577d8403d32a394dc265dd190b47fa9\
             f829fdd7963afdf972e5e77854051f6f",
        );
        let signature = bytes(
            "948a7cb99f76d616c2c564ce9bf4a519f1bea6b0a624a02276443c245854219f\
             abb8d4ce061d255af5330b078d5380681751aa7053da2c98bae898edc218c75f\
             07e24d8802a17cd1f6833b71e58f5eb5b94208b4d0bb3848cecb075ea21be115",
        );
        assert_eq!(verify(&key, &[0; 32], &signature), Ok(()));
        assert_eq!(verify(&key, &[1; 32], &signature), Err(BlsSignatureError::Refuted));
    }

    #[test]
    fn an_aggregate_verifies_in_both_forms() {
        let (a, b) = (Signer::new(1), Signer::new(2));
        let keys = [a.public_key(), b.public_key()];
        let same = aggregate(&[a.sign(MESSAGE), b.sign(MESSAGE)]).unwrap();
        assert_eq!(fast_aggregate_verify(&keys, MESSAGE, &same), Ok(()));
        assert_eq!(fast_aggregate_verify(&keys[..1], MESSAGE, &same), Err(BlsSignatureError::Refuted));
        // A message may occur twice, as possession of the keys is proved.
        let signers = keys.map(|key| (key, MESSAGE));
        assert_eq!(aggregate_verify(&signers, &same), Ok(()));

        let distinct = aggregate(&[a.sign(b"1"), b.sign(b"2")]).unwrap();
        let signers = [(keys[0], &b"1"[..]), (keys[1], b"2")];
        assert_eq!(aggregate_verify(&signers, &distinct), Ok(()));
        let swapped = [(keys[0], &b"2"[..]), (keys[1], b"1")];
        assert_eq!(aggregate_verify(&swapped, &distinct), Err(BlsSignatureError::Refuted));
    }

    #[test]
    fn empty_lists_are_errors_even_for_the_infinite_signature() {
        let empty = Err(BlsSignatureError::Empty);
        assert_eq!(aggregate_verify(&[], &INFINITE_SIGNATURE), empty);
        assert_eq!(fast_aggregate_verify(&[], MESSAGE, &INFINITE_SIGNATURE), empty);
        assert_eq!(aggregate(&[]), Err(BlsSignatureError::Empty));
    }

    #[test]
    fn an_infinite_public_key_is_an_error() {
        let source = PointError::Infinity;
        assert_eq!(
            verify(&INFINITE_KEY, MESSAGE, &INFINITE_SIGNATURE),
            Err(BlsSignatureError::PublicKey { index: 0, source })
        );
        let a = Signer::new(1);
        assert_eq!(
            fast_aggregate_verify(&[a.public_key(), INFINITE_KEY], MESSAGE, &a.sign(MESSAGE)),
            Err(BlsSignatureError::PublicKey { index: 1, source })
        );
    }

    #[test]
    fn keys_that_cancel_out_are_an_error() {
        let key = Signer::new(1).public_key();
        let mut negated = key;
        // This bit of the encoding distinguishes y from -y.
        negated[0] ^= 0x20;
        assert_eq!(
            fast_aggregate_verify(&[key, negated], MESSAGE, &INFINITE_SIGNATURE),
            Err(BlsSignatureError::AggregatePublicKey)
        );
    }

    #[test]
    fn the_infinite_signature_aggregates_but_does_not_verify() {
        let a = Signer::new(1);
        let signature = a.sign(MESSAGE);
        assert_eq!(aggregate(&[signature, INFINITE_SIGNATURE]), Ok(signature));
        assert_eq!(verify(&a.public_key(), MESSAGE, &INFINITE_SIGNATURE), Err(BlsSignatureError::Refuted));
    }

    #[test]
    fn invalid_points_have_distinct_errors() {
        let a = Signer::new(1);
        let (key, signature) = (a.public_key(), a.sign(MESSAGE));
        let source = PointError::NotCanonical;
        assert_eq!(
            verify(&key, MESSAGE, &[0; SIGNATURE_BYTES]),
            Err(BlsSignatureError::Signature { index: 0, source })
        );
        assert_eq!(
            aggregate(&[signature, [0xff; SIGNATURE_BYTES]]),
            Err(BlsSignatureError::Signature { index: 1, source })
        );
        // x = 0 gives a point of order 3.
        let mut of_order_three = [0; PUBLIC_KEY_BYTES];
        of_order_three[0] = 0x80;
        let source = PointError::NotInSubgroup;
        assert_eq!(
            verify(&of_order_three, MESSAGE, &signature),
            Err(BlsSignatureError::PublicKey { index: 0, source })
        );
    }
}
