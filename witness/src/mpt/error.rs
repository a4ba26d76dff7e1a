//! Errors of tries.

use thiserror::Error;

use crate::{
    hash::Hash,
    node::{NodeError, Path},
    reader::ReadError,
};

/// An error of reading or changing a trie. The trie stays as it was before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrieError {
    /// Neither the witness nor the source has the node, so nothing is known about what is below it.
    #[error("node {hash} at {path} is not covered")]
    NotCovered {
        /// The hash of the node.
        hash: Hash,
        /// The nibbles from the root of its trie.
        path: Path,
    },
    /// The source failed, or returned other bytes.
    #[error("the node at {path} cannot be read")]
    Source {
        /// The nibbles from the root of its trie.
        path: Path,
        /// The source's error.
        #[source]
        source: NodeError,
    },
    /// The bytes have the right hash but are not a node. The fault is with the author of the trie.
    #[error("node {hash} at {path} is malformed")]
    Malformed {
        /// The hash of the bytes.
        hash: Hash,
        /// The nibbles from the root of its trie.
        path: Path,
        /// The reason.
        #[source]
        source: NodeFormatError,
    },
    /// A value is stored under half a byte. The fault is with the author of the trie.
    #[error("the key of the value at {path} has an odd number of nibbles")]
    HalfByte {
        /// The nibbles from the root of its trie.
        path: Path,
    },
}

impl TrieError {
    pub(super) fn of_source(source: NodeError, path: &[u8]) -> Self {
        let path = Path(path.to_vec());
        match source {
            NodeError::NotCovered { hash } => Self::NotCovered { hash, path },
            source => Self::Source { path, source },
        }
    }
}

/// The reason why bytes are not the canonical encoding of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NodeFormatError {
    /// The bytes end early or late.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A length in RLP is not in its shortest form.
    #[error("offset {offset}: the item has a shorter form in RLP")]
    Rlp {
        /// The offset of the item.
        offset: usize,
    },
    /// A list stands in for a string, or a string for a list.
    #[error("the item is a list instead of a string, or a string instead of a list")]
    Kind,
    /// A node has other than 2 or 17 items.
    #[error("the node has {got} items, expected 2 or 17")]
    Items {
        /// The number of its items.
        got: usize,
    },
    /// A path does not begin as hex-prefix encoding does, or the path of an extension is empty.
    #[error("the path is not valid hex-prefix encoding")]
    Path,
    /// A value is empty.
    #[error("the value is empty")]
    EmptyValue,
    /// A branch has fewer than two children and values.
    #[error("the branch has fewer than two children and values")]
    LoneItem,
    /// A child is not empty, a hash, or a node shorter than 32 bytes.
    #[error("the child is not empty, a hash, or an inline node")]
    Child,
    /// A node shorter than 32 bytes is referred to by its hash.
    #[error("a node of {got} bytes has to be inline")]
    NotInline {
        /// The length of its encoding, in bytes.
        got: usize,
    },
    /// An extension leads to a leaf or an extension.
    #[error("the extension does not lead to a branch")]
    NoBranch,
}

/// The witness reveals a node or blob that the execution has not used, so it is not the witness of this execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the witness has {hash}, which is not used")]
pub struct UnusedError {
    /// The first unused node or blob.
    pub hash: Hash,
}
