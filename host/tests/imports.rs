//! Each import, within its bounds and beyond them.

mod support;

use std::sync::{Arc, LazyLock};

use outrider_host::{
    ABI, BeaconRoot, Context, DEPOSIT_BYTES, EeIndex, EngineKind, ExecutionError, ExecutionInput,
    ExecutionOutput, Fault, Host, HostConfig, Import, LogValue, Parameter, ReceivedReceipt, RootRead,
    ShardIndex, Slot, StateRoot, chain,
};
use support::{ROOT, check_failure, run, saving, wasm};

/// Size of the memory of the tests' modules.
const PAGE: u32 = 65536;

/// Checks the 32 bytes at address 0 after `main` with this body returns.
#[track_caller]
fn check_bytes(body: &str, block_data: &[u8], expected: &[u8]) {
    let output = run(&saving(body), block_data).expect("the execution succeeds");
    let mut root = [0; 32];
    root[..expected.len()].copy_from_slice(expected);
    assert_eq!(output.post_state_root, StateRoot(root));
}

#[test]
fn pre_state_root_is_written_at_the_pointer() {
    check_bytes("(call $loadPreStateRoot (i32.const 0))", b"", &ROOT.0);
    let last = PAGE - 32;
    check_bytes(&format!("(call $loadPreStateRoot (i32.const {last}))"), b"", &[]);
}

#[test]
fn block_data_is_copied_from_the_offset() {
    let body = "(call $blockDataCopy (i32.const 1) (i32.const 2) (i32.const 3))";
    check_bytes(body, b"abcdefg", b"\0cde");
    check_bytes("(call $blockDataCopy (i32.const 0) (i32.const 7) (i32.const 0))", b"abcdefg", b"");
}

#[test]
fn block_data_size_is_its_length() {
    let body = "(i32.store8 (i32.const 0) (call $blockDataSize))";
    check_bytes(body, b"", &[0]);
    check_bytes(body, &[0; 200], &[200]);
}

#[test]
fn the_last_saved_root_counts() {
    let body = "(call $savePostStateRoot (i32.const 64)) (i32.store8 (i32.const 0) (i32.const 9))";
    check_bytes(body, b"", &[9]);
}

#[test]
fn block_data_out_of_range_is_a_trap() {
    for (offset, length) in [(0, 6), (5, 1), (6, 0), (-1, 1), (1, -1)] {
        check_failure(
            &format!("(call $blockDataCopy (i32.const 0) (i32.const {offset}) (i32.const {length}))"),
            &format!(
                "the EE's call of eth2.blockDataCopy failed: {} bytes at offset {} are not within the block \
                 data of 5 bytes",
                length as u32, offset as u32
            ),
        );
    }
}

/// Calls with one pointer out of range: the import, its arguments, and the length of the range.
const OUT_OF_RANGE: &[(&str, &str, &str, u32)] = &[
    ("eth2", "loadPreStateRoot", "(i32.const {})", 32),
    ("eth2", "savePostStateRoot", "(i32.const {})", 32),
    ("eth2", "blockDataCopy", "(i32.const {}) (i32.const 0) (i32.const 5)", 5),
    ("eth2", "pushNewDeposit", "(i32.const {}) (i32.const 184)", 184),
    ("eth2", "contextBeaconRoot", "(i32.const {})", 32),
    ("eth2", "readRoot", "(i32.const 0) (i32.const {})", 48),
    ("eth2", "pushReceipt", "(i32.const {}) (i32.const 33)", 33),
    ("eth2", "receiptCopy", "(i32.const 0) (i32.const {}) (i32.const 41)", 41),
    ("debug", "printMem", "(i32.const {}) (i32.const 7)", 7),
    ("debug", "printMemHex", "(i32.const {}) (i32.const 7)", 7),
    ("debug", "mem", "(i32.const {}) (i32.const 7)", 7),
    ("crypto", "keccak256", "(i32.const {}) (i32.const 7) (i32.const 0)", 7),
    ("crypto", "keccak256", "(i32.const 0) (i32.const 7) (i32.const {})", 32),
    ("crypto", "sha256", "(i32.const {}) (i32.const 7) (i32.const 0)", 7),
    ("crypto", "sha256", "(i32.const 0) (i32.const 7) (i32.const {})", 32),
    ("crypto", "sha512_256", "(i32.const {}) (i32.const 7) (i32.const 0)", 7),
    ("crypto", "sha512_256", "(i32.const 0) (i32.const 7) (i32.const {})", 32),
    ("crypto", "ripemd160", "(i32.const {}) (i32.const 7) (i32.const 0)", 7),
    ("crypto", "ripemd160", "(i32.const 0) (i32.const 7) (i32.const {})", 20),
    ("bignum", "add256", "(i32.const {}) (i32.const 0) (i32.const 0)", 32),
    ("bignum", "add256", "(i32.const 0) (i32.const {}) (i32.const 0)", 32),
    ("bignum", "add256", "(i32.const 0) (i32.const 0) (i32.const {})", 32),
    ("bignum", "sub256", "(i32.const {}) (i32.const 0) (i32.const 0)", 32),
    ("bignum", "sub256", "(i32.const 0) (i32.const {}) (i32.const 0)", 32),
    ("bignum", "sub256", "(i32.const 0) (i32.const 0) (i32.const {})", 32),
];

