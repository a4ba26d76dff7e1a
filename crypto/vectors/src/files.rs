//! The files of vectors.

use std::{
    env, fs,
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;

/// Returns the directory of the shared data set. Without it, prints that vectors are skipped and returns `None`.
pub fn shared() -> Option<PathBuf> {
    let directory = env::var_os("OUTRIDER_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    if directory.is_dir() {
        Some(directory)
    } else {
        eprintln!("SKIPPED: no vectors at {}; set OUTRIDER_DATA to the directory", directory.display());
        None
    }
}

/// Reads the name and text of each file in a `.tar.gz`.
pub fn archive(path: &Path) -> Vec<(String, String)> {
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

/// Decodes hex, with or without `0x`.
pub fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text.trim_start_matches("0x")).unwrap()
}

/// Returns the path of a file of this crate.
pub(crate) fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// Reads a file, and unpacks it if its name ends in `.gz`.
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
