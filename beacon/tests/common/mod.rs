//! Chains with a ledger, by validators whose keys are known.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on has failed, and not each test needs all"
)]

use outrider_beacon::{
    ledger::{
        EeTransition, ExecutionHeader, Extended, ExtendedBlock, GenesisEe, Ledger, LedgerError,
        LedgerOperations, LedgerPhase, Settings, ShardBody, ShardExecution, Transition, complete_block,
        extended_transition,
    },
    proof::body_branch,
    registry::{Admission, Admitted, Dispute, Judge, Refusal, Rules},
};
use outrider_beacon_spec::{
    accessors::{
        get_beacon_committee, get_beacon_proposer_index, get_block_root, get_block_root_at_slot,
        get_committee_count_per_slot, get_current_epoch, get_domain,
    },
    bls::{aggregate, sign},
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_ATTESTER, DOMAIN_BEACON_PROPOSER, DOMAIN_RANDAO, DOMAIN_SHARD_PROPOSAL},
    containers::{
        AttestationData, BeaconBlock, BeaconBlockBody, BeaconState, Checkpoint, ShardBlockHeader, ShardState,
        ShardTransition, ShardVote, SignedBeaconBlock, misc::AggregationBits,
    },
    hash::hash_tree_root,
    phase::{Phase0, Phase1},
    phase1::{
        Attestation, compute_shard_from_committee_index, compute_updated_gasprice, get_shard_proposer_index,
    },
    preset::Minimal,
    transition::process_slots,
    types::{BLSSignature, Bytes32, DomainType, Root, ValidatorIndex},
};
use outrider_sim::{Simulator, interop_secret_key};
use tree_hash::TreeHash;

pub(crate) type P0 = Phase0<Minimal>;
pub(crate) type P1 = Phase1<Minimal>;
pub(crate) const ETHER: u64 = 1_000_000_000;
/// Validators that have exited, and may withdraw.
pub(crate) const EXITED: std::ops::Range<u64> = 68..72;

/// Takes code that begins with a zero byte; code that has a second byte takes receipts.
pub(crate) struct FirstByte;

impl Admission for FirstByte {
    fn admit(&self, code: &[u8]) -> Result<Admitted, Refusal> {
        match code {
            [0, rest @ ..] => Ok(Admitted { takes_receipts: !rest.is_empty() }),
            _ => Err(Refusal("it does not begin with zero".to_owned())),
        }
    }
}

/// Finds executions right whose post-state root is not all ones.
pub(crate) struct NotOnes;

impl Judge for NotOnes {
    fn is_right(&self, dispute: &Dispute<'_>) -> bool {
        dispute.header.transitions[dispute.transition_index].post_state_root != Root::repeat_byte(0xff)
    }
}

pub(crate) fn rules(settings: &Settings) -> Rules<'_> {
    Rules { settings, admission: &FirstByte, judge: &NotOnes, verify_signatures: true }
}

/// Genesis of 72 validators, of which four have exited, with 64 ether each.
pub(crate) fn genesis_state() -> BeaconState<P0> {
    let mut state = Simulator::<Minimal>::new(72).unwrap().head().unwrap().1.clone();
    for validator_index in EXITED {
        let validator = state.validators.get_mut(validator_index as usize).unwrap();
        validator.exit_epoch = 0;
        validator.withdrawable_epoch = 0;
        *state.balances.get_mut(validator_index as usize).unwrap() = 64 * ETHER;
    }
    state.root();
    state
}

/// Credentials of a validator for the refund.
pub(crate) fn credentials<P: LedgerPhase>(
    state: &BeaconState<P>,
    validator_index: ValidatorIndex,
) -> Bytes32 {
    state.validators.get(validator_index as usize).unwrap().withdrawal_credentials
}

