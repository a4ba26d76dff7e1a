//! Cases of branches, calls, variables, and the overhead of functions.

use crate::case::{Case, Group, Module, Random, repeat};

/// The number of subjects in a turn of the loop.
const TIMES: u32 = 64;

/// Returns the cases of control flow, calls and variables.
pub(crate) fn cases() -> Vec<Case> {
    [structure(), branches(), selects(), variables(), calls(), frames()].concat()
}

fn case(name: &str, variant: &str, covers: &[&'static str], module: &Module) -> Case {
    Case::new(Group::Control, name, variant, module).covering(covers)
}

/// Makes cases of constructs that cost nothing or next to nothing.
fn structure() -> Vec<Case> {
    let trap = Module { body: "unreachable".to_owned(), ..Module::new() };
    let plain = |name: &'static str, covers: &[&'static str], piece: &str| {
        let module = Module::looping("(local $x i64)", "", &repeat(TIMES, |_| piece.to_owned()), "");
        case(name, "", covers, &module)
    };
    vec![
        plain("nop", &["nop"], "nop"),
        plain("block", &["block", "end"], "block end"),
        plain("loop", &["loop"], "loop end"),
        plain("loop, nested", &["loop"], "loop loop loop end end end"),
        plain("drop", &["drop"], "(drop (local.get $x))"),
        plain("br", &["br"], "(block (br 0))"),
        plain("br_if, not taken", &["br_if"], "(block (br_if 0 (i64.eqz (i64.const 1))))"),
        plain("if", &["if", "else"], "(if (local.get $go) (then) (else))"),
        case("unreachable", "a whole execution", &["unreachable"], &trap).ending(crate::Ending::Traps),
    ]
}

/// The address and the number of random bytes.
const BYTES_ADDRESS: u32 = 1 << 16;
const N_BYTES: u32 = 1 << 17;

/// Makes a module that loops over random bytes: `$p` is the address of 64 of them.
fn over_bytes(locals: &str, body: &str, after: &str) -> Module {
    let step = TIMES + 1;
    let next = format!(
        "(local.set $p (i32.and (i32.add (local.get $p) (i32.const {step})) (i32.const {})))\n",
        N_BYTES / 2 - 1
    );
    Module::looping(&format!("(local $p i32) {locals}"), "", &(next + body), after)
        .pages(4)
        .data(BYTES_ADDRESS, &Random::new(11).bytes(N_BYTES as usize))
}

fn byte(index: u32) -> String {
    format!("(i32.load8_u offset={} (local.get $p))", BYTES_ADDRESS + index)
}

/// Returns the lowest bit of a byte.
fn bit(index: u32) -> String {
    format!("(i32.and {} (i32.const 1))", byte(index))
}

/// Makes cases of branches that no predictor gets right.
fn branches() -> Vec<Case> {
    let count = "(local.set $x (i32.add (local.get $x) (i32.const 1)))";
    let module = |piece: &dyn Fn(u32) -> String| {
        over_bytes("(local $x i32)", &repeat(TIMES, piece), "(i32.store (i32.const 0) (local.get $x))")
    };
    let mut cases = vec![
        case(
            "br_if",
            "unpredictable",
            &["br_if"],
            &module(&|index| format!("(block (br_if 0 {}) {count})", bit(index))),
        ),
        case("if", "unpredictable", &["if"], &module(&|index| format!("(if {} (then {count}))", bit(index)))),
        case(
            "if",
            "unpredictable, else",
            &["if", "else"],
            &module(&|index| {
                format!(
                    "(if {} (then {count}) (else (local.set $x (i32.shl (local.get $x) (i32.const 1)))))",
                    bit(index)
                )
            }),
        ),
        case(
            "if",
            "unpredictable, result",
            &["if", "else"],
            &module(&|index| {
                format!(
                    "(local.set $x (if (result i32) {} (then (local.get $p)) (else (local.get $x))))",
                    bit(index)
                )
            }),
        ),
    ];
    for n_targets in [2, 4, 16, 256] {
        let mask = n_targets - 1;
        let piece =
            |index: u32| br_table(n_targets, &format!("(i32.and {} (i32.const {mask}))", byte(index)));
        let variant = format!("unpredictable, {n_targets} targets");
        // A turn of the loop has fewer branches with many targets, so that the code stays warm.
        let times = if n_targets > 16 { 4 } else { TIMES };
        let module =
            over_bytes("(local $x i32)", &repeat(times, piece), "(i32.store (i32.const 0) (local.get $x))");
        cases.push(case("br_table", &variant, &["br_table"], &module));
    }
    cases.extend(branches_with_values());
    cases
}

