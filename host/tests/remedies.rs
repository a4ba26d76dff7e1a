//! The output of compilers that do not know that they compile an EE: the refusal names the remedy.
//!
//! Each module has the imports and exports of a compiler's real output.

mod support;

use outrider_host::{Limits, Refusal};
use outrider_host::{LoadError, check};
use support::{HOST, wasm};

const MEMORY: &str = r#"(memory (export "memory") 2)"#;
const MAIN: &str = r#"(func (export "main"))"#;

/// Checks all refusals of a module with these items, without their offsets.
#[track_caller]
fn check_refusals(items: &str, expected: &[&str]) {
    let code = wasm(&format!("(module {items})"));
    let refusals: Vec<_> = check(&code, &Limits::default()).iter().map(ToString::to_string).collect();
    let is_expected = |(refusal, expected): (&String, &&str)| match expected.split_once("{..}") {
        Some((start, end)) => refusal.starts_with(start) && refusal.ends_with(end),
        None => refusal == expected,
    };
    assert_eq!(refusals.len(), expected.len(), "{refusals:#?}");
    assert!(refusals.iter().zip(expected).all(is_expected), "{refusals:#?} should be {expected:#?}");
    let loaded = HOST.load(&code).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(
        loaded,
        refusals.first().map_or(Ok(()), |refusal| Err(refusal.clone())),
        "the host says the same"
    );
}

const MEMORY_IMPORTED: &str = "an EE exports its memory and imports none: compile AssemblyScript without `--importMemory`, and \
     link C and Rust without `--import-memory`";
const C_MAIN: &str = "in C, write `__attribute__((export_name(\"main\"))) void ee_main(void)`, and compile with \
     `--target=wasm32 -nostdlib -Wl,--no-entry`";

/// `asc ee.ts`, with a check that may fail, `trace` and `Math.random`.
#[test]
fn assemblyscript_imports_what_browsers_have() {
    check_refusals(
        &format!(
            r#"(import "env" "abort" (func (param i32 i32 i32 i32)))
            (import "env" "trace" (func (param i32 i32 f64 f64 f64 f64 f64)))
            (import "env" "seed" (func (result f64))) {MAIN} (memory (export "memory") 1)"#
        ),
        &[
            "unknown import `env.abort` at byte 0x{..}; AssemblyScript calls it where a check fails: compile with \
             `--use abort=`, which makes a trap of it",
            "unknown import `env.trace` at byte 0x{..}; it is AssemblyScript's `trace`: log by `debug.printMem`, which \
             takes text in UTF-8",
            "unknown import `env.seed` at byte 0x{..}; it is what AssemblyScript's `Math.random` begins with: an EE has \
             no randomness, all nodes have to agree",
        ],
    );
}

