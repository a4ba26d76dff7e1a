//! What the ledger checks of execution headers, check by check, and that ether is conserved whatever they say.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::*;
use outrider_beacon::{
    ledger::{
        BEACON_CHAIN, CrosslinkedBlock, EeTransition, ExecutionHeader, Lane, Ledger, Settings, Settlement,
        ShardExecution, error::HeaderError, lane_index, process_execution_header,
    },
    proof::body_branch,
};
use outrider_beacon_spec::{
    containers::DepositData,
    hash::hash_tree_root,
    types::{Bytes32, Root},
};
use proptest::{collection::vec, prelude::*};
use ssz_types::{BitList, VariableList, typenum::U1048576};
use std::sync::LazyLock;

/// What EEs 0 and 1 have on shards 0 and 1.
const BALANCES: [[u64; 2]; 2] = [[1_000 * ETHER, 2_000 * ETHER], [30, 40]];

static GENESIS: LazyLock<Ledger> = LazyLock::new(|| genesis(&BALANCES).ledger);

fn start() -> Ledger {
    GENESIS.clone()
}

/// A shard block with a header, as it is crosslinked.
fn crosslinked(shard: u64, header: ExecutionHeader) -> (CrosslinkedBlock, ShardExecution) {
    let (body, execution) = execution(shard, 0, header);
    let data: VariableList<u8, U1048576> = body.clone().try_into().unwrap();
    let data_root = hash_tree_root(&data);
    let length = body.len() as u64;
    let block = CrosslinkedBlock { shard, slot: 0, proposer_index: 0, length, data_root, gasprice: 8 };
    (block, execution)
}

fn apply_with(
    ledger: &mut Ledger,
    shard: u64,
    header: ExecutionHeader,
    settings: &Settings,
) -> Result<u64, HeaderError> {
    let (block, execution) = crosslinked(shard, header);
    let before = ledger.clone();
    let outcome = process_execution_header(ledger, &block, &execution, 0, settings);
    if outcome.is_err() {
        assert_eq!(*ledger, before, "nothing has changed");
    }
    ledger.check_conservation().unwrap();
    outcome
}

fn apply(ledger: &mut Ledger, shard: u64, header: ExecutionHeader) -> Result<u64, HeaderError> {
    apply_with(ledger, shard, header, &Settings::default())
}

/// A header of EE 0 on shard 0 that may be damaged.
#[track_caller]
fn refused(damage: impl FnOnce(&mut ExecutionHeader), expected: HeaderError) {
    let mut ledger = start();
    let mut header = next_header(&ledger, 0);
    header.transitions.push(next_transition(&ledger, 0, 0, 0xaa)).unwrap();
    assert_eq!(apply(&mut ledger.clone(), 0, header.clone()), Ok(0), "without the damage");
    damage(&mut header);
    assert_eq!(apply(&mut ledger, 0, header), Err(expected));
}

fn deposit(amount: u64) -> DepositData {
    DepositData { amount, ..DepositData::default() }
}

fn bits(len: usize, set: &[usize]) -> BitList<ssz_types::typenum::U1024> {
    let mut bits = BitList::with_capacity(len).unwrap();
    set.iter().for_each(|bit| bits.set(*bit, true).unwrap());
    bits
}

fn settlement(source_shard: u64, first: u64, len: usize, set: &[usize], value: u64) -> Settlement {
    Settlement {
        source_shard,
        first,
        settled: bits(len, set),
        rejected: bits(len, &[]),
        expired: bits(len, &[]),
        value,
        fees: 0,
    }
}

fn lane(destination_shard: u64, first: u64, n: u32, value: u64) -> Lane {
    Lane { destination_shard, first, n, value, receipts_root: Root::repeat_byte(1) }
}

/// A header in which EE 0 sends receipts.
fn sending(ledger: &Ledger, source: u64, lane: Lane) -> ExecutionHeader {
    let mut header = next_header(ledger, source);
    let transition = EeTransition { value_out: lane.value, ..next_transition(ledger, source, 0, 0xaa) };
    header.transitions.push(transition).unwrap();
    header.lanes.push(lane).unwrap();
    header
}

