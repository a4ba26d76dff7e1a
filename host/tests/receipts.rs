//! The imports for receipts, on every engine of this build.

mod support;

use std::borrow::Cow;
use std::error::Error;
use std::sync::{Arc, LazyLock};

use outrider_host::{
    EeIndex, EngineKind, ExecutionError, ExecutionInput, ExecutionOutput, Fault, Hash, Host, HostConfig,
    Import, ReceiptKind, ReceivedReceipt, SentReceipt, ShardIndex, Slot, StateRoot, StateSource, chain,
};
use support::{ROOT, saving, wasm};

static ENGINES: LazyLock<Host> = LazyLock::new(|| {
    let engine = if EngineKind::Both.is_compiled_in() { EngineKind::Both } else { EngineKind::Wasmtime };
    Host::new(HostConfig { engine, ..HostConfig::default() }).expect("it is valid")
});

/// The receipts that the EE gets: with different payloads, and one with the largest.
fn receipts() -> [ReceivedReceipt; 3] {
    [
        (ReceiptKind::Message, vec![0xaa, 0xbb]),
        (ReceiptKind::Bounced, vec![]),
        (ReceiptKind::Expired, vec![7; 65_536]),
    ]
    .map(|(kind, payload)| ReceivedReceipt {
        kind,
        source_shard: ShardIndex(0x0102),
        source_ee: EeIndex(3),
        slot: Slot(4),
        sequence: 5,
        value: 0x0607,
        payload,
    })
}

fn input() -> ExecutionInput {
    ExecutionInput { receipts: Arc::from(receipts()), ..ExecutionInput::new(ROOT, b"block".as_slice()) }
}

/// Executes `main` with this body and three pages of memory.
fn execute(body: &str) -> Result<ExecutionOutput, ExecutionError> {
    let body = format!("(drop (memory.grow (i32.const 2))) {body}");
    ENGINES.load(&wasm(&saving(&body))).expect("it loads").execute(&input())
}

/// Returns the first bytes of memory at the end.
fn first_bytes(body: &str) -> [u8; 32] {
    execute(body).expect("it runs").post_state_root.0
}

#[track_caller]
fn check_trap(body: &str, import: &str, message: &str) {
    let error = execute(body).expect_err("it traps");
    assert_eq!(error.fault(), Fault::Guest);
    assert_eq!(chain(&error), format!("the EE's call of eth2.{import} failed: {message}"));
}

/// Writes a receipt at 64 and sends it with a payload of this many bytes, which are zero.
fn push(destination: [u64; 2], value: u64, fee: u64, payload_bytes: u32) -> String {
    let [shard, ee] = destination;
    let store =
        |at: u32, number: u64| format!("(i64.store (i32.const {at}) (i64.const {}))", number.cast_signed());
    let stores = [store(64, shard), store(72, ee), store(80, value), store(88, fee)].concat();
    let length = 32 + payload_bytes;
    format!("{stores} (call $pushReceipt (i32.const 64) (i32.const {length}))")
}

fn sent(destination: [u64; 2], value: u64, fee: u64, payload: &[u8]) -> SentReceipt {
    let [shard, ee] = destination;
    SentReceipt {
        destination_shard: ShardIndex(shard),
        destination_ee: EeIndex(ee),
        value,
        fee,
        payload: payload.to_vec(),
    }
}

#[test]
fn receipts_are_sent_in_order_and_to_anywhere() {
    let body = [
        "(i32.store8 (i32.const 97) (i32.const 0xcd))".to_owned(),
        push([1, 2], 3, 4, 2),
        push([u64::MAX, u64::MAX], 0, 0, 0),
        push([0, 0], u64::MAX - 8, 1, 65_536),
    ];
    let output = execute(&body.concat()).expect("it runs");
    let mut long = vec![0; 65_536];
    long[1] = 0xcd;
    let expected = [
        sent([1, 2], 3, 4, &[0, 0xcd]),
        sent([u64::MAX, u64::MAX], 0, 0, &[]),
        sent([0, 0], u64::MAX - 8, 1, &long),
    ];
    assert_eq!(output.receipts, expected);
    assert_eq!(output.rejected, [0; 0]);
}

