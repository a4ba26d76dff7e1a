//! What a witness consists of, for people to look at.
//!
//! [`smt::witness::outline`](crate::smt::witness::outline) and [`mpt::witness::outline`](crate::mpt::witness::outline) make one.

use alloc::vec::Vec;

use crate::hash::Hash;

/// What a witness reveals, and what it spends its bytes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The tries, in the order of the witness.
    pub tries: Vec<TrieOutline>,
    /// The blobs by their hash, and how many bytes each has.
    pub blobs: Vec<(Hash, usize)>,
    /// Where the bytes of the witness go.
    pub bytes: BytesByKind,
}

/// One trie of a witness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrieOutline {
    /// The root, as computed from what is revealed.
    pub root: Hash,
    /// What there is, in pre-order. Nothing for the empty trie.
    pub parts: Vec<Part>,
}

/// A node, or the hash in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Digits of the way from the root to here.
    pub depth: usize,
    /// The last of these digits, from the parent to here: a bit or a nibble below a branch, none elsewhere.
    pub step: Option<u8>,
    /// What is here.
    pub content: Content,
}

/// What is at a place of a trie. Digits are bits in a sparse Merkle tree and nibbles in a Merkle Patricia trie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A branch. What is below follows.
    Branch {
        /// The value of the key that ends here, empty if there is none.
        value: Vec<u8>,
    },
    /// Digits that all keys below share. What is below follows.
    Extension {
        /// The digits.
        path: Vec<u8>,
    },
    /// A key and its value.
    Leaf {
        /// The digits of the key that follow those of the way.
        rest: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// A node of which there is only the hash.
    Hash(Hash),
    /// A node that has been there before, with all that is below.
    Repeated,
}

/// Where the bytes of a witness go; their sum is its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BytesByKind {
    /// What tells which nodes are revealed, and all lengths.
    pub structure: usize,
    /// Hashes of what is not revealed.
    pub hashes: usize,
    /// Keys, as far as places do not tell them.
    pub keys: usize,
    /// Values.
    pub values: usize,
    /// Blobs.
    pub blobs: usize,
}

impl BytesByKind {
    /// Calls all bytes structure that are nothing else.
    pub(crate) fn complete(&mut self, witness_bytes: usize) {
        self.structure = witness_bytes - self.hashes - self.keys - self.values - self.blobs;
    }
}
