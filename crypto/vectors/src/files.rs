//! How files are read.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Reads name and text of each file of a `.tar.gz` of published data, or none where it is not.
pub fn archive(name: &str) -> Vec<(String, String)> {
    let files = outrider_published::archive(name).unwrap_or_default();
    files.into_iter().map(|(name, text)| (name, String::from_utf8(text).unwrap())).collect()
}

/// Decodes hex, with or without `0x`.
pub fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text.trim_start_matches("0x")).unwrap()
}

/// Returns the path of a file of this crate.
pub(crate) fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> T {
    serde_json::from_slice(&outrider_published::read(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