#[test]
fn what_is_no_receipt_is_not_sent() {
    for (length, got) in [(31, 31), (0, 0), (65_569, 65_569)] {
        check_trap(
            &format!("(call $pushReceipt (i32.const 0) (i32.const {length}))"),
            "pushReceipt",
            &format!("a receipt has 32 bytes and a payload of up to 65536, got {got} bytes"),
        );
    }
    check_trap(
        "(call $pushReceipt (i32.const 196577) (i32.const 32))",
        "pushReceipt",
        "32 bytes at pointer 0x2ffe1 are not within the memory of 196608 bytes",
    );
}

#[test]
fn the_sum_of_ether_must_not_overflow() {
    for (first, second, message) in [
        ([1, 2], [u64::MAX, 0], "18446744073709551615 Gwei and a fee of 0 on top of 3"),
        ([0, 0], [u64::MAX, 1], "18446744073709551615 Gwei and a fee of 1 on top of 0"),
        ([u64::MAX, 0], [0, 1], "0 Gwei and a fee of 1 on top of 18446744073709551615"),
    ] {
        let body = [first, second].map(|[value, fee]| push([0, 0], value, fee, 0)).concat();
        let message = format!("the ether in receipts overflows: {message} are more than 2^64 - 1");
        check_trap(&body, "pushReceipt", &message);
    }
}

#[test]
fn an_execution_sends_at_most_1024_receipts() {
    let times = |n: u32| {
        format!(
            "(local $i i32) (loop (call $pushReceipt (i32.const 64) (i32.const 32))
                (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {n}))))"
        )
    };
    let run = |n| {
        let ee = ENGINES.load(&wasm(&saving(&times(n)))).expect("it loads");
        ee.execute(&ExecutionInput::new(ROOT, vec![]))
    };
    assert_eq!(run(1024).expect("it runs").receipts, vec![SentReceipt::default(); 1024]);
    let error = chain(&run(1025).expect_err("one is too many"));
    assert_eq!(
        error,
        "the EE's call of eth2.pushReceipt failed: more than 1024 receipts, the limit of an execution"
    );
}

#[test]
fn receipts_are_counted_and_copied() {
    assert_eq!(first_bytes("(i32.store (i32.const 0) (call $receiptCount))")[..4], [3, 0, 0, 0]);
    // To 100, and its bytes from `from` on to 0.
    let copied = |index: u32, from: u32| {
        first_bytes(&format!(
            "(drop (call $receiptCopy (i32.const {index}) (i32.const 100) (i32.const 70000)))
            (memory.copy (i32.const 0) (i32.const {}) (i32.const 32))",
            100 + from
        ))
    };
    let numbers =
        [2, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(copied(0, 1), numbers);
    assert_eq!(copied(0, 33)[..10], [7, 6, 0, 0, 0, 0, 0, 0, 0xaa, 0xbb]);
    // Nothing beyond the receipt is written.
    assert_eq!(copied(0, 43), [0; 32]);
    assert_eq!([copied(0, 0)[0], copied(1, 0)[0], copied(2, 0)[0]], [0, 1, 2]);
    assert_eq!(copied(1, 41), [0; 32]);
    assert_eq!(copied(2, 41), [7; 32]);
    assert_eq!(copied(2, 41 + 65_536 - 31), [[7; 31].as_slice(), &[0]].concat()[..]);
}

#[test]
fn a_receipt_that_does_not_fit_only_has_its_length_returned() {
    // The length to 0, and the first byte of the place of the receipt, which is not zero before.
    let copy = |index: u32, capacity: u32| {
        let bytes = first_bytes(&format!(
            "(i32.store8 (i32.const 100) (i32.const 99))
            (i32.store (i32.const 0) (call $receiptCopy (i32.const {index}) (i32.const 100) (i32.const {capacity})))
            (i32.store8 (i32.const 4) (i32.load8_u (i32.const 100)))"
        ));
        (u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]), bytes[4])
    };
    for (index, capacity, expected) in [
        (0, 0, (43, 99)),
        (0, 42, (43, 99)),
        (0, 43, (43, 0)),
        (1, 40, (41, 99)),
        (1, 41, (41, 1)),
        (2, 65_576, (65_577, 99)),
        (2, 65_577, (65_577, 2)),
        (2, 100_000, (65_577, 2)),
    ] {
        assert_eq!(copy(index, capacity), expected, "{index}, {capacity}");
    }
}

