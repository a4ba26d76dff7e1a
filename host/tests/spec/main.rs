//! The WebAssembly test suite, and the modules that wasm-tools is tested with.
//!
//! Each module is judged by the profile alone, whatever file it is in: it is refused for a reason that the profile names, or
//! it is accepted and does what the script says. What is said of calls to a module that was refused is *outside*.
//!
//! The files are read in place from `../shared/data` beside the project, or from the directory that `OUTRIDER_DATA`
//! names; without them the tests say so and pass. `OUTRIDER_WAST` may name a directory of further files, which is
//! searched for `.wast`, `.wat` and `.wasm`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the counts are there to be read")]

mod engine;
mod script;
mod states;
#[cfg(feature = "wasmer")]
mod wasmer;
mod wasmtime;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

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

#[test]
fn the_modules_of_wasm_tools_are_told_apart() {
    let Some(files) = archive("wasm-tools-tests.tar.gz") else { return };
    check::<Wasmtime>(&files, false, |tally| {
        assert!(tally.accepted > 0 && tally.refused > 0 && tally.rejected > 0, "{tally:?}");
        assert!(tally.unreadable.is_empty(), "{tally:?}");
    });
}

/// Runs every file, prints what came of it by category, and checks that nothing failed.
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

/// Reads the WebAssembly files of the directory that `OUTRIDER_WAST` names, and of those in it; none without it.
fn further_files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut directories: Vec<_> = std::env::var_os("OUTRIDER_WAST").map(PathBuf::from).into_iter().collect();
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

/// Reads the WebAssembly files of an archive; none, and says so, if it is not there.
fn archive(name: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let data = std::env::var_os("OUTRIDER_DATA").map(PathBuf::from);
    let data =
        data.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")));
    let path = data.join("wasm-spec").join(name);
    let Ok(file) = File::open(&path) else {
        eprintln!("SKIPPED: no {}", path.display());
        return None;
    };
    let mut files = BTreeMap::new();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for entry in archive.entries().expect("the archive can be read") {
        let mut entry = entry.expect("the archive can be read");
        let path = entry.path().expect("the path is text").to_string_lossy().into_owned();
        if is_wasm(&path) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("the archive can be read");
            files.insert(path, bytes);
        }
    }
    assert!(!files.is_empty(), "{} has WebAssembly files", path.display());
    Some(files)
}
