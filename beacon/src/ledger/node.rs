//! A node that carries the ledger along.

use std::{collections::BTreeMap, ops::Deref};

use super::{Extended, ExtendedBlock, Ledger, LedgerError, LedgerPhase, Receipt, extended_transition};
use crate::{node::Node, registry::Rules};
use outrider_beacon_spec::{
    containers::{Attestation, BeaconBlock, SignedShardBlock},
    error::Error,
    hash::hash_tree_root,
    phase::Phase1,
    preset::Preset,
    types::Root,
};

/// A ledger, and what the beacon chain sent in the block that led to it.
#[derive(Clone, Debug)]
pub struct BlockLedger {
    /// The ledger after the block.
    pub ledger: Ledger,
    /// Receipts that the beacon chain sent in it.
    pub receipts: Vec<Receipt>,
}

/// A [`Node`] with the ledger after each block that it knows. Heads, finality and what is forgotten are the node's; a reorg takes the
/// ledger along, as each block has its own.
#[derive(Clone, Debug)]
pub struct LedgerNode<P: LedgerPhase> {
    node: Node<P>,
    ledgers: BTreeMap<Root, BlockLedger>,
}

impl<P: LedgerPhase> LedgerNode<P> {
    /// Begins with a trusted state, the ledger beside it, and their block.
    ///
    /// # Errors
    ///
    /// If the block is not the state's, or ledger and state are not of one block.
    pub fn new(anchor: Extended<P>, anchor_block: BeaconBlock<P>) -> Result<Self, LedgerError> {
        anchor.check_latest_blocks()?;
        anchor.ledger.check_conservation()?;
        let root = hash_tree_root(&anchor_block);
        let node = Node::new(anchor.state, anchor_block)?;
        let ledger = BlockLedger { ledger: anchor.ledger, receipts: Vec::new() };
        Ok(Self { node, ledgers: BTreeMap::from([(root, ledger)]) })
    }

    /// The ledger after a block.
    #[must_use]
    pub fn block_ledger(&self, root: &Root) -> Option<&BlockLedger> {
        self.ledgers.get(root)
    }

    /// State and ledger after a block.
    #[must_use]
    pub fn extended(&self, root: &Root) -> Option<Extended<P>> {
        let state = self.node.store().block_states.get(root)?.clone();
        Some(Extended { state, ledger: self.ledgers.get(root)?.ledger.clone() })
    }

    /// [`Node::on_tick`].
    ///
    /// # Errors
    ///
    /// Before genesis.
    pub fn on_tick(&mut self, time: u64) -> Result<(), Error> {
        self.node.on_tick(time)
    }

    /// [`Node::on_attestation`].
    ///
    /// # Errors
    ///
    /// The first check that fails.
    pub fn on_attestation(&mut self, attestation: &Attestation<P>) -> Result<(), Error> {
        self.node.on_attestation(attestation)
    }

    /// Takes in a block with its operations. One that is known already changes nothing: its root says which operations it has.
    ///
    /// # Errors
    ///
    /// As [`Node::on_block`] and [`extended_transition`]; then, nothing has changed.
    pub fn on_block(&mut self, block: &ExtendedBlock<P>, rules: Rules<'_>) -> Result<(), LedgerError> {
        let parent = self.ledgers.get(&block.block.message.parent_root).map(|parent| parent.ledger.clone());
        let mut after = None;
        self.node.on_block_by(&block.block, |state, _| {
            let ledger = parent.ok_or(Error::UnknownParent)?;
            let transition = extended_transition(Extended { state, ledger }, block, rules)?;
            let Extended { state, ledger } = transition.extended;
            after = Some(BlockLedger { ledger, receipts: transition.receipts });
            Ok::<_, LedgerError>(state)
        })?;
        if let Some(after) = after {
            self.ledgers.insert(hash_tree_root(&block.block.message), after);
        }
        self.ledgers.retain(|root, _| self.node.store().blocks.contains_key(root));
        Ok(())
    }
}

impl<C: Preset> LedgerNode<Phase1<C>> {
    /// [`Node::on_shard_block`].
    ///
    /// # Errors
    ///
    /// If the block is invalid, or its parents are not known.
    pub fn on_shard_block(&mut self, signed_shard_block: &SignedShardBlock) -> Result<(), Error> {
        self.node.on_shard_block(signed_shard_block)
    }
}

impl<P: LedgerPhase> Deref for LedgerNode<P> {
    type Target = Node<P>;

    fn deref(&self) -> &Node<P> {
        &self.node
    }
}
