//! Compares Cranelift's frames with the bound on them.

use std::fmt::Write as _;

use wasmtime::{Engine, Module};

use super::{
    super::{Linkage, NATIVE_BYTES_PER_SLOT, analysis, module},
    instrument, random, run,
};

/// The largest frames of a module: in bytes over the bound for the function, and over the slots that it takes.
struct Ratios {
    of_bound: f64,
    bytes_per_slot: f64,
}

/// Checks each native frame of `wasm` against its bound.
#[track_caller]
fn check(engine: &Engine, wasm: &[u8], what: &str) -> Ratios {
    let original = module::Module::read(wasm).unwrap();
    let compiled = Module::new(engine, instrument(wasm, Linkage::Alone).unwrap().code).unwrap();
    let mut ratios = Ratios { of_bound: 0.0, bytes_per_slot: 0.0 };
    for (function, body) in compiled.functions().zip(&original.bodies) {
        let index = function.index.as_u32();
        let analysis = analysis::analyse(&original, index, body).unwrap();
        let frame = frame_bytes(&compiled.text()[function.offset..][..function.len]);
        assert!(
            frame <= analysis.native_bytes,
            "{what}: function {index}: {frame} > {}",
            analysis.native_bytes
        );
        assert!(analysis.native_bytes <= analysis.frame_slots * NATIVE_BYTES_PER_SLOT);
        ratios.of_bound = ratios.of_bound.max(frame as f64 / analysis.native_bytes as f64);
        ratios.bytes_per_slot = ratios.bytes_per_slot.max(frame as f64 / analysis.frame_slots as f64);
    }
    ratios
}

/// Returns the bytes that a function takes from the stack: return address, frame pointer, and the amount that its
/// prologue subtracts from the stack pointer, in the first such instruction of the function.
fn frame_bytes(code: &[u8]) -> u64 {
    let start = &code[..code.len().min(64)];
    let subtracted = start.windows(7).find_map(|window| match window {
        [0x48, 0x81, 0xec, size @ ..] => Some(u32::from_le_bytes(size.try_into().unwrap()).into()),
        [0x48, 0x83, 0xec, size, ..] => Some(u64::from(*size)),
        _ => None,
    });
    16 + subtracted.unwrap_or(0)
}

#[test]
fn native_frames_of_random_modules_are_within_the_bound() {
    let engine = run::engine();
    let mut largest = Ratios { of_bound: 0.0, bytes_per_slot: 0.0 };
    for seed in 0..500 {
        let ratios = check(&engine, &random::module(seed, true, true), &format!("seed {seed}"));
        largest.of_bound = largest.of_bound.max(ratios.of_bound);
        largest.bytes_per_slot = largest.bytes_per_slot.max(ratios.bytes_per_slot);
    }
    // If no frame comes near a fiftieth of the bound, prologues are not decoded correctly.
    assert!(largest.of_bound > 0.02, "{}", largest.of_bound);
    assert!(largest.bytes_per_slot < NATIVE_BYTES_PER_SLOT as f64);
}

#[test]
fn native_frames_of_our_own_blobs_are_within_the_bound() {
    let engine = run::engine();
    for name in ["account", "bazaar", "crypto-check", "helloworld", "workload"] {
        let path = format!("{}/../ees/blobs/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
        let ratios = check(&engine, &std::fs::read(path).unwrap(), name);
        assert!(ratios.bytes_per_slot < 64.0, "{name}: {}", ratios.bytes_per_slot);
    }
}

/// Many values that live at once: computed before a loop and used in it, across calls, and in both halves of a branch.
#[test]
fn native_frames_of_many_live_values_are_within_the_bound() {
    let engine = run::engine();
    for n in [1, 10, 57, 300, 1000] {
        let mut values = String::new();
        let mut uses = String::new();
        for index in 0..n {
            write!(values, "(local.set {} (i64.mul (local.get 0) (i64.const {index})))", index + 1).unwrap();
            write!(uses, "(local.set 0 (i64.add (local.get 0) (local.get {})))", index + 1).unwrap();
        }
        let locals = "i64 ".repeat(n);
        for body in [
            format!("{values} (loop {uses} (br_if 0 (i64.eqz (local.get 0))))"),
            format!("{values} (drop (call $f (local.get 0))) {uses}"),
            format!("{values} (if (i64.eqz (local.get 0)) (then {uses}) (else {values} {uses})) {uses}"),
            format!(
                "(loop {values} (loop {uses} (br_if 1 (i64.eqz (local.get 0))) (br_if 0 (i64.eqz (local.get 1)))))"
            ),
        ] {
            let text = format!(
                "(module (memory 1) (func $f (param i64) (result i64) (local {locals}) {body} (local.get 0)))"
            );
            check(&engine, &wat::parse_str(text).unwrap(), &format!("{n} values: {body:.40}"));
        }
    }
}
