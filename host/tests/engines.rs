//! Both engines give the same outcome for any module, to the unit of fuel.
#![cfg(feature = "wasmer")]

mod support;

use std::sync::LazyLock;
use std::time::Duration;

use outrider_host::{
    Ee, EngineKind, ExecutionInput, Host, HostConfig, HostError, Library, Limits, LoadError,
};
use support::{ROOT, module, saving, wasm};

const ENGINES: [EngineKind; 2] = [EngineKind::Wasmtime, EngineKind::Wasmer];

const LIMITS: Limits = Limits {
    module_bytes_max: 1 << 20,
    memory_pages_max: 16,
    memory_pages_near: 8,
    memory_far_factor: 16,
    code_bytes_near: 16 << 20,
    floats: true,
    table_elements_max: 1000,
    ticks_max: 1_000,
    deposits_max: 3,
    fuel_max: 10_000_000,
    stack_slots_max: 10_000,
    block_data_bytes_max: 1 << 20,
    unsaved_root: outrider_host::UnsavedRoot::Refused,
};

static HOSTS: LazyLock<[Host; 2]> = LazyLock::new(|| hosts(LIMITS));

/// A host for each engine.
fn hosts(limits: Limits) -> [Host; 2] {
    ENGINES.map(|engine| {
        let config = HostConfig { limits, engine, ..HostConfig::default() };
        Host::new(config).expect("the engine takes this configuration")
    })
}

/// The end of an execution and all of its results.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// `returned`, or the error.
    end: String,
    rest: String,
    fuel_used: u64,
}

fn execute(ee: &Ee) -> Outcome {
    execute_within(ee, u64::MAX)
}

fn execute_within(ee: &Ee, fuel_max: u64) -> Outcome {
    match ee.execute_within(&ExecutionInput::new(ROOT, b"block data".as_slice()), fuel_max) {
        Ok(output) => {
            Outcome { end: "returned".to_owned(), rest: format!("{output:?}"), fuel_used: output.fuel_used }
        }
        Err(error) => Outcome {
            end: outrider_host::chain(&error),
            rest: format!("{:?}", error.logs),
            fuel_used: error.fuel_used,
        },
    }
}

