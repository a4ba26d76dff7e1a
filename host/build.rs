//! Fingerprints the sources, so that compiled code is never taken from the cache of another host than this.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let mut hasher = DefaultHasher::new();
    fingerprint(Path::new("src"), &mut hasher)?;
    let directive = format!("cargo::rustc-env=OUTRIDER_HOST_SOURCES={:016x}\n", hasher.finish());
    io::Write::write_all(&mut io::stdout(), (directive + "cargo::rerun-if-changed=src\n").as_bytes())
}

/// Hashes the names and contents of all files in a directory, in order.
fn fingerprint(directory: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        path.hash(hasher);
        if path.is_dir() {
            fingerprint(&path, hasher)?;
        } else {
            fs::read(&path)?.hash(hasher);
        }
    }
    Ok(())
}
