//! A chain of phase 1 whose shards execute: ether goes from shard to shard, to validators and back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P0, P1, empty_body, genesis, genesis_1, propose, rules,
    shards::{
        crosslink, crosslink_nothing, crosslinking_body, ee_state, execution, headers, next_header,
        next_transition,
    },
    signature, try_propose,
};
use outrider_beacon::ledger::{
    EeTransition, ExtendedBlock, ExtendedState, Lane, LedgerError, LedgerOperations, Settings, Settlement,
    error::HeaderError, extended_transition,
};
use outrider_beacon_spec::{
    constants::DOMAIN_BEACON_PROPOSER,
    containers::BeaconState,
    error::Error,
    hash::hash_tree_root,
    phase::Phase as _,
    phase1::get_shard_proposer_index,
    signatures::Signatures,
    transition::{process_slots, state_transition},
    types::Root,
};
use ssz_types::BitList;

const BALANCES: [[u64; 2]; 2] = [[1_000 * ETHER, 2_000 * ETHER], [30, 40]];

type Operations = LedgerOperations<P1>;

/// Returns a chain in its first slot, in which shards have no blocks yet.
fn start() -> ExtendedState<P1> {
    crosslink_nothing(&genesis_1(&BALANCES), &Settings::default()).1.extended
}

#[test]
fn ether_goes_from_shard_to_shard_and_fees_to_proposers() {
    let before = start();
    let [mut header, other] = headers(&before);
    let transition =
        EeTransition { value_out: 110, proposer_fee: ETHER, ..next_transition(&before.ledger, 0, 0, 0xaa) };
    header.transitions.push(transition).unwrap();
    let lane = Lane { destination_shard: 1, first: 0, n: 2, value: 110, receipts_root: Root::repeat_byte(9) };
    header.lanes.push(lane).unwrap();
    let execution_root = hash_tree_root(&header);
    let (block, transition) = crosslink(&before, [header, other]);
    let sent = transition.extended;
    assert_eq!(ee_state(&sent, 0, 0), (Root::repeat_byte(0xaa), 1_000 * ETHER - ETHER - 110));
    assert_eq!(sent.ledger.distribution().in_flight, 110);
    assert_eq!(sent.ledger.recent_execution_root(0, 1), Some(execution_root));
    assert_eq!(
        sent.ledger.recent_execution_root(1, 1),
        Some(sent.ledger.shards().get(1).unwrap().execution_root())
    );

    // The proposer receives the EE's fee and pays a price for each byte, which nobody receives.
    let gas: Vec<u64> = block
        .block
        .message
        .body
        .shard_transitions
        .iter()
        .map(|shard| {
            shard.shard_states.first().map_or(0, |state| state.gasprice * shard.shard_block_lengths[0])
        })
        .collect();
    assert!(gas[0] > 0 && gas[1] > 0);
    assert_eq!(sent.ledger.burnt() - before.ledger.burnt(), gas[0] + gas[1]);
    let plain = by_the_letter(&before, &block);
    let paid = |state: &BeaconState<P1>, index: u64| *state.balances.get(index as usize).unwrap();
    let proposers = [0, 1].map(|shard| get_shard_proposer_index(&sent.state, 1, shard).unwrap());
    assert_ne!(proposers[0], proposers[1]);
    assert_eq!(paid(&sent.state, proposers[0]), paid(&plain, proposers[0]) + ETHER - gas[0]);
    assert_eq!(paid(&sent.state, proposers[1]), paid(&plain, proposers[1]) - gas[1]);
    let sum =
        |state: &BeaconState<P1>| state.balances.iter().map(|balance| u128::from(*balance)).sum::<u128>();
    let supply = |state: &BeaconState<P1>, total: u64| sum(state) + u128::from(total);
    assert_eq!(supply(&sent.state, sent.ledger.total()), supply(&plain, before.ledger.total()));

    let [other, mut header] = headers(&sent);
    let bits = |set: &[usize]| {
        let mut bits = BitList::with_capacity(2).unwrap();
        set.iter().for_each(|bit| bits.set(*bit, true).unwrap());
        bits
    };
    let (settled, rejected, undelivered) = (bits(&[0, 1]), bits(&[]), bits(&[]));
    let settlement =
        Settlement { source_shard: 0, first: 0, settled, rejected, undelivered, value: 100, fees: 10 };
    header.settlements.push(settlement).unwrap();
    let transition = EeTransition { value_in: 100, ..next_transition(&sent.ledger, 1, 0, 0xbb) };
    header.transitions.push(transition).unwrap();
    let received = crosslink(&sent, [other, header]).1.extended;
    assert_eq!(ee_state(&received, 1, 0), (Root::repeat_byte(0xbb), 2_000 * ETHER + 100));
    assert_eq!(received.ledger.distribution().in_flight, 0);
}

/// Returns the state after a block by the specification alone.
fn by_the_letter(before: &ExtendedState<P1>, block: &ExtendedBlock<P1>) -> BeaconState<P1> {
    let mut state = before.state.clone();
    process_slots(&mut state, block.block.message.slot).unwrap();
    P1::process_block(&mut state, &block.block.message, &mut Signatures::Ignored).unwrap();
    state
}

