//! Proofs about shard blocks, from the beacon block that crosslinks them or from their execution root.

use super::{
    ProveError, block_roots, body_roots,
    branch::{branch, list_branch},
};
use crate::ledger::{ExecutionHeader, ShardExecution};
use outrider_beacon_proof::{Proof, ProofError, crosslinked_execution_gindex};
use outrider_beacon_spec::{
    containers::BeaconBlock, hash::hash_tree_root, math::index, phase::Phase1, preset::Preset, types::Root,
};

/// Proves the execution root of a shard block from the beacon block that crosslinks it: that of block `place` of the
/// shard's transition. The proof needs no ledger, and shows what the committee attested.
///
/// # Errors
///
/// Fails with [`ProofError::NoPlace`] if the beacon block has no such transition, and with [`ProofError::Root`] if the
/// execution is of another block.
pub fn prove_crosslinked_execution<C: Preset>(
    block: &BeaconBlock<Phase1<C>>,
    place: usize,
    execution: &ShardExecution,
) -> Result<Proof, ProveError> {
    let transitions = &block.body.shard_transitions;
    let shard = index(execution.shard);
    let transition = transitions.get(shard).ok_or(ProofError::NoPlace)?;
    transition.shard_data_roots.get(place).ok_or(ProofError::NoPlace)?;
    let fields = [
        hash_tree_root(&transition.start_slot),
        hash_tree_root(&transition.shard_block_lengths),
        hash_tree_root(&transition.shard_data_roots),
        hash_tree_root(&transition.shard_states),
        hash_tree_root(&transition.proposer_signature_aggregate),
    ];
    let transition_roots: Vec<_> = transitions.iter().map(hash_tree_root).collect();
    let max_shards = transition_roots.len() as u64;
    let mut siblings: Vec<_> = execution.branch.iter().map(|sibling| sibling.0).collect();
    siblings.extend(list_branch(&transition.shard_data_roots, 4, place));
    siblings.extend(branch(&fields, 3, 2));
    siblings.extend(branch(&transition_roots, max_shards.ilog2(), shard));
    siblings.extend(branch(&body_roots(&block.body), 4, 13));
    siblings.extend(branch(&block_roots(block), 3, 4));
    let gindex = crosslinked_execution_gindex(execution.shard, place as u64, max_shards)?;
    let proof = Proof { gindex, leaf: hash_tree_root(&execution.header).0, branch: siblings };
    proof.verify(&hash_tree_root(block).0, gindex)?;
    Ok(proof)
}

/// Returns the siblings of the first chunk of a shard block's body, with the number of its bytes. They prove that the
/// body begins with its execution root, for [`ShardExecution`](crate::ledger::ShardExecution).
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
    let lanes: Vec<_> = header.lanes.iter().map(hash_tree_root).collect();
    let fields = [
        header.parent_execution_root,
        hash_tree_root(&header.transitions),
        hash_tree_root(&header.settlements),
        hash_tree_root(&header.lanes),
        hash_tree_root(&header.finalized_slot),
        header.availability_root,
    ];
    let mut siblings = branch(&lanes, 6, lane);
    siblings.push(hash_tree_root(&(lanes.len() as u64)).0);
    siblings.extend(branch(&fields, 3, 3));
    Some(siblings.into_iter().map(Root::from).collect())
}
