//! The tree of accounts: 12 levels of arity 4 under Poseidon, as far as it is known.
//!
//! A leaf is an account, at the place of its index: from the root down, each step takes the next two bits, the highest
//! first. A subtree without accounts is *empty*; its hash is a constant of its level, and it has no nodes.
//!
//! | node in a store | bytes | hash |
//! |---|---|---|
//! | branch | 128: the hashes of its four children, big-endian; the constant of the level for an empty one | Poseidon of the four |
//! | account | 48: y of the key, balance and nonce, big-endian | [`Account::leaf`] |
//!
//! The tree is known in parts: a provider reads further nodes from its store, and an executor has
//! those of a [witness](Tree::read_paths).

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod error;
mod node;
mod witness;

use core::array::from_fn;

use outrider_witness::{NodeSink, NodeSource};
use outrider_zk_rollup_core::{
    Account, AccountIndex, Fr,
    tree::{ARITY, DEPTH, EMPTY, child_position},
};

pub use self::error::{PathsError, TreeError};
pub(crate) use self::node::node_hash;
use self::node::{Link, empty_at};

/// The tree of accounts.
#[derive(Clone, Debug)]
pub struct Tree<S> {
    root: Link,
    source: S,
}

impl<S: NodeSource> Tree<S> {
    /// Returns the tree with a root. Its nodes come from a source as far as they are needed.
    pub fn open(root: Fr, source: S) -> Self {
        Self { root: Link::of_hash(root, 0), source }
    }

    /// Returns the tree without accounts.
    pub fn empty(source: S) -> Self {
        Self { root: Link::Empty, source }
    }

    /// Returns the account with an index, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Fails if a node is missing or malformed.
    pub fn account(&mut self, index: AccountIndex) -> Result<Option<Account>, TreeError> {
        let Self { root, source } = self;
        let mut link = root;
        for (depth, digit) in steps(index) {
            match link.child(depth, digit, source)? {
                Some(child) => link = child,
                None => return Ok(None),
            }
        }
        link.account(source)
    }

    /// Puts an account at an index, in place of the one that may be there.
    ///
    /// # Errors
    ///
    /// Fails as [`account`](Self::account) does; then no account has changed.
    pub fn set(&mut self, index: AccountIndex, account: Account) -> Result<(), TreeError> {
        let Self { root, source } = self;
        let mut link = root;
        for (depth, digit) in steps(index) {
            link = link.child_to_change(depth, digit, source)?;
        }
        // A place that is not known is not changed.
        link.resolve(DEPTH, source)?;
        *link = Link::of_new_account(account);
        Ok(())
    }

    /// Returns the hashes of the four children of each branch on the path to an index, from the root's down. Below
    /// the root, the first one is the branch at which the digit of the index points.
    ///
    /// # Errors
    ///
    /// Fails as [`account`](Self::account) does.
    pub fn path(&mut self, index: AccountIndex) -> Result<[[Fr; ARITY]; DEPTH], TreeError> {
        let Self { root, source } = self;
        // The path in the tree without accounts.
        let mut path = from_fn(|depth| [empty_at(depth.saturating_add(1)); ARITY]);
        let mut link = root;
        for ((depth, digit), children) in steps(index).zip(&mut path) {
            link.resolve(depth, source)?;
            *children = link.child_hashes(depth);
            match link.child(depth, digit, source)? {
                Some(child) => link = child,
                None => break,
            }
        }
        Ok(path)
    }

    /// Computes the root.
    pub fn root(&mut self) -> Fr {
        self.root.hash(0)
    }

    /// Puts all nodes that were made since the tree was opened, children before their parents, and returns the root.
    pub fn commit(&mut self, sink: &mut impl NodeSink) -> Fr {
        self.root.commit(0, sink)
    }
}

/// Returns the root of the tree without accounts.
pub(crate) const fn empty_root() -> Fr {
    EMPTY[DEPTH]
}

/// Returns the steps to an index from the root down: the depth of each branch, and the number of its child.
fn steps(index: AccountIndex) -> impl Iterator<Item = (usize, usize)> {
    (0..DEPTH).map(move |depth| (depth, digit(index, depth)))
}

/// Returns the number of the child of a branch at a depth that leads to an index.
fn digit(index: AccountIndex, depth: usize) -> usize {
    child_position(index.get(), DEPTH.saturating_sub(1).saturating_sub(depth))
}
