//! A node with a ledger for each block.

use std::{collections::BTreeMap, ops::Deref};

use super::{
    ExtendedBlock, ExtendedState, Ledger, LedgerError, LedgerPhase, Receipt, extended_transition,
    operation::ShardProposerSlashing,
    proposals::Proposals,
    views::{ShardExecutions, Views},
};
use crate::{
    node::{ForkChoiceRecord, Node},
    registry::Rules,
};
use outrider_beacon_spec::{
    containers::{Attestation, BeaconBlock},
    error::Error,
    hash::hash_tree_root,
    signatures::Signatures,
    types::Root,
};

/// The ledger after a block, and the receipts that the beacon chain sent in the block.
#[derive(Clone, Debug)]
pub struct BlockLedger {
    /// The ledger after the block.
    pub ledger: Ledger,
    /// The receipts that the beacon chain sent in the block.
    pub receipts: Vec<Receipt>,
}

/// A [`Node`] with the ledger after each known block. The node determines heads, finality and pruning; a reorg changes
/// the ledger, too, because each block has its own.
#[derive(Clone, Debug)]
pub struct LedgerNode<P: LedgerPhase> {
    pub(super) node: Node<P>,
    ledgers: BTreeMap<Root, BlockLedger>,
    pub(super) shard_executions: ShardExecutions,
    pub(super) proposals: Proposals,
    pub(super) views: Views,
}

impl<P: LedgerPhase> LedgerNode<P> {
    /// Makes a node from a trusted state, its ledger, and its block.
    ///
    /// # Errors
    ///
    /// Fails if the block is not the state's, or if ledger and state belong to different blocks.
    pub fn new(anchor: ExtendedState<P>, anchor_block: BeaconBlock<P>) -> Result<Self, LedgerError> {
        anchor.check_latest_blocks()?;
        anchor.ledger.check_conservation()?;
        let root = hash_tree_root(&anchor_block);
        let node = Node::new(anchor.state, anchor_block)?;
        let ledger = BlockLedger { ledger: anchor.ledger, receipts: Vec::new() };
        let ledgers = BTreeMap::from([(root, ledger)]);
        Ok(Self {
            node,
            ledgers,
            shard_executions: ShardExecutions::default(),
            proposals: Proposals::default(),
            views: Views::default(),
        })
    }

    /// Returns the ledger after a block.
    #[must_use]
    pub fn block_ledger(&self, root: &Root) -> Option<&BlockLedger> {
        self.ledgers.get(root)
    }

    /// Returns state and ledger after a block.
    #[must_use]
    pub fn extended(&self, root: &Root) -> Option<ExtendedState<P>> {
        let state = self.node.store().block_states.get(root)?.clone();
        Some(ExtendedState { state, ledger: self.ledgers.get(root)?.ledger.clone() })
    }

    pub(crate) fn restore(&mut self, learned: ForkChoiceRecord) -> Result<(), Error> {
        self.node.restore(learned)
    }

    /// Advances the time, as [`Node::on_tick`] does.
    ///
    /// # Errors
    ///
    /// Fails before genesis.
    pub fn on_tick(&mut self, time: u64) -> Result<(), Error> {
        self.node.on_tick(time)
    }

    /// Processes an attestation, as [`Node::on_attestation`] does.
    ///
    /// # Errors
    ///
    /// Fails at the first check that does not hold.
    pub fn on_attestation(&mut self, attestation: &Attestation<P>) -> Result<(), Error> {
        self.node.on_attestation(attestation)
    }

    /// Processes an attestation, as [`Node::on_attestation_with`] does.
    ///
    /// # Errors
    ///
    /// Fails at the first check that does not hold.
    pub fn on_attestation_with(
        &mut self,
        attestation: &Attestation<P>,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        self.node.on_attestation_with(attestation, signatures)
    }

    /// Processes a block with its operations. A known block changes nothing, because its root determines its
    /// operations.
    ///
    /// # Errors
    ///
    /// Fails as [`Node::on_block`] and [`extended_transition`] do; then nothing has changed.
    pub fn on_block(&mut self, block: &ExtendedBlock<P>, rules: Rules<'_>) -> Result<(), LedgerError> {
        let parent = self.ledgers.get(&block.block.message.parent_root).map(|parent| parent.ledger.clone());
        let mut after = None;
        self.node.on_block_by(&block.block, |state, _| {
            let ledger = parent.ok_or(Error::UnknownParent)?;
            let transition = extended_transition(ExtendedState { state, ledger }, block, rules)?;
            let ExtendedState { state, ledger } = transition.extended;
            after = Some(BlockLedger { ledger, receipts: transition.receipts });
            Ok::<_, LedgerError>(state)
        })?;
        if let Some(after) = after {
            self.ledgers.insert(hash_tree_root(&block.block.message), after);
        }
        let store = self.node.store();
        self.ledgers.retain(|root, _| store.blocks.contains_key(root));
        self.views.retain(|root| store.blocks.contains_key(root));
        if let Some(finalized) = store.block_states.get(&store.finalized_checkpoint.root) {
            self.proposals.prune(P::shard_states(finalized));
        }
        Ok(())
    }

    /// Returns evidence against each proposer who, since finality, has signed several blocks for a slot of a shard.
    pub fn shard_proposer_slashings(&self) -> impl Iterator<Item = ShardProposerSlashing> {
        self.proposals.slashings()
    }
}

impl<P: LedgerPhase> Deref for LedgerNode<P> {
    type Target = Node<P>;

    fn deref(&self) -> &Node<P> {
        &self.node
    }
}
