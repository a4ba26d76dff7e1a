//! `blobs/manifest.toml`: the hashes of each blob and of its sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files;

/// The manifest of a directory of blobs, with an entry for each EE by name.
#[derive(Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Manifest(BTreeMap<String, Entry>);

/// The entry of a blob.
#[derive(Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// SHA-256 of the blob, in hex.
    pub(super) blob_sha256: String,
    /// Hash of the sources, see [`Workspace::hash_sources`](super::Workspace::hash_sources).
    pub(super) sources_sha256: String,
    /// The compiler, as `rustc --version` prints it.
    pub(super) compiler: String,
}

impl Manifest {
    pub(super) fn path(blobs: &Path) -> PathBuf {
        blobs.join("manifest.toml")
    }

    /// Reads the manifest of a directory. A missing manifest counts as empty.
    pub(super) fn read(blobs: &Path) -> anyhow::Result<Self> {
        let path = Self::path(blobs);
        match files::read(&path, files::FILE_BYTES_MAX) {
            // Only the message, because the error's text has several lines.
            Ok(text) => toml::from_slice(&text)
                .map_err(|error: toml::de::Error| anyhow::anyhow!("{}: {}", path.display(), error.message())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Inserts an entry, and returns whether that changed the manifest.
    pub(super) fn insert(&mut self, name: &str, entry: Entry) -> bool {
        let changed = self.0.get(name) != Some(&entry);
        self.0.insert(name.to_owned(), entry);
        changed
    }

    pub(super) fn to_text(&self) -> anyhow::Result<String> {
        Ok(format!(
            "# Written by `outrider build`, checked by `outrider build --check`.\n\n{}",
            toml::to_string(self)?
        ))
    }

    /// Returns why a blob does not match the manifest or its sources; none if it does.
    pub(super) fn check(
        &self,
        name: &str,
        blob: &Path,
        sources_sha256: &str,
    ) -> anyhow::Result<Option<&'static str>> {
        let Some(entry) = self.0.get(name) else { return Ok(Some("not in the manifest")) };
        let code = match files::read(blob, files::MODULE_BYTES_MAX) {
            Ok(code) => code,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Some("the blob is missing"));
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", blob.display())),
        };
        Ok(if sha256(&code) != entry.blob_sha256 {
            Some("the blob is not the one in the manifest")
        } else if sources_sha256 != entry.sources_sha256 {
            Some("the sources have changed since the blob was built")
        } else {
            None
        })
    }
}

/// Returns the SHA-256 of bytes, in hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
