//! The binary sparse Merkle tree: a map from keys of 256 bits to short values, with a root of 32 bytes.
//!
//! In principle the tree has 2^256 leaves, most of them empty, and each bit of a key leads one branch down, 0 to
//! the left and 1 to the right. Two rules keep it small. An empty subtree is the zero hash and costs nothing. A
//! subtree with one leaf *is* that leaf, whichever depth it begins at. So a tree of `n` keys that are spread evenly
//! has paths of about log₂ `n` branches.
//!
//! A [`Tree`] is partial; what is not in memory it asks its source for. It is made from a root and a source by
//! [`Tree::open`], or from a witness by [`Tree::from_witness`], with nothing behind it.
//!
//! | module | concern |
//! |---|---|
//! | `key` | keys, and which way their bits lead |
//! | [`node`] | nodes, and the bytes of which their hashes are taken |
//! | `tree` | reads and changes |
//! | `commit` | the root, and where new nodes go |
//! | `entries` | iterating |
//! | [`witness`] | the revealed part of a tree as bytes |
//! | `error` | what can go wrong |

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
