//! The sparse Merkle tree, held against its definition.

mod model;
mod tree;
mod witness;
