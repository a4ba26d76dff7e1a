//! Receipts, executed in the harness.

use std::convert::Infallible;

use outrider_sdk::{
    StateRoot, chain,
    harness::{Execution, Failure, Outcome, StateProvider, Trap},
    receipt::{
        self, EeIndex, RECEIPTS_SENT_MAX, ReceiptKind, Received, ReceivedReceipt, SentReceipt, ShardIndex,
        Slot,
    },
    state::{self, State, StateError, TreeError},
};

/// Executes `body` as a transition that gets these receipts.
fn run(receipts: &[ReceivedReceipt], body: impl FnOnce()) -> Result<Outcome, Failure<Infallible>> {
    Execution::new(StateRoot([7; 32])).receipts(receipts).run(|root, _| {
        body();
        Ok(root)
    })
}

fn received(sequence: u64, kind: ReceiptKind, payload: &[u8]) -> ReceivedReceipt {
    ReceivedReceipt {
        kind,
        source_shard: ShardIndex(3),
        source_ee: EeIndex(u64::MAX),
        slot: Slot(9),
        sequence,
        value: 1 << 60,
        payload: payload.to_vec(),
    }
}

fn sent(value: u64, fee: u64) -> SentReceipt {
    SentReceipt {
        destination_shard: ShardIndex(1),
        destination_ee: EeIndex(2),
        value,
        fee,
        payload: vec![value as u8; 3],
    }
}

#[track_caller]
fn check_trap(body: impl FnOnce(), message: &str) {
    let failure = run(&[], body).expect_err("it fails");
    assert!(matches!(failure, Failure::Trapped(_)), "{failure:?}");
    assert_eq!(chain(&failure), format!("trapped: {message}"));
}

#[test]
fn what_is_sent_is_kept_in_order() {
    let outcome = run(&[], || [sent(5, 6), sent(0, 0), sent(7, 1)].iter().for_each(receipt::send)).unwrap();
    assert_eq!(outcome.receipts, [sent(5, 6), sent(0, 0), sent(7, 1)]);
    assert_eq!(outcome.rejected, [0; 0]);
}

#[test]
fn the_inbox_has_all_receipts_with_all_fields() {
    let receipts = ReceiptKind::ALL.map(|kind| {
        received(kind.to_byte().into(), kind, &vec![kind.to_byte(); 400 * usize::from(kind.to_byte())])
    });
    run(&receipts, || {
        assert_eq!(receipt::inbox().len(), 4);
        assert!(receipt::inbox().map(Received::accept).eq(receipts.clone()));
        assert_eq!(receipt::inbox().nth(2).unwrap().payload, [2; 800]);
    })
    .unwrap();
    run(&[], || assert_eq!(receipt::inbox().next(), None)).unwrap();
}

#[test]
fn what_is_rejected_is_listed_once_in_the_order_of_the_inbox() {
    let receipts = [0, 1, 2, 3].map(|n| received(n, ReceiptKind::Message, &[]));
    let reject = |index| receipt::inbox().nth(index).unwrap().reject();
    let outcome = run(&receipts, || [3, 0, 3].into_iter().for_each(reject)).unwrap();
    assert_eq!(outcome.rejected, [0, 3]);
}

#[test]
fn more_than_can_be_sent_traps() {
    let long = SentReceipt { payload: vec![0; 65_537], ..sent(1, 1) };
    let limit = "a receipt has 32 bytes and a payload of up to 65536, got 65569 bytes";
    check_trap(|| receipt::send(&long), limit);
    check_trap(
        || [sent(2, 3), sent(u64::MAX - 5, 1)].iter().for_each(receipt::send),
        "the ether in receipts overflows: cannot send 18446744073709551610 Gwei and a fee of 1 on top of 5",
    );
    check_trap(
        || (0..=RECEIPTS_SENT_MAX).for_each(|_| receipt::send(&sent(1, 1))),
        "more than 1024 receipts, the limit of an execution",
    );
    let most = || (0..RECEIPTS_SENT_MAX).for_each(|_| receipt::send(&sent(1, 1)));
    assert_eq!(run(&[], most).unwrap().receipts.len(), 1024);
    let whole = run(&[], || [sent(2, 3), sent(u64::MAX - 6, 1)].iter().for_each(receipt::send));
    assert_eq!(whole.unwrap().receipts.len(), 2);
}

#[test]
fn a_receipt_of_another_inbox_traps() {
    let receipts = [received(0, ReceiptKind::Message, &[])];
    let mut kept = None;
    run(&receipts, || kept = receipt::inbox().next()).unwrap();
    let failure = run(&[], || kept.unwrap().reject()).unwrap_err();
    assert_eq!(failure, Failure::Trapped(Trap::ReceiptOutOfRange { index: 0, n_receipts: 0 }));
    assert_eq!(chain(&failure), "trapped: there is no receipt 0: the EE gets 0, counted from 0");
}

#[test]
fn both_runs_of_a_provider_have_the_receipts() {
    let receipts = [0, 1].map(|n| received(n, ReceiptKind::Message, &[8]));
    let transition = |_: &mut State, _: &[u8]| {
        receipt::inbox().next().unwrap().reject();
        receipt::send(&sent(receipt::inbox().len() as u64, 0));
        Ok::<_, TreeError>(())
    };
    let execute = |root, block_data: &[u8]| -> Result<StateRoot, StateError<Infallible, TreeError>> {
        state::execute(root, block_data, |_| Ok(vec![]), transition)
    };
    let provided = StateProvider::new().receipts(receipts).provide(&[[]; 1], execute).unwrap();
    assert_eq!(provided.outcome.rejected, [0]);
    assert_eq!(provided.outcome.receipts, [sent(2, 0)]);
}
