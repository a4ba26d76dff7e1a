//! The sources of cases: folders and archives, read completely and within bounds.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType, PaxExtensions};

use super::{Case, Files};

/// The reason why cases cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file or an archive cannot be read.
    #[error("{path}: cannot be read")]
    Io {
        /// The file or archive.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// An input exceeds a limit.
    #[error("{path}: {what} has more than {limit} bytes; give fewer cases at a time")]
    TooLong {
        /// The archive, file or folder.
        path: PathBuf,
        /// The kind of input.
        what: &'static str,
        /// The limit, in bytes.
        limit: u64,
    },
}

/// The limits of a reader.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// The maximum size of a file, in bytes.
    file_bytes: u64,
    /// The maximum size of an unpacked archive, with headers and skipped files, in bytes.
    unpacked_bytes: u64,
    /// The maximum size of all files of cases, which stay in memory, in bytes; each file counts [`FILE_OVERHEAD`]
    /// more.
    kept_bytes: u64,
}

/// A mainnet state of all validators takes less than 2^28 bytes. All vectors of v0.12.3 in one archive unpack to 6.0
/// GB, of which 1.9 GB stay in memory: half of these limits or a little more.
const LIMITS: Limits = Limits { file_bytes: 1 << 28, unpacked_bytes: 12 << 30, kept_bytes: 3 << 30 };
/// The minimum overhead of a file in memory, in bytes.
const FILE_OVERHEAD: u64 = 512;
/// The maximum size of the path of a file in an archive, with the header around it, in bytes.
const PATH_BYTES_MAX: u64 = 1 << 14;

/// Reads the cases in a folder or a `.tar.gz`. It skips files that belong to no case, and YAML files that repeat an
/// SSZ file.
///
/// # Errors
///
/// Fails if the source cannot be read, is damaged, or exceeds a limit.
pub fn read(path: &Path) -> Result<BTreeMap<Case, Files>, ReadError> {
    read_within(path, LIMITS)
}

fn read_within(path: &Path, limits: Limits) -> Result<BTreeMap<Case, Files>, ReadError> {
    let mut reader = Reader { limits, kept_bytes: 0, cases: BTreeMap::new() };
    if path.is_dir() {
        reader.read_folder(path)?;
    } else {
        reader.read_archive(path)?;
    }
    Ok(reader.cases)
}

/// The state of reading.
struct Reader {
    limits: Limits,
    kept_bytes: u64,
    cases: BTreeMap<Case, Files>,
}

impl Reader {
    fn read_folder(&mut self, path: &Path) -> Result<(), ReadError> {
        for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
            let entry =
                entry.map_err(|error| ReadError::Io { path: path.to_owned(), source: error.into() })?;
            let file = entry.path();
            if !file.is_file() {
                continue;
            }
            if file.extension().is_some_and(|extension| extension == "gz") {
                self.read_archive(file)?;
            } else if place(file).is_some() {
                let open =
                    File::open(file).map_err(|source| ReadError::Io { path: file.to_owned(), source })?;
                self.add(file, file, open)?;
            }
        }
        Ok(())
    }

    /// Reads an archive: all members of the gzip stream, and all tar archives in it.
    fn read_archive(&mut self, path: &Path) -> Result<(), ReadError> {
        let limit = self.limits.unpacked_bytes;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::FileTooLarge => {
                ReadError::TooLong { path: path.to_owned(), what: "the unpacked archive", limit }
            }
            _ => ReadError::Io { path: path.to_owned(), source },
        };
        let unpacked = MultiGzDecoder::new(File::open(path).map_err(failed)?);
        let mut archive = Archive::new(BoundedReader { inner: unpacked, left: limit });
        // An archive ends with zeros. Reading on to the end of the stream checks the gzip checksums.
        archive.set_ignore_zeros(true);
        let mut long_path = None;
        for entry in archive.entries().map_err(failed)?.raw(true) {
            let entry = entry.map_err(failed)?;
            match entry.header().entry_type() {
                EntryType::GNULongName => {
                    let mut bytes = short(path, entry)?;
                    bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
                    long_path = Some(bytes);
                }
                EntryType::XHeader => long_path = pax_path(&short(path, entry)?).or(long_path),
                EntryType::Regular => {
                    let short_path = entry.path_bytes().into_owned();
                    let name = long_path.take().unwrap_or(short_path);
                    self.add(path, Path::new(&*String::from_utf8_lossy(&name)), entry)?;
                }
                EntryType::GNULongLink | EntryType::XGlobalHeader => {}
                _ => long_path = None,
            }
        }
        Ok(())
    }

    /// Reads a file if it belongs to a case. Errors name `path`.
    fn add(&mut self, path: &Path, name: &Path, content: impl Read) -> Result<(), ReadError> {
        let Some((case, file)) = place(name) else { return Ok(()) };
        let is_read = is_read(&case, &file);
        let files = self.cases.entry(case).or_default();
        if is_read {
            let bytes = bounded(path, "a file", self.limits.file_bytes, content)?;
            self.kept_bytes = self.kept_bytes.saturating_add(bytes.len() as u64);
            files.0.insert(file, bytes);
        }
        self.kept_bytes = self.kept_bytes.saturating_add(FILE_OVERHEAD);
        if self.kept_bytes > self.limits.kept_bytes {
            let limit = self.limits.kept_bytes;
            return Err(ReadError::TooLong { path: path.to_owned(), what: "all files of the cases", limit });
        }
        Ok(())
    }
}

