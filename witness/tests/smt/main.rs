//! The sparse Merkle tree, held against its definition.

mod model;
mod size;
mod tree;
mod witness;
