//! Fixtures with receipts that EEs get, send and reject.

mod support;

use support::{Ran, Scratch};

/// An EE that sends the payload of each receipt but the first to its source, with half of its value and a fee of 1, and
/// rejects the first.
const ECHO: &str = r#"(module
    (import "eth2" "receiptCount" (func $count (result i32)))
    (import "eth2" "receiptCopy" (func $copy (param i32 i32 i32) (result i32)))
    (import "eth2" "rejectReceipt" (func $reject (param i32)))
    (import "eth2" "pushReceipt" (func $push (param i32 i32)))
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (memory (export "memory") 2)
    (func (export "main") (local $index i32) (local $length i32)
        (if (call $count) (then (call $reject (i32.const 0))))
        (local.set $index (i32.const 1))
        (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $index) (call $count)))
            (local.set $length (call $copy (local.get $index) (i32.const 1024) (i32.const 70000)))
            ;; Source shard and EE are at 1025 and 1033, the value at 1057, the payload at 1065; what is sent begins at 1033.
            (i64.store (i32.const 1041) (i64.load (i32.const 1033)))
            (i64.store (i32.const 1033) (i64.load (i32.const 1025)))
            (i64.store (i32.const 1049) (i64.div_u (i64.load (i32.const 1057)) (i64.const 2)))
            (i64.store (i32.const 1057) (i64.const 1))
            (call $push (i32.const 1033) (i32.sub (local.get $length) (i32.const 9)))
            (local.set $index (i32.add (local.get $index) (i32.const 1)))
            (br $next)))
        (call $save (i32.const 0))))"#;

/// Two blocks, the second without receipts; the first one's expectations are given.
fn fixture(expectations: &str) -> String {
    let zero = "00".repeat(32);
    format!(
        "beacon_state: {{execution_scripts: [ee.wasm]}}\nshard_pre_state: {{exec_env_states: [\"{zero}\"]}}\n\
         shard_post_state: {{exec_env_states: [\"{zero}\"]}}\nshard_blocks:\n  - env: 0\n    data: \"\"\n    receipts:\n      \
         - {{source_shard: 0, source_ee: 9, slot: 7, sequence: 3, value: 5, payload: \"\"}}\n      \
         - {{kind: bounced, source_shard: 2, source_ee: 8, slot: 7, sequence: 1, value: 41, payload: \"cafe\"}}\n      \
         - {{kind: from_beacon_chain, source_shard: 1024, source_ee: 6, slot: 8, sequence: 0, value: 32000000000, payload: \"0xAB\"}}\n\
         {expectations}  - {{env: 0, data: \"\", sent_receipts: [], rejected_receipts: []}}\n"
    )
}

/// The expectations that hold, with another value of the second receipt and other rejected ones.
fn expectations(value: u64, rejected: &str) -> String {
    format!(
        "    sent_receipts:\n      - {{destination_shard: 2, destination_ee: 8, value: 20, fee: 1, payload: \"cafe\"}}\n      \
         - destination_shard: 1024\n        destination_ee: 6\n        value: {value} # half\n        fee: 1\n        payload: ab\n    \
         rejected_receipts: {rejected}\n"
    )
}

/// A directory with the EE and this fixture.
fn scratch(text: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", wat::parse_str(ECHO).expect("the module is well-formed")).write("f.yaml", text);
    scratch
}

fn run(scratch: &Scratch, options: &[&str]) -> Ran {
    scratch.outrider(&[&["run", "f.yaml"], options].concat())
}

