//! Cases of instructions on ranges of memory, on tables, and on references.

use crate::case::{Case, Group, Module, Random, repeat};

/// Returns the cases.
pub(crate) fn cases() -> Vec<Case> {
    [ranges(), growth(), segments(), tables(), references()].concat()
}

fn case(name: &'static str, variant: &str, module: &Module) -> Case {
    Case::new(Group::Instruction, name, variant, module).covering(&[name])
}

/// The number of instructions in a turn of the loop.
const TIMES: u32 = 16;

fn ranges() -> Vec<Case> {
    let mut cases = Vec::new();
    for bytes in [0u32, 1, 7, 16, 31, 64, 100, 256, 1_000, 4_096, 65_536, 1 << 20] {
        let body = |piece: &str| Module::looping("", "", &repeat(TIMES, |_| piece.to_owned()), "").pages(64);
        let n = format!("(i32.const {bytes})");
        let far = 1 << 21;
        let cold = bytes >= 1 << 20;
        let list = [
            ("memory.fill", "", format!("(memory.fill (i32.const 0) (i32.const 1) {n})")),
            ("memory.fill", ", unaligned", format!("(memory.fill (i32.const 4093) (i32.const 1) {n})")),
            ("memory.copy", "", format!("(memory.copy (i32.const {far}) (i32.const 0) {n})")),
            (
                "memory.copy",
                ", unaligned",
                format!("(memory.copy (i32.const {}) (i32.const 4093) {n})", far + 7),
            ),
            ("memory.copy", ", up by one", format!("(memory.copy (i32.const 1) (i32.const 0) {n})")),
            ("memory.copy", ", down by one", format!("(memory.copy (i32.const 0) (i32.const 1) {n})")),
            (
                "memory.copy",
                ", 4 KiB apart",
                format!("(memory.copy (i32.const {}) (i32.const 16) {n})", 4096 * 300),
            ),
        ];
        for (name, how, piece) in list {
            let case = case(name, &format!("{bytes} bytes{how}"), &body(&piece));
            cases.push(if cold { case.cold() } else { case });
        }
        if bytes <= 65_536 {
            let module = body(&format!("(memory.init 0 (i32.const 64) (i32.const 0) {n})"));
            let segment = format!("(data \"{}\")", "a".repeat(bytes as usize));
            // The passive segment comes first.
            let module = Module { items: format!("{segment}\n{}", module.items), ..module };
            cases.push(case("memory.init", &format!("{bytes} bytes"), &module));
        }
    }
    cases
}

fn growth() -> Vec<Case> {
    let drops = |piece: &str| {
        Module::looping(
            "(local $x i32)",
            "",
            &repeat(TIMES, |_| format!("(local.set $x {piece})")),
            "(i32.store (i32.const 0) (local.get $x))",
        )
    };
    let mut cases = vec![
        case("memory.size", "", &drops("(memory.size)")),
        case("memory.grow", "by nothing", &drops("(memory.grow (i32.const 0))")),
        case("memory.grow", "beyond the maximum", &drops("(memory.grow (i32.const 65535))")),
        case("memory.grow", "beyond the limit", &drops("(memory.grow (i32.const 4096))")),
        case("table.size", "", &drops("(table.size 0)").with("(table 8 funcref)")),
        case(
            "table.grow",
            "by nothing",
            &drops("(table.grow 0 (ref.null func) (i32.const 0))").with("(table 8 funcref)"),
        ),
        case(
            "table.grow",
            "beyond the maximum",
            &drops("(table.grow 0 (ref.null func) (i32.const -1))").with("(table 8 funcref)"),
        ),
    ];
    for pages in [16u32, 256, 1024] {
        let body =
            format!("(loop $l (br_if $l (i32.lt_u (memory.grow (i32.const 1)) (i32.const {}))))", pages - 1);
        let module = Module { body, ..Module::new() };
        let grown = case("memory.grow", &format!("{pages} times by one"), &module)
            .ending(crate::Ending::Returns)
            .cold();
        cases.push(Case { pages: pages + 1, ..grown }.over(&Module::new()));
    }
    for n in [1u32, 64, 1_000] {
        let body = format!(
            "(loop $l (br_if $l (i32.lt_u (table.grow 0 (ref.null func) (i32.const {n})) (i32.const {}))))",
            19_000 - n
        );
        let table = "(table 0 funcref)";
        let module = Module { body, ..Module::new() }.with(table);
        cases.push(
            case("table.grow", &format!("by {n} to 19,000"), &module)
                .ending(crate::Ending::Returns)
                .cold()
                .over(&Module::new().with(table)),
        );
    }
    cases
}

