//! The WebAssembly test suite, and the test modules of wasm-tools.
//!
//! Only the profile judges a module, whichever file it is in: it is refused for a reason that the profile names, or it
//! is accepted and does what the script says. Assertions about calls to a refused module count as *outside*.
//!
//! `outrider-published` finds the files; without them the tests say so and pass. Some are in `excerpts`, and always
//! run. `OUTRIDER_WAST` may name a directory of further files, which is searched for `.wast`, `.wat` and `.wasm`.

#![allow(clippy::print_stdout, reason = "the counts are there to be read")]

mod engine;
mod script;
mod states;
#[cfg(feature = "wasmer")]
mod wasmer;
mod wasmtime;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use engine::Session;
use script::{Tally, run_script};
use wasmtime::Wasmtime;

#[test]
fn the_test_suite_passes_on_wasmtime() {
    the_test_suite_passes::<Wasmtime>();
}

#[cfg(feature = "wasmer")]
#[test]
fn the_test_suite_passes_on_wasmer() {
    the_test_suite_passes::<wasmer::Wasmer>();
}

#[test]
fn the_excerpt_passes_on_wasmtime() {
    the_excerpt_passes::<Wasmtime>();
}

#[cfg(feature = "wasmer")]
#[test]
fn the_excerpt_passes_on_wasmer() {
    the_excerpt_passes::<wasmer::Wasmer>();
}

#[test]
fn further_files_pass_on_wasmtime() {
    check::<Wasmtime>(&further_files(), true, |_| {});
}

#[cfg(feature = "wasmer")]
#[test]
fn further_files_pass_on_wasmer() {
    check::<wasmer::Wasmer>(&further_files(), true, |_| {});
}

#[track_caller]
fn the_test_suite_passes<S: Session>() {
    let Some(files) = archive("testsuite.tar.gz") else { return };
    check::<S>(&files, true, |tally| {
        assert!(tally.accepted > 0 && tally.refused > 0 && tally.rejected > 0, "{tally:?}");
        assert!(tally.assertions > 10_000, "{tally:?}");
        assert!(tally.unreadable.is_empty(), "{tally:?}");
    });
}

#[track_caller]
fn the_excerpt_passes<S: Session>() {
    let excerpts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec/excerpts");
    let files = files_below(excerpts.join("testsuite"));
    assert_eq!(files.len(), 14);
    check::<S>(&files, true, |tally| {
        assert!(tally.accepted > 0 && tally.refused > 0 && tally.rejected > 0, "{tally:?}");
        assert!(tally.assertions > 50, "{tally:?}");
        assert!(tally.unreadable.is_empty(), "{tally:?}");
    });
    let files = files_below(excerpts.join("wasm-tools"));
    assert_eq!(files.len(), 7);
    check::<S>(&files, false, |tally| {
        assert!(tally.accepted > 0 && tally.refused > 0 && tally.rejected > 0, "{tally:?}");
    });
}

#[test]
fn the_modules_of_wasm_tools_are_judged_rightly() {
    let Some(files) = archive("wasm-tools-tests.tar.gz") else { return };
    check::<Wasmtime>(&files, false, |tally| {
        assert!(tally.accepted > 0 && tally.refused > 0 && tally.rejected > 0, "{tally:?}");
        assert!(tally.unreadable.is_empty(), "{tally:?}");
    });
}

/// Runs every file, prints the results by category, and checks that nothing failed.
#[track_caller]
fn check<S: Session>(files: &BTreeMap<String, Vec<u8>>, execute: bool, enough: impl FnOnce(&Tally)) {
    let mut categories = BTreeMap::<&str, Tally>::new();
    let mut failures = Vec::new();
    for (path, bytes) in files {
        let mut tally = run_script::<S>(path, bytes, execute);
        failures.append(&mut tally.failures);
        categories.entry(category(path)).or_default().add(&tally);
    }
    let mut total = Tally::default();
    println!("{:>22} {}", "", Tally::HEADINGS);
    for (category, tally) in &categories {
        println!("{category:>22} {tally}");
        total.add(tally);
    }
    println!("{:>22} {total}", "total");
    for (reason, n) in &total.reasons {
        println!("{n:>10} refused for {reason}");
    }
    for unreadable in &total.unreadable {
        println!("unreadable: {unreadable}");
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    enough(&total);
}

fn category(path: &str) -> &str {
    if path.contains("proposals/") {
        return "proposals";
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let categories: &[(&str, &[&str])] = &[
        ("simd", &["simd_"]),
        ("floats", &["f32", "f64", "float_", "conversions"]),
        ("integers", &["i32.", "i64.", "int_"]),
        ("memory", &["memory", "address", "align", "load", "store", "data", "bulk", "endianness"]),
        ("tables", &["table", "elem", "call_indirect", "func_ptrs"]),
        ("linking", &["imports", "exports", "linking", "start", "names", "instance"]),
        (
            "text and binary",
            &["binary", "utf8", "token", "comments", "annotations", "id.", "obsolete", "custom"],
        ),
    ];
    let found =
        categories.iter().find(|(_, prefixes)| prefixes.iter().any(|prefix| name.starts_with(prefix)));
    found.map_or("the rest", |(category, _)| category)
}

/// Reads the WebAssembly files below the directory that `OUTRIDER_WAST` names, or none.
fn further_files() -> BTreeMap<String, Vec<u8>> {
    std::env::var_os("OUTRIDER_WAST").map_or_else(BTreeMap::new, |directory| files_below(directory.into()))
}

/// Reads the WebAssembly files below a directory.
fn files_below(directory: PathBuf) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut directories = vec![directory];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("the directory can be read") {
            let path = entry.expect("the directory can be read").path();
            if path.is_dir() {
                directories.push(path);
            } else if let Some(name) = path.to_str().filter(|name| is_wasm(name)) {
                files.insert(name.to_owned(), std::fs::read(&path).expect("the file can be read"));
            }
        }
    }
    files
}

fn is_wasm(path: &str) -> bool {
    [".wast", ".wat", ".wasm"].iter().any(|ending| path.ends_with(ending))
}

/// Reads the WebAssembly files of an archive, or prints that it is missing and returns none.
fn archive(name: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let files = outrider_published::archive(&format!("wasm-spec/{name}"))?;
    let files: BTreeMap<_, _> = files.into_iter().filter(|(path, _)| is_wasm(path)).collect();
    assert!(!files.is_empty(), "{name} has WebAssembly files");
    Some(files)
}
