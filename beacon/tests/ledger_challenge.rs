//! Headers that wait for a challenge before they count.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P1, balance,
    claims::slashing,
    genesis_with_delay, rules,
    shards::{crosslink_nothing, ee_state, next_header, next_transition, try_crosslink},
};
use outrider_beacon::ledger::{
    EeTransition, ExecutionHeader, ExtendedBlock, ExtendedState, Lane, Ledger, LedgerNode, LedgerOperations,
    Settings,
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    phase1::{BeaconBlock, BeaconBlockBody, get_shard_proposer_index},
    preset::Minimal,
    types::Root,
};
use proptest::{collection::vec, prelude::*};
use std::sync::LazyLock;

const BALANCES: [[u64; 2]; 2] = [[1_000 * ETHER, 2_000 * ETHER], [30, 40]];

type Operations = LedgerOperations<P1>;

fn settings() -> Settings {
    Settings { challenge_slots: 3, ..Settings::default() }
}

static START: LazyLock<ExtendedState<P1>> =
    LazyLock::new(|| crosslink_nothing(&immutable_genesis(), &settings()).1.extended);

/// Returns a chain in its first slot, in which shards have no blocks yet.
fn start() -> ExtendedState<P1> {
    START.clone()
}

/// Returns the ledger on which shards build.
fn tip(extended: &ExtendedState<P1>) -> Ledger {
    extended.ledger.optimistic::<P1>(&settings()).unwrap()
}

/// Returns a header of shard 0 in which EE 0 goes to a root and pays a fee, and an empty one of shard 1.
fn headers(extended: &ExtendedState<P1>, post_state_root: u8, fee: u64) -> [ExecutionHeader; 2] {
    let tip = tip(extended);
    let mut header = next_header(&tip, 0);
    let transition = EeTransition { proposer_fee: fee, ..next_transition(&tip, 0, 0, post_state_root) };
    header.transitions.push(transition).unwrap();
    [header, next_header(&tip, 1)]
}

#[track_caller]
fn step(
    extended: &ExtendedState<P1>,
    headers: [ExecutionHeader; 2],
    operations: Operations,
) -> (ExtendedBlock<P1>, ExtendedState<P1>) {
    let (block, transition) = try_crosslink(extended, headers, operations, &settings()).unwrap();
    (block, transition.extended)
}

fn n_pending(extended: &ExtendedState<P1>) -> usize {
    extended.ledger.shards().get(0).unwrap().pending().len()
}

#[test]
fn a_header_counts_after_the_window() {
    let before = start();
    let first = headers(&before, 0xaa, ETHER);
    let root = hash_tree_root(&first[0]);
    let (_, mut extended) = step(&before, first, Operations::default());
    assert_eq!((extended.state.slot, n_pending(&extended)), (2, 1));
    let shard = extended.ledger.shards().get(0).unwrap();
    assert_eq!((shard.execution_root(), shard.pending().get(0).unwrap().accept_slot), (root, 5));
    let proposer = get_shard_proposer_index(&extended.state, 1, 0).unwrap();
    for slot in 3..=4 {
        // The next block already builds on it.
        assert_eq!(ee_state(&extended, 0, 0), ee_state(&before, 0, 0), "slot {slot}");
        assert_eq!(extended.ledger.recent_execution_root(0, 1), None);
        extended = step(&extended, headers(&extended, slot as u8, 0), Operations::default()).1;
    }
    let paid = balance(&extended, proposer);
    let (_, accepted) = step(&extended, headers(&extended, 5, 0), Operations::default());
    assert_eq!(ee_state(&accepted, 0, 0), (Root::repeat_byte(0xaa), 1_000 * ETHER - ETHER));
    assert_eq!(accepted.ledger.recent_execution_root(0, 1), Some(root));
    assert_eq!(n_pending(&accepted), 3);
    assert_eq!(
        tip(&accepted).shards().get(0).unwrap().ees().get(0).unwrap().state_root,
        Root::repeat_byte(5)
    );
    // The fee is larger than any other change of the balance in a slot.
    assert!(balance(&accepted, proposer) > paid + ETHER / 2);
}

