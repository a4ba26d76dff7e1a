//! Traces: every host call, with arguments, result and fuel, and the execution is otherwise unchanged.

mod support;

use std::sync::Arc;

use outrider_host::{Context, ExecutionInput, Host, HostConfig, Import, Limits, RootRead, Slot, Trace};
use support::{ROOT, load, module, saving, wasm};

/// Traces `main` with this body, and a call after it that saves the root at 0.
fn trace(body: &str) -> Trace {
    traced(&saving(body), 100)
}

fn traced(text: &str, calls_max: usize) -> Trace {
    let ee = load(text).expect("the test's module is acceptable");
    let input = ExecutionInput::new(ROOT, b"block".as_slice());
    let (result, trace) = ee.execute_traced(&input, calls_max);
    let plain = ee.execute(&input);
    assert_eq!(format!("{result:?}"), format!("{plain:?}"), "a trace changes nothing");
    trace
}

fn shown(trace: &Trace) -> Vec<String> {
    trace.calls.iter().map(ToString::to_string).collect()
}

fn price(name: &str, units: u64) -> u64 {
    let (module, name) = name.split_once('.').expect("it has a module");
    let fuel = Import::find(module, name).expect("it is in the table").fuel;
    fuel.base + fuel.per_unit * units
}

#[test]
fn each_host_call_is_recorded_with_arguments_and_result() {
    let trace = trace(
        "(call $blockDataCopy (i32.const 256) (i32.const 1) (call $blockDataSize) (i32.const 1) i32.sub)
         (call $print64 (i64.const -1))
         (drop (call $secp256k1Verify (i32.const 0) (i32.const 32) (i32.const 96) (i32.const 33)))
         (drop (call $getNode (i32.const 0) (i32.const 32) (i32.const 100)))",
    );
    assert_eq!(
        shown(&trace),
        [
            "eth2.blockDataSize() = 5",
            "eth2.blockDataCopy(out=0x100, offset=1, length=4)",
            "debug.print64(value=18446744073709551615)",
            "crypto.secp256k1Verify(digest=0x0, signature=0x20, key=0x60, keyLength=33) = 2",
            "state.getNode(hash=0x0, out=0x20, capacity=100) = -1",
            "eth2.savePostStateRoot(pointer=0x0)",
        ]
    );
    assert_eq!(trace.n_dropped, 0);
}

/// The prices of instructions are those of the cost table: 1 for a constant, 8 for a call and 1 for each value.
#[test]
fn the_fuel_of_guest_and_host_adds_up() {
    let body = "(drop (call $blockDataSize)) (call $blockDataCopy (i32.const 0) (i32.const 0) (i32.const 5))";
    let trace = trace(body);
    let costs =
        [price("eth2.blockDataSize", 0), price("eth2.blockDataCopy", 5), price("eth2.savePostStateRoot", 0)];
    assert_eq!(trace.calls.iter().map(|call| call.fuel_cost).collect::<Vec<_>>(), costs);
    let guest = (40 + 1) + (3 + 40 + 3) + (1 + 40 + 1);
    for calls in trace.calls.windows(2) {
        assert!(calls[0].fuel_before + calls[0].fuel_cost <= calls[1].fuel_before, "{calls:?}");
    }
    let output = load(&saving(body))
        .expect("it loads")
        .execute(&ExecutionInput::new(ROOT, b"block".as_slice()))
        .expect("it runs");
    let ee = load(&saving(body)).expect("it loads");
    assert_eq!(output.fuel_used, ee.entry_fuel() + guest + costs.iter().sum::<u64>());
    let last = trace.calls.last().expect("there is one");
    assert_eq!(last.fuel_before + last.fuel_cost, output.fuel_used, "nothing runs after the last call");
}

#[test]
fn amounts_of_ether_are_unsigned() {
    let context = Context { balance: u64::MAX, finalized_slot: Slot(96), ..Context::default() };
    let reads = Arc::from([RootRead::default()]);
    let input = ExecutionInput { context, reads, ..ExecutionInput::new(ROOT, vec![]) };
    let body = "(call $payProposer (call $contextBalance)) (drop (call $contextFinalizedSlot))
        (call $readRoot (i32.sub (call $readCount) (i32.const 1)) (i32.const 32))
        (call $payProposer (i64.const 1))";
    let ee = load(&saving(body)).expect("the test's module is acceptable");
    assert_eq!(
        shown(&ee.execute_traced(&input, 100).1),
        [
            "eth2.contextBalance() = 18446744073709551615",
            "eth2.payProposer(amount=18446744073709551615)",
            "eth2.contextFinalizedSlot() = 96",
            "eth2.readCount() = 1",
            "eth2.readRoot(index=0, out=0x20)",
            "eth2.payProposer(amount=1) failed: the fee for the proposer overflows: 1 Gwei on top of \
             18446744073709551615 are more than 2^64 - 1",
        ]
    );
}

