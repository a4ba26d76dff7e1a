//! Utreexo: an accumulator of hashes, such as Bitcoin's unspent outputs, as a forest of binary trees.
//!
//! It is the accumulator of [BIP 181], as utreexod and rustreexo have it. A verifier keeps the roots and the number of
//! leaves that were ever added; to delete leaves, it needs their paths to the roots, the *witness*.
//!
//! # Forest
//!
//! The bits of the number of leaves say which trees there are: bit `r` is a tree of row `r`, made of 2^`r` leaves that
//! were added one after the other. The oldest leaves are in the largest tree. Two rules change the forest:
//!
//! - **A leaf is added** as a tree of row 0. While there is another tree of its row, the two become the children of a
//!   branch, the older one to the left. If the older tree is empty, the newer one moves up a row as it is.
//! - **A leaf is deleted**, and its sibling, a leaf or a branch with all below it, takes the place of their parent. A
//!   tree whose last leaf is deleted is empty. It stays a tree, with a root that is none.
//!
//! A block deletes first and adds after that. The order of deletions does not matter, that of additions does. The hash
//! of a branch is the SHA-512/256 of the hashes of its children ([`parent_hash`]).
//!
//! # Indices
//!
//! Leaves are numbered as they are added, from 0. This *index* of a leaf never changes, whereas its [`Place`] does when
//! the forest changes around it. The index also leads to the leaf: a deletion removes a branch and leaves all others as
//! they are, so a tree is the compressed binary trie of the indices in it, and a branch that joined two trees of row `r`
//! stands for bit `r` of the index. The hash of a branch does not show `r`. So a provider notes it beside each hash,
//! and an index from outputs to leaves never needs an update for leaves that others made move.
//!
//! Leaves are distinct. For [`LeafData`] that follows from Bitcoin's rules, as it contains the hash of the block.
//!
//! # Undo
//!
//! No hash depends on a place, so moving a subtree changes no node of it. A block only makes new nodes along the paths
//! that it changes, and old roots stay valid over the old nodes. To undo blocks is to go back to old [`Roots`];
//! nodes that several states share are the same node in a store. As a leaf's index follows from the blocks up to its
//! own, and [`LeafData`] contains that block's hash, even the notes beside hashes are the same on all forks.
//!
//! | module | concern |
//! |---|---|
//! | `accumulator` | roots and the number of leaves: the verifier |
//! | [`witness`] | the paths of leaves as bytes |
//! | `forest` | all leaves: the provider |
//! | [`node`] | hashes of branches, and their bytes in a store |
//! | `pollard` | some leaves and their paths, kept up to date: a wallet |
//! | `leaf` | the hash of an unspent output |
//! | `place` | places in the forest, and their numbers |
//! | `proof` | proofs as BIP 181 and other implementations have them |
//! | `error` | errors |
//!
//! [BIP 181]: https://github.com/bitcoin/bips/blob/master/bip-0181.md

mod accumulator;
mod error;
mod forest;
mod leaf;
pub mod node;
mod place;
mod pollard;
mod proof;
pub mod witness;

pub use self::{
    accumulator::Accumulator,
    error::{AccumulatorError, ForestError, PollardError, ProofError, WitnessError},
    forest::{Forest, Leaf, Roots},
    leaf::{HeaderCode, LEAF_TAG, LeafData, OVERWRITTEN_LEAVES, SCRIPT_BYTES_MAX, is_unspendable},
    node::{Link, parent_hash},
    place::{Numbering, Place},
    pollard::Pollard,
    proof::Proof,
    witness::Witness,
};

/// The maximum number of leaves that may be added: one less than the leaves of a tree of row 63, as in rustreexo and
/// utreexod, so that 64 bits suffice for any place.
pub const LEAVES_MAX: u64 = (1 << 63) - 1;
