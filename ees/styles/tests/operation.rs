//! Payloads and receipts that are not what they should be.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_sdk::state::StateError;
use outrider_sdk::{
    StateRoot, Writer,
    harness::{Failure, Provided, StateProvider},
    receipt::{EeIndex, ReceiptKind, ReceivedReceipt, ShardIndex, Slot},
    state::Key,
    styles::{
        Place,
        conditional::Condition,
        finalized::NotFinal,
        htlc::{Swap, UserId},
        lock::Transaction,
        transfer::Object,
    },
};
use styles::{Operation, Reservation, StylesError, execute, user_key};

type Refusal = Failure<StateError<core::convert::Infallible, StylesError>>;

fn provide(packages: &[Vec<u8>], receipts: Vec<ReceivedReceipt>) -> Result<Provided, Box<Refusal>> {
    StateProvider::new().receipts(receipts).provide(packages, execute).map_err(Box::new)
}

/// Every operation, with numbers that differ.
fn operations() -> Vec<Operation> {
    let user = UserId([1; 32]);
    let [at, home] = [2, 3].map(|shard| Place { shard: ShardIndex(shard), ee: EeIndex(4) });
    let (amount, good, witness) = (5, 6, vec![7; 3]);
    let object = Object { from: at, to: home, number: 8, deadline: Slot(9), content: vec![10; 40] };
    let transaction = Transaction { since: Slot(11), until: Slot(12), home, number: 13 };
    let (since, deadline) = (Slot(14), Slot(15));
    let reservation = Reservation { since, deadline, at, home, good, user, amount };
    let swap = Swap { locker: user, claimer: UserId([16; 32]), amount, hash: [17; 32], deadline };
    let object = || object.clone();
    let witness = || witness.clone();
    vec![
        Operation::Mint { user, amount },
        Operation::Stock { good },
        Operation::Buy { is_final: true, user, amount, at, good },
        Operation::Offer { user, object: object() },
        Operation::Take { object: object(), witness: witness() },
        Operation::Withdraw { object: object(), witness: witness() },
        Operation::Clean { object: object(), witness: witness() },
        Operation::Reclaim { user, object: object(), witness: witness() },
        Operation::Move { contract: Key([18; 32]), to: at },
        Operation::BuyHere { contract: Key([18; 32]), user, amount },
        Operation::Acquire { transaction, good },
        Operation::BuyLocked { transaction, user, amount },
        Operation::Expire { transaction },
        Operation::Reserve(reservation),
        Operation::Pay { reservation, witness: witness() },
        Operation::Settle { reservation, witness: witness() },
        Operation::Free { reservation, witness: witness() },
        Operation::Send { user, amount, to: at, receiver: user },
        Operation::Expect { from: at, slot: since, sequence: 19, receiver: user, amount },
        Operation::BuyShelf { user, amount, good },
        Operation::LockSwap { id: 20, swap },
        Operation::ClaimSwap { id: 20, secret: [21; 32] },
        Operation::RefundSwap { id: 20 },
        Operation::Forget { condition: Condition { slot: since, root: [22; 32] } },
    ]
}

#[test]
fn operations_are_numbered_in_order_and_decoding_reverses_encoding() {
    for (byte, operation) in (0..).zip(operations()) {
        let bytes = operation.to_bytes();
        assert_eq!((bytes[0] as usize + 4, bytes[4]), (bytes.len(), byte));
        assert_eq!(Operation::from_bytes(&bytes[4..]), Some(operation));
    }
    assert_eq!(Operation::from_bytes(&[24]), None);
}

#[test]
fn a_part_of_an_operation_is_refused() {
    for operation in operations() {
        let whole = operation.to_bytes();
        for length in 1..whole.len() {
            let failure = provide(&[whole[..length].to_vec()], vec![]).unwrap_err();
            assert!(matches!(*failure, Failure::Refused(_)), "{operation:?}, {length} bytes: {failure:?}");
        }
        // The shorter bytes with their right length are malformed, or are the same without a witness.
        let parts = (0..whole.len() - 4).map(|length| Operation::from_bytes(&whole[4..4 + length]));
        let witness_bytes = parts.flatten().count();
        assert!(witness_bytes <= 3, "{operation:?}");
    }
}

