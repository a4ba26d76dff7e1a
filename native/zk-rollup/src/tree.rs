//! A tree of accounts in memory: what tests and small operators need.

use std::collections::BTreeMap;

use outrider_zk_rollup_core::Fr;
use outrider_zk_rollup_core::account::Account;
use outrider_zk_rollup_core::poseidon::compress;
use outrider_zk_rollup_core::tree::{ARITY, EMPTY, child_position};

use crate::circuit::Siblings;
use crate::witness::Opening;

/// A tree of accounts. It keeps the accounts and all nodes that are not empty.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tree {
    depth: usize,
    accounts: BTreeMap<u32, Account>,
    /// Hashes by height, from 0 for leaves, and position.
    nodes: BTreeMap<(usize, u32), Fr>,
}

impl Tree {
    /// Returns an empty tree with a number of levels above its leaves, at most 12.
    pub fn new(depth: usize) -> Tree {
        Tree { depth: depth.min(EMPTY.len() - 1), accounts: BTreeMap::new(), nodes: BTreeMap::new() }
    }

    /// Returns the number of levels above the leaves.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the root.
    pub fn root(&self) -> Fr {
        self.node(self.depth, 0)
    }

    /// Returns an account.
    pub fn account(&self, index: u32) -> Option<&Account> {
        self.accounts.get(&index)
    }

    /// Returns all accounts, by their indices.
    pub fn accounts(&self) -> impl Iterator<Item = (u32, &Account)> {
        self.accounts.iter().map(|(index, account)| (*index, account))
    }

    /// Returns an account with its siblings.
    pub fn open(&self, index: u32) -> Option<Opening> {
        Some(Opening { account: *self.account(index)?, siblings: self.siblings(index) })
    }

    /// Returns the siblings on the way from a leaf to the root.
    pub fn siblings(&self, index: u32) -> Vec<Siblings> {
        (0..self.depth)
            .map(|height| {
                let position = index >> (2 * height);
                // The neighbour differs in the low bit, and the other half in the high one.
                let other_half = (position ^ 2) & !1;
                [position ^ 1, other_half, other_half | 1].map(|position| self.node(height, position))
            })
            .collect()
    }

    /// Adds or replaces an account.
    pub fn set(&mut self, index: u32, account: Account) {
        self.nodes.insert((0, index), account.leaf());
        self.accounts.insert(index, account);
        for height in 0..self.depth {
            let position = index >> (2 * height);
            let first = position - child_position(index, height) as u32;
            let children: [Fr; ARITY] = std::array::from_fn(|child| self.node(height, first + child as u32));
            self.nodes.insert((height + 1, position / ARITY as u32), compress(children));
        }
    }

    fn node(&self, height: usize, position: u32) -> Fr {
        let empty = || EMPTY.get(height).copied().unwrap_or_default();
        self.nodes.get(&(height, position)).copied().unwrap_or_else(empty)
    }
}
