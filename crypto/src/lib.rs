//! The cryptography behind the `crypto.*` imports of an execution environment.
//!
//! Every function is pure and total: any bytes give a value or a typed error, never a panic, on the
//! thread of the caller, in memory proportional to its input. The host binds them to guest memory
//! and charges fuel; the native test harness of the guest SDK calls them directly. Neither
//! adds meaning of its own, so both give an EE the same answers.
//!
//! | module | functions | source | feature |
//! |---|---|---|---|
//! | [`hash`] | Keccak-256, SHA-256, RIPEMD-160 | FIPS 180-4, the Keccak submission | `hash` |
//! | [`blake2b`] | the compression function F | EIP-152 | `hash` |
//! | [`secp256k1`] | ECDSA recovery and verification, Schnorr verification | SEC 1, BIP-340 | `secp256k1` |
//! | [`modexp`] | modular exponentiation | EIP-198 | `modexp` |
//! | [`bn254`] | addition, multiplication, pairing check | EIP-196, EIP-197 | `bn254` |
//! | [`bls12_381`] | the same for both groups, multi-scalar, and maps to the curve | EIP-2537 | `bls12-381` |
//! | [`bls_signature`] | BLS signatures of the beacon chain | IETF draft, consensus specs | `bls12-381` |
//! | [`kzg`] | verification of KZG proofs | EIP-4844, consensus specs | `bls12-381` |
//! | [`p256`] | ECDSA verification | EIP-7951, FIPS 186-5 | `p256` |
//!
//! By default there is all of it, which is the feature `all`.
//!
//! # Conventions
//!
//! Inputs of fixed size are arrays, and lists of them are slices of arrays, so a wrong length cannot
//! be expressed; whoever slices guest memory decides what to do about one. Integers and coordinates
//! are big-endian throughout.
//!
//! A check returns `Result<(), Error>`. Its error is `Refuted` when the input is well-formed and what
//! it claims is false, and any other variant when the input is no claim at all. The EVM tells
//! the two apart (0 against failure of the call), so each error type does; a [`Verdict`] is what is left of
//! an error on the way to a guest.
//!
//! # Cost
//!
//! Most functions cost a constant plus a constant per byte or per item. Where the cost hangs
//! on the content, a `work` function next to the function gives the number of units to charge for.

#[cfg(feature = "hash")]
pub mod blake2b;
#[cfg(feature = "bls12-381")]
pub mod bls12_381;
#[cfg(feature = "bls12-381")]
pub mod bls_signature;
#[cfg(feature = "bn254")]
pub mod bn254;
#[cfg(feature = "hash")]
pub mod hash;
#[cfg(feature = "bls12-381")]
pub mod kzg;
#[cfg(feature = "modexp")]
pub mod modexp;
#[cfg(feature = "p256")]
pub mod p256;
#[cfg(any(feature = "bls12-381", feature = "bn254"))]
pub mod point;
#[cfg(feature = "secp256k1")]
pub mod secp256k1;

mod verdict;

pub use verdict::Verdict;
