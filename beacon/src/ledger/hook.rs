//! The execution hook in the fork choice of shards.
//!
//! A shard block whose execution is wrong never enters a node's fork choice. So no honest committee attests it, and it
//! is not crosslinked: crosslinks vouch for executions.

use std::{collections::BTreeSet, convert::Infallible, error::Error as StdError, sync::Arc};

use super::{Ledger, LedgerError, Receipt, RootRead, ShardBody};
use crate::proof::BlockProofs;
use outrider_beacon_proof::Layout;
use outrider_beacon_spec::types::{Epoch, Root, Shard, Slot};

/// The execution of shard blocks: the specification's place for it, `shard_state_transition` of v0.11.
pub trait Execution {
    /// The reason for which a block is refused.
    type Error: StdError + 'static;

    /// Executes blocks that do not depend on one another, such as those of all shards in a slot. Returns one result for
    /// each, in the same order; it depends on nothing but the block.
    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), Self::Error>>;

    /// Returns the reason for which the execution refused the block with this root, if it remembers that this is a
    /// verdict: no node will ever find the block right. Then the block is not executed again. By default, an execution
    /// remembers nothing.
    ///
    /// A verdict may be remembered by the block's root alone, because the root determines everything that an execution
    /// reads. It commits to shard, slot and body, and by their roots to both parents. The beacon parent's root commits
    /// to the state and the ledger after it, which has the hashes of all codes. The view is that ledger after the
    /// executions of the shard's blocks since its crosslink, which are in the bodies of the shard parent and of its own
    /// parents, each committed to by its child. Besides, there are only the settings, which are the same for all nodes
    /// of a chain and for ever. The root does not determine the signature, the time, nor which blocks this node has; the
    /// node checks these itself, before an execution, and never remembers how that went.
    fn refusal(&self, block_root: &Root) -> Option<Self::Error> {
        let _ = block_root;
        None
    }

    /// Takes note of the receipts that the beacon chain sends in a block that the node has accepted. An execution that fills
    /// blocks carries them to their shards; by default, nothing happens.
    fn on_beacon_receipts(&self, receipts: &[Receipt]) {
        let _ = receipts;
    }

    /// Takes note of a beacon block that the node has accepted, of any branch, as a source of proofs from its root. By
    /// default, nothing happens.
    fn on_beacon_block(&self, block: &Arc<dyn BlockProofs>) {
        let _ = block;
    }

    /// Takes note that another beacon block is final for the node, given the ledger after it. By default, nothing happens.
    fn on_finalized(&self, finalized: &Ledger) {
        let _ = finalized;
    }
}

impl<X: Execution + ?Sized> Execution for Arc<X> {
    type Error = X::Error;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), X::Error>> {
        (**self).execute(blocks)
    }

    fn refusal(&self, block_root: &Root) -> Option<X::Error> {
        (**self).refusal(block_root)
    }

    fn on_beacon_receipts(&self, receipts: &[Receipt]) {
        (**self).on_beacon_receipts(receipts);
    }

    fn on_beacon_block(&self, block: &Arc<dyn BlockProofs>) {
        (**self).on_beacon_block(block);
    }

    fn on_finalized(&self, finalized: &Ledger) {
        (**self).on_finalized(finalized);
    }
}

/// A place for a shard block: everything that its execution reads, besides the block's own body.
#[derive(Clone, Debug)]
pub struct ShardPlace {
    /// The shard.
    pub shard: Shard,
    /// The slot of the block.
    pub slot: Slot,
    /// The epoch of the slot.
    pub epoch: Epoch,
    /// The beacon block that the block builds on.
    pub beacon_parent_root: Root,
    /// The ledger after that beacon block. Roots and receipts of other shards are read from it.
    pub beacon_parent: Ledger,
    /// The layout of that beacon block, for proofs from its root.
    pub layout: Layout,
    /// The latest final slot in the state after that beacon block.
    pub finalized_slot: Slot,
    /// The ledger on which the block builds: that of its beacon parent with all headers that can still be challenged,
    /// after the executions of the shard's blocks since the crosslink in it.
    pub view: Ledger,
    /// The roots that the header of a block here may assume, as far as the node knows: other blocks make them, which do not
    /// count in the ledger of the beacon parent yet. Which blocks the node knows is no part of a verdict, so the node
    /// compares assumptions with these, and the execution must not.
    pub assumable: BTreeSet<RootRead>,
}

/// A shard block whose form, signature and parents are right.
#[derive(Clone, Copy, Debug)]
pub struct ExecutableBlock<'b> {
    /// Its root.
    pub root: Root,
    /// Its place.
    pub place: &'b ShardPlace,
    /// Its decoded body.
    pub body: &'b ShardBody,
}

/// An execution that finds every block right. The ledger's checks still apply, and so nothing is created; but the roots
/// of states can be anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoExecution;

impl Execution for NoExecution {
    type Error = Infallible;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), Infallible>> {
        vec![Ok(()); blocks.len()]
    }
}

/// The reason for which a shard block is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShardBlockError<E: StdError + 'static> {
    /// The specification or the ledger refuses it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Its execution is wrong.
    #[error("shard {shard}, slot {slot}: the execution is refused")]
    Execution {
        /// The shard.
        shard: Shard,
        /// The slot of the block.
        slot: Slot,
        /// The reason.
        #[source]
        error: E,
    },
}
