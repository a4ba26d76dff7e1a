//! Accepted and refused modules, and the reasons.

mod support;

use outrider_host::{Library, Limits, PROPOSALS, Refusal, summarize};
use support::{HOST, load, module, saving, wasm};

#[track_caller]
fn check_refusal(text: &str, expected: &str) {
    let error = load(text).err().expect("the module is refused");
    assert_eq!(error.to_string(), expected);
}

const MEMORY: &str = r#"(memory (export "memory") 1)"#;
const MAIN: &str = r#"(func (export "main"))"#;

#[test]
fn exports_are_checked() {
    for (text, expected) in [
        (
            format!(r#"(module {MEMORY} (global (export "main") i32 (i32.const 0)))"#),
            "export `main` at byte 0x21 is a global, not a function",
        ),
        (
            format!(r#"(module {MAIN} (func (export "memory")))"#),
            "export `memory` at byte 0x1d is a function, not a memory",
        ),
        (
            format!(r#"(module {MEMORY} (func (export "main") (param i32) (result i64) (i64.const 0)))"#),
            "export `main` at byte 0x25 has type (i32) -> (i64), but the host passes no arguments; \
             take the block data by `eth2.blockDataCopy`",
        ),
    ] {
        check_refusal(&text, expected);
    }
}

#[test]
fn imports_are_checked() {
    for (import, expected) in [
        (
            r#"(import "eth2" "blockDataSise" (func (result i32)))"#,
            "unknown import `eth2.blockDataSise` at byte 0x15; `eth2` has loadPreStateRoot, blockDataSize, \
             blockDataCopy, savePostStateRoot, pushNewDeposit, refuse, useTicks, contextShard, contextSlot, \
             contextEeIndex, contextBeaconRoot, contextBalance, contextFinalizedSlot, payProposer, readCount, readRoot, \
             pushReceipt, receiptCount, receiptCopy, rejectReceipt",
        ),
        (
            r#"(import "eth1" "getBlockNumber" (func (result i64)))"#,
            "unknown import `eth1.getBlockNumber` at byte 0x15; the modules are eth2, debug, bignum, crypto, state \
             and env, and libraries have their own names",
        ),
        (
            r#"(import "eth2" "blockDataSize" (func (param i64)))"#,
            "import `eth2.blockDataSize` at byte 0x15 has type (i64) -> (), expected () -> (i32)",
        ),
        (
            r#"(import "eth2" "blockDataSize" (global i32))"#,
            "import `eth2.blockDataSize` at byte 0x11 has type constant global i32, expected () -> (i32)",
        ),
    ] {
        check_refusal(&format!("(module {import} {MEMORY} {MAIN})"), expected);
    }
}

#[test]
fn sizes_are_limited() {
    check_refusal(
        &format!(r#"(module (memory (export "memory") 17) {MAIN})"#),
        "memory 0 at byte 0x15 starts with 17 pages of 64 KiB, the limit is 16",
    );
    load(&format!(r#"(module (memory (export "memory") 16 65536) {MAIN})"#)).expect("16 pages are allowed");
    check_refusal(
        &format!("(module {MEMORY} {MAIN} (table 101 funcref))"),
        "table 0 at byte 0x15 starts with 101 elements, the limit is 100",
    );
    check_refusal(
        &format!("(module {MEMORY} {MAIN} {})", "(table 1 funcref)".repeat(9)),
        "table 8 at byte 0x2d has 9 tables, imported ones included, the limit is 8",
    );
    load(&format!("(module {MEMORY} {MAIN} {})", "(table 100 funcref)".repeat(8))).expect("8 are allowed");
    let bulky = format!(r#"(module {MEMORY} {MAIN} (data (i32.const 0) "{}"))"#, "x".repeat(100_000));
    let error = load(&bulky).err().expect("it is refused").to_string();
    assert!(error.ends_with("bytes, the limit is 100000"), "{error}");
}

#[test]
fn proposals_outside_of_the_profile_are_named() {
    let mut named = Vec::new();
    for (items, expected) in [
        ("(memory 1 1 shared)", "threads"),
        ("(memory 1) (func (drop (i32.atomic.load (i32.const 0))))", "threads"),
        ("(global (shared i32) (i32.const 0))", "shared-everything-threads"),
        ("(memory i64 1)", "memory64"),
        ("(memory 1) (memory 1)", "multi-memory"),
        ("(memory 1 (pagesize 1))", "custom-page-sizes"),
        ("(memory 1) (func (memory.discard (i32.const 0) (i32.const 0)))", "memory-control"),
        ("(func (return_call 0))", "tail-call"),
        ("(func (result v128) (i32x4.relaxed_trunc_f32x4_s (v128.const i64x2 0 0)))", "relaxed-simd"),
        ("(tag)", "exceptions"),
        ("(func (try_table))", "exceptions"),
        ("(func try catch_all end)", "legacy-exceptions"),
        ("(type (struct))", "gc"),
        ("(rec (type (func)) (type (func)))", "gc"),
        ("(table 1 externref)", "gc-types"),
        ("(type $f (func)) (func (param (ref $f)))", "function-references"),
        ("(type $f (func)) (func (param (ref null $f)) (call_ref $f (local.get 0)))", "function-references"),
        ("(type $f (func)) (type $c (cont $f))", "stack-switching"),
        ("(type $f (func)) (import \"a\" \"b\" (func (exact (type $f))))", "custom-descriptors"),
        ("(import \"a\" (item \"b\" (func)) (item \"c\" (func)))", "compact-imports"),
    ] {
        let code = wasm(&format!("(module {items})"));
        let refusals = summarize(&code, &Limits::default()).refusals;
        let Some(Refusal::OutsideProfile { offset, proposal, .. }) = refusals.first() else {
            panic!("{items}: {refusals:?}");
        };
        assert_eq!(proposal.name, expected, "{items}");
        assert!(!proposal.accepted && (8..code.len()).contains(offset), "{items}: {refusals:?}");
        let message = refusals[0].to_string();
        assert!(message.starts_with(&format!("`{expected}` at byte 0x{offset:x}")), "{message}");
        assert!(message.contains(proposal.reason), "{message}");
        named.push(proposal.name);
    }
    // The header of a component reveals it; see `bytes_that_are_not_a_module_are_refused`.
    named.push("component-model");
    for proposal in PROPOSALS.iter().filter(|proposal| !proposal.accepted) {
        assert!(named.contains(&proposal.name), "no module here needs {}", proposal.name);
    }
}

#[test]
fn a_chain_without_floats_refuses_them_by_name() {
    let limits = Limits { floats: false, ..Limits::default() };
    for (body, has_floats) in [
        ("(drop (f32.add (f32.const 1) (f32.const 2)))", true),
        ("(drop (i32.trunc_sat_f64_s (f64.const 1)))", true),
        ("(drop (f64x2.sqrt (v128.const i64x2 0 0)))", true),
        ("(drop (i64x2.add (v128.const i64x2 1 1) (v128.const i64x2 0 0)))", false),
        ("(drop (i64.div_u (i64.const 1) (i64.const 2)))", false),
    ] {
        let code = wasm(&saving(body));
        assert!(summarize(&code, &Limits::default()).refusals.is_empty(), "{body}");
        let refusals: Vec<_> = summarize(&code, &limits).refusals.iter().map(ToString::to_string).collect();
        assert_eq!(refusals.len(), usize::from(has_floats), "{body}: {refusals:?}");
        let is_named = |refusal: &String| refusal.contains("`floats`") && refusal.contains("Limits::floats");
        assert!(refusals.iter().all(is_named), "{refusals:?}");
    }
}

#[test]
fn refusals_name_the_function() {
    for (function, place) in [("(func $f (drop))", " in function 1 `f`"), ("(func (drop))", " in function 1")]
    {
        let code = wasm(&format!("(module {MEMORY} {MAIN} {function})"));
        let error = HOST.load(&code).err().expect("it is refused").to_string();
        let (_, rest) = error.split_once("invalid wasm at byte 0x").expect("it is invalid");
        assert!(rest[2..].starts_with(&format!("{place}: type mismatch")), "{error}");
    }
    let error = load(&format!("(module {MEMORY} {MAIN} (func $f (return_call 0)))")).err();
    let error = error.expect("it is refused").to_string();
    assert!(error.contains(" in function 1 `f` is outside of the profile (a chain of tail calls"), "{error}");
}

#[test]
fn wide_arithmetic_and_simd_are_in_the_profile() {
    let body = "
        (i64.mul_wide_u (i64.const -1) (i64.const -1)) (drop) (drop)
        (v128.store (i32.const 0) (i8x16.splat (i32.const 1)))";
    load(&saving(body)).expect("it is in the profile");
}

#[test]
fn bytes_that_are_not_a_module_are_refused() {
    for (code, expected) in [
        (&b""[..], "not a wasm module: it starts with nothing, not with 00 61 73 6d (\\0asm)"),
        (b"#!/bin/sh", "not a wasm module: it starts with 23 21 2f 62, not with 00 61 73 6d (\\0asm)"),
        (b"\0asm", "invalid wasm at byte 0x4: unexpected end-of-file"),
        (
            b"\0asm\x0d\0\x01\0",
            "`component-model` at byte 0x0 is outside of the profile (an EE is a core module, and the ABI is its \
             interface): unknown binary version and encoding \
             combination: 0xd and 0x1, note: encoded as a component but the WebAssembly component model feature is \
             not enabled - enable the feature to allow component validation",
        ),
    ] {
        let error = HOST.load(code).err().expect("it is refused").to_string();
        assert_eq!(error, expected);
    }
}

#[test]
fn every_truncated_module_is_refused() {
    let code = wasm(&saving("(call $loadPreStateRoot (i32.const 0))"));
    let summary = summarize(&code, &Limits::default());
    assert_eq!(summary.refusals, []);
    // After the code come names, without which it is a module, too.
    let end = summary.sections.iter().find(|section| section.name == "code");
    let end = end.map(|code| code.offset + code.bytes).expect("the module has code");
    HOST.load(&code[..end]).expect("the whole is a module");
    for length in 0..end {
        assert!(HOST.load(&code[..length]).is_err(), "the first {length} bytes");
    }
}

#[test]
fn libraries_are_checked() {
    let library = wasm(r#"(module (func (export "f") (param i32)) (memory (export "m") 1 2))"#);
    let importing = |import: &str| wasm(&format!("(module (import \"lib\" {import}) {MEMORY} {MAIN})"));
    let load = |import: &str, name: &str, library: &[u8]| {
        let library = Library { name, code: library };
        let result = HOST.load_with_libraries(&importing(import), &[library]);
        result.map(|_| ()).map_err(|error| outrider_host::chain(&error))
    };
    let fits = r#""f" (func (param i32))"#;
    assert_eq!(load(fits, "lib", &library), Ok(()));
    for (import, name, code, expected) in [
        (fits, "eth2", &library[..], "library `eth2`: the host's own imports have this name"),
        (fits, "env", &library, "library `env`: the host's own imports have this name"),
        (
            fits,
            "lib",
            b"x",
            "library `lib`: not a wasm module: it starts with 78, not with 00 61 73 6d (\\0asm)",
        ),
        (r#""g" (func)"#, "lib", &library, "unknown import `lib.g` at byte 0x11; the library `lib` has f, m"),
        (
            r#""f" (func)"#,
            "lib",
            &library,
            "import `lib.f` at byte 0x11 has type () -> (), expected (i32) -> ()",
        ),
        (
            r#""m" (table 1 funcref)"#,
            "lib",
            &library,
            "import `lib.m` at byte 0x11 has type table of 1 or more funcref, expected memory of 1 to 2 pages",
        ),
        (
            fits,
            "lib",
            &wasm(r#"(module (import "eth2" "useTicks" (func (param i32))))"#),
            "library `lib`: a library cannot import anything, and this one imports `eth2.useTicks` at byte 0x12",
        ),
    ] {
        assert_eq!(load(import, name, code), Err(expected.to_owned()));
    }

    let library = Library { name: "lib", code: &library };
    let twice = HOST.load_with_libraries(&importing(fits), &[library, library]);
    assert_eq!(
        twice.err().map(|error| outrider_host::chain(&error)),
        Some("library `lib` is given twice".to_owned())
    );
    let names: Vec<_> = (0..16).map(|index| format!("lib{index}")).collect();
    let many: Vec<_> = names.iter().map(|name| Library { name, ..library }).collect();
    let error =
        HOST.load_with_libraries(&importing(fits), &many).err().map(|error| outrider_host::chain(&error));
    assert_eq!(error, Some("the EE has 16 libraries, the limit is 15".to_owned()));
}

#[test]
fn an_ee_and_its_libraries_are_bounded_as_one_module() {
    let ee = wasm(&format!(r#"(module (memory (export "memory") 1) {MAIN})"#));
    // Some 60,000 bytes each, of which there may be 100,000.
    let text = format!(r#"(module (memory 1) (data "{}"))"#, "x".repeat(60_000));
    let code = wasm(&text);
    let library = |name| Library { name, code: &code };
    assert!(HOST.load_with_libraries(&ee, &[library("a")]).is_ok());
    let error =
        HOST.load_with_libraries(&ee, &[library("a"), library("b")]).err().map(|error| error.to_string());
    let got = ee.len() + 2 * code.len();
    let expected = format!("the EE and its libraries have {got} bytes together, the limit is 100000");
    assert_eq!(error, Some(expected));
}

#[test]
fn a_memory_import_is_matched_by_its_limits() {
    let library = wasm(r#"(module (memory (export "m") 2 4))"#);
    let library = Library { name: "lib", code: &library };
    for (limits, fits) in [("2", true), ("1 4", true), ("2 5", true), ("3", false), ("2 3", false)] {
        let ee =
            format!(r#"(module (import "lib" "m" (memory {limits})) (export "memory" (memory 0)) {MAIN})"#);
        let result = HOST.load_with_libraries(&wasm(&ee), &[library]);
        assert_eq!(result.is_ok(), fits, "{limits}");
    }
}

#[test]
fn a_summary_lists_every_refusal() {
    let code = wasm(r#"(module (import "a" "b" (func)) (import "eth2" "c" (func)) (memory 1))"#);
    let summary = summarize(&code, &Limits::default());
    assert_eq!(summary.refusals.len(), 4, "{:?}", summary.refusals);
}

#[test]
fn a_summary_lists_the_content() {
    let summary = summarize(&wasm(&module(MAIN)), &Limits::default());
    assert_eq!(summary.refusals, []);
    assert_eq!(summary.imports.len(), outrider_host::ABI.len());
    assert!(summary.imports.iter().all(|import| import.abi.is_some()));
    let exports: Vec<_> = summary.exports.iter().map(|export| (&*export.name, &*export.ty)).collect();
    assert_eq!(exports, [("memory", "memory of 1 or more pages"), ("main", "() -> ()")]);
    assert_eq!(summary.memory.map(|memory| (memory.pages, memory.pages_max)), Some((1, None)));
    assert_eq!((summary.n_functions, summary.n_globals, summary.start_function), (1, 0, None));
    assert!(
        summary
            .sections
            .iter()
            .map(|section| &*section.name)
            .eq(["type", "import", "function", "memory", "export", "code", "\"name\""])
    );
}
