//! Random modules of two generators end alike on both engines, to the unit of fuel, and none of them overflows the
//! native stack.
//!
//! `OUTRIDER_MODULES` sets the number of modules for each generator, 300 by default, and `OUTRIDER_FIRST_MODULE` the
//! first number. The tests use all cores. A failure names the module by its number, and `OUTRIDER_FIRST_MODULE=<number>
//! OUTRIDER_MODULES=1` makes it again; `OUTRIDER_KEEP` names a directory for its binary.
#![cfg(feature = "wasmer")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the counts are there to be read")]

#[path = "support/deep/mod.rs"]
mod deep;
#[path = "support/random.rs"]
mod random;
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use arbitrary::Unstructured;
use outrider_host::{
    Ee, EngineKind, ExecutionErrorKind, ExecutionInput, Host, HostConfig, Library, Limits, ReceivedReceipt,
    summarize,
};
use support::{ROOT, module, wasm};

const LIMITS: Limits = Limits {
    module_bytes_max: 1 << 20,
    memory_pages_max: 16,
    // So few that many modules have more, or grow to more.
    memory_pages_near: 2,
    memory_far_factor: 16,
    code_bytes_near: 16 << 20,
    floats: true,
    table_elements_max: 1000,
    ticks_max: 1_000,
    deposits_max: 3,
    fuel_max: 3_000_000,
    stack_slots_max: 10_000,
    block_data_bytes_max: 1 << 20,
    unsaved_root: outrider_host::UnsavedRoot::Refused,
};

/// As deep as a chain allows by default; the fuel is for some thousands of calls.
const DEEP: Limits = Limits { fuel_max: 20_000_000, stack_slots_max: 1 << 16, ..LIMITS };

/// An EE, and its library if it has one.
type Generated = (Vec<u8>, Option<Vec<u8>>);

/// Modules of wasm-smith, as EEs and as libraries of EEs, with enough fuel and with less.
#[test]
fn modules_of_all_instructions_end_alike() {
    let (n, ends) = check("wasm-smith", LIMITS, random_ee);
    for (end, at_least) in [("returned", n / 4), ("trapped", n / 50), ("fuel", n / 50)] {
        assert!(ends.get(end).is_some_and(|got| *got >= at_least), "{end}: {ends:?}");
    }
}

/// Modules whose functions recur with many values alive, up to the limits of stack and fuel.
#[test]
fn modules_of_deep_calls_end_alike() {
    let (n, ends) = check("deep", DEEP, deep_ee);
    for (end, at_least) in
        [("returned", n / 20), ("trapped", n / 50), ("stack exhausted", n / 20), ("fuel", n / 50)]
    {
        assert!(ends.get(end).is_some_and(|got| *got >= at_least), "{end}: {ends:?}");
    }
}