/// A header in which EE 0 gets what is settled, but for what bounces.
fn settling(ledger: &Ledger, shard: u64, settlement: Settlement, value_in: u64) -> ExecutionHeader {
    let mut header = next_header(ledger, shard);
    let transition = EeTransition { value_in, ..next_transition(ledger, shard, 0, 0xbb) };
    header.transitions.push(transition).unwrap();
    header.settlements.push(settlement).unwrap();
    header
}

/// Shard 0 has sent three receipts with 100 Gwei to shard 1.
fn sent() -> Ledger {
    let mut ledger = start();
    let header = sending(&ledger, 0, lane(1, 0, 3, 100));
    apply(&mut ledger, 0, header).unwrap();
    ledger
}

#[track_caller]
fn settle_refused(settlement: Settlement, value_in: u64, expected: HeaderError) {
    let mut ledger = sent();
    let header = settling(&ledger, 1, settlement, value_in);
    assert_eq!(apply(&mut ledger, 1, header), Err(expected));
}

#[test]
fn l1_the_body_begins_with_the_header_and_has_its_length() {
    let mut ledger = start();
    let (block, execution) = crosslinked(0, next_header(&ledger, 0));
    let apply = |ledger: &mut Ledger, block: &CrosslinkedBlock, execution: &ShardExecution| {
        process_execution_header(ledger, block, execution, 0, &Settings::default())
    };
    let other_length = CrosslinkedBlock { length: block.length + 1, ..block };
    let got = execution.branch[15];
    let expected = HeaderError::BodyLength { got, expected: block.length + 1 };
    assert_eq!(apply(&mut ledger, &other_length, &execution), Err(expected));
    let mut other_header = execution.clone();
    other_header.header.finalized_slot = 1;
    let outcome = apply(&mut ledger, &block, &other_header);
    assert!(matches!(outcome, Err(HeaderError::DataRoot { expected, .. }) if expected == block.data_root));
    for place in 0..16 {
        let mut other = execution.clone();
        other.branch[place].0[31] ^= 1;
        assert!(matches!(apply(&mut ledger, &block, &other), Err(HeaderError::DataRoot { .. })), "{place}");
    }
    apply(&mut ledger, &block, &execution).unwrap();
    assert_eq!(ledger.shards().get(0).unwrap().execution_root(), hash_tree_root(&execution.header));
    assert_eq!(ledger.recent_execution_root(0, 0), Some(hash_tree_root(&execution.header)));
}

#[test]
fn l2_headers_are_a_chain() {
    let mut ledger = start();
    let first = next_header(&ledger, 0);
    apply(&mut ledger, 0, first.clone()).unwrap();
    let (got, expected) = (Root::ZERO, hash_tree_root(&first));
    assert_eq!(apply(&mut ledger, 0, first), Err(HeaderError::ParentExecutionRoot { got, expected }));
    let second = next_header(&ledger, 0);
    apply(&mut ledger, 0, second).unwrap();
}

#[test]
fn l3_ees_start_where_they_are() {
    let (got, expected) = (Root::ZERO, Root::repeat_byte(0x54));
    refused(
        |header| header.transitions[0].pre_state_root = got,
        HeaderError::PreStateRoot { ee: 0, got, expected },
    );
    refused(|header| header.transitions[0].ee = 2, HeaderError::EeUnknown { got: 2, n: 2 });
    refused(
        |header| header.transitions.push(header.transitions[0].clone()).unwrap(),
        HeaderError::EeOrder { got: 0, previous: 0 },
    );
    refused(|header| header.transitions[0].payload_root = Root::ZERO, HeaderError::NotExecuted { ee: 0 });
    let mut ledger = start();
    let mut header = next_header(&ledger, 0);
    let unchanged = EeTransition {
        post_state_root: expected,
        payload_root: Root::ZERO,
        fuel_used: 0,
        ..next_transition(&ledger, 0, 0, 0)
    };
    header.transitions.push(unchanged).unwrap();
    assert_eq!(apply(&mut ledger, 0, header), Ok(0));
}