/// An EE that is there from the beginning, on both shards.
pub(crate) fn genesis_ee(state: &BeaconState<P0>, code_hash: u8, balances: [u64; 2]) -> GenesisEe {
    GenesisEe {
        code_hash: Root::repeat_byte(code_hash),
        code_bytes: 100,
        takes_receipts: true,
        initial_state_root: Root::repeat_byte(code_hash ^ 0x55),
        owner: state.validators.get(0).unwrap().pubkey,
        refund_credentials: credentials(state, 68),
        deposit: 40 * ETHER,
        upgrade_delay: 3,
        shards: vec![(0, balances[0]), (1, balances[1])],
    }
}

pub(crate) fn genesis(balances: &[[u64; 2]]) -> Extended<P0> {
    let state = genesis_state();
    let ees: Vec<_> =
        (1..).zip(balances).map(|(code_hash, balances)| genesis_ee(&state, code_hash, *balances)).collect();
    let ledger = Ledger::genesis(&state, &ees).unwrap();
    Extended { state, ledger }
}

pub(crate) fn genesis_1(balances: &[[u64; 2]]) -> Extended<P1> {
    genesis(balances).upgrade_to_phase1().unwrap()
}

pub(crate) fn signature<P: LedgerPhase>(
    state: &BeaconState<P>,
    key: u64,
    message: &impl TreeHash,
    domain_type: DomainType,
    epoch: Option<u64>,
) -> BLSSignature {
    let signing_root = compute_signing_root(message, get_domain(state, domain_type, epoch));
    sign(&interop_secret_key(key), signing_root.as_slice()).unwrap()
}

/// A body with nothing in it, for a state's slot.
pub(crate) fn empty_body<P: LedgerPhase>(state: &BeaconState<P>) -> BeaconBlockBody<P>
where
    BeaconBlockBody<P>: Default,
{
    let epoch = get_current_epoch(state);
    let proposer = get_beacon_proposer_index(state).unwrap();
    BeaconBlockBody {
        randao_reveal: signature(state, proposer, &epoch, DOMAIN_RANDAO, None),
        eth1_data: state.eth1_data.clone(),
        ..BeaconBlockBody::default()
    }
}

/// Proposes a block for a slot; returns it with what it leads to, or why it is refused.
pub(crate) fn try_propose<P: LedgerPhase>(
    pre: &Extended<P>,
    slot: u64,
    body: impl FnOnce(&BeaconState<P>) -> BeaconBlockBody<P>,
    operations: LedgerOperations<P>,
    settings: &Settings,
) -> Result<(ExtendedBlock<P>, Transition<P>), LedgerError> {
    let mut advanced = pre.state.clone();
    process_slots(&mut advanced, slot).unwrap();
    let message = BeaconBlock {
        slot,
        proposer_index: get_beacon_proposer_index(&advanced).unwrap(),
        parent_root: hash_tree_root(&advanced.latest_block_header),
        state_root: Root::ZERO,
        body: body(&advanced),
    };
    let (message, transition) = complete_block(pre.clone(), message, &operations, rules(settings))?;
    let signature = signature(&advanced, message.proposer_index, &message, DOMAIN_BEACON_PROPOSER, None);
    let block = ExtendedBlock { block: SignedBeaconBlock { message, signature }, operations };
    let verified = extended_transition(pre.clone(), &block, rules(settings)).unwrap();
    assert_eq!(verified, transition);
    verified.extended.ledger.check_conservation().unwrap();
    Ok((block, transition))
}

/// [`try_propose`] of a body with nothing in it.
#[track_caller]
pub(crate) fn propose<P: LedgerPhase>(
    pre: &Extended<P>,
    slot: u64,
    operations: LedgerOperations<P>,
    settings: &Settings,
) -> (ExtendedBlock<P>, Transition<P>)
where
    BeaconBlockBody<P>: Default,
{
    try_propose(pre, slot, empty_body, operations, settings).unwrap()
}

