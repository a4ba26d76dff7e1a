//! Proposers fill blocks with what pays best.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;

use chain::{Chain, Ees};
use outrider_beacon::ledger::{EePayload, ExecutableBlock, Execution as _, error::HeaderError};
use outrider_beacon_spec::types::{Bytes32, Root};
use outrider_shard::{
    executor::{Contents, ExecutorError},
    proposer::{Filled, LeftOut, fill},
};
use proptest::prelude::*;
use ssz::Encode as _;

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
