//! Makes proofs about the ledger from a block's root, given the block and its ledger; [`outrider_beacon_proof`]
//! verifies them.

mod branch;
mod crosslink;

pub use crosslink::{body_branch, lane_branch, prove_crosslinked_execution};

use branch::{branch, list_branch};

use crate::ledger::{Ledger, LedgerCommitment, LedgerOperations, LedgerPhase, execution::RECENT_SLOTS};
use outrider_beacon_proof::{Hash, Multiproof, Proof, ProofError};
use outrider_beacon_spec::{
    containers::{BeaconBlock, BeaconBlockBody},
    hash::hash_tree_root,
    math::index,
    types::{Root, Shard, Slot},
};

pub use outrider_beacon_proof::{Claim, Phase, crosslinked_execution_gindex};

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
    /// The EE or shard does not exist.
    #[error("the ledger has nothing for {0:?}")]
    Absent(Claim),
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
    /// The claims do not fit into one proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// A prover of claims about the ledger after a block.
#[derive(Debug)]
pub struct Prover<'p> {
    ledger: &'p Ledger,
    phase: Phase,
    /// The siblings from the ledger's root to the block's.
    upper: Vec<Hash>,
    block_root: Root,
}

impl<'p> Prover<'p> {
    /// Makes a prover for a block, the ledger after it, and its operations.
    ///
    /// # Errors
    ///
    /// Fails with [`ProveError::Commitment`] if they do not belong together.
    pub fn new<P: LedgerPhase>(
        block: &BeaconBlock<P>,
        ledger: &'p Ledger,
        operations: &LedgerOperations<P>,
    ) -> Result<Self, ProveError> {
        let (ledger_root, operations_root) = (ledger.root(), hash_tree_root(operations));
        let (got, expected) =
            (block.body.graffiti, hash_tree_root(&LedgerCommitment { ledger_root, operations_root }));
        if got != expected {
            return Err(ProveError::Commitment { got, expected });
        }
        let body_roots = body_roots(&block.body);
        let phase = if body_roots.len() > 8 { Phase::Phase1 } else { Phase::Phase0 };
        let body_depth = body_roots.len().ilog2();
        let mut upper = vec![operations_root.0];
        upper.extend(branch(&body_roots, body_depth, 2));
        upper.extend(branch(&block_roots(block), 3, 4));
        Ok(Self { ledger, phase, upper, block_root: hash_tree_root(block) })
    }

    /// Returns the root to which proofs lead.
    #[must_use]
    pub fn block_root(&self) -> Root {
        self.block_root
    }

    /// Proves a claim.
    ///
    /// # Errors
    ///
    /// Fails if the claim's subject does not exist.
    pub fn prove(&self, claim: Claim) -> Result<Proof, ProveError> {
        let (leaf, lower) = self.lower(claim)?;
        let branch = lower.into_iter().chain(self.upper.iter().copied()).collect();
        let proof = Proof { gindex: claim.gindex(self.phase)?, leaf: leaf.0, branch };
        debug_assert_eq!(proof.verify(&self.block_root.0, proof.gindex), Ok(&leaf.0), "{claim:?}");
        Ok(proof)
    }

    /// Proves several claims at once. To prove an execution root, [`Claim::Slot`] has to be one of them.
    ///
    /// # Errors
    ///
    /// Fails if the subject of a claim does not exist, if a claim occurs twice, or if there are none or too many.
    pub fn prove_all(&self, claims: &[Claim]) -> Result<Multiproof, ProveError> {
        let proofs: Vec<_> = claims.iter().map(|claim| self.prove(*claim)).collect::<Result<_, _>>()?;
        Ok(Multiproof::combine(&proofs)?)
    }

    /// Returns the leaf of a claim, and its siblings up to the ledger's root.
    fn lower(&self, claim: Claim) -> Result<(Root, Vec<Hash>), ProveError> {
        match claim {
            Claim::CodeHash { ee } => self.record(claim, ee, 0),
            Claim::Deposit { ee } => self.record(claim, ee, 5),
            Claim::StateRoot { shard, ee } => self.ee_state(claim, shard, ee, 0),
            Claim::Balance { shard, ee } => self.ee_state(claim, shard, ee, 1),
            Claim::Slot => {
                let slot = hash_tree_root(&self.ledger.slot());
                Ok((slot, branch(&ledger_roots(self.ledger), 3, 0)))
            }
            Claim::ExecutionRoot { shard, slot } => self.execution_root(claim, shard, slot),
        }
    }

