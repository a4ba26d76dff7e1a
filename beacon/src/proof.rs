//! Makes proofs from a block's root, given the block, its ledger and perhaps the state after it;
//! [`outrider_beacon_proof`] verifies them.

mod block;
mod branch;
mod crosslink;
mod ledger;
mod life;
mod source;

pub use crosslink::{ShardBlockProof, body_branch, lane_branch};
pub use life::{prove_emitted, prove_settled};
pub use source::{BlockProofs, ProvableBlock};

use block::{block_roots, body_roots, state_roots};
use branch::branch;

use crate::ledger::{
    AccusedBatch, InboundBatch, Ledger, LedgerCommitment, LedgerOperations, LedgerPhase, ReadProof, RootRead,
};
use outrider_beacon_proof::{Hash, Proof};
use outrider_beacon_spec::{
    containers::{BeaconBlock, BeaconState},
    hash::hash_tree_root,
    math::index,
    preset::Preset,
    types::{Root, Shard, Slot},
};
use ssz_types::typenum::Unsigned as _;

pub use outrider_beacon_proof::{
    Claim, FateProof, Layout, Multiproof, Phase, ProofError, ProvenHeader, RECEIPTS_PER_CLAIM, ReceiptLife,
    ReceiptProof, SHARDS_PER_CLAIM, SettledProof, earlier_block_claims, waiting_claims,
};

/// The reason for which a claim cannot be proven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The ledger or the operations are not the block's.
    #[error("the block's graffiti is {got}, expected the root of ledger and operations, {expected}")]
    Commitment {
        /// The graffiti.
        got: Root,
        /// The root of the commitment.
        expected: Root,
    },
    /// The state is not that after the block.
    #[error("the block's state root is {got}, expected that of the state, {expected}")]
    State {
        /// The block's.
        got: Root,
        /// The state's.
        expected: Root,
    },
    /// The EE or shard does not exist.
    #[error("the chain has nothing for {0}: there is no such EE or shard")]
    Absent(Claim),
    /// The claim is about a state or the ether of an EE on a shard, and the ledger is thin.
    #[error("the ledger is thin and has nothing for {0}, which committees alone know")]
    ThinLedger(Claim),
    /// The claim is about the state after the block, and the prover has none.
    #[error("a proof of {0} needs the state after the block")]
    NoState(Claim),
    /// The shard had no block in the slot, or the slot is too long ago or in the future.
    #[error("shard {shard} has no execution root of slot {slot} after slot {latest}")]
    NoExecution {
        /// The shard.
        shard: Shard,
        /// The slot.
        slot: Slot,
        /// The ledger's slot.
        latest: Slot,
    },
    /// The state after the block does not know the root of the slot's block.
    #[error(
        "the block of slot {latest} knows the {n_slots} block roots before its own, and not that of slot {slot}"
    )]
    NoBlockRoot {
        /// The slot.
        slot: Slot,
        /// The block's slot.
        latest: Slot,
        /// The length of the vector of block roots.
        n_slots: u64,
    },
    /// The block does not crosslink such a shard block.
    #[error("the block of slot {slot} does not crosslink a block {block} of shard {shard}")]
    NotCrosslinked {
        /// The shard.
        shard: Shard,
        /// The index in the shard's transition.
        block: u64,
        /// The beacon block's slot.
        slot: Slot,
    },
    /// The prover does not have the latest block of the shard.
    #[error(
        "a proof of the latest execution of shard {shard} needs the proof of its latest block, {latest_block_root}"
    )]
    NoShardBlock {
        /// The shard.
        shard: Shard,
        /// The root of its latest block.
        latest_block_root: Root,
    },
    /// The claims do not fit into one proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// Returns the layout of a chain's blocks of phase 1.
#[must_use]
pub fn phase1_layout<C: Preset>() -> Layout {
    Layout {
        phase: Phase::Phase1,
        max_shards: C::MaxShards::U64,
        slots_per_historical_root: C::SLOTS_PER_HISTORICAL_ROOT,
    }
}

/// Returns the layout of a block.
fn layout<P: LedgerPhase>(block: &BeaconBlock<P>) -> Layout {
    let max_shards = P::shard_transitions(&block.body).len() as u64;
    let (phase, max_shards) = if max_shards > 0 { (Phase::Phase1, max_shards) } else { (Phase::Phase0, 1) };
    Layout { phase, max_shards, slots_per_historical_root: P::Preset::SLOTS_PER_HISTORICAL_ROOT }
}

/// A prover of claims about the chain after a block.
#[derive(Debug)]
pub struct Prover<'p, P: LedgerPhase> {
    block: &'p BeaconBlock<P>,
    ledger: &'p Ledger,
    operations: &'p LedgerOperations<P>,
    state: Option<&'p BeaconState<P>>,
    /// The latest blocks of shards that are known.
    shard_blocks: Vec<ShardBlockProof>,
    operations_root: Root,
    block_root: Root,
}

