//! BLS signatures as the beacon chain uses them: the proof-of-possession scheme of the [IETF draft].
//!
//! [IETF draft]: https://datatracker.ietf.org/doc/draft-irtf-cfrg-bls-signature/

use super::{CheckError, MalformedError, checked, computed};
use crate::imports::crypto as imports;

/// Verifies a BLS signature of a message by one signer: `CoreVerify` of the [IETF draft], with the ciphersuite of
/// the consensus specs, `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_`.
///
/// A public key is a point of G1 and a signature one of G2, both compressed. Where signatures are aggregated, the
/// scheme is secure only among keys whose owners have proved possession. On the beacon chain, the signature of a
/// deposit is this proof; an EE has to ensure it itself.
///
/// # Errors
///
/// Fails with [`CheckError::Malformed`] if key or signature is not an encoded point of the prime-order subgroup, or if
/// the key is the point at infinity.
///
/// [IETF draft]: https://datatracker.ietf.org/doc/draft-irtf-cfrg-bls-signature/
pub fn bls_verify(public_key: &[u8; 48], message: &[u8], signature: &[u8; 96]) -> Result<(), CheckError> {
    checked(imports::bls_verify(public_key, message, signature))
}

/// Verifies an aggregate signature by several signers of one message: `FastAggregateVerify` of the [IETF draft],
/// the check of an attestation.
///
/// # Errors
///
/// Fails with [`CheckError::Malformed`] as [`bls_verify`] does, and if there are no keys, or if they sum up to the
/// point at infinity.
///
/// [IETF draft]: https://datatracker.ietf.org/doc/draft-irtf-cfrg-bls-signature/
pub fn bls_fast_aggregate_verify(
    public_keys: &[[u8; 48]],
    message: &[u8],
    signature: &[u8; 96],
) -> Result<(), CheckError> {
    checked(imports::bls_fast_aggregate_verify(public_keys, message, signature))
}

/// Verifies an aggregate signature by several signers, each a public key and the 32-byte message that it signs:
/// `AggregateVerify` of the [IETF draft].
///
/// # Errors
///
/// Fails with [`CheckError::Malformed`] as [`bls_verify`] does, and if there are no signers.
///
/// [IETF draft]: https://datatracker.ietf.org/doc/draft-irtf-cfrg-bls-signature/
pub fn bls_aggregate_verify(
    signers: &[([u8; 48], [u8; 32])],
    signature: &[u8; 96],
) -> Result<(), CheckError> {
    checked(imports::bls_aggregate_verify(signers, signature))
}

/// Sums up signatures: `Aggregate` of the [IETF draft]. The point at infinity is a valid signature here, as an empty
/// sum.
///
/// # Errors
///
/// Fails if a signature is not an encoded point of the prime-order subgroup, or if there are none.
///
/// [IETF draft]: https://datatracker.ietf.org/doc/draft-irtf-cfrg-bls-signature/
pub fn bls_aggregate(signatures: &[[u8; 96]]) -> Result<[u8; 96], MalformedError> {
    let mut sum = [0; 96];
    computed(imports::bls_aggregate(signatures, &mut sum)).map(|()| sum)
}
