//! The bindings for an EE's author, executed in the harness.

use std::convert::Infallible;

use outrider_sdk::{
    Deposit, ReadError, RootRead, StateRoot,
    bignum::{Uint256, add256, sub256},
    chain,
    context::{self, BeaconRoot, EeIndex, ShardIndex, Slot},
    debug, eth2,
    harness::{Context, Execution, Failure, Log, Outcome, TICKS_MAX, Trap},
    log,
};
use proptest::{prelude::any, proptest};

/// Executes `body` as a transition on block data `[1, 2, 3]` that keeps the root.
fn run(body: impl FnOnce()) -> Result<Outcome, Failure<Infallible>> {
    Execution::new(StateRoot([7; 32])).block_data([1, 2, 3]).run(|pre_state_root, _| {
        body();
        Ok(pre_state_root)
    })
}

#[track_caller]
fn check_trap(body: impl FnOnce(), expected: Trap, message: &str) {
    let failure = Failure::Trapped(expected);
    assert_eq!(chain(&failure), format!("trapped: {message}"));
    assert_eq!(run(body), Err(failure));
}

#[test]
fn a_transition_is_given_root_and_block_data_and_its_root_is_saved() {
    let outcome = Execution::new(StateRoot([1; 32]))
        .block_data([2, 3])
        .run(|pre_state_root, block_data| {
            assert_eq!(pre_state_root, StateRoot([1; 32]));
            assert_eq!(block_data, [2, 3]);
            Ok::<_, Infallible>(StateRoot([4; 32]))
        })
        .unwrap();
    assert_eq!(
        outcome,
        Outcome {
            post_state_root: StateRoot([4; 32]),
            deposits: vec![],
            proposer_fee: 0,
            receipts: vec![],
            rejected: vec![],
            logs: vec![],
            ticks_used: 0
        }
    );
}

#[test]
fn root_and_block_data_can_be_read_again() {
    run(|| {
        assert_eq!(eth2::load_pre_state_root(), StateRoot([7; 32]));
        assert_eq!(eth2::block_data(), [1, 2, 3]);
        assert_eq!(eth2::block_data_size(), 3);
    })
    .unwrap();
}

#[test]
fn block_data_is_copied_from_an_offset() {
    run(|| {
        let mut out = [0; 2];
        eth2::block_data_copy(1, &mut out);
        assert_eq!(out, [2, 3]);
        eth2::block_data_copy(3, &mut []);
    })
    .unwrap();
}

#[test]
fn copying_over_the_end_of_block_data_traps() {
    check_trap(
        || eth2::block_data_copy(2, &mut [0; 2]),
        Trap::BlockDataOutOfRange { offset: 2, length: 2, size: 3 },
        "cannot copy 2 bytes from byte 2 of block data that has 3 bytes",
    );
    assert!(run(|| eth2::block_data_copy(4, &mut [])).is_err());
    assert!(run(|| eth2::block_data_copy(usize::MAX, &mut [0])).is_err());
}

#[test]
fn a_refusal_keeps_its_type() {
    let error = ReadError::TrailingBytes { offset: 6, n: 1 };
    let failure = Execution::new(StateRoot::default()).run(|_, _| Err(error)).unwrap_err();
    assert_eq!(failure, Failure::Refused(error));
    assert_eq!(chain(&failure), "block refused: byte 6: expected the end, got 1 more bytes");
}

#[test]
fn a_refusal_from_within_ends_the_execution_with_its_reason() {
    let failure = run(|| eth2::refuse("too late")).unwrap_err();
    assert_eq!(failure, Failure::RefusedEarly { reason: "too late".into() });
    assert_eq!(failure.to_string(), "block refused: too late");
}

#[test]
fn a_panic_keeps_its_message() {
    let literal = run(|| panic!("plain")).unwrap_err();
    assert_eq!(literal.to_string(), "panicked: plain");
    let formatted = run(|| panic!("number {}", 5)).unwrap_err();
    assert_eq!(formatted.to_string(), "panicked: number 5");
}

#[test]
fn deposits_are_kept_in_order() {
    let deposit =
        |amount| Deposit { pubkey: [1; 48], withdrawal_credentials: [2; 32], amount, signature: [3; 96] };
    let outcome = run(|| {
        eth2::push_new_deposit(&deposit(32));
        eth2::push_new_deposit(&deposit(1));
    });
    assert_eq!(outcome.unwrap().deposits, [deposit(32), deposit(1)]);
}

#[test]
fn payments_to_the_proposer_add_up() {
    let pay = |amounts: &'static [u64]| run(|| amounts.iter().for_each(|amount| eth2::pay_proposer(*amount)));
    assert_eq!(pay(&[]).unwrap().proposer_fee, 0);
    assert_eq!(pay(&[3, 0, 4]).unwrap().proposer_fee, 7);
    assert_eq!(pay(&[1, u64::MAX - 1]).unwrap().proposer_fee, u64::MAX);
    check_trap(
        || [2, u64::MAX - 1].into_iter().for_each(eth2::pay_proposer),
        Trap::ProposerFeeOverflow { amount: u64::MAX - 1, paid: 2 },
        "the fee for the proposer overflows: cannot pay 18446744073709551614 Gwei on top of 2",
    );
}

#[test]
fn declared_roots_are_those_that_were_set() {
    let reads = [1, 2].map(|n| RootRead {
        shard: ShardIndex(n),
        ee: EeIndex(u64::MAX - n),
        state_root: StateRoot([n as u8; 32]),
    });
    let outcome = Execution::new(StateRoot::default()).reads(reads).run(|root, _| {
        assert_eq!(eth2::read_count(), 2);
        assert_eq!(eth2::read_root(1), reads[1]);
        assert!(eth2::reads().eq(reads));
        Ok::<_, Infallible>(root)
    });
    assert!(outcome.is_ok());
    run(|| assert_eq!(eth2::reads().len(), 0)).unwrap();
    check_trap(
        || {
            eth2::read_root(0);
        },
        Trap::ReadOutOfRange { index: 0, n_reads: 0 },
        "there is no read 0: the block declares 0, counted from 0",
    );
}

