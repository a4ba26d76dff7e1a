//! LMD GHOST: the heaviest child of the heaviest child.

use std::{cmp::Reverse, collections::BTreeMap};

use super::store::{Store, checkpoint_slot, checkpoint_state};
use crate::{
    accessors::{get_active_validator_indices, get_current_epoch, validator},
    constants::GENESIS_EPOCH,
    containers::{BeaconState, Checkpoint},
    error::Error,
    math::Uint64 as _,
    phase::Phase,
    types::{Gwei, Root, Slot},
};

/// Returns the head: starts at the justified block and follows the child with most stake behind its descendants; of
/// two with equal stake, the one with the greater root.
///
/// The specification walks from each vote to each block. This adds up votes from the latest block to the first, in
/// one pass.
///
/// # Errors
///
/// Fails if the store does not hold the justified state.
pub fn get_head<P: Phase>(store: &Store<P>) -> Result<Root, Error> {
    let tree = Tree::new(store)?;
    let mut head = store.justified_checkpoint.root;
    let justified_slot = checkpoint_slot::<P>(&store.justified_checkpoint)?;
    while let Some(child) = tree.heaviest_child(head, justified_slot) {
        head = child;
    }
    Ok(head)
}

/// The blocks with the stake behind each, and whether each leads to a viable head.
#[derive(Default)]
struct Tree {
    nodes: BTreeMap<Root, Node>,
}

#[derive(Clone, Default)]
struct Node {
    slot: Slot,
    children: Vec<Root>,
    balance: Gwei,
    is_viable: bool,
}

impl Tree {
    fn new<P: Phase>(store: &Store<P>) -> Result<Self, Error> {
        let mut tree = Self::default();
        for (root, block) in &store.blocks {
            tree.nodes.insert(*root, Node { slot: block.slot, ..Node::default() });
        }
        for (root, block) in &store.blocks {
            if let Some(parent) = tree.nodes.get_mut(&block.parent_root) {
                parent.children.push(*root);
            }
        }
        tree.add_votes(store)?;
        tree.add_up(store)?;
        Ok(tree)
    }

    /// Adds the balance of each validator that is active in the justified state to the block that it last attested.
    fn add_votes<P: Phase>(&mut self, store: &Store<P>) -> Result<(), Error> {
        let state = &checkpoint_state(store, &store.justified_checkpoint)?;
        for index in get_active_validator_indices(state, get_current_epoch(state)).iter() {
            let Some(message) = store.latest_messages.get(index) else { continue };
            let node = self.nodes.get_mut(&message.root).ok_or(Error::UnknownBlock)?;
            node.balance = node.balance.plus(validator(state, *index)?.effective_balance)?;
        }
        Ok(())
    }

    /// Computes `get_latest_attesting_balance` and `filter_block_tree`, from the latest block to the first: a block
    /// has its own votes and those of its children, and is viable if a child is.
    fn add_up<P: Phase>(&mut self, store: &Store<P>) -> Result<(), Error> {
        let mut roots: Vec<_> = self.nodes.iter().map(|(root, node)| (Reverse(node.slot), *root)).collect();
        roots.sort_unstable();
        for (_, root) in roots {
            let Some(node) = self.nodes.get(&root) else { continue };
            let mut is_viable = false;
            let mut balance = node.balance;
            if node.children.is_empty() {
                let state = store.block_states.get(&root).ok_or(Error::UnknownBlock)?;
                is_viable = agrees(store, state);
            }
            for child in node.children.iter().filter_map(|child| self.nodes.get(child)) {
                is_viable |= child.is_viable;
                balance = balance.plus(child.balance)?;
            }
            if let Some(node) = self.nodes.get_mut(&root) {
                (node.is_viable, node.balance) = (is_viable, balance);
            }
        }
        Ok(())
    }

    fn heaviest_child(&self, root: Root, justified_slot: Slot) -> Option<Root> {
        let children = self.nodes.get(&root)?.children.iter();
        children
            .filter_map(|child| Some((child, self.nodes.get(child)?)))
            .filter(|(_, node)| node.is_viable && node.slot > justified_slot)
            .map(|(child, node)| (node.balance, *child))
            .max()
            .map(|(_, child)| child)
    }
}

/// Returns whether the state of a branch's last block has the store's justified and finalized checkpoints.
fn agrees<P: Phase>(store: &Store<P>, head_state: &BeaconState<P>) -> bool {
    let is = |expected: &Checkpoint, got: &Checkpoint| expected.epoch == GENESIS_EPOCH || expected == got;
    is(&store.justified_checkpoint, &head_state.current_justified_checkpoint)
        && is(&store.finalized_checkpoint, &head_state.finalized_checkpoint)
}
