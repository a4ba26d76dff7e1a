//! Phase 0, "BLS Signatures": the ciphersuite `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_`, by blst.
//!
//! The specification refers to draft 3 of the IETF, in which the point at infinity is a valid public key, and vectors
//! rely on it. blst refuses that key. Its pairing with any point is one, so this module leaves it out of products.

use blst::{
    BLST_ERROR,
    min_pk::{AggregatePublicKey, AggregateSignature, SecretKey, Signature},
};
use sha2::{Digest as _, Sha256};

use crate::types::{BLSPubkey, BLSSignature, Root};

const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// An error of a BLS function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlsError {
    /// The bytes are not a valid public key.
    #[error("the bytes are not a valid public key")]
    Pubkey,
    /// The bytes are not a valid secret key.
    #[error("the bytes are not a valid secret key")]
    SecretKey,
    /// The bytes are not a valid signature.
    #[error("the bytes are not a valid signature")]
    Signature,
    /// The list of keys or signatures is empty.
    #[error("the list of keys or signatures is empty")]
    Nothing,
    /// The signature is for another message or by another key.
    #[error("the signature is for another message or by another key")]
    Mismatch,
}

/// A public key: a point of the prime-order subgroup.
#[derive(Clone, Copy, Debug)]
pub enum PublicKey {
    /// The point at infinity.
    Infinity,
    /// Any other point.
    Finite(blst::min_pk::PublicKey),
}

impl PublicKey {
    /// Decodes a key and checks it.
    ///
    /// # Errors
    ///
    /// Returns [`BlsError::Pubkey`] if the bytes do not encode a point, or encode one of another subgroup.
    pub fn decode(pubkey: &BLSPubkey) -> Result<Self, BlsError> {
        let [first, rest @ ..] = &pubkey.0;
        if *first == 0xc0 && rest.iter().all(|byte| *byte == 0) {
            return Ok(Self::Infinity);
        }
        blst::min_pk::PublicKey::key_validate(pubkey.as_slice()).map(Self::Finite).or(Err(BlsError::Pubkey))
    }

    /// Adds up public keys.
    ///
    /// # Errors
    ///
    /// Returns [`BlsError::Nothing`] if there are none.
    pub fn aggregate<'a>(keys: impl IntoIterator<Item = &'a Self>) -> Result<Self, BlsError> {
        let mut n_keys = 0_usize;
        let mut sum: Option<AggregatePublicKey> = None;
        for key in keys {
            n_keys += 1;
            let Self::Finite(key) = key else { continue };
            match &mut sum {
                Some(sum) => sum.add_public_key(key, false).or(Err(BlsError::Pubkey))?,
                None => sum = Some(AggregatePublicKey::from_public_key(key)),
            }
        }
        if n_keys == 0 {
            return Err(BlsError::Nothing);
        }
        let Some(sum) = sum.map(|sum| sum.to_public_key()) else { return Ok(Self::Infinity) };
        Ok(if sum.validate() == Err(BLST_ERROR::BLST_PK_IS_INFINITY) {
            Self::Infinity
        } else {
            Self::Finite(sum)
        })
    }
}

fn decode_signature(signature: &BLSSignature) -> Result<Signature, BlsError> {
    Signature::sig_validate(signature.as_slice(), false).or(Err(BlsError::Signature))
}

/// Signs a message. The secret key is big-endian.
///
/// # Errors
///
/// Returns [`BlsError::SecretKey`] if it is zero or not below the group's order.
pub fn sign(secret_key: &[u8; 32], message: &[u8]) -> Result<BLSSignature, BlsError> {
    let secret_key = SecretKey::from_bytes(secret_key).or(Err(BlsError::SecretKey))?;
    Ok(BLSSignature::from(secret_key.sign(message, DST, &[]).to_bytes()))
}

/// Returns a secret key's public key.
///
/// # Errors
///
/// Returns [`BlsError::SecretKey`] if it is zero or not below the group's order.
pub fn secret_to_public(secret_key: &[u8; 32]) -> Result<BLSPubkey, BlsError> {
    let secret_key = SecretKey::from_bytes(secret_key).or(Err(BlsError::SecretKey))?;
    Ok(BLSPubkey::from(secret_key.sk_to_pk().to_bytes()))
}

