//! Where the tests are: in files, and in archives, which are read without being unpacked.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::files;

/// A file with tests.
pub(super) struct TestFile {
    /// The path, in an archive after that of the archive.
    pub(super) name: String,
    /// What is in it, or why that cannot be read.
    pub(super) json: anyhow::Result<Vec<u8>>,
}

/// A file or archive that has been found, or why it cannot be looked into.
pub(super) type Found = Result<PathBuf, (PathBuf, anyhow::Error)>;

/// Expands directories to the files and archives in them, in the order given, each directory sorted.
///
/// What cannot be looked into, such as a link that leads nowhere, is told beside what can, if it might have had tests.
pub(super) fn find(paths: &[PathBuf]) -> anyhow::Result<Vec<Found>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
                files.extend(look_at(entry));
            }
            anyhow::ensure!(files.len() > before, "{}: no *.json or *.tar.gz file in it", path.display());
        } else {
            anyhow::ensure!(path.exists(), "{}: no such file or directory", path.display());
            files.push(Ok(path.clone()));
        }
    }
    Ok(files)
}

fn look_at(entry: walkdir::Result<walkdir::DirEntry>) -> Option<Found> {
    let might_have_tests = |path: &Path| is_archive(path) || is_test(path);
    match entry {
        Ok(entry) => {
            let file = entry.into_path();
            (file.is_file() && might_have_tests(&file)).then_some(Ok(file))
        }
        Err(error) => {
            let path = error.path().unwrap_or(Path::new("")).to_owned();
            // A link that leads nowhere is no folder.
            let is_link = path.is_symlink() && error.loop_ancestor().is_none();
            let matters = !is_link || might_have_tests(&path);
            let error = error
                .into_io_error()
                .map_or_else(|| anyhow::anyhow!("the links go round in circles"), Into::into);
            matters.then_some(Err((path, error)))
        }
    }
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
///
/// An archive that breaks off has the files before, and is itself one that cannot be read.
pub(super) fn in_batches(
    found: Vec<Found>,
    mut run: impl FnMut(&[TestFile]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut batch = Batch::default();
    for file in found {
        match file {
            Ok(path) if is_archive(&path) => {
                let read = read_archive(&path, |name, json| batch.add(name, json, &mut run));
                match read {
                    Ok(run) => run?,
                    Err(error) => batch.add(files::name(&path), Err(error), &mut run)?,
                }
            }
            Ok(path) => {
                let json = files::read(&path, files::FILE_BYTES_MAX);
                batch.add(files::name(&path), json.map_err(Into::into), &mut run)?;
            }
            Err((path, error)) => batch.add(files::name(&path), Err(error), &mut run)?,
        }
    }
    run(&batch.files)
}

/// Reads the files with tests in an archive, one after the other, until there are no more or one is not taken. The error within is that
/// of the taker.
fn read_archive(
    path: &Path,
    mut take: impl FnMut(String, anyhow::Result<Vec<u8>>) -> anyhow::Result<()>,
) -> anyhow::Result<anyhow::Result<()>> {
    let archive = files::name(path);
    for entry in files::archive(path)?.entries()? {
        let mut entry = entry?;
        let inner = entry.path()?.into_owned();
        if is_test(&inner) && entry.header().entry_type().is_file() {
            let inner = inner.display().to_string();
            let json = match files::read_all(&mut entry, files::FILE_BYTES_MAX) {
                // One that is too long does not keep from the others.
                Err(error) if error.kind() != io::ErrorKind::Other => return Err(error).context(inner),
                json => json.map_err(Into::into),
            };
            let taken = take(format!("{archive}/{inner}"), json);
            if taken.is_err() {
                return Ok(taken);
            }
        }
    }
    Ok(Ok(()))
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