/// Executes an EE on both hosts, and returns the outcome if it is the same.
#[track_caller]
fn agreed(hosts: &[Host; 2], code: &[u8], libraries: &[Library<'_>]) -> Result<Outcome, LoadError> {
    let [first, second] = hosts.each_ref().map(|host| host.load_with_libraries(code, libraries));
    match (first, second) {
        (Ok(first), Ok(second)) => {
            let outcome = execute(&first);
            assert_eq!(outcome, execute(&second), "the first is wasmtime's, the second wasmer's");
            assert_eq!(outcome, execute(&second), "the second execution on wasmer differs");
            Ok(outcome)
        }
        (Err(first), Err(second)) => {
            assert_eq!(outrider_host::chain(&first), outrider_host::chain(&second));
            Err(first)
        }
        (first, second) => {
            panic!("loaded: {} {}; {:?}", first.is_ok(), second.is_ok(), first.err().or(second.err()))
        }
    }
}

/// Checks that both engines end the execution of this module in this way.
#[track_caller]
fn check(text: &str, end: &str) -> Outcome {
    let outcome = agreed(&HOSTS, &wasm(text), &[]).expect("it loads");
    assert_eq!(outcome.end, end, "{text}");
    outcome
}

/// The guest's own code costs `memory_far_factor` times as much once its memory has more than `memory_pages_near`
/// pages, initially or after growing; host calls cost the same.
#[test]
fn code_is_dearer_where_memory_is_far() {
    let spent = |pages: u32, grown: u32, body: &str| {
        let text = saving(&format!("(drop (memory.grow (i32.const {grown}))) {body}"));
        let text =
            text.replace("(memory (export \"memory\") 1)", &format!("(memory (export \"memory\") {pages})"));
        let outcome = agreed(&HOSTS, &wasm(&text), &[]).expect("it loads");
        assert_eq!(outcome.end, "returned");
        outcome.fuel_used
    };
    let near = LIMITS.memory_pages_near;
    let factor = u64::from(LIMITS.memory_far_factor);
    let code = "(i64.store (i32.const 64) (i64.div_u (i64.load (i32.const 64)) (i64.const 3)))";
    let call = "(call $blockDataCopy (i32.const 64) (i32.const 0) (i32.const 5))";
    let costs = |pages, grown, body| spent(pages, grown, body) - spent(pages, grown, "");
    // The remainder below the counter's unit is lost once, when the counter is divided.
    let is_about = |got: u64, expected: u64| got.abs_diff(expected) < factor;
    let (code_near, call_near) = (costs(1, near - 1, code), costs(1, near - 1, call));
    for (pages, grown) in [(1, near), (near, 1), (near + 1, 0)] {
        assert!(is_about(costs(pages, grown, code), code_near * factor), "{pages} {grown}");
        let arguments = 3 + 40 + 3;
        assert!(is_about(costs(pages, grown, call), call_near + arguments * (factor - 1)), "{pages} {grown}");
    }
    assert_eq!(costs(near, 0, code), code_near);
    // A failed growth changes nothing.
    assert_eq!(costs(1, LIMITS.memory_pages_max, code), code_near);
}

/// A program with more code than is near costs as much as one with far memory, from the start.
#[test]
fn code_is_dearer_where_it_is_far() {
    let text = |body: &str| wasm(&saving(body));
    let far = hosts(Limits { code_bytes_near: 0, ..LIMITS });
    let factor = u64::from(LIMITS.memory_far_factor);
    let code = "(i64.store (i32.const 64) (i64.div_u (i64.load (i32.const 64)) (i64.const 3)))";
    let cost = |hosts: &[Host; 2]| {
        let [with, without] = [code, ""].map(|body| agreed(hosts, &text(body), &[]).expect("it loads"));
        assert_eq!((with.end.as_str(), without.end.as_str()), ("returned", "returned"));
        with.fuel_used - without.fuel_used
    };
    assert_eq!(cost(&far), cost(&HOSTS) * factor);
}

/// The first type has the CRC-32 of `(i32) -> ()`, so wasmer cannot distinguish them. The letters are the solution of
/// linear equations.
#[test]
fn types_with_equal_hashes_are_refused() {
    let letters = "iiiiiIiiiIiiIiIIIIiiiIIIiIiiiiII";
    let types = letters.chars().map(|letter| if letter == 'i' { " i32" } else { " i64" }).collect::<String>();
    let refusal = |text: &str| agreed(&HOSTS, &wasm(text), &[]).map(|outcome| outcome.end);
    let text = |types: &str| {
        format!(
            "(module (type (func (param{types}))) (memory (export \"memory\") 1) (func (export \"main\")))"
        )
    };
    let error = refusal(&text(&types)).expect_err("it is refused").to_string();
    assert!(
        error.starts_with("type 0 at byte 0xb cannot be told apart from the type (i32) -> ()"),
        "{error}"
    );
    // With one more parameter the hash differs.
    assert!(refusal(&text(&format!("{types} i32"))).is_ok());
}

#[test]
fn every_trap() {
    let items = "(table $t 3 10 funcref) (table $u 1 funcref) (elem (i32.const 1) $forever $nothing)
        (elem $passive func $nothing) (data $bytes \"abc\")
        (func $forever (call $forever)) (func $nothing) (type $other (func (param i64)))";
    for (body, end) in [
        ("unreachable", "unreachable code was reached"),
        ("(drop (i32.load (i32.const 65536)))", "out of bounds memory access"),
        ("(drop (i32.load8_u offset=0xffffffff (i32.const -1)))", "out of bounds memory access"),
        ("(v128.store (i32.const 65521) (v128.const i64x2 0 0))", "out of bounds memory access"),
        ("(memory.fill (i32.const 65536) (i32.const 0) (i32.const 1))", "out of bounds memory access"),
        ("(memory.copy (i32.const 1) (i32.const 65500) (i32.const 37))", "out of bounds memory access"),
        ("(memory.init $bytes (i32.const 0) (i32.const 0) (i32.const 4))", "out of bounds memory access"),
        (
            "(data.drop $bytes) (memory.init $bytes (i32.const 0) (i32.const 0) (i32.const 1))",
            "out of bounds memory access",
        ),
        ("(table.set $t (i32.const 9) (ref.null func))", "out of bounds table access"),
        ("(drop (table.get $t (i32.const -1)))", "out of bounds table access"),
        ("(table.fill $t (i32.const 2) (ref.null func) (i32.const 2))", "out of bounds table access"),
        ("(table.copy $t $u (i32.const 0) (i32.const 0) (i32.const 2))", "out of bounds table access"),
        ("(table.init $t $passive (i32.const 0) (i32.const 0) (i32.const 2))", "out of bounds table access"),
        (
            "(elem.drop $passive) (table.init $t $passive (i32.const 0) (i32.const 0) (i32.const 1))",
            "out of bounds table access",
        ),
        ("(call_indirect $t (i32.const 3))", "out of bounds table access"),
        ("(call_indirect $u (type $other) (i64.const 0) (i32.const -1))", "out of bounds table access"),
        ("(call_indirect $t (i32.const 0))", "indirect call to a null element"),
        ("(call_indirect $t (type $other) (i64.const 0) (i32.const 0))", "indirect call to a null element"),
        (
            "(call_indirect $t (type $other) (i64.const 0) (i32.const 2))",
            "indirect call of a function with another type",
        ),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", "integer overflow"),
        ("(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))", "integer overflow"),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "integer division by zero"),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const 0)))", "integer division by zero"),
        ("(drop (i64.rem_s (i64.const 1) (i64.const 0)))", "integer division by zero"),
        ("(drop (i32.trunc_f32_s (f32.const nan)))", "invalid conversion to integer"),
        ("(drop (i64.trunc_f64_u (f64.const -nan)))", "invalid conversion to integer"),
        ("(drop (i32.trunc_f32_s (f32.const inf)))", "integer overflow"),
        ("(drop (i32.trunc_f64_u (f64.const -1)))", "integer overflow"),
        ("(drop (i64.trunc_f32_u (f32.const 1e20)))", "integer overflow"),
        ("(call $forever)", "call stack exhausted"),
    ] {
        check(
            &module(&format!("{items} (func (export \"main\") {body})")),
            &format!("the EE trapped: {end}"),
        );
    }
}