impl<'p, P: LedgerPhase> Prover<'p, P> {
    /// Makes a prover for a block, the ledger after it, and its operations.
    ///
    /// # Errors
    ///
    /// Fails with [`ProveError::Commitment`] if they do not belong together.
    pub fn new(
        block: &'p BeaconBlock<P>,
        ledger: &'p Ledger,
        operations: &'p LedgerOperations<P>,
    ) -> Result<Self, ProveError> {
        let (ledger_root, operations_root) = (ledger.root(), hash_tree_root(operations));
        let (got, expected) =
            (block.body.graffiti, hash_tree_root(&LedgerCommitment { ledger_root, operations_root }));
        if got != expected {
            return Err(ProveError::Commitment { got, expected });
        }
        let (state, shard_blocks, block_root) = (None, Vec::new(), hash_tree_root(block));
        Ok(Self { block, ledger, operations, state, shard_blocks, operations_root, block_root })
    }

    /// Adds the state after the block, for claims about it. The state has no pending writes, as
    /// [`BeaconState::root`] leaves it.
    ///
    /// # Errors
    ///
    /// Fails with [`ProveError::State`] if it is not the block's.
    pub fn with_state(self, state: &'p BeaconState<P>) -> Result<Self, ProveError> {
        let (got, expected) = (self.block.state_root, hash_tree_root(state));
        if got != expected {
            return Err(ProveError::State { got, expected });
        }
        Ok(Self { state: Some(state), ..self })
    }

    /// Adds the latest block of a shard, for [`Claim::LatestExecution`].
    #[must_use]
    pub fn with_shard_block(mut self, shard_block: ShardBlockProof) -> Self {
        self.shard_blocks.push(shard_block);
        self
    }

    /// Returns the root to which proofs lead.
    #[must_use]
    pub fn block_root(&self) -> Root {
        self.block_root
    }

