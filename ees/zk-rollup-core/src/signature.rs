//! Schnorr signatures on Jubjub, with Poseidon as the hash.
//!
//! A signature is a pair (`e`, `s`). With the public key `A` and the generator `G`, it is valid if
//!
//! ```text
//! e = low 128 bits of compress(R.y, A.y, message, domain),  where  R = s G - c A  and  c = 2^128 + 2 e + 1.
//! ```
//!
//! The message is one element, and so is the domain, by which a signature for one rollup is none for another. The
//! factor is `c` instead of `e` so that a circuit, starting at `2 A`, doubles and adds or subtracts `A` in every step, and
//! never meets a special case. A hash whose high bits are all those of the field's order makes no challenge (one in 2^127):
//! without these, a circuit finds the low bits with a comparison of half the length.
//!
//! As in [BIP-340], one coordinate of `R` is hashed, so `R` and `-R` have the same challenge.
//!
//! [BIP-340]: https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki

use ark_ec::CurveGroup;
use ark_ff::{BigInt, PrimeField};

use crate::curve::{self, GENERATOR, SCALAR_BYTES, Scalar};
use crate::field::{self, Fr, NotCanonicalError};
use crate::key::{PublicKey, SecretKey, reduce};
use crate::poseidon::compress;
use crate::transfer::PACKED_BITS;

/// Length of a signature, in bytes.
pub const SIGNATURE_BYTES: usize = CHALLENGE_BYTES + SCALAR_BYTES;

/// The number of bits of a challenge.
pub const CHALLENGE_BITS: u32 = 128;

/// The message that is signed, as one element: its kind, times 2^248, plus 248 bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Message(Fr);

/// The kind of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Kind {
    /// It authorises a transfer.
    Transfer = 1,
    /// It authorises an exit.
    Exit = 2,
    /// It authorises a section of the operator.
    Section = 3,
}

/// A signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Signature {
    /// The challenge `e`.
    pub challenge: u128,
    /// The response `s`.
    pub response: Scalar,
}

/// A signature that is not the key's for the message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the signature is not the key's for this message and domain")]
pub struct SignatureError;

impl Message {
    /// Returns the message of a kind that consists of a hash, of which it has the first 31 bytes.
    pub fn of_hash(kind: Kind, hash: &[u8; 32]) -> Message {
        let mut bytes = [0; 32];
        let (_, content) = bytes.split_at_mut(1);
        content.copy_from_slice(&hash[..31]);
        Message::of_element(kind, Fr::from_be_bytes_mod_order(&bytes))
    }

    /// Returns the message that authorises a transfer: its 96 bits, below the sender's nonce.
    pub fn of_transfer(packed: u128, nonce: u64) -> Message {
        let nonce = Fr::from(nonce) * field::power_of_two(PACKED_BITS);
        Message::of_element(Kind::Transfer, nonce + Fr::from(packed))
    }

    /// Returns the message of a kind that consists of an element, which is below 2^248 in honest hands.
    pub fn of_element(kind: Kind, element: Fr) -> Message {
        Message(Fr::from(kind as u8) * field::power_of_two(KIND_SHIFT) + element)
    }

    /// Returns the message as an element.
    pub fn element(&self) -> Fr {
        self.0
    }
}

impl Signature {
    /// Signs a message. The nonce is a hash of the secret key, the message and the domain.
    pub fn sign(secret: &SecretKey, message: &Message, domain: &Fr) -> Signature {
        let key_y = secret.public_key().y();
        let secret_element = field::from_bytes(&secret.to_bytes()).unwrap_or_default();
        (0_u64..)
            .find_map(|attempt| {
                let tag = Fr::from(NONCE_TAG + (attempt << 8));
                let nonce = reduce(&compress([message.0, secret_element, *domain, tag]));
                let commitment = (GENERATOR * nonce).into_affine();
                let challenge = challenge(&commitment.y, &key_y, message, domain)?;
                Some(Signature { challenge, response: nonce + factor(challenge) * secret.scalar() })
            })
            .unwrap_or_else(|| unreachable!("a hash is no challenge with a probability of 2^-127"))
    }

    /// Verifies the signature.
    ///
    /// # Errors
    ///
    /// Returns [`SignatureError`] if it is not the key's for this message and domain.
    pub fn verify(&self, key: &PublicKey, message: &Message, domain: &Fr) -> Result<(), SignatureError> {
        let commitment = (GENERATOR * self.response - key.point() * factor(self.challenge)).into_affine();
        match challenge(&commitment.y, &key.y(), message, domain) {
            Some(challenge) if challenge == self.challenge => Ok(()),
            Some(_) | None => Err(SignatureError),
        }
    }

    /// Returns the 48 bytes of the signature: the challenge, then the response, both big-endian.
    pub fn to_bytes(&self) -> [u8; SIGNATURE_BYTES] {
        let mut bytes = [0; SIGNATURE_BYTES];
        let (challenge, response) = bytes.split_at_mut(CHALLENGE_BYTES);
        challenge.copy_from_slice(&self.challenge.to_be_bytes());
        response.copy_from_slice(&curve::scalar_to_bytes(&self.response));
        bytes
    }

    /// Returns the signature with these 48 bytes.
    ///
    /// # Errors
    ///
    /// Returns [`NotCanonicalError`] if the response is not below the order of the subgroup.
    pub fn from_bytes(bytes: &[u8; SIGNATURE_BYTES]) -> Result<Signature, NotCanonicalError> {
        let (mut challenge, mut response) = ([0; CHALLENGE_BYTES], [0; SCALAR_BYTES]);
        challenge.copy_from_slice(&bytes[..CHALLENGE_BYTES]);
        response.copy_from_slice(&bytes[CHALLENGE_BYTES..]);
        Ok(Signature {
            challenge: u128::from_be_bytes(challenge),
            response: curve::scalar_from_bytes(&response)?,
        })
    }
}

/// Returns the challenge of a signature, from the y coordinates of the commitment `R` and of the key; `None` if the high
/// 127 bits of the hash are those of the field's order.
pub fn challenge(commitment_y: &Fr, key_y: &Fr, message: &Message, domain: &Fr) -> Option<u128> {
    let hash = compress([*commitment_y, *key_y, message.0, *domain]).into_bigint();
    let (low, high) = halves(&hash);
    let (_, high_of_order) = halves(&Fr::MODULUS);
    (high < high_of_order).then_some(low)
}

/// Returns the factor `c` of the key, from the challenge.
pub fn factor(challenge: u128) -> Scalar {
    let two_to_128 = Scalar::from(u128::MAX) + Scalar::from(1_u8);
    two_to_128 + Scalar::from(challenge) + Scalar::from(challenge) + Scalar::from(1_u8)
}

/// Returns the low and the high 128 bits of an integer.
pub fn halves(integer: &BigInt<4>) -> (u128, u128) {
    let [a, b, c, d] = integer.0.map(u128::from);
    (a | b << 64, c | d << 64)
}

/// Length of a challenge, in bytes.
const CHALLENGE_BYTES: usize = 16;

/// The place of the kind in a message, in bits.
pub const KIND_SHIFT: u32 = 248;

/// The last lane of the hash that makes a nonce, but for the number of the attempt above it.
const NONCE_TAG: u64 = 6;
