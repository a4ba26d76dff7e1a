//! Proofs about shard blocks, from the beacon block that crosslinks them, from the state after it, or from their execution
//! root.

use super::{
    ProveError, Prover,
    branch::{branch, list_branch},
};
use crate::ledger::{ExecutionHeader, LedgerPhase, ShardExecution};
use outrider_beacon_proof::{Claim, Hash};
use outrider_beacon_spec::{
    accessors::get_block_root_at_slot,
    containers::{BeaconBlock, BeaconState, ShardBlockHeader, ShardTransition},
    error::Error,
    hash::hash_tree_root,
    math::index,
    types::{Root, Shard},
};
use tree_hash::TreeHash;

/// A shard block without its body, and the proof that the body begins with its execution root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardBlockProof {
    /// The header, whose root is the block's.
    pub header: ShardBlockHeader,
    /// The execution, with the siblings of the body's first chunk.
    pub execution: ShardExecution,
}

impl ShardBlockProof {
    /// Finds the last block of a shard that a beacon block crosslinks, given the beacon block's executions, the root of the
    /// shard's latest block before it, and the state after it; returns `None` if it crosslinks none.
    ///
    /// # Errors
    ///
    /// Fails if the state is not that after the block.
    pub fn of_crosslink<P: LedgerPhase>(
        block: &BeaconBlock<P>,
        executions: &[ShardExecution],
        latest_block_root: Root,
        after: &BeaconState<P>,
        shard: Shard,
    ) -> Result<Option<Self>, Error> {
        let transition = P::shard_transitions(&block.body).get(index(shard));
        let mut shard_parent_root = latest_block_root;
        let mut latest = None;
        for execution in executions.iter().filter(|execution| execution.shard == shard) {
            let slot = execution.slot;
            let header = ShardBlockHeader {
                shard_parent_root,
                beacon_parent_root: get_block_root_at_slot(after, slot)?,
                slot,
                shard,
                proposer_index: P::shard_proposer(after, slot, shard)?,
                body_root: transition
                    .and_then(|transition| data_root(transition, slot))
                    .ok_or(Error::IndexOutOfRange)?,
            };
            shard_parent_root = hash_tree_root(&header);
            latest = Some(Self { header, execution: execution.clone() });
        }
        Ok(latest)
    }
}

/// Returns the data root of a transition's block.
fn data_root(transition: &ShardTransition, slot: u64) -> Option<Root> {
    let place = transition.shard_states.iter().position(|state| state.slot == slot)?;
    transition.shard_data_roots.get(place).copied()
}

impl<P: LedgerPhase> Prover<'_, P> {
    /// Returns the leaf of a crosslinked execution: what the committee attested.
    pub(super) fn crosslinked_execution(
        &self,
        shard: Shard,
        block: u64,
    ) -> Result<(Root, Vec<Hash>), ProveError> {
        let transitions = P::shard_transitions(&self.block.body);
        let found = transitions.get(index(shard)).and_then(|transition| {
            let slot = transition.shard_states.get(index(block))?.slot;
            let is_it = |execution: &&ShardExecution| (execution.shard, execution.slot) == (shard, slot);
            Some((transition, self.operations.executions.iter().find(is_it)?))
        });
        let missing = ProveError::NotCrosslinked { shard, block, slot: self.block.slot };
        let (transition, execution) = found.ok_or(missing)?;
        let fields = [
            hash_tree_root(&transition.start_slot),
            hash_tree_root(&transition.shard_block_lengths),
            hash_tree_root(&transition.shard_data_roots),
            hash_tree_root(&transition.shard_states),
            hash_tree_root(&transition.proposer_signature_aggregate),
        ];
        let transition_roots: Vec<_> = transitions.iter().map(hash_tree_root).collect();
        let mut siblings: Vec<_> = execution.branch.iter().map(|sibling| sibling.0).collect();
        siblings.extend(list_branch(&transition.shard_data_roots, 4, index(block)));
        siblings.extend(branch(&fields, 3, 2));
        siblings.extend(branch(&transition_roots, self.layout().max_shards.ilog2(), index(shard)));
        siblings.extend(self.body_branch(13));
        Ok((hash_tree_root(&execution.header), siblings))
    }

    /// Returns the leaf of a shard's latest execution, which needs the shard's latest block.
    pub(super) fn latest_execution(
        &self,
        claim: Claim,
        shard: Shard,
    ) -> Result<(Root, Vec<Hash>), ProveError> {
        let state = self.state.ok_or(ProveError::NoState(claim))?;
        let shard_states = P::shard_states(state);
        let shard_state = shard_states.get(index(shard)).ok_or(ProveError::Absent(claim))?;
        let latest_block_root = shard_state.latest_block_root;
        let mut known = self.shard_blocks.iter();
        let latest = known.find(|known| hash_tree_root(&known.header) == latest_block_root);
        let latest = latest.ok_or(ProveError::NoShardBlock { shard, latest_block_root })?;
        let header = &latest.header;
        let fields = [
            header.shard_parent_root,
            header.beacon_parent_root,
            hash_tree_root(&header.slot),
            hash_tree_root(&header.shard),
            hash_tree_root(&header.proposer_index),
            header.body_root,
        ];
        let state_fields =
            [hash_tree_root(&shard_state.slot), hash_tree_root(&shard_state.gasprice), latest_block_root];
        let mut siblings: Vec<_> = latest.execution.branch.iter().map(|sibling| sibling.0).collect();
        siblings.extend(branch(&fields, 3, 5));
        siblings.extend(branch(&state_fields, 2, 2));
        siblings.extend(list_branch(shard_states, self.layout().max_shards.ilog2(), index(shard)));
        siblings.extend(self.state_branch(state, 22));
        Ok((hash_tree_root(&latest.execution.header), siblings))
    }
}

/// Returns the siblings of the first chunk of a shard block's body, with the number of its bytes. They prove that the
/// body begins with its execution root, for [`ShardExecution`].
#[must_use]
pub fn body_branch(body: &[u8]) -> Vec<Root> {
    let chunks: Vec<_> = body
        .chunks(32)
        .map(|bytes| {
            let mut chunk = Root::ZERO;
            chunk.0.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            chunk
        })
        .collect();
    let mut siblings = branch(&chunks, 15, 0);
    siblings.push(hash_tree_root(&(body.len() as u64)).0);
    siblings.into_iter().map(Root::from).collect()
}

/// Returns the siblings of a lane in a header, up to the execution root, for proofs of receipts; returns `None` if
/// there is no such lane.
#[must_use]
pub fn lane_branch(header: &ExecutionHeader, lane: usize) -> Option<Vec<Root>> {
    header.lanes.get(lane)?;
    Some(header_branch(header, &header.lanes, 3, lane))
}

/// Returns the siblings of an element of a header's list of at most 64, up to the execution root, given the place of the list
/// among the fields of the header.
pub(super) fn header_branch<T: TreeHash>(
    header: &ExecutionHeader,
    list: &[T],
    field: usize,
    place: usize,
) -> Vec<Root> {
    let fields = [
        header.parent_execution_root,
        hash_tree_root(&header.transitions),
        hash_tree_root(&header.settlements),
        hash_tree_root(&header.lanes),
        hash_tree_root(&header.finalized_slot),
        header.availability_root,
        hash_tree_root(&header.assumptions),
    ];
    let mut siblings = list_branch(list, 6, place);
    siblings.extend(branch(&fields, 3, field));
    siblings.into_iter().map(Root::from).collect()
}