/// What a validator has.
pub(crate) fn balance<P: LedgerPhase>(extended: &Extended<P>, validator_index: ValidatorIndex) -> u64 {
    *extended.state.balances.get(validator_index as usize).unwrap()
}

/// The body of a shard block, with the execution that a beacon block brings along.
pub(crate) fn execution(shard: u64, slot: u64, header: ExecutionHeader) -> (Vec<u8>, ShardExecution) {
    let body = ShardBody { header: header.clone(), ..ShardBody::default() }.to_body();
    let branch = body_branch(&body).try_into().unwrap();
    (body, ShardExecution { shard, slot, header, branch })
}

/// The header of a shard's next block, in which nothing is executed.
pub(crate) fn next_header(ledger: &Ledger, shard: u64) -> ExecutionHeader {
    let parent_execution_root = ledger.shards().get(shard as usize).unwrap().execution_root();
    ExecutionHeader { parent_execution_root, ..ExecutionHeader::default() }
}

/// A transition of an EE from its latest root and balance to another root.
pub(crate) fn next_transition(ledger: &Ledger, shard: u64, ee: u32, post_state_root: u8) -> EeTransition {
    let state = ledger.shards().get(shard as usize).unwrap().ees().get(ee as usize).unwrap();
    EeTransition {
        ee,
        pre_state_root: state.state_root,
        post_state_root: Root::repeat_byte(post_state_root),
        payload_root: Root::repeat_byte(0x77),
        fuel_used: 1_000,
        balance: state.balance,
        ..EeTransition::default()
    }
}

/// What happens on a shard in the slot before the state's, which is right after the last crosslink: a block.
fn transition(state: &BeaconState<P1>, shard: u64, body: &[u8]) -> ShardTransition {
    let slot = state.slot - 1;
    let before = state.shard_states[shard as usize];
    let data: ssz_types::VariableList<u8, ssz_types::typenum::U1048576> = body.to_vec().try_into().unwrap();
    let data_root = hash_tree_root(&data);
    let header = ShardBlockHeader {
        shard_parent_root: before.latest_block_root,
        beacon_parent_root: get_block_root_at_slot(state, slot).unwrap(),
        slot,
        shard,
        proposer_index: get_shard_proposer_index(state, slot, shard).unwrap(),
        body_root: data_root,
    };
    let length = body.len() as u64;
    let after = ShardState {
        slot,
        gasprice: compute_updated_gasprice(before.gasprice, length).unwrap(),
        latest_block_root: hash_tree_root(&header),
    };
    let proposer = header.proposer_index;
    ShardTransition {
        start_slot: slot,
        shard_block_lengths: vec![length].try_into().unwrap(),
        shard_data_roots: vec![data_root].try_into().unwrap(),
        shard_states: vec![after].try_into().unwrap(),
        proposer_signature_aggregate: signature(
            state,
            proposer,
            &header,
            DOMAIN_SHARD_PROPOSAL,
            Some(slot / 8),
        ),
    }
}

/// The committee's attestation of the slot before the state's, with its shard's transition.
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

/// A body that crosslinks a block on each of the two shards, with the bodies given.
pub(crate) fn crosslinking_body(state: &BeaconState<P1>, bodies: &[Vec<u8>; 2]) -> BeaconBlockBody<P1> {
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

/// The next slot of a chain of phase 1, with a header for each shard, of which the first slot has none.
pub(crate) fn try_crosslink(
    pre: &Extended<P1>,
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
    try_propose(pre, slot + 1, |state| crosslinking_body(state, &[body_0, body_1]), operations, settings)
}

/// [`try_crosslink`] of blocks in which nothing happens.
pub(crate) fn crosslink_nothing(
    pre: &Extended<P1>,
    settings: &Settings,
) -> (ExtendedBlock<P1>, Transition<P1>) {
    let headers = [0, 1].map(|shard| next_header(&pre.ledger, shard));
    try_crosslink(pre, headers, LedgerOperations::default(), settings).unwrap()
}
