//! Roots, hashes, inputs and outputs as text and in serde.

use outrider_host::{BeaconRoot, CodeHash, DEPOSIT_BYTES, Deposit, ParseHexError, StateRoot};
use proptest::prelude::*;

/// Bytes 0x00, 0x01, ..., 0x1f.
const DIGITS: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn counted<const N: usize>() -> [u8; N] {
    std::array::from_fn(|index| index as u8)
}

fn deposit() -> Deposit {
    Deposit { pubkey: [1; 48], withdrawal_credentials: [2; 32], amount: 0x0304, signature: [5; 96] }
}

#[test]
fn roots_are_read_in_either_case_with_and_without_the_prefix() {
    let prefixed = format!("0x{DIGITS}");
    for text in [DIGITS, &prefixed, &DIGITS.to_uppercase(), &format!("0x{}", DIGITS.to_uppercase())] {
        assert_eq!(text.parse(), Ok(StateRoot(counted())), "{text}");
        assert_eq!(text.parse(), Ok(BeaconRoot(counted())), "{text}");
        assert_eq!(text.parse(), Ok(CodeHash(counted())), "{text}");
    }
    let root = StateRoot(counted());
    assert_eq!([format!("{root}"), format!("{root:x}"), format!("{root:#x}")], [DIGITS, DIGITS, &prefixed]);
    assert_eq!(format!("{root:?}"), format!("StateRoot({DIGITS})"));
}

#[test]
fn a_deposit_is_read_from_the_hex_of_its_184_bytes() {
    let text = ["01".repeat(48), "02".repeat(32), "0000000000000304".to_owned(), "05".repeat(96)].concat();
    assert_eq!(text.parse(), Ok(deposit()));
    assert_eq!(format!("0x{text}").parse(), Ok(deposit()));
    assert_eq!(deposit().to_string(), text);
    assert_eq!(text.len(), 2 * DEPOSIT_BYTES);
}

#[test]
fn malformed_text_is_refused_with_place_and_remedy() {
    for (text, expected) in [
        ("", "a state root has 64 hex digits, after `0x` or without it, got 0 characters"),
        ("0x12", "a state root has 64 hex digits, after `0x` or without it, got 2 characters"),
        (&DIGITS[1..], "a state root has 64 hex digits, after `0x` or without it, got 63 characters"),
        (
            &DIGITS.replacen('1', "é", 1),
            "character 4 of a state root is 'é', which is not a hex digit: write 0 to 9, a to f or A to F",
        ),
        (
            &format!("0x{}", DIGITS.replace("1f", "1g")),
            "character 66 of a state root is 'g', which is not a hex digit: write 0 to 9, a to f or A to F",
        ),
        (
            &format!("0X{}", &DIGITS[2..]),
            "character 2 of a state root is 'X', which is not a hex digit: write 0 to 9, a to f or A to F",
        ),
    ] {
        assert_eq!(text.parse::<StateRoot>().expect_err("it is malformed").to_string(), expected);
    }
    let error = DIGITS.parse::<Deposit>().expect_err("it is too short");
    assert_eq!(error, ParseHexError::Length { what: "a deposit", got: 64, expected: 368 });
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(bytes: [u8; 32], text: String) {
        prop_assert_eq!(StateRoot(bytes).to_string().parse(), Ok(StateRoot(bytes)));
        prop_assert_eq!(format!("{:#x}", CodeHash(bytes)).parse(), Ok(CodeHash(bytes)));
        // Any text is a root or an error.
        prop_assert_eq!(text.parse::<StateRoot>().is_ok(), hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(&text), &mut [0; 32]).is_ok());
    }
}

#[cfg(feature = "serde")]
mod in_serde {
    use std::fmt::Debug;
    use std::sync::Arc;