/// Branches that carry 16 values.
fn branches_with_values() -> Vec<Case> {
    let mut cases = Vec::new();
    let values = (0..16).map(|_| "(local.get $x) ").collect::<String>();
    let types = "i32 ".repeat(16);
    let sets = "(local.set $x) ".repeat(15);
    for (name, branch) in [
        ("br", "(br 0)"),
        ("br_if", "(br_if 0 (local.get $go))"),
        ("br_table", "(br_table 0 0 (local.get $go))"),
    ] {
        let piece = format!("(block (result {types}) {values} {branch}) {sets} (local.set $p)");
        let module = Module::looping(
            "(local $x i32) (local $p i32)",
            "",
            &repeat(16, |_| piece.clone()),
            "(i32.store (i32.const 0) (local.get $p))",
        );
        cases.push(case(name, "with 16 values", &[name], &module));
    }
    // A loop that rotates its 16 parameters at each turn.
    let shift = repeat(16, |index| format!("(local.set $v{index})"));
    let back = repeat(16, |index| format!("(local.get $v{})", (index + 1) % 16));
    let rotation = format!(
        "{values} (loop $rotate (param {types}) {shift} {back} (br_if $rotate (local.get $go)) {})",
        "drop ".repeat(16)
    );
    let locals = repeat(16, |index| format!("(local $v{index} i32)"));
    let module = Module::looping(&format!("(local $x i32) {locals}"), "", &rotation, "");
    cases.push(case("br_if", "a loop of 16 parameters", &["br_if"], &module));
    cases
}

fn br_table(n_targets: u32, index: &str) -> String {
    let blocks = "(block ".repeat(n_targets as usize);
    let labels = (0..n_targets).map(|label| format!("{label} ")).collect::<String>();
    let arms =
        (0..n_targets).map(|arm| format!(") (local.set $x (i32.xor (local.get $x) (i32.const {arm})))"));
    format!("{blocks} (br_table {labels} {index}) {}", arms.collect::<String>())
}

/// Makes cases of selects by an unpredictable condition: without a branch for integers, and possibly with one for the
/// others.
fn selects() -> Vec<Case> {
    let mut cases = Vec::new();
    for ty in ["i32", "i64", "f32", "f64", "v128", "funcref"] {
        let is_reference = ty == "funcref";
        let (select, covers) =
            if is_reference { ("select (result funcref)", "select t") } else { ("select", "select") };
        let piece = |index: u32| {
            format!("({select} (local.get $a) (local.get $b) {}) (local.set $r{index})", bit(index))
        };
        let results = (0..16).map(|index| format!("(local $r{index} {ty}) ")).collect::<String>();
        let after = if is_reference {
            repeat(16, |index| format!("(drop (ref.is_null (local.get $r{index})))"))
        } else {
            repeat(16, |index| format!("({ty}.store (i32.const 0) (local.get $r{index}))"))
        };
        let module =
            over_bytes(&format!("(local $a {ty}) (local $b {ty}) {results}"), &repeat(16, piece), &after);
        cases.push(case(
            if is_reference { "select t" } else { "select" },
            &format!("{ty}, unpredictable"),
            &[covers],
            &module,
        ));
        if !is_reference {
            let piece = format!("(local.get $b) (local.get $go) select (result {ty})");
            let body = format!("(local.get $a) {} (local.set $a)", repeat(TIMES, |_| piece.clone()));
            let module = Module::looping(
                &format!("(local $a {ty}) (local $b {ty})"),
                "",
                &body,
                &format!("({ty}.store (i32.const 0) (local.get $a))"),
            );
            cases.push(case("select t", &format!("{ty}, chain"), &["select t"], &module));
        }
    }
    cases
}