#[test]
fn l4_no_ee_gives_away_more_than_it_has() {
    let has = 1_000 * ETHER;
    refused(
        |header| header.transitions[0].balance = has + 1,
        HeaderError::Balance { ee: 0, got: has + 1, expected: has },
    );
    refused(
        |header| header.transitions[0].proposer_fee = has + 1,
        HeaderError::Overdraft { ee: 0, got: has + 1, available: has },
    );
    refused(
        |header| header.transitions[0].deposits = 5,
        HeaderError::Deposits { ee: 0, got: 5, expected: 0 },
    );
    refused(
        |header| {
            header.transitions[0].deposits = ETHER - 1;
            header.transitions[0].deposit_data.push(deposit(ETHER - 1)).unwrap();
        },
        HeaderError::DepositAmount { ee: 0, got: ETHER - 1, least: ETHER },
    );
    // Ether from nowhere, and to nowhere.
    let sums = |settled, value_in, sent, value_out| HeaderError::Sums { settled, value_in, sent, value_out };
    refused(|header| header.transitions[0].value_in = 7, sums(0, 7, 0, 0));
    refused(|header| header.transitions[0].value_out = 7, sums(0, 0, 0, 7));
    refused(|header| header.lanes.push(lane(1, 0, 1, 7)).unwrap(), sums(0, 0, 7, 0));
    refused(
        |header| {
            header.transitions[0].value_out = u64::MAX;
            header.transitions[0].proposer_fee = 1;
        },
        HeaderError::Spec(outrider_beacon_spec::error::Error::Arithmetic),
    );

    let mut ledger = start();
    let mut header = next_header(&ledger, 0);
    header
        .transitions
        .push(EeTransition {
            deposits: 32 * ETHER,
            deposit_data: vec![deposit(31 * ETHER), deposit(ETHER)].try_into().unwrap(),
            proposer_fee: 6,
            ..next_transition(&ledger, 0, 0, 0xaa)
        })
        .unwrap();
    assert_eq!(apply(&mut ledger, 0, header), Ok(6));
    let after = ledger.distribution();
    assert_eq!(after.pending_deposits, u128::from(32 * ETHER));
    assert_eq!(ledger.shards().get(0).unwrap().ees().get(0).unwrap().balance, has - 32 * ETHER - 6);
    assert_eq!(ledger.total(), start().total() - 6);
}

#[test]
fn l5_receipts_are_settled_once_in_any_order() {
    let mut ledger = sent();
    let header = settling(&ledger, 1, settlement(0, 1, 2, &[1], 60), 60);
    apply(&mut ledger, 1, header).unwrap();
    let inbound = |ledger: &Ledger| {
        ledger.shards().get(1).unwrap().inbound().get(lane_index(0) as usize).unwrap().clone()
    };
    assert_eq!(inbound(&ledger).next, 0);
    let again = settling(&ledger, 1, settlement(0, 2, 1, &[0], 1), 1);
    let expected = HeaderError::AlreadySettled { source_shard: 0, sequence: 2 };
    assert_eq!(apply(&mut ledger, 1, again), Err(expected));
    let rest = settling(&ledger, 1, settlement(0, 0, 2, &[0, 1], 40), 40);
    apply(&mut ledger, 1, rest).unwrap();
    assert_eq!((inbound(&ledger).next, inbound(&ledger).settled.is_zero()), (3, true));
    assert_eq!(ledger.distribution().in_flight, 0);
    let late = settling(&ledger, 1, settlement(0, 2, 1, &[0], 0), 0);
    let expected = HeaderError::Sequence { source_shard: 0, got: 2, first: 3, end: 1027 };
    assert_eq!(apply(&mut ledger, 1, late), Err(expected));
}

#[test]
fn l5_what_was_not_sent_is_not_settled() {
    settle_refused(
        settlement(0, 3, 1, &[0], 0),
        0,
        HeaderError::NotSent { source_shard: 0, got: 3, next: 3 },
    );
    let beyond = HeaderError::Sequence { source_shard: 0, got: 1024, first: 0, end: 1024 };
    settle_refused(settlement(0, 1024, 1, &[0], 0), 0, beyond);
    settle_refused(settlement(2, 0, 1, &[0], 0), 0, HeaderError::SourceShard { got: 2 });
    let nothing_sent = HeaderError::NotSent { source_shard: BEACON_CHAIN, got: 0, next: 0 };
    settle_refused(settlement(BEACON_CHAIN, 0, 1, &[0], 0), 0, nothing_sent);
    settle_refused(settlement(0, 0, 3, &[], 0), 0, HeaderError::SettlementEmpty { source_shard: 0 });
    let uneven = Settlement { rejected: bits(2, &[]), ..settlement(0, 0, 1, &[0], 0) };
    let expected = HeaderError::SettlementBits { source_shard: 0, settled: 1, rejected: 2, expired: 1 };
    settle_refused(uneven, 0, expected);
    let other = Settlement { rejected: bits(2, &[1]), ..settlement(0, 0, 2, &[0], 0) };
    settle_refused(other, 0, HeaderError::NotSettled { source_shard: 0, sequence: 1 });
    let both = Settlement { rejected: bits(1, &[0]), expired: bits(1, &[0]), ..settlement(0, 0, 1, &[0], 0) };
    settle_refused(both, 0, HeaderError::NotSettled { source_shard: 0, sequence: 0 });

    let mut ledger = sent();
    let mut header = settling(&ledger, 1, settlement(0, 0, 1, &[0], 0), 0);
    header.settlements.push(settlement(0, 1, 1, &[0], 0)).unwrap();
    assert_eq!(apply(&mut ledger, 1, header), Err(HeaderError::SettlementOrder { got: 0, previous: 0 }));
}

