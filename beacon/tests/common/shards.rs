//! Chains of phase 1 whose shards have blocks.

use super::{P1, empty_body, signature, try_propose};
use outrider_beacon::{
    ledger::{
        EePayload, EeTransition, ExecutionHeader, ExtendedBlock, ExtendedState, Ledger, LedgerError,
        LedgerOperations, Settings, ShardBody, ShardExecution, Transition,
    },
    proof::body_branch,
};
use outrider_beacon_spec::{
    accessors::{
        get_beacon_committee, get_block_root, get_block_root_at_slot, get_committee_count_per_slot,
        get_current_epoch,
    },
    bls::aggregate,
    constants::{DOMAIN_BEACON_ATTESTER, DOMAIN_SHARD_PROPOSAL},
    containers::{
        AttestationData, BeaconBlockBody, BeaconState, Checkpoint, ShardBlockHeader, ShardTransition,
        ShardVote, misc::AggregationBits,
    },
    hash::hash_tree_root,
    phase1::{
        Attestation, compute_shard_from_committee_index, compute_updated_gasprice, get_offset_slots,
        get_shard_proposer_index,
    },
    preset::Minimal,
    types::Root,
};
use ssz_types::{VariableList, typenum::U1048576};

/// Returns the payload of an EE's executions.
pub(crate) fn payload(ee: u32) -> EePayload {
    EePayload { ee, block_data: vec![0x77; 7].try_into().unwrap(), ..EePayload::default() }
}

/// Returns the body of a shard block, with a payload for each transition, and the execution for the beacon block.
pub(crate) fn execution(shard: u64, slot: u64, header: ExecutionHeader) -> (Vec<u8>, ShardExecution) {
    let payloads = header.transitions.iter().map(|transition| payload(transition.ee)).collect::<Vec<_>>();
    let payloads = payloads.try_into().unwrap();
    let body = ShardBody { header: header.clone(), payloads, ..ShardBody::default() }.to_body();
    let branch = body_branch(&body).try_into().unwrap();
    (body, ShardExecution { shard, slot, header, branch })
}

/// Returns the header of a shard's next block, without executions.
pub(crate) fn next_header(ledger: &Ledger, shard: u64) -> ExecutionHeader {
    let parent_execution_root = ledger.shards().get(shard as usize).unwrap().execution_root();
    ExecutionHeader { parent_execution_root, ..ExecutionHeader::default() }
}

/// Returns a transition of an EE from its latest root and balance to another root.
pub(crate) fn next_transition(ledger: &Ledger, shard: u64, ee: u32, post_state_root: u8) -> EeTransition {
    let state = ledger.shards().get(shard as usize).unwrap().ees().get(ee as usize).unwrap();
    EeTransition {
        ee,
        pre_state_root: state.state_root,
        post_state_root: Root::repeat_byte(post_state_root),
        payload_root: hash_tree_root(&payload(ee)),
        fuel_used: 1_000,
        balance: state.balance,
        ..EeTransition::default()
    }
}

/// Returns the transition of a shard since its last crosslink: a block with a body for each offset slot, or none where
/// the body is empty.
fn transition(state: &BeaconState<P1>, shard: u64, bodies: &[Vec<u8>]) -> ShardTransition {
    let slots = get_offset_slots(state, shard).unwrap();
    assert_eq!(slots.len(), bodies.len(), "a body for each of {slots:?}");
    let mut latest = state.shard_states[shard as usize];
    let mut signatures = Vec::new();
    let mut transition = ShardTransition { start_slot: slots[0], ..ShardTransition::default() };
    for (slot, body) in slots.into_iter().zip(bodies) {
        let length = body.len() as u64;
        latest.slot = slot;
        latest.gasprice = compute_updated_gasprice(latest.gasprice, length).unwrap();
        let mut data_root = Root::ZERO;
        if length > 0 {
            let data: VariableList<u8, U1048576> = body.clone().try_into().unwrap();
            data_root = hash_tree_root(&data);
            let header = ShardBlockHeader {
                shard_parent_root: latest.latest_block_root,
                beacon_parent_root: get_block_root_at_slot(state, slot).unwrap(),
                slot,
                shard,
                proposer_index: get_shard_proposer_index(state, slot, shard).unwrap(),
                body_root: data_root,
            };
            latest.latest_block_root = hash_tree_root(&header);
            let epoch = Some(slot / 8);
            signatures.push(signature(state, header.proposer_index, &header, DOMAIN_SHARD_PROPOSAL, epoch));
        }
        transition.shard_block_lengths.push(length).unwrap();
        transition.shard_data_roots.push(data_root).unwrap();
        transition.shard_states.push(latest).unwrap();
    }
    transition.proposer_signature_aggregate = aggregate(&signatures).unwrap_or_default();
    transition
}

