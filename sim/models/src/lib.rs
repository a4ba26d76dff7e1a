//! Models of parts of a sharded chain, each held against published numbers.
//!
//! A model is a function of its parameters and a seed. It gives named figures and tables. Where there is a formula, the
//! figure has a plain name, as `capture_probability`, and what was simulated stands beside it with `simulated_` before
//! the name. Nothing is executed here and no block is built; that is what simulated chains are for.
//!
//! | model | question |
//! |---|---|
//! | [`jury`] | How likely does a party with a share of the stake control a committee? |
//! | [`challenge`] | How many invalid blocks stay if anybody may challenge them, and does anybody look? |
//! | [`jury_vs_challenge`] | What does one ETH of attack cost others, under either and under both? |
//! | [`hypercube`] | How long do messages take between shards at the vertices of a hypercube? |
//! | [`swap`] | When does a partition of the network make a party of a swap lose? |
//! | [`fee`] | Which shards do users choose by their prices? |
//! | [`light`] | What does a client download, and what does it take on trust? |
//! | [`channels`] | What do payment channels and probabilistic payments need of the chain? |
//!
//! A [`Scenario`] names a model with its parameters, a seed, and what is expected of the figures; `scenarios` has some
//! for each model.
//!
//! *Invariant:* parameters and seed decide every figure. There is no clock, no thread and no order but that of the
//! code, so a caller may run scenarios on as many threads as it likes.

#![forbid(unsafe_code)]

pub mod challenge;
pub mod chance;
pub mod channels;
mod expectation;
pub mod fee;
pub mod hypercube;
pub mod jury;
pub mod jury_vs_challenge;
pub mod light;
mod outcome;
mod parameter;
mod random;
mod scenario;
pub mod swap;

pub use expectation::{Bound, Expectation, Tolerance, Unmet, check};
pub use outcome::{Measure, Outcome, Series};
pub use parameter::ParameterError;
pub use scenario::{Model, Scenario, Verdict};