#[test]
fn l6_no_more_is_taken_than_is_in_flight() {
    let too_much = HeaderError::InFlight { source_shard: 0, got: 101, available: 100 };
    settle_refused(settlement(0, 0, 3, &[0, 1, 2], 101), 101, too_much.clone());
    settle_refused(Settlement { fees: 1, ..settlement(0, 0, 3, &[0, 1, 2], 100) }, 100, too_much);
    let mut ledger = sent();
    let with_fees = Settlement { fees: 30, ..settlement(0, 0, 3, &[0, 1, 2], 70) };
    let header = settling(&ledger, 1, with_fees, 70);
    assert_eq!(apply(&mut ledger, 1, header), Ok(30), "fees go to the proposer");
}

#[test]
fn l4_what_is_rejected_bounces_and_nothing_else() {
    let mut ledger = sent();
    let rejected = Settlement { rejected: bits(3, &[2]), ..settlement(0, 0, 3, &[0, 1, 2], 100) };
    let mut header = settling(&ledger, 1, rejected, 60);
    let lost = HeaderError::Sums { settled: 100, value_in: 60, sent: 0, value_out: 0 };
    assert_eq!(apply(&mut ledger, 1, header.clone()), Err(lost));
    header.lanes.push(lane(0, 0, 1, 40)).unwrap();
    let mut unmarked = header.clone();
    unmarked.settlements[0].rejected = bits(3, &[]);
    assert_eq!(apply(&mut ledger, 1, unmarked), Err(HeaderError::Bounce { got: 40 }));
    apply(&mut ledger, 1, header).unwrap();
    let back = ledger.shards().get(1).unwrap().outbound().get(lane_index(0) as usize).unwrap();
    assert_eq!((back.next, back.in_flight), (1, 40));
}

#[test]
fn l7_lanes_go_on_where_they_ended_while_there_is_room() {
    let mut ledger = sent();
    let mut check = |lane: Lane, expected: Result<u64, HeaderError>| {
        let header = sending(&ledger, 0, lane);
        assert_eq!(apply(&mut ledger, 0, header), expected);
    };
    check(lane(1, 4, 1, 0), Err(HeaderError::LaneFirst { destination: 1, got: 4, expected: 3 }));
    check(lane(1, 3, 0, 0), Err(HeaderError::LaneEmpty { destination: 1 }));
    check(lane(2, 0, 1, 0), Err(HeaderError::DestinationShard { got: 2 }));
    check(lane(BEACON_CHAIN, 0, 1, 0), Err(HeaderError::DestinationShard { got: BEACON_CHAIN }));
    check(lane(1, 3, 1_022, 0), Err(HeaderError::LaneFull { destination: 1, got: 1_025, limit: 1_024 }));
    check(lane(1, 3, 1_021, 0), Ok(0));
    check(lane(1, 1_024, 1, 0), Err(HeaderError::LaneFull { destination: 1, got: 1_025, limit: 1_024 }));
    let header = settling(&ledger, 1, settlement(0, 0, 1, &[0], 0), 0);
    apply(&mut ledger, 1, header).unwrap();
    let mut header = sending(&ledger, 0, lane(1, 1_024, 1, 0));
    apply(&mut ledger, 0, header.clone()).unwrap();
    header = sending(&ledger, 0, lane(1, 1_025, 1, 0));
    header.lanes.push(lane(0, 0, 1, 0)).unwrap();
    assert_eq!(
        apply(&mut ledger, 0, header),
        Err(HeaderError::LaneFull { destination: 1, got: 1_026, limit: 1_025 })
    );
    let mut header = sending(&ledger, 0, lane(0, 0, 1, 0));
    header.lanes.push(lane(0, 1, 1, 0)).unwrap();
    assert_eq!(apply(&mut ledger, 0, header), Err(HeaderError::LaneOrder { got: 0, previous: 0 }));
}