#[test]
fn segments_that_do_not_fit() {
    for (items, end) in [
        ("(data (i32.const 65536) \"a\")", "out of bounds memory access"),
        ("(table 1 funcref) (func $f) (elem (i32.const 1) $f)", "out of bounds table access"),
    ] {
        let outcome =
            check(&module(&format!("{items} (func (export \"main\"))")), &format!("the EE trapped: {end}"));
        let ended = check(
            &module(
                &format!("{items} (func (export \"main\") unreachable)")
                    .replace(" 65536)", " 65535)")
                    .replace("(i32.const 1) $f", "(i32.const 0) $f"),
            ),
            "the EE trapped: unreachable code was reached",
        );
        assert_eq!(outcome.fuel_used, ended.fuel_used, "instances are paid for before they are made");
    }
}

#[test]
fn failed_host_calls() {
    for (body, end) in [
        (
            "(call $loadPreStateRoot (i32.const 65505))",
            "eth2.loadPreStateRoot failed: 32 bytes at pointer 0xffe1 are not within the memory of 65536 bytes",
        ),
        (
            "(call $blockDataCopy (i32.const 0) (i32.const 8) (i32.const 3))",
            "eth2.blockDataCopy failed: 3 bytes at offset 8 are not within the block data of 10 bytes",
        ),
        (
            "(call $pushNewDeposit (i32.const 0) (i32.const 1))",
            "eth2.pushNewDeposit failed: a deposit has 184 bytes, got 1",
        ),
        (
            "(call $useTicks (i32.const 999)) (call $useTicks (i32.const 2))",
            "eth2.useTicks failed: out of ticks: 2 requested, 1 left of 1000",
        ),
        (
            "(call $sub256 (i32.const 0) (i32.const 32) (i32.const 64))",
            "bignum.sub256 failed: the difference is negative",
        ),
    ] {
        let body = format!("(i32.store (i32.const 32) (i32.const 1)) {body}");
        check(&saving(&body), &format!("the EE's call of {end}"));
    }
    check(&module("(func (export \"main\"))"), "the EE returned without saving a post-state root");
    // While a library's start function runs, no memory is attached, and it has no imports; the EE's own sees the
    // memory.
    // EE's own sees the memory.
    let start = "(func $start (call $printMemHex (i32.const 0) (i32.const 3))) (start $start)
        (func (export \"main\") (call $savePostStateRoot (i32.const 0)))";
    check(&module(start), "returned");
}

#[test]
fn budgets_of_a_small_program() {
    let code = wasm(&saving(
        "(local $i i32)
        (drop (memory.grow (i32.const 1)))
        (call $blockDataCopy (i32.const 0) (i32.const 0) (i32.const 10))
        (loop (call $print32 (local.get $i))
            (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2))))
        (memory.fill (i32.const 100) (i32.const 1) (i32.const 300))",
    ));
    let enough = agreed(&HOSTS, &code, &[]).expect("it loads");
    assert_eq!(enough.end, "returned");
    let [first, second] = HOSTS.each_ref().map(|host| host.load(&code).expect("it loads"));
    let used = enough.fuel_used;
    for fuel_max in (0..used).step_by(29).chain(used.saturating_sub(300)..used + 2) {
        let outcome = execute_within(&first, fuel_max);
        assert_eq!(outcome, execute_within(&second, fuel_max), "with {fuel_max} fuel");
        assert_eq!(outcome.end == "returned", fuel_max >= used, "{fuel_max}: {outcome:?}");
    }
}

