//! Errors of accumulators.

use thiserror::Error;

use super::LEAVES_MAX;
use crate::{Hash, NodeError, reader::ReadError};

/// The reason why there is no such accumulator.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AccumulatorError {
    /// The bytes end early.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There are too many leaves, or no more can be added.
    #[error("the accumulator cannot have more than {LEAVES_MAX} leaves")]
    TooManyLeaves,
    /// The number of roots is not the number of trees.
    #[error("{n_leaves} leaves make {expected} trees, got {got} roots")]
    Roots {
        /// The number of leaves.
        n_leaves: u64,
        /// The number of trees.
        expected: u32,
        /// The number of roots.
        got: usize,
    },
    /// A root has more rows than its tree.
    #[error("the root of the tree of row {row} has {got} rows")]
    Rows {
        /// The row of the tree.
        row: u8,
        /// The rows of the root's link.
        got: u8,
    },
    /// The hash zero stands for a root that is none, so it cannot be a leaf or a root.
    #[error("the hash of a leaf or root is zero")]
    ZeroHash,
}

/// The reason why bytes are not the witness of these leaves in this accumulator. The fault is with their author, or
/// they are of another state.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// Hashes are missing, or there are more bytes than needed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The bits at the start end early, or the padding of the last byte is not zero.
    #[error("the structure at the start of the witness ends early or its padding is not zero")]
    Structure,
    /// The witness has the paths of more or fewer leaves.
    #[error("the witness has the paths of {expected} leaves, got {got} leaves")]
    Leaves {
        /// The number of paths.
        expected: usize,
        /// The number of leaves.
        got: usize,
    },
    /// Paths lead to another root: a leaf is not there, leaves are in another order, or a hash is wrong.
    #[error("the paths lead to root {got} of the tree of row {row}, which has root {expected}")]
    Root {
        /// The row of the tree.
        row: u8,
        /// The root of the accumulator.
        expected: Hash,
        /// The root at the end of the paths.
        got: Hash,
    },
}

/// An error of a forest. The forest stays as it was before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ForestError {
    /// The leaf is not in the forest, or not with this index.
    #[error("leaf {hash} is not in the forest with index {index}")]
    NotPresent {
        /// The index.
        index: u64,
        /// The leaf.
        hash: Hash,
    },
    /// A leaf occurs twice in the caller's list.
    #[error("the leaf with index {index} is listed twice")]
    Repeated {
        /// The index.
        index: u64,
    },
    /// The source failed, does not have a node, or returned other bytes.
    #[error("the node with hash {hash} cannot be read")]
    Source {
        /// The hash of the node.
        hash: Hash,
        /// The source's error.
        #[source]
        source: NodeError,
    },
    /// A child has as many rows as its parent, or more. This can happen only if something else wrote the nodes.
    #[error("the children of the node with hash {hash} have more rows than it")]
    Malformed {
        /// The hash of the node.
        hash: Hash,
    },
}

/// An error of a pollard. The pollard stays as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PollardError {
    /// The bytes are not the witness of these leaves.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// A leaf cannot be added.
    #[error(transparent)]
    Accumulator(#[from] AccumulatorError),
    /// A leaf of one witness is a branch of another. So the caller took the hash of a branch for a leaf.
    #[error("{hash} is both a leaf and a branch")]
    NotALeaf {
        /// The hash.
        hash: Hash,
    },
}

/// The reason why a proof is none of this accumulator.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofError {
    /// A target is not in a tree, or in an empty one.
    #[error("target {position} is not a position in the forest")]
    Position {
        /// The position.
        position: u64,
    },
    /// A target is below another, or the same.
    #[error("target {position} is below another target or the same")]
    Nested {
        /// The position.
        position: u64,
    },
    /// There are more or fewer leaves than targets.
    #[error("the proof has {expected} targets, got {got} leaves")]
    Leaves {
        /// The number of targets.
        expected: usize,
        /// The number of leaves.
        got: usize,
    },
    /// There are more or fewer hashes than the targets need.
    #[error("the targets need {expected} hashes, got {got}")]
    Hashes {
        /// The number of hashes that the targets need.
        expected: usize,
        /// The number of hashes of the proof.
        got: usize,
    },
}
