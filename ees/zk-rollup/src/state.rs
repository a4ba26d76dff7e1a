//! The state: its node, and what hangs below it, as far as a witness or a provider has it.
//!
//! The parts below the node are read when a block needs them for the first time, and this order is that of a witness:
//!
//! | part | needed by | content |
//! |---|---|---|
//! | [state's node](crate::node) | every block on a state | as it is |
//! | [pending deposits](crate::deposits) | a receipt that joins them, or an operation on them | nothing if there are none |
//! | [paths](crate::tree) | deposits that get their places, and exits | the paths to their accounts |
//! | [verifying keys](crate::keys) | batches | the node of each size's key, in the order of first use |
//!
//! A witness of the empty state has no bytes. So a witness has one encoding.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::{collections::BTreeSet, vec::Vec};

use outrider_sdk::{
    Reader, StateRoot, crypto,
    driver::WitnessState,
    state::{HostNodes, HostSink},
};
use outrider_witness::{Hash, NodeSink as _, NodeSource as _};
use outrider_zk_rollup_core::{Account, AccountIndex, Fr, VerifyingKey, field::to_bytes};

use crate::{
    deposits::{self, Deposit},
    error::{ProviderError, StateError, WitnessError},
    genesis::Genesis,
    keys::{KEY_NODE_BYTES, key_hash, key_node, key_of_node},
    node::StateNode,
    tree::{Tree, empty_root},
};

/// A state's node, and what is known below it.
#[derive(Debug)]
pub struct State {
    /// `None` in the empty state, whose root is zero.
    node: Option<StateNode>,
    /// The node with which the state was opened.
    opened: Option<StateNode>,
    source: Source,
    accounts: Tree<HostNodes>,
    /// `None` until they are needed.
    deposits: Option<Vec<Deposit>>,
    /// The verifying keys that are known.
    keys: Vec<(u16, VerifyingKey)>,
}

#[derive(Debug)]
enum Source {
    /// A witness, of which the first bytes are used.
    Witness { bytes: Vec<u8>, used: usize },
    /// The host's nodes, and the witness after the state's node so far.
    Provider { witness: Vec<u8> },
}

impl State {
    /// Returns the node; `None` in the empty state.
    pub(crate) fn node(&self) -> Option<&StateNode> {
        self.node.as_ref()
    }

    /// Returns the node to change it.
    pub(crate) fn node_mut(&mut self) -> Result<&mut StateNode, StateError> {
        self.node.as_mut().ok_or(StateError::Empty)
    }

    /// Returns whether a provider holds the state.
    pub(crate) fn is_provider(&self) -> bool {
        matches!(self.source, Source::Provider { .. })
    }

    /// Begins with the first state.
    pub(crate) fn begin(&mut self, node: StateNode, genesis: Genesis) {
        self.node = Some(node);
        self.keys = genesis.keys;
    }

    /// Returns the pending deposits.
    pub(crate) fn deposits(&mut self) -> Result<&mut Vec<Deposit>, StateError> {
        let deposits = match self.deposits.take() {
            Some(deposits) => deposits,
            None => self.read_deposits()?,
        };
        Ok(self.deposits.insert(deposits))
    }

    fn read_deposits(&mut self) -> Result<Vec<Deposit>, StateError> {
        let expected = self.node_mut()?.deposits;
        if expected == [0; 32] {
            return Ok(Vec::new());
        }
        match &mut self.source {
            Source::Provider { witness } => {
                let bytes = HostNodes.node(&Hash(expected)).map_err(ProviderError::from)?;
                let read = deposits::list_of_node(&bytes).map_err(ProviderError::from)?;
                deposits::write_list(&read, witness);
                Ok(read)
            }
            Source::Witness { bytes, used } => {
                let mut reader = rest(bytes, *used)?;
                let read = deposits::read_list(&mut reader).map_err(WitnessError::from)?;
                *used = reader.offset();
                if read.is_empty() || deposits::list_hash(&read) != expected {
                    return Err(WitnessError::Deposits.into());
                }
                Ok(read)
            }
        }
    }

    /// Reveals the accounts at indices. A block calls this once, before it reads or changes accounts.
    pub(crate) fn open_accounts(&mut self, indices: &BTreeSet<AccountIndex>) -> Result<(), StateError> {
        if indices.is_empty() {
            return Ok(());
        }
        match &mut self.source {
            Source::Provider { witness } => Ok(self.accounts.write_paths(indices, witness)?),
            Source::Witness { bytes, used } => {
                let mut reader = rest(bytes, *used)?;
                let mut accounts =
                    Tree::read_paths(&mut reader, indices, HostNodes).map_err(WitnessError::from)?;
                *used = reader.offset();
                if accounts.root() != self.accounts.root() {
                    return Err(WitnessError::Accounts.into());
                }
                self.accounts = accounts;
                Ok(())
            }
        }
    }

    /// Returns the account at an index, or `None` if there is none.
    pub(crate) fn account(&mut self, index: AccountIndex) -> Result<Option<Account>, StateError> {
        Ok(self.accounts.account(index)?)
    }

    /// Puts an account at an index.
    pub(crate) fn set_account(&mut self, index: AccountIndex, account: Account) -> Result<(), StateError> {
        Ok(self.accounts.set(index, account)?)
    }

    /// Returns the root of the accounts.
    pub(crate) fn accounts_root(&mut self) -> Fr {
        self.accounts.root()
    }

