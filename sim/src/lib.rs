//! Simulated validators, which keep a chain going without a network.
//!
//! [`Simulator`] runs the specification's phase 0 alone; [`Chain`] a chain with a ledger, of either phase.

#![forbid(unsafe_code)]

mod chain;
mod validators;

pub use chain::{Chain, ChainPhase, Genesis, Keys, vote_on_code};
pub use validators::{Simulator, interop_deposits, interop_secret_key};
