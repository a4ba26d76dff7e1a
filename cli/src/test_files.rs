//! Finds and reads files of tests, also in archives, which are not unpacked to disk.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::files;

/// A file with tests.
pub(crate) struct TestFile {
    /// The path. In an archive, it follows the path of the archive.
    pub(crate) name: String,
    /// The contents, or why they cannot be read.
    pub(crate) json: anyhow::Result<Vec<u8>>,
}

/// The path of a file or archive, or a path that cannot be accessed and the reason.
pub(crate) type SearchResult = Result<PathBuf, (PathBuf, anyhow::Error)>;

/// Expands directories to the files and archives in them, in the order of the arguments, each directory sorted.
///
/// An entry that cannot be accessed, such as a dangling link, is an error in the list if it might contain tests.
///
/// `is_test` says whether the file at a path may contain tests.
pub(crate) fn find(paths: &[PathBuf], is_test: fn(&Path) -> bool) -> anyhow::Result<Vec<SearchResult>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
                files.extend(examine(entry, is_test));
            }
            anyhow::ensure!(
                files.len() > before,
                "{}: the directory contains no *.json or *.tar.gz file",
                path.display()
            );
        } else {
            anyhow::ensure!(path.exists(), "{}: no such file or directory", path.display());
            files.push(Ok(path.clone()));
        }
    }
    Ok(files)
}

fn examine(entry: walkdir::Result<walkdir::DirEntry>, is_test: fn(&Path) -> bool) -> Option<SearchResult> {
    let might_have_tests = |path: &Path| is_archive(path) || is_test(path);
    match entry {
        Ok(entry) => {
            let file = entry.into_path();
            (file.is_file() && might_have_tests(&file)).then_some(Ok(file))
        }
        Err(error) => {
            let path = error.path().unwrap_or(Path::new("")).to_owned();
            // A dangling link is not a directory, so only its name counts.
            let is_link = path.is_symlink() && error.loop_ancestor().is_none();
            let matters = !is_link || might_have_tests(&path);
            let error = error.into_io_error().map_or_else(
                || anyhow::anyhow!("the link leads to a directory that contains it"),
                Into::into,
            );
            matters.then_some(Err((path, error)))
        }
    }
}

fn is_archive(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.ends_with(".tar.gz") || name.ends_with(".tgz"))
}

/// Reads files in order, also those in archives, and runs them in batches of about [`BATCH_BYTES`].
///
/// Of a truncated archive, the complete files are run, and the archive itself is reported as unusable.
pub(crate) fn in_batches(
    found: Vec<SearchResult>,
    is_test: fn(&Path) -> bool,
    mut run: impl FnMut(&[TestFile]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut batch = Batch::default();
    for file in found {
        match file {
            Ok(path) if is_archive(&path) => {
                let read = read_archive(&path, is_test, |name, json| batch.add(name, json, &mut run));
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

/// Reads the files of tests in an archive and passes each to `take`, until that fails. The inner result is that of `take`.
fn read_archive(
    path: &Path,
    is_test: fn(&Path) -> bool,
    mut take: impl FnMut(String, anyhow::Result<Vec<u8>>) -> anyhow::Result<()>,
) -> anyhow::Result<anyhow::Result<()>> {
    let archive = files::name(path);
    for entry in files::archive(path)?.entries()? {
        let mut entry = entry?;
        let inner = entry.path()?.into_owned();
        if is_test(&inner) && entry.header().entry_type().is_file() {
            let inner = inner.display().to_string();
            let json = match files::read_all(&mut entry, files::FILE_BYTES_MAX) {
                // A file that is too long does not prevent the others from being read.
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

/// The size of a batch in bytes.
const BATCH_BYTES: usize = 64 << 20;
