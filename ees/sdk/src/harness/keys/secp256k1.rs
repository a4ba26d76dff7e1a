//! Keys of secp256k1.

use outrider_witness::{Hasher as _, Keccak256};
use secp256k1::{Keypair, Message, SecretKey, ecdsa::RecoverableSignature, schnorr};

/// A secret key of secp256k1, which signs by ECDSA, as Ethereum and Bitcoin do, and by Schnorr.
#[derive(Clone, Debug)]
pub struct Secp256k1Key(SecretKey);

impl Secp256k1Key {
    /// Makes a key from a secret: a number, big-endian.
    ///
    /// # Panics
    ///
    /// Panics if the number is zero or not below the group order.
    pub fn new(secret: &[u8; 32]) -> Secp256k1Key {
        let key = SecretKey::from_secret_bytes(*secret);
        Secp256k1Key(key.expect("the secret is a number from 1 to below the group order"))
    }

    /// Returns the public key, `x || y`, as [`secp256k1_recover`](crate::crypto::secp256k1_recover) does.
    pub fn public_key(&self) -> [u8; 64] {
        let [_, key @ ..] = self.0.public_key().serialize_uncompressed();
        key
    }

    /// Returns the public key of 33 bytes for [`secp256k1_verify`](crate::crypto::secp256k1_verify).
    pub fn compressed_public_key(&self) -> [u8; 33] {
        self.0.public_key().serialize()
    }

    /// Returns the x-only public key for [`schnorr_verify`](crate::crypto::schnorr_verify).
    pub fn x_only_public_key(&self) -> [u8; 32] {
        self.0.x_only_public_key().0.to_byte_array()
    }

    /// Returns Ethereum's address of the key's owner: the last 20 bytes of the Keccak-256 of the public key.
    pub fn address(&self) -> [u8; 20] {
        let hash = Keccak256::hash(&self.public_key()).0;
        *hash.last_chunk().expect("a hash has more than 20 bytes")
    }

    /// Signs a digest by ECDSA, with the nonce of [RFC 6979] and `s` in the lower half of its range. Returns `r || s`
    /// and the recovery id, the EVM's `v - 27`.
    ///
    /// [RFC 6979]: https://www.rfc-editor.org/rfc/rfc6979
    pub fn sign(&self, digest: &[u8; 32]) -> ([u8; 64], u8) {
        let message = Message::from_digest(*digest);
        let (recovery_id, signature) =
            RecoverableSignature::sign_ecdsa_recoverable(message, &self.0).serialize_compact();
        (signature, recovery_id.to_u8())
    }

    /// Signs a message of any length by Schnorr ([BIP-340]), with 32 zeros for auxiliary randomness.
    ///
    /// [BIP-340]: https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki
    pub fn sign_schnorr(&self, message: &[u8]) -> [u8; 64] {
        let keypair = Keypair::from_secret_key(&self.0);
        schnorr::sign_with_aux_rand(message, &keypair, &[0; 32]).to_byte_array()
    }
}
