//! What can go wrong.

use thiserror::Error;

use super::node::VALUE_BYTES_MAX;
use crate::{Hash, NodeError, Path, reader::ReadError};

/// Why an operation on a tree had no answer. The tree is as it was before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The witness, or whatever the source is, does not have a node that the operation needs. Whether the key
    /// is present is not known.
    #[error("the node at {path}, with hash {hash}, is not covered")]
    NotCovered {
        /// The hash of the node.
        hash: Hash,
        /// The way to it, a bit each step.
        path: Path,
    },
    /// The source failed, or gave something else.
    #[error("the node at {path} cannot be had")]
    Source {
        /// The way to the node, a bit each step.
        path: Path,
        /// What the source says.
        #[source]
        source: NodeError,
    },
    /// There is such a node, but not at this place of a sparse Merkle tree. Roots that [`Tree`](super::Tree)
    /// computed do not lead here; one that comes from elsewhere may.
    #[error("what is at {path}, with hash {hash}, is no node that can be there")]
    Malformed {
        /// The hash of the node.
        hash: Hash,
        /// The way to it, a bit each step.
        path: Path,
    },
    /// The caller's value is too long.
    #[error("the value has {got} bytes, the limit is {VALUE_BYTES_MAX}")]
    ValueTooLong {
        /// Bytes of the value.
        got: usize,
    },
}

/// A witness reveals what the execution has not used: it is not the witness of this execution.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the witness has the node at {path}, which is not used")]
pub struct UnusedError {
    /// The way to the first unused node, a bit each step.
    pub path: Path,
}

/// Why bytes are no witness. Who made them is at fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end early or late, or an integer is none.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The bits at the start are not the structure of a tree: they end early, or those that fill up the last byte
    /// are not zero.
    #[error("offset {offset}: the structure breaks off or is not filled up with zeros")]
    Structure {
        /// Where the structure begins.
        offset: usize,
    },
    /// A branch is below depth 255, where the bits of a key end.
    #[error("there is a branch where keys end, at {path}")]
    TooDeep {
        /// The way to the branch, a bit each step.
        path: Path,
    },
    /// A hash is zero, which stands for nothing.
    #[error("offset {offset}: the hash is zero")]
    ZeroHash {
        /// Where the hash begins.
        offset: usize,
    },
    /// A leaf has a key that does not lead to it.
    #[error("offset {offset}: the key of the leaf does not lead to {path}")]
    OffPath {
        /// Where the leaf begins.
        offset: usize,
        /// The way to the leaf, a bit each step.
        path: Path,
    },
    /// A value is too long.
    #[error("offset {offset}: the value has {got} bytes, the limit is {VALUE_BYTES_MAX}")]
    ValueTooLong {
        /// Where the value begins.
        offset: usize,
        /// The bytes announced.
        got: usize,
    },
    /// The bytes are a witness of another tree.
    #[error("the witness has root {got}, expected {expected}")]
    Root {
        /// The root asked for.
        expected: Hash,
        /// The root that the witness leads to.
        got: Hash,
    },
}
