//! Where the vectors are, and how they are read.

#![allow(dead_code, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

use std::{
    env, fs,
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;

/// The shared data set, or `None`, said aloud, when this machine does not have it.
pub(crate) fn shared() -> Option<PathBuf> {
    let directory = env::var_os("OUTRIDER_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    if directory.is_dir() {
        Some(directory)
    } else {
        eprintln!("SKIPPED: no vectors at {}; OUTRIDER_DATA names the directory", directory.display());
        None
    }
}

/// A file that comes with this crate.
pub(crate) fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

/// The content, unpacked when the name ends in `.gz`.
pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    let raw = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut unpacked = Vec::new();
        GzDecoder::new(&raw[..]).read_to_end(&mut unpacked).unwrap();
        unpacked
    } else {
        raw
    }
}

pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> T {
    serde_json::from_slice(&bytes(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Name and text of each file of a `.tar.gz`.
pub(crate) fn archive(path: &Path) -> Vec<(String, String)> {
    let unpacked = bytes(path);
    let mut archive = tar::Archive::new(&unpacked[..]);
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (name, text)
    });
    files.filter(|(_, text)| !text.is_empty()).collect()
}

/// Reads hex, with or without `0x`.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text.trim_start_matches("0x")).unwrap()
}

/// Prints how many cases of a suite held, which must not be none.
#[track_caller]
pub(crate) fn report(suite: &str, n_cases: usize) {
    assert!(n_cases > 0, "{suite}: no cases");
    println!("{suite}: {n_cases} cases");
}
