//! Where the tests are: in files, and in archives, which are read without being unpacked.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use flate2::read::GzDecoder;
use tar::Archive;

/// A file with tests.
pub(super) struct TestFile {
    /// The path, in an archive after that of the archive.
    pub(super) name: String,
    /// What is in it, or why that cannot be read.
    pub(super) json: anyhow::Result<Vec<u8>>,
}

/// Expands directories to the files and archives in them, in the order given, each directory sorted.
pub(super) fn find(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
                let file = entry?.into_path();
                if file.is_file() && (is_archive(&file) || is_test(&file)) {
                    files.push(file);
                }
            }
            anyhow::ensure!(files.len() > before, "{}: no *.json or *.tar.gz file in it", path.display());
        } else {
            anyhow::ensure!(path.exists(), "{}: no such file or directory", path.display());
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn is_archive(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.ends_with(".tar.gz") || name.ends_with(".tgz"))
}

/// Tells whether a file of a directory or archive has tests; the index of a release, in `.meta`, has none.
fn is_test(path: &Path) -> bool {
    let is_meta = path.components().any(|component| component.as_os_str() == ".meta");
    !is_meta && path.extension().is_some_and(|extension| extension == "json")
}

/// Reads files in their order, those in archives, too, and runs as many at a time as fit into memory with ease.
pub(super) fn in_batches(
    paths: &[PathBuf],
    mut run: impl FnMut(&[TestFile]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut batch = Batch::default();
    for path in paths {
        let name = path.display().to_string();
        if !is_archive(path) {
            batch.add(name, std::fs::read(path).map_err(Into::into), &mut run)?;
            continue;
        }
        let file = File::open(path).with_context(|| name.clone())?;
        let mut archive = Archive::new(GzDecoder::new(file));
        for entry in archive.entries().with_context(|| name.clone())? {
            let mut entry = entry.with_context(|| format!("{name}: no archive"))?;
            let inner = entry.path().with_context(|| name.clone())?.into_owned();
            if is_test(&inner) {
                let mut json = Vec::new();
                let read = entry.read_to_end(&mut json).map(|_| json).map_err(Into::into);
                batch.add(format!("{name}/{}", inner.display()), read, &mut run)?;
            }
        }
    }
    run(&batch.files)
}

#[derive(Default)]
struct Batch {
    files: Vec<TestFile>,
    bytes: usize,
}

impl Batch {
    fn add(
        &mut self,
        name: String,
        json: anyhow::Result<Vec<u8>>,
        run: &mut impl FnMut(&[TestFile]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.bytes = self.bytes.saturating_add(json.as_ref().map_or(0, Vec::len));
        self.files.push(TestFile { name, json });
        if self.bytes >= BATCH_BYTES {
            run(&std::mem::take(self).files)?;
        }
        Ok(())
    }
}

/// Bytes of tests that are read before any of them is run.
const BATCH_BYTES: usize = 64 << 20;
