//! Keys of P-256.

use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};

/// A secret key of P-256, which is secp256r1, for [`p256_verify`](crate::crypto::p256_verify).
#[derive(Clone, Debug)]
pub struct P256Key(SigningKey);

impl P256Key {
    /// Makes a key from a secret: a number, big-endian.
    ///
    /// # Panics
    ///
    /// Panics if the number is zero or not below the group order.
    pub fn new(secret: &[u8; 32]) -> P256Key {
        let key = SigningKey::from_slice(secret);
        P256Key(key.expect("the secret is a number from 1 to below the group order"))
    }

    /// Returns the public key, `x || y`.
    pub fn public_key(&self) -> [u8; 64] {
        let point = self.0.verifying_key().to_encoded_point(false);
        let mut key = [0; 64];
        key.copy_from_slice(point.as_bytes().get(1..).expect("a point that is not compressed has 65 bytes"));
        key
    }

    /// Signs a digest by ECDSA, with the nonce of [RFC 6979]: `r || s`.
    ///
    /// [RFC 6979]: https://www.rfc-editor.org/rfc/rfc6979
    pub fn sign(&self, digest: &[u8; 32]) -> [u8; 64] {
        let signature: Signature = self.0.sign_prehash(digest).expect("a digest of 32 bytes can be signed");
        signature.to_bytes().into()
    }
}
