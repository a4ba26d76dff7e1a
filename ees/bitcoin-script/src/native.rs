//! Signatures by libsecp256k1, as the host of an EE verifies them.

use secp256k1::{Message, Parity, PublicKey, Scalar, XOnlyPublicKey, ecdsa, schnorr};

use crate::{Crypto, Hashes};

/// libsecp256k1, for programs that verify scripts outside of an execution environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Native;

impl Hashes for Native {}

impl Crypto for Native {
    fn ecdsa_verify(&self, public_key: &[u8], signature: &[u8; 64], digest: &[u8; 32]) -> bool {
        let Ok(mut signature) = ecdsa::Signature::from_compact(signature) else { return false };
        let Ok(key) = PublicKey::from_slice(public_key) else { return false };
        signature.normalize_s();
        signature.verify(Message::from_digest(*digest), &key).is_ok()
    }

    fn schnorr_verify(&self, public_key: &[u8; 32], signature: &[u8; 64], digest: &[u8; 32]) -> bool {
        XOnlyPublicKey::from_byte_array(*public_key)
            .is_ok_and(|key| schnorr::Signature::from_byte_array(*signature).verify(digest, &key).is_ok())
    }

    fn taproot_tweak_check(
        &self,
        output_key: &[u8; 32],
        output_is_odd: bool,
        internal_key: &[u8; 32],
        tweak: &[u8; 32],
    ) -> bool {
        let parity = if output_is_odd { Parity::Odd } else { Parity::Even };
        let keys =
            (XOnlyPublicKey::from_byte_array(*internal_key), XOnlyPublicKey::from_byte_array(*output_key));
        let (Ok(internal), Ok(output)) = keys else { return false };
        Scalar::from_be_bytes(*tweak).is_ok_and(|tweak| internal.tweak_add_check(&output, parity, tweak))
    }
}
