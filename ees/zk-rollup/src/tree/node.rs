//! The nodes of the tree, in memory and in a store.

use alloc::{boxed::Box, vec::Vec};

use outrider_witness::{Hash, NodeError, NodeSink, NodeSource};
use outrider_zk_rollup_core::{
    Account, Fr,
    field::{from_bytes, to_bytes},
    poseidon::compress,
    tree::{ARITY, DEPTH, EMPTY},
};

use super::error::TreeError;

/// The way to a subtree, as far as it is known.
#[derive(Clone, Debug)]
pub(super) enum Link {
    /// No account is below.
    Empty,
    /// Only the hash is known; it is not that of an empty subtree.
    Hash(Fr),
    Branch(Box<Branch>),
    Leaf(Leaf),
}

#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) children: [Link; ARITY],
    /// `None` after a change below.
    hash: Option<Fr>,
    /// Whether it was made since the tree was opened.
    is_new: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) account: Account,
    hash: Fr,
    is_new: bool,
}

impl Link {
    pub(super) fn of_hash(hash: Fr, depth: usize) -> Self {
        if hash == empty_at(depth) { Self::Empty } else { Self::Hash(hash) }
    }

    /// Returns a known branch at a depth.
    pub(super) fn of_children(mut children: [Self; ARITY], depth: usize) -> Self {
        let hash = compress(hashes(&mut children, depth));
        Self::Branch(Box::new(Branch { children, hash: Some(hash), is_new: false }))
    }

    /// Returns a known leaf.
    pub(super) fn of_account(account: Account) -> Self {
        Self::Leaf(Leaf { account, hash: account.leaf(), is_new: false })
    }

    pub(super) fn of_new_account(account: Account) -> Self {
        Self::Leaf(Leaf { account, hash: account.leaf(), is_new: true })
    }

    /// Returns a child of a branch at a depth, or `None` if no account is below.
    pub(super) fn child(
        &mut self,
        depth: usize,
        digit: usize,
        source: &impl NodeSource,
    ) -> Result<Option<&mut Self>, TreeError> {
        self.resolve(depth, source)?;
        match self {
            Self::Branch(branch) => Ok(branch.children.get_mut(digit)),
            Self::Empty | Self::Hash(_) | Self::Leaf(_) => Ok(None),
        }
    }

    /// Returns a child that is about to change.
    pub(super) fn child_to_change(
        &mut self,
        depth: usize,
        digit: usize,
        source: &impl NodeSource,
    ) -> Result<&mut Self, TreeError> {
        self.resolve(depth, source)?;
        if !matches!(self, Self::Branch(_)) {
            let children = [const { Self::Empty }; ARITY];
            *self = Self::Branch(Box::new(Branch { children, hash: None, is_new: true }));
        }
        let Self::Branch(branch) = self else { return Err(TreeError::Digit { digit }) };
        (branch.hash, branch.is_new) = (None, true);
        branch.children.get_mut(digit).ok_or(TreeError::Digit { digit })
    }

    /// Returns the account of a leaf, or `None` if there is none.
    pub(super) fn account(&mut self, source: &impl NodeSource) -> Result<Option<Account>, TreeError> {
        self.resolve(DEPTH, source)?;
        match self {
            Self::Leaf(leaf) => Ok(Some(leaf.account)),
            Self::Empty | Self::Hash(_) | Self::Branch(_) => Ok(None),
        }
    }

    /// Reads the node, if only its hash is known.
    pub(super) fn resolve(&mut self, depth: usize, source: &impl NodeSource) -> Result<(), TreeError> {
        let Self::Hash(expected) = *self else { return Ok(()) };
        let hash = Hash(to_bytes(&expected));
        let bytes = source.node(&hash)?;
        let malformed = TreeError::Malformed { hash };
        let mut node = if depth < DEPTH {
            Self::of_children(children(&bytes, depth).ok_or(malformed)?, depth)
        } else {
            Self::of_account(account(&bytes).ok_or(malformed)?)
        };
        let got = node.hash(depth);
        if got != expected {
            return Err(NodeError::WrongHash { expected: hash, got: Hash(to_bytes(&got)) }.into());
        }
        *self = node;
        Ok(())
    }