#[test]
fn only_bytes_that_are_copied_are_paid_for() {
    let fuel = |capacity: u32| {
        let copy = format!("(drop (call $receiptCopy (i32.const 0) (i32.const 100) (i32.const {capacity})))");
        execute(&copy).expect("it runs").fuel_used
    };
    let import = Import::find("eth2", "receiptCopy").expect("it is in the table");
    assert_eq!(fuel(43) - fuel(42), 43 * import.fuel.per_unit);
    assert_eq!(fuel(44), fuel(43));
}

#[test]
fn a_receipt_that_does_not_exist_traps() {
    for index in [3, u32::MAX] {
        let message = format!("there is no receipt {index}: the EE gets 3, counted from 0");
        let signed = index.cast_signed();
        let copy = format!("(drop (call $receiptCopy (i32.const {signed}) (i32.const 0) (i32.const 0)))");
        check_trap(&copy, "receiptCopy", &message);
        check_trap(&format!("(call $rejectReceipt (i32.const {signed}))"), "rejectReceipt", &message);
    }
    for capacity in [196_609, u32::MAX] {
        check_trap(
            &format!(
                "(drop (call $receiptCopy (i32.const 0) (i32.const 0) (i32.const {})))",
                capacity.cast_signed()
            ),
            "receiptCopy",
            &format!("{capacity} bytes at pointer 0x0 are not within the memory of 196608 bytes"),
        );
    }
}

#[test]
fn receipts_of_any_kind_are_rejected_once() {
    let reject = |indices: &[u32]| {
        let calls = indices.iter().map(|index| format!("(call $rejectReceipt (i32.const {index}))"));
        execute(&calls.collect::<String>()).expect("it runs").rejected
    };
    assert_eq!(reject(&[]), [0; 0]);
    assert_eq!(reject(&[2]), [2]);
    assert_eq!(reject(&[2, 0, 1, 2, 0]), [0, 1, 2]);
}

/// A source without nodes.
struct Nothing;

impl StateSource for Nothing {
    fn node(&self, _: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>> {
        Ok(None)
    }

    fn blob(&self, _: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>> {
        Ok(None)
    }
}

#[test]
fn a_provider_has_the_same_receipts_and_a_trace_shows_them() {
    let body = format!(
        "(drop (call $receiptCopy (i32.sub (call $receiptCount) (i32.const 1)) (i32.const 0) (i32.const 32)))
        (call $rejectReceipt (i32.const 1)) {} (call $rejectReceipt (call $mode))",
        push([9, 8], 7, 6, 0)
    );
    let ee = ENGINES.load(&wasm(&saving(&body))).expect("it loads");
    let provided = ee.provide(&input(), Arc::new(Nothing)).expect("it runs").execution;
    assert_eq!((&provided.receipts[..], &provided.rejected[..]), (&[sent([9, 8], 7, 6, &[])][..], &[1][..]));
    let (output, trace) = ee.execute_traced(&input(), 100);
    assert_eq!(output.expect("it runs").rejected, [0, 1]);
    let shown: Vec<_> = trace.calls.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "eth2.receiptCount() = 3",
            "eth2.receiptCopy(index=2, out=0x0, capacity=32) = 65577",
            "eth2.rejectReceipt(index=1)",
            "eth2.pushReceipt(pointer=0x40, length=32)",
            "state.mode() = 0",
            "eth2.rejectReceipt(index=0)",
            "eth2.savePostStateRoot(pointer=0x0)",
        ]
    );
}

#[test]
fn a_block_without_receipts_has_none() {
    let body = "(i32.store (i32.const 0) (call $receiptCount))";
    let output = support::run(&saving(body), b"").expect("it runs");
    assert_eq!((output.post_state_root, output.receipts), (StateRoot::default(), vec![]));
    let error = support::run(&saving("(call $rejectReceipt (i32.const 0))"), b"").expect_err("there is none");
    let expected =
        "the EE's call of eth2.rejectReceipt failed: there is no receipt 0: the EE gets 0, counted from 0";
    assert_eq!(chain(&error), expected);
}
