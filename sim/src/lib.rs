//! Simulated validators, which keep a chain going without a network.

#![forbid(unsafe_code)]

mod validators;

pub use validators::{Simulator, interop_deposits, interop_secret_key};
