//! Signing.

use blst::min_pk::SecretKey;

use super::{BlsSignatureError, CIPHERSUITE, PUBLIC_KEY_BYTES, SIGNATURE_BYTES};

/// Length of a secret key.
pub const SECRET_KEY_BYTES: usize = 32;

/// Signs a message by a secret key, which is big-endian.
///
/// # Errors
///
/// `SecretKey` if the key is zero or not below the order of the group.
pub fn sign(
    secret_key: &[u8; SECRET_KEY_BYTES],
    message: &[u8],
) -> Result<[u8; SIGNATURE_BYTES], BlsSignatureError> {
    Ok(decode(secret_key)?.sign(message, CIPHERSUITE, &[]).to_bytes())
}

/// Returns a secret key's public key.
///
/// # Errors
///
/// `SecretKey` if the key is zero or not below the order of the group.
pub fn secret_to_public(
    secret_key: &[u8; SECRET_KEY_BYTES],
) -> Result<[u8; PUBLIC_KEY_BYTES], BlsSignatureError> {
    Ok(decode(secret_key)?.sk_to_pk().to_bytes())
}

fn decode(secret_key: &[u8; SECRET_KEY_BYTES]) -> Result<SecretKey, BlsSignatureError> {
    SecretKey::from_bytes(secret_key).map_err(|_| BlsSignatureError::SecretKey)
}
