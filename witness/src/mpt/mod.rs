//! Ethereum's hexary Merkle Patricia trie ([Yellow Paper], appendix D).
//!
//! # Nodes
//!
//! A key is a sequence of nibbles, the high nibble of each byte first. A node is one of
//!
//! - a *leaf*: the rest of a key, and its value;
//! - an *extension*: nibbles that all keys below share, and a branch;
//! - a *branch*: sixteen children, one for each next nibble, and the value of the key that ends here. At least two of
//!   these seventeen are present.
//!
//! No value is empty: inserting the empty value removes the key. A node is encoded in RLP. Its parent refers to it by
//! the hash of the encoding, or, if that is shorter than 32 bytes, by the encoding itself: such a node is *inline*.
//! The root of a trie is the hash of its topmost node. The root of the empty trie is the hash of the byte `80`, the
//! empty string in RLP.
//!
//! # Tries
//!
//! A [`Forest`] holds any number of tries over one [`NodeSource`](crate::NodeSource), as Ethereum's state needs: the
//! trie of accounts, and the storage trie of each account. [`Trie`] is a forest with one trie; [`SecureTrie`] hashes
//! keys, as Ethereum does.
//!
//! A trie is opened by its root. The nodes that a witness reveals are in memory; all others are stubs, which the
//! source resolves when an operation visits them. A node that an operation visits is *used*; a recording source
//! records exactly these. If a removal leaves a branch with a single child, it uses that child, as the two become one
//! node. Every node from a source is checked against its hash.
//!
//! All algorithms are iterative, so only memory bounds the depth of a trie.
//!
//! [Yellow Paper]: https://ethereum.github.io/yellowpaper/paper.pdf

mod arena;
mod entries;
mod error;
mod forest;
mod nibbles;
mod node;
mod remove;
mod rlp;
mod root;
mod trie;
pub mod witness;

use crate::hash::Hash;

pub use self::{
    entries::Entries,
    error::{NodeFormatError, TrieError, UnusedError},
    forest::{Forest, TrieId},
    trie::{SecureTrie, Trie},
};

/// The root of the empty trie, the Keccak-256 hash of the byte `80`.
pub const EMPTY_ROOT: Hash = Hash([
    0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e, 0x5b,
    0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21,
]);

/// The encoding of the empty trie.
const EMPTY_NODE: [u8; 1] = [0x80];