#[test]
fn a_convicted_header_is_dropped_with_those_after_it() {
    let before = start();
    let right = headers(&before, 0xaa, 0);
    let right_root = hash_tree_root(&right[0]);
    let (_, extended) = step(&before, right, Operations::default());
    let [wrong, other] = headers(&extended, 0xff, 0);
    let (block, extended) = step(&extended, [wrong.clone(), other], Operations::default());
    let claim = slashing(&block, &extended, &wrong);
    // The block with the conviction crosslinks one more block, which was made before.
    let late = headers(&extended, 0xbb, 0);
    let (_, convicted) = step(&extended, late, claim.clone());
    let shard = convicted.ledger.shards().get(0).unwrap();
    assert_eq!((n_pending(&convicted), shard.execution_root()), (1, right_root));
    assert_eq!(convicted.ledger.shards().get(1).unwrap().pending().len(), 3, "other shards go on");
    assert!(convicted.state.validators.iter().any(|validator| validator.slashed));
    // The crosslink is not rolled back: the shard's latest block stays, and the next one has it as parent.
    assert_eq!(shard.latest_block_root(), convicted.state.shard_states[0].latest_block_root);
    assert_ne!(shard.latest_block_root(), extended.state.shard_states[0].latest_block_root);

    // A header that builds on a dropped one is ignored, and its block is crosslinked.
    let tip_1 = next_header(&tip(&convicted), 1);
    let stale = ExecutionHeader { parent_execution_root: Root::repeat_byte(1), ..ExecutionHeader::default() };
    let (_, ignored) = step(&convicted, [stale, tip_1], Operations::default());
    assert_eq!(ignored.ledger.shards().get(0).unwrap().execution_root(), right_root);
    assert_ne!(
        ignored.state.shard_states[0].latest_block_root,
        convicted.state.shard_states[0].latest_block_root
    );
    // The next one that builds on the root before the wrong one counts.
    let next = headers(&ignored, 0xcc, 0);
    assert_eq!(next[0].parent_execution_root, right_root);
    assert_eq!(next[0].transitions[0].pre_state_root, Root::repeat_byte(0xaa));
    let mut extended = step(&ignored, next, Operations::default()).1;
    for _ in 0..3 {
        let empty = [0, 1].map(|shard| next_header(&tip(&extended), shard));
        extended = step(&extended, empty, Operations::default()).1;
    }
    assert_eq!(ee_state(&extended, 0, 0).0, Root::repeat_byte(0xcc));
}

#[test]
fn a_conviction_after_the_window_changes_no_state() {
    let before = start();
    let [wrong, other] = headers(&before, 0xff, 0);
    let (block, mut extended) = step(&before, [wrong.clone(), other], Operations::default());
    let claim = slashing(&block, &extended, &wrong);
    for _ in 0..2 {
        let empty = [0, 1].map(|shard| next_header(&tip(&extended), shard));
        extended = step(&extended, empty, Operations::default()).1;
    }
    let empty = || [0, 1].map(|shard| next_header(&tip(&extended), shard));
    let (_, late) = step(&extended, empty(), claim);
    assert!(late.state.validators.iter().any(|validator| validator.slashed));
    assert_eq!(ee_state(&late, 0, 0).0, Root::repeat_byte(0xff));
}

/// A header that fails L3 to L8 when it is due is dropped, and refuses no block.
#[test]
fn a_header_that_spends_too_much_is_dropped_when_it_is_due() {
    let before = start();
    let mut extended = step(&before, headers(&before, 0xaa, 1_000 * ETHER + 1), Operations::default()).1;
    for _ in 0..3 {
        assert_eq!(n_pending(&extended).min(1), 1);
        let parent_execution_root = extended.ledger.shards().get(0).unwrap().execution_root();
        let on_it = ExecutionHeader { parent_execution_root, ..ExecutionHeader::default() };
        extended = step(&extended, [on_it, next_header(&tip(&extended), 1)], Operations::default()).1;
    }
    let shard = extended.ledger.shards().get(0).unwrap();
    assert_eq!(ee_state(&extended, 0, 0), ee_state(&before, 0, 0));
    assert_eq!((n_pending(&extended), shard.execution_root()), (0, Root::ZERO));
}

/// A committee's attestation of its shard in a slot.
#[derive(Clone, Copy, Debug)]
struct Step {
    sends: u64,
    fee: u64,
    overdraws: bool,
    is_wrong: bool,
    builds_elsewhere: bool,
    convicts: bool,
}

fn one_step() -> impl Strategy<Value = Step> {
    let rare = || prop::bool::weighted(0.2);
    let flags = (rare(), rare(), rare(), any::<bool>());
    (0..50 * ETHER, 0..3 * ETHER, flags).prop_map(
        |(sends, fee, (overdraws, is_wrong, builds_elsewhere, convicts))| Step {
            sends,
            fee,
            overdraws,
            is_wrong,
            builds_elsewhere,
            convicts,
        },
    )
}