    fn record(&self, claim: Claim, ee: u32, field: usize) -> Result<(Root, Vec<Hash>), ProveError> {
        let record = self.ledger.ees().get(ee as usize).ok_or(ProveError::Absent(claim))?;
        let fields = [
            record.code_hash,
            hash_tree_root(&record.code_bytes),
            record.initial_state_root,
            hash_tree_root(&record.owner),
            record.refund_credentials,
            hash_tree_root(&record.deposit),
            hash_tree_root(&record.shards),
            hash_tree_root(&record.takes_receipts),
            hash_tree_root(&record.upgrade_delay),
            record.next_code_hash,
            hash_tree_root(&record.next_code_epoch),
            hash_tree_root(&record.deployed_epoch),
            hash_tree_root(&record.exit_epoch),
            hash_tree_root(&record.withdrawable_epoch),
            hash_tree_root(&record.next_code_bytes),
            hash_tree_root(&record.next_takes_receipts),
        ];
        let mut siblings = branch(&fields, 4, field);
        siblings.extend(list_branch(self.ledger.ees(), 16, ee as usize));
        siblings.extend(branch(&ledger_roots(self.ledger), 3, 1));
        Ok((fields.get(field).copied().unwrap_or_default(), siblings))
    }

    fn ee_state(
        &self,
        claim: Claim,
        shard: Shard,
        ee: u32,
        field: usize,
    ) -> Result<(Root, Vec<Hash>), ProveError> {
        let shard_ledger = self.ledger.shards().get(index(shard)).ok_or(ProveError::Absent(claim))?;
        let state = shard_ledger.ees().get(ee as usize).ok_or(ProveError::Absent(claim))?;
        let fields = [state.state_root, hash_tree_root(&state.balance)];
        let mut siblings = branch(&fields, 1, field);
        siblings.extend(list_branch(shard_ledger.ees(), 16, ee as usize));
        siblings.extend(self.shard_branch(claim, shard, 2)?);
        Ok((fields.get(field).copied().unwrap_or_default(), siblings))
    }

    fn execution_root(
        &self,
        claim: Claim,
        shard: Shard,
        slot: Slot,
    ) -> Result<(Root, Vec<Hash>), ProveError> {
        let latest = self.ledger.slot();
        let shard_ledger = self.ledger.shards().get(index(shard)).ok_or(ProveError::Absent(claim))?;
        let leaf = self.ledger.recent_execution_root(shard, slot);
        let leaf = leaf.ok_or(ProveError::NoExecution { shard, slot, latest })?;
        let recent: Vec<_> = shard_ledger.recent().iter().copied().collect();
        let mut siblings = branch(&recent, 8, index(slot % RECENT_SLOTS));
        siblings.extend(self.shard_branch(claim, shard, 3)?);
        Ok((leaf, siblings))
    }

    /// Returns the siblings from a field of a shard's ledger to the ledger's root.
    fn shard_branch(&self, claim: Claim, shard: Shard, field: usize) -> Result<Vec<Hash>, ProveError> {
        let shard_ledger = self.ledger.shards().get(index(shard)).ok_or(ProveError::Absent(claim))?;
        let fields = [
            shard_ledger.latest_block_root(),
            shard_ledger.execution_root(),
            hash_tree_root(shard_ledger.ees()),
            hash_tree_root(shard_ledger.recent()),
            hash_tree_root(shard_ledger.inbound()),
            hash_tree_root(shard_ledger.outbound()),
        ];
        let mut siblings = branch(&fields, 3, field);
        siblings.extend(list_branch(self.ledger.shards(), 10, index(shard)));
        siblings.extend(branch(&ledger_roots(self.ledger), 3, 2));
        Ok(siblings)
    }
}

fn block_roots<P: LedgerPhase>(block: &BeaconBlock<P>) -> [Root; 5] {
    [
        hash_tree_root(&block.slot),
        hash_tree_root(&block.proposer_index),
        block.parent_root,
        block.state_root,
        hash_tree_root(&block.body),
    ]
}

fn body_roots<P: LedgerPhase>(body: &BeaconBlockBody<P>) -> Vec<Root> {
    let mut roots = vec![
        hash_tree_root(&body.randao_reveal),
        hash_tree_root(&body.eth1_data),
        body.graffiti,
        hash_tree_root(&body.proposer_slashings),
        hash_tree_root(&body.attester_slashings),
        hash_tree_root(&body.attestations),
        hash_tree_root(&body.deposits),
        hash_tree_root(&body.voluntary_exits),
    ];
    roots.extend(P::extension_roots(body));
    roots
}

fn ledger_roots(ledger: &Ledger) -> [Root; 8] {
    [
        hash_tree_root(&ledger.slot()),
        hash_tree_root(ledger.ees()),
        hash_tree_root(ledger.shards()),
        hash_tree_root(ledger.pending_deposits()),
        hash_tree_root(ledger.pre_checks()),
        hash_tree_root(&ledger.burnt()),
        hash_tree_root(&ledger.total()),
        hash_tree_root(ledger.beacon_lanes()),
    ]
}