#[track_caller]
fn json(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn blocks_give_receipts_and_may_expect_others() {
    let scratch = scratch(&fixture(&expectations(16_000_000_000, "[0]")));
    let ran = run(&scratch, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains(", 2 receipts sent, 1 receipt rejected, fuel "), "{ran:?}");
    assert_eq!(ran.out.matches("receipt").count(), 2, "nothing is said of no receipts: {ran:?}");
    let document = json(&run(&scratch, &["--json"]));
    let blocks = &document["fixtures"][0]["blocks"];
    let expected = serde_json::json!([
        { "destination_shard": 2, "destination_ee": 8, "value": 20, "fee": 1, "payload": "cafe" },
        { "destination_shard": 1024, "destination_ee": 6, "value": 16_000_000_000_u64, "fee": 1, "payload": "ab" },
    ]);
    assert_eq!(
        (&blocks[0]["sent_receipts"], &blocks[0]["rejected_receipts"]),
        (&expected, &serde_json::json!([0]))
    );
    let none = serde_json::json!([]);
    assert_eq!((&blocks[1]["sent_receipts"], &blocks[1]["rejected_receipts"]), (&none, &none));
    assert_eq!(scratch.outrider(&["bench", "f.yaml", "--runs", "1"]).code, Some(0));
    let traced = run(&scratch, &["--trace"]);
    assert!(traced.out.contains("eth2.receiptCopy(index=1, out=0x400, capacity=70000) = 43"), "{traced:?}");

    // Without expectations, any receipts are fine.
    scratch.write("f.yaml", fixture(""));
    assert_eq!(run(&scratch, &[]).code, Some(0));
}

#[test]
fn the_first_receipt_that_differs_is_named() {
    let scratch = scratch(&fixture(&expectations(7, "[0, 2]")));
    let ran = run(&scratch, &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let expected = "  block 0: wrong receipt 1\n    \
                    expected 7 Gwei to EE 6 on shard 1024, fee 1 Gwei, payload ab\n    \
                    got      16000000000 Gwei to EE 6 on shard 1024, fee 1 Gwei, payload ab\n  \
                    block 0: wrong rejected receipts\n    expected [0, 2]\n    got      [0]\n";
    assert!(ran.out.contains(expected), "{ran:?}");
    let document = json(&run(&scratch, &["--json"]));
    let mismatches = &document["fixtures"][0]["mismatches"];
    let receipt = |value: u64| {
        serde_json::json!({
            "destination_shard": 1024, "destination_ee": 6, "value": value, "fee": 1, "payload": "ab",
        })
    };
    let expected = serde_json::json!([
        { "mismatch": "sent_receipt", "block": 0, "index": 1, "expected": receipt(7), "got": receipt(16_000_000_000) },
        { "mismatch": "rejected_receipts", "block": 0, "expected": [0, 2], "got": [0] },
    ]);
    assert_eq!(*mismatches, expected);

    scratch.write("f.yaml", fixture("    sent_receipts: []\n"));
    let ran = run(&scratch, &[]);
    let expected = "  block 0: wrong receipt 0\n    expected none\n    \
                    got      20 Gwei to EE 8 on shard 2, fee 1 Gwei, payload cafe\n";
    assert!(ran.code == Some(1) && ran.out.contains(expected), "{ran:?}");
}

#[test]
fn receipts_are_blessed_if_there_are_as_many() {
    let scratch = scratch(&fixture(&expectations(7, "[2]")));
    let ran = run(&scratch, &["--bless"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(scratch.read("f.yaml"), fixture(&expectations(16_000_000_000, "[0]")));
    assert_eq!(run(&scratch, &[]).code, Some(0));

    let unlike = fixture(&expectations(7, "[0, 2]"));
    scratch.write("f.yaml", &unlike);
    let ran = run(&scratch, &["--bless"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let expected = "error: f.yaml: block 0 has 1 entries of rejected_receipts, and the fixture lists 2: list as many, with \
                    any values, and bless it again\n";
    assert_eq!(ran.err, expected);
    assert_eq!(scratch.read("f.yaml"), unlike);
}

#[test]
fn receipts_that_no_chain_has_are_refused_with_their_place() {
    let text = fixture("");
    for (from, to, expected) in [
        (
            "sequence: 1,",
            "sequence: 1, source: 2,",
            "9:78: unknown field `source`, expected one of kind, source_shard, source_ee, slot, sequence, value, payload",
        ),
        (
            "source_shard: 2, source_ee: 8, slot: 7, sequence: 1",
            "source_shard: 0, source_ee: 8, slot: 7, sequence: 3",
            "9:75: the receipts are out of order: list them by source shard, then by sequence number, each once",
        ),
        (
            "payload: \"0xAB\"",
            "payload: \"0xABC\"",
            "10:120: the payload has an odd number of hex digits (3): two make a byte",
        ),
        ("kind: bounced", "kind: lost", "9:16: unknown variant `lost`"),
    ] {
        assert!(text.contains(from), "{from}");
        let scratch = scratch(&text.replacen(from, to, 1));
        let ran = run(&scratch, &[]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(expected), "{expected}: {ran:?}");
    }
    let long = text.replacen("\"cafe\"", &format!("\"{}\"", "00".repeat(65_537)), 1);
    let ran = run(&scratch(&long), &[]);
    assert!(
        ran.err.contains("the payload has 65537 bytes, more than a receipt can have: at most 65536"),
        "{ran:?}"
    );
}

/// Returns the stateful EE of two counters, changed to send 70 Gwei to EE 0 on shard 3.
fn sending() -> Vec<u8> {
    let pair = include_str!("../../shard/tests/ees/pair.wat");
    let locals = "(local $end i32) (local $witness_end i32) (local $mask i32)\n";
    let lines = "(i64.store (i32.const 0xb0000) (i64.const 3)) (i64.store (i32.const 0xb0010) (i64.const 70))\n\
                 (call $push (i32.const 0xb0000) (i32.const 33))\n";
    let import = "(module\n(import \"eth2\" \"pushReceipt\" (func $push (param i32 i32)))\n";
    let text = pair.replacen("(module\n", import, 1).replacen(locals, &format!("{locals}{lines}"), 1);
    assert!(text.contains(lines), "the EE has changed");
    wat::parse_str(text).expect("the module is well-formed")
}

#[test]
fn built_blocks_give_the_receipts_that_they_send() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", sending()).write("one.json", r#"{"packages": ["05", "85"]}"#);
    assert_eq!(scratch.outrider(&["state", "init", "state", "--ee", "ee.wasm"]).code, Some(0));
    let ran = scratch
        .outrider(&["witness", "build", "state", "--ee", "ee.wasm", "one.json", "one.json", "-o", "f.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let expected = "\"\n    sent_receipts:\n      - destination_shard: 3\n        destination_ee: 0\n        value: 70\n        \
                    fee: 0\n        payload: \"00\"\n";
    assert_eq!(scratch.read("f.yaml").matches(expected).count(), 2, "{}", scratch.read("f.yaml"));
    assert_eq!(run(&scratch, &[]).code, Some(0));
    assert_eq!(scratch.outrider(&["witness", "check", "f.yaml"]).code, Some(0));
    scratch.write("f.yaml", scratch.read("f.yaml").replace("value: 70", "value: 71"));
    let ran = scratch.outrider(&["witness", "check", "f.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let expected = "block 1: wrong receipt 0: expected 71 Gwei to EE 0 on shard 3, fee 0 Gwei, payload 00, got 70 Gwei to EE 0 \
                    on shard 3, fee 0 Gwei, payload 00";
    assert!(ran.out.contains(expected), "{ran:?}");
}