fn variables() -> Vec<Case> {
    let mut cases = Vec::new();
    for ty in ["i32", "i64", "f32", "f64", "v128"] {
        let zero = if ty == "v128" { "(v128.const i64x2 0 0)".to_owned() } else { format!("({ty}.const 0)") };
        let module = |n: u32, body: &str| {
            Module::looping(
                &format!("(local $x {ty})"),
                "",
                body,
                &format!("({ty}.store (i32.const 0) (local.get $x))"),
            )
            .with(&repeat(n, |index| format!("(global $g{index} (mut {ty}) {zero})")))
        };
        let gets = repeat(TIMES, |_| "(global.set $g0 (global.get $g0))".to_owned());
        cases.push(case(
            "global.set",
            &format!("{ty}, chain"),
            &["global.get", "global.set"],
            &module(1, &gets),
        ));
        let sets = repeat(TIMES, |_| "(global.set $g0 (local.get $x))".to_owned());
        cases.push(case("global.set", &format!("{ty}, one"), &["global.set"], &module(1, &sets)));
        let loads = repeat(TIMES, |_| "(local.set $x (global.get $g0))".to_owned());
        cases.push(case("global.get", ty, &["global.get"], &module(1, &loads)));
        let many =
            repeat(900, |index| format!("(global.set $g{index} (global.get $g{}))", (index * 389 + 7) % 900));
        cases.push(case(
            "global.set",
            &format!("{ty}, 900"),
            &["global.get", "global.set"],
            &module(900, &many),
        ));
        let n = 200;
        let locals = repeat(n, |index| format!("(local $l{index} {ty})"));
        let rotate = format!(
            "{} {}",
            repeat(n, |index| format!("(local.get $l{index})")),
            repeat(n, |index| format!("(local.set $l{index})"))
        );
        let store = repeat(n, |index| format!("({ty}.store (i32.const 0) (local.get $l{index}))"));
        let module = Module::looping(&locals, "", &rotate, &store);
        cases.push(case("local.set", &format!("{ty}, 200 reversed"), &["local.get", "local.set"], &module));
        let tees = format!("(local.get $l0) {} drop", repeat(n, |index| format!("(local.tee $l{index})")));
        let module = Module::looping(&locals, "", &tees, &store);
        cases.push(case("local.tee", &format!("{ty}, 200"), &["local.tee"], &module));
    }
    cases
}

