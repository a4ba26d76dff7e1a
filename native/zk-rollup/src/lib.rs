//! The circuit of the ZK rollup, its keys and its prover.
//!
//! | module | contents |
//! |---|---|
//! | [`circuit`] | the constraints of a batch, by rule |
//! | [`witness`] | the values that a prover chooses |
//! | [`tree`] | a tree of accounts in memory |
//! | [`batch`] | the witness of a batch, from signed transfers and a tree |
//! | [`setup`] | keys for development, from a seed |
//! | [`keys`] | proving keys in files, and verifying keys |
//! | [`prover`] | proofs |
//!
//! `outrider_zk_rollup_core` has what this crate shares with the execution environment.

#![forbid(unsafe_code)]

pub mod batch;
pub mod circuit;
pub mod keys;
pub mod prover;
pub mod setup;
pub mod tree;
pub mod witness;

pub use batch::{Batch, SignedTransfer};
pub use circuit::Circuit;
pub use keys::ProvingKey;