/// Adds up signatures.
///
/// # Errors
///
/// Fails if the list is empty or holds an invalid signature.
pub fn aggregate(signatures: &[BLSSignature]) -> Result<BLSSignature, BlsError> {
    let signatures = signatures.iter().map(decode_signature).collect::<Result<Vec<_>, _>>()?;
    let references: Vec<_> = signatures.iter().collect();
    let sum = AggregateSignature::aggregate(&references, false).or(Err(BlsError::Nothing))?;
    Ok(BLSSignature::from(sum.to_signature().to_bytes()))
}

/// Verifies the signature of one message by one key.
///
/// # Errors
///
/// Fails if the signature is malformed or not by the key.
pub fn verify(pubkey: &PublicKey, message: &[u8], signature: &BLSSignature) -> Result<(), BlsError> {
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
) -> Result<(), BlsError> {
    verify(&PublicKey::aggregate(pubkeys)?, message, signature)
}

/// Verifies the aggregate signature of a message by each key.
///
/// # Errors
///
/// Fails if there are no keys, or if the signature is malformed or not theirs.
pub fn aggregate_verify(pairs: &[(PublicKey, &[u8])], signature: &BLSSignature) -> Result<(), BlsError> {
    if pairs.is_empty() {
        return Err(BlsError::Nothing);
    }
    let signature = decode_signature(signature)?;
    let (pubkeys, messages): (Vec<_>, Vec<_>) = pairs
        .iter()
        .filter_map(|(pubkey, message)| match pubkey {
            PublicKey::Infinity => None,
            PublicKey::Finite(pubkey) => Some((pubkey, *message)),
        })
        .unzip();
    let holds = if pubkeys.is_empty() {
        signature.validate(true) == Err(BLST_ERROR::BLST_PK_IS_INFINITY)
    } else {
        signature.aggregate_verify(false, &messages, DST, &pubkeys, false) == BLST_ERROR::BLST_SUCCESS
    };
    if holds { Ok(()) } else { Err(BlsError::Mismatch) }
}

/// Verifies a batch of signatures at once, as a random linear combination.
///
/// The coefficients derive from a hash of the batch, so that every node gets the same result. Whoever builds the
/// batch can try many; so each coefficient has 128 bits.
///
/// # Errors
///
/// Fails if any signature is malformed or not by its key; the error does not say which one.
pub fn batch_verify(batch: &[(PublicKey, Root, BLSSignature)]) -> Result<(), BlsError> {
    let mut finite = Vec::with_capacity(batch.len());
    for (pubkey, message, signature) in batch {
        match pubkey {
            PublicKey::Infinity => verify(pubkey, message.as_slice(), signature)?,
            PublicKey::Finite(pubkey) => {
                finite.push((pubkey, message.as_slice(), decode_signature(signature)?))
            }
        }
    }
    if finite.is_empty() {
        return Ok(());
    }
    let pubkeys: Vec<_> = finite.iter().map(|(pubkey, ..)| *pubkey).collect();
    let messages: Vec<_> = finite.iter().map(|(_, message, _)| *message).collect();
    let signatures: Vec<_> = finite.iter().map(|(.., signature)| signature).collect();
    let outcome = Signature::verify_multiple_aggregate_signatures(
        &messages,
        DST,
        &pubkeys,
        false,
        &signatures,
        false,
        &randomizers(batch, finite.len()),
        RANDOM_BITS,
    );
    if outcome == BLST_ERROR::BLST_SUCCESS { Ok(()) } else { Err(BlsError::Mismatch) }
}

/// The size of a coefficient, in bits.
const RANDOM_BITS: usize = 128;

/// Derives non-zero coefficients from a batch.
fn randomizers(batch: &[(PublicKey, Root, BLSSignature)], n: usize) -> Vec<blst::blst_scalar> {
    let mut hasher = Sha256::new();
    for (pubkey, message, signature) in batch {
        if let PublicKey::Finite(pubkey) = pubkey {
            hasher.update(pubkey.to_bytes());
        }
        hasher.update(message);
        hasher.update(signature);
    }
    let seed = hasher.finalize();
    (0..n)
        .map(|number| {
            let hash = Sha256::new().chain_update(seed).chain_update(number.to_le_bytes()).finalize();
            let mut scalar = blst::blst_scalar::default();
            let random = hash.iter().take(RANDOM_BITS / 8);
            scalar.b.iter_mut().zip(random).for_each(|(byte, random)| *byte = *random);
            if let Some(low) = scalar.b.first_mut() {
                *low |= 1;
            }
            scalar
        })
        .collect()
}

