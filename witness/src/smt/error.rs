//! Errors of trees.

use thiserror::Error;

use super::node::VALUE_BYTES_MAX;
use crate::{Hash, NodeError, Path, reader::ReadError};

/// An error of reading or changing a tree. The tree stays as it was before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The witness or other source does not have a node that the operation needs. It is unknown whether the key is
    /// present.
    #[error("the node at {path}, with hash {hash}, is not covered")]
    NotCovered {
        /// The hash of the node.
        hash: Hash,
        /// The path to the node, one bit per step.
        path: Path,
    },
    /// The source failed, or returned other bytes.
    #[error("the node at {path} cannot be read")]
    Source {
        /// The path to the node, one bit per step.
        path: Path,
        /// The source's error.
        #[source]
        source: NodeError,
    },
    /// The bytes are not a node that can be at this place of a sparse Merkle tree. This can happen only under a root
    /// that [`Tree`](super::Tree) did not compute.
    #[error("the bytes with hash {hash} are not a valid node at {path}")]
    Malformed {
        /// The hash of the node.
        hash: Hash,
        /// The path to the node, one bit per step.
        path: Path,
    },
    /// The caller's value is too long.
    #[error("the value has {got} bytes, the limit is {VALUE_BYTES_MAX}")]
    ValueTooLong {
        /// The length of the value, in bytes.
        got: usize,
    },
}

/// The witness reveals a node that the execution has not used, so it is not the witness of this execution.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the witness has the node at {path}, which is not used")]
pub struct UnusedError {
    /// The path to the first unused node, one bit per step.
    pub path: Path,
}

/// The reason why bytes are not a witness. The fault is with their author.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end early or late, or an integer is malformed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The bits at the start are not the structure of a tree: they end early, or the padding of the last byte is not
    /// zero.
    #[error("offset {offset}: the structure ends early or its padding is not zero")]
    Structure {
        /// The offset of the structure.
        offset: usize,
    },
    /// A branch is below depth 255, where the bits of a key end.
    #[error("the branch at {path} is deeper than keys are long")]
    TooDeep {
        /// The path to the branch, one bit per step.
        path: Path,
    },
    /// A hash is zero, which stands for an empty subtree.
    #[error("offset {offset}: the hash is zero")]
    ZeroHash {
        /// The offset of the hash.
        offset: usize,
    },
    /// The key of a leaf does not lead to the leaf's place.
    #[error("offset {offset}: the key of the leaf does not lead to {path}")]
    OffPath {
        /// The offset of the leaf.
        offset: usize,
        /// The path to the leaf, one bit per step.
        path: Path,
    },
    /// A value is too long.
    #[error("offset {offset}: the value has {got} bytes, the limit is {VALUE_BYTES_MAX}")]
    ValueTooLong {
        /// The offset of the value.
        offset: usize,
        /// The announced length, in bytes.
        got: usize,
    },
    /// The bytes are a witness of another tree.
    #[error("the witness has root {got}, expected {expected}")]
    Root {
        /// The expected root.
        expected: Hash,
        /// The root of the witness.
        got: Hash,
    },
}
