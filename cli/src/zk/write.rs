//! Writes files of packages, and other files that the verbs make.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{files, output};

/// Writes a file of packages, or prints it.
pub(super) fn packages(output: Option<&Path>, packages: &[Vec<u8>]) -> anyhow::Result<()> {
    let packages: Vec<String> = packages.iter().map(hex::encode).collect();
    document(output, &json!({ "packages": packages }))
}

/// Writes a document of packages or receipts into a file, or prints it.
pub(super) fn document(output: Option<&Path>, document: &Value) -> anyhow::Result<()> {
    let text = format!("{document:#}\n");
    match output {
        Some(path) => {
            check_replaceable(path)?;
            std::fs::write(path, text).with_context(|| path.display().to_string())
        }
        None => Ok(output::stdout().write_all(text.as_bytes())?),
    }
}

/// Checks that a path has no file but one of packages, so that no secret key, state or fixture is lost.
pub(super) fn check_replaceable(path: &Path) -> anyhow::Result<()> {
    if !path.exists() || !path.is_file() {
        return Ok(());
    }
    let bytes = files::read(path, PACKAGES_BYTES_MAX).unwrap_or_default();
    let known: Option<Value> = serde_json::from_slice(&bytes).ok();
    anyhow::ensure!(
        known.is_some_and(|known| known.get("packages").is_some()),
        "{}: this file exists and has no packages: name another file",
        path.display()
    );
    Ok(())
}

/// The most bytes of a file of packages that is replaced.
const PACKAGES_BYTES_MAX: u64 = 1 << 28;

/// Writes a new file that only its owner can read.
pub(super) fn secret(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = |mut file: File| file.write_all(text.as_bytes());
    options
        .open(path)
        .and_then(write)
        .with_context(|| format!("{}: cannot write the secret key into a new file", path.display()))
}
