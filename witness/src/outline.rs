//! Outlines of witnesses, for people to read.
//!
//! [`smt::witness::outline`](crate::smt::witness::outline) and [`mpt::witness::outline`](crate::mpt::witness::outline)
//! make them.

use alloc::vec::Vec;

use crate::hash::Hash;

/// The content of a witness, and the number of bytes by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The tries, in the order of the witness.
    pub tries: Vec<TrieOutline>,
    /// The blobs by hash, with the length of each in bytes.
    pub blobs: Vec<(Hash, usize)>,
    /// The bytes of the witness by kind.
    pub bytes: BytesByKind,
}

/// One trie of a witness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrieOutline {
    /// The root, as computed from the revealed parts.
    pub root: Hash,
    /// The parts, in pre-order; none for the empty trie.
    pub parts: Vec<Part>,
}

/// A node, or the hash in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The number of digits of the path from the root.
    pub depth: usize,
    /// The last of these digits, from the parent: a bit or a nibble below a branch, `None` elsewhere.
    pub step: Option<u8>,
    /// The content.
    pub content: Content,
}

/// The content at a path of a trie. Digits are bits in a sparse Merkle tree and nibbles in a Merkle Patricia trie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A branch. Its children follow.
    Branch {
        /// The value of the key that ends here, empty if there is none.
        value: Vec<u8>,
    },
    /// Digits that all keys below share. The child follows.
    Extension {
        /// The digits.
        path: Vec<u8>,
    },
    /// A key and its value.
    Leaf {
        /// The digits of the key after those of the path.
        rest: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// A node of which only the hash is known.
    Hash(Hash),
    /// A node that occurred before, with everything below it.
    Repeated,
}

/// The bytes of a witness by kind; their sum is its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BytesByKind {
    /// The flags of revealed nodes, and all lengths.
    pub structure: usize,
    /// Hashes of nodes that are not revealed.
    pub hashes: usize,
    /// Keys, without the parts that paths determine.
    pub keys: usize,
    /// Values.
    pub values: usize,
    /// Blobs.
    pub blobs: usize,
}

impl BytesByKind {
    /// Counts all remaining bytes as structure.
    pub(crate) fn complete(&mut self, witness_bytes: usize) {
        self.structure = witness_bytes - self.hashes - self.keys - self.values - self.blobs;
    }
}
