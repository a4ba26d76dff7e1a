//! Hashes, signatures and curves, computed by the host: the imports of module `crypto`.
//!
//! Each function has the name of its import. Integers and coordinates are big-endian unless a function says
//! otherwise. Inputs of fixed size are arrays, and lists are slices of arrays, so that no wrong length can be
//! passed:
//!
//! | bytes | what | functions |
//! |---|---|---|
//! | 64, 33 or 65, 32 | signature, public key, x-only public key | [`secp256k1_verify`], [`schnorr_verify`] |
//! | 32, 32 | x-only public key, tweak | [`secp256k1_xonly_tweak_add_check`] |
//! | 64, 128, 192 | point of G1, of G2, a pair of the two | `bn254_*` |
//! | 128, 256, 384 | point of G1, of G2, a pair of the two | `bls12381_*` |
//! | 160, 288 | point of G1, of G2, with its scalar of 32 bytes | [`bls12381_g1_msm`], [`bls12381_g2_msm`] |
//! | 64, 128 | field element, element of the quadratic extension | `bls12381_map_*` |
//! | 48, 96 | public key, signature | `bls_*` |
//! | 48, 32 | commitment or proof, scalar | [`kzg_verify`] |
//! | 64, 64 | signature, public key | [`p256_verify`] |
//!
//! All are total: any bytes give a result or an error. The price of a call is in fuel, and grows with the work; a call
//! that the EE cannot pay for traps.
//!
//! In the [`harness`](crate::harness) the same code computes the results, without counting fuel. So that tests of an EE
//! need not compile all curves, it comes in groups, each with a feature of this crate; a call without its feature
//! panics and names the feature:
//!
//! | feature | functions |
//! |---|---|
//! | none | [`keccak256`], [`sha256`], [`sha512_256`] |
//! | `hash` | [`ripemd160`], [`blake2b_compress`] |
//! | `secp256k1` | [`secp256k1_recover`], [`secp256k1_verify`], [`schnorr_verify`], [`secp256k1_xonly_tweak_add_check`] |
//! | `modexp` | [`modexp()`] |
//! | `bn254` | `bn254_*` |
//! | `bls12-381` | `bls12381_*`, `bls_*`, [`kzg_verify`] |
//! | `p256` | [`p256_verify`] |
//! | `all` | all of them |
//!
//! ```toml
//! outrider-sdk = { path = "..", features = ["bls12-381"] }
//! ```
//!
//! No feature changes a blob, because there the host computes.
//!
#![cfg_attr(feature = "secp256k1", doc = "```")]
#![cfg_attr(not(feature = "secp256k1"), doc = "```ignore")]
//! use outrider_sdk::crypto::{self, CheckError};
//!
//! // Returns the address of the signer, if there is one, as the EVM's `ecrecover` does.
//! fn signer(digest: &[u8; 32], signature: &[u8; 64], recovery_id: u8) -> Option<[u8; 20]> {
//!     let key = crypto::secp256k1_recover(digest, signature, recovery_id).ok()?;
//!     crypto::keccak256(&key).last_chunk().copied()
//! }
//!
//! assert_eq!(signer(&[1; 32], &[0; 64], 0), None);
//! assert_eq!(crypto::schnorr_verify(b"", &[0; 64], &[0xff; 32]), Err(CheckError::Malformed));
//! ```

mod bls12_381;
mod bls_signature;
mod bn254;
mod hash;
mod kzg;
mod modexp;
mod p256;
mod secp256k1;

pub use bls_signature::{bls_aggregate, bls_aggregate_verify, bls_fast_aggregate_verify, bls_verify};
pub use bls12_381::{
    bls12381_g1_add, bls12381_g1_msm, bls12381_g2_add, bls12381_g2_msm, bls12381_map_fp_to_g1,
    bls12381_map_fp2_to_g2, bls12381_pairing_check,
};
pub use bn254::{bn254_add, bn254_mul, bn254_pairing_check};
pub use hash::{blake2b_compress, keccak256, ripemd160, sha256, sha512_256};
pub use kzg::kzg_verify;
pub use modexp::modexp;
pub use p256::p256_verify;
pub use secp256k1::{
    RecoverError, schnorr_verify, secp256k1_recover, secp256k1_verify, secp256k1_xonly_tweak_add_check,
};

/// The reason for which a claim does not hold. Its author is at fault.
///
/// The EVM's precompiles distinguish the two, and so do the consensus rules that build on them: a refuted pairing check
/// returns 0, and a malformed one fails the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The input is well-formed, and its claim is false.
    #[error("the claim is refuted")]
    Refuted,
    /// The input is malformed: a bad encoding, a point off its curve, or an empty list of signers.
    #[error("the input is malformed")]
    Malformed,
}

/// The input is malformed: a bad encoding, or a point off its curve.
///
/// Its author is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the input is malformed")]
pub struct MalformedError;

impl From<MalformedError> for CheckError {
    fn from(MalformedError: MalformedError) -> CheckError {
        CheckError::Malformed
    }
}

/// Converts the return value of an import that checks a claim.
fn checked(code: u32) -> Result<(), CheckError> {
    match code {
        HOLDS => Ok(()),
        REFUTED => Err(CheckError::Refuted),
        _ => Err(CheckError::Malformed),
    }
}

/// Converts the return value of an import that computes a result.
fn computed(code: u32) -> Result<(), MalformedError> {
    match code {
        HOLDS => Ok(()),
        _ => Err(MalformedError),
    }
}

/// The claim holds, or the result has been written.
const HOLDS: u32 = 0;
/// The input is well-formed, and its claim is false. The third return value, 2, means malformed input.
const REFUTED: u32 = 1;
