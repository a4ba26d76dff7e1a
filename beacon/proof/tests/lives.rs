//! Encodings of lives, and lives that contradict themselves. `sim/tests/lives.rs` has lives of a chain.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/made.rs"]
mod made;

use made::{life, message, return_data, returning, settlement};
use outrider_beacon_proof::{
    Bits, Claim, Fate, FateProof, Layout, LifeError, ProofError, ReceiptLife, SentReceipt, Stage, StageError,
};
use proptest::{collection::vec, prelude::*};

const DELIVERED: [bool; 2] = [false; 2];
const REJECTED: [bool; 2] = [true, false];
const UNDELIVERED: [bool; 2] = [false, true];
const VOID: [bool; 2] = [true; 2];

/// Returns the life of a receipt that is settled in a slot, and whose life shows nothing that returns.
fn settled(sent: SentReceipt<'_>, slot: u64, bits: [bool; 2]) -> ReceiptLife<'_> {
    life(sent, 101, (slot, settlement(3, 4, bits)), None)
}

fn fate(life: &ReceiptLife<'_>) -> Result<Fate, LifeError> {
    life.verify(Layout::MAINNET, |_| true).map(|verified| verified.receipt.fate)
}

#[track_caller]
fn refused(life: &ReceiptLife<'_>, stage: Stage, error: StageError) {
    assert_eq!(fate(life), Err(LifeError { stage, error }));
}

fn field(field: &'static str, got: u64, expected: u64) -> StageError {
    StageError::Field { field, got, expected }
}

#[test]
fn bits_slots_and_kind_decide_the_fate() {
    let message = message(4, b"data");
    let data = return_data(&message);
    let back = |slot| returning(&message, slot, &data);
    let expired = |slot| SentReceipt { kind: 2, value: 50 + 5, ..back(slot) };
    for (slot, bits, back, expected) in [
        (101, DELIVERED, None, Fate::Delivered),
        (101, REJECTED, Some(back(101)), Fate::Rejected),
        (228, UNDELIVERED, Some(back(228)), Fate::Refused),
        (229, UNDELIVERED, Some(expired(229)), Fate::Expired),
        (101, VOID, None, Fate::Void),
        (6_500, VOID, None, Fate::Void),
        (6_501, VOID, None, Fate::Lost),
    ] {
        let life = life(message, 101, (slot, settlement(3, 4, bits)), back);
        assert_eq!(fate(&life), Ok(expected), "slot {slot}, {bits:?}");
    }
    for (kind, bits, expected) in [
        (1, DELIVERED, Fate::Delivered),
        (1, REJECTED, Fate::Kept),
        (2, UNDELIVERED, Fate::Credited),
        (1, VOID, Fate::Void),
        (3, REJECTED, Fate::Kept),
    ] {
        let returning = SentReceipt { kind, ..message };
        assert_eq!(fate(&settled(returning, 101, bits)), Ok(expected), "kind {kind}, {bits:?}");
    }
}

#[test]
fn a_life_without_its_receipt_says_only_that_no_ether_came() {
    let without = |bits| {
        let mut life = settled(message(4, b""), 101, bits);
        life.receipt.receipt = None;
        life
    };
    assert_eq!(fate(&without(VOID)), Ok(Fate::Void));
    for bits in [DELIVERED, REJECTED, UNDELIVERED] {
        refused(&without(bits), Stage::Settled, StageError::NoReceipt { sequence: 4 });
    }
}

#[test]
fn parts_that_contradict_one_another_are_refused() {
    let sent = message(4, b"data");
    let right = settled(sent, 101, DELIVERED);
    assert_eq!(fate(&right), Ok(Fate::Delivered));
    // Each has a valid proof of a receipt that is not at its place.
    for (wrong, error) in [
        (SentReceipt { source_shard: 2, ..sent }, field("the receipt's source", 2, 3)),
        (SentReceipt { slot: 99, ..sent }, field("the receipt's slot", 99, 100)),
    ] {
        refused(&settled(wrong, 101, DELIVERED), Stage::Emitted, error);
    }
    let another = settled(message(5, b"data"), 101, DELIVERED);
    refused(&another, Stage::Settled, StageError::NotSettled { sequence: 5, slot: 101 });
    let other_source = life(sent, 101, (101, settlement(2, 4, DELIVERED)), None);
    refused(&other_source, Stage::Settled, field("the source of the settlement", 2, 3));
    let mut numbered = right.clone();
    numbered.receipt.sequence = 5;
    refused(&numbered, Stage::Emitted, ProofError::NoPlace.into());
    let untrusted = right.verify(Layout::MAINNET, |root| *root == right.header.block_root).unwrap_err();
    let FateProof::Settled(settled) = &right.receipt.fate else { unreachable!("it is settled") };
    let block_root = settled.header.block_root;
    assert_eq!(untrusted, LifeError { stage: Stage::Settled, error: StageError::Untrusted { block_root } });
    // No ledger knows an execution root in the slot.
    let old = life(sent, 356, (101, settlement(3, 4, DELIVERED)), None);
    let error = ProofError::SlotNotRecent { got: 100, latest: 356, n_slots: 256 };
    refused(&old, Stage::Crosslinked, error.into());
}

#[test]
fn what_returns_is_shown_and_nothing_else() {
    let sent = message(4, &[6; 100]);
    let data = return_data(&sent);
    let back = returning(&sent, 101, &data);
    let with = |back| life(sent, 101, (101, settlement(3, 4, REJECTED)), Some(back));
    assert_eq!(fate(&with(back)), Ok(Fate::Rejected));
    let of = |field: &str| format!("the returning receipt's {field}");
    for (wrong, expected) in [
        (SentReceipt { kind: 2, ..back }, (of("kind"), 2, 1)),
        (SentReceipt { source_ee: 9, ..back }, (of("source EE"), 9, 8)),
        (SentReceipt { destination_ee: 9, ..back }, (of("destination EE"), 9, 7)),
        (SentReceipt { value: 55, ..back }, (of("ether"), 55, 50)),
        (SentReceipt { fee: 1, ..back }, (of("fee"), 1, 0)),
        (SentReceipt { destination_shard: 4, ..back }, (of("destination"), 4, 3)),
        (SentReceipt { slot: 100, ..back }, ("the receipt's slot".to_owned(), 100, 101)),
    ] {
        let Err(LifeError {
            stage: Stage::Returned,
            error: StageError::Field { field, got, expected: right },
        }) = fate(&with(wrong))
        else {
            panic!("{expected:?} is not refused")
        };
        assert_eq!((field.to_owned(), got, right), expected);
    }
    let (longer, other) = ([&data[..], &[6]].concat(), [&[0; 32], &data[32..]].concat());
    for data in [&data[..95], &data[..31], &longer, &other] {
        let wrong = with(SentReceipt { payload: data, ..back });
        refused(&wrong, Stage::Returned, StageError::ReturnData { sequence: 2 });
    }
    let mut nothing = with(back);
    nothing.returned = None;
    refused(&nothing, Stage::Returned, StageError::NoReturn { sequence: 4 });
    let mut unknown = with(back);
    unknown.returned.as_mut().unwrap().receipt = None;
    refused(&unknown, Stage::ReturnSettled, StageError::NoReceipt { sequence: 2 });
    // What was delivered does not return, whatever the header sends.
    let delivered = life(sent, 101, (101, settlement(3, 4, DELIVERED)), Some(back));
    refused(&delivered, Stage::Returned, StageError::Return { sequence: 4 });
}

#[test]
fn a_life_is_encoded_in_one_way() {
    let payload = vec![7; 300];
    let sent = message(4, &payload);
    let data = return_data(&sent);
    let back = Some(returning(&sent, 101, &data));
    let mut full = life(sent, 101, (101, settlement(3, 4, REJECTED)), back);
    full.header.older = Some(full.header.proof.clone());
    let mut without = full.clone();
    (without.receipt.receipt, without.returned) = (None, None);
    without.receipt.fate = FateProof::Waiting(without.header.proof.clone());
    for life in [full, without] {
        let bytes = life.to_ssz_bytes();
        assert_eq!(ReceiptLife::from_ssz_bytes(&bytes), Ok(life));
        for place in 0..bytes.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[place] ^= change;
                if let Ok(life) = ReceiptLife::from_ssz_bytes(&changed) {
                    assert_eq!(life.to_ssz_bytes(), changed, "byte {place}");
                }
            }
            if let Ok(life) = ReceiptLife::from_ssz_bytes(&bytes[..place]) {
                assert_eq!(life.to_ssz_bytes(), bytes[..place], "{place} bytes");
            }
        }
    }
}

