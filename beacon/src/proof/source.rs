//! Sources of proofs from the root of a beacon block, for those who know neither phase nor preset.

use std::sync::Arc;

use outrider_beacon_proof::{Claim, Layout, Multiproof};
use outrider_beacon_spec::{hash::hash_tree_root, types::Root};

use super::{ProveError, Prover, layout};
use crate::ledger::{ExtendedBlock, ExtendedState, Ledger, LedgerPhase, ShardExecution};

/// A beacon block from whose root claims can be proven.
pub trait BlockProofs: Send + Sync {
    /// Returns the root of the block.
    fn block_root(&self) -> Root;

    /// Returns the root of the block before.
    fn parent_root(&self) -> Root;

    /// Returns the layout of the block.
    fn layout(&self) -> Layout;

    /// Returns the ledger after the block.
    fn ledger(&self) -> &Ledger;

    /// Returns the executions that the block crosslinks.
    fn executions(&self) -> &[ShardExecution];

    /// Proves several claims at once.
    ///
    /// # Errors
    ///
    /// Fails as [`Prover::prove_all`] does.
    fn prove_all(&self, claims: &[Claim]) -> Result<Multiproof, ProveError>;
}

impl<P: LedgerPhase> BlockProofs for Prover<'_, P> {
    fn block_root(&self) -> Root {
        self.block_root
    }

    fn parent_root(&self) -> Root {
        self.block.parent_root
    }

    fn layout(&self) -> Layout {
        Self::layout(self)
    }

    fn ledger(&self) -> &Ledger {
        self.ledger
    }

    fn executions(&self) -> &[ShardExecution] {
        &self.operations.executions
    }

    fn prove_all(&self, claims: &[Claim]) -> Result<Multiproof, ProveError> {
        Self::prove_all(self, claims)
    }
}

/// A beacon block with its operations, and state and ledger after it. A copy of a state costs pointers.
#[derive(Clone, Debug)]
pub struct ProvableBlock<P: LedgerPhase> {
    block: Arc<ExtendedBlock<P>>,
    after: ExtendedState<P>,
    block_root: Root,
    layout: Layout,
}

impl<P: LedgerPhase> ProvableBlock<P> {
    /// Makes a source of proofs. It proves nothing if state and ledger are not those after the block.
    #[must_use]
    pub fn new(block: Arc<ExtendedBlock<P>>, after: ExtendedState<P>) -> Self {
        let message = &block.block.message;
        let (block_root, layout) = (hash_tree_root(message), layout(message));
        Self { block, after, block_root, layout }
    }
}

impl<P: LedgerPhase> BlockProofs for ProvableBlock<P> {
    fn block_root(&self) -> Root {
        self.block_root
    }

    fn parent_root(&self) -> Root {
        self.block.block.message.parent_root
    }

    fn layout(&self) -> Layout {
        self.layout
    }

    fn ledger(&self) -> &Ledger {
        &self.after.ledger
    }

    fn executions(&self) -> &[ShardExecution] {
        &self.block.operations.executions
    }

    fn prove_all(&self, claims: &[Claim]) -> Result<Multiproof, ProveError> {
        let ExtendedBlock { block, operations } = &*self.block;
        let prover = Prover::new(&block.message, &self.after.ledger, operations)?;
        prover.with_state(&self.after.state)?.prove_all(claims)
    }
}