/// Returns the x coordinate of a signature, as the custody game uses it: the real and the imaginary part, each
/// little-endian. This is part of `bls.signature_to_G2`.
///
/// # Errors
///
/// Returns [`BlsError::Signature`] if the bytes are not a valid signature.
pub fn signature_x_coordinate(signature: &BLSSignature) -> Result<[[u8; 48]; 2], BlsError> {
    let signature = decode_signature(signature)?;
    if signature.validate(true) == Err(BLST_ERROR::BLST_PK_IS_INFINITY) {
        // The library behind the specification represents infinity as (1, 1, 0).
        let mut one = [0; 48];
        one[0] = 1;
        return Ok([one, [0; 48]]);
    }
    // blst writes x, then y, big-endian and imaginary part first.
    let bytes = signature.serialize();
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
    use num_bigint::BigUint;

    use super::*;
    use outrider_sim::interop_secret_key;

    type Batch = Vec<(PublicKey, Root, BLSSignature)>;

    fn secret(index: u64) -> [u8; 32] {
        interop_secret_key(index)
    }

    fn signed(index: u64) -> (PublicKey, Root, BLSSignature) {
        let message = Root::with_last_byte(u8::try_from(index).unwrap());
        let pubkey = PublicKey::decode(&secret_to_public(&secret(index)).unwrap()).unwrap();
        (pubkey, message, sign(&secret(index), message.as_slice()).unwrap())
    }

    #[track_caller]
    fn check(damage: impl FnOnce(&mut Batch), expected: Result<(), BlsError>) {
        let mut batch: Batch = (0..5).map(signed).collect();
        damage(&mut batch);
        assert_eq!(batch_verify(&batch), expected);
        let each = batch
            .iter()
            .try_for_each(|(pubkey, message, signature)| verify(pubkey, message.as_slice(), signature));
        assert_eq!(each, expected, "one by one");
    }

    /// Returns the point at infinity, compressed.
    fn infinity() -> BLSSignature {
        let mut infinity = BLSSignature::ZERO;
        infinity.0[0] = 0xc0;
        infinity
    }

    #[test]
    fn batches_are_valid_if_each_signature_is() {
        check(|_| (), Ok(()));
        check(|batch| batch.clear(), Ok(()));
        check(|batch| batch[2].1 = Root::ZERO, Err(BlsError::Mismatch));
        check(|batch| batch[2].2 = batch[3].2, Err(BlsError::Mismatch));
        check(|batch| batch[2].2 = infinity(), Err(BlsError::Mismatch));
        check(|batch| batch[2].2 = BLSSignature::ZERO, Err(BlsError::Signature));
        check(|batch| batch[2].0 = PublicKey::Infinity, Err(BlsError::Mismatch));
        check(|batch| (batch[2].0, batch[2].2) = (PublicKey::Infinity, infinity()), Ok(()));
    }

    #[test]
    fn errors_that_cancel_each_other_out_are_noticed() {
        let order = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
        let order = BigUint::parse_bytes(order.as_bytes(), 16).unwrap();
        let negated = order - BigUint::from_bytes_be(&secret(9));
        let negated: [u8; 32] = negated.to_bytes_be().try_into().unwrap();
        let [error, opposite] = [secret(9), negated].map(|secret| sign(&secret, b"error").unwrap());
        assert_eq!(aggregate(&[error, opposite]), Ok(infinity()));
        check(
            |batch| {
                batch[1].2 = aggregate(&[batch[1].2, error]).unwrap();
                batch[3].2 = aggregate(&[batch[3].2, opposite]).unwrap();
            },
            Err(BlsError::Mismatch),
        );
    }

    #[test]
    fn keys_that_add_up_to_infinity_have_signed_with_infinity() {
        let (pubkey, message, _) = signed(0);
        let mut opposite = secret_to_public(&secret(0)).unwrap();
        // The sign of y.
        opposite.0[0] ^= 0x20;
        let opposite = PublicKey::decode(&opposite).unwrap();
        let keys = [pubkey, opposite];
        assert!(matches!(PublicKey::aggregate(&keys), Ok(PublicKey::Infinity)));
        assert_eq!(fast_aggregate_verify(&keys, message.as_slice(), &infinity()), Ok(()));
        assert_eq!(fast_aggregate_verify(&[], message.as_slice(), &infinity()), Err(BlsError::Nothing));
    }
}
