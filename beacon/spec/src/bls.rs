//! Phase 0, "BLS Signatures": the ciphersuite `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_`, by `outrider-crypto`.
//!
//! The specification refers to draft 3 of the IETF, in which the point at infinity is a valid public key. Vectors rely
//! on it, so this module accepts it.

use outrider_crypto::bls_signature as crypto;
pub use outrider_crypto::{
    bls_signature::{BlsSignatureError, InfiniteKey, PublicKey},
    point::PointError,
};

use crate::types::{BLSPubkey, BLSSignature, Root};

/// Decodes a public key and checks it.
///
/// # Errors
///
/// Fails if the bytes are not a point of the prime-order subgroup.
pub fn decode_pubkey(pubkey: &BLSPubkey) -> Result<PublicKey, PointError> {
    PublicKey::decode(&pubkey.0, InfiniteKey::Accepted)
}

fn decode_signature(signature: &BLSSignature) -> Result<crypto::Signature, BlsSignatureError> {
    crypto::Signature::decode(&signature.0)
        .map_err(|source| BlsSignatureError::Signature { index: 0, source })
}

/// Signs a message. The secret key is big-endian.
///
/// # Errors
///
/// Fails with [`BlsSignatureError::SecretKey`] if it is zero or not below the group's order.
pub fn sign(secret_key: &[u8; 32], message: &[u8]) -> Result<BLSSignature, BlsSignatureError> {
    crypto::sign(secret_key, message).map(BLSSignature::from)
}

/// Returns a secret key's public key.
///
/// # Errors
///
/// Fails with [`BlsSignatureError::SecretKey`] if it is zero or not below the group's order.
pub fn secret_to_public(secret_key: &[u8; 32]) -> Result<BLSPubkey, BlsSignatureError> {
    crypto::secret_to_public(secret_key).map(BLSPubkey::from)
}

/// Adds up signatures.
///
/// # Errors
///
/// Fails if there are none, or if one is malformed.
pub fn aggregate(signatures: &[BLSSignature]) -> Result<BLSSignature, BlsSignatureError> {
    let signatures: Vec<_> = signatures.iter().map(|signature| signature.0).collect();
    crypto::aggregate(&signatures).map(BLSSignature::from)
}

/// Verifies the signature of one message by one key.
///
/// # Errors
///
/// Fails if the signature is malformed or not by this key.
pub fn verify(pubkey: &PublicKey, message: &[u8], signature: &BLSSignature) -> Result<(), BlsSignatureError> {
    aggregate_verify(&[(*pubkey, message)], signature)
}

/// Verifies the aggregate signature of one message by all keys.
///
/// # Errors
///
/// Fails if there are no keys, or if the signature is malformed or not theirs.
pub fn fast_aggregate_verify(
    pubkeys: &[PublicKey],
    message: &[u8],
    signature: &BLSSignature,
) -> Result<(), BlsSignatureError> {
    verify(&PublicKey::sum(pubkeys)?, message, signature)
}

/// Verifies the aggregate signature of a message by each key.
///
/// # Errors
///
/// Fails if there are no keys, or if the signature is malformed or not by them.
pub fn aggregate_verify(
    pairs: &[(PublicKey, &[u8])],
    signature: &BLSSignature,
) -> Result<(), BlsSignatureError> {
    crypto::verify_points(pairs, &decode_signature(signature)?)
}

/// Verifies signatures of one message each at once: [`crypto::batch_verify`].
///
/// # Errors
///
/// Fails if a signature is malformed or not by its key.
pub fn batch_verify(batch: &[(PublicKey, Root, BLSSignature)]) -> Result<(), BlsSignatureError> {
    let batch: Vec<_> =
        batch.iter().map(|(pubkey, message, signature)| (*pubkey, message.as_slice(), signature.0)).collect();
    crypto::batch_verify(&batch)
}

/// Returns the x coordinate of a signature, as the custody game uses it: the real and the imaginary part, each
/// little-endian. This is part of `bls.signature_to_G2`.
///
/// # Errors
///
/// Fails with [`BlsSignatureError::Signature`] if the bytes are not a signature.
pub fn signature_x_coordinate(signature: &BLSSignature) -> Result<[[u8; 48]; 2], BlsSignatureError> {
    let signature = decode_signature(signature)?;
    if signature.is_infinity() {
        // The library behind the specification writes infinity as (1, 1, 0).
        let mut one = [0; 48];
        one[0] = 1;
        return Ok([one, [0; 48]]);
    }
    // Big-endian, the imaginary part first, behind which comes y.
    let bytes = signature.to_uncompressed();
    let part = |range| {
        let mut part = [0; 48];
        let bytes: &[u8] = bytes.get::<std::ops::Range<usize>>(range).unwrap_or_default();
        part.iter_mut().zip(bytes.iter().rev()).for_each(|(to, from)| *to = *from);
        part
    };
    Ok([part(48..96), part(0..48)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use outrider_sim::interop_secret_key;

    #[test]
    fn the_point_at_infinity_has_signed_with_infinity_and_is_not_nobody() {
        let mut infinity = (BLSPubkey::ZERO, BLSSignature::ZERO);
        (infinity.0[0], infinity.1[0]) = (0xc0, 0xc0);
        let pubkey = decode_pubkey(&infinity.0).unwrap();
        assert_eq!(verify(&pubkey, b"anything", &infinity.1), Ok(()));
        assert_eq!(batch_verify(&[(pubkey, Root::ZERO, infinity.1)]), Ok(()));
        let nobody = Err(BlsSignatureError::Empty);
        assert_eq!(fast_aggregate_verify(&[], b"anything", &infinity.1), nobody);
        assert_eq!(aggregate_verify(&[], &infinity.1), nobody);
        let signed = sign(&interop_secret_key(0), b"anything").unwrap();
        assert_eq!(verify(&pubkey, b"anything", &signed), Err(BlsSignatureError::Refuted));
    }
}