    /// Returns the ledger after the block.
    #[must_use]
    pub fn ledger(&self) -> &'p Ledger {
        self.ledger
    }

    /// Returns the layout of the block.
    #[must_use]
    pub fn layout(&self) -> Layout {
        layout(self.block)
    }

    /// Proves a claim.
    ///
    /// # Errors
    ///
    /// Fails if the claim's subject does not exist, if the prover lacks what the proof needs, or if an execution that was
    /// given is not that of its shard block.
    pub fn prove(&self, claim: Claim) -> Result<Proof, ProveError> {
        let (leaf, branch) = match claim {
            Claim::BlockSlot => (hash_tree_root(&self.block.slot), branch(&block_roots(self.block), 3, 0)),
            Claim::BlockRoot { slot } => self.earlier_root(claim, slot)?,
            Claim::FinalizedEpoch => self.finalized_epoch(claim)?,
            Claim::CrosslinkedExecution { shard, block } => self.crosslinked_execution(shard, block)?,
            Claim::LatestExecution { shard } => self.latest_execution(claim, shard)?,
            Claim::CodeHash { .. }
            | Claim::Deposit { .. }
            | Claim::DeployedEpoch { .. }
            | Claim::ExitEpoch { .. }
            | Claim::WithdrawableEpoch { .. }
            | Claim::HibernationEpoch { .. }
            | Claim::WakeEpoch { .. }
            | Claim::Shards { .. }
            | Claim::StateRoot { .. }
            | Claim::Balance { .. }
            | Claim::Slot
            | Claim::ShardCount
            | Claim::EeCount { .. }
            | Claim::SettledBefore { .. }
            | Claim::Settled { .. }
            | Claim::ExecutionRoot { .. } => self.of_ledger(claim)?,
        };
        let proof = Proof { gindex: claim.gindex(self.layout())?, leaf: leaf.0, branch };
        proof.verify(&self.block_root.0, proof.gindex)?;
        Ok(proof)
    }

    /// Proves several claims at once. To prove an execution root of a slot, [`Claim::Slot`] has to be one of them.
    ///
    /// # Errors
    ///
    /// Fails if one of the claims cannot be proven, if one occurs twice, or if there are none or too many.
    pub fn prove_all(&self, claims: &[Claim]) -> Result<Multiproof, ProveError> {
        let proofs: Vec<_> = claims.iter().map(|claim| self.prove(*claim)).collect::<Result<_, _>>()?;
        Ok(Multiproof::combine(&proofs)?)
    }

    /// Proves which root a read should have had, given that the block is the beacon parent of the reading shard block.
    ///
    /// # Errors
    ///
    /// Fails as [`Self::prove`] does.
    pub fn prove_read(&self, read: &RootRead) -> Result<ReadProof, ProveError> {
        let RootRead { shard, ee, .. } = *read;
        let Some(shard_ledger) = self.ledger.shards().get(index(shard)) else {
            return Ok(ReadProof::ShardCount(self.prove(Claim::ShardCount)?.into()));
        };
        let proof = if (ee as usize) < shard_ledger.ees().len() {
            ReadProof::StateRoot(self.prove(Claim::StateRoot { shard, ee })?.into())
        } else {
            ReadProof::EeCount(self.prove(Claim::EeCount { shard })?.into())
        };
        Ok(proof)
    }

    /// Proves what the ledger knows of the header of a batch, given that the block is the beacon parent of the shard block
    /// with the batch.
    ///
    /// # Errors
    ///
    /// Fails if the batch is from a shard that does not exist.
    pub fn prove_batch(&self, batch_index: u64, batch: &InboundBatch) -> Result<AccusedBatch, ProveError> {
        let InboundBatch { source_shard: shard, slot, .. } = *batch;
        let claim = Claim::ExecutionRoot { shard, slot };
        let (leaf, branch) = self.up_from_ledger(ledger::recent_root(self.ledger, claim, shard, slot)?);
        let execution_root = Proof { gindex: claim.gindex(self.layout())?, leaf: leaf.0, branch };
        let slot = self.prove(Claim::Slot)?.into();
        Ok(AccusedBatch { batch_index, slot, execution_root: execution_root.into() })
    }

    /// Returns the root of the block of an earlier slot, or of the latest before it, from the state after the block.
    ///
    /// # Errors
    ///
    /// Fails if the state does not know it, or if the prover has no state.
    pub fn earlier_block_root(&self, slot: Slot) -> Result<Root, ProveError> {
        let claim = Claim::BlockRoot { slot };
        let state = self.state.ok_or(ProveError::NoState(claim))?;
        let (latest, n_slots) = (self.block.slot, P::Preset::SLOTS_PER_HISTORICAL_ROOT);
        let root = state.block_roots.get(index(slot % n_slots)).copied();
        let root = root.filter(|_| slot < latest && latest - slot <= n_slots);
        root.ok_or(ProveError::NoBlockRoot { slot, latest, n_slots })
    }

    /// Proves the root of the block of an earlier slot, or of the latest before it, for
    /// [`verify_earlier_block`](outrider_beacon_proof::verify_earlier_block). Needs the state after the block.
    ///
    /// # Errors
    ///
    /// Fails if the state does not know it, or if the prover has no state.
    pub fn prove_earlier_block(&self, slot: Slot) -> Result<Multiproof, ProveError> {
        self.prove_all(&earlier_block_claims(slot))
    }

    fn of_ledger(&self, claim: Claim) -> Result<(Root, Vec<Hash>), ProveError> {
        Ok(self.up_from_ledger(ledger::leaf(self.ledger, claim)?))
    }

    /// Goes on from the ledger's root to the block's.
    fn up_from_ledger(&self, (leaf, mut siblings): (Root, Vec<Hash>)) -> (Root, Vec<Hash>) {
        siblings.push(self.operations_root.0);
        siblings.extend(self.body_branch(2));
        (leaf, siblings)
    }

    /// Returns the siblings from a field of the body to the block's root.
    fn body_branch(&self, field: usize) -> Vec<Hash> {
        let roots = body_roots(&self.block.body);
        let mut siblings = branch(&roots, roots.len().ilog2(), field);
        siblings.extend(branch(&block_roots(self.block), 3, 4));
        siblings
    }

    /// Returns the siblings from a field of the state to the block's root.
    fn state_branch(&self, state: &BeaconState<P>, field: usize) -> Vec<Hash> {
        let mut siblings = branch(&state_roots(state), 5, field);
        siblings.extend(branch(&block_roots(self.block), 3, 3));
        siblings
    }

    fn finalized_epoch(&self, claim: Claim) -> Result<(Root, Vec<Hash>), ProveError> {
        let state = self.state.ok_or(ProveError::NoState(claim))?;
        let checkpoint = &state.finalized_checkpoint;
        let mut siblings = vec![checkpoint.root.0];
        siblings.extend(self.state_branch(state, 20));
        Ok((hash_tree_root(&checkpoint.epoch), siblings))
    }

    fn earlier_root(&self, claim: Claim, slot: Slot) -> Result<(Root, Vec<Hash>), ProveError> {
        let state = self.state.ok_or(ProveError::NoState(claim))?;
        let (root, n_slots) = (self.earlier_block_root(slot)?, P::Preset::SLOTS_PER_HISTORICAL_ROOT);
        let roots: Vec<_> = state.block_roots.iter().copied().collect();
        let mut siblings = branch(&roots, n_slots.ilog2(), index(slot % n_slots));
        siblings.extend(self.state_branch(state, 5));
        Ok((root, siblings))
    }
}
