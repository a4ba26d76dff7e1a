//! Cases of the overhead of an execution beside the EE's own code: memory, tables, segments and globals. Time and
//! fuel are those of whole executions.

use crate::case::{Case, Ending, Group, Module, repeat};

/// Returns the cases: EEs that return at once.
pub(crate) fn cases() -> Vec<Case> {
    [vec![smallest()], memory(), tables(), globals_and_functions()].into_iter().flatten().collect()
}

fn memory() -> Vec<Case> {
    let mut cases = Vec::new();
    for pages in [16, 256, 1_024, 4_096] {
        let module = Module::new().pages(pages);
        cases.push(case("initial memory", format!("{pages} pages"), &module));
        let last = u64::from(pages) * 65_536 - 8;
        let module = Module::new().pages(pages).with(&format!("(data (i32.const {last}) \"abc\")"));
        cases.push(case("initial memory", format!("{pages} pages, data at the end"), &module));
    }
    for n in [100u32, 1_000, 10_000] {
        let near = repeat(n, |index| format!("(data (i32.const {}) \"abc\")", index * 6));
        cases.push(case("data segments", format!("{n}"), &Module::new().with(&near)));
        let apart = repeat(n, |index| format!("(data (i32.const {}) \"abc\")", u64::from(index) * 4096));
        let pages = (n * 4096).div_ceil(65_536);
        cases.push(case(
            "data segments",
            format!("{n}, a page each"),
            &Module::new().pages(pages).with(&apart),
        ));
        let passive = repeat(n, |_| "(data \"abc\")".to_owned());
        cases.push(case("data segments", format!("{n}, passive"), &Module::new().with(&passive)));
        // With their constants, seven additions are as many instructions as a constant expression may have.
        let zeros = "(i32.const 0) i32.add ".repeat(7);
        let computed = repeat(n, |index| format!("(data (offset i32.const {} {zeros}) \"abc\")", index * 6));
        let module = Module::new().with(&computed);
        cases.push(case("data segments", format!("{n}, at computed places"), &module));
    }
    for kib in [64u32, 1_024, 4_096] {
        let data = "a".repeat(kib as usize * 1024);
        let module = Module::new().pages(kib / 64).with(&format!("(data (i32.const 0) \"{data}\")"));
        cases.push(case("data", format!("{kib} KiB, not touched"), &module));
        let touching = Module {
            body: format!("(memory.fill (i32.const 0) (i32.const 1) (i32.const {}))", kib * 1024),
            ..module
        };
        cases.push(case("data", format!("{kib} KiB, overwritten"), &touching));
    }
    cases
}

fn tables() -> Vec<Case> {
    let mut cases = Vec::new();
    for n in [1u32, 8] {
        let tables = repeat(n, |_| "(table 20000 funcref)".to_owned());
        cases.push(case("tables", format!("{n} of 20,000 elements"), &Module::new().with(&tables)));
    }
    // Compiling as many expressions as a table has elements would exceed a bound.
    for (n, n_expressions) in [(1_000u32, 1_000u32), (20_000, 5_000)] {
        let functions = "$f ".repeat(n as usize);
        let module = Module::new()
            .with(&format!("(func $f) (table {n} funcref) (elem (i32.const 0) func {functions})"));
        cases.push(case("element segments", format!("one of {n} functions"), &module));
        let expressions = "(ref.func $f) ".repeat(n_expressions as usize);
        let module = Module::new()
            .with(&format!("(func $f) (table {n} funcref) (elem (i32.const 0) funcref {expressions})"));
        cases.push(case("element segments", format!("one of {n_expressions} expressions"), &module));
    }
    let segments = repeat(1_000, |index| format!("(elem (i32.const {index}) func $f)"));
    cases.push(case(
        "element segments",
        "1,000 of one function".to_owned(),
        &Module::new().with("(func $f) (table 1000 funcref)").with(&segments),
    ));
    cases
}

fn globals_and_functions() -> Vec<Case> {
    let mut cases = Vec::new();
    for ty in ["i64", "v128", "funcref"] {
        let zero = match ty {
            "i64" => "(i64.const 7)",
            "v128" => "(v128.const i64x2 7 7)",
            _ => "(ref.null func)",
        };
        let globals = repeat(990, |_| format!("(global (mut {ty}) {zero})"));
        cases.push(case("globals", format!("990 of type {ty}"), &Module::new().with(&globals)));
    }
    let functions = repeat(10_000, |_| "(func)".to_owned());
    cases.push(case("functions", "10,000 empty".to_owned(), &Module::new().with(&functions)));
    cases.push(case("start function", String::new(), &Module::new().with("(func $s) (start $s)")));
    cases
}

fn case(name: &str, variant: String, module: &Module) -> Case {
    Case::new(Group::Instantiation, name, variant, module).ending(Ending::Returns).cold()
}

/// Makes the case of the smallest possible execution.
fn smallest() -> Case {
    case("the smallest execution", String::new(), &Module::new())
}