#[test]
fn the_stack_ends_at_the_same_depth() {
    let text = "(func $deeper (param i64) (call $print32 (i32.const 1)) (call $deeper (local.get 0)))
        (func (export \"main\") (call $deeper (i64.const 0)))";
    for stack_slots_max in [100, 12_345, 65_536] {
        let hosts = hosts(Limits { stack_slots_max, fuel_max: 1 << 40, ..LIMITS });
        let outcome = agreed(&hosts, &wasm(&module(text)), &[]).expect("it loads");
        assert_eq!(outcome.end, "the EE trapped: call stack exhausted");
    }
}

/// Values that stay alive over a million slots of recursion, a megabyte of native stack and more.
#[test]
fn deep_recursion_within_the_limit_does_not_overflow_the_native_stack() {
    let text = "(func $deep (param i32 v128 v128 v128) (result v128)
            (if (result v128) (local.get 0)
                (then (i64x2.add
                    (i64x2.add (local.get 1) (i64x2.mul (local.get 2) (local.get 3)))
                    (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 2) (local.get 3) (local.get 1))))
                (else (local.get 1))))
        (func (export \"main\")
            (v128.store (i32.const 0) (call $deep (i32.const 3000)
                (v128.const i64x2 1 2) (v128.const i64x2 3 4) (v128.const i64x2 5 6)))
            (call $savePostStateRoot (i32.const 0)))";
    let hosts = hosts(Limits { stack_slots_max: 1 << 16, ..LIMITS });
    let outcome = agreed(&hosts, &wasm(&module(text)), &[]).expect("it loads");
    assert_eq!(outcome.end, "returned");
}

/// Values that an optimiser would compute once, before a loop, and keep on the stack across the calls in it.
#[test]
fn loop_invariants_across_recursion_do_not_overflow_the_native_stack() {
    for (n, depth, end) in [
        (57, 4_226, "returned"),
        (1_000, 260, "returned"),
        (57, 10_000, "the EE trapped: call stack exhausted"),
    ] {
        let stores: String = (0..n)
            .map(|i| {
                format!(
                    "(i64.store offset={} (i32.const 0) (i64.mul (local.get $x) (i64.const {})))",
                    i * 8,
                    3 + i * 1_048_578
                )
            })
            .collect();
        let text = saving(&format!("(call $f (i64.const 5) (i32.const {depth}))")).replacen(
            "(func (export \"main\")",
            &format!(
                "(func $f (param $x i64) (param $n i32)
                    (loop $l (if (i32.eqz (local.get $n)) (then return))
                        (if (i32.gt_u (local.get $n) (i32.const 1000000000)) (then {stores}))
                        (call $f (i64.add (local.get $x) (i64.const 1)) (i32.sub (local.get $n) (i32.const 1)))
                        (local.set $n (i32.const 0)) (br $l)))
                (func (export \"main\")"
            ),
            1,
        );
        let limits = Limits { stack_slots_max: 1 << 16, fuel_max: 1 << 30, ..LIMITS };
        let outcome = agreed(&hosts(limits), &wasm(&text), &[]).expect("it loads");
        assert_eq!(outcome.end, end, "{n} invariants, depth {depth}");
    }
}

#[test]
fn memories_and_tables_grow_to_the_limit() {
    for body in [
        "(call $print32 (memory.grow (i32.const 15))) (i32.store8 (i32.const 0xfffff) (i32.const 1))",
        "(call $print32 (memory.grow (i32.const 16)))",
        "(call $print32 (memory.grow (i32.const 17))) (call $print32 (memory.size))",
        "(call $print32 (table.grow $t (ref.null func) (i32.const 999)))",
        "(call $print32 (table.grow $t (ref.null func) (i32.const 1000)))",
        "(call $print32 (table.grow $t (ref.null func) (i32.const 9999))) (call $print32 (table.size $t))",
        "(call $print32 (table.grow $u (ref.null func) (i32.const 6))) (call $print32 (table.size $u))",
    ] {
        let text = format!(
            "(table $t 1 funcref) (table $u 0 5 funcref)
            (func (export \"main\") {body} (call $savePostStateRoot (i32.const 0)))"
        );
        check(&module(&text), "returned");
    }
    // A request to grow is paid for, whether it succeeds or not.
    for body in ["(drop (memory.grow (i32.const -1)))", "(drop (table.grow (ref.null func) (i32.const -1)))"]
    {
        let text = module(&format!("(table 1 funcref) (func (export \"main\") {body})"));
        check(&text, "the EE ran out of fuel: the limit is 10000000");
    }
    let at_its_own_limit = "(module (import \"debug\" \"print32\" (func $print32 (param i32)))
        (memory (export \"memory\") 1 3) (func (export \"main\")
            (call $print32 (memory.grow (i32.const 2))) (call $print32 (memory.grow (i32.const 1)))))";
    check(at_its_own_limit, "the EE returned without saving a post-state root");
}

#[test]
fn start_functions() {
    let main = "(func (export \"main\") (call $savePostStateRoot (i32.const 0)))";
    check(
        &module(&format!("(func $f (call $loadPreStateRoot (i32.const 0))) (start $f) {main}")),
        "returned",
    );
    let traps = format!("(func $f unreachable) (start $f) {main}");
    check(&module(&traps), "the EE trapped: unreachable code was reached");
    let forever = format!("(func $f (loop (br 0))) (start $f) {main}");
    check(&module(&forever), "the EE ran out of fuel: the limit is 10000000");
}

#[test]
fn libraries() {
    let library = wasm(
        "(module (memory (export \"memory\") 1) (table (export \"table\") 1 funcref)
            (global $n (export \"n\") (mut i32) (i32.const 5)) (data (i32.const 0) \"library\")
            (func $start (global.set $n (i32.const 6))) (start $start)
            (func (export \"inc\") (global.set $n (i32.add (global.get $n) (i32.const 1))))
            (func (export \"forever\") (loop (br 0))) (func (export \"trap\") unreachable))",
    );
    for (body, end) in [
        ("(call $inc)", "returned"),
        (
            "(call $print32 (memory.grow (i32.const 15))) (call $print32 (memory.grow (i32.const 1)))",
            "returned",
        ),
        ("(call $print32 (table.grow (ref.null func) (i32.const 1000)))", "returned"),
        ("(call $forever)", "the EE ran out of fuel: the limit is 10000000"),
        ("(call $trap)", "the EE trapped: unreachable code was reached"),
    ] {
        let text = format!(
            "(module (import \"lib\" \"memory\" (memory 1)) (import \"lib\" \"table\" (table 1 funcref))
            (import \"lib\" \"n\" (global $n (mut i32))) (import \"lib\" \"inc\" (func $inc))
            (import \"lib\" \"forever\" (func $forever)) (import \"lib\" \"trap\" (func $trap))
            (import \"env\" \"debug_print32\" (func $print32 (param i32)))
            (import \"eth2\" \"savePostStateRoot\" (func $save (param i32)))
            (export \"memory\" (memory 0))
            (func (export \"main\") {body} (call $print32 (global.get $n)) (call $save (i32.const 0))))"
        );
        let libraries = [Library { name: "lib", code: &library }];
        let outcome = agreed(&HOSTS, &wasm(&text), &libraries).expect("it loads");
        assert_eq!(outcome.end, end);
    }
}

#[test]
fn nans_have_one_pattern() {
    for expression in [
        "(i64.extend_i32_u (i32.reinterpret_f32 (f32.div (f32.const 0) (f32.const 0))))",
        "(i64.extend_i32_u (i32.reinterpret_f32 (f32.add (f32.const nan:0x200001) (f32.const -nan:0x1))))",
        "(i64.reinterpret_f64 (f64.sqrt (f64.const -1)))",
        "(i64.reinterpret_f64 (f64.min (f64.const nan:0x123456789) (f64.const 1)))",
        "(i64.reinterpret_f64 (f64.promote_f32 (f32.const nan:0x12345)))",
        "(i64.reinterpret_f64 (f64.neg (f64.const nan)))",
        "(i64.reinterpret_f64 (f64.nearest (f64.const nan:0x1)))",
        "(i64x2.extract_lane 1 (f64x2.mul (v128.const f64x2 0 inf) (v128.const f64x2 0 0)))",
        "(i64x2.extract_lane 0 (f32x4.sub (v128.const f32x4 inf nan:0x1 0 0) (v128.const f32x4 inf 0 0 0)))",
        "(i64x2.extract_lane 0 (f32x4.pmin (v128.const f32x4 nan:0x5 1 0 0) (v128.const f32x4 1 nan:0x1 0 0)))",
        "(i64x2.extract_lane 0 (f32x4.demote_f64x2_zero (v128.const f64x2 nan:0x1 -nan)))",
    ] {
        check(&saving(&format!("(call $print64 {expression})")), "returned");
    }
}

#[test]
fn wide_arithmetic_and_simd() {
    for body in [
        "(i64.mul_wide_u (i64.const -1) (i64.const -2)) (call $print64) (call $print64)",
        "(i64.mul_wide_s (i64.const -3) (i64.const 0x7fffffffffffffff)) (call $print64) (call $print64)",
        "(i64.add128 (i64.const -1) (i64.const 2) (i64.const 3) (i64.const 4)) (call $print64) (call $print64)",
        "(i64.sub128 (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)) (call $print64) (call $print64)",
        "(v128.store (i32.const 0) (i8x16.swizzle (v128.const i64x2 0x0102030405060708 -1) (v128.const i64x2 0x0f0e0d0c000102ff 7)))",
        "(v128.store (i32.const 0) (i16x8.q15mulr_sat_s (v128.const i64x2 0x8000800012345678 9) (v128.const i64x2 0x8000800087654321 8)))",
        "(v128.store (i32.const 0) (i32x4.trunc_sat_f32x4_u (v128.const f32x4 nan -1 1e20 3.7)))",
        "(v128.store (i32.const 0) (i8x16.popcnt (v128.const i64x2 0x0102030405060708 -1)))",
    ] {
        check(&saving(body), "returned");
    }
}

#[test]
fn backtraces_name_the_same_functions() {
    let text = module("(func $inner unreachable) (func $outer (export \"main\") (call $inner))");
    let frames = HOSTS.each_ref().map(|host| {
        let ee = host.load(&wasm(&text)).expect("it loads");
        let error = ee.execute(&ExecutionInput::new(ROOT, vec![])).expect_err("it traps");
        error
            .backtrace
            .into_iter()
            .map(|frame| (frame.function_index, frame.function_name))
            .collect::<Vec<_>>()
    });
    assert_eq!(frames[0], frames[1]);
    assert_eq!(frames[0].len(), 2);
}

#[test]
fn unsupported_settings_of_wasmer_are_refused() {
    let config = HostConfig { engine: EngineKind::Wasmer, ..HostConfig::default() };
    let refused = |config| Host::new(config).err().expect("it is refused");
    let error = refused(HostConfig { wall_clock_max: Some(Duration::from_secs(1)), ..config.clone() });
    assert!(matches!(error, HostError::Unsupported { engine: EngineKind::Wasmer, .. }), "{error}");
    let limits = Limits { stack_slots_max: u32::MAX, ..Limits::default() };
    let error = refused(HostConfig { limits, ..config });
    assert_eq!(error.to_string(), "the engine wasmer does not support so large a `limits.stack_slots_max`");
}

/// Returns a library with a global of each type, and an EE that imports them and has these items.
#[track_caller]
fn agreed_with_globals(items: &str, body: &str) -> Result<Outcome, LoadError> {
    let library = wasm(
        "(module (memory (export \"memory\") 1) (table (export \"table\") 8 funcref)
            (func $f (export \"f\") (result i32) (i32.const 77)) (elem declare func $f)
            (global (export \"i32\") i32 (i32.const 5)) (global (export \"i64\") i64 (i64.const 6))
            (global (export \"f32\") f32 (f32.const -1.5)) (global (export \"f64\") f64 (f64.const nan:0x1))
            (global (export \"v128\") v128 (v128.const i64x2 7 8))
            (global (export \"funcref\") funcref (ref.func $f)) (global (export \"null\") funcref (ref.null func)))",
    );
    let text = format!(
        "(module (import \"lib\" \"i32\" (global $i32 i32)) (import \"lib\" \"i64\" (global $i64 i64))
        (import \"lib\" \"f32\" (global $f32 f32)) (import \"lib\" \"f64\" (global $f64 f64))
        (import \"lib\" \"v128\" (global $v128 v128)) (import \"lib\" \"funcref\" (global $funcref funcref))
        (import \"lib\" \"null\" (global $null funcref)) (import \"lib\" \"f\" (func $f (result i32)))
        (import \"lib\" \"table\" (table $table 8 funcref)) (import \"lib\" \"memory\" (memory 1))
        (import \"debug\" \"print64\" (func $print64 (param i64)))
        (import \"debug\" \"print32\" (func $print32 (param i32)))
        (import \"eth2\" \"savePostStateRoot\" (func $save (param i32)))
        (export \"memory\" (memory 0)) (func $own (result i32) (i32.const 78)) {items}
        (func (export \"main\") {body} (call $save (i32.const 0))))"
    );
    agreed(&HOSTS, &wasm(&text), &[Library { name: "lib", code: &library }])
}

#[test]
fn constant_expressions_of_globals_have_the_same_value() {
    check_constants(&[
        ("(global $g i32 (global.get $i32))", "(call $print32 (global.get $g))", "returned"),
        ("(global $g i64 (global.get $i64))", "(call $print64 (global.get $g))", "returned"),
        (
            "(global $g f32 (global.get $f32))",
            "(call $print32 (i32.reinterpret_f32 (global.get $g)))",
            "returned",
        ),
        (
            "(global $g (mut f64) (global.get $f64))",
            "(call $print64 (i64.reinterpret_f64 (global.get $g)))",
            "returned",
        ),
        (
            "(global $g v128 (global.get $v128))",
            "(call $print64 (i64x2.extract_lane 1 (global.get $g)))",
            "returned",
        ),
        (
            "(global $g v128 (v128.const i64x2 1 2))",
            "(call $print64 (i64x2.extract_lane 1 (global.get $g)))",
            "returned",
        ),
        (
            "(global $g (mut i32) (i32.sub (i32.mul (global.get $i32) (i32.const 3)) (global.get $i32)))",
            "(call $print32 (global.get $g))",
            "returned",
        ),
        (
            "(global $g i64 (i64.add (i64.const -1) (i64.mul (global.get $i64) (global.get $i64))))",
            "(call $print64 (global.get $g))",
            "returned",
        ),
    ]);
}

#[test]
fn constant_expressions_of_data_segments_have_the_same_value() {
    let load = "(call $print64 (i64.load (i32.const 0))) (call $print64 (i64.load (i32.const 8)))";
    check_constants(&[
        ("(data (global.get $i32) \"abc\")", load, "returned"),
        ("(data (i32.add (global.get $i32) (i32.const -2)) \"abc\")", load, "returned"),
        (
            "(data (i32.sub (global.get $i32) (i32.const 6)) \"abc\")",
            load,
            "the EE trapped: out of bounds memory access",
        ),
    ]);
}

#[test]
fn constant_expressions_of_references_have_the_same_value() {
    let of_table = |index: &str| format!("(call $print32 (call_indirect $table (result i32) {index}))");
    check_constants(&[
        ("(elem (global.get $i32) func $own $f)", &of_table("(i32.const 6)"), "returned"),
        (
            "(elem (i32.mul (global.get $i32) (i32.const 1)) funcref (ref.func $own) (ref.null func))",
            &of_table("(i32.const 5)"),
            "returned",
        ),
        (
            "(elem (i32.sub (global.get $i32) (i32.const 6)) func $own)",
            "",
            "the EE trapped: out of bounds table access",
        ),
        (
            "(global $g funcref (global.get $funcref))",
            &format!(
                "(table.set $table (i32.const 1) (global.get $g)) {}
                (table.set $table (i32.const 1) (global.get $funcref)) {}",
                of_table("(i32.const 1)"),
                of_table("(i32.const 1)")
            ),
            "returned",
        ),
        (
            "(global $g funcref (global.get $null)) (global $h funcref (ref.null func))",
            "(call $print32 (i32.add (ref.is_null (global.get $g)) (ref.is_null (global.get $h))))",
            "returned",
        ),
        (
            "(global $g (mut funcref) (ref.func $own)) (global $h funcref (ref.func $f))",
            &format!(
                "(table.set $table (i32.const 0) (global.get $g)) {}
                (table.set $table (i32.const 0) (global.get $h)) {}",
                of_table("(i32.const 0)"),
                of_table("(i32.const 0)")
            ),
            "returned",
        ),
        (
            "(elem $e funcref (ref.func $f) (ref.null func))",
            &format!(
                "(table.init $table $e (i32.const 0) (i32.const 0) (i32.const 2)) {}",
                of_table("(i32.const 0)")
            ),
            "returned",
        ),
    ]);
}

#[test]
fn segments_that_were_written_or_only_declare_are_empty() {
    check_constants(&[
        (
            "(elem $e declare func $own)",
            "(table.init $table $e (i32.const 0) (i32.const 0) (i32.const 0)) (elem.drop $e)",
            "returned",
        ),
        (
            "(elem $e declare func $own)",
            "(table.init $table $e (i32.const 0) (i32.const 0) (i32.const 1))",
            "the EE trapped: out of bounds table access",
        ),
        (
            "(elem $e (i32.const 0) func $own)",
            "(table.init $table $e (i32.const 0) (i32.const 0) (i32.const 1))",
            "the EE trapped: out of bounds table access",
        ),
        (
            "(data $d (i32.const 0) \"abc\")",
            "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))
            (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))",
            "the EE trapped: out of bounds memory access",
        ),
    ]);
}

/// Checks that engines agree on global items, with a body that uses them, and checks how the execution ends.
#[track_caller]
fn check_constants(cases: &[(&str, &str, &str)]) {
    for (items, body, end) in cases {
        let outcome = agreed_with_globals(items, body).unwrap_or_else(|error| panic!("{items}: {error}"));
        assert_eq!(outcome.end, *end, "{items} {body}");
    }
}

#[test]
fn elements_from_globals_are_refused_with_place_and_remedy() {
    for (items, place) in [
        ("(elem (i32.const 0) funcref (ref.null func) (global.get $funcref))", "element segment 0"),
        ("(elem funcref (global.get $null))", "element segment 0"),
        ("(elem declare func $own) (elem declare funcref (global.get $funcref))", "element segment 1"),
    ] {
        let error = agreed_with_globals(items, "").expect_err("it is refused").to_string();
        assert!(
            error.contains(place) && error.contains("ref.func") && error.contains("table.set"),
            "{error}"
        );
    }
    let error = agreed_with_globals("(table 1 funcref (ref.func $own))", "").expect_err("it is refused");
    assert!(error.to_string().contains("function-references"), "{error}");
}
