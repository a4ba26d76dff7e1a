//! Programs written for one property each.

use wasmtime::{Caller, Extern, Func, Global, GlobalType, Instance, Module, Mutability, Store, Val, ValType};

use super::{
    super::{Linkage, entry::PAGE_LOG2},
    FUEL_EXPORT, STACK_EXPORT, instrument,
    run::{self, Outcome, STACK_SLOTS, run_metered, run_naive, run_plain},
};

/// Each control construct and bulk instruction, in one program.
pub(super) const EVERYTHING: &str = r#"(module
  (type $pair (func (result i32 i64)))
  (type $unary (func (param i32) (result i32)))
  (memory (export "memory") 1 4)
  (table $table (export "table") 4 20 funcref)
  (elem (i32.const 0) func $double $sum)
  (elem $spare func $double)
  (data $text "outrider")
  (global $count (export "count") (mut i32) (i32.const 0))
  (func $start (global.set $count (i32.const 5)))
  (start $start)
  (func $double (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func $sum (type $unary) (local i32)
    (loop $next
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $early (param i32) (result i32 i64)
    (br_if 0 (i32.const 1) (i64.const 2) (local.get 0)) drop drop
    (if (i32.eq (local.get 0) (i32.const 0)) (then (return (i32.const 3) (i64.const 4))))
    unreachable)
  (func $switch (param i32) (result i32)
    (block $default (block $two (block $one
      (br_table $one $two $default (local.get 0)))
      (return (i32.const 10)))
      (br $default))
    (if (result i32) (i32.gt_u (local.get 0) (i32.const 5))
      (then (i32.const 20))
      (else (call_indirect (type $unary) (i32.add (local.get 0) (i32.const 1)) (i32.and (local.get 0) (i32.const 1))))))
  (func (export "run") (param i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 7) (i32.const 100))
    (memory.copy (i32.const 50) (i32.const 0) (i32.const 33))
    (memory.init $text (i32.const 3) (i32.const 0) (i32.const 8))
    (data.drop $text)
    (drop (memory.grow (i32.const 1)))
    (drop (table.grow $table (ref.func $double) (i32.const 3)))
    (table.fill $table (i32.const 4) (ref.null func) (i32.const 2))
    (table.copy $table $table (i32.const 2) (i32.const 0) (i32.const 2))
    (table.init $table $spare (i32.const 3) (i32.const 0) (i32.const 1))
    (elem.drop $spare)
    (call $early (i32.and (local.get 0) (i32.const 1))) drop
    (i32.add (call $switch (local.get 0)))
    (i32.add (call $sum (local.get 0)))
    (global.set $count (i32.add (global.get $count) (local.get 0)))))"#;

fn parse(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

#[test]
fn a_program_of_every_construct_uses_the_fuel_of_the_naive_model() {
    let (engine, wasm) = (run::engine(), parse(EVERYTHING));
    for argument in 1..10 {
        let arguments = [Val::I32(argument)];
        let metered = run_metered(&engine, &wasm, "run", &arguments, (1 << 40, STACK_SLOTS));
        let naive = run_naive(&engine, &wasm, "run", &arguments);
        let plain = run_plain(&engine, &wasm, "run", &arguments);
        assert!(matches!(metered.outcome, Outcome::Returned(_)), "{metered:?}");
        // The naive model keeps the start function, which runs before and is charged like the rest.
        assert_eq!(metered, naive);
        assert_eq!((metered.outcome, metered.state), (plain.outcome, plain.state));
    }
}

#[test]
fn every_budget_below_the_price_runs_out_and_every_other_one_is_enough() {
    let wasm = parse(
        r#"(module
          (func $collatz (param i32) (result i32) (local i32)
            (block $done (loop $next
              (br_if $done (i32.eq (local.get 0) (i32.const 1)))
              (local.set 1 (i32.add (local.get 1) (i32.const 1)))
              (if (i32.and (local.get 0) (i32.const 1))
                (then (local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.const 1))))
                (else (local.set 0 (i32.shr_u (local.get 0) (i32.const 1)))))
              (br $next)))
            (local.get 1))
          (func (export "run") (result i32)
            (i32.add (call $collatz (i32.const 6)) (call $collatz (i32.const 7)))))"#,
    );
    let engine = run::engine();
    let enough = run_metered(&engine, &wasm, "run", &[], (1 << 40, STACK_SLOTS));
    assert_eq!(enough.outcome, Outcome::Returned(vec!["I32(24)".to_owned()]));
    for budget in 0..enough.fuel + 10 {
        let run = run_metered(&engine, &wasm, "run", &[], (budget, STACK_SLOTS));
        if budget < enough.fuel {
            assert_eq!((run.outcome, run.fuel), (Outcome::OutOfFuel, budget));
        } else {
            assert_eq!(run, enough);
        }
    }
}

