//! The reasons why accounts cannot be read.

use outrider_sdk::ReadError;
use outrider_witness::{Hash, NodeError};
use outrider_zk_rollup_core::field::NotCanonicalError;

/// The reason why an account cannot be read or put.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A node is missing, or the source failed. A block's witness does not cover the account, or a provider does not
    /// have the full state.
    #[error("a node of the tree of accounts")]
    Node(#[from] NodeError),
    /// A node of a provider's store is not one of a tree of accounts at its place. The provider is at fault.
    #[error("the node {hash} is not one of a tree of accounts")]
    Malformed {
        /// The hash of the node.
        hash: Hash,
    },
    /// A branch has no such child: a bug of this crate.
    #[error("a branch has no child {digit}")]
    Digit {
        /// The number of the child.
        digit: usize,
    },
}

/// The reason why bytes are not the part of a witness with paths to accounts. The block's author is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathsError {
    /// The bytes end inside of a path.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The children of a branch that follow are none or more than four.
    #[error(
        "byte {offset}: the children of a branch are 1 to 15, one bit each, and 0 only in a tree without accounts; got {got}"
    )]
    Children {
        /// The offset in the witness.
        offset: usize,
        /// The byte.
        got: u8,
    },
    /// A hash is not below the order of the field, or it is that of a subtree without accounts, which has none here.
    #[error(
        "byte {offset}: the hash is not below the field's order, or is that of a subtree without accounts"
    )]
    Hash {
        /// The offset in the witness.
        offset: usize,
    },
    /// The key of an account is not below the order of the field.
    #[error("byte {offset}: the key of the account")]
    Account {
        /// The offset in the witness.
        offset: usize,
        /// The reason.
        source: NotCanonicalError,
    },
}