fn calls() -> Vec<Case> {
    let mut cases = Vec::new();
    let empty = Module::looping("", "", &repeat(TIMES, |_| "(call $f)".to_owned()), "").with("(func $f)");
    cases.push(case("call", "an empty function", &["call"], &empty));
    let returning =
        Module::looping("", "", &repeat(TIMES, |_| "(call $f)".to_owned()), "").with("(func $f return)");
    cases.push(case("return", "", &["return"], &returning));
    for (n_params, n_results) in [(1, 1), (16, 1), (64, 0), (0, 16), (64, 16)] {
        for ty in ["i64", "f64", "v128"] {
            let zero =
                if ty == "v128" { "(v128.const i64x2 0 0)".to_owned() } else { format!("({ty}.const 0)") };
            let get = if n_params == 0 { zero } else { "(local.get 0)".to_owned() };
            let function = format!(
                "(func $f (param {}) (result {}) {})",
                format!("{ty} ").repeat(n_params),
                format!("{ty} ").repeat(n_results),
                format!("{get} ").repeat(n_results)
            );
            let call = format!(
                "{} (call $f) {}",
                "(local.get $x) ".repeat(n_params),
                "(local.set $x) ".repeat(n_results)
            );
            let after = format!("({ty}.store (i32.const 0) (local.get $x))");
            let module =
                Module::looping(&format!("(local $x {ty})"), "", &repeat(16, |_| call.clone()), &after)
                    .with(&function);
            let variant = format!("{n_params} arguments and {n_results} results of type {ty}");
            cases.push(case("call", &variant, &["call"], &module));
            let call = call.replace("(call $f)", "(call_indirect (type $t) (i32.const 0))");
            let ty_text = format!(
                "(type $t (func (param {}) (result {})))",
                format!("{ty} ").repeat(n_params),
                format!("{ty} ").repeat(n_results)
            );
            let module =
                Module::looping(&format!("(local $x {ty})"), "", &repeat(16, |_| call.clone()), &after)
                    .with(&ty_text)
                    .with(&function)
                    .with("(table 1 funcref) (elem (i32.const 0) $f)");
            cases.push(case("call_indirect", &variant, &["call_indirect"], &module));
        }
    }
    for n in [1u32, 2, 16, 256] {
        let functions = repeat(n, |index| format!("(func $f{index} (global.set $g (i32.const {index})))"));
        let elements = (0..n).map(|index| format!("$f{index} ")).collect::<String>();
        let items = format!(
            "(type $t (func)) (global $g (mut i32) (i32.const 0)) {functions} (table {n} funcref) (elem (i32.const 0) {elements})"
        );
        let piece =
            |index| format!("(call_indirect (type $t) (i32.and {} (i32.const {})))", byte(index), n - 1);
        cases.push(case(
            "call_indirect",
            &format!("{n} functions in no order"),
            &["call_indirect"],
            &over_bytes("", &repeat(TIMES, piece), "").with(&items),
        ));
    }
    cases.extend([16, 500, 5_000].map(recursion));
    cases
}

/// Makes a case of recursion to a depth, with frames that are written to.
fn recursion(depth: u32) -> Case {
    let function = "(func $f (param $n i32) (result i32) (local $a i32) (local $b i32)
        (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
        (local.set $a (call $f (i32.sub (local.get $n) (i32.const 1))))
        (i32.add (local.get $a) (local.get $n)))";
    let body = format!("(local.set $x (call $f (i32.const {depth})))");
    let module = Module::looping("(local $x i32)", "", &body, "(i32.store (i32.const 0) (local.get $x))")
        .with(function);
    case("call", &format!("recursion to a depth of {depth}"), &["call"], &module)
}

/// Makes cases of functions with many locals that start at zero, so that entering a function takes time.
fn frames() -> Vec<Case> {
    let mut cases = Vec::new();
    for ty in ["i64", "v128"] {
        for n in [16u32, 128, 1_000, 4_000] {
            let locals = format!("(local {})", format!("{ty} ").repeat(n as usize));
            let change = if ty == "i64" { "(i64.const 1) i64.add" } else { "v128.not" };
            // Each local changes, so that none is a constant.
            let sets = repeat(n, |index| {
                format!("(local.get {}) {change} (local.set {})", (index + 1) % n + 1, index + 1)
            });
            // The branch never runs, but the locals have to be in place for it at each turn of the loop.
            let looped =
                format!("(func $f (param i32) {locals} (loop $l (if (local.get 0) (then {sets} (br $l)))))");
            let merged = format!(
                "(func $f (param i32) {locals} (if (local.get 0) (then {sets})) (if (local.get 0) (then {sets})))"
            );
            for (form, function) in [("a loop", looped), ("a branch", merged)] {
                let module =
                    Module::looping("", "", &repeat(4, |_| "(call $f (i32.const 0))".to_owned()), "")
                        .with(&function);
                cases.push(case("locals", &format!("{n} of type {ty}, before {form}"), &["call"], &module));
            }
            let inner = format!(
                "(func $f (param i32) {locals} (loop $o (loop $l (if (i32.eqz (local.get 0)) (then {sets} (br $l)))) (br_if $o (local.get 0))))"
            );
            let module = Module::looping("", "", "(call $f (i32.const 1))", "").with(&inner);
            cases.push(case(
                "locals",
                &format!("{n} of type {ty}, around an inner loop"),
                &["loop"],
                &module,
            ));
        }
    }
    cases
}
