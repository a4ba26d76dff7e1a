//! The encoding of witnesses.
//!
//! A witness reveals nodes of any number of tries, and blobs. No hash is in it that can be computed: a revealed
//! node follows its parent, and the hash by which the parent refers to it is that of what follows. Whether a witness is
//! one of the state at hand shows when a trie is opened: its root is computed, too.
//!
//! # Layout
//!
//! | field | bytes | |
//! |---|---|---|
//! | number of tries | varint | |
//! | tries | | the nodes of each in pre-order |
//! | number of blobs | varint | |
//! | blobs | | each a varint of its length, then its bytes |
//!
//! Varints are those of [`reader`](crate::reader). A node begins with a tag:
//!
//! | tag | node | then |
//! |---|---|---|
//! | `i0`–`i7` | branch | its present children, its revealed children, its hashes, its value |
//! | `ic`–`if` | leaf with 1 to 64 nibbles: i + 1 after `ic`, i + 17 after `id`, i + 33 after `ie`, i + 49 after `if` | nibbles, value |
//! | `08` | leaf with none, or with more | path, value |
//! | `09` | extension whose branch is not revealed | path, hash of the branch |
//! | `0a` | extension whose branch follows | path |
//! | `0b` | a node that has been written before | varint: how many nodes were written before that one, blobs and references not counted |
//!
//! Nibbles are two a byte; when their number is odd, the first is alone in the low half of its byte. A path is a varint of the number of
//! its nibbles, and then these. A value is a varint of its length and its bytes. Of a branch:
//!
//! - bit 0 of the tag: it has all sixteen children. Otherwise 2 bytes follow, little-endian, bit n for child n.
//! - bit 1 of the tag: it has a value, which follows the hashes.
//! - bit 2 of the tag: just one child is revealed, child `i`, the high half of the tag. Otherwise `i` is 0 and 2 bytes follow,
//!   little-endian, bit n for revealed child n.
//! - hashes: those of the children that are there and not revealed, 32 bytes each, in order.
//!
//! The revealed children then follow as nodes, in order, each with all that is below.
//!
//! # One encoding
//!
//! A witness is a set of nodes and blobs, and has one encoding. A decoder refuses every other:
//!
//! - Tries come by strictly ascending root, and none of their topmost nodes is below another. Blobs come by strictly ascending
//!   hash.
//! - A node that is known by its hash is written once, where it comes first, and referred to by `0b` ever after. So no two
//!   written nodes have the same hash, no bare hash is the hash of a written node, and `0b` only names a node that is complete, has no
//!   shorter form (is not inline), and is not the topmost of a trie.
//! - Inline nodes are always revealed, as their bytes are part of their parent's. There is no other way to write them.
//! - Bits and tags not named above are 0 or not used; a branch has at least two children and values; an extension
//!   has a path and leads to a branch; no value is empty; nothing is left over.
//!
//! That a witness has no more than what its block uses is for the executor to check, after the
//! execution: [`Forest::check_all_used`](super::Forest::check_all_used).
//!
//! # Cost
//!
//! Decoding hashes each node once. It takes memory of at most [`MEMORY_FACTOR`] times the length of the witness, and no
//! recursion.

mod decode;
mod encode;
mod outline;

pub use self::{
    decode::{DecodeError, decode},
    encode::{EncodeError, encode},
    outline::outline,
};

/// How many times the length of a witness its decoded form takes in memory, at most, on a machine with 64 bits, not
/// counting two KiB.
///
/// The worst are leaves with an empty path and a value of one byte, which take 4 bytes in the witness and 144 in a slot of
/// a list that may have grown to twice what is used.
pub const MEMORY_FACTOR: usize = 128;

/// Tags of nodes.
mod tag {
    pub(super) const BRANCH_LAST: u8 = 0x07;
    pub(super) const LEAF: u8 = 0x08;
    pub(super) const EXTENSION_TO_HASH: u8 = 0x09;
    pub(super) const EXTENSION_TO_NODE: u8 = 0x0a;
    pub(super) const REPEATED: u8 = 0x0b;
    /// And the three above it.
    pub(super) const SHORT_LEAF: u8 = 0x0c;

    /// The bits of the tag of a branch.
    pub(super) const ALL_CHILDREN: u8 = 1;
    pub(super) const VALUE: u8 = 2;
    pub(super) const ONE_REVEALED: u8 = 4;

    /// The tag of a leaf whose path has so many nibbles, if these are 1 to 64.
    pub(super) fn of_short_leaf(n_nibbles: usize) -> Option<u8> {
        let less_one = u8::try_from(n_nibbles.checked_sub(1)?).ok().filter(|less_one| *less_one < 64)?;
        Some(SHORT_LEAF | less_one >> 4 | less_one << 4)
    }

    /// The number of nibbles that a tag from [`SHORT_LEAF`] on tells.
    pub(super) fn n_nibbles(tag: u8) -> usize {
        usize::from((tag & 0x03) << 4 | tag >> 4) + 1
    }
}
