//! The ends of executions, and their independence of each other.

mod support;

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use outrider_host::{
    AbortHandle, Allowance, EngineKind, ExecutionError, ExecutionErrorKind, ExecutionInput, Fault, Hash,
    Host, HostConfig, Import, Library, Limits, LoadError, StateRoot, StateSource, StopReason, TrapKind,
    UnsavedRoot,
};
use support::{HOST, ROOT, check_failure, load, module, run, saving, wasm};

/// An EE that counts its executions, in memory and in a global, and always finds that it is the first.
const COUNTER: &str = r#"
    (global $count (mut i32) (i32.const 0))
    (func (export "main")
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
        (i32.store (i32.const 0) (global.get $count))
        (call $savePostStateRoot (i32.const 0)))"#;

fn first() -> StateRoot {
    let mut root = [0; 32];
    root[0] = 1;
    root[4] = 1;
    StateRoot(root)
}

#[test]
fn each_trap_has_its_kind() {
    for (body, kind) in [
        ("unreachable", TrapKind::Unreachable),
        ("(drop (i32.load (i32.const 65536)))", TrapKind::MemoryOutOfBounds),
        ("(table.set $t (i32.const 9) (ref.null func))", TrapKind::TableOutOfBounds),
        ("(call_indirect $t (i32.const 0))", TrapKind::IndirectCallToNull),
        ("(call_indirect $t (param i64) (i64.const 0) (i32.const 1))", TrapKind::IndirectCallType),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", TrapKind::IntegerOverflow),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", TrapKind::IntegerDivisionByZero),
        ("(drop (i32.trunc_f32_s (f32.const nan)))", TrapKind::InvalidConversionToInteger),
        ("(call $forever)", TrapKind::StackOverflow),
    ] {
        let items = format!(
            "(table $t 2 funcref) (elem (i32.const 1) $forever) (func $forever (call $forever))
             (func (export \"main\") {body})"
        );
        let error = run(&module(&items), b"").expect_err("the execution traps");
        assert!(matches!(error.kind, ExecutionErrorKind::Trap(got) if got == kind), "{kind}: {error}");
        assert_eq!(error.fault(), Fault::Guest);
    }
}

#[test]
fn a_backtrace_names_functions_innermost_first() {
    let text = module(r#"(func $inner unreachable) (func $outer (export "main") (call $inner))"#);
    let error = run(&text, b"").expect_err("the execution traps");
    let names: Vec<_> = error.backtrace.iter().map(|frame| frame.function_name.as_deref()).collect();
    assert_eq!(names, [Some("inner"), Some("outer")]);
    assert!(error.backtrace.iter().all(|frame| frame.module_offset.is_some()));
}

#[test]
fn logs_survive_a_trap() {
    let error = run(&saving("(call $print32 (i32.const 7)) unreachable"), b"").expect_err("it traps");
    assert_eq!(error.logs.len(), 1);
}

#[test]
fn returning_without_a_post_state_root_is_an_error() {
    let error = run(&module(r#"(func (export "main"))"#), b"").expect_err("no root was saved");
    assert_eq!(error.to_string(), "the EE returned without saving a post-state root");
    assert_eq!(error.fault(), Fault::Guest);
}

/// Returns a host for each engine that is compiled in.
fn engines() -> impl Iterator<Item = EngineKind> {
    [EngineKind::Wasmtime, EngineKind::Wasmer].into_iter().filter(|engine| engine.is_compiled_in())
}

#[track_caller]
fn host(config: HostConfig) -> Host {
    Host::new(config).expect("the configuration is fine")
}

#[test]
fn a_root_that_was_not_saved_is_zeros_where_the_limits_say_so() {
    for engine in engines() {
        let limits = Limits { unsaved_root: UnsavedRoot::Zeros, ..Limits::default() };
        let host = host(HostConfig { engine, limits, ..HostConfig::default() });
        let root = |text: &str| {
            let ee = host.load(&wasm(text)).expect("it loads");
            let output = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect("it returns");
            (output.post_state_root, output.root_saved)
        };
        assert_eq!(root(&module("(func (export \"main\"))")), (StateRoot([0; 32]), false));
        assert_eq!(root(&saving("(call $loadPreStateRoot (i32.const 0))")), (ROOT, true));
        assert_eq!(root(&saving("")), (StateRoot([0; 32]), true));
    }
}

#[test]
fn the_results_of_main_are_dropped() {
    for engine in engines() {
        let host = host(HostConfig { engine, ..HostConfig::default() });
        let main = |results: &str, values: &str| {
            let text = module(&format!(
                "(func $f) (elem declare func $f)
                 (func (export \"main\") (result {results})
                    (call $loadPreStateRoot (i32.const 0)) (call $savePostStateRoot (i32.const 0)) {values})"
            ));
            host.load(&wasm(&text)).expect("it loads").execute(&ExecutionInput::new(ROOT, vec![]))
        };
        for (results, values) in [
            ("i32", "(i32.const 5)"),
            ("f64 i64", "(f64.const 1) (i64.const -1)"),
            ("v128 funcref", "(v128.const i64x2 1 2) (ref.func $f)"),
            ("i32", "(return (i32.const 1))"),
        ] {
            let output =
                main(results, values).unwrap_or_else(|error| panic!("{engine} {results}: {error:?}"));
            assert_eq!(output.post_state_root, ROOT, "{engine}: {results}");
        }
        let error = main("i32", "unreachable").expect_err("it traps");
        assert!(matches!(error.kind, ExecutionErrorKind::Trap(TrapKind::Unreachable)), "{error}");
    }
}

#[test]
fn a_refusal_has_its_reason_and_is_not_a_crash() {
    for engine in engines() {
        let host = host(HostConfig { engine, log_bytes_max: 0, ..HostConfig::default() });
        let refuse = |pointer: u32, length: u32| {
            let text = format!(
                "(data (i32.const 64) \"not mine\")
                 (func (export \"main\") (call $savePostStateRoot (i32.const 0))
                    (call $refuse (i32.const {pointer}) (i32.const {length})) unreachable)"
            );
            let ee = host.load(&wasm(&module(&text))).expect("it loads");
            ee.execute(&ExecutionInput::new(ROOT, vec![])).expect_err("it is refused")
        };
        let error = refuse(64, 8);
        assert_eq!((error.refusal(), error.fault()), (Some("not mine"), Fault::Block));
        assert!(error.fault().is_verdict());
        assert_eq!(error.to_string(), "the EE refuses the block: not mine");
        assert_eq!(refuse(0, 0).refusal(), Some(""));
        // A byte costs 75, and each of the first 1,024 is kept.
        assert_eq!(refuse(64, 1_008).fuel_used - error.fuel_used, 1_000 * 75);
        assert_eq!(refuse(0, 1_024).refusal().map(str::len), Some(1_024));
        assert_eq!(refuse(0, 60_000).refusal().map(str::len), Some(1_024));
        let error = refuse(65_535, 2);
        assert_eq!((error.refusal(), error.fault()), (None, Fault::Guest));
    }
}

/// An EE that calls the host until it is stopped.
const CALLS: &str = "(loop (drop (call $blockDataSize)) (br 0))";

#[test]
fn an_aborted_or_late_execution_stops_at_a_host_call_without_a_verdict() {
    for engine in engines() {
        let limits = Limits { fuel_max: u64::MAX, ..Limits::default() };
        let ee = host(HostConfig { engine, limits, ..HostConfig::default() }).load(&wasm(&saving(CALLS)));
        let ee = ee.expect("it loads");
        let input = ExecutionInput::new(ROOT, vec![]);
        let abort = AbortHandle::new();
        let error = thread::scope(|scope| {
            let run = scope.spawn(|| ee.execute_within(&input, abort.clone()));
            thread::sleep(Duration::from_millis(50));
            abort.abort();
            run.join().expect("it does not panic").expect_err("it is aborted")
        });
        assert!(matches!(error.kind, ExecutionErrorKind::Stopped(StopReason::Aborted)), "{error}");
        assert_eq!((error.fault(), error.fault().is_verdict()), (Fault::Limit, false));
        assert!(error.fuel_used > ee.entry_fuel(), "it was under way");
        let error = ee.execute_within(&input, abort).expect_err("it does not even start");
        assert!(matches!(error.kind, ExecutionErrorKind::Stopped(StopReason::Aborted)), "{error}");

        let deadline = Some(Instant::now() + Duration::from_millis(50));
        let allowance = Allowance { deadline, ..Allowance::default() };
        let error = ee.execute_within(&input, allowance).expect_err("it is late");
        assert!(matches!(error.kind, ExecutionErrorKind::Stopped(StopReason::Deadline)), "{error}");
    }
}

#[test]
fn an_execution_that_does_not_wait_fails_without_room() {
    for engine in engines() {
        let limits = Limits { fuel_max: u64::MAX, ..Limits::default() };
        // One execution takes all the memory.
        let memory_bytes_max = u64::from(limits.memory_pages_max) << 16;
        let ee = host(HostConfig { engine, limits, memory_bytes_max, ..HostConfig::default() })
            .load(&wasm(&saving(&format!("(if (call $blockDataSize) (then {CALLS}))"))))
            .expect("it loads");
        let (quick, endless) = (ExecutionInput::new(ROOT, vec![]), ExecutionInput::new(ROOT, vec![1]));
        let abort = AbortHandle::new();
        thread::scope(|scope| {
            let run = scope.spawn(|| ee.execute_within(&endless, abort.clone()));
            let error = loop {
                match ee.try_execute(&quick) {
                    Ok(_) => thread::yield_now(),
                    Err(error) => break error,
                }
            };
            assert!(matches!(error.kind, ExecutionErrorKind::Stopped(StopReason::NoRoom)), "{error}");
            assert_eq!(error.fault(), Fault::Limit);
            let none = Allowance { waits: false, ..Allowance::default() };
            let error = ee.provide_within(&quick, Arc::new(NoState), none).expect_err("there is no room");
            assert!(matches!(error.kind, ExecutionErrorKind::Stopped(StopReason::NoRoom)), "{error}");
            abort.abort();
            run.join().expect("it does not panic").expect_err("it is aborted");
        });
        assert_eq!(
            ee.try_execute(&quick).expect("there is room again").post_state_root,
            StateRoot::default()
        );
    }
}

/// A source of state without any.
struct NoState;

impl StateSource for NoState {
    fn node(&self, _: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>> {
        Ok(None)
    }

    fn blob(&self, _: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>> {
        Ok(None)
    }
}

#[test]
fn an_allowance_of_fuel_holds_in_every_way_of_executing() {
    let module = wasm(&saving("(loop (br 0))"));
    let ee = HOST.load(&module).expect("it loads");
    let probed = HOST.load_probed(&module, &[]).expect("it loads");
    let input = ExecutionInput::new(ROOT, vec![]);
    let fuel = ee.entry_fuel() + 1_000;
    for error in [
        ee.execute_within(&input, fuel).err(),
        ee.execute_traced_within(&input, 10, fuel).0.err(),
        ee.provide_within(&input, Arc::new(NoState), fuel).err(),
        probed.execute_within(&input, fuel).0.err(),
    ] {
        let error = error.expect("the loop does not end");
        assert!(matches!(error.kind, ExecutionErrorKind::OutOfFuel { limit } if limit == fuel), "{error}");
        assert_eq!(error.fuel_used, fuel);
    }
}

#[test]
fn on_an_interruptible_host_code_without_calls_is_aborted_too() {
    let limits = Limits { fuel_max: u64::MAX, ..Limits::default() };
    let host = host(HostConfig { interruptible: true, limits, ..HostConfig::default() });
    let ee = host.load(&wasm(&saving("(loop (br 0))"))).expect("it loads");
    let input = ExecutionInput::new(ROOT, vec![]);
    let abort = AbortHandle::new();
    let error = thread::scope(|scope| {
        let run = scope.spawn(|| ee.execute_within(&input, abort.clone()));
        thread::sleep(Duration::from_millis(50));
        abort.abort();
        run.join().expect("it does not panic").expect_err("it is aborted")
    });
    assert!(matches!(error.kind, ExecutionErrorKind::Stopped(StopReason::Aborted)), "{error}");
}

#[test]
fn a_loop_without_end_runs_out_of_fuel() {
    let error = run(&saving("(loop (br 0))"), b"").expect_err("the loop is stopped");
    assert_eq!(error.to_string(), "the EE ran out of fuel: the limit is 10000000");
    assert_eq!((error.fault(), error.fuel_used), (Fault::Guest, 10_000_000));
}

#[test]
fn a_loop_without_end_is_stopped_by_the_wall_clock() {
    let limits = Limits { fuel_max: u64::MAX, ..Limits::default() };
    let wall_clock_max = Some(Duration::from_millis(300));
    let host = Host::new(HostConfig { limits, wall_clock_max, ..HostConfig::default() });
    let ee =
        host.expect("the configuration is fine").load(&wasm(&saving("(loop (br 0))"))).expect("it loads");
    let error = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect_err("the loop is stopped");
    assert!(
        matches!(error.kind, ExecutionErrorKind::Stopped(StopReason::WallClock { limit }) if Some(limit) == wall_clock_max)
    );
    assert_eq!(error.fault(), Fault::Limit);
}

/// Executes `main` with this body on a host with this much fuel.
fn run_with_fuel(body: &str, fuel_max: u64) -> Result<u64, ExecutionError> {
    let limits = Limits { fuel_max, ..Limits::default() };
    let host = Host::new(HostConfig { limits, ..HostConfig::default() }).expect("the configuration is fine");
    let ee = host.load(&wasm(&saving(body))).expect("it loads");
    ee.execute(&ExecutionInput::new(ROOT, b"block".as_slice())).map(|output| output.fuel_used)
}

#[test]
fn fuel_that_just_suffices_does_and_one_less_does_not() {
    for body in [
        "",
        "(call $blockDataCopy (i32.const 0) (i32.const 0) (i32.const 5))",
        "(call $useTicks (i32.const 77))",
        "(drop (memory.grow (i32.const 2))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 100))",
        "(local $i i32) (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 9))))",
    ] {
        let used = run_with_fuel(body, 1_000_000).expect("a million is enough");
        assert_eq!(run_with_fuel(body, used).expect("it just suffices"), used);
        let error = run_with_fuel(body, used - 1).expect_err("it is one too little");
        assert!(matches!(error.kind, ExecutionErrorKind::OutOfFuel { limit } if limit == used - 1), "{body}");
        assert_eq!(error.fuel_used, used - 1);
    }
}

#[test]
fn host_calls_cost_what_the_table_says() {
    let cost = |body: &str| run_with_fuel(body, 1_000_000).expect("a million is enough");
    let empty = cost("");
    let ticks = |n: u32| cost(&format!("(call $useTicks (i32.const {n}))"));
    let import = Import::find("eth2", "useTicks").expect("it is in the table");
    assert_eq!(ticks(500) - ticks(0), 500);
    // Besides the import's price, the guest pays for a constant and for a call with one argument.
    assert_eq!(ticks(0) - empty, import.fuel.base + 1 + 41);
    let copy = |n: u32| cost(&format!("(call $blockDataCopy (i32.const 0) (i32.const 0) (i32.const {n}))"));
    let import = Import::find("eth2", "blockDataCopy").expect("it is in the table");
    assert_eq!(copy(5) - copy(0), 5 * import.fuel.per_unit);
}

#[test]
fn a_refusal_reports_the_fuel_used() {
    let spend = |n: u32| {
        let body = format!("(call $useTicks (i32.const {n})) unreachable");
        run_with_fuel(&body, 1_000_000).expect_err("it is refused").fuel_used
    };
    assert_eq!(spend(1_000) - spend(0), 1_000);
}

#[test]
fn stack_overflow_comes_at_the_same_depth() {
    // An endless recursion that counts its calls at 0.
    let items = "
        (func $deeper (param i64) (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
            (call $printMemHex (i32.const 0) (i32.const 4)) (call $deeper (local.get 0)))
        (func (export \"main\") (call $deeper (i64.const 0)))";
    let depth = |stack_slots_max| {
        let limits = Limits { stack_slots_max, ..Limits::default() };
        let host =
            Host::new(HostConfig { limits, ..HostConfig::default() }).expect("the configuration is fine");
        let ee = host.load(&wasm(&module(items))).expect("it loads");
        let error = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect_err("it overflows");
        assert!(matches!(error.kind, ExecutionErrorKind::Trap(TrapKind::StackOverflow)), "{error}");
        error.logs.len()
    };
    // A frame has 8 slots, 1 for the parameter and 3 for operands.
    assert_eq!(depth(12_000), 1_000 - 1);
    assert_eq!(depth(24_000), 2_000 - 1);
}

#[test]
fn deep_recursion_fits_on_a_small_thread() {
    let items = "
        (func $deeper (param i32) (if (local.get 0) (then (call $deeper (i32.sub (local.get 0) (i32.const 1))))))
        (func (export \"main\") (call $deeper (i32.const 5000)) (call $savePostStateRoot (i32.const 0)))";
    let host = Host::new(HostConfig::default()).expect("the configuration is fine");
    let ee = host.load(&wasm(&module(items))).expect("it loads");
    let thread = thread::Builder::new().stack_size(256 << 10);
    let run =
        thread.spawn(move || ee.execute(&ExecutionInput::new(ROOT, vec![])).map(|output| output.fuel_used));
    run.expect("it starts").join().expect("it does not panic").expect("it does not overflow");
}

#[test]
fn stack_that_is_not_there_even_without_recursion_is_refused() {
    let host = Host::new(HostConfig {
        limits: Limits { stack_slots_max: 8, ..Limits::default() },
        ..HostConfig::default()
    });
    let error =
        host.expect("the configuration is fine").load(&wasm(&saving(""))).err().expect("it is refused");
    assert_eq!(error.to_string(), "the functions need 9 slots of stack, the limit is 8");
}

#[test]
fn names_of_the_metering_are_reserved() {
    let error =
        load(&module("(func (export \"main\")) (global (export \"outrider_fuel\") i64 (i64.const 0))"));
    let error = error.err().expect("it is refused");
    assert!(matches!(error, LoadError::Meter(_)), "{error}");
}

#[test]
fn without_metering_only_host_calls_spend_fuel() {
    let host = Host::new(HostConfig { metered: false, ..HostConfig::default() });
    let ee = host.expect("the configuration is fine").load(&wasm(&saving(""))).expect("it loads");
    let output = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect("it runs");
    let import = Import::find("eth2", "savePostStateRoot").expect("it is in the table");
    assert_eq!(output.fuel_used, import.fuel.base);
}

#[test]
fn memory_grows_to_the_limit_and_no_further() {
    let root = |body: &str| run(&saving(body), b"").expect("it runs").post_state_root.0[0];
    assert_eq!(root("(i32.store8 (i32.const 0) (memory.grow (i32.const 15)))"), 1);
    assert_eq!(root("(i32.store8 (i32.const 0) (memory.grow (i32.const 16)))"), 0xff);
    let to_the_end = "(drop (memory.grow (i32.const 15))) (i32.store8 (i32.const 0xfffff) (i32.const 1))";
    assert_eq!(root(to_the_end), 0);
    check_failure(
        "(drop (memory.grow (i32.const 15))) (i32.store8 (i32.const 0x100000) (i32.const 1))",
        "the EE trapped: out of bounds memory access",
    );
}

#[test]
fn block_data_over_the_limit_is_the_blocks_fault() {
    let ee = load(&saving("")).expect("it loads");
    ee.execute(&ExecutionInput::new(ROOT, vec![0; 1 << 20])).expect("a megabyte is allowed");
    let error = ee.execute(&ExecutionInput::new(ROOT, vec![0; (1 << 20) + 1])).expect_err("one more is not");
    assert_eq!(error.to_string(), "the block data has 1048577 bytes, the limit is 1048576");
    assert_eq!(error.fault(), Fault::Block);
}

#[test]
fn the_start_function_runs_before_main() {
    let text = module(
        r#"(func $start (i32.store8 (i32.const 0) (i32.const 5)))
           (start $start)
           (func (export "main") (call $savePostStateRoot (i32.const 0)))"#,
    );
    assert_eq!(run(&text, b"").expect("it runs").post_state_root.0[0], 5);
}

#[test]
fn the_start_function_may_call_the_host_and_is_metered() {
    let text = module(
        r#"(func $start (call $loadPreStateRoot (i32.const 0)) (call $useTicks (i32.const 900)))
           (start $start)
           (func (export "main") (call $savePostStateRoot (i32.const 0)))"#,
    );
    let output = run(&text, b"").expect("it runs");
    assert_eq!((output.post_state_root, output.ticks_used), (ROOT, 900));
    let error = run(&module("(func $f (loop (br 0))) (start $f) (func (export \"main\"))"), b"");
    assert!(matches!(error.expect_err("it is stopped").kind, ExecutionErrorKind::OutOfFuel { .. }));
}

#[test]
fn a_library_draws_on_the_same_fuel() {
    let library = wasm(r#"(module (func (export "forever") (loop (br 0))))"#);
    let ee = r#"(module (import "lib" "forever" (func $forever)) (memory (export "memory") 1)
        (func (export "main") (call $forever)))"#;
    let libraries = [Library { name: "lib", code: &library }];
    let ee = HOST.load_with_libraries(&wasm(ee), &libraries).expect("it loads");
    let error = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect_err("it is stopped");
    assert!(matches!(error.kind, ExecutionErrorKind::OutOfFuel { .. }), "{error}");
}

#[test]
fn a_library_is_linked_by_its_name_and_fresh_each_time() {
    let library = wasm(
        r#"(module
            (global $count (mut i32) (i32.const 0))
            (func (export "count") (result i32)
                (global.set $count (i32.add (global.get $count) (i32.const 1)))
                (global.get $count)))"#,
    );
    let ee = r#"(module
        (import "counting" "count" (func $count (result i32)))
        (import "eth2" "savePostStateRoot" (func $save (param i32)))
        (memory (export "memory") 1)
        (func (export "main")
            (i32.store8 (i32.const 0) (call $count))
            (i32.store8 (i32.const 1) (call $count))
            (call $save (i32.const 0))))"#;
    let libraries = [Library { name: "counting", code: &library }];
    let ee = HOST.load_with_libraries(&wasm(ee), &libraries).expect("it loads");
    for _ in 0..3 {
        let output = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect("it runs");
        assert_eq!(output.post_state_root.0[..3], [1, 2, 0]);
    }
}

#[test]
fn a_memory_may_come_from_a_library() {
    let library = wasm(r#"(module (memory (export "memory") 1) (data (i32.const 0) "\05"))"#);
    let ee = r#"(module
        (import "eth2" "savePostStateRoot" (func $save (param i32)))
        (import "lib" "memory" (memory 1))
        (export "memory" (memory 0))
        (func (export "main") (call $save (i32.const 0))))"#;
    let libraries = [Library { name: "lib", code: &library }];
    let ee = HOST.load_with_libraries(&wasm(ee), &libraries).expect("it loads");
    let output = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect("it runs");
    assert_eq!(output.post_state_root.0[0], 5);
}

#[test]
fn executions_leave_nothing_behind() {
    let ee = load(&module(COUNTER)).expect("it loads");
    for _ in 0..100 {
        let output = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect("it runs");
        assert_eq!(output.post_state_root, first());
    }
}

#[test]
fn many_threads_share_an_ee() {
    // Fewer places than threads, so that some have to wait.
    let config = HostConfig { concurrent_executions_max: 3, ..HostConfig::default() };
    let ee = Host::new(config).map(|host| host.load(&wasm(&module(COUNTER))));
    let ee = ee.expect("the configuration is fine").expect("it loads");
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let output = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect("it runs");
                    assert_eq!(output.post_state_root, first());
                }
            });
        }
    });
}

#[test]
fn an_ee_outlives_its_host() {
    let ee =
        Host::new(HostConfig::default()).expect("the configuration is fine").load(&wasm(&module(COUNTER)));
    let output = ee.expect("it loads").execute(&ExecutionInput::new(ROOT, vec![])).expect("it runs");
    assert_eq!(output.post_state_root, first());
}

#[test]
#[cfg(target_os = "linux")]
fn thousands_of_executions_do_not_grow_the_process() {
    let dirty_and_log = "
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))
        (drop (memory.grow (i32.const 15)))
        (memory.fill (i32.const 65536) (i32.const 2) (i32.const 0xf0000))
        (call $printMemHex (i32.const 0) (i32.const 1000))";
    let ee = load(&saving(dirty_and_log)).expect("it loads");
    let execute = |n| {
        for _ in 0..n {
            ee.execute(&ExecutionInput::new(ROOT, vec![0; 1000])).expect("it runs");
        }
        resident_pages()
    };
    let before = execute(500);
    let after = execute(4_000);
    // Each execution touches 256 pages; a leak of one page in eight executions would be noticed.
    assert!(after < before + 500, "{before} pages before, {after} after");
}

/// Returns the number of pages of 4 KiB that the process holds.
#[cfg(target_os = "linux")]
fn resident_pages() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("the second field is a number")
}
