//! The fork choice of a node on an open network, where anybody may send anything.
//!
//! This module is not part of the specification; it builds on the specification's [`fork_choice`]. It differs in that
//!
//! - it verifies an attestation's signature before it advances any state to the target. In the specification, a
//!   forged attestation makes the node process the end of an epoch;
//! - it accepts an attestation only from a committee that exists, with a bit for each member, and for the committee's
//!   shard;
//! - a vote for an unknown shard block counts only once the block is known;
//! - a shard block has to be later than its parent;
//! - it finds the head of a shard among the blocks that can still be crosslinked, on request:
//!   [`Node::crosslinkable_shard_blocks`];
//! - it does not execute a known block again;
//! - it drops everything before finality: see [`prune()`].
//!
//! The head always equals the one that the specification finds in a store of the same blocks and votes.

mod attestation;
mod committee;
mod phase;
mod prune;
mod shard;
#[cfg(test)]
mod tests;

pub use phase::NodePhase;
pub use prune::prune;
pub use shard::CROSSLINK_SLOTS;

pub(crate) use shard::Placed;

use std::collections::BTreeMap;

use outrider_beacon_spec::{
    containers::{BeaconBlock, BeaconState, Checkpoint, SignedBeaconBlock},
    error::Error,
    fork_choice::{
        self, LatestMessage, Store, checkpoint_state, current_epoch, get_forkchoice_store, get_head,
    },
    hash::hash_tree_root,
    transition::state_transition,
    types::{Root, ValidatorIndex},
};

/// The checkpoints and the latest votes of a node's fork choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForkChoiceRecord {
    pub(crate) justified_checkpoint: Checkpoint,
    pub(crate) best_justified_checkpoint: Checkpoint,
    pub(crate) finalized_checkpoint: Checkpoint,
    pub(crate) latest_messages: BTreeMap<ValidatorIndex, LatestMessage>,
}

/// A node's view of the chain since finality.
#[derive(Clone, Debug)]
pub struct Node<P: NodePhase> {
    store: Store<P>,
}

impl<P: NodePhase> Node<P> {
    /// Starts at a trusted state and its block.
    ///
    /// # Errors
    ///
    /// Fails if the block is not the state's.
    pub fn new(anchor_state: BeaconState<P>, anchor_block: BeaconBlock<P>) -> Result<Self, Error> {
        Ok(Self { store: get_forkchoice_store(anchor_state, anchor_block)? })
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &Store<P> {
        &self.store
    }

    /// Sets the time, in Unix seconds.
    ///
    /// # Errors
    ///
    /// Fails if the time is before genesis.
    pub fn on_tick(&mut self, time: u64) -> Result<(), Error> {
        fork_choice::on_tick(&mut self.store, time)?;
        self.keep_checkpoint_states()
    }

    /// Adds a block and updates the justified and finalized checkpoints. Does nothing for a known block.
    ///
    /// # Errors
    ///
    /// Fails as [`fork_choice::on_block`] does, and then changes nothing.
    pub fn on_block(&mut self, signed_block: &SignedBeaconBlock<P>) -> Result<(), Error> {
        self.on_block_by(signed_block, state_transition)
    }

    /// Adds a block like [`Self::on_block`], with another state transition.
    ///
    /// # Errors
    ///
    /// Fails as [`fork_choice::on_block_by`] does, and then changes nothing.
    pub(crate) fn on_block_by<E: From<Error>>(
        &mut self,
        signed_block: &SignedBeaconBlock<P>,
        transition: impl FnOnce(BeaconState<P>, &SignedBeaconBlock<P>) -> Result<BeaconState<P>, E>,
    ) -> Result<(), E> {
        if self.store.blocks.contains_key(&hash_tree_root(&signed_block.message)) {
            return Ok(());
        }
        let finalized_checkpoint = self.store.finalized_checkpoint;
        fork_choice::on_block_by(&mut self.store, signed_block, transition)?;
        if self.store.finalized_checkpoint != finalized_checkpoint {
            prune(&mut self.store)?;
        }
        Ok(self.keep_checkpoint_states()?)
    }

    /// Returns the block to build on.
    ///
    /// # Errors
    ///
    /// Never: the store holds the justified block and its state.
    pub fn head(&self) -> Result<Root, Error> {
        get_head(&self.store)
    }

    /// Restores the checkpoints and votes of an earlier node with the same blocks.
    pub(crate) fn restore(&mut self, learned: ForkChoiceRecord) -> Result<(), Error> {
        let ForkChoiceRecord {
            justified_checkpoint,
            best_justified_checkpoint,
            finalized_checkpoint,
            latest_messages,
        } = learned;
        self.store.justified_checkpoint = justified_checkpoint;
        self.store.best_justified_checkpoint = best_justified_checkpoint;
        self.store.finalized_checkpoint = finalized_checkpoint;
        self.store.latest_messages = latest_messages;
        self.keep_checkpoint_states()
    }

    /// Keeps the state of the justified checkpoint, whose balances weight votes, and of checkpoints of this epoch and
    /// the previous one; drops all others.
    fn keep_checkpoint_states(&mut self) -> Result<(), Error> {
        let justified = self.store.justified_checkpoint;
        let previous_epoch = current_epoch(&self.store)?.saturating_sub(1);
        if !self.store.checkpoint_states.contains_key(&justified) {
            let state = checkpoint_state(&self.store, &justified)?;
            self.store.checkpoint_states.insert(justified, state);
        }
        self.store
            .checkpoint_states
            .retain(|checkpoint, _| *checkpoint == justified || checkpoint.epoch >= previous_epoch);
        Ok(())
    }
}
