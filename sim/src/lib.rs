//! Simulated validators, which keep a chain going without a network.
//!
//! - [`Simulator`] runs the specification's phase 0 alone. Its validators may be offline and may be slashed.
//! - [`Chain`] runs a chain with a ledger, of either phase. Its validators are honest and hear everything at once.
//! - [`Simulation`] runs a chain of phase 1 with a ledger, in which validators hear different things at different times,
//!   shards have blocks of their own, and blocks are missing or late.
//! - [`Shards`] has EEs on the shards of a simulation, with state providers, proposers and executors.

#![forbid(unsafe_code)]

mod attestation;
mod chain;
mod keys;
mod preset;
mod shard_block;
mod shards;
mod simulation;
mod validators;

pub use chain::{Chain, ChainPhase, Genesis, GenesisError, n_validators, vote_on_code};
pub use keys::{Keys, SignatureMode};
pub use preset::SimPreset;
pub use shard_block::{EmptyShardBlocks, ShardProposer};
pub use shards::{Kept, ProviderFailure, Shards};
pub use simulation::random;
pub use simulation::{
    Eth1, Fault, Members, MessageKind, Network, Partition, RefusedMessage, Setup, SetupError, Simulation,
    Split, View, ViewSetup,
};
pub use validators::{Simulator, interop_deposits, interop_secret_key, withdrawal_credentials};
