//! Hashes the sources, so that a host never takes compiled code of another version from the cache.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

fn main() -> io::Result<()> {
    let (mut hasher, mut out) = (Sha256::new(), io::stdout());
    // The table of imports affects modules, too. If it is not in the directory beside the host, its crate has the
    // host's version, which is in every key of the cache.
    for directory in ["src", "../abi/src"].map(Path::new).into_iter().filter(|directory| directory.is_dir()) {
        fingerprint(directory, &mut hasher)?;
        writeln!(out, "cargo::rerun-if-changed={}", directory.display())?;
    }
    let fingerprint = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    writeln!(out, "cargo::rustc-env=OUTRIDER_HOST_SOURCES={fingerprint}")
}

/// Hashes the names and contents of all files in a directory, in order, each after its length.
fn fingerprint(directory: &Path, hasher: &mut Sha256) -> io::Result<()> {
    let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            fingerprint(&path, hasher)?;
        } else {
            for part in [path.as_os_str().as_encoded_bytes(), &fs::read(&path)?] {
                // Lossless: Rust has no target wider than 64 bits.
                hasher.update((part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
    }
    Ok(())
}