#[test]
fn a_pointer_out_of_range_is_a_trap() {
    for (module, name, arguments, length) in OUT_OF_RANGE {
        let is_dropped = Import::find(module, name).expect("it is in the table").result.is_some();
        let call = |pointer: u32| {
            let call = format!("(call ${name} {})", arguments.replace("{}", &pointer.to_string()));
            execute(&if is_dropped { format!("(drop {call})") } else { call }, Context::default())
        };
        for pointer in [PAGE - length + 1, PAGE, u32::MAX] {
            let error = call(pointer);
            assert_eq!(
                chain(&error.expect_err("the execution fails")),
                format!(
                    "the EE's call of {module}.{name} failed: {length} bytes at pointer {pointer:#x} are not \
                     within the memory of 65536 bytes"
                ),
            );
        }
        call(PAGE - length).expect("the last range is in the memory");
    }
}

#[test]
fn every_import_with_a_pointer_is_called_out_of_range() {
    // `tests/provider.rs` tests `state` in provider mode, too, and `tests/crypto.rs` most of `crypto`.
    for import in ABI.iter().filter(|import| match import.module {
        "state" => false,
        "crypto" => import.parameter_names().any(|name| name == "pointer"),
        _ => import.name != "refuse" && import.parameters.iter().any(Parameter::is_pointer),
    }) {
        let tried =
            OUT_OF_RANGE.iter().any(|(module, name, ..)| (*module, *name) == (import.module, import.name));
        assert!(tried, "{import}");
    }
}

/// In range it ends the execution, so it is not in the list above.
#[test]
fn a_reason_out_of_range_is_a_failure() {
    for pointer in [PAGE - 6, PAGE, u32::MAX] {
        check_failure(
            &format!("(call $refuse (i32.const {pointer}) (i32.const 7))"),
            &format!(
                "the EE's call of eth2.refuse failed: 7 bytes at pointer {pointer:#x} are not within the memory of \
                 65536 bytes"
            ),
        );
    }
}

#[test]
fn deposits_are_returned_in_order() {
    let body = "
        (i32.store8 (i32.const 100) (i32.const 7))
        (call $pushNewDeposit (i32.const 100) (i32.const 184))
        (i32.store8 (i32.const 187) (i32.const 8))
        (call $pushNewDeposit (i32.const 100) (i32.const 184))";
    let output = run(&saving(body), b"").expect("the execution succeeds");
    let amounts: Vec<_> = output.deposits.iter().map(|deposit| (deposit.pubkey[0], deposit.amount)).collect();
    assert_eq!(amounts, [(7, 0), (7, 8)]);
}

#[test]
fn a_deposit_of_another_length_is_a_trap() {
    for length in [0, DEPOSIT_BYTES - 1, DEPOSIT_BYTES + 1] {
        check_failure(
            &format!("(call $pushNewDeposit (i32.const 0) (i32.const {length}))"),
            &format!("the EE's call of eth2.pushNewDeposit failed: a deposit has 184 bytes, got {length}"),
        );
    }
}

#[test]
fn deposits_over_the_limit_are_a_trap() {
    let deposit = "(call $pushNewDeposit (i32.const 0) (i32.const 184))";
    run(&saving(&deposit.repeat(3)), b"").expect("three deposits are allowed");
    check_failure(
        &deposit.repeat(4),
        "the EE's call of eth2.pushNewDeposit failed: more than 3 deposits, the limit of an execution",
    );
}

#[test]
fn ticks_are_spent_up_to_the_limit() {
    let spend = |ticks: i32| format!("(call $useTicks (i32.const {ticks}))");
    let output = run(&saving(&(spend(400) + &spend(600))), b"").expect("a thousand ticks are allowed");
    assert_eq!(output.ticks_used, 1_000);
    for (body, message) in [
        (spend(400) + &spend(601), "601 requested, 600 left of 1000"),
        (spend(-1), "4294967295 requested, 1000 left of 1000"),
    ] {
        check_failure(&body, &format!("the EE's call of eth2.useTicks failed: out of ticks: {message}"));
    }
}

