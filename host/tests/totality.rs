//! No input makes the host panic.

mod support;

use outrider_host::{ExecutionInput, Limits, StateRoot, summarize};
use proptest::prelude::*;
use support::{HOST, ROOT, load, saving, wasm};

/// A module that has most sections, for damaging.
fn sample() -> Vec<u8> {
    wasm(&format!(
        "{} ",
        saving("(call $blockDataCopy (i32.const 0) (i32.const 0) (call $blockDataSize))").replacen(
            "(memory",
            "(table 2 funcref) (global (mut i32) (i32.const 1)) (data (i32.const 8) \"data\") (memory",
            1
        )
    ))
}

proptest! {
    #[test]
    fn no_bytes_panic_as_a_module(bytes: Vec<u8>) {
        prop_assert!(HOST.load(&bytes).is_err());
        prop_assert!(!summarize(&bytes, &Limits::default()).refusals.is_empty());
    }

    #[test]
    fn no_bytes_panic_after_a_header(bytes: Vec<u8>) {
        let code = [b"\0asm\x01\0\0\0", &*bytes].concat();
        prop_assert!(HOST.load(&code).is_err());
        summarize(&code, &Limits::default());
    }

    #[test]
    fn no_damaged_module_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        block_data: Vec<u8>,
    ) {
        let mut code = sample();
        for (index, byte) in damage {
            let index = index.index(code.len());
            code[index] = byte;
        }
        summarize(&code, &Limits::default());
        if let Ok(ee) = HOST.load(&code) {
            let _ = ee.execute(&ExecutionInput::new(ROOT, block_data));
        }
    }

    #[test]
    fn no_block_data_panics(block_data: Vec<u8>, root: [u8; 32]) {
        let ee = load(&saving("(call $blockDataCopy (i32.const 0) (i32.const 0) (call $blockDataSize))"));
        let input = ExecutionInput::new(StateRoot(root), block_data);
        let output = ee.expect("it loads").execute(&input).expect("any block data fits");
        let n = input.block_data.len().min(32);
        prop_assert_eq!(&output.post_state_root.0[..n], &input.block_data[..n]);
    }

    #[test]
    fn no_arguments_panic(name in prop::sample::select(vec![
        "loadPreStateRoot", "savePostStateRoot", "useTicks", "contextBeaconRoot", "rejectReceipt", "print32", "log",
    ]), a: i32) {
        let _ = support::run(&saving(&format!("(call ${name} (i32.const {a}))")), b"block");
    }

    #[test]
    fn no_three_arguments_panic(name in prop::sample::select(vec!["blockDataCopy", "add256", "sub256"]), a: [i32; 3]) {
        let [a, b, c] = a;
        let call = format!("(call ${name} (i32.const {a}) (i32.const {b}) (i32.const {c}))");
        let _ = support::run(&saving(&call), b"block");
    }

    #[test]
    fn no_two_arguments_panic(name in prop::sample::select(vec!["pushNewDeposit", "pushReceipt", "readRoot", "printMem", "printMemHex", "mem"]), a: [i32; 2]) {
        let [a, b] = a;
        let _ = support::run(&saving(&format!("(call ${name} (i32.const {a}) (i32.const {b}))")), b"block");
    }

    #[test]
    fn no_two_payments_panic(a: i64, b: i64) {
        let calls = format!("(call $payProposer (i64.const {a})) (call $payProposer (i64.const {b}))");
        let fee = support::run(&saving(&calls), b"block").ok().map(|output| output.proposer_fee);
        prop_assert_eq!(fee, a.cast_unsigned().checked_add(b.cast_unsigned()));
    }
}
