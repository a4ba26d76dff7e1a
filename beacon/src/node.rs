//! The fork choice of a node in the open, where anybody may send anything.
//!
//! This is no part of the specification, whose [`fork_choice`] it stands on. It differs in that
//!
//! - an attestation's signature is verified before any state is advanced to its target. To the letter, whoever makes up
//!   an attestation lets the node go through the end of an epoch;
//! - an attestation has to be of a committee that exists, by as many bits as it has members, and for its shard;
//! - a vote for a shard block that is not known waits for it, and counts for nothing meanwhile;
//! - a block of a shard is later than its parent;
//! - what is known already is not executed again;
//! - what is before finality is forgotten: see [`prune()`].
//!
//! The head is always that which the specification finds in a store of the same blocks and votes.

mod attestation;
mod committee;
mod phase;
mod prune;
mod shard;
#[cfg(test)]
mod tests;

pub use phase::NodePhase;
pub use prune::prune;

use outrider_beacon_spec::{
    containers::{BeaconBlock, BeaconState, SignedBeaconBlock},
    error::Error,
    fork_choice::{self, Store, checkpoint_state, current_epoch, get_forkchoice_store, get_head},
    hash::hash_tree_root,
    types::Root,
};

/// What a node knows of the chain since finality.
#[derive(Clone, Debug)]
pub struct Node<P: NodePhase> {
    store: Store<P>,
}

impl<P: NodePhase> Node<P> {
    /// Begins with a trusted state and its block.
    ///
    /// # Errors
    ///
    /// If the block is not the state's.
    pub fn new(anchor_state: BeaconState<P>, anchor_block: BeaconBlock<P>) -> Result<Self, Error> {
        Ok(Self { store: get_forkchoice_store(anchor_state, anchor_block)? })
    }

    /// What the node knows.
    #[must_use]
    pub fn store(&self) -> &Store<P> {
        &self.store
    }

    /// Says what time it is, in seconds.
    ///
    /// # Errors
    ///
    /// Before genesis.
    pub fn on_tick(&mut self, time: u64) -> Result<(), Error> {
        fork_choice::on_tick(&mut self.store, time)?;
        self.keep_checkpoint_states()
    }

    /// Takes in a block, and what is justified and final by it. One that is known already changes nothing.
    ///
    /// # Errors
    ///
    /// As [`fork_choice::on_block`]; then, nothing has changed.
    pub fn on_block(&mut self, signed_block: &SignedBeaconBlock<P>) -> Result<(), Error> {
        if self.store.blocks.contains_key(&hash_tree_root(&signed_block.message)) {
            return Ok(());
        }
        let finalized_checkpoint = self.store.finalized_checkpoint;
        fork_choice::on_block(&mut self.store, signed_block)?;
        if self.store.finalized_checkpoint != finalized_checkpoint {
            prune(&mut self.store)?;
        }
        self.keep_checkpoint_states()
    }

    /// Returns the block to build on.
    ///
    /// # Errors
    ///
    /// Never: the justified block and its state are there.
    pub fn head(&self) -> Result<Root, Error> {
        get_head(&self.store)
    }

    /// Has the state at the justified checkpoint, by whose balances votes count, and no others but those of heads that
    /// were attested in this epoch or the last.
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
