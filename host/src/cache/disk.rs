//! The part of the cache that is on disk.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tracing::{debug, warn};

use super::CacheError;
use super::directory::{self, io_error};
use super::entry::{self, Entry, EntryError, PAYLOAD_BYTES_MAX};
use super::key::CacheKey;
use crate::chain::chain;

/// The largest total size of a cache's files, in bytes: 1 GiB.
///
/// A large EE (an EVM with all its precompiles, 1.5 MB of wasm) compiles to about 4 MB, so there is room for more than
/// 200 of its kind for each engine and set of settings in use.
pub const CACHE_BYTES_MAX: u64 = 1 << 30;

/// The largest number of files in a cache.
///
/// [`DiskCache`] examines each file whenever it writes one; for 4,096 files this takes some milliseconds, less than the
/// compilation of the entry.
pub const CACHE_FILES_MAX: usize = 4096;

/// Compiled code in a directory that belongs to this user alone, for use by many threads and processes.
///
/// An entry is one file, named after its key. It appears as a whole or not at all, because it is written under another
/// name and then renamed, and it never changes. When the cache reaches [`CACHE_BYTES_MAX`] or [`CACHE_FILES_MAX`], the
/// oldest files make room for new ones. Files with other names are not touched.
#[derive(Clone, Debug)]
pub struct DiskCache {
    directory: PathBuf,
    bounds: CacheUsage,
}

/// The content of a cache, or the part that was removed from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUsage {
    /// The number of files.
    pub n_files: usize,
    /// Their total size in bytes.
    pub bytes: u64,
}

impl DiskCache {
    /// Opens the cache in a directory. If the directory does not exist, creates it for this user alone.
    ///
    /// # Errors
    ///
    /// Fails if others can write to the directory or one of its parents: see [`CacheError`]. An open cache stays safe
    /// as long as nobody loosens these permissions.
    pub fn open(directory: &Path) -> Result<Self, CacheError> {
        Ok(Self { directory: directory::create(directory)?, bounds: BOUNDS })
    }

    /// Opens the cache in a directory, or returns `None` if the directory does not exist.
    ///
    /// # Errors
    ///
    /// Fails as [`DiskCache::open`] does.
    pub fn open_existing(directory: &Path) -> Result<Option<Self>, CacheError> {
        match directory.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => Ok(Some(Self { directory: directory::find(directory)?, bounds: BOUNDS })),
        }
    }

    /// Returns the default directory of the cache: `$OUTRIDER_CACHE_DIR`, else `$XDG_CACHE_HOME/outrider`, else
    /// `.cache/outrider` in the home directory.
    ///
    /// An empty variable counts as unset, and so does an `XDG_CACHE_HOME` that is not absolute, as the XDG Base
    /// Directory Specification demands. Returns `None` if there is no home directory either.
    pub fn default_directory() -> Option<PathBuf> {
        directory_from(|name| std::env::var_os(name), std::env::home_dir())
    }

    /// Returns the directory of the cache, with symbolic links resolved.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Opens the entry of a key, if it exists and is whole.
    ///
    /// Anything else with the name of the entry stays until [`DiskCache::put`] replaces it.
    pub(crate) fn get(&self, key: &CacheKey) -> Option<Entry> {
        let path = self.entry_path(key);
        match open(&path, key) {
            Ok(entry) => Some(entry),
            Err(EntryError::Read(error)) if error.kind() == io::ErrorKind::NotFound => {
                debug!(path = %path.display(), "not in the cache");
                None
            }
            Err(error) => {
                warn!(path = %path.display(), error = %chain(&error), "a file in the cache cannot be used");
                None
            }
        }
    }

    /// Stores a payload under a key, and replaces any earlier file.
    ///
    /// A cache that cannot be written makes things slower, not wrong, so failures are only logged.
    pub(crate) fn put(&self, key: &CacheKey, payload: &[u8]) {
        // Lossless: Rust has no target wider than 64 bits.
        let payload_bytes = payload.len() as u64;
        if payload_bytes > PAYLOAD_BYTES_MAX {
            debug!(%key, payload_bytes, limit = PAYLOAD_BYTES_MAX, "too large for the cache");
            return;
        }
        if let Err(error) = self.write(key, payload) {
            warn!(directory = %self.directory.display(), %key, %error, "cannot write to the cache");
        }
        if let Err(error) = self.evict(key) {
            warn!(directory = %self.directory.display(), error = %chain(&error), "cannot tidy the cache");
        }
    }

    /// Returns the number and size of the cache's files, including those that a crash left behind.
    ///
    /// # Errors
    ///
    /// Fails if the directory cannot be read.
    pub fn usage(&self) -> Result<CacheUsage, CacheError> {
        let mut usage = CacheUsage::default();
        self.files()?.iter().for_each(|file| usage.add(file.bytes));
        Ok(usage)
    }

    /// Removes all files of the cache and no others, and returns what was removed.
    ///
    /// # Errors
    ///
    /// Fails if the directory cannot be read, or at the first file that cannot be removed.
    pub fn clear(&self) -> Result<CacheUsage, CacheError> {
        let mut removed = CacheUsage::default();
        for file in self.files()? {
            if remove(&file)? {
                removed.add(file.bytes);
            }
        }
        Ok(removed)
    }

    fn entry_path(&self, key: &CacheKey) -> PathBuf {
        self.directory.join(format!("{key}{ENTRY_SUFFIX}"))
    }

    /// Writes a file under a unique name, then renames it to the entry's name.
    ///
    /// The file is not forced to disk: after a crash it may be damaged, which the checksum detects.
    fn write(&self, key: &CacheKey, payload: &[u8]) -> io::Result<()> {
        let prefix = format!("{key}.");
        let mut file =
            tempfile::Builder::new().prefix(&prefix).suffix(TEMPORARY_SUFFIX).tempfile_in(&self.directory)?;
        file.write_all(payload)?;
        file.write_all(&entry::footer(key, payload))?;
        let path = self.entry_path(key);
        let Err(error) = file.persist(&path) else { return Ok(()) };
        // A file does not replace a directory. An empty directory may go; another holds somebody's files.
        if std::fs::remove_dir(&path).is_err() {
            return Err(error.error);
        }
        error.file.persist(&path)?;
        Ok(())
    }

    /// Removes the oldest files until the rest is within the bounds, but never the one just written.
    fn evict(&self, written: &CacheKey) -> Result<(), CacheError> {
        let mut files = self.files()?;
        let mut left = CacheUsage::default();
        files.iter().for_each(|file| left.add(file.bytes));
        if left.is_within(&self.bounds) {
            return Ok(());
        }
        let written = self.entry_path(written);
        files.retain(|file| file.path != written);
        files.sort_by(|a, b| (a.modified, &a.path).cmp(&(b.modified, &b.path)));
        for file in files {
            if left.is_within(&self.bounds) {
                break;
            }
            remove(&file)?;
            left.n_files = left.n_files.saturating_sub(1);
            left.bytes = left.bytes.saturating_sub(file.bytes);
            debug!(path = %file.path.display(), bytes = file.bytes, "evicted from the cache");
        }
        Ok(())
    }

    /// Lists the cache's own files: entries, and temporary files of running and dead processes.
    fn files(&self) -> Result<Vec<CacheFile>, CacheError> {
        let directory = || io_error(&self.directory, "list");
        let mut files = Vec::new();
        for entry in self.directory.read_dir().map_err(directory())? {
            let entry = entry.map_err(directory())?;
            if !is_own_name(&entry.file_name()) {
                continue;
            }
            match entry.metadata() {
                Ok(metadata) if metadata.is_file() => files.push(CacheFile::new(entry.path(), &metadata)),
                Ok(_) => {}
                // Another process removed it first.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(io_error(&entry.path(), "look at")(error)),
            }
        }
        Ok(files)
    }
}