/// `asc ee.ts --importMemory` exports the memory that it imports, and wasm-ld's `--import-memory` does not.
#[test]
fn a_memory_is_imported() {
    let import = r#"(import "env" "memory" (memory 1))"#;
    let refusal = format!("unknown import `env.memory` at byte 0x{{..}}; {MEMORY_IMPORTED}");
    check_refusals(&format!(r#"{import} (export "memory" (memory 0)) {MAIN}"#), &[&refusal]);
    let no_export = format!("no export `memory`, through which the host reads and writes: {MEMORY_IMPORTED}");
    check_refusals(&format!("{import} {MAIN}"), &[&refusal, &no_export]);
}

/// `asc ee.ts --noExportMemory`; memories with other names, and none at all.
#[test]
fn a_memory_is_not_exported() {
    for (memory, remedy) in [
        (
            "(memory 1)",
            "its memory is not exported: compile AssemblyScript without `--noExportMemory`; clang and wasm-ld export it \
             as they are",
        ),
        (r#"(memory (export "mem") 1)"#, "its memory is exported as `mem`: export it as `memory`"),
        ("", "it has no memory: in the text format, `(memory (export \"memory\") 1)`"),
    ] {
        let expected = format!("no export `memory`, through which the host reads and writes: {remedy}");
        check_refusals(&format!("{memory} {MAIN}"), &[&expected]);
    }
}

/// `int main(void)` with `-Wl,--export=main`, for which clang writes a wrapper, and `int main(int, char **)` with
/// `export_name("main")`.
#[test]
fn main_is_that_of_c() {
    check_refusals(
        &format!(r#"{MEMORY} (func (export "main") (param i32 i32) (result i32) (i32.const 0))"#),
        &[
            "export `main` at byte 0x{..} has type (i32, i32) -> (i32), but the host passes no arguments; it is C's `main` with \
           `argc` and `argv`, which clang makes of every `main` that is exported by `--export=main`: write \
           `__attribute__((export_name(\"main\"))) void ee_main(void)` in its place, and take the block data by \
           `eth2.blockDataCopy`",
        ],
    );
    check_refusals(
        &format!(r#"{MEMORY} (func (export "main") (param i64))"#),
        &[
            "export `main` at byte 0x{..} has type (i64) -> (), but the host passes no arguments; take the block data by \
           `eth2.blockDataCopy`",
        ],
    );
    // The result of `main` is dropped.
    check_refusals(&format!(r#"{MEMORY} (func (export "main") (result i32) (i32.const 0))"#), &[]);
}

/// `-Wl,--export-all` shows clang's names for `main`; programs for WASI, and C's without `--no-entry`, begin with `_start`.
#[test]
fn main_has_another_name() {
    for name in ["__main_argc_argv", "__main_void", "__original_main", "_main"] {
        let expected = format!(
            "no export `main`, which the host calls: it exports `{name}`, which is C's `main` by another name: {C_MAIN}"
        );
        check_refusals(
            &format!(r#"{MEMORY} (func (export "other")) (func (export "{name}"))"#),
            &[&expected],
        );
    }
    for name in ["_start", "_initialize"] {
        let expected = format!(
            "no export `main`, which the host calls: it exports `{name}`, which programs for WASI begin with: {C_MAIN}; in \
             Rust, build a `cdylib` for `wasm32-unknown-unknown`"
        );
        check_refusals(&format!(r#"{MEMORY} (func (export "{name}"))"#), &[&expected]);
    }
}

/// `clang -nostdlib -Wl,--no-entry` exports no function by itself.
#[test]
fn there_is_no_main() {
    let expected = format!(
        "no export `main`, which the host calls: {C_MAIN}; in AssemblyScript, `export function main(): void` in the first \
         file; in Rust, `entry!(..)`"
    );
    check_refusals(MEMORY, &[&expected]);
    check_refusals(&format!(r#"{MEMORY} (func (export "run"))"#), &[&expected]);
}

/// `puts` of wasi-libc.
#[test]
fn there_is_no_operating_system() {
    for (module, name) in [("wasi_snapshot_preview1", "fd_write"), ("wasi_unstable", "proc_exit")] {
        let expected = format!(
            "unknown import `{module}.{name}` at byte 0x{{..}}; it is WASI's, which stands for an operating system, and an EE \
             has none: compile C with `--target=wasm32 -nostdlib -Wl,--no-entry` and no libc, Rust for \
             `wasm32-unknown-unknown`, and find out what prints, exits, reads files or the clock"
        );
        check_refusals(
            &format!(r#"(import "{module}" "{name}" (func (param i32))) {MEMORY} {MAIN}"#),
            &[&expected],
        );
    }
}

/// `-Wl,--allow-undefined`, and AssemblyScript's `declare` without `@external`, which takes the file's name for the module.
#[test]
fn imports_have_a_wrong_module_or_none() {
    for module in ["env", "index", "debug"] {
        let expected = format!(
            "unknown import `{module}.blockDataSize` at byte 0x{{..}}; there is `eth2.blockDataSize`: name its module, in C by \
             `__attribute__((import_module(\"eth2\"), import_name(\"blockDataSize\")))`, in AssemblyScript by \
             `@external(\"eth2\", \"blockDataSize\")`; `outrider abi --c-header` and `--assemblyscript` declare all"
        );
        let import = format!(r#"(import "{module}" "blockDataSize" (func (result i32)))"#);
        check_refusals(&format!("{import} {MEMORY} {MAIN}"), &[&expected]);
    }
    let import = r#"(import "env" "memcpy" (func (param i32 i32 i32) (result i32))) (import "env" "log" (func (param f64) (result f64)))"#;
    check_refusals(
        &format!("{import} {MEMORY} {MAIN}"),
        &[
            "unknown import `env.memcpy` at byte 0x{..}; clang calls it to move bytes: compile with `-mbulk-memory`, or \
             define it",
            "unknown import `env.log` at byte 0x{..}; C's linker takes for an import of `env` what nothing defines: define \
             it, or link it; `outrider abi` lists all imports",
        ],
    );
}

/// Reasons of the meter are reported, too.
#[test]
fn check_reports_all_refusals_of_load() {
    let taken = wasm(&format!(r#"(module {MEMORY} {MAIN} (func (export "outrider_start")))"#));
    assert!(matches!(check(&taken, &Limits::default())[..], [LoadError::Meter(_)]));
    let deep = wasm(&format!(r#"(module {MEMORY} (func (export "main") (local i64 i64 i64)))"#));
    assert!(check(&deep, &Limits::default()).is_empty());
    let limits = Limits { stack_slots_max: 2, ..Limits::default() };
    assert!(matches!(check(&deep, &limits)[..], [LoadError::StackTooLarge { limit: 2, .. }]));
    assert!(matches!(check(b"", &limits)[..], [LoadError::Refused(Refusal::NotWasm { .. })]));
}