#[track_caller]
fn check_endless(body: &str) {
    let wasm = parse(&format!(
        r#"(module (memory 1 1) (table 1 1 funcref) (elem (i32.const 0) func $f)
          (func $leaf)
          (func $f (export "run") (local i32 i64) {body}))"#
    ));
    for budget in [0, 1, 100, 12_345] {
        let run = run_metered(&run::engine(), &wasm, "run", &[], (budget, 1 << 30));
        assert_eq!((run.outcome, run.fuel), (Outcome::OutOfFuel, budget), "{body}");
    }
}

#[test]
fn endless_programs_run_out_of_fuel() {
    check_endless("(loop (br 0))");
    check_endless("(loop (loop (br 1)))");
    check_endless("(loop $a (loop $b (br_if $b (local.get 0)) (br $a)))");
    check_endless("(loop (block (block (br_table 0 1 2 (i32.const 2)))) unreachable)");
    check_endless("(loop (call $leaf) (br 0))");
    check_endless("(loop (i32.const 0) (if (then) (else (br 1))))");
    check_endless("(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 9)) (br 0))");
    check_endless("(call $f)");
    check_endless("(call_indirect (i32.const 0))");
}

#[test]
fn bulk_instructions_pay_by_size_before_they_run() {
    let wasm = parse(
        r#"(module (memory (export "memory") 1 10)
          (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))
          (func (export "grow") (param i32) (drop (memory.grow (local.get 0)))))"#,
    );
    let engine = run::engine();
    let used =
        |function, size, fuel| run_metered(&engine, &wasm, function, &[Val::I32(size)], (fuel, STACK_SLOTS));
    let empty = used("fill", 0, 10_000).fuel;
    assert_eq!(used("fill", 5000, 10_000).fuel, empty + 5000);
    let short = used("fill", 5000, empty + 4999);
    assert_eq!(short.outcome, Outcome::OutOfFuel);
    assert_eq!(short.state, used("fill", 0, 10_000).state, "the memory was filled all the same");
    // A size out of bounds is paid before it traps, and the greatest size does not wrap.
    assert_eq!(used("fill", -1, 1000).outcome, Outcome::OutOfFuel);
    let nothing = used("grow", 0, 1000).fuel;
    assert_eq!(used("grow", 3, 1_000_000).fuel, nothing + (3 << PAGE_LOG2));
    let short = used("grow", 3, nothing + (3 << PAGE_LOG2) - 1);
    assert_eq!(short.outcome, Outcome::OutOfFuel);
    assert_eq!(short.state, used("grow", 0, 1_000).state, "the memory has grown all the same");
    assert_eq!(used("grow", -1, 1 << 40).outcome, Outcome::OutOfFuel);
}

/// Runs `run` at every stack limit up to the sufficient one, which must be `expected`.
#[track_caller]
fn check_stack(functions: &str, expected: i64) {
    let wasm = parse(&format!(
        r#"(module (type $t (func (param i32))) (table 2 funcref) (elem (i32.const 0) func $f) {functions}
          (func (export "run") (call $f (i32.const 9))))"#
    ));
    let engine = run::engine();
    let reserve = i64::try_from(instrument(&wasm, Linkage::Alone).unwrap().stack_reserve_slots).unwrap();
    for limit in reserve..expected + 3 {
        let run = run_metered(&engine, &wasm, "run", &[], (1 << 40, limit));
        let outcome = if limit < expected { Outcome::StackOverflow } else { Outcome::Returned(vec![]) };
        assert_eq!(run.outcome, outcome, "limit {limit}, reserve {reserve}");
    }
}

#[test]
fn recursion_overflows_the_stack_at_one_depth() {
    let next = "(local.get 0) (if (then (call $f (i32.sub (local.get 0) (i32.const 1)))))";
    // `run`: 8 + 1 operand; each of the 10 frames: 8 + 1 parameter + 2 operands.
    check_stack(&format!("(func $f (param i32) {next})"), 9 + 10 * 11);
    // Mutual: `g` has two more locals.
    check_stack(
        &format!(
            "(func $f (param i32) (call $g (local.get 0))) (func $g (param i32) (local i64 i64) {next})"
        ),
        9 + 10 * (10 + 13),
    );
    // Indirect: three operands at the call.
    let indirect =
        next.replace("(call $f", "(call_indirect (type $t)").replace("1)))))", "1)) (i32.const 0))))");
    check_stack(&format!("(func $f (param i32) {indirect})"), 9 + 10 * 11);
}