#[test]
fn logs_are_kept_in_order() {
    let outcome = run(|| {
        log!("{} and {}", 1, 2);
        debug::print("text");
        debug::print32(42);
        debug::print64(99);
        debug::print_mem_hex(&[0xab]);
    });
    assert_eq!(
        outcome.unwrap().logs,
        [
            Log::Print("1 and 2".into()),
            Log::Print("text".into()),
            Log::Print32(42),
            Log::Print64(99),
            Log::PrintMemHex(vec![0xab]),
        ]
    );
}

#[test]
fn logging_outside_of_an_execution_does_nothing() {
    log!("nobody hears this");
}

#[test]
fn the_context_is_the_one_that_was_set() {
    let context = Context {
        shard: ShardIndex(1),
        slot: Slot(u64::MAX),
        ee_index: EeIndex(3),
        beacon_root: BeaconRoot([4; 32]),
        balance: 5,
        finalized_slot: Slot(6),
    };
    let outcome = Execution::new(StateRoot::default()).context(context).run(|root, _| {
        assert_eq!(context::shard(), ShardIndex(1));
        assert_eq!(context::slot(), Slot(u64::MAX));
        assert_eq!(context::ee_index(), EeIndex(3));
        assert_eq!(context::beacon_root(), BeaconRoot([4; 32]));
        assert_eq!(context::balance(), 5);
        assert_eq!(context::finalized_slot(), Slot(6));
        Ok::<_, Infallible>(root)
    });
    assert!(outcome.is_ok());
}

#[test]
fn all_ticks_can_be_spent() {
    let outcome = run(|| {
        eth2::use_ticks(1);
        eth2::use_ticks(TICKS_MAX - 1);
        eth2::use_ticks(0);
    });
    assert_eq!(outcome.unwrap().ticks_used, TICKS_MAX);
}

#[test]
fn one_tick_too_many_traps() {
    check_trap(
        || {
            eth2::use_ticks(TICKS_MAX);
            eth2::use_ticks(1);
        },
        Trap::OutOfTicks { n: 1, left: 0 },
        "out of ticks: cannot spend 1 of 0",
    );
    let outcome = Execution::new(StateRoot::default()).ticks_max(9).run(|root, _| {
        eth2::use_ticks(10);
        Ok::<_, Infallible>(root)
    });
    assert_eq!(outcome, Err(Failure::Trapped(Trap::OutOfTicks { n: 10, left: 9 })));
}

#[test]
fn the_greatest_sum_is_two_to_the_256_minus_one() {
    let mut max_but_one = Uint256([0xff; 32]);
    max_but_one.0[31] = 0xfe;
    run(|| assert_eq!(add256(&max_but_one, &1.into()), Uint256([0xff; 32]))).unwrap();

    let a = Uint256([0xff; 32]);
    let b = Uint256::from(1);
    let message = format!("add256 overflows: 0x{} + 0x{}1", "f".repeat(64), "0".repeat(63));
    check_trap(
        || {
            add256(&a, &b);
        },
        Trap::AddOverflow { a, b },
        &message,
    );
}

#[test]
fn the_smallest_difference_is_zero() {
    let a = Uint256([0x80; 32]);
    run(|| assert_eq!(sub256(&a, &a), Uint256::default())).unwrap();

    let (a, b) = (Uint256::from(1), Uint256::from(256));
    let zeros = "0".repeat(61);
    let message = format!("sub256 overflows: 0x{zeros}001 - 0x{zeros}100");
    check_trap(
        || {
            sub256(&a, &b);
        },
        Trap::SubOverflow { a, b },
        &message,
    );
}

#[test]
fn an_execution_inside_another_leaves_the_outer_one_alone() {
    let outcome = run(|| {
        log!("before");
        assert!(run(|| log!("inner")).is_ok());
        assert!(run(|| panic!("inner")).is_err());
        log!("after");
    });
    assert_eq!(outcome.unwrap().logs, [Log::Print("before".into()), Log::Print("after".into())]);
}

/// Returns the integer with the halves `high` and `low`.
fn uint256(high: u128, low: u128) -> Uint256 {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&high.to_be_bytes());
    bytes[16..].copy_from_slice(&low.to_be_bytes());
    Uint256(bytes)
}

proptest! {
    #[test]
    fn bignum_counts_as_two_halves_with_a_carry_do(
        a_high in any::<u128>(),
        a_low in any::<u128>(),
        b_high in any::<u128>(),
        b_low in any::<u128>(),
    ) {
        let (a, b) = (uint256(a_high, a_low), uint256(b_high, b_low));

        let (low, carry) = a_low.overflowing_add(b_low);
        let high = a_high.checked_add(b_high).and_then(|high| high.checked_add(carry.into()));
        let result = run(|| assert_eq!(Some(add256(&a, &b)), high.map(|high| uint256(high, low))));
        assert_eq!(result.is_ok(), high.is_some());

        let (low, borrow) = a_low.overflowing_sub(b_low);
        let high = a_high.checked_sub(b_high).and_then(|high| high.checked_sub(borrow.into()));
        let result = run(|| assert_eq!(Some(sub256(&a, &b)), high.map(|high| uint256(high, low))));
        assert_eq!(result.is_ok(), high.is_some());
    }
}
