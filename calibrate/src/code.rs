//! Cases of code that exceeds the instruction caches, run in random order.

use crate::case::{Case, Group, Module, Random, repeat};

/// Returns the cases.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = [64u32, 1_024, 4_096].into_iter().flat_map(functions).collect();
    cases.extend([1_000u32, 10_000].map(straight));
    cases.extend([140u32, 500].map(skipped));
    cases.push(branches());
    cases
}

fn case(name: &str, variant: String, module: &Module) -> Case {
    Case::new(Group::Code, name, variant, module)
}

/// Makes cases of functions called in random order. Each holds code that it does not run, so they lie far apart.
fn functions(n: u32) -> [Case; 2] {
    let padding = repeat(40, |index| {
        format!("(global.set $g (i32.xor (global.get $g) (i32.const {})))", index * 77_777)
    });
    let functions = repeat(n, |index| {
        format!(
            "(func $f{index} (if (global.get $never) (then {padding})) (global.set $g (i32.const {index})))"
        )
    });
    let names = (0..n).map(|index| format!("$f{index} ")).collect::<String>();
    let items = format!(
        "(type $t (func)) (global $g (mut i32) (i32.const 0)) (global $never (mut i32) (i32.const 0))
        {functions} (table {n} funcref) (elem (i32.const 0) {names})"
    );
    let order = Random::new(9).shuffled(n as usize);
    let calls = order.iter().map(|index| format!("(call $f{index})\n")).collect::<String>();
    let direct = Module::looping("", "", &calls, "").with(&items);
    let next =
        "(local.set $p (i32.add (i32.mul (local.get $p) (i32.const 0x19660d)) (i32.const 0x3c6ef35f)))";
    let call = format!(
        "{next} (call_indirect (type $t) (i32.and (i32.shr_u (local.get $p) (i32.const 8)) (i32.const {})))",
        n - 1
    );
    let indirect = Module::looping("(local $p i32)", "", &repeat(16, |_| call.clone()), "").with(&items);
    let large = |case: Case| if n > 64 { case.cold() } else { case };
    [
        large(case("call, cold code", format!("{n} functions in a fixed order"), &direct)),
        large(case("call_indirect, cold code", format!("{n} functions in no order"), &indirect)),
    ]
}

/// Makes a case of functions that skip long machine code a hundred times each. A few of them reach the limit of near
/// code.
fn skipped(n: u32) -> Case {
    let conversions = "i64.trunc_sat_f64_u f64.convert_i64_u ".repeat(5);
    let skip = format!(
        "(if (local.get $never) (then local.get $x f64.convert_i64_u {conversions}i64.trunc_sat_f64_u local.set $x))\n"
    );
    let skips = skip.repeat(100);
    let functions = repeat(n, |index| {
        format!(
            "(func $f{index} (param $never i32) (param $x i64) {skips} (i64.store (i32.const 0) (local.get $x)))"
        )
    });
    let calls = repeat(n, |index| format!("(call $f{index} (i32.const 0) (i64.const {index}))"));
    let module = Module::looping("", "", &calls, "").with(&functions);
    case("if, cold code", format!("{n} functions of 100"), &module).cold()
}

/// Makes a case of a loop of `n` cheap instructions.
fn straight(n: u32) -> Case {
    let body =
        repeat(n, |index| format!("(local.set $x (i32.add (local.get $x) (i32.const {})))", index * 7_777));
    case(
        "straight code",
        format!("{n} additions"),
        &Module::looping("(local $x i32)", "", &body, "(i32.store (i32.const 0) (local.get $x))"),
    )
}

/// Makes a case of a jump to a random one of `n` places, the largest power of two within the bound on nesting.
fn branches() -> Case {
    let n = 512u32;
    let labels = (0..n).map(|label| format!("{label} ")).collect::<String>();
    let arms = repeat(n, |arm| {
        format!(") (local.set $x (i32.xor (local.get $x) (i32.const {}))) (br $again)", arm * 77_777)
    });
    let body = format!(
        "(local.set $p (i32.add (i32.mul (local.get $p) (i32.const 0x19660d)) (i32.const 0x3c6ef35f)))
        {} (br_table {labels} 0 (i32.and (i32.shr_u (local.get $p) (i32.const 8)) (i32.const {}))) {arms}",
        "(block ".repeat(n as usize),
        n - 1
    );
    let module = Module::looping(
        "(local $x i32) (local $p i32)",
        "",
        &body,
        "(i32.store (i32.const 0) (local.get $x))",
    );
    case("br_table, cold code", format!("{n} targets in no order"), &module).cold()
}