#[test]
fn returning_gives_the_stack_back() {
    let body = "(if (i32.eqz (local.get 0)) (then (return)))
      (block (br_if 1 (i32.eq (local.get 0) (i32.const 1))))
      (call $f (i32.sub (local.get 0) (i32.const 2))) (call $f (i32.sub (local.get 0) (i32.const 2)))";
    check_stack(&format!("(func $f (param i32) {body})"), 9 + 5 * 11);
}

#[test]
fn only_functions_on_a_cycle_of_calls_count_their_frames() {
    let recursive = |wat: &str, linkage| instrument(&parse(wat), linkage).unwrap().n_recursive;
    let chain = "(module (func $a call $b) (func $b call $c) (func $c))";
    assert_eq!(recursive(chain, Linkage::Alone), 0);
    // The table holds $c, whose type differs from that of the call.
    let indirect = "(module (type $t (func)) (table 1 funcref) (elem (i32.const 0) func $c)
      (func $a call $b) (func $b (call_indirect (type $t) (i32.const 0))) (func $c (param i32) call $a))";
    assert_eq!(recursive(indirect, Linkage::Alone), 0);
    assert_eq!(recursive(&indirect.replace("$c (param i32)", "$c"), Linkage::Alone), 3);
    // A library may call back through the export.
    let callback = r#"(module (import "library" "f" (func $f)) (func $a call $f) (func (export "b") call $a) (func $c))"#;
    assert_eq!(recursive(callback, Linkage::Alone), 0);
    assert_eq!(recursive(callback, Linkage::Linked), 2);
}

#[test]
fn the_reserve_is_the_heaviest_path_of_calls_that_are_not_recursive() {
    let wat = "(module (func $a call $b call $c) (func $b (local i32 i32)) (func $c call $d call $c) (func $d (local i64)))";
    // $a and $d, through the recursive $c, weigh 8 and 9; $a and $b 8 and 10.
    assert_eq!(instrument(&parse(wat), Linkage::Alone).unwrap().stack_reserve_slots, 18);
}

/// The guest's counter is up to date in host functions, and their charges reach the guest.
#[test]
fn host_functions_see_and_charge_the_same_counter() {
    let wasm = parse(
        r#"(module (import "host" "charge" (func $charge (param i64)))
          (func (export "run") (loop (call $charge (i64.const 1000)) (br 0))))"#,
    );
    let engine = run::engine();
    let module = Module::new(&engine, instrument(&wasm, Linkage::Alone).unwrap().code).unwrap();
    let mut store = Store::new(&engine, Vec::new());
    let charge = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<i64>>, amount: i64| {
        let Some(Extern::Global(fuel)) = caller.get_export(FUEL_EXPORT) else { unreachable!() };
        let left = fuel.get(&mut caller).unwrap_i64();
        caller.data_mut().push(left);
        fuel.set(&mut caller, Val::I64(left - amount)).unwrap();
    });
    let instance = Instance::new(&mut store, &module, &[charge.into()]).unwrap();
    let [fuel, stack] =
        [FUEL_EXPORT, STACK_EXPORT].map(|name| instance.get_global(&mut store, name).unwrap());
    fuel.set(&mut store, Val::I64(2500)).unwrap();
    stack.set(&mut store, Val::I64(100)).unwrap();
    instance.get_func(&mut store, "run").unwrap().call(&mut store, &[], &mut []).unwrap_err();
    assert_eq!(fuel.get(&mut store).unwrap_i64(), -1);
    // One round: i64.const 1, call 40 + 1, and after it br 2.
    assert_eq!(*store.data(), [2500 - 42, 1500 - 86, 500 - 130]);
}

/// Traps of the guest are distinguished from exhausted counters.
#[test]
fn traps_of_the_guest_remain_what_they_are() {
    let wasm = parse(
        r#"(module (memory 1)
          (func (export "unreachable") (drop (i32.const 1)) unreachable)
          (func (export "load") (drop (i32.load (i32.const -1))))
          (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.const 0)))))"#,
    );
    let engine = run::engine();
    for function in ["unreachable", "load", "divide"] {
        let metered = run_metered(&engine, &wasm, function, &[], (100, STACK_SLOTS));
        assert_eq!(metered.outcome, run_plain(&engine, &wasm, function, &[]).outcome);
        assert!(matches!(metered.outcome, Outcome::Trapped(Some(_))), "{metered:?}");
    }
    assert_eq!(run_metered(&engine, &wasm, "unreachable", &[], (100, STACK_SLOTS)).fuel, 1);
}

