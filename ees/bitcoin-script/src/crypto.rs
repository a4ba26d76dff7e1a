//! Signatures, keys and hashes, which an execution environment leaves to its host.

use bitcoin_hashes::{ripemd160, sha256};

/// Verifies what scripts claim about keys of secp256k1.
///
/// Each answer about a key is a boolean and not an error, because a script goes on with it: `OP_CHECKSIG` pushes it. A
/// malformed key or signature is a claim that does not hold. All functions must be total and deterministic.
pub trait Crypto: Hashes {
    /// Returns whether `r || s` is an ECDSA signature of the digest under a key of 33 or 65 bytes.
    ///
    /// `s` may be in the upper half of the range, and a key of 65 bytes in the hybrid form (first byte 6 or 7). The
    /// import `crypto.secp256k1Verify` has these rules. Keys of other lengths are not given.
    fn ecdsa_verify(&self, public_key: &[u8], signature: &[u8; 64], digest: &[u8; 32]) -> bool;

    /// Returns whether the signature is a BIP 340 signature of the digest under an x-only key.
    fn schnorr_verify(&self, public_key: &[u8; 32], signature: &[u8; 64], digest: &[u8; 32]) -> bool;

    /// Returns whether the internal key plus `tweak * G` is the point of the output key whose y is odd if
    /// `output_is_odd` (BIP 341).
    ///
    /// The claim does not hold if the internal key is not on the curve, or the tweak is not below the group order.
    fn taproot_tweak_check(
        &self,
        output_key: &[u8; 32],
        output_is_odd: bool,
        internal_key: &[u8; 32],
        tweak: &[u8; 32],
    ) -> bool;
}

/// Computes the hashes of transactions and scripts; all but SHA-1, which hardly any script uses.
pub trait Hashes {
    /// Returns the SHA-256 of the bytes.
    fn sha256(&self, bytes: &[u8]) -> [u8; 32] {
        sha256::Hash::hash(bytes).to_byte_array()
    }

    /// Returns the RIPEMD-160 of the bytes.
    fn ripemd160(&self, bytes: &[u8]) -> [u8; 20] {
        ripemd160::Hash::hash(bytes).to_byte_array()
    }
}

/// Computes hashes by code of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Software;

impl Hashes for Software {}