impl CacheUsage {
    fn add(&mut self, bytes: u64) {
        self.n_files = self.n_files.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn is_within(&self, bounds: &Self) -> bool {
        self.n_files <= bounds.n_files && self.bytes <= bounds.bytes
    }
}

/// A file of the cache, as its name shows.
struct CacheFile {
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
}

impl CacheFile {
    fn new(path: PathBuf, metadata: &Metadata) -> Self {
        // On a file system without times, all files have the same age.
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Self { path, bytes: metadata.len(), modified }
    }
}

fn open(path: &Path, key: &CacheKey) -> Result<Entry, EntryError> {
    let (file, metadata) = directory::open_file(path)?;
    entry::open(file, metadata.len(), key)
}

/// Removes a file; returns `false` if another process removed it first.
fn remove(file: &CacheFile) -> Result<bool, CacheError> {
    match std::fs::remove_file(&file.path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_error(&file.path, "remove")(error)),
    }
}

/// Returns whether a name is that of an entry (a key and a suffix) or of a temporary file (a key, something, and
/// another suffix).
fn is_own_name(name: &std::ffi::OsStr) -> bool {
    let Some((key, rest)) = name.to_str().and_then(|name| name.split_at_checked(KEY_DIGITS)) else {
        return false;
    };
    let is_key = key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_temporary = || {
        let middle = rest.strip_prefix('.').and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX));
        middle.is_some_and(|middle| middle.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    is_key && (rest == ENTRY_SUFFIX || is_temporary())
}

/// Returns the default directory, given the environment and the home directory.
fn directory_from(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(directory) = path("OUTRIDER_CACHE_DIR") {
        return Some(directory);
    }
    let caches = path("XDG_CACHE_HOME").filter(|caches| caches.is_absolute());
    let caches = caches.or_else(|| home.filter(|home| home.is_absolute()).map(|home| home.join(".cache")))?;
    Some(caches.join("outrider"))
}

const BOUNDS: CacheUsage = CacheUsage { n_files: CACHE_FILES_MAX, bytes: CACHE_BYTES_MAX };

/// Hexadecimal digits of a key.
const KEY_DIGITS: usize = 64;
const ENTRY_SUFFIX: &str = ".bin";
const TEMPORARY_SUFFIX: &str = ".tmp";

#[cfg(test)]
mod tests;
