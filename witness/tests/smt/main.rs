//! The sparse Merkle tree, held against its definition.

#![allow(clippy::unwrap_used, clippy::unusual_byte_groupings, reason = "bits are grouped by code")]

mod model;
mod size;
mod tree;
mod witness;
