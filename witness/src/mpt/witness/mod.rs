//! The encoding of witnesses.
//!
//! A witness reveals nodes of any number of tries, and blobs. It holds no hash that can be computed: a revealed node
//! follows its parent, which refers to it by the computed hash. The roots of the tries are computed, too, so opening
//! a trie shows whether the witness is of the state at hand.
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
//! | `i0`–`i7` | branch | present children, revealed children, hashes, value |
//! | `ic`–`if` | leaf with 1 to 64 nibbles: i + 1 for `ic`, i + 17 for `id`, i + 33 for `ie`, i + 49 for `if` | nibbles, value |
//! | `08` | leaf with no nibbles, or more than 64 | path, value |
//! | `09` | extension whose branch is not revealed | path, hash of the branch |
//! | `0a` | extension whose branch follows | path |
//! | `0b` | repetition of a written node | varint: the number of nodes written before that node, without blobs and repetitions |
//!
//! Nibbles are two per byte; if their number is odd, the first is alone in the low half of its byte. A path is a
//! varint of the number of nibbles, then the nibbles. A value is a varint of its length, then its bytes. The fields
//! of a branch:
//!
//! - bit 0 of the tag: all sixteen children are present. Otherwise 2 bytes follow, little-endian, bit n for child n.
//! - bit 1 of the tag: there is a value, which follows the hashes.
//! - bit 2 of the tag: exactly one child is revealed, child `i`, the high half of the tag. Otherwise `i` is 0 and 2
//!   bytes follow, little-endian, bit n for revealed child n.
//! - hashes: those of the children that are present and not revealed, 32 bytes each, in order.
//!
//! The revealed children then follow as nodes, in order, each with everything below it.
//!
//! # One encoding
//!
//! A witness is a set of nodes and blobs with exactly one encoding. A decoder refuses every other:
//!
//! - Tries are in strictly ascending order of their roots, and no topmost node is below another node. Blobs are in
//!   strictly ascending order of their hashes.
//! - A node with a hash is written once, at its first place, and every other place refers to it by `0b`. So no two
//!   written nodes have the same hash, no bare hash is that of a written node, and `0b` only names a node that is
//!   complete, is not inline, and is not the topmost of a trie.
//! - Inline nodes are always revealed, as their bytes are part of their parent's.
//! - Other bits are 0 and other tags unused; a branch has at least two children and values; an extension has a path and
//!   leads to a branch; no value is empty; no bytes follow.
//!
//! The executor checks after the execution that a witness holds no more than its block uses:
//! [`Forest::check_all_used`](super::Forest::check_all_used).
//!
//! # Cost
//!
//! Decoding hashes each node once. It takes at most [`MEMORY_FACTOR`] times the length of the witness in memory, and
//! does not recurse.

mod decode;
mod encode;
mod outline;

pub use self::{
    decode::{DecodeError, decode},
    encode::{EncodeError, encode},
    outline::outline,
};

/// The maximum size of a decoded witness in memory, as a multiple of its length, on a 64-bit machine, not counting
/// two KiB.
///
/// The worst case is a leaf with an empty path and a value of one byte: it takes 4 bytes in the witness, and 144 in a
/// list that may have grown to twice the size in use.
pub const MEMORY_FACTOR: usize = 128;

/// Tags of nodes.
mod tag {
    pub(super) const BRANCH_LAST: u8 = 0x07;
    pub(super) const LEAF: u8 = 0x08;
    pub(super) const EXTENSION_TO_HASH: u8 = 0x09;
    pub(super) const EXTENSION_TO_NODE: u8 = 0x0a;
    pub(super) const REPEATED: u8 = 0x0b;
    /// The first of four tags of leaves.
    pub(super) const SHORT_LEAF: u8 = 0x0c;

    /// The flags in the tag of a branch.
    pub(super) const ALL_CHILDREN: u8 = 1;
    pub(super) const VALUE: u8 = 2;
    pub(super) const ONE_REVEALED: u8 = 4;

    /// Returns the tag of a leaf whose path has 1 to 64 nibbles.
    pub(super) fn of_short_leaf(n_nibbles: usize) -> Option<u8> {
        let less_one = u8::try_from(n_nibbles.checked_sub(1)?).ok().filter(|less_one| *less_one < 64)?;
        Some(SHORT_LEAF | less_one >> 4 | less_one << 4)
    }

    /// Returns the number of nibbles in a tag from [`SHORT_LEAF`] on.
    pub(super) fn n_nibbles(tag: u8) -> usize {
        usize::from((tag & 0x03) << 4 | tag >> 4) + 1
    }
}