#[test]
fn a_call_that_fails_is_the_last_one_and_says_why() {
    let trace = trace("(call $useTicks (i32.const 7)) (call $useTicks (i32.const 994))");
    assert_eq!(
        shown(&trace),
        [
            "eth2.useTicks(ticks=7)",
            "eth2.useTicks(ticks=994) failed: out of ticks: 994 requested, 993 left of 1000",
        ]
    );
}

#[test]
fn calls_beyond_the_limit_are_counted_and_a_failure_is_kept() {
    let calls = "(drop (call $blockDataSize))".repeat(10);
    let trace = traced(&saving(&calls), 3);
    assert_eq!((trace.calls.len(), trace.n_dropped), (3, 8));
    assert_eq!(traced(&saving(&calls), 0).n_dropped, 11);

    let trace = traced(&saving(&format!("{calls} (call $pushNewDeposit (i32.const 0) (i32.const 1))")), 2);
    assert_eq!((trace.calls.len(), trace.n_dropped), (3, 8));
    assert_eq!(
        shown(&trace)[2],
        "eth2.pushNewDeposit(pointer=0x0, length=1) failed: a deposit has 184 bytes, got 1"
    );
}

#[test]
fn a_host_call_that_is_not_paid_for_fails_in_the_trace_too() {
    let code = wasm(&saving("(drop (call $blockDataSize))"));
    let host = Host::new(HostConfig::default()).expect("the configuration is fine");
    let fuel_max = host.load(&code).expect("it loads").entry_fuel() + 1_500;
    let limits = Limits { fuel_max, ..Limits::default() };
    let host = Host::new(HostConfig { limits, ..HostConfig::default() }).expect("the configuration is fine");
    let ee = host.load(&code).expect("it loads");
    let (result, trace) = ee.execute_traced(&ExecutionInput::new(ROOT, vec![]), 10);
    assert_eq!(result.expect_err("it cannot pay").fuel_used, fuel_max);
    let ends: Vec<_> = trace.calls.iter().map(|call| call.result.is_ok()).collect();
    assert_eq!(ends, [true, false]);
    assert_eq!(shown(&trace)[1], "eth2.savePostStateRoot(pointer=0x0) failed: out of fuel");
}

#[test]
fn start_functions_and_libraries_are_part_of_the_trace() {
    let text = module(
        "(func $start (call $useTicks (i32.const 1))) (start $start)
         (func (export \"main\") (call $savePostStateRoot (i32.const 0)))",
    );
    assert_eq!(shown(&traced(&text, 9)), ["eth2.useTicks(ticks=1)", "eth2.savePostStateRoot(pointer=0x0)"]);
}

#[test]
fn block_data_that_is_refused_leaves_an_empty_trace() {
    let ee = load(&saving("")).expect("it loads");
    let (result, trace) = ee.execute_traced(&ExecutionInput::new(ROOT, vec![0; (1 << 20) + 1]), 10);
    assert!(result.is_err());
    assert_eq!(trace, Trace::default());
}

/// The host calls of real EEs, and failing ones.
#[cfg(feature = "wasmer")]
#[test]
fn traces_are_the_same_on_every_engine() {
    use outrider_host::{EngineKind, StateRoot};
    let hosts = [EngineKind::Wasmtime, EngineKind::Wasmer].map(|engine| {
        let config = HostConfig { engine, ..HostConfig::default() };
        Host::new(config).expect("the engine takes this configuration")
    });
    let keccak = [&[0][..], &100_u32.to_le_bytes()].concat();
    for (code, block_data) in [
        (support::blob("helloworld"), vec![]),
        (support::blob("workload"), keccak),
        (wasm(&saving("(call $print32 (i32.const 1)) (call $loadPreStateRoot (i32.const 65505))")), vec![]),
        (wasm(&saving("(call $print32 (i32.const 1)) unreachable")), vec![]),
    ] {
        let input = ExecutionInput::new(StateRoot::default(), block_data);
        let traces = hosts.each_ref().map(|host| {
            let ee = host.load(&code).expect("it loads");
            ee.execute_traced(&input, 1000).1
        });
        assert_eq!(traces[0], traces[1]);
        assert!(!traces[0].calls.is_empty());
    }
}
