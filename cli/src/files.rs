//! How the command finds files and reads them: all of them, and with a bound.
//!
//! `-` in place of a path is the standard input, which can be read once.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use flate2::read::MultiGzDecoder;

/// The most that is read of a file, or unpacked of one: of all that is published as tests, blocks and chains, no file of those that
/// are read at once has half of it.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 30;

/// The most that is read of a module: some times what a host takes, so that `inspect` tells why it does not.
pub(crate) const MODULE_BYTES_MAX: u64 = 64 << 20;

/// The most that is unpacked of an archive, of which one file after the other is in memory.
const ARCHIVE_BYTES_MAX: u64 = 1 << 36;

/// Whether somebody has read the standard input.
static STDIN_IS_READ: AtomicBool = AtomicBool::new(false);

/// Why a file is not read to its end.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("it has {bytes} bytes, and at most {bytes_max} are read")]
    TooLong { bytes: u64, bytes_max: u64 },
    #[error("it has more than {bytes_max} bytes, and not more are read")]
    Endless { bytes_max: u64 },
    #[error("it is a device, and no file")]
    Device,
    #[error("it is a pipe, and no file")]
    Pipe,
    #[error("reading it would wait for somebody to write to it, so it is no file of its own")]
    Unwritten,
    #[error("the standard input can be read only once")]
    StdinAgain,
}

/// Reads a file, or the standard input.
pub(crate) fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    if is_stdin(path) {
        return match STDIN_IS_READ.swap(true, Ordering::Relaxed) {
            false => read_all(io::stdin().lock(), bytes_max),
            true => Err(io::Error::other(Unread::StdinAgain)),
        };
    }
    let file = open(path)?;
    let bytes = file.metadata()?.len();
    if bytes > bytes_max {
        return Err(io::Error::other(Unread::TooLong { bytes, bytes_max }));
    }
    read_all(file, bytes_max)
}

/// Reads a file that is named by what was read before, and not by the user: a regular file, without waiting for anybody.
pub(crate) fn read_named(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let file = open_by(path, &non_blocking())?;
    let metadata = file.metadata()?;
    // To read a directory is an error of its own.
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(io::Error::other(Unread::Pipe));
    }
    if metadata.len() > bytes_max {
        return Err(io::Error::other(Unread::TooLong { bytes: metadata.len(), bytes_max }));
    }
    read_all(file, bytes_max).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => io::Error::other(Unread::Unwritten),
        _ => error,
    })
}

/// Reads a file, unpacked when its name ends in `.gz`.
pub(crate) fn read_unpacked(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = read(path, FILE_BYTES_MAX)?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Ok(bytes);
    }
    read_all(MultiGzDecoder::new(&bytes[..]), FILE_BYTES_MAX)
}

/// Unpacks a `.tar.gz` while it is read. All members of the gzip file count, and all archives in it.
pub(crate) fn archive(path: &Path) -> io::Result<tar::Archive<impl Read>> {
    let unpacked = MultiGzDecoder::new(io::BufReader::new(open(path)?)).take(ARCHIVE_BYTES_MAX);
    let mut archive = tar::Archive::new(unpacked);
    archive.set_ignore_zeros(true);
    Ok(archive)
}

/// Reads to the end, which has to come within a number of bytes.
pub(crate) fn read_all(source: impl Read, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    match u64::try_from(read) {
        Ok(read) if read <= bytes_max => Ok(bytes),
        Ok(_) | Err(_) => Err(io::Error::other(Unread::Endless { bytes_max })),
    }
}

/// Tells whether a path stands for the standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == OsStr::new("-")
}

/// How a file is called where it is spoken of.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() }
}

/// Expands directories and patterns to files, in the order given, each directory sorted: those files below it whose names end so.
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
            // A link to nowhere is none of what is looked for or, when it is read, says what is wrong with it.
            Err(error) => match error.path() {
                Some(path) if path.is_symlink() && error.loop_ancestor().is_none() => {
                    files.extend(has_extension(path).then(|| path.to_owned()));
                }
                _ => return Err(error.into()),
            },
        }
    }
    let names: Vec<_> = extensions.iter().map(|extension| format!("*.{extension}")).collect();
    anyhow::ensure!(!files.is_empty(), "{}: no {} file in it", directory.display(), names.join(" or "));
    Ok(files)
}

fn find_by_pattern(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let name = path.display();
    let pattern = path.to_str().filter(|pattern| pattern.contains(['*', '?', '[']));
    let pattern = pattern.with_context(|| format!("{name}: no such file or directory"))?;
    let paths = glob::glob(pattern).with_context(|| format!("{name}: not a glob pattern"))?;
    let files = paths.collect::<Result<Vec<_>, _>>()?;
    anyhow::ensure!(!files.is_empty(), "{name}: no file matches");
    Ok(files)
}

fn open(path: &Path) -> io::Result<File> {
    open_by(path, OpenOptions::new().read(true))
}

fn open_by(path: &Path, options: &OpenOptions) -> io::Result<File> {
    // Before it is opened, as opening alone does something to some devices.
    if is_device(path.metadata()?.file_type()) {
        return Err(io::Error::other(Unread::Device));
    }
    options.open(path)
}

/// Opening so waits for no writer, and neither does reading.
#[cfg(unix)]
fn non_blocking() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    options
}

#[cfg(not(unix))]
fn non_blocking() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

#[cfg(unix)]
fn is_device(file_type: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    file_type.is_char_device() || file_type.is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: std::fs::FileType) -> bool {
    false
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
    fn a_bound_is_held_to_the_byte() {
        let (_directory, path) = write("f", b"0123456789");
        assert_eq!(read(&path, 10).unwrap(), b"0123456789");
        let error = read(&path, 9).unwrap_err().to_string();
        assert_eq!(error, "it has 10 bytes, and at most 9 are read");
        assert_eq!(read_all(&b"0123"[..], 4).unwrap(), b"0123");
        let error = read_all(io::repeat(0), 1 << 20).unwrap_err().to_string();
        assert_eq!(error, "it has more than 1048576 bytes, and not more are read");
    }

    #[test]
    fn all_members_of_a_gzip_file_are_read_or_it_is_refused() {
        let members = [packed(b"one"), packed(b""), packed(b"two")].concat();
        let (_directory, path) = write("f.gz", &members);
        assert_eq!(read_unpacked(&path).unwrap(), b"onetwo");
        for wrong in [&members[..members.len() - 1], &[&members[..], b"more"].concat(), b""] {
            std::fs::write(&path, wrong).unwrap();
            assert!(read_unpacked(&path).is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_refused_before_it_is_read() {
        for device in ["/dev/zero", "/dev/null"] {
            let error = read(Path::new(device), FILE_BYTES_MAX).unwrap_err().to_string();
            assert_eq!(error, "it is a device, and no file");
        }
    }
}
