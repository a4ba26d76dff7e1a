//! The binary sparse Merkle tree: a map from keys of 256 bits to short values, with a root of 32 bytes.
//!
//! In principle the tree has 2^256 leaves, most of them empty, and each bit of a key leads one branch down, 0 to
//! the left and 1 to the right. Two rules keep it small. An empty subtree is the zero hash and costs nothing. A subtree with
//! one leaf *is* that leaf, whichever depth it begins at. So a tree of `n` keys that are spread evenly has paths of about
//! log₂ `n` branches. What is hashed is described with the `node` module, to the byte:
#![doc = "\n"]
//! | module | concern |
//! |---|---|
//! | `key` | keys, and which way their bits lead |
//! | `node` | nodes, and the bytes of which their hashes are taken |
//! | `tree` | reads, changes, the root |
//! | `iter` | walking through all leaves |
//! | `witness` | the revealed part of a tree as bytes |
//! | `structure` | the shape of a revealed tree as bits |
//! | `error` | what can go wrong |

mod error;
mod iter;
mod key;
mod node;
mod structure;
mod tree;
mod witness;

pub use error::{TreeError, WitnessError};
pub use iter::Iter;
pub use key::Key;
pub use node::{EMPTY_ROOT, VALUE_BYTES_MAX};
pub use tree::Tree;
pub use witness::{decode, encode, read};
