//! Finds and reads input files, with a limit on their size.
//!
//! The path `-` stands for standard input, which can be read only once.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use flate2::read::MultiGzDecoder;
use outrider_fixture::{Fixture, FixtureError, files::open, packages, packages::Packages};

pub(crate) use outrider_fixture::files::{FILE_BYTES_MAX, MODULE_BYTES_MAX, read_all};

/// The limit on the unpacked size of an archive. Only one of its files is in memory at a time.
const ARCHIVE_BYTES_MAX: u64 = 1 << 36;

/// Whether standard input has been read.
static STDIN_IS_READ: AtomicBool = AtomicBool::new(false);

/// Reads a file or standard input.
pub(crate) fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    if !is_stdin(path) {
        return outrider_fixture::files::read(path, bytes_max);
    }
    match STDIN_IS_READ.swap(true, Ordering::Relaxed) {
        false => read_all(io::stdin().lock(), bytes_max),
        true => Err(io::Error::other("the standard input can be read only once")),
    }
}

/// Reads a fixture and every file that it names.
pub(crate) fn read_fixture(path: &Path) -> Result<Fixture, FixtureError> {
    Fixture::of_bytes(Path::new(&name(path)), read(path, FILE_BYTES_MAX))
}

/// Reads a file of packages.
pub(crate) fn read_packages(path: &Path) -> Result<Packages, FixtureError> {
    packages::of_bytes(Path::new(&name(path)), read(path, FILE_BYTES_MAX))
}

/// Reads a file, and unpacks it if its name ends in `.gz`.
pub(crate) fn read_unpacked(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = read(path, FILE_BYTES_MAX)?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Ok(bytes);
    }
    read_all(MultiGzDecoder::new(&bytes[..]), FILE_BYTES_MAX)
}

/// Opens a `.tar.gz`, which is unpacked as it is read: all members of the gzip file, and all archives in them.
pub(crate) fn archive(path: &Path) -> io::Result<tar::Archive<impl Read>> {
    let unpacked = MultiGzDecoder::new(io::BufReader::new(open(path)?)).take(ARCHIVE_BYTES_MAX);
    let mut archive = tar::Archive::new(unpacked);
    archive.set_ignore_zeros(true);
    Ok(archive)
}

/// Returns whether a path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == OsStr::new("-")
}

/// Returns the name of a file for messages.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() }
}

/// A kind of YAML files, of which directories may have both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum YamlKind {
    /// Blocks of EEs, and the states expected after them.
    Fixture,
    /// Simulated shards.
    Scenario,
}

/// Expands directories and patterns to YAML files, in the order of the arguments. A directory stands for those below it that are not
/// of the other kind.
pub(crate) fn find_yaml(arguments: &[PathBuf], kind: YamlKind) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in arguments {
        let found = find(std::slice::from_ref(path), &["yaml", "yml"])?;
        let is_directory = path.is_dir();
        let is_meant = |file: &PathBuf| !is_directory || is_scenario(file) == (kind == YamlKind::Scenario);
        let before = files.len();
        files.extend(found.into_iter().filter(is_meant));
        let what = match kind {
            YamlKind::Fixture => "fixture: `outrider sim` runs scenarios",
            YamlKind::Scenario => "scenario: `outrider run` runs fixtures",
        };
        anyhow::ensure!(files.len() > before, "{}: the directory contains no {what}", path.display());
    }
    Ok(files)
}

/// Returns whether a YAML file is a scenario, by a key that each has at the start of a line. A file that cannot be read is none.
fn is_scenario(path: &Path) -> bool {
    let starts = |line: &[u8]| [&b"preset:"[..], b"model:"].iter().any(|key| line.starts_with(key));
    read(path, SCENARIO_BYTES_MAX).is_ok_and(|text| text.split(|byte| *byte == b'\n').any(starts))
}

/// The most bytes of a scenario.
pub(crate) const SCENARIO_BYTES_MAX: u64 = 1 << 20;

/// Expands directories and patterns to files, in the order of the arguments. A directory stands for the files below it that have one of
/// the extensions, sorted by name.
pub(crate) fn find(arguments: &[PathBuf], extensions: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in arguments {
        if path.is_dir() {
            files.extend(find_in_directory(path, extensions)?);
        } else if is_stdin(path) || path.exists() {
            files.push(path.clone());
        } else {
            files.extend(find_by_pattern(path)?);
        }
    }
    Ok(files)
}

fn find_in_directory(directory: &Path, extensions: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let has_extension = |path: &Path| {
        let extension = path.extension().and_then(OsStr::to_str);
        extension.is_some_and(|extension| extensions.contains(&extension))
    };
    for entry in walkdir::WalkDir::new(directory).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) if has_extension(entry.path()) && entry.path().is_file() => {
                files.push(entry.into_path())
            }
            Ok(_) => {}
            // A dangling link with another extension does not matter; reading one with the extension reports what is wrong.
            Err(error) => match error.path() {
                Some(path) if path.is_symlink() && error.loop_ancestor().is_none() => {
                    files.extend(has_extension(path).then(|| path.to_owned()));
                }
                _ => return Err(error.into()),
            },
        }
    }
    let names: Vec<_> = extensions.iter().map(|extension| format!("*.{extension}")).collect();
    anyhow::ensure!(
        !files.is_empty(),
        "{}: the directory contains no {} file",
        directory.display(),
        names.join(" or ")
    );
    Ok(files)
}

fn find_by_pattern(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let name = path.display();
    let pattern = path.to_str().filter(|pattern| pattern.contains(['*', '?', '[']));
    let pattern = pattern.with_context(|| format!("{name}: no such file or directory"))?;
    let paths = glob::glob(pattern).with_context(|| format!("{name}: not a glob pattern"))?;
    let files = paths.collect::<Result<Vec<_>, _>>()?;
    anyhow::ensure!(!files.is_empty(), "{name}: no file matches the pattern");
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn write(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        (directory, path)
    }

    #[test]
    fn all_members_of_a_gzip_file_are_read_or_the_file_is_refused() {
        let members = [packed(b"one"), packed(b""), packed(b"two")].concat();
        let (_directory, path) = write("f.gz", &members);
        assert_eq!(read_unpacked(&path).unwrap(), b"onetwo");
        for wrong in [&members[..members.len() - 1], &[&members[..], b"more"].concat(), b""] {
            std::fs::write(&path, wrong).unwrap();
            assert!(read_unpacked(&path).is_err());
        }
    }
}
