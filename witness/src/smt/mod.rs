//! The binary sparse Merkle tree: a map from keys of 256 bits to short values, with a root of 32 bytes.
//!
//! In principle the tree has 2^256 leaves, most of them empty, and each bit of a key leads down one branch, 0 to the
//! left and 1 to the right. Two rules keep it small. An empty subtree is the zero hash and costs nothing. A subtree
//! with one leaf *is* that leaf, at any depth. So a tree of `n` evenly spread keys has paths of about log₂ `n`
//! branches.
//!
//! A [`Tree`] is partial: it reads nodes that are not in memory from its source. [`Tree::open`] makes one from a root
//! and a source, [`Tree::from_witness`] from a witness, without a source.
//!
//! | module | concern |
//! |---|---|
//! | `key` | keys, and the paths along their bits |
//! | [`node`] | nodes and their preimages |
//! | `tree` | reads and changes |
//! | `commit` | roots, and output of new nodes |
//! | `entries` | iteration |
//! | [`witness`] | the revealed part of a tree as bytes |
//! | `error` | errors |

mod commit;
mod entries;
mod error;
mod key;
pub mod node;
mod tree;
pub mod witness;

pub use self::{
    entries::Entries,
    error::{DecodeError, TreeError, UnusedError},
    key::Key,
    node::{EMPTY_ROOT, VALUE_BYTES_MAX},
    tree::Tree,
};