/// Reads a header that describes a file in an archive.
fn short(path: &Path, entry: impl Read) -> Result<Vec<u8>, ReadError> {
    bounded(path, "the path of a file", PATH_BYTES_MAX, entry)
}

fn bounded(path: &Path, what: &'static str, limit: u64, content: impl Read) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    content
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLong { path: path.to_owned(), what, limit });
    }
    Ok(bytes)
}

/// Returns the path in an extended header of POSIX.
fn pax_path(header: &[u8]) -> Option<Vec<u8>> {
    PaxExtensions::new(header)
        .filter_map(Result::ok)
        .find(|extension| extension.key_bytes() == b"path")
        .map(|extension| extension.value_bytes().to_vec())
}

/// A reader that fails once it has read more than a limit.
struct BoundedReader<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for BoundedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(n)
    }
}

/// Returns whether a test reads a file. The vectors store values as SSZ and as YAML; tests read the SSZ where there
/// is both. The YAML is as long as everything else together, so skipping it matters.
fn is_read(case: &Case, file: &str) -> bool {
    match file {
        "meta.yaml" | "data.yaml" | "roots.yaml" | "mapping.yaml" | "is_valid.yaml" => true,
        "value.yaml" => case.runner == "ssz_generic",
        _ => !file.ends_with(".yaml"),
    }
}

/// Returns the case to which a file belongs by its path, and the file's name.
fn place(path: &Path) -> Option<(Case, String)> {
    let components: Vec<&str> = path.iter().filter_map(|component| component.to_str()).collect();
    let own = |name: &&str| (*name).to_owned();
    if let [.., protocol, handler, file] = components.as_slice()
        && let Some(version) = protocol.strip_prefix("protocol_blssig_pop_on_bls12381_g2_test_vectors_")
        && let Some(name) = file.strip_suffix(".json")
    {
        let case = Case {
            config: "general".to_owned(),
            phase: version.to_owned(),
            runner: "bls".to_owned(),
            handler: own(handler),
            suite: "json".to_owned(),
            case: name.to_owned(),
        };
        return Some((case, "data.yaml".to_owned()));
    }
    let [.., "tests", config, phase, runner, handler, suite, case, file] = components.as_slice() else {
        return None;
    };
    let case = Case {
        config: own(config),
        phase: own(phase),
        runner: own(runner),
        handler: own(handler),
        suite: own(suite),
        case: own(case),
    };
    Some((case, own(file)))
}

#[cfg(test)]
mod tests;
