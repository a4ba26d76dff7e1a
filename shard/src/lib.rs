//! Shards of execution environments (EEs).
//!
//! For now there is the *state provider*. A shard keeps 32 bytes of an EE's state, so a block has to bring the rest with it, as a
//! witness. A [`Provider`] keeps the whole state in a store, and runs the EE's own code over it: what that asks
//! for is the witness, so nobody writes a witness builder, and the provider knows no EE's encoding.
//!
//! | module | concern |
//! |---|---|
//! | [`provider`] | derives block data from packages, and moves the state on |
//! | [`frame`] | the bytes between provider, EE and block |

#![forbid(unsafe_code)]

pub mod provider;

/// The bytes between provider, EE and block, and how they are refused.
pub use outrider_abi::{
    ReadError,
    frame::{self, Frame, TooLargeError},
};

pub use provider::{BuiltBlock, Disagreement, Previous, Provider, ProviderError};
