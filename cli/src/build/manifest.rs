//! `blobs/manifest.toml`: for each blob, the hashes of the blob and of the sources it was built from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files;

/// The manifest of a directory of blobs, by the EEs' names.
#[derive(Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Manifest(BTreeMap<String, Entry>);

/// What is known of one blob.
#[derive(Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// SHA-256 of the blob, in hex.
    pub(super) blob_sha256: String,
    /// Hash of the sources, as [`Workspace::hash_sources`](super::Workspace::hash_sources) makes it.
    pub(super) sources_sha256: String,
    /// The compiler, as `rustc --version` tells it.
    pub(super) compiler: String,
}

impl Manifest {
    pub(super) fn path(blobs: &Path) -> PathBuf {
        blobs.join("manifest.toml")
    }

    /// Reads the manifest of a directory; one that is not there yet is empty.
    pub(super) fn read(blobs: &Path) -> anyhow::Result<Self> {
        let path = Self::path(blobs);
        match files::read(&path, files::FILE_BYTES_MAX) {
            // In one line, as an error is told.
            Ok(text) => toml::from_slice(&text)
                .map_err(|error: toml::de::Error| anyhow::anyhow!("{}: {}", path.display(), error.message())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Puts an entry in, and tells whether that changed anything.
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

    /// Tells why a blob and its sources do not belong together, if they do not.
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
                return Ok(Some("the blob is not there"));
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

/// Hashes bytes, to hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