fn segments() -> Vec<Case> {
    let module = Module::looping("", "", &repeat(TIMES, |_| "(data.drop $d)".to_owned()), "")
        .with("(data $d \"abc\")");
    let mut cases = vec![case("data.drop", "", &module)];
    let module = Module::looping("", "", &repeat(TIMES, |_| "(elem.drop $e)".to_owned()), "")
        .with("(func $f) (elem $e funcref (ref.func $f))");
    cases.push(case("elem.drop", "", &module));
    let n = 1_000u32;
    let many = repeat(n, |index| format!("(data $d{index} \"abc\")"));
    let drops = repeat(n, |index| format!("(data.drop $d{index})"));
    cases.push(case("data.drop", "1,000 segments", &Module::looping("", "", &drops, "").with(&many)));
    cases
}

fn tables() -> Vec<Case> {
    let mut cases = Vec::new();
    let functions = "(func $f) (elem declare func $f) (table $t 20000 funcref) (table $u 20000 funcref)";
    for n in [0u32, 1, 8, 64, 1_000, 8_000] {
        for (name, how, piece) in [
            ("table.fill", "null", format!("(table.fill $t (i32.const 0) (ref.null func) (i32.const {n}))")),
            (
                "table.fill",
                "a function",
                format!("(table.fill $t (i32.const 0) (ref.func $f) (i32.const {n}))"),
            ),
            (
                "table.copy",
                "to itself",
                format!("(table.copy $t $t (i32.const 9000) (i32.const 0) (i32.const {n}))"),
            ),
            (
                "table.copy",
                "up by one",
                format!("(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const {n}))"),
            ),
            (
                "table.copy",
                "to another",
                format!("(table.copy $t $u (i32.const 0) (i32.const 0) (i32.const {n}))"),
            ),
            (
                "table.init",
                "functions",
                format!("(table.init $t $e (i32.const 0) (i32.const 0) (i32.const {n}))"),
            ),
            (
                "table.init",
                "expressions",
                format!("(table.init $t $x (i32.const 0) (i32.const 0) (i32.const {n}))"),
            ),
        ] {
            let module = Module::looping("", "", &repeat(TIMES, |_| piece.clone()), "").with(functions);
            let module = match (name, how) {
                ("table.init", "functions") => {
                    module.with(&format!("(elem $e func {})", "$f ".repeat(n as usize)))
                }
                ("table.init", _) => {
                    module.with(&format!("(elem $x funcref {})", "(ref.func $f) ".repeat(n as usize)))
                }
                _ => module,
            };
            cases.push(case(name, &format!("{n} elements, {how}"), &module));
        }
    }
    cases
}

fn references() -> Vec<Case> {
    let functions =
        "(func $f) (elem declare func $f) (table $t 20000 funcref) (elem (table $t) (i32.const 0) func $f)";
    let local = "(local $r funcref) (local $x i32) (local $p i32)";
    let after = "(table.set $t (i32.const 1) (local.get $r)) (i32.store (i32.const 0) (local.get $x))";
    let module = |body: &str| Module::looping(local, "", body, after).with(functions);
    let times = |piece: &str| module(&repeat(64, |_| piece.to_owned()));
    let random = Random::new(5);
    let places = |piece: &str| {
        let mut random = random.clone();
        module(&repeat(256, |_| piece.replace("INDEX", &format!("(i32.const {})", random.below(20_000)))))
    };
    vec![
        case("ref.func", "", &times("(local.set $r (ref.func $f))")),
        case("ref.null", "", &times("(local.set $r (ref.null func))")),
        case("ref.is_null", "", &times("(local.set $x (ref.is_null (local.get $r)))")),
        case("table.get", "one element", &times("(local.set $r (table.get $t (i32.const 0)))")),
        case("table.get", "null", &times("(local.set $r (table.get $t (i32.const 7)))")),
        case("table.get", "in no order", &places("(local.set $r (table.get $t INDEX))")),
        case("table.set", "one element", &times("(table.set $t (i32.const 1) (local.get $r))")),
        case("table.set", "in no order", &places("(table.set $t INDEX (local.get $r))")),
        case(
            "table.set",
            "the element read",
            &times("(table.set $t (i32.const 1) (table.get $t (i32.const 0)))"),
        ),
    ]
}
