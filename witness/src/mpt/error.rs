//! What can go wrong with a trie.

use thiserror::Error;

use crate::{
    hash::Hash,
    node::{NodeError, Path},
    reader::ReadError,
};

/// Why a trie could not be read or changed. After any of these the trie is as it was before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrieError {
    /// Neither the witness nor the source has the node. It is not known what is below.
    #[error("node {hash} at {path} is not covered")]
    NotCovered {
        /// The hash of the node.
        hash: Hash,
        /// The nibbles from the root of its trie.
        path: Path,
    },
    /// The source failed or lied.
    #[error("no node at {path}")]
    Source {
        /// The nibbles from the root of its trie.
        path: Path,
        /// What went wrong.
        #[source]
        source: NodeError,
    },
    /// The bytes have the right hash and are no node. Whoever made the trie is at fault.
    #[error("node {hash} at {path} is malformed")]
    Malformed {
        /// The hash of the bytes.
        hash: Hash,
        /// The nibbles from the root of its trie.
        path: Path,
        /// How they are no node.
        #[source]
        source: NodeFormatError,
    },
    /// A value is stored under half a byte. Whoever made the trie is at fault.
    #[error("the value at {path} has a key of half a byte too much")]
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

/// How bytes are no canonical encoding of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NodeFormatError {
    /// The bytes end early or late.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A length in RLP is not in its shortest form.
    #[error("offset {offset}: the item has a shorter form in RLP")]
    Rlp {
        /// Where the item begins.
        offset: usize,
    },
    /// A list is where a string should be, or the other way round.
    #[error("a list in place of a string, or a string in place of a list")]
    Kind,
    /// A node has 2 or 17 items.
    #[error("{got} items where a node has 2 or 17")]
    Items {
        /// Items that it has.
        got: usize,
    },
    /// A path does not begin as one, or the path of an extension is empty.
    #[error("no path in hex-prefix encoding")]
    Path,
    /// A value is empty.
    #[error("an empty value")]
    EmptyValue,
    /// A branch has fewer than two children and values.
    #[error("a branch with fewer than two children and values")]
    LoneItem,
    /// A child is neither empty, nor a hash, nor a node shorter than 32 bytes.
    #[error("a child is neither empty, a hash, nor an inline node")]
    Child,
    /// A node shorter than 32 bytes is known by its hash.
    #[error("a node of {got} bytes should be inline")]
    NotInline {
        /// The length of its encoding.
        got: usize,
    },
    /// An extension leads to a leaf or an extension.
    #[error("an extension that leads to no branch")]
    NoBranch,
}

/// A witness reveals what the execution has not used: it is not the witness of this execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the witness has {hash}, which is not used")]
pub struct UnusedError {
    /// The first unused node or blob.
    pub hash: Hash,
}
