//! Tests of the stores against a model, and of the store on disk against kill -9.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

mod batches;
mod chain;
mod kill;
