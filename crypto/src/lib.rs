//! The cryptography behind the `crypto.*` imports of an execution environment.
//!
//! Every function is pure and total: any bytes give a value or a typed error, never a panic. A function runs on the
//! caller's thread and takes memory proportional to its input. The host binds the functions to guest memory and
//! charges fuel; the native test harness of the guest SDK calls them directly. Neither adds meaning, so an EE gets
//! the same answers from both.
//!
//! | module | functions | source | feature |
//! |---|---|---|---|
//! | [`hash`] | Keccak-256, SHA-256, SHA-512/256, RIPEMD-160 | FIPS 180-4, the Keccak submission | `hash` |
//! | [`blake2b`] | the compression function F | EIP-152 | `hash` |
//! | [`secp256k1`] | ECDSA recovery and verification, Schnorr verification, tweaks of keys | SEC 1, BIP-340, BIP-341 | `secp256k1` |
//! | [`modexp`] | modular exponentiation | EIP-198 | `modexp` |
//! | [`bn254`] | addition, multiplication, pairing check | EIP-196, EIP-197 | `bn254` |
//! | [`bls12_381`] | the same for both groups, multi-scalar multiplication, and maps to the curve | EIP-2537 | `bls12-381` |
//! | [`bls_signature`] | BLS signatures of the beacon chain | IETF draft, consensus specs | `bls12-381` |
//! | [`kzg`] | verification of KZG proofs | EIP-4844, consensus specs | `bls12-381` |
//! | [`p256`] | ECDSA verification | EIP-7951, FIPS 186-5 | `p256` |
//!
//! The feature `all`, on by default, includes all of them.
//!
//! # Conventions
//!
//! Inputs of fixed size are arrays, and lists of them are slices of arrays, so a wrong length cannot occur; code that
//! slices guest memory handles wrong lengths. Integers and coordinates are big-endian throughout.
//!
//! A check returns `Result<(), Error>`. The error is `Refuted` if the input is well-formed and its claim is false;
//! any other variant means that the input is malformed. The EVM distinguishes the two (0 against failure of the
//! call), so each error type does; a [`Verdict`] is what a guest sees of the error.
//!
//! # Cost
//!
//! Most functions cost a constant plus a constant per byte or item. Where the cost depends on the content, a function
//! `work` beside the function returns the number of units to charge for.

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
