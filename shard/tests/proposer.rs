//! Proposers fill blocks with what pays best.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;

use chain::{Chain, Ees};
use outrider_beacon::ledger::{
    EePayload, ExecutableBlock, Execution as _, Ledger, PendingDeposit, Settings, ShardPlace,
    apply_execution_header, error::HeaderError,
};
use outrider_beacon_spec::types::{Bytes32, Root};
use outrider_shard::{
    executor::{Contents, ExecutorError},
    proposer::{Filled, LeftOut, fill},
};
use proptest::prelude::*;
use ssz::{Decode as _, Encode as _};

/// An EE whose block data is its fee and a number of rounds, 8 bytes each, and anything else.
const PAYING: &str = r#"(module
    (import "eth2" "blockDataCopy" (func $copy (param i32 i32 i32)))
    (import "eth2" "loadPreStateRoot" (func $load (param i32)))
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (import "eth2" "payProposer" (func $pay (param i64)))
    (memory (export "memory") 1)
    (func (export "main") (local $rounds i64)
        (call $copy (i32.const 0) (i32.const 0) (i32.const 16))
        (call $load (i32.const 32))
        (call $pay (i64.load (i32.const 0)))
        (local.set $rounds (i64.load (i32.const 8)))
        (loop $next
            (if (i64.ne (local.get $rounds) (i64.const 0)) (then
                (local.set $rounds (i64.sub (local.get $rounds) (i64.const 1)))
                (br $next))))
        (call $save (i32.const 32))))"#;

/// Ten EEs, each with a million Gwei on shard 0.
fn paying_chain() -> Chain {
    let code = |index: u8| {
        let mut code = wat::parse_str(PAYING).unwrap();
        code.extend([0, 3, 1, b'n', index]);
        code
    };
    let ees = (0..10).map(|index| (code(index), Bytes32::repeat_byte(index)));
    ees.fold(Ees::default(), |ees, (code, root)| ees.add(code, root, &[(0, 1_000_000)])).chain()
}

fn offer(ee: u32, fee: u64, rounds: u64, n_bytes: usize) -> EePayload {
    let mut block_data = [fee.to_le_bytes(), rounds.to_le_bytes()].concat();
    block_data.resize(16 + n_bytes, 7);
    chain::payload(ee, &block_data)
}

fn contents(payloads: Vec<EePayload>) -> Vec<Contents> {
    payloads.into_iter().map(|payload| Contents::from(vec![payload])).collect()
}

fn ees(filled: &Filled) -> Vec<u32> {
    filled.body.payloads.iter().map(|payload| payload.ee).collect()
}

#[test]
fn the_better_payload_for_an_ee_wins_and_bad_ones_are_left_out() {
    let chain = paying_chain();
    let (executor, place) = (chain.executor(), chain.place(0));
    let offered = vec![
        offer(3, 900, 1, 0),
        offer(1, 700, 1, 0),
        offer(3, 901, 1, 0),
        offer(2, 2_000_000, 1, 0),
        offer(4, 900, u64::MAX, 0),
        offer(10, 900, 1, 0),
        offer(5, 100, 1, 0),
    ];
    let filled = fill(&executor, &place, contents(offered), Vec::new(), 1).unwrap();
    assert_eq!(ees(&filled), [1, 3]);
    assert_eq!(filled.body.header.transitions[1].proposer_fee, 901);
    let reasons: Vec<_> = filled.left_out.iter().map(|(index, _)| *index).collect();
    assert_eq!(reasons, [0, 3, 4, 5, 6]);
    let [(_, outbid), (_, overdraft), (_, fuel), (_, unknown), (_, cheap)] = &filled.left_out[..] else {
        panic!("{:?}", filled.left_out)
    };
    assert!(matches!(outbid, LeftOut::Outbid { ee: 3 }));
    let expected = HeaderError::Overdraft { ee: 2, got: 2_000_000, available: 1_000_000 };
    assert!(matches!(overdraft, LeftOut::Ledger { ee: 2, error } if *error == expected), "{overdraft:?}");
    assert!(matches!(fuel, LeftOut::Executor(ExecutorError::Fuel { ee: 4, limit: 10_000_000 })));
    assert!(matches!(unknown, LeftOut::Executor(ExecutorError::NotActive { ee: 10, .. })));
    let LeftOut::Unprofitable { ee: 5, fee: 100, bytes, cost } = cheap else { panic!("{cheap:?}") };
    assert_eq!(bytes, cost);

    // The profit is the fees without the price of all bytes that the payloads add to an empty block.
    let empty = fill(&executor, &place, Vec::new(), Vec::new(), 1).unwrap();
    let bytes = filled.body.to_body().len() - empty.body.to_body().len();
    assert_eq!(filled.profit, 700 + 901 - bytes as u64);
    let body = &filled.body;
    assert!(executor.execute(&[ExecutableBlock { root: Root::ZERO, place: &place, body }])[0].is_ok());
}