#[test]
fn l8_fuel_and_bytes_are_limited() {
    let settings = Settings { fuel_per_ee_max: 1_000, fuel_per_block_max: 1_500, ..Settings::default() };
    let mut ledger = start();
    let mut header = next_header(&ledger, 0);
    header.transitions.push(EeTransition { fuel_used: 1_001, ..next_transition(&ledger, 0, 0, 1) }).unwrap();
    let expected = HeaderError::EeFuel { ee: 0, got: 1_001, limit: 1_000 };
    assert_eq!(apply_with(&mut ledger, 0, header.clone(), &settings), Err(expected));
    header.transitions[0].fuel_used = 1_000;
    header.transitions.push(EeTransition { fuel_used: 501, ..next_transition(&ledger, 0, 1, 1) }).unwrap();
    let expected = HeaderError::BlockFuel { got: 1_501, limit: 1_500 };
    assert_eq!(apply_with(&mut ledger, 0, header.clone(), &settings), Err(expected));
    header.transitions[1].fuel_used = 500;
    assert_eq!(apply_with(&mut ledger, 0, header.clone(), &settings), Ok(0));

    // Only who makes the root without a body can have one that long.
    let (mut block, mut execution) = crosslinked(0, next_header(&start(), 0));
    block.length = (1 << 20) + 1;
    let mut branch: Vec<Bytes32> = body_branch(&[0; 32]);
    branch[15].0[..8].copy_from_slice(&block.length.to_le_bytes());
    block.data_root = branch.iter().fold(hash_tree_root(&execution.header), |left, right| {
        outrider_beacon_spec::hash::hash(&[left.as_slice(), right.as_slice()])
    });
    execution.branch = branch.try_into().unwrap();
    let outcome = process_execution_header(&mut start(), &block, &execution, 0, &Settings::default());
    assert_eq!(outcome, Err(HeaderError::BodyBytes { got: (1 << 20) + 1, limit: 1 << 20 }));
}

#[test]
fn an_ee_is_executed_on_its_shards_while_it_is_active() {
    let state = genesis_state();
    let one_shard =
        outrider_beacon::ledger::GenesisEe { shards: vec![(1, 5)], ..genesis_ee(&state, 1, [0, 0]) };
    let mut ledger = Ledger::genesis(&state, &[one_shard]).unwrap();
    let mut header = next_header(&ledger, 0);
    header.transitions.push(next_transition(&ledger, 0, 0, 1)).unwrap();
    assert_eq!(apply(&mut ledger, 0, header), Err(HeaderError::EeElsewhere { ee: 0, shard: 0 }));
}

/// What a proposer may do to a header, honest or not.
#[derive(Clone, Debug)]
struct Damage {
    shard: u64,
    ee: u32,
    amounts: [u64; 6],
    first: u64,
    bits: u8,
    n: u32,
    source: u64,
    destination: u64,
    is_honest: bool,
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..60_u64, 0..3_000 * ETHER, any::<u64>()]
}

fn damage() -> impl Strategy<Value = Damage> {
    let shard = || prop_oneof![4 => 0..2_u64, 1 => Just(BEACON_CHAIN)];
    let places = (0..2_u64, 0..2_u32, shard(), shard(), any::<bool>());
    (places, [amount(), amount(), amount(), amount(), amount(), amount()], 0..6_u64, any::<u8>(), 0..4_u32)
        .prop_map(|((shard, ee, source, destination, is_honest), amounts, first, bits, n)| Damage {
            shard,
            ee,
            amounts,
            first,
            bits,
            n,
            source,
            destination,
            is_honest,
        })
}

