//! The sparse Merkle tree, held against its definition.

#![allow(clippy::unwrap_used)]

mod model;
mod size;
mod tree;
mod witness;
