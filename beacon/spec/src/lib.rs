//! The beacon chain of Ethereum's [consensus specification v0.12.3], phase 0 and phase 1, to the letter.
//!
//! Containers, fields and functions have the specification's names, so that the two can be read side by side. Each
//! `assert` of the specification is an [`error::Error`] named after its check; so is arithmetic that leaves `uint64`.
//! A phase is a type, and so is a preset: [`BeaconState<Phase1<Minimal>>`](containers::BeaconState). Code that both
//! phases share is written once; [`phase::Phase`] lists what phase 1 appends to containers or redefines.
//!
//! | module | section |
//! |---|---|
//! | [`types`], [`constants`], [`preset`] | custom types, constants, configuration |
//! | [`containers`] | containers of both phases |
//! | [`phase`] | the differences of the phases |
//! | [`math`], [`hash`], [`bls`] | helper functions: math and crypto |
//! | [`predicates`], [`compute`], [`shuffle`], [`accessors`], [`mutators`] | helper functions |
//! | [`genesis`] | genesis |
//! | [`transition`] | the state transition function: slots and blocks |
//! | [`epoch`] | epoch processing |
//! | [`block`] | block processing |
//! | [`fork_choice`] | fork choice |
//! | [`phase1`] | the additions of phase 1: shards, custody game, light clients |
//! | [`signatures`] | when signatures are verified |
//!
//! Vectors run against this crate, and it errs where the specification errs. The crate `outrider-beacon` adds what a
//! node needs.
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