/// A header by somebody who may write anything; one that is honest gets its sums right.
fn header(ledger: &Ledger, damage: &Damage) -> ExecutionHeader {
    let [value_in, value_out, deposits, proposer_fee, sent, fees] = damage.amounts;
    let mut header = next_header(ledger, damage.shard);
    let set: Vec<_> = (0..8).filter(|bit| damage.bits >> bit & 1 == 1).collect();
    let mut transition = EeTransition {
        value_in,
        value_out,
        deposits,
        proposer_fee,
        deposit_data: vec![deposit(deposits)].try_into().unwrap(),
        ..next_transition(ledger, damage.shard, damage.ee, damage.bits)
    };
    let mut settled = Settlement { fees, ..settlement(damage.source, damage.first, 8, &set, value_in) };
    let mut lane = lane(damage.destination, damage.first, damage.n, sent);
    if damage.is_honest {
        let (source, shard) = (damage.source.min(1), damage.shard);
        let outbound = |from: u64, to: u64| {
            *ledger.shards().get(from as usize).unwrap().outbound().get(lane_index(to) as usize).unwrap()
        };
        let flight = outbound(source, shard);
        let next = ledger
            .shards()
            .get(shard as usize)
            .unwrap()
            .inbound()
            .get(lane_index(source) as usize)
            .unwrap()
            .next;
        let n_open = flight.next.saturating_sub(next).min(8) as usize;
        settled = settlement(source, next, n_open, &(0..n_open).collect::<Vec<_>>(), flight.in_flight);
        let available = transition.balance + settled.value;
        transition.value_in = settled.value;
        transition.value_out = value_out % (available + 1);
        transition.proposer_fee = proposer_fee % (available - transition.value_out + 1);
        transition.deposits = 0;
        transition.deposit_data = VariableList::default();
        let destination = damage.destination.min(1);
        lane = Lane {
            destination_shard: destination,
            first: outbound(shard, destination).next,
            n: damage.n + 1,
            value: transition.value_out,
            receipts_root: Root::ZERO,
        };
        if n_open == 0 {
            transition.value_out = transition.value_out.min(transition.balance);
            transition.value_in = 0;
            lane.value = transition.value_out;
            transition.proposer_fee = 0;
        }
    }
    if !damage.is_honest || !settled.settled.is_empty() {
        header.settlements.push(settled).unwrap();
    }
    header.transitions.push(transition).unwrap();
    header.lanes.push(lane).unwrap();
    header
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A committee that signs anything makes no ether: what was there is there, or has left with fees.
    #[test]
    fn whatever_headers_say_ether_is_conserved(damages in vec(damage(), 1..12)) {
        let mut ledger = start();
        let mut paid = 0_u128;
        for damage in &damages {
            let header = header(&ledger, damage);
            let outcome = apply(&mut ledger, damage.shard, header);
            prop_assert!(!damage.is_honest || outcome.is_ok(), "{:?}", outcome);
            paid += u128::from(outcome.unwrap_or(0));
            prop_assert_eq!(ledger.distribution().sum() + paid, u128::from(start().total()));
        }
    }

    #[test]
    fn headers_of_arbitrary_bytes_are_decoded_or_refused(bytes in vec(any::<u8>(), 0..600)) {
        use ssz::{Decode as _, Encode as _};
        if let Ok(header) = ExecutionHeader::from_ssz_bytes(&bytes) {
            prop_assert_eq!(header.as_ssz_bytes(), bytes.clone());
        }
        let _ = outrider_beacon::ledger::ShardBody::from_body(&bytes);
        let _ = Ledger::from_ssz_bytes(&bytes);
        let _ = outrider_beacon::ledger::LedgerOperations::<P1>::from_ssz_bytes(&bytes);
    }
}

#[test]
fn a_ledger_survives_its_encoding() {
    use ssz::{Decode as _, Encode as _};
    let ledger = sent();
    let bytes = ledger.as_ssz_bytes();
    let decoded = Ledger::from_ssz_bytes(&bytes).unwrap();
    assert_eq!(decoded.root(), ledger.root());
    assert_eq!(decoded, ledger);
    for (place, _) in bytes.iter().enumerate().step_by(97) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x81;
        if let Ok(other) = Ledger::from_ssz_bytes(&damaged) {
            assert_ne!(other.root(), ledger.root(), "byte {place}");
        }
        assert!(Ledger::from_ssz_bytes(&bytes[..place]).is_err(), "{place} bytes");
    }
}