/// Returns the committee's attestation of the slot before the state's, with its shard's transition.
pub(crate) fn attestation(
    state: &BeaconState<P1>,
    index: u64,
    shard: u64,
    transition: &ShardTransition,
) -> Attestation<Minimal> {
    let slot = state.slot - 1;
    let epoch = slot / 8;
    let source = if epoch == get_current_epoch(state) {
        state.current_justified_checkpoint
    } else {
        state.previous_justified_checkpoint
    };
    let data = AttestationData {
        slot,
        index,
        beacon_block_root: get_block_root_at_slot(state, slot).unwrap(),
        source,
        target: Checkpoint { epoch, root: get_block_root(state, epoch).unwrap() },
        extension: ShardVote {
            shard,
            shard_head_root: transition
                .shard_states
                .last()
                .map_or(Root::ZERO, |after| after.latest_block_root),
            shard_transition_root: hash_tree_root(transition),
        },
    };
    let committee = get_beacon_committee(state, slot, index).unwrap();
    let mut aggregation_bits = AggregationBits::with_capacity(committee.len()).unwrap();
    let mut signatures = Vec::new();
    for (bit, member) in committee.iter().enumerate() {
        aggregation_bits.set(bit, true).unwrap();
        signatures.push(signature(state, *member, &data, DOMAIN_BEACON_ATTESTER, Some(epoch)));
    }
    Attestation { aggregation_bits, data, signature: aggregate(&signatures).unwrap() }
}

/// Returns a body that crosslinks the blocks of the two shards: see [`transition`].
pub(crate) fn crosslinking_body(state: &BeaconState<P1>, bodies: &[Vec<Vec<u8>>; 2]) -> BeaconBlockBody<P1> {
    let mut body = empty_body(state);
    let slot = state.slot - 1;
    for index in 0..get_committee_count_per_slot(state, slot / 8) {
        let shard = compute_shard_from_committee_index(state, index, slot).unwrap();
        let transition = if slot == 0 {
            ShardTransition::default()
        } else {
            transition(state, shard, &bodies[shard as usize])
        };
        body.attestations.push(attestation(state, index, shard, &transition)).unwrap();
        body.shard_transitions[shard as usize] = transition;
    }
    body
}

/// Proposes the next block of a chain of phase 1, with a header for each shard; the first slot has none.
pub(crate) fn try_crosslink(
    pre: &ExtendedState<P1>,
    headers: [ExecutionHeader; 2],
    operations: LedgerOperations<P1>,
    settings: &Settings,
) -> Result<(ExtendedBlock<P1>, Transition<P1>), LedgerError> {
    let slot = pre.state.slot;
    let [header_0, header_1] = headers;
    let (body_0, execution_0) = execution(0, slot, header_0);
    let (body_1, execution_1) = execution(1, slot, header_1);
    let mut operations = operations;
    if slot > 0 && operations.executions.is_empty() {
        operations.executions = vec![execution_0, execution_1].try_into().unwrap();
    }
    try_propose(
        pre,
        slot + 1,
        |state| crosslinking_body(state, &[vec![body_0], vec![body_1]]),
        operations,
        settings,
    )
}

/// Proposes empty blocks with [`try_crosslink`].
pub(crate) fn crosslink_nothing(
    pre: &ExtendedState<P1>,
    settings: &Settings,
) -> (ExtendedBlock<P1>, Transition<P1>) {
    let headers = [0, 1].map(|shard| next_header(&pre.ledger, shard));
    try_crosslink(pre, headers, LedgerOperations::default(), settings).unwrap()
}

pub(crate) fn headers(extended: &ExtendedState<P1>) -> [ExecutionHeader; 2] {
    [0, 1].map(|shard| next_header(&extended.ledger, shard))
}

#[track_caller]
pub(crate) fn crosslink(
    extended: &ExtendedState<P1>,
    headers: [ExecutionHeader; 2],
) -> (ExtendedBlock<P1>, Transition<P1>) {
    try_crosslink(extended, headers, LedgerOperations::default(), &Settings::default()).unwrap()
}

pub(crate) fn ee_state(extended: &ExtendedState<P1>, shard: usize, ee: usize) -> (Root, u64) {
    let state = extended.ledger.shards().get(shard).unwrap().ees().get(ee).unwrap();
    (state.state_root, state.balance)
}
