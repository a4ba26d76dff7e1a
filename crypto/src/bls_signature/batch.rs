//! Many signatures at once.

use blst::{BLST_ERROR, min_pk};
use sha2::{Digest as _, Sha256};

use super::{BlsSignatureError, CIPHERSUITE, PublicKey, SIGNATURE_BYTES, Signature, verify_points};

/// The size of a batch's random numbers.
const RANDOM_BITS: usize = 128;

/// Verifies signatures of one message each at once: their sum, each times a random number.
///
/// The numbers are the hash of all that is verified, so that every node comes to the same end. As whoever makes the
/// batch can try out as many as they like, the numbers have 128 bits.
///
/// # Errors
///
/// `Refuted` if any of the signatures is not by its key, or `Signature` if one is invalid; of several, which one is told is
/// not to be relied on.
pub fn batch_verify(batch: &[(PublicKey, &[u8], [u8; SIGNATURE_BYTES])]) -> Result<(), BlsSignatureError> {
    let mut finite = Vec::with_capacity(batch.len());
    for (index, (key, message, signature)) in batch.iter().enumerate() {
        let signature =
            Signature::decode(signature).map_err(|source| BlsSignatureError::Signature { index, source })?;
        match key.finite() {
            Some(key) => finite.push((key, *message, signature)),
            None => verify_points(&[(*key, message)], &signature)?,
        }
    }
    if finite.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = finite.iter().map(|(key, ..)| *key).collect();
    let messages: Vec<_> = finite.iter().map(|(_, message, _)| *message).collect();
    let signatures: Vec<_> = finite.iter().map(|(.., signature)| &signature.0).collect();
    let outcome = min_pk::Signature::verify_multiple_aggregate_signatures(
        &messages,
        CIPHERSUITE,
        &keys,
        false,
        &signatures,
        false,
        &randomizers(batch, finite.len()),
        RANDOM_BITS,
    );
    if outcome == BLST_ERROR::BLST_SUCCESS { Ok(()) } else { Err(BlsSignatureError::Refuted) }
}

/// Derives random numbers other than zero from a batch. Of a message goes in its length, too, so that no two batches are
/// hashed alike.
fn randomizers(batch: &[(PublicKey, &[u8], [u8; SIGNATURE_BYTES])], n: usize) -> Vec<blst::blst_scalar> {
    let mut hasher = Sha256::new();
    for (key, message, signature) in batch {
        hasher.update(key.to_bytes());
        hasher.update((message.len() as u64).to_le_bytes());
        hasher.update(message);
        hasher.update(signature);
    }
    let seed = hasher.finalize();
    (0..n as u64)
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

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;

    use super::*;
    use crate::{
        bls_signature::{InfiniteKey, aggregate, secret_to_public, sign},
        point::PointError,
    };

    type Batch = Vec<(PublicKey, &'static [u8], [u8; SIGNATURE_BYTES])>;

    const MESSAGES: [&[u8]; 5] = [b"0", b"1", b"2", b"3", b"4"];
    const INFINITE_SIGNATURE: [u8; SIGNATURE_BYTES] = {
        let mut signature = [0; SIGNATURE_BYTES];
        signature[0] = 0xc0;
        signature
    };

    /// The batch of five signers, damaged, is judged as its signatures are one by one.
    #[track_caller]
    fn check(damage: impl FnOnce(&mut Batch), expected: Result<(), BlsSignatureError>) {
        let mut batch: Batch = (1_u8..)
            .zip(MESSAGES)
            .map(|(seed, message)| {
                let key = secret_to_public(&[seed; 32]).unwrap();
                let key = PublicKey::decode(&key, InfiniteKey::Refused).unwrap();
                (key, message, sign(&[seed; 32], message).unwrap())
            })
            .collect();
        damage(&mut batch);
        assert_eq!(batch_verify(&batch), expected);
        let each = batch.iter().enumerate().try_for_each(|(index, (key, message, signature))| {
            let signature = Signature::decode(signature)
                .map_err(|source| BlsSignatureError::Signature { index, source })?;
            verify_points(&[(*key, *message)], &signature)
        });
        assert_eq!(each, expected, "one by one");
    }

    #[test]
    fn batches_are_valid_if_each_signature_is() {
        let refuted = Err(BlsSignatureError::Refuted);
        check(|_| (), Ok(()));
        check(Vec::clear, Ok(()));
        check(|batch| batch[2].1 = b"another", refuted);
        check(|batch| batch[2].2 = batch[3].2, refuted);
        check(|batch| batch[2].2 = INFINITE_SIGNATURE, refuted);
        let malformed = BlsSignatureError::Signature { index: 2, source: PointError::NotCanonical };
        check(|batch| batch[2].2 = [0; SIGNATURE_BYTES], Err(malformed));
        check(|batch| batch[2].0 = PublicKey::INFINITY, refuted);
        check(|batch| (batch[2].0, batch[2].2) = (PublicKey::INFINITY, INFINITE_SIGNATURE), Ok(()));
    }

    #[test]
    fn errors_that_cancel_each_other_out_are_noticed() {
        let order = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
        let order = BigUint::parse_bytes(order.as_bytes(), 16).unwrap();
        let secret = [9; 32];
        let negated: [u8; 32] = (order - BigUint::from_bytes_be(&secret)).to_bytes_be().try_into().unwrap();
        let [error, opposite] = [secret, negated].map(|secret| sign(&secret, b"error").unwrap());
        assert_eq!(aggregate(&[error, opposite]), Ok(INFINITE_SIGNATURE));
        check(
            |batch| {
                batch[1].2 = aggregate(&[batch[1].2, error]).unwrap();
                batch[3].2 = aggregate(&[batch[3].2, opposite]).unwrap();
            },
            Err(BlsSignatureError::Refuted),
        );
    }
}
