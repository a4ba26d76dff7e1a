//! Keys of BLS signatures.

use blst::min_pk::SecretKey;

/// A secret key of the beacon chain's BLS signatures, in the scheme of [`bls_verify`](crate::crypto::bls_verify).
#[derive(Clone, Debug)]
pub struct BlsKey(SecretKey);

impl BlsKey {
    /// Makes a key from a secret: a number, big-endian.
    ///
    /// # Panics
    ///
    /// Panics if the number is zero or not below the group order.
    pub fn new(secret: &[u8; 32]) -> BlsKey {
        BlsKey(SecretKey::from_bytes(secret).expect("the secret is a number from 1 to below the group order"))
    }

    /// Makes a key from any seed: `KeyGen` of the [IETF draft], without key information.
    ///
    /// [IETF draft]: https://datatracker.ietf.org/doc/draft-irtf-cfrg-bls-signature/
    pub fn of_seed(seed: &[u8; 32]) -> BlsKey {
        BlsKey(SecretKey::key_gen(seed, &[]).expect("a seed of 32 bytes is long enough"))
    }

    /// Returns the public key: a point of G1, compressed.
    pub fn public_key(&self) -> [u8; 48] {
        self.0.sk_to_pk().compress()
    }

    /// Signs a message: a point of G2, compressed. [`bls_aggregate`](crate::crypto::bls_aggregate) sums up several of them.
    pub fn sign(&self, message: &[u8]) -> [u8; 96] {
        self.0.sign(message, CIPHERSUITE, &[]).compress()
    }
}

/// The tag of the consensus specs.
const CIPHERSUITE: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