#[test]
fn receipts_that_nobody_understands_are_rejected_and_what_returns_is_taken() {
    let message =
        |kind, payload: &[u8]| ReceivedReceipt { kind, payload: payload.to_vec(), ..Default::default() };
    let returned = [&[0; 32][..], &[1], &[3; 32], &50_u64.to_le_bytes(), &[0; 8]].concat();
    let receipts = vec![
        message(ReceiptKind::Message, b""),
        message(ReceiptKind::Message, &[99; 100]),
        message(ReceiptKind::Message, &[7; 10]),
        message(ReceiptKind::Message, &[9; 100]),
        message(ReceiptKind::Bounced, b""),
        message(ReceiptKind::Bounced, &returned),
        message(ReceiptKind::FromBeaconChain, &[7; 50]),
    ];
    let provided = provide(&[], receipts).unwrap();
    assert_eq!(provided.outcome.rejected, [0, 1, 2, 3]);
    assert_eq!(provided.outcome.receipts, []);
    assert_ne!(provided.outcome.post_state_root, StateRoot::default(), "user 3 has 50 units back");
    // The units of another EE's message are worth nothing.
    let forged = [&[11_u8][..], &[3; 32], &50_u64.to_le_bytes(), &[3; 32]].concat();
    let forged = ReceivedReceipt { source_ee: EeIndex(1), ..message(ReceiptKind::Message, &forged) };
    assert_eq!(provide(&[], vec![forged]).unwrap().outcome.rejected, [0]);
    // Neither are those that a validator writes into its withdrawal, and no such block is refused.
    let units = [&[1_u8][..], &[3; 32], &50_u64.to_le_bytes()].concat();
    let withdrawn = provide(&[], vec![message(ReceiptKind::FromBeaconChain, &units)]).unwrap().outcome;
    assert_eq!(withdrawn.post_state_root, provide(&[], vec![]).unwrap().outcome.post_state_root);
    let early =
        ReceivedReceipt { slot: Slot(1), source_ee: EeIndex(1), ..message(ReceiptKind::Message, &[3]) };
    assert_eq!(provide(&[], vec![early]).unwrap().outcome.rejected, [0]);
}

#[test]
fn a_receipt_that_is_not_final_refuses_the_block() {
    let payload = [&[3_u8][..], &[3; 32], &50_u64.to_le_bytes(), &[0; 8]].concat();
    let early = ReceivedReceipt { slot: Slot(1), payload, ..Default::default() };
    let failure = provide(&[], vec![early]).unwrap_err();
    let Failure::Refused(StateError::Transition(StylesError::NotFinal(error))) = *failure else {
        panic!("{failure:?}")
    };
    assert_eq!(error, NotFinal { slot: 1, finalized: 0 });
}

/// Whoever may send a message of the EE, and names a key of something else.
#[test]
fn a_message_about_a_record_of_another_kind_is_rejected_and_refuses_no_block() {
    let user = UserId([3; 32]);
    let mut provider = StateProvider::new();
    let minted = provider.provide(&[Operation::Mint { user, amount: 5 }.to_bytes()], execute).unwrap();
    provider.apply(&minted);
    let key = user_key(&user);
    let transaction = Transaction { since: Slot(1), until: Slot(2), home: Place::default(), number: 1 };
    let transaction = transaction.write(Writer::new()).finish();
    let id = &outrider_sdk::crypto::sha256(&transaction)[..30];
    let release = [&[9, 2][..], &key.0, id, &transaction].concat();
    let contract = [&[7][..], &key.0, &1_u64.to_le_bytes(), b"state"].concat();
    let receipts = [release, contract].map(|payload| ReceivedReceipt { payload, ..Default::default() });
    let none: [&[u8]; 0] = [];
    let provided = provider.receipts(receipts).provide(&none, execute).unwrap();
    // The contract is a new one, beside the record with its key.
    assert_eq!(provided.outcome.rejected, [0]);
}
