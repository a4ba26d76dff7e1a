//! The roots of the fields of a block, its body, and the state after it.

use crate::ledger::LedgerPhase;
use outrider_beacon_spec::{
    containers::{BeaconBlock, BeaconBlockBody, BeaconState},
    hash::hash_tree_root,
    types::Root,
};

/// Returns the roots of a block's fields.
pub(super) fn block_roots<P: LedgerPhase>(block: &BeaconBlock<P>) -> [Root; 5] {
    [
        hash_tree_root(&block.slot),
        hash_tree_root(&block.proposer_index),
        block.parent_root,
        block.state_root,
        hash_tree_root(&block.body),
    ]
}

/// Returns the roots of a body's fields.
pub(super) fn body_roots<P: LedgerPhase>(body: &BeaconBlockBody<P>) -> Vec<Root> {
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

/// Returns the roots of a state's fields.
pub(super) fn state_roots<P: LedgerPhase>(state: &BeaconState<P>) -> Vec<Root> {
    let mut roots = vec![
        hash_tree_root(&state.genesis_time),
        state.genesis_validators_root,
        hash_tree_root(&state.slot),
        hash_tree_root(&state.fork),
        hash_tree_root(&state.latest_block_header),
        hash_tree_root(&state.block_roots),
        hash_tree_root(&state.state_roots),
        hash_tree_root(&state.historical_roots),
        hash_tree_root(&state.eth1_data),
        hash_tree_root(&state.eth1_data_votes),
        hash_tree_root(&state.eth1_deposit_index),
        hash_tree_root(&*state.validators),
        hash_tree_root(&state.balances),
        hash_tree_root(&state.randao_mixes),
        hash_tree_root(&state.slashings),
        hash_tree_root(&state.previous_epoch_attestations),
        hash_tree_root(&state.current_epoch_attestations),
        hash_tree_root(&state.justification_bits),
        hash_tree_root(&state.previous_justified_checkpoint),
        hash_tree_root(&state.current_justified_checkpoint),
        hash_tree_root(&state.finalized_checkpoint),
    ];
    roots.extend(P::state_extension_roots(state));
    roots
}
