//! Shards of execution environments (EEs).
//!
//! A shard keeps only 32 bytes of an EE's state, so a block brings the rest with it, as a witness. An [`Executor`]
//! checks the executions of a block from the block alone.
//!
//! A *state provider* makes what goes into blocks. A [`Provider`] keeps the whole state in a store, and runs the EE's own code over it. The
//! nodes that the code reads are the witness, so nobody has to write a witness builder, and the provider knows no EE's
//! encoding.
//!
//! | module | concern |
//! |---|---|
//! | [`executor`] | executes shard blocks, for proposers and attesters |
//! | [`proposer`] | fills a shard block with the payloads that pay best |
//! | [`provider`] | builds block data from packages, and stores the new state |
//! | [`relay`] | the receipts that are known, and their proofs |
//! | [`frame`] | the encoding of block data and of packages |

#![forbid(unsafe_code)]

pub mod executor;
pub mod proposer;
pub mod provider;
pub mod relay;

/// The encoding of block data and of packages, and its errors.
pub use outrider_abi::{
    ReadError,
    frame::{self, Frame, TooLargeError},
};

pub use executor::{Executor, ExecutorError};
pub use provider::{BuiltBlock, Disagreement, Previous, Provider, ProviderError, Surroundings};
