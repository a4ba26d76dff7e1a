//! The encodings and hashes that the circuit, the prover and the execution environment of the ZK rollup share.
//!
//! The rollup keeps accounts in a tree of 2^24 leaves, whose root changes only by proofs. A proof covers a batch of
//! transfers, of which 12 bytes each are published. It is a Groth16 proof over BLS12-381, with one public input: a
//! digest of the roots before and after and of the published transfers.
//!
//! | module | contents |
//! |---|---|
//! | [`field`] | elements of the scalar field of BLS12-381, in which everything below computes, and their bytes |
//! | [`poseidon`] | the permutation Poseidon of four elements, and the compression of four elements to one |
//! | [`curve`] | the curve Jubjub over that field, and the encoding of its points |
//! | [`key`] | keys of accounts, public and secret |
//! | [`signature`] | Schnorr signatures on Jubjub |
//! | [`transfer`] | transfers, and the decimal floats in them |
//! | [`account`] | accounts and their leaves |
//! | [`tree`] | the dimensions of the tree, and the hashes of empty subtrees |
//! | [`batch`] | the sizes of batches, and the public input |
//! | [`proof`] | proofs and verifying keys, their bytes and checks |
//! | [`pairing`] | the verification of a proof, over a pairing of the caller's choice |
//!
//! Every integer in the encodings is big-endian, and each value has one encoding.

#![no_std]
#![forbid(unsafe_code)]

pub mod account;
pub mod batch;
pub mod curve;
pub mod field;
pub mod key;
pub mod pairing;
pub mod poseidon;
pub mod proof;
pub mod signature;
pub mod transfer;
pub mod tree;

pub use account::Account;
pub use field::Fr;
pub use key::{PublicKey, SecretKey};
pub use proof::{Proof, VerifyingKey};
pub use signature::Signature;
pub use transfer::{AccountIndex, Amount, Fee, Transfer};
