//! The directory of the cache, and the permissions that protect it.
//!
//! Anybody who can write to the cache's directory can put machine code there, which this process would run. So the
//! directory and all of its parents have to belong to this user or to root, and neither the group nor the world may
//! write to them. A parent may be writable by all if it is sticky, as `/tmp` is: there, only its owner and the owner of
//! a file can rename or remove the file, and both have been checked.
//!
//! Symbolic links are resolved once, when the cache is opened. Only the resolved path counts, and nobody else can
//! change what lies between the root and that path. Inside the directory, links are not followed.
//!
//! Systems other than Unix have no such permission bits, and the check is weaker: that the directory exists. The
//! default directory is in the user's profile there, which the system protects from other users.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::CacheError;

/// Makes a directory unless it exists, checks it, and returns its real path.
pub(super) fn create(directory: &Path) -> Result<PathBuf, CacheError> {
    let absolute = std::path::absolute(directory).map_err(io_error(directory, "find"))?;
    // So nothing is left behind in a place that is refused.
    if let Some(existing) = absolute.ancestors().find(|place| place.exists()) {
        let existing = existing.canonicalize().map_err(io_error(existing, "find"))?;
        check(&existing, Role::Above)?;
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(&absolute) {
        Ok(()) => find(directory),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(CacheError::NotADirectory { path: absolute })
        }
        Err(error) => Err(io_error(&absolute, "make")(error)),
    }
}

/// Checks an existing directory, and returns its real path.
pub(super) fn find(directory: &Path) -> Result<PathBuf, CacheError> {
    let canonical = directory.canonicalize().map_err(io_error(directory, "find"))?;
    check(&canonical, Role::Cache)?;
    Ok(canonical)
}

/// Opens a file of the cache for reading: a regular file that only this user or root can have written.
///
/// It does not follow links, and does not wait for a writer to a named pipe.
pub(super) fn open_file(path: &Path) -> io::Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    // Execute access lets the file be mapped as code.
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::access_mode(&mut options, GENERIC_READ | GENERIC_EXECUTE);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    check_place(path, &metadata, Role::Cache).map_err(io::Error::other)?;
    Ok((file, metadata))
}

/// Checks a directory, given its real path, and all of its parents.
fn check(canonical: &Path, mut role: Role) -> Result<(), CacheError> {
    for place in canonical.ancestors() {
        let metadata = fs::symlink_metadata(place).map_err(io_error(place, "look at"))?;
        if !metadata.is_dir() {
            return Err(CacheError::NotADirectory { path: place.to_owned() });
        }
        check_place(place, &metadata, role)?;
        role = Role::Above;
    }
    Ok(())
}

/// The role of a directory or file in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The cache itself, or an entry of it.
    Cache,
    /// A parent of the cache's directory.
    Above,
}

#[cfg(unix)]
fn check_place(path: &Path, metadata: &Metadata, role: Role) -> Result<(), CacheError> {
    use std::os::unix::fs::MetadataExt as _;
    let user = rustix::process::geteuid().as_raw();
    check_permissions(path, (metadata.uid(), metadata.mode()), user, role)
}

#[cfg(not(unix))]
fn check_place(_: &Path, _: &Metadata, _: Role) -> Result<(), CacheError> {
    Ok(())
}

#[cfg(unix)]
fn check_permissions(
    path: &Path,
    (owner, mode): (u32, u32),
    user: u32,
    role: Role,
) -> Result<(), CacheError> {
    const ROOT: u32 = 0;
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    if owner != user && owner != ROOT {
        return Err(CacheError::OwnedByOther { path: path.to_owned(), owner, expected: user });
    }
    let is_guarded = role == Role::Above && mode & STICKY != 0;
    if mode & WRITABLE_BY_OTHERS != 0 && !is_guarded {
        return Err(CacheError::WritableByOthers { path: path.to_owned(), mode: mode & 0o7777 });
    }
    Ok(())
}

/// Returns a conversion to an error that names the action and its path.
pub(super) fn io_error(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> CacheError {
    move |source| CacheError::Io { path: path.to_owned(), action, source }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_we_and_root_may_own_and_write() {
        #[track_caller]
        fn check(owner: u32, mode: u32, role: Role, expected: &str) {
            let got = match check_permissions(Path::new("p"), (owner, mode), 1000, role) {
                Ok(()) => "safe",
                Err(CacheError::OwnedByOther { .. }) => "owner",
                Err(CacheError::WritableByOthers { .. }) => "mode",
                Err(error) => panic!("{error}"),
            };
            assert_eq!(got, expected);
        }
        for role in [Role::Cache, Role::Above] {
            check(1000, 0o40700, role, "safe");
            check(1000, 0o40755, role, "safe");
            check(0, 0o40755, role, "safe");
            check(1001, 0o40700, role, "owner");
            check(1001, 0o40777, role, "owner");
            check(1000, 0o40770, role, "mode");
            check(1000, 0o40702, role, "mode");
            check(0, 0o40777, role, "mode");
        }
        check(0, 0o41777, Role::Above, "safe");
        check(1000, 0o41770, Role::Above, "safe");
        check(1001, 0o41777, Role::Above, "owner");
        check(0, 0o41777, Role::Cache, "mode");
    }

    #[test]
    fn errors_name_the_path_and_the_remedy() {
        let path = Path::new("/shared/cache");
        let error = check_permissions(path, (1000, 0o40777), 1000, Role::Cache)
            .expect_err("the directory is refused");
        assert_eq!(
            error.to_string(),
            "/shared/cache: others can write here (mode 777) and could plant code in the cache; \
             `chmod go-w` it, or set OUTRIDER_CACHE_DIR to a directory of your own"
        );
        let error =
            check_permissions(path, (7, 0o40700), 1000, Role::Above).expect_err("the directory is refused");
        assert_eq!(
            error.to_string(),
            "/shared/cache: belongs to user 7, not to user 1000 who runs this or to root, and its owner \
             could plant code in the cache; set OUTRIDER_CACHE_DIR to a directory of your own"
        );
    }
}

/// Access rights of Windows, as CreateFileW takes them.
#[cfg(windows)]
const GENERIC_READ: u32 = 0x8000_0000;
#[cfg(windows)]
const GENERIC_EXECUTE: u32 = 0x2000_0000;