    /// Returns the tree of accounts, which a provider has in full.
    pub(crate) fn accounts(&mut self) -> &mut Tree<HostNodes> {
        &mut self.accounts
    }

    /// Moves on to a root that a proof has shown, unless a provider has moved there by itself.
    pub(crate) fn advance_accounts(&mut self, root: Fr) {
        if !self.is_provider() {
            self.accounts = Tree::open(root, HostNodes);
        }
    }

    /// Returns the key that verifies batches of a size, or `None` if there is no such size.
    pub(crate) fn verifying_key(&mut self, size: u16) -> Result<Option<VerifyingKey>, StateError> {
        if let Some((_, key)) = self.keys.iter().find(|(known, _)| *known == size) {
            return Ok(Some(*key));
        }
        let keys = &self.node_mut()?.keys;
        let Some((_, expected)) = keys.iter().find(|(known, _)| *known == size).copied() else {
            return Ok(None);
        };
        let bytes = match &mut self.source {
            Source::Provider { witness } => {
                let bytes = HostNodes.node(&Hash(expected)).map_err(ProviderError::from)?;
                witness.extend(&bytes);
                bytes
            }
            Source::Witness { bytes, used } => {
                let mut reader = rest(bytes, *used)?;
                let taken = reader.take(KEY_NODE_BYTES).map_err(WitnessError::from)?;
                *used = reader.offset();
                taken.to_vec()
            }
        };
        let is_expected = crypto::keccak256(&bytes) == expected;
        // The genesis has checked it.
        let key = key_of_node(&bytes).filter(|_| is_expected).ok_or(WitnessError::Key { size })?;
        self.keys.push((size, key));
        Ok(Some(key))
    }

    /// Writes the roots of what hangs below the node into it.
    pub(crate) fn finish(&mut self) {
        let accounts = self.accounts.root();
        if let Some(node) = &mut self.node {
            node.accounts = accounts;
            if let Some(deposits) = &self.deposits {
                node.deposits = deposits::list_hash(deposits);
            }
        }
    }

    fn new(node: Option<StateNode>, source: Source) -> Self {
        let root = node.as_ref().map_or_else(empty_root, |node| node.accounts);
        let accounts = Tree::open(root, HostNodes);
        Self { opened: node.clone(), node, source, accounts, deposits: None, keys: Vec::new() }
    }
}

/// Returns a reader of a witness after the bytes that are used.
fn rest(bytes: &[u8], used: usize) -> Result<Reader<'_>, WitnessError> {
    let mut reader = Reader::new(bytes);
    reader.take(used)?;
    Ok(reader)
}

impl WitnessState for State {
    type Output = ();
    type DecodeError = WitnessError;
    type UnusedError = WitnessError;
    type HostError = ProviderError;

    fn from_witness(witness: &[u8], root: StateRoot) -> Result<Self, WitnessError> {
        let mut reader = Reader::new(witness);
        let node = if root == StateRoot::default() {
            None
        } else {
            let node = StateNode::read(&mut reader)?;
            let got = node.root();
            if got != root {
                return Err(WitnessError::Root { got, expected: root });
            }
            Some(node)
        };
        Ok(Self::new(node, Source::Witness { bytes: witness.to_vec(), used: reader.offset() }))
    }

    fn from_host(root: StateRoot) -> Result<Self, ProviderError> {
        let source = Source::Provider { witness: Vec::new() };
        if root == StateRoot::default() {
            return Ok(Self::new(None, source));
        }
        let bytes = HostNodes.node(&Hash::from(root))?;
        let mut reader = Reader::new(&bytes);
        let node = StateNode::read(&mut reader)?;
        reader.finish()?;
        let got = node.root();
        if got != root {
            return Err(ProviderError::Root { got, expected: root });
        }
        Ok(Self::new(Some(node), source))
    }

    fn check_all_used(&self) -> Result<(), WitnessError> {
        match &self.source {
            Source::Witness { bytes, used } => Ok(rest(bytes, *used)?.finish()?),
            Source::Provider { .. } => Ok(()),
        }
    }

    fn root(&mut self, (): &()) -> StateRoot {
        self.node.as_ref().map(StateNode::root).unwrap_or_default()
    }

    fn commit(&mut self, (): &(), sink: &mut HostSink) -> StateRoot {
        let Some(node) = &self.node else { return StateRoot::default() };
        let mut children = Vec::new();
        let accounts = self.accounts.commit(sink);
        if accounts != empty_root() {
            children.push(Hash(to_bytes(&accounts)));
        }
        if node.deposits != [0; 32] {
            let hash = Hash(node.deposits);
            if self.opened.as_ref().is_none_or(|opened| opened.deposits != node.deposits)
                && let Some(deposits) = &self.deposits
            {
                sink.put(&hash, &deposits::list_node(deposits), &[]);
            }
            children.push(hash);
        }
        if self.opened.is_none() {
            for (_, key) in &self.keys {
                sink.put(&Hash(key_hash(key)), &key_node(key), &[]);
            }
        }
        children.extend(node.keys.iter().map(|(_, hash)| Hash(*hash)));
        let root = node.root();
        sink.put(&Hash::from(root), &node.to_bytes(), &children);
        root
    }

    fn into_witness(self) -> Result<Vec<u8>, ProviderError> {
        let mut bytes = self.opened.as_ref().map(StateNode::to_bytes).unwrap_or_default();
        match self.source {
            Source::Provider { witness } | Source::Witness { bytes: witness, .. } => bytes.extend(witness),
        }
        Ok(bytes)
    }
}
