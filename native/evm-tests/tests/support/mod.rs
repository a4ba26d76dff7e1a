//! Where the data are.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod cases;
pub(crate) mod native;

use std::{
    env, fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;

fn directory() -> PathBuf {
    env::var_os("OUTRIDER_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
}

/// The bytes of a file, unpacked if its name ends in `.gz`; `None`, said aloud, when this machine does not have it.
pub(crate) fn file(path: &str) -> Option<Vec<u8>> {
    let path = directory().join(path);
    let Ok(bytes) = fs::read(&path) else {
        eprintln!("SKIPPED: no {}; OUTRIDER_DATA names the directory", path.display());
        return None;
    };
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut unpacked = Vec::new();
        GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).unwrap();
        return Some(unpacked);
    }
    Some(bytes)
}

/// Path and bytes of each file of a `.tar.gz`.
pub(crate) fn files(path: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let unpacked = file(path)?;
    let mut archive = tar::Archive::new(&unpacked[..]);
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (name, bytes)
    });
    Some(files.filter(|(name, _)| name.ends_with(".json")).collect())
}

/// The files of all archives whose path begins so.
pub(crate) fn archives(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let (folder, name) = prefix.rsplit_once('/').expect("the prefix has a folder");
    let Ok(entries) = fs::read_dir(directory().join(folder)) else {
        eprintln!("SKIPPED: no {folder} in {}; OUTRIDER_DATA names the directory", directory().display());
        return Vec::new();
    };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|file| file.starts_with(name) && file.ends_with(".tar.gz"));
    names.sort();
    names.iter().flat_map(|file| files(&format!("{folder}/{file}")).unwrap_or_default()).collect()
}