#[test]
fn context_is_what_the_embedder_passes() {
    let body = "(i64.store (i32.const 0) (i64.add (call $contextShard)
            (i64.add (i64.shl (call $contextSlot) (i64.const 8))
                     (i64.shl (call $contextEeIndex) (i64.const 16)))))
         (i64.store (i32.const 3) (call $contextBalance))
         (i64.store (i32.const 11) (call $contextFinalizedSlot))
         (call $contextBeaconRoot (i32.const 19))";
    let context = Context {
        shard: ShardIndex(1),
        slot: Slot(2),
        ee_index: EeIndex(3),
        beacon_root: BeaconRoot([4; 32]),
        balance: u64::from_le_bytes([5; 8]),
        finalized_slot: Slot(u64::from_le_bytes([6; 8])),
    };
    let output = execute(body, context).expect("it runs");
    let mut expected = [4; 32];
    expected[..3].copy_from_slice(&[1, 2, 3]);
    expected[3..11].copy_from_slice(&[5; 8]);
    expected[11..19].copy_from_slice(&[6; 8]);
    assert_eq!(output.post_state_root, StateRoot(expected));
}

/// The reads that [`execute`] declares.
const READS: [RootRead; 2] = [
    RootRead { shard: ShardIndex(0x0201), ee: EeIndex(7), state_root: StateRoot([0xaa; 32]) },
    RootRead { shard: ShardIndex(u64::MAX), ee: EeIndex(0), state_root: StateRoot([0xbb; 32]) },
];

/// Executes `main` with this body, on every engine of this build, in a block that declares [`READS`]
/// and has a receipt.
fn execute(body: &str, context: Context) -> Result<ExecutionOutput, ExecutionError> {
    static ENGINES: LazyLock<Host> = LazyLock::new(|| {
        let engine = if EngineKind::Both.is_compiled_in() { EngineKind::Both } else { EngineKind::Wasmtime };
        Host::new(HostConfig { engine, ..HostConfig::default() }).expect("it is valid")
    });
    let ee = ENGINES.load(&wasm(&saving(body))).expect("it loads");
    let input = ExecutionInput::new(ROOT, b"block".as_slice());
    let receipts = Arc::from([ReceivedReceipt::default()]);
    ee.execute(&ExecutionInput { context, reads: Arc::from(READS), receipts, ..input })
}

