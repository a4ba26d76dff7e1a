//! Tests of the Merkle Patricia trie against published vectors, another implementation, and a naive model.

#![allow(clippy::print_stderr, clippy::unwrap_used)]

#[path = "../support/mpt_definition.rs"]
mod definition;
mod forests;
mod model;
mod operations;
mod refusals;
mod vectors;
mod witnesses;