#[test]
fn lists_end_where_their_limits_are() {
    let long = vec![0; 65_537];
    let mut too_long = settled(message(4, &long[1..]), 101, DELIVERED);
    assert!(ReceiptLife::from_ssz_bytes(&too_long.to_ssz_bytes()).is_ok());
    too_long.receipt.receipt.as_mut().unwrap().0.payload = &long;
    let refused = ReceiptLife::from_ssz_bytes(&too_long.to_ssz_bytes()).map(|_| ());
    assert_eq!(refused, Err(ProofError::Limit { got: 65_537, limit: 65_536 }));
    let full = [&[0xff; 128][..], &[1]].concat();
    assert_eq!(Bits::from_ssz_bytes(&full).unwrap().len(), 1024);
    let refused = Bits::from_ssz_bytes(&[&[0xff; 128][..], &[2]].concat());
    assert_eq!(refused, Err(ProofError::Limit { got: 1025, limit: 1024 }));
    assert_eq!(Bits::from_ssz_bytes(&[1, 0]), Err(ProofError::EndOfBits));
    assert_eq!(Bits::from_ssz_bytes(&[]), Err(ProofError::Length { got: 0, expected: 1 }));
}

proptest! {
    #[test]
    fn any_bytes_are_bits_or_refused(bytes in vec(any::<u8>(), 0..140)) {
        if let Ok(bits) = Bits::from_ssz_bytes(&bytes) {
            prop_assert_eq!(bits.to_ssz_bytes(), bytes.clone());
            let n_set = (0..bits.len()).filter(|place| bits.has(*place)).count() as u32;
            prop_assert_eq!(n_set + 1, bytes.iter().map(|byte| byte.count_ones()).sum::<u32>());
            prop_assert!((bits.len()..2_000).all(|place| !bits.has(place)));
        }
    }

    #[test]
    fn any_bytes_are_a_life_or_refused(bytes in vec(any::<u8>(), 0..2_000)) {
        if let Ok(life) = ReceiptLife::from_ssz_bytes(&bytes) {
            prop_assert_eq!(life.to_ssz_bytes(), bytes.clone());
        }
    }
}

#[test]
fn claims_of_waiting_receipts_are_those_of_their_window() {
    let claims = outrider_beacon_proof::waiting_claims(3, 5, 1_300);
    let expected = [
        Claim::Slot,
        Claim::SettledBefore { source: 3, destination: 5 },
        Claim::Settled { source: 3, destination: 5, from: 256 },
    ];
    assert_eq!(claims, expected);
}