#[test]
fn declared_roots_are_read_by_index() {
    // The fields of a read are at 0, 8 and 16.
    let read = |index: u32, offset: u32| {
        let body = format!(
            "(call $readRoot (i32.const {index}) (i32.const 64))
             (memory.copy (i32.const 0) (i32.const {}) (i32.const 32))",
            64 + offset
        );
        execute(&body, Context::default()).expect("it runs").post_state_root.0
    };
    assert_eq!(read(0, 0)[..16], [1, 2, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(read(1, 0)[..16], [255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!([read(0, 16), read(1, 16)], [[0xaa; 32], [0xbb; 32]]);
    // Nothing beyond the 48 bytes is written.
    assert_eq!(read(0, 32), [[0xaa; 16], [0; 16]].as_flattened());
}

#[test]
fn the_number_of_declared_roots_is_known() {
    let body = "(i32.store (i32.const 0) (call $readCount))";
    let output = execute(body, Context::default()).expect("it runs");
    assert_eq!(output.post_state_root.0[..4], [2, 0, 0, 0]);
    check_bytes(body, b"", &[0]);
}

#[test]
fn a_read_that_is_not_declared_is_a_trap() {
    for index in [2, 3, u32::MAX] {
        let body = format!("(call $readRoot (i32.const {}) (i32.const 0))", index.cast_signed());
        let error = execute(&body, Context::default()).expect_err("there are two");
        assert_eq!(error.fault(), Fault::Guest);
        let expected = format!(
            "the EE's call of eth2.readRoot failed: there is no read {index}: the block declares 2, counted from 0"
        );
        assert_eq!(chain(&error), expected);
    }
    check_failure(
        "(call $readRoot (i32.const 0) (i32.const 0))",
        "the EE's call of eth2.readRoot failed: there is no read 0: the block declares 0, counted from 0",
    );
}

#[test]
fn payments_to_the_proposer_add_up_without_regard_to_the_balance() {
    let pay = |amounts: &[u64]| -> String {
        let calls =
            amounts.iter().map(|amount| format!("(call $payProposer (i64.const {}))", amount.cast_signed()));
        calls.collect()
    };
    for (amounts, sum) in [
        (&[][..], 0),
        (&[0], 0),
        (&[5, 0, 7], 12),
        (&[1 << 63], 1 << 63),
        (&[u64::MAX - 1, 1], u64::MAX),
        (&[u64::MAX, 0], u64::MAX),
    ] {
        let output = execute(&pay(amounts), Context { balance: 3, ..Context::default() }).expect("it runs");
        assert_eq!(output.proposer_fee, sum, "{amounts:?}");
    }
    for (amounts, message) in [
        (&[u64::MAX, 1][..], "1 Gwei on top of 18446744073709551615"),
        (&[2, u64::MAX - 1], "18446744073709551614 Gwei on top of 2"),
        (&[1 << 63, 1 << 63], "9223372036854775808 Gwei on top of 9223372036854775808"),
    ] {
        let error = execute(&pay(amounts), Context::default()).expect_err("the sum is too large");
        assert_eq!(error.fault(), Fault::Guest);
        let expected = format!(
            "the EE's call of eth2.payProposer failed: the fee for the proposer overflows: {message} are more than \
             2^64 - 1"
        );
        assert_eq!(chain(&error), expected);
    }
}

#[test]
fn logs_keep_what_was_printed() {
    let body = r#"
        (i32.store (i32.const 0) (i32.const 0x00ff6968))
        (call $print32 (i32.const -1))
        (call $print64 (i64.const -1))
        (call $printMem (i32.const 0) (i32.const 3))
        (call $printMemHex (i32.const 0) (i32.const 3))
        (call $log (i32.const 1))
        (call $mem (i32.const 0) (i32.const 1))
        (call $print_f2 (i32.const 2))
        (call $print_f6 (i32.const 6))"#;
    let logs = run(&saving(body), b"").expect("the execution succeeds").logs;
    let shown: Vec<_> = logs.iter().map(|log| (log.import, log.value.to_string())).collect();
    let expected = [
        ("debug.print32", "4294967295"),
        ("debug.print64", "18446744073709551615"),
        ("debug.printMem", "hi\u{fffd}"),
        ("debug.printMemHex", "6869ff"),
        ("debug.log", "1"),
        ("debug.mem", "68"),
        ("debug.print_f2", "2"),
        ("debug.print_f6", "6"),
    ];
    assert_eq!(shown, expected.map(|(import, value)| (import, value.to_owned())));
}

#[test]
fn logs_over_the_limit_are_dropped_without_a_trap() {
    let body = "(local $i i32) (loop
        (call $printMemHex (i32.const 0) (i32.const 1000))
        (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))";
    let logs = run(&saving(body), b"").expect("the execution succeeds").logs;
    assert_eq!(logs.len(), 9);
    assert!(logs.iter().all(|log| log.value == LogValue::Bytes(vec![0; 1000])));
}

#[test]
fn sums_and_differences_have_256_bits() {
    // a = 1 at 32..64, b = 2^256 - 1 at 64..96
    let ones = "(memory.fill (i32.const 64) (i32.const 255) (i32.const 32))";
    let body = format!("(i32.store8 (i32.const 63) (i32.const 1)) {ones}");
    let difference = format!("{body} (call $sub256 (i32.const 64) (i32.const 32) (i32.const 0))");
    let mut expected = [255; 32];
    expected[31] = 254;
    check_bytes(&difference, b"", &expected);
    let and_back = format!("{difference} (call $add256 (i32.const 0) (i32.const 32) (i32.const 0))");
    check_bytes(&and_back, b"", &[255; 32]);

    check_failure(
        &format!("{body} (call $add256 (i32.const 64) (i32.const 32) (i32.const 0))"),
        "the EE's call of bignum.add256 failed: the sum does not fit into 256 bits",
    );
    check_failure(
        &format!("{body} (call $sub256 (i32.const 32) (i32.const 64) (i32.const 0))"),
        "the EE's call of bignum.sub256 failed: the difference is negative",
    );
}

#[test]
fn both_spellings_are_equivalent() {
    let modern = saving("(call $loadPreStateRoot (i32.const 0))");
    let legacy = ABI.iter().fold(modern.clone(), |text, import| {
        let modern = format!("(import \"{}\" \"{}\"", import.module, import.name);
        text.replace(&modern, &format!("(import \"env\" \"{}\"", import.legacy_name()))
    });
    assert!(!legacy.contains("\"eth2\""));
    let (legacy, mut modern) = (run(&legacy, b"").expect("it runs"), run(&modern, b"").expect("it runs"));
    // `env` and an underscore are four bytes of name, which cost 2 each.
    modern.fuel_used += 4 * 2 * ABI.len() as u64;
    assert_eq!(legacy, modern);
}
