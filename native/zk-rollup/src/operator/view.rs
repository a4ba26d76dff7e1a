//! A state of the rollup, as a store has it.

use outrider_abi::{ReadError, Reader, StateRoot};
use outrider_witness::{Hash, NodeError, NodeSource};
use outrider_zk_rollup_core::transfer::TransferError;
use outrider_zk_rollup_core::tree::{ARITY, DEPTH};
use outrider_zk_rollup_core::{Account, AccountIndex, Fr};
use outrider_zk_rollup_ee::{
    Deposit, DepositsError, StateNode, StateNodeError, Tree, TreeError, list_of_node,
};

use crate::circuit::Siblings;
use crate::witness::Opening;

/// A state of the rollup. Its tree of accounts can be changed; the store stays as it is.
#[derive(Debug)]
pub struct View<S> {
    node: StateNode,
    pending: Vec<Deposit>,
    tree: Tree<S>,
}

/// A reason why a store does not show a state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The state is empty.
    #[error("the state is empty: a genesis makes the first one")]
    Empty,
    /// The store does not have a node.
    #[error("a node of the state")]
    Node(#[from] NodeError),
    /// The root is of no state of the rollup.
    #[error("the state's node: is it a state of the ZK-rollup EE?")]
    State(#[from] StateNodeError),
    /// Bytes follow the state's node.
    #[error("the state's node")]
    Trailing(#[from] ReadError),
    /// The list of pending deposits is malformed.
    #[error("the pending deposits")]
    Deposits(#[from] DepositsError),
    /// The tree of accounts cannot be read.
    #[error("the accounts")]
    Tree(#[from] TreeError),
    /// The number is no index of an account.
    #[error(transparent)]
    Index(#[from] TransferError),
}

impl<S: NodeSource> View<S> {
    /// Opens the state with a root.
    ///
    /// # Errors
    ///
    /// Returns [`ViewError`] if it is empty, or if the store does not have it.
    pub fn open(source: S, root: StateRoot) -> Result<View<S>, ViewError> {
        if root == StateRoot::default() {
            return Err(ViewError::Empty);
        }
        let bytes = source.node(&root.into())?;
        let mut reader = Reader::new(&bytes);
        let node = StateNode::read(&mut reader)?;
        reader.finish()?;
        let pending = match node.deposits {
            NO_DEPOSITS => Vec::new(),
            hash => list_of_node(&source.node(&Hash(hash))?)?,
        };
        let tree = Tree::open(node.accounts, source);
        Ok(View { node, pending, tree })
    }

    /// Returns the state's node, as the store has it.
    pub fn node(&self) -> &StateNode {
        &self.node
    }

    /// Returns the pending deposits.
    pub fn pending(&self) -> &[Deposit] {
        &self.pending
    }

    /// Returns the root of the accounts.
    pub fn accounts(&mut self) -> Fr {
        self.tree.root()
    }

    /// Returns an account, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns [`ViewError`] if the store does not have it.
    pub fn account(&mut self, index: AccountIndex) -> Result<Option<Account>, ViewError> {
        Ok(self.tree.account(index)?)
    }

    /// Returns an account with the siblings on its way to the root, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns [`ViewError`] if the store does not have it.
    pub fn open_account(&mut self, index: AccountIndex) -> Result<Option<Opening>, ViewError> {
        let Some(account) = self.account(index)? else { return Ok(None) };
        let siblings = siblings(&self.tree.path(index)?, index.get());
        Ok(Some(Opening { account, siblings }))
    }

    /// Returns the siblings on the way from leaf 0, which has no account, to the root.
    ///
    /// # Errors
    ///
    /// Returns [`ViewError`] if the store does not have them.
    pub fn siblings_of_nobody(&mut self) -> Result<Vec<Siblings>, ViewError> {
        // Leaves 0 and 1 have the same parent.
        let path = self.tree.path(AccountIndex::new(1)?)?;
        Ok(siblings(&path, 0))
    }

    /// Returns all accounts with their indices, in order.
    ///
    /// # Errors
    ///
    /// Returns [`ViewError`] if the store does not have one.
    pub fn all_accounts(&mut self) -> Result<Vec<(AccountIndex, Account)>, ViewError> {
        let mut accounts = Vec::new();
        for index in 1..self.node.next_index {
            let index = AccountIndex::new(index)?;
            accounts.extend(self.account(index)?.map(|account| (index, account)));
        }
        Ok(accounts)
    }

    pub(super) fn set(&mut self, index: AccountIndex, account: Account) -> Result<(), ViewError> {
        Ok(self.tree.set(index, account)?)
    }
}

/// Returns the siblings of a leaf, from the leaf up, in the circuit's order: the neighbour, which differs in the low bit, and
/// then the other two. The path has all children from the root down.
fn siblings(path: &[[Fr; ARITY]; DEPTH], index: u32) -> Vec<Siblings> {
    let level = |(height, children): (usize, &[Fr; ARITY])| {
        let [a, b, c, d] = *children;
        match index >> (2 * height) & 3 {
            0 => [b, c, d],
            1 => [a, c, d],
            2 => [d, a, b],
            _ => [c, a, b],
        }
    };
    path.iter().rev().enumerate().map(level).collect()
}

/// The hash of a list without deposits.
const NO_DEPOSITS: [u8; 32] = [0; 32];
