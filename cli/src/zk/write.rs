//! Writes files of packages, and other files that the verbs make.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::output;

/// Writes a file of packages, or prints it.
pub(super) fn packages(output: Option<&Path>, packages: &[Vec<u8>]) -> anyhow::Result<()> {
    let packages: Vec<String> = packages.iter().map(hex::encode).collect();
    document(output, &json!({ "packages": packages }))
}

/// Writes JSON into a file, or prints it.
pub(super) fn document(output: Option<&Path>, document: &Value) -> anyhow::Result<()> {
    let text = format!("{document:#}\n");
    match output {
        Some(path) => std::fs::write(path, text).with_context(|| path.display().to_string()),
        None => Ok(output::stdout().write_all(text.as_bytes())?),
    }
}

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
