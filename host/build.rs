//! Fingerprints the sources, so that compiled code is never taken from the cache of another host than this.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

fn main() -> io::Result<()> {
    let (mut hasher, mut out) = (Sha256::new(), io::stdout());
    // The table of imports decides on modules, too. Where it does not lie beside the host, its crate has the host's version, which is in
    // the key of all that is cached.
    for directory in ["src", "../abi/src"].map(Path::new).into_iter().filter(|directory| directory.is_dir()) {
        fingerprint(directory, &mut hasher)?;
        writeln!(out, "cargo::rerun-if-changed={}", directory.display())?;
    }
    let fingerprint = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    writeln!(out, "cargo::rustc-env=OUTRIDER_HOST_SOURCES={fingerprint}")
}

/// Hashes the names and contents of all files in a directory, in order, each behind its length.
fn fingerprint(directory: &Path, hasher: &mut Sha256) -> io::Result<()> {
    let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            fingerprint(&path, hasher)?;
        } else {
            for part in [path.as_os_str().as_encoded_bytes(), &fs::read(&path)?] {
                // Lossless: no target that Rust has is wider than 64 bits.
                hasher.update((part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
    }
    Ok(())
}
