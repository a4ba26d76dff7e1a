//! Tests of the sparse Merkle tree against its definition.

#![allow(clippy::unwrap_used, clippy::unusual_byte_groupings, reason = "bits are grouped by code")]

#[path = "../support/smt_definition.rs"]
mod definition;
mod model;
mod size;
mod tree;
mod witness;
