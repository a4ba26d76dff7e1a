//! Signatures over secp256k1: ECDSA as Ethereum and Bitcoin use it, and Schnorr; and tweaks of its keys.

use super::{CheckError, HOLDS, REFUTED, checked};
use crate::imports::crypto as imports;

/// Recovers the public key, `x || y`, that made the ECDSA signature `r || s` of a digest.
///
/// The rules are those of the EVM's `ecrecover` ([Yellow Paper], appendix E): the recovery id, the EVM's `v - 27`, is 0
/// or 1, and `s` may be in the upper half of its range, which [EIP-2] forbids for transactions but not for `ecrecover`.
/// The address is the last 20 bytes of the [`keccak256`](super::keccak256) of the key.
///
/// # Errors
///
/// Fails if the signature is malformed, or if no key recovers from it.
///
/// [Yellow Paper]: https://ethereum.github.io/yellowpaper/paper.pdf
/// [EIP-2]: https://eips.ethereum.org/EIPS/eip-2
pub fn secp256k1_recover(
    digest: &[u8; 32],
    signature: &[u8; 64],
    recovery_id: u8,
) -> Result<[u8; 64], RecoverError> {
    let mut key = [0; 64];
    match imports::secp256k1_recover(digest, signature, recovery_id, &mut key) {
        HOLDS => Ok(key),
        REFUTED => Err(RecoverError::NoKey),
        _ => Err(RecoverError::Malformed),
    }
}

/// Verifies the ECDSA signature `r || s` of a digest under a public key of 33 or 65 bytes ([SEC 1]).
///
/// The rules are those of Bitcoin's consensus: `s` may be in the upper half of its range, because [low s] is a relay
/// rule, and a key of 65 bytes may have the hybrid form (first byte 6 or 7) or the uncompressed one (4). Decoding DER,
/// strictly or not, is up to the EE.
///
/// # Errors
///
/// Fails with [`CheckError::Malformed`] if the key is malformed, or if `r` or `s` is not below the group order.
///
/// [SEC 1]: https://www.secg.org/sec1-v2.pdf
/// [low s]: https://github.com/bitcoin/bips/blob/master/bip-0146.mediawiki
pub fn secp256k1_verify(
    digest: &[u8; 32],
    signature: &[u8; 64],
    public_key: &[u8],
) -> Result<(), CheckError> {
    checked(imports::secp256k1_verify(digest, signature, public_key))
}

/// Verifies the Schnorr signature ([BIP-340]) of a message of any length under an x-only public key.
///
/// # Errors
///
/// Fails with [`CheckError::Malformed`] if the key is malformed; a signature out of range is [`CheckError::Refuted`].
///
/// [BIP-340]: https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki
pub fn schnorr_verify(message: &[u8], signature: &[u8; 64], public_key: &[u8; 32]) -> Result<(), CheckError> {
    checked(imports::schnorr_verify(message, signature, public_key))
}

/// Checks that `internal_key + tweak * G` is the point of the x-only key `tweaked_key` whose y has the parity, 1 for odd
/// ([BIP-341]). The internal key is x-only, too, and its y even. The tweak is a number below the group order, big-endian.
///
/// # Errors
///
/// Fails with [`CheckError::Malformed`] if the parity is neither 0 nor 1, if the internal key is no x coordinate of the
/// curve, or if the tweak is not below the group order. A tweaked key that is no x coordinate is
/// [`CheckError::Refuted`], and so is a sum at infinity.
///
/// [BIP-341]: https://github.com/bitcoin/bips/blob/master/bip-0341.mediawiki
pub fn secp256k1_xonly_tweak_add_check(
    tweaked_key: &[u8; 32],
    tweaked_parity: u8,
    internal_key: &[u8; 32],
    tweak: &[u8; 32],
) -> Result<(), CheckError> {
    checked(imports::secp256k1_xonly_tweak_add_check(tweaked_key, tweaked_parity, internal_key, tweak))
}

/// The reason for which no public key recovers from a signature. The signature's author is at fault.
///
/// The EVM's `ecrecover` does not distinguish the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// No key makes this signature valid.
    #[error("no public key recovers from the signature")]
    NoKey,
    /// `r` or `s` is not below the group order, or the recovery id neither 0 nor 1.
    #[error("the signature is malformed")]
    Malformed,
}