#[test]
fn each_crosslinked_block_has_its_execution() {
    let before = start();
    let (block, _) = crosslink(&before, headers(&before));
    let settings = Settings::default();
    let after = |change: &dyn Fn(&mut ExtendedBlock<P1>)| {
        let mut block = block.clone();
        change(&mut block);
        extended_transition(before.clone(), &block, rules(&settings)).unwrap_err()
    };
    let one = |block: &mut ExtendedBlock<P1>| {
        block.operations.executions = vec![block.operations.executions[0].clone()].try_into().unwrap();
    };
    assert_eq!(after(&one), LedgerError::ExecutionCount { got: 1, expected: 2 });
    let swapped = |block: &mut ExtendedBlock<P1>| block.operations.executions.swap(0, 1);
    assert_eq!(after(&swapped), LedgerError::ExecutionPlace { got: (1, 1), expected: (0, 1) });
    let other = |block: &mut ExtendedBlock<P1>| block.operations.executions[1].header.finalized_slot = 1;
    let error = after(&other);
    let is_data_root = |error: &HeaderError| matches!(error, HeaderError::DataRoot { .. });
    assert!(
        matches!(&error, LedgerError::Header { shard: 1, slot: 1, error } if is_data_root(error)),
        "{error}"
    );
}

/// A shard with a late crosslink has several blocks in one transition, and empty slots.
#[test]
fn a_late_crosslink_has_an_execution_for_each_block() {
    let settings = Settings::default();
    let mut extended = start();
    for slot in 2..=4 {
        extended =
            try_propose(&extended, slot, empty_body, Operations::default(), &settings).unwrap().1.extended;
    }
    // In slot 5, the offset slots are 1, 2 and 3; offset 5 has none yet.
    let mut ledger = extended.ledger.clone();
    let mut bodies = [Vec::new(), Vec::new()];
    let mut executions = Vec::new();
    let mut roots = Vec::new();
    for shard in [0, 1] {
        for slot in 1..=3 {
            if (shard, slot) == (0, 2) {
                bodies[0].push(Vec::new());
                continue;
            }
            let mut header = next_header(&ledger, shard);
            header.parent_execution_root = roots.last().copied().filter(|_| slot > 1).unwrap_or_default();
            header.transitions.push(next_transition(&ledger, shard, 1, slot as u8)).unwrap();
            header.transitions[0].pre_state_root = if slot == 1 {
                Root::repeat_byte(0x57)
            } else {
                Root::repeat_byte(if shard == 0 { 1 } else { slot as u8 - 1 })
            };
            roots.push(hash_tree_root(&header));
            let (body, execution) = execution(shard, slot, header);
            bodies[shard as usize].push(body);
            executions.push(execution);
        }
    }
    ledger = extended.ledger.clone();
    let operations = Operations { executions: executions.try_into().unwrap(), ..Operations::default() };
    let outcome = try_propose(&extended, 5, |state| crosslinking_body(state, &bodies), operations, &settings);
    let after = outcome.unwrap().1.extended.ledger;
    for (shard, slot, root) in [(0, 1, 0), (0, 3, 1), (1, 1, 2), (1, 2, 3), (1, 3, 4)] {
        assert_eq!(after.recent_execution_root(shard, slot), Some(roots[root]), "shard {shard}, slot {slot}");
    }
    assert_eq!(after.recent_execution_root(0, 2), None);
    assert_eq!(after.shards().get(0).unwrap().ees().get(1).unwrap().state_root, Root::repeat_byte(3));
    assert_eq!(ledger.distribution().balances, after.distribution().balances);
}

#[test]
fn graffiti_and_state_root_are_of_the_state_after_the_block() {
    let before = genesis(&BALANCES);
    let settings = Settings::default();
    let (block, transition) = propose(&before, 1, LedgerOperations::default(), &settings);
    let mut other = block.clone();
    other.block.message.body.graffiti = Root::repeat_byte(1);
    let signed = |block: &mut ExtendedBlock<P0>| {
        let message = &block.block.message;
        let domain = DOMAIN_BEACON_PROPOSER;
        block.block.signature = signature(&before.state, message.proposer_index, message, domain, None);
    };
    signed(&mut other);
    let (got, expected) = (Root::repeat_byte(1), block.block.message.body.graffiti);
    let outcome = extended_transition(before.clone(), &other, rules(&settings));
    assert_eq!(outcome, Err(LedgerError::Commitment { got, expected }));
    let mut other = block.clone();
    other.block.message.state_root = Root::ZERO;
    let outcome = extended_transition(before.clone(), &other, rules(&settings));
    assert_eq!(outcome, Err(LedgerError::Spec(Error::BlockSignature)));
    signed(&mut other);
    let outcome = extended_transition(before.clone(), &other, rules(&settings));
    assert!(matches!(outcome, Err(LedgerError::Spec(Error::StateRoot { .. }))));

    // Without operations, the specification alone computes the same state.
    let by_the_letter = state_transition(before.state, &block.block).unwrap();
    assert_eq!(by_the_letter, transition.extended.state);
}

#[test]
fn execution_roots_are_forgotten_after_256_slots() {
    let before = start();
    let after = crosslink(&before, headers(&before)).1.extended;
    assert!(after.ledger.recent_execution_root(0, 1).is_some());
    let at = |slot| try_propose(&after, slot, empty_body, Operations::default(), &Settings::default());
    assert!(at(256).unwrap().1.extended.ledger.recent_execution_root(0, 1).is_some());
    let forgotten = at(257).unwrap().1.extended.ledger;
    assert_eq!(forgotten.recent_execution_root(0, 1), None);
    assert!(forgotten.shards().iter().all(|shard| shard.recent().iter().all(|root| *root == Root::ZERO)));
}