fn supply(extended: &ExtendedState<P1>) -> u128 {
    let balances = extended.state.balances.iter().map(|balance| u128::from(*balance));
    balances.sum::<u128>() + u128::from(extended.ledger.total())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever is pending, accepted, convicted or dropped, ether is conserved, and no chain stops. If every wrong execution is
    /// convicted in the next slot, none ever counts. A node that also knows a branch from the middle of the chain has the right
    /// ledger for each block, so a reorg takes pending headers back.
    #[test]
    fn pending_headers_conserve_ether(steps in vec(one_step(), 2..9), fork in 0..8_usize) {
        let (mut node, mut extended) = node();
        let mut states = vec![extended.clone()];
        let mut evidence = Operations::default();
        for (number, step) in (1_u8..).zip(&steps) {
            let header = lying_header(&tip(&extended), *step, number);
            let headers = [header.clone(), next_header(&tip(&extended), 1)];
            let (block, transition) =
                try_crosslink(&extended, headers, std::mem::take(&mut evidence), &settings()).unwrap();
            let after = transition.extended;
            after.ledger.check_conservation().unwrap();
            prop_assert_eq!(supply(&after), supply_by_the_letter(&extended, &block));
            if step.is_wrong && step.convicts {
                evidence = slashing(&block, &after, &header);
            }
            add(&mut node, &block, &after);
            extended = after;
            states.push(extended.clone());
        }
        if steps.iter().all(|step| step.convicts || !step.is_wrong) {
            let is_wrong = |extended: &ExtendedState<P1>| ee_state(extended, 0, 0).0 == Root::repeat_byte(0xff);
            prop_assert!(!states.iter().any(is_wrong));
        }
        let fork = &states[fork % states.len()];
        let headers = headers(fork, 0xee, 7);
        let (block, branch) = step(fork, headers, Operations::default());
        add(&mut node, &block, &branch);
        for known in &states[1..] {
            let found = node.store().blocks.keys().find(|block_root| {
                node.extended(block_root).is_some_and(|extended| extended == *known)
            });
            prop_assert!(found.is_some(), "slot {}", known.state.slot);
        }
    }
}

/// Returns a genesis with EEs whose code never changes, so that executions of earlier epochs can be disputed.
fn immutable_genesis() -> ExtendedState<P1> {
    genesis_with_delay(&BALANCES, 0).upgrade_to_phase1().unwrap()
}

/// Returns a node that knows the block of the first slot, and the state after it.
fn node() -> (LedgerNode<P1>, ExtendedState<P1>) {
    let mut genesis = immutable_genesis();
    genesis.state.latest_block_header.body_root = hash_tree_root(&BeaconBlockBody::<Minimal>::default());
    let state_root = genesis.state.root();
    let block = BeaconBlock::<Minimal> { state_root, ..BeaconBlock::default() };
    let mut node = LedgerNode::new(genesis.clone(), block).unwrap();
    let (block, transition) = crosslink_nothing(&genesis, &settings());
    add(&mut node, &block, &transition.extended);
    (node, transition.extended)
}

/// Adds a block to a node, which finds the same state and ledger.
fn add(node: &mut LedgerNode<P1>, block: &ExtendedBlock<P1>, after: &ExtendedState<P1>) {
    let time = node.store().genesis_time + after.state.slot * 6;
    node.on_tick(time.max(node.store().time)).unwrap();
    node.on_block(block, rules(&settings())).unwrap();
    assert_eq!(node.extended(&hash_tree_root(&block.block.message)).as_ref(), Some(after));
}

/// Returns a header of shard 0 that does what a step says.
fn lying_header(tip: &Ledger, step: Step, number: u8) -> ExecutionHeader {
    let mut header = next_header(tip, 0);
    let balance = tip.shards().get(0).unwrap().ees().get(0).unwrap().balance;
    let value_out = step.sends.min(balance);
    let proposer_fee = if step.overdraws { balance + 1 } else { step.fee.min(balance - value_out) };
    let post_state_root = if step.is_wrong { 0xff } else { number };
    let first = tip.shards().get(0).unwrap().outbound().get(2).unwrap().next;
    let transition = EeTransition { value_out, proposer_fee, ..next_transition(tip, 0, 0, post_state_root) };
    header.transitions.push(transition).unwrap();
    let receipts_root = Root::repeat_byte(3);
    header.lanes.push(Lane { destination_shard: 1, first, n: 1, value: value_out, receipts_root }).unwrap();
    if step.builds_elsewhere {
        header.parent_execution_root = Root::repeat_byte(0x5a);
    }
    header
}

/// Returns the supply after a block by the specification, and slashings beyond it, which burn ether of validators.
fn supply_by_the_letter(before: &ExtendedState<P1>, block: &ExtendedBlock<P1>) -> u128 {
    use outrider_beacon_spec::{phase::Phase as _, signatures::Signatures, transition::process_slots};
    let mut state = before.state.clone();
    process_slots(&mut state, block.block.message.slot).unwrap();
    P1::process_block(&mut state, &block.block.message, &mut Signatures::Ignored).unwrap();
    for signed in &block.operations.execution_slashings {
        let attestation = &signed.message.attestation;
        let whistleblower = Some(signed.message.whistleblower_index);
        let attesters =
            outrider_beacon_spec::accessors::get_indexed_attestation(&state, attestation).unwrap();
        for attester in &attesters.attesting_indices {
            let validator = state.validators.get(*attester as usize).unwrap();
            if outrider_beacon_spec::predicates::is_slashable_validator(validator, state.slot / 8) {
                outrider_beacon_spec::mutators::slash_validator(&mut state, *attester, whistleblower)
                    .unwrap();
            }
        }
    }
    supply(&ExtendedState { state, ledger: before.ledger.clone() })
}
