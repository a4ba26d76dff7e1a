//! Reads published data.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod cases;
#[cfg(feature = "runner")]
pub(crate) mod engine;
pub(crate) mod native;
pub(crate) mod shard;

use std::fs;

/// Returns the bytes of a file, decompressed if its name ends in `.gz`, or `None` if it is not there.
pub(crate) fn file(path: &str) -> Option<Vec<u8>> {
    outrider_published::file(path)
}

/// Returns the path and the bytes of each test in a `.tar.gz`.
pub(crate) fn files(path: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let files = outrider_published::archive(path)?;
    Some(files.into_iter().filter(|(name, _)| name.ends_with(".json")).collect())
}

/// Returns the tests of all archives whose path has this prefix.
pub(crate) fn archives(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let (folder, name) = prefix.rsplit_once('/').expect("the prefix has a folder");
    let Some(directory) = outrider_published::path(folder) else { return Vec::new() };
    let entries = fs::read_dir(directory).expect("the directory can be read");
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|file| file.starts_with(name) && file.ends_with(".tar.gz"));
    names.sort();
    names.iter().flat_map(|file| files(&format!("{folder}/{file}")).unwrap_or_default()).collect()
}
