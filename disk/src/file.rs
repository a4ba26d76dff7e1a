//! Opens the files of a store: only regular files, and never through a symbolic link.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    path::Path,
};

use crate::error::DiskError;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    /// For writing, and creates the file if it does not exist.
    Create,
}

/// Opens a file of a store; returns `None` if there is none.
pub(crate) fn open(path: &Path, access: Access) -> Result<Option<File>, DiskError> {
    // A device or a FIFO is not opened even once, as that can have an effect or wait.
    match fs::symlink_metadata(path) {
        Ok(metadata) => check(path, &metadata, access)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed("open", path)(error)),
    }
    let writes = access != Access::Read;
    let mut options = OpenOptions::new();
    options.read(true).write(writes).create(access == Access::Create).truncate(false);
    match no_follow(&mut options).open(path) {
        Ok(file) => {
            check(path, &file.metadata().map_err(failed("open", path))?, access)?;
            Ok(Some(file))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && access != Access::Create => Ok(None),
        Err(error) => Err(failed("open", path)(error)),
    }
}

/// Creates a file in place of what has its name.
pub(crate) fn create_new(path: &Path) -> Result<File, DiskError> {
    remove(path)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).open(path).map_err(failed("create", path))
}

/// Removes a file, but not what a symbolic link in its place leads to.
pub(crate) fn remove(path: &Path) -> Result<(), DiskError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes changes of a directory survive a crash.
pub(crate) fn sync_directory(path: &Path) -> Result<(), DiskError> {
    // Other systems cannot open a directory as a file, and do not need to.
    if !cfg!(unix) {
        return Ok(());
    }
    File::open(path).and_then(|directory| directory.sync_all()).map_err(failed("sync", path))
}

/// Returns a function that adds operation and path to an error.
pub(crate) fn failed(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> DiskError {
    move |source| DiskError::Io { operation, path: path.to_owned(), source }
}

fn check(path: &Path, metadata: &Metadata, access: Access) -> Result<(), DiskError> {
    if !metadata.is_file() {
        return Err(DiskError::NotAFile { path: path.to_owned(), kind: metadata.file_type().into() });
    }
    match n_names(metadata) {
        n_names @ 2.. if access != Access::Read => Err(DiskError::Linked { path: path.to_owned(), n_names }),
        _ => Ok(()),
    }
}

/// Has a file opened only if it is no symbolic link, and without waiting.
#[cfg(unix)]
fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
}

#[cfg(not(unix))]
fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn n_names(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn n_names(_: &Metadata) -> u64 {
    1
}

/// Returns whether an open file still has its name.
#[cfg(unix)]
pub(crate) fn has_name(file: &File, path: &Path) -> Result<bool, DiskError> {
    use std::os::unix::fs::MetadataExt as _;
    let open = file.metadata().map_err(failed("open", path))?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("open", path)(error)),
    }
}

/// On other systems, an open file cannot be removed.
#[cfg(not(unix))]
pub(crate) fn has_name(_: &File, _: &Path) -> Result<bool, DiskError> {
    Ok(true)
}