/// A library and its user draw on the same fuel and the same stack.
#[test]
fn linked_modules_share_their_counters() {
    let library = r#"(module (global $own (mut i32) (i32.const 40))
      (func (export "add") (param i32) (result i32)
        (global.set $own (i32.add (global.get $own) (i32.const 1)))
        (i32.add (local.get 0) (global.get $own))))"#;
    let user = r#"(module (import "library" "add" (func $add (param i32) (result i32)))
      (import "library" "limit" (global $limit i32))
      (global $own (mut i32) (global.get $limit)) (global $other i64 (i64.const 9))
      (export "own" (global $own)) (export "other" (global $other))
      (func (export "run") (result i32) (global.set $own (call $add (global.get $own))) (global.get $own)))"#;
    let engine = run::engine();
    let mut store = Store::new(&engine, ());
    let [library, user] = [library, user].map(|wat| {
        let code = instrument(&parse(wat), Linkage::Linked).unwrap().code;
        run::validate(&code);
        Module::new(&engine, &code).unwrap()
    });
    let counter = GlobalType::new(ValType::I64, Mutability::Var);
    let fuel = Global::new(&mut store, counter.clone(), Val::I64(1000)).unwrap();
    let stack = Global::new(&mut store, counter.clone(), Val::I64(1000)).unwrap();
    let pages = Global::new(&mut store, counter, Val::I64(0)).unwrap();
    let limit =
        Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Const), Val::I32(7)).unwrap();
    let library = Instance::new(&mut store, &library, &[fuel.into(), stack.into(), pages.into()]).unwrap();
    let add = library.get_func(&mut store, "add").unwrap();
    let imports = [add.into(), limit.into(), fuel.into(), stack.into(), pages.into()];
    let user = Instance::new(&mut store, &user, &imports).unwrap();
    let run = user.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), 7 + 41);
    // In `run` 4 + (40 + 2) + 16 + 4, in `add` (4 + 1 + 1 + 16) + (1 + 4 + 1).
    assert_eq!(fuel.get(&mut store).unwrap_i64(), 1000 - 66 - 28);
    assert_eq!(user.get_global(&mut store, "own").unwrap().get(&mut store).unwrap_i32(), 48);
    assert_eq!(user.get_global(&mut store, "other").unwrap().get(&mut store).unwrap_i64(), 9);
    fuel.set(&mut store, Val::I64(50)).unwrap();
    run.call(&mut store, ()).unwrap_err();
    assert_eq!(fuel.get(&mut store).unwrap_i64(), -1);
}

/// The stack counter runs out before the engine's stack does.
#[test]
fn the_counter_ends_before_the_stack_of_the_engine() {
    let locals = "(local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)";
    let sum = (1..=12).fold("(i64.const 0)".to_owned(), |sum, i| format!("(i64.add {sum} (local.get {i}))"));
    let loads: String =
        (1..=12).map(|i| format!("(local.set {i} (i64.load (i32.const {})))", i * 8)).collect();
    let wasm = parse(&format!(
        r#"(module (memory 1) (func $f (export "run") (param i32) {locals} {loads} (call $f (i32.const 1)) (i64.store (i32.const 0) {sum})))"#
    ));
    let mut config = wasmtime::Config::new();
    config.max_wasm_stack(512 * 1024);
    let engine = wasmtime::Engine::new(&config).unwrap();
    let run = run_metered(&engine, &wasm, "run", &[Val::I32(0)], (1 << 40, 512 * 1024 / 16));
    assert_eq!(run.outcome, Outcome::StackOverflow);
}

#[test]
fn names_and_exports_are_kept() {
    let wat = r#"(module $guest (import "host" "f" (func $host)) (func $main (export "main") (param $a i32) call $host)
      (global $g (export "g") i32 (i32.const 1)) (@custom "note" "text"))"#;
    for linkage in [Linkage::Alone, Linkage::Linked] {
        let code = instrument(&parse(wat), linkage).unwrap().code;
        let text = wasmprinter::print_bytes(&code).unwrap();
        for kept in [
            "(module $guest",
            "$host",
            "(func $main",
            "(param $a i32)",
            "(global $g ",
            "call $host",
            "(export \"g\" (global $g))",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        assert!(!text.contains("note"), "{text}");
    }
}
