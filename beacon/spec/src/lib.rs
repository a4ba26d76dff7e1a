//! The beacon chain of Ethereum's [consensus specification v0.12.3], phase 0 and phase 1, to the letter.
//!
//! Names of containers, fields and functions are the specification's, so that the two can be read side by side.
//! What it `assert`s is an [`error::Error`] with the name of the check; so is arithmetic that leaves `uint64`. A
//! phase is a type, as is the preset: [`BeaconState<Phase1<Minimal>>`](containers::BeaconState). What both phases
//! have is written once, and what phase 1 appends to containers or redefines is listed in [`phase::Phase`].
//!
//! | module | section |
//! |---|---|
//! | [`types`], [`constants`], [`preset`] | custom types, constants, configuration |
//! | [`containers`] | containers of both phases |
//! | [`phase`] | what the phases differ in |
//! | [`math`], [`hash`], [`bls`] | helper functions: math and crypto |
//! | [`predicates`], [`compute`], [`shuffle`], [`accessors`], [`mutators`] | helper functions |
//! | [`genesis`] | genesis |
//! | [`transition`] | the state transition function: slots and blocks |
//! | [`epoch`] | epoch processing |
//! | [`block`] | block processing |
//! | [`fork_choice`] | fork choice |
//! | [`phase1`] | all that phase 1 adds: shards, custody game, light clients |
//! | [`signatures`] | when signatures are verified |
//!
//! This crate is what vectors are run against, and it errs where the specification does. What a node needs besides stands in
//! the crate `outrider-beacon`.
//!
//! [consensus specification v0.12.3]: https://github.com/ethereum/consensus-specs/tree/v0.12.3/specs

#![forbid(unsafe_code)]

pub mod accessors;
pub mod block;
pub mod bls;
mod caches;
pub mod compute;
pub mod constants;
pub mod containers;
pub mod epoch;
pub mod error;
pub mod fork_choice;
pub mod genesis;
pub mod hash;
pub mod math;
pub mod mutators;
pub mod phase;
mod phase0;
pub mod phase1;
pub mod predicates;
pub mod preset;
pub mod shuffle;
pub mod signatures;
pub mod transition;
pub mod types;
