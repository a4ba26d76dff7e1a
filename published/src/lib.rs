#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "this is part of tests: an unreadable file fails a test, and skips are printed"
)]

mod skips;

use std::{
    env, fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;

pub use skips::skip;

/// Returns the root of the project: the nearest directory above this crate that has a lock file and `.ci`.
///
/// # Panics
///
/// Panics if there is none, because this crate is outside of the project.
#[must_use]
pub fn project() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_root =
        |directory: &&Path| directory.join("Cargo.lock").is_file() && directory.join(".ci").is_dir();
    let root = here.ancestors().find(is_root);
    root.unwrap_or_else(|| panic!("no directory above {} has Cargo.lock and .ci", here.display())).to_owned()
}

/// Finds a file or directory of published data; prints and records a skip, and returns `None`, if it is missing.
///
/// # Panics
///
/// Panics if it is missing and `OUTRIDER_DATA_REQUIRED` is set, or if `OUTRIDER_DATA` does not name a directory.
#[must_use]
pub fn path(name: &str) -> Option<PathBuf> {
    let directory = data();
    let found = directory.join(name);
    if found.exists() {
        return Some(found);
    }
    let excerpt = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    if excerpt.is_file() {
        return Some(excerpt);
    }
    let lack = format!("no {}; OUTRIDER_DATA names the directory", found.display());
    assert!(!is_required(), "{lack}, and OUTRIDER_DATA_REQUIRED asks for all of it");
    skip(lack);
    None
}

/// Reads a file of published data, unpacked if its name ends in `.gz`; returns `None` as [`path`] does.
///
/// # Panics
///
/// Panics as [`path`] does, or if the file cannot be read.
#[must_use]
pub fn file(name: &str) -> Option<Vec<u8>> {
    path(name).map(|path| read(&path))
}

/// Reads path and bytes of each file of a `.tar.gz` of published data; returns `None` as [`path`] does.
///
/// # Panics
///
/// Panics as [`path`] does, or if the archive cannot be read.
#[must_use]
pub fn archive(name: &str) -> Option<Vec<(String, Vec<u8>)>> {
    path(name).map(|path| read_archive(&path))
}

/// Reads a file, unpacked if its name ends in `.gz`.
///
/// # Panics
///
/// Panics if it cannot be read.
#[must_use]
pub fn read(path: &Path) -> Vec<u8> {
    let raw = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_none_or(|extension| extension != "gz") {
        return raw;
    }
    let mut unpacked = Vec::new();
    let outcome = MultiGzDecoder::new(&raw[..]).read_to_end(&mut unpacked);
    outcome.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    unpacked
}

/// Reads path and bytes of each file of a `.tar.gz`.
///
/// # Panics
///
/// Panics if it cannot be read, or has no files.
#[must_use]
pub fn read_archive(path: &Path) -> Vec<(String, Vec<u8>)> {
    let unpacked = read(path);
    let mut archive = tar::Archive::new(&unpacked[..]);
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if entry.header().entry_type().is_file() {
            let name = entry.path().unwrap().display().to_string();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            files.push((name, bytes));
        }
    }
    assert!(!files.is_empty(), "{} has files", path.display());
    files
}

/// Returns whether the whole data set is required, and not only its part in this crate.
fn is_required() -> bool {
    env::var_os("OUTRIDER_DATA_REQUIRED").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Returns the directory of published data, whether it exists or not.
fn data() -> PathBuf {
    let Some(told) = env::var_os("OUTRIDER_DATA") else { return project().join("../shared/data") };
    // Tests run in the directories of their crates, and a relative path would be that of cargo's caller.
    let told = PathBuf::from(told);
    assert!(
        told.is_dir(),
        "OUTRIDER_DATA is {}, which is not a directory; write an absolute path",
        told.display()
    );
    told
}