#[test]
fn ees_that_pay_the_same_take_turns() {
    let chain = paying_chain();
    let executor = chain.executor();
    // Each takes more than half of a block's fuel, so a block has room for one.
    let alone = executor.body(&chain.place(0), vec![offer(0, 0, 300_000, 0)]).unwrap();
    let fuel_used = alone.header.transitions[0].fuel_used;
    assert!(fuel_used > 5_000_000 && fuel_used < 10_000_000, "{fuel_used}");
    let settings = Settings { fuel_per_block_max: 10_000_000, ..chain::settings() };
    let executor = chain.executor_with(settings);
    let in_slot = |slot, paying: u64| {
        let place = ShardPlace { slot, ..chain.place(0) };
        let offers = (0..10).map(|ee| offer(ee, if ee == 4 { paying } else { 0 }, 300_000, 0)).collect();
        ees(&fill(&executor, &place, contents(offers), Vec::new(), 0).unwrap())
    };
    let turns: Vec<_> = (9..29).map(|slot| in_slot(slot, 0)).collect();
    assert_eq!(turns, (9..29).map(|slot| vec![slot % 10]).collect::<Vec<_>>());
    // One that pays more does not wait.
    assert_eq!(in_slot(9, 1), [4]);
}

/// An EE whose block data is its fee and a number of deposits of one Gwei, 8 bytes each.
const DEPOSITING: &str = r#"(module
    (import "eth2" "blockDataCopy" (func $copy (param i32 i32 i32)))
    (import "eth2" "loadPreStateRoot" (func $load (param i32)))
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (import "eth2" "payProposer" (func $pay (param i64)))
    (import "eth2" "pushNewDeposit" (func $deposit (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "main") (local $n i64)
        (call $copy (i32.const 0) (i32.const 0) (i32.const 16))
        (call $load (i32.const 32))
        (call $pay (i64.load (i32.const 0)))
        (i32.store8 (i32.const 1087) (i32.const 1))
        (local.set $n (i64.load (i32.const 8)))
        (loop $next
            (if (i64.ne (local.get $n) (i64.const 0)) (then
                (call $deposit (i32.const 1000) (i32.const 184))
                (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                (br $next))))
        (call $save (i32.const 32))))"#;

/// Returns a ledger without pending deposits as one that has so many.
fn with_pending_deposits(ledger: &Ledger, n: usize) -> Ledger {
    let mut bytes = ledger.as_ssz_bytes();
    // The container is a slot, the offsets of four lists, of which the third has the deposits, two sums, and an offset.
    let offset = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let added = vec![0; n * PendingDeposit::default().as_ssz_bytes().len()];
    for at in [20, 40] {
        let later = offset(&bytes, at) + u32::try_from(added.len()).unwrap();
        bytes[at..at + 4].copy_from_slice(&later.to_le_bytes());
    }
    let start = offset(&bytes, 16) as usize;
    bytes.splice(start..start, added);
    let ledger = Ledger::from_ssz_bytes(&bytes).unwrap();
    assert_eq!(ledger.pending_deposits().len(), n);
    ledger
}

#[test]
fn a_block_passes_the_ledger_as_a_whole_and_loses_no_more_than_necessary() {
    let code = |index: u8| {
        let mut code = wat::parse_str(DEPOSITING).unwrap();
        code.extend([0, 3, 1, b'n', index]);
        code
    };
    let ees_of_chain = (0..10).map(|index| (code(index), Bytes32::repeat_byte(index)));
    let chain =
        ees_of_chain.fold(Ees::default(), |ees, (code, root)| ees.add(code, root, &[(0, 1_000_000)])).chain();
    let settings = Settings { deposit_amount_min: 1, ..chain::settings() };
    let executor = chain.executor_with(settings.clone());
    let mut place = chain.place(0);
    // Each payload alone fits: a fee, and a number of deposits.
    let offers: Vec<_> = [(500_000, 16), (400_000, 16), (300_000, 16), (100_000, 8), (1_000, 1), (10, 0)]
        .into_iter()
        .zip(0..)
        .map(|((fee, n), ee)| offer(ee, fee, n, 0))
        .collect();
    let all = fill(&executor, &place, contents(offers.clone()), Vec::new(), 0).unwrap();
    assert_eq!((ees(&all), all.left_out.len()), (vec![0, 1, 2, 3, 4, 5], 0));
    place.view = with_pending_deposits(&place.view, (1 << 15) - 40);
    let filled = fill(&executor, &place, contents(offers), Vec::new(), 0).unwrap();
    assert_eq!(ees(&filled), [0, 1, 3, 5]);
    assert_eq!(filled.profit, 600_010 + 400_000);
    // Each of the two shards has half of the list.
    let limit = 1 << 15;
    let [(2, LeftOut::Ledger { ee: 2, error: first }), (4, LeftOut::Ledger { ee: 4, error: second })] =
        &filled.left_out[..]
    else {
        panic!("{:?}", filled.left_out)
    };
    assert_eq!(*first, HeaderError::PendingDeposits { got: limit + 8, limit });
    assert_eq!(*second, HeaderError::PendingDeposits { got: limit + 1, limit });
    let header = &filled.body.header;
    apply_execution_header(&mut place.view, (0, 9), header, 1, &settings).unwrap();
    assert_eq!(place.view.pending_deposits().len(), limit);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A block is within the limits and right, and nothing that was left out for lack of room would still fit.
    #[test]
    fn a_block_is_full_and_right(
        offers in prop::collection::vec((0_u32..10, 0_u64..1000, 0_u64..600_000, 0_usize..400_000), 0..14),
    ) {
        let chain = paying_chain();
        let (executor, place) = (chain.executor(), chain.place(0));
        let offered: Vec<_> =
            offers.iter().map(|(ee, fee, rounds, n_bytes)| offer(*ee, *fee, *rounds, *n_bytes)).collect();
        let filled = fill(&executor, &place, contents(offered.clone()), Vec::new(), 0).unwrap();
        let body = &filled.body;
        prop_assert!(body.to_body().len() <= 1 << 20);
        let fuel: u64 = body.header.transitions.iter().map(|transition| transition.fuel_used).sum();
        prop_assert!(fuel <= 20_000_000);
        let results = executor.execute(&[ExecutableBlock { root: Root::ZERO, place: &place, body }]);
        prop_assert!(results[0].is_ok());
        prop_assert_eq!(body.payloads.len() + filled.left_out.len(), offered.len());
        prop_assert!(body.payloads.iter().is_sorted_by(|one, other| one.ee < other.ee));
        for (index, reason) in &filled.left_out {
            let of = |payload: &EePayload| payload.ee == offered[*index].ee;
            match reason {
                LeftOut::NoRoom { bytes, fuel: more, .. } => {
                    let room = (1 << 20) - body.to_body().len() as u64;
                    prop_assert!(*bytes > room || fuel + more > 20_000_000);
                    prop_assert!(*bytes >= offered[*index].ssz_bytes_len() as u64);
                }
                LeftOut::Outbid { .. } => prop_assert!(body.payloads.iter().any(of)),
                other => {
                    let too_slow = matches!(other, LeftOut::Executor(ExecutorError::Fuel { .. }));
                    prop_assert!(too_slow);
                }
            }
        }
    }
}
