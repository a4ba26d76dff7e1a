//! Signatures and keys, verified by the host, and hashes.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use outrider_bitcoin_script::{Crypto, Hashes};
use outrider_sdk::crypto;

/// The host, by the imports of module `crypto`.
pub(crate) struct Host;

impl Crypto for Host {
    fn ecdsa_verify(&self, public_key: &[u8], signature: &[u8; 64], digest: &[u8; 32]) -> bool {
        crypto::secp256k1_verify(digest, signature, public_key).is_ok()
    }

    fn schnorr_verify(&self, public_key: &[u8; 32], signature: &[u8; 64], digest: &[u8; 32]) -> bool {
        crypto::schnorr_verify(digest, signature, public_key).is_ok()
    }

    fn taproot_tweak_check(
        &self,
        output_key: &[u8; 32],
        output_is_odd: bool,
        internal_key: &[u8; 32],
        tweak: &[u8; 32],
    ) -> bool {
        let parity = output_is_odd.into();
        crypto::secp256k1_xonly_tweak_add_check(output_key, parity, internal_key, tweak).is_ok()
    }
}

impl Hashes for Host {
    fn sha256(&self, bytes: &[u8]) -> [u8; 32] {
        crypto::sha256(bytes)
    }

    fn ripemd160(&self, bytes: &[u8]) -> [u8; 20] {
        crypto::ripemd160(bytes)
    }
}

/// Returns the RIPEMD-160 of the SHA-256, as scripts have it of keys and scripts.
pub(crate) fn hash160(bytes: &[u8]) -> [u8; 20] {
    crypto::ripemd160(&crypto::sha256(bytes))
}