    use outrider_host::{
        Context, EeIndex, ExecutionInput, ExecutionOutput, Log, LogValue, ReceiptKind, ReceivedReceipt,
        RootRead, SentReceipt, ShardIndex, Slot,
    };
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    /// Checks that a value has this JSON and these bytes in postcard, and that both decode to it.
    #[track_caller]
    fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, json: Value, bytes: &[u8]) {
        assert_eq!(serde_json::to_value(value).expect("it is JSON"), json);
        assert_eq!(&serde_json::from_value::<T>(json).expect("it is read"), value);
        assert_eq!(postcard::to_allocvec(value).expect("it is written"), bytes);
        assert_eq!(&postcard::from_bytes::<T>(bytes).expect("it is read"), value);
    }

    #[test]
    fn roots_are_hex_for_people_and_bytes_for_machines() {
        let bytes = [&[32][..], &counted::<32>()].concat();
        check(&StateRoot(counted()), json!(DIGITS), &bytes);
        check(&BeaconRoot(counted()), json!(DIGITS), &bytes);
        check(&CodeHash(counted()), json!(DIGITS), &bytes);
        check(&ShardIndex(3), json!(3), &[3]);
        // A format without byte strings may have a list.
        let root = serde_json::from_value::<StateRoot>(json!(format!("0x{DIGITS}")));
        assert_eq!(root.expect("the prefix is taken"), StateRoot(counted()));
    }

    #[test]
    fn a_deposit_has_its_fields() {
        let json = json!({
            "pubkey": "01".repeat(48),
            "withdrawal_credentials": "02".repeat(32),
            "amount": 0x0304,
            "signature": "05".repeat(96),
        });
        // Each array after its length; the amount as a varint.
        let bytes = [&[48][..], &[1; 48], &[32], &[2; 32], &[0x84, 0x06], &[96], &[5; 96]].concat();
        check(&deposit(), json, &bytes);
    }

    #[test]
    fn an_input_round_trips() {
        let context = Context {
            shard: ShardIndex(1),
            slot: Slot(2),
            ee_index: EeIndex(3),
            balance: 0x0304,
            finalized_slot: Slot(5),
            ..Context::default()
        };
        let declared = RootRead { shard: ShardIndex(6), ee: EeIndex(7), state_root: StateRoot(counted()) };
        let reads = Arc::from([declared]);
        let receipt = ReceivedReceipt {
            kind: ReceiptKind::Expired,
            source_shard: ShardIndex(8),
            source_ee: EeIndex(9),
            slot: Slot(10),
            sequence: 11,
            value: 12,
            payload: vec![0xbe, 0xef],
        };
        let receipts = Arc::from([receipt.clone()]);
        let input = ExecutionInput::new(StateRoot(counted()), vec![0xca, 0xfe]);
        let input = ExecutionInput { context, reads, receipts, ..input };
        let expected = json!({
            "pre_state_root": DIGITS,
            "block_data": "cafe",
            "context": {
                "shard": 1, "slot": 2, "ee_index": 3, "beacon_root": "00".repeat(32),
                "balance": 0x0304, "finalized_slot": 5,
            },
            "reads": [{ "shard": 6, "ee": 7, "state_root": DIGITS }],
            "receipts": [{
                "kind": "expired", "source_shard": 8, "source_ee": 9, "slot": 10, "sequence": 11, "value": 12,
                "payload": "beef",
            }],
        });
        assert_eq!(serde_json::to_value(&input).expect("it is JSON"), expected);
        // The balance is a varint; the lists of reads and receipts follow their lengths, and the payload does.
        let bytes = [
            &[32][..],
            &counted::<32>(),
            &[2, 0xca, 0xfe, 1, 2, 3, 32],
            &[0; 32],
            &[0x84, 0x06, 5, 1, 6, 7, 32],
            &counted::<32>(),
            &[1, 2, 8, 9, 10, 11, 12, 2, 0xbe, 0xef],
        ]
        .concat();
        assert_eq!(postcard::to_allocvec(&input).expect("it is written"), bytes);
        let read: ExecutionInput = serde_json::from_value(expected).expect("it is read");
        let again: ExecutionInput = postcard::from_bytes(&bytes).expect("it is read");
        for got in [read, again] {
            assert_eq!(got.pre_state_root, input.pre_state_root);
            assert_eq!((got.block_data, got.context), (input.block_data.clone(), context));
            assert_eq!(*got.reads, [declared]);
            assert_eq!(*got.receipts, *std::slice::from_ref(&receipt));
        }
    }

    #[test]
    fn values_of_earlier_versions_are_read() {
        let input = json!({
            "pre_state_root": DIGITS,
            "block_data": "",
            "context": { "shard": 1, "slot": 2, "ee_index": 3, "beacon_root": DIGITS },
        });
        let input: ExecutionInput = serde_json::from_value(input).expect("it is read");
        let Context { slot, balance, finalized_slot, .. } = input.context;
        assert_eq!((slot, balance, finalized_slot, input.reads.len()), (Slot(2), 0, Slot(0), 0));
        assert!(input.receipts.is_empty());
        let output = json!({
            "post_state_root": DIGITS, "root_saved": true, "deposits": [], "logs": [],
            "ticks_used": 1, "fuel_used": 2, "memory_bytes": 0,
        });
        let output: ExecutionOutput = serde_json::from_value(output).expect("it is read");
        assert_eq!((output.proposer_fee, output.fuel_used), (0, 2));
        assert_eq!((output.receipts, output.rejected), (vec![], vec![]));
    }

    #[test]
    fn an_output_round_trips() {
        let log = |import, value| Log { import, value };
        let output = ExecutionOutput {
            post_state_root: StateRoot(counted()),
            root_saved: true,
            deposits: vec![deposit()],
            proposer_fee: 9,
            receipts: vec![SentReceipt {
                destination_shard: ShardIndex(1),
                destination_ee: EeIndex(2),
                value: 3,
                fee: 4,
                payload: vec![0xca],
            }],
            rejected: vec![0, 7],
            logs: vec![
                log("debug.print32", LogValue::U32(7)),
                log("debug.printMem", LogValue::Text("hi".to_owned())),
                log("debug.printMemHex", LogValue::Bytes(vec![0xab])),
            ],
            ticks_used: 1,
            fuel_used: 2,
            memory_bytes: 65_536,
        };
        let json = serde_json::to_value(&output).expect("it is JSON");
        assert_eq!((&json["post_state_root"], &json["proposer_fee"]), (&json!(DIGITS), &json!(9)));
        let receipt = json!({
            "destination_shard": 1, "destination_ee": 2, "value": 3, "fee": 4, "payload": "ca",
        });
        assert_eq!((&json["receipts"], &json["rejected"]), (&json!([receipt]), &json!([0, 7])));
        let logs = json!([
            { "import": "debug.print32", "value": { "u32": 7 } },
            { "import": "debug.printMem", "value": { "text": "hi" } },
            { "import": "debug.printMemHex", "value": { "bytes": "ab" } },
        ]);
        assert_eq!(json["logs"], logs);
        assert_eq!(serde_json::from_value::<ExecutionOutput>(json).expect("it is read"), output);
        let bytes = postcard::to_allocvec(&output).expect("it is written");
        assert_eq!(postcard::from_bytes::<ExecutionOutput>(&bytes).expect("it is read"), output);
    }

    #[track_caller]
    fn check_refused<T: DeserializeOwned + Debug>(json: &str, expected: &str) {
        assert_eq!(serde_json::from_str::<T>(json).expect_err("it is refused").to_string(), expected);
    }

    #[test]
    fn malformed_text_is_refused_with_place_and_remedy() {
        check_refused::<StateRoot>(
            "\"12\"",
            "a state root has 64 hex digits, after `0x` or without it, got 2 characters at line 1 column 4",
        );
        check_refused::<StateRoot>(
            "12",
            "invalid type: integer `12`, expected a state root in hex at line 1 column 2",
        );
        check_refused::<LogValue>(
            r#"{"bytes": "abc"}"#,
            "a logged byte string has an odd number of hex digits (3): two make a byte at line 1 column 15",
        );
        check_refused::<Log>(
            r#"{"import": "eth2.refuse", "value": {"u32": 1}}"#,
            "import `eth2.refuse` does not log: expected one of debug.print32, debug.print64, debug.printMem, \
             debug.printMemHex, debug.log, debug.mem, debug.print_f2, debug.print_f6 at line 1 column 24",
        );
        for length in [0_u8, 31, 33] {
            let bytes = [vec![length], vec![1; length.into()]].concat();
            assert!(postcard::from_bytes::<StateRoot>(&bytes).is_err(), "{length}");
        }
    }
}
