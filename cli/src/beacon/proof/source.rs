//! The blocks, states and shard blocks of an open chain from which proofs are made.

use anyhow::Context as _;
use outrider_beacon::{
    ledger::{ExtendedBlock, ExtendedState},
    proof::{Claim, ProveError, Prover, ShardBlockProof},
};
use outrider_beacon_proof::Multiproof;
use outrider_beacon_spec::{
    accessors::get_block_root_at_slot,
    types::{Root, Shard, Slot},
};
use outrider_sim::ChainPhase;

use super::super::session::{Session, rules};

/// A block with everything that proofs about it need.
pub(super) struct Source<P: ChainPhase> {
    pub(super) root: Root,
    pub(super) block: ExtendedBlock<P>,
    extended: ExtendedState<P>,
    shard_blocks: Vec<ShardBlockProof>,
}

impl<P: ChainPhase> Source<P> {
    /// Reads a block, and the latest blocks of shards that claims are about.
    pub(super) fn new(session: &Session<P>, root: Root, claims: &[Claim]) -> anyhow::Result<Self> {
        let block = block(session, root)?;
        let slot = block.block.message.slot;
        anyhow::ensure!(
            slot > 0,
            "the genesis block does not commit to a ledger: add a block with `outrider beacon advance --slots 1`, or choose a later slot"
        );
        let mut shard_blocks = Vec::new();
        for claim in claims {
            if let Claim::LatestExecution { shard } = *claim {
                anyhow::ensure!(shard < P::N_SHARDS, ProveError::Absent(*claim));
                shard_blocks.extend(latest_shard_block(session, root, shard)?);
            }
        }
        let extended = extended(session, root)?;
        Ok(Self { root, block, extended, shard_blocks })
    }

    pub(super) fn prove(&self, claims: &[Claim]) -> Result<Multiproof, ProveError> {
        let mut prover = self.prover()?;
        for shard_block in &self.shard_blocks {
            prover = prover.with_shard_block(shard_block.clone());
        }
        prover.prove_all(claims)
    }

    pub(super) fn prove_earlier_block(&self, slot: Slot) -> Result<Multiproof, ProveError> {
        self.prover()?.prove_earlier_block(slot)
    }

    /// Returns the root of the block of an earlier slot, or of the latest before it.
    pub(super) fn earlier_root(&self, slot: Slot) -> anyhow::Result<Root> {
        get_block_root_at_slot(&self.extended.state, slot)
            .with_context(|| format!("the head block does not know the block of slot {slot}"))
    }

    fn prover(&self) -> Result<Prover<'_, P>, ProveError> {
        let ExtendedState { state, ledger } = &self.extended;
        Prover::new(&self.block.block.message, ledger, &self.block.operations)?.with_state(state)
    }
}

fn block<P: ChainPhase>(session: &Session<P>, root: Root) -> anyhow::Result<ExtendedBlock<P>> {
    session.store.block(root)?.with_context(|| {
        format!("the store does not have block {root}: only a chain of `outrider beacon init --keep-all` keeps blocks from before finality")
    })
}

fn extended<P: ChainPhase>(session: &Session<P>, root: Root) -> anyhow::Result<ExtendedState<P>> {
    if let Some(extended) = session.chain.node().extended(&root) {
        return Ok(extended);
    }
    let stored = session.store.extended(root, rules(&session.settings, &session.admission))?;
    stored.with_context(|| {
        format!("the store does not have the state after block {root}: only a chain of `outrider beacon init --keep-all` keeps states from before finality")
    })
}

/// Finds the latest block of a shard, in the beacon block that crosslinked it; returns `None` if the shard has none.
fn latest_shard_block<P: ChainPhase>(
    session: &Session<P>,
    root: Root,
    shard: Shard,
) -> anyhow::Result<Option<ShardBlockProof>> {
    let mut root = root;
    loop {
        let extended_block = block(session, root)?;
        let message = &extended_block.block.message;
        if message.slot == 0 {
            return Ok(None);
        }
        let executions = &extended_block.operations.executions;
        if executions.iter().any(|execution| execution.shard == shard) {
            let before = extended(session, message.parent_root)?.state;
            let after = extended(session, root)?.state;
            let latest_block_root = P::latest_block_root(&before, shard);
            let found = ShardBlockProof::of_crosslink(message, executions, latest_block_root, &after, shard);
            return Ok(found?);
        }
        root = message.parent_root;
    }
}