/// Runs modules on all cores, and returns their number, and their numbers by outcome.
#[track_caller]
fn check(
    generator: &str,
    limits: Limits,
    generate: impl Fn(u64) -> Generated + Sync,
) -> (u64, BTreeMap<String, u64>) {
    let variable =
        |name, default| std::env::var(name).map_or(default, |n| n.parse().expect("it is a number"));
    let (first, n) = (variable("OUTRIDER_FIRST_MODULE", 0_u64), variable("OUTRIDER_MODULES", 300_u64));
    let next = AtomicU64::new(first);
    let ends = Mutex::new(BTreeMap::<String, u64>::new());
    let failures = Mutex::new(Vec::new());
    let work = || {
        let mut hosts = hosts(limits);
        for n_done in 1.. {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + n {
                break;
            }
            if n_done % 1000 == 0 {
                // Engines may keep the code of dropped modules.
                hosts = self::hosts(limits);
            }
            if seed % 1000 == 999 {
                let failures = failures.lock().expect("nobody panics with it").len();
                eprintln!("{generator}: {} of {n} modules, {failures} failures", seed + 1 - first);
            }
            let (code, library) = generate(seed);
            match run(&hosts, &code, library.as_deref()) {
                Ok(end) => *ends.lock().expect("nobody panics with it").entry(end).or_default() += 1,
                Err(difference) => {
                    keep(generator, seed, &code, library.as_deref());
                    let failure = format!("{generator} module {seed}: {difference}");
                    eprintln!("{failure}");
                    failures.lock().expect("nobody panics with it").push(failure);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let n_threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for _ in 0..n_threads {
            scope.spawn(work);
        }
    });
    let ends = ends.into_inner().expect("nobody panicked with it");
    println!("{generator}: {n} modules from {first} on, by outcome: {ends:#?}");
    let failures = failures.into_inner().expect("nobody panicked with it");
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    (n, ends)
}

fn keep(generator: &str, seed: u64, code: &[u8], library: Option<&[u8]>) {
    let Some(directory) = std::env::var_os("OUTRIDER_KEEP").map(PathBuf::from) else { return };
    for (suffix, bytes) in [("", Some(code)), ("-lib", library)] {
        if let Some(bytes) = bytes {
            let path = directory.join(format!("{generator}-{seed}{suffix}.wasm"));
            std::fs::write(path, bytes).expect("the file can be written");
        }
    }
}

/// A host for each engine.
fn hosts(limits: Limits) -> [Host; 2] {
    [EngineKind::Wasmtime, EngineKind::Wasmer].map(|engine| {
        let config = HostConfig {
            limits,
            engine,
            ees_kept_max: 0,
            concurrent_executions_max: 1,
            ..HostConfig::default()
        };
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

/// Executes an EE; an overflow of the native stack is an error.
fn execute(ee: &Ee, fuel_max: u64) -> Result<Outcome, String> {
    let receipt =
        |payload: &[u8]| ReceivedReceipt { payload: payload.to_vec(), ..ReceivedReceipt::default() };
    let receipts = std::sync::Arc::from([receipt(b""), receipt(b"a payload")]);
    let input = ExecutionInput { receipts, ..ExecutionInput::new(ROOT, b"block data".as_slice()) };
    match ee.execute_within(&input, fuel_max) {
        Ok(output) => Ok(Outcome {
            end: "returned".to_owned(),
            rest: format!("{output:?}"),
            fuel_used: output.fuel_used,
        }),
        Err(error) if matches!(error.kind, ExecutionErrorKind::NativeStackOverflow) => Err(error.to_string()),
        Err(error) => Ok(Outcome {
            end: error.to_string(),
            rest: format!("{:?}", error.logs),
            fuel_used: error.fuel_used,
        }),
    }
}

/// Executes an EE on both hosts, with all fuel and with budgets that run out early, and returns its end in a word.
///
/// A difference between the hosts is an error.
fn run(hosts: &[Host; 2], code: &[u8], library: Option<&[u8]>) -> Result<String, String> {
    let libraries: Vec<_> = library.iter().map(|code| Library { name: "lib", code }).collect();
    let [first, second] = hosts.each_ref().map(|host| host.load_with_libraries(code, &libraries));
    let (first, second) = match (first, second) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(first), Err(second)) if first.to_string() == second.to_string() => {
            return Ok(format!("refused: {}", without_numbers(&first.to_string())));
        }
        (first, second) => {
            return Err(format!("wasmtime loads it: {:?}, wasmer: {:?}", first.err(), second.err()));
        }
    };
    let agreed = |fuel_max| {
        let of_first = execute(&first, fuel_max).map_err(|error| format!("wasmtime: {error}"))?;
        let of_second = execute(&second, fuel_max).map_err(|error| format!("wasmer: {error}"))?;
        if of_first == of_second {
            Ok(of_first)
        } else {
            Err(format!("with {fuel_max} fuel, on wasmtime {of_first:?}, on wasmer {of_second:?}"))
        }
    };
    let outcome = agreed(u64::MAX)?;
    let used = outcome.fuel_used;
    for fuel_max in [used / 7, used / 3, used / 2, used.saturating_sub(1)] {
        agreed(fuel_max)?;
    }
    let words = ["returned", "stack exhausted", "trapped", "fuel"];
    let word = words.into_iter().find(|word| outcome.end.contains(word)).unwrap_or(&outcome.end);
    Ok(word.split(" failed").next().unwrap_or_default().to_owned())
}

/// Removes the parts of a message that differ from module to module.
fn without_numbers(message: &str) -> String {
    let message = message.split('`').next().unwrap_or_default();
    let words: Vec<_> =
        message.split(' ').filter(|word| !word.contains(|c: char| c.is_ascii_digit())).collect();
    words.join(" ")
}

fn deep_ee(seed: u64) -> Generated {
    let bytes = random::bytes(seed);
    let deep::DeepEe { code, library } = deep::deep_ee(&mut Unstructured::new(&bytes));
    (code, library)
}

/// Every other module stands alone, and some of these let the random code call the host; the others have a library.
fn random_ee(seed: u64) -> Generated {
    let mut config = random::config();
    config.disallow_traps = !seed.is_multiple_of(5);
    config.reference_types_enabled = seed % 8 < 4;
    config.extended_const_enabled = seed % 16 < 2;
    if !seed.is_multiple_of(3) {
        config.allowed_instructions = random::straight_line();
        config.disallow_traps = seed % 9 != 1;
    }
    config.max_instructions = 10 + seed as usize % 91;
    if seed % 2 == 1 {
        return with_random_library(&random_module(seed, config));
    }
    if seed.is_multiple_of(4) {
        config.available_imports = Some(wasm(&module("(func (export \"main\"))")));
        config.max_imports = 100;
    }
    (random::as_ee(&random_module(seed, config)), None)
}

fn random_module(seed: u64, config: wasm_smith::Config) -> Vec<u8> {
    let steps_max = seed.is_multiple_of(6).then_some(100);
    // Wasm-smith takes most bytes, but not all.
    let attempts = (0..).map(|attempt: u64| {
        let choices = random::bytes(seed + (attempt << 32));
        let n_choices = 100 + seed.wrapping_mul(997) as usize % 2900;
        random::random_module(config.clone(), steps_max, &choices[..n_choices])
    });
    attempts.flatten().next().expect("there is no end to the attempts")
}

/// Returns a random library, and an EE that calls its functions, logs their results and the globals, and returns a hash
/// of its memory.
fn with_random_library(library: &[u8]) -> Generated {
    let (mut imports, mut body) = (String::new(), String::new());
    let mut memory = "(memory 1)";
    let mut n_functions = 0;
    for (index, export) in summarize(library, &LIMITS).exports.iter().enumerate() {
        let name: String = export.name.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        let name = format!("\"lib\" \"{name}\"");
        if export.ty.starts_with("memory") && memory == "(memory 1)" {
            let _ = write!(imports, "(import {name} (memory 0))");
            memory = "";
        } else if let Some((mutability, ty)) = export.ty.split_once(" global ") {
            let ty_of_import = if mutability == "mutable" { format!("(mut {ty})") } else { ty.to_owned() };
            let _ = write!(imports, "(import {name} (global $g{index} {ty_of_import}))");
            let _ = write!(body, "(global.get $g{index}) {}", log(ty));
        } else if let Some((parameters, results)) = export.ty.split_once(" -> ")
            && n_functions < 4
        {
            n_functions += 1;
            let types = |list: &str| list.trim_matches(['(', ')']).replace(',', "");
            let (parameters, results) = (types(parameters), types(results));
            let _ =
                write!(imports, "(import {name} (func $f{index} (param {parameters}) (result {results})))");
            let arguments: String = parameters.split_whitespace().map(argument).collect();
            let logs: String = results.split_whitespace().rev().map(log).collect();
            // Functions go first, so that the globals show what they did.
            body = format!("{arguments} (call $f{index}) {logs} {body}");
        }
    }
    let ee = format!(
        "(module {imports} (import \"debug\" \"print64\" (func $print64 (param i64)))
        (import \"debug\" \"printMemHex\" (func $hex (param i32 i32)))
        (import \"eth2\" \"savePostStateRoot\" (func $save (param i32))) {memory}
        (export \"memory\" (memory 0))
        (func $log128 (param v128) (call $print64 (i64x2.extract_lane 0 (local.get 0)))
            (call $print64 (i64x2.extract_lane 1 (local.get 0))))
        (func (export \"main\") {body}
            (if (memory.size) (then (call $hex (i32.const 0) (i32.const 65536)) (call $save (i32.const 0))))))"
    );
    (wasm(&ee), Some(library.to_vec()))
}

fn argument(ty: &str) -> &'static str {
    match ty {
        "i32" => "(i32.const 5)",
        "i64" => "(i64.const -7)",
        "f32" => "(f32.const 1.5)",
        "f64" => "(f64.const nan:0x4)",
        "v128" => "(v128.const i64x2 9 -9)",
        "funcref" => "(ref.null func)",
        _ => "(ref.null extern)",
    }
}

/// Code that logs the value on the stack.
fn log(ty: &str) -> &'static str {
    match ty {
        "i32" => "i64.extend_i32_u (call $print64)",
        "i64" => "(call $print64)",
        "f32" => "i32.reinterpret_f32 i64.extend_i32_u (call $print64)",
        "f64" => "i64.reinterpret_f64 (call $print64)",
        "v128" => "(call $log128)",
        _ => "ref.is_null i64.extend_i32_u (call $print64)",
    }
}