    /// Returns the hash, and computes it if something has changed below.
    pub(super) fn hash(&mut self, depth: usize) -> Fr {
        match self {
            Self::Empty => empty_at(depth),
            Self::Hash(hash) => *hash,
            Self::Leaf(leaf) => leaf.hash,
            Self::Branch(branch) => match branch.hash {
                Some(hash) => hash,
                None => {
                    let hash = compress(hashes(&mut branch.children, depth));
                    branch.hash = Some(hash);
                    hash
                }
            },
        }
    }

    /// Returns the hashes of the children of a branch at a depth.
    pub(super) fn child_hashes(&mut self, depth: usize) -> [Fr; ARITY] {
        match self {
            Self::Branch(branch) => hashes(&mut branch.children, depth),
            Self::Empty | Self::Hash(_) | Self::Leaf(_) => [empty_at(depth.saturating_add(1)); ARITY],
        }
    }

    /// Puts the nodes that are new, children before their parents, and returns the hash.
    pub(super) fn commit(&mut self, depth: usize, sink: &mut impl NodeSink) -> Fr {
        let hash = self.hash(depth);
        match self {
            Self::Leaf(leaf) if leaf.is_new => {
                leaf.is_new = false;
                sink.put(&Hash(to_bytes(&hash)), &leaf.account.to_bytes(), &[]);
            }
            Self::Branch(branch) if branch.is_new => {
                branch.is_new = false;
                let below = depth.saturating_add(1);
                branch.children.iter_mut().for_each(|child| {
                    child.commit(below, sink);
                });
                let hashes = hashes(&mut branch.children, depth).map(|hash| Hash(to_bytes(&hash)));
                let pairs = branch.children.iter().zip(hashes);
                let children: Vec<Hash> =
                    pairs.filter(|(child, _)| !matches!(child, Self::Empty)).map(|(_, hash)| hash).collect();
                sink.put(&Hash(to_bytes(&hash)), hashes.map(|hash| hash.0).as_flattened(), &children);
            }
            Self::Empty | Self::Hash(_) | Self::Leaf(_) | Self::Branch(_) => {}
        }
        hash
    }
}

/// Returns the hash of a node in a provider's store, or `None` if the bytes are none.
pub(crate) fn node_hash(bytes: &[u8]) -> Option<Hash> {
    let hash = match bytes.len() {
        BRANCH_BYTES => compress(child_hashes(bytes)?),
        _ => account(bytes)?.leaf(),
    };
    Some(Hash(to_bytes(&hash)))
}

fn hashes(children: &mut [Link; ARITY], depth: usize) -> [Fr; ARITY] {
    children.each_mut().map(|child| child.hash(depth.saturating_add(1)))
}

/// Returns the hash of an empty subtree at a depth.
pub(super) fn empty_at(depth: usize) -> Fr {
    EMPTY.get(DEPTH.saturating_sub(depth)).copied().unwrap_or_default()
}

fn children(bytes: &[u8], depth: usize) -> Option<[Link; ARITY]> {
    Some(child_hashes(bytes)?.map(|hash| Link::of_hash(hash, depth.saturating_add(1))))
}

fn account(bytes: &[u8]) -> Option<Account> {
    Account::from_bytes(bytes.try_into().ok()?).ok()
}

fn child_hashes(bytes: &[u8]) -> Option<[Fr; ARITY]> {
    let (hashes, []) = bytes.as_chunks::<32>() else { return None };
    let hashes = hashes.iter().map(|hash| from_bytes(hash).ok()).collect::<Option<Vec<Fr>>>()?;
    hashes.try_into().ok()
}

/// The length of a branch: four hashes.
const BRANCH_BYTES: usize = ARITY * 32;
