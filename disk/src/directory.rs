//! The directory of a store, and its files.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    anchor::{self, Anchor},
    content::Content,
    error::{Damage, DiskError},
    file::{self, Access, failed},
    lock::{lock, lock_to_read},
};

const DATABASE: &str = "db";
const NEW_DATABASE: &str = "db.new";
const ANCHOR: &str = "anchor";
const NEW_ANCHOR: &str = "anchor.new";
const LOCK: &str = "lock";
/// The files of a store.
const FILES: [&str; 5] = [DATABASE, NEW_DATABASE, ANCHOR, NEW_ANCHOR, LOCK];
/// A file that only databases of sled had, which were format 1 of states.
const SLED: &str = "conf";

/// A directory that this process has locked until the value is dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    content: Content,
    _lock: Option<File>,
}

/// The contents of a directory.
pub(crate) enum Contents {
    /// No store, or the beginning of one that a process was killed while it created it.
    Nothing,
    Store {
        anchor: Anchor,
        database: File,
    },
}

impl Directory {
    /// Locks a directory for changes.
    pub(crate) fn lock(path: &Path, content: Content) -> Result<Self, DiskError> {
        let lock = lock(&path.join(LOCK), content)?;
        Ok(Self { path: path.to_owned(), content, _lock: Some(lock) })
    }

    /// Locks a directory against changes by others.
    pub(crate) fn lock_to_read(path: &Path, content: Content) -> Result<Self, DiskError> {
        let lock = lock_to_read(&path.join(LOCK), content)?;
        Ok(Self { path: path.to_owned(), content, _lock: lock })
    }

    pub(crate) fn content(&self) -> Content {
        self.content
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Returns the path at which a database is created, before it is [put in place](Self::put_in_place).
    pub(crate) fn new_database(&self) -> PathBuf {
        self.path.join(NEW_DATABASE)
    }

    /// Finds out which files of a store exist, and opens them.
    pub(crate) fn contents(&self, access: Access) -> Result<Contents, DiskError> {
        let missing = |file| Err(missing(&self.path, file, self.content));
        let anchor = read_anchor(&self.path, self.content)?;
        match (anchor, file::open(&self.database(), access)?) {
            // A process that creates a store first writes the anchor of no batch.
            (None | Some(Anchor { n_batches: 0, .. }), None) => Ok(Contents::Nothing),
            (None, Some(_)) => missing(ANCHOR),
            (Some(_), None) => missing(DATABASE),
            (Some(anchor), Some(database)) => Ok(Contents::Store { anchor, database }),
        }
    }

    /// Replaces the anchor. Once this returns, the new one survives a crash.
    pub(crate) fn write_anchor(&self, anchor: &Anchor) -> Result<(), DiskError> {
        let (new, path) = (self.path.join(NEW_ANCHOR), self.path.join(ANCHOR));
        let mut file = file::create_new(&new)?;
        let written = file.write_all(&anchor.encode()).and_then(|()| file.sync_all());
        written.map_err(failed("write", &new))?;
        fs::rename(&new, &path).map_err(failed("replace", &path))?;
        file::sync_directory(&self.path)
    }

    /// Renames a complete database to its final name.
    pub(crate) fn put_in_place(&self) -> Result<(), DiskError> {
        fs::rename(self.new_database(), self.database()).map_err(failed("create", &self.database()))?;
        file::sync_directory(&self.path)
    }

    /// Removes the files of a store whose creation has failed, as far as that is possible.
    pub(crate) fn clear(&self) {
        for name in FILES {
            // The failure of the creation matters more. The next creation removes what is left.
            let _ = file::remove(&self.path.join(name));
        }
    }
}

/// Returns whether a directory has the anchor of a store. If not, it need not be locked. A store with another content or of
/// another format is an error, and so is a database without an anchor, because the anchor is created first.
pub(crate) fn has_store(path: &Path, content: Content) -> Result<bool, DiskError> {
    let has = |file| fs::symlink_metadata(path.join(file)).is_ok();
    // Another process may be creating the store: if the database is there, the anchor was there before.
    let (has_database, is_of_sled) = (has(DATABASE), has(SLED));
    match (read_anchor(path, content)?, has_database) {
        (Some(_), _) => Ok(true),
        (None, false) => Ok(false),
        (None, true) if is_of_sled => Err(anchor::other(Content::State, 1, content)),
        (None, true) => Err(missing(path, ANCHOR, content)),
    }
}

/// Checks that a directory, if it exists, has nothing but files of a store. What a killed process has left of one is no
/// obstacle; anything else belongs to somebody, and a store would mix with it.
pub(crate) fn check_free(path: &Path) -> Result<(), DiskError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("read", path)(error)),
    };
    let mut others = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed("read", path))?.file_name();
        if !FILES.iter().any(|file| name == **file) {
            others.push(PathBuf::from(name));
        }
    }
    match others.into_iter().min() {
        Some(entry) => Err(DiskError::NotEmpty { entry }),
        None => Ok(()),
    }
}

fn missing(directory: &Path, file: &str, content: Content) -> DiskError {
    DiskError::Damaged { content, damage: Damage::Missing(directory.join(file)) }
}

fn read_anchor(directory: &Path, content: Content) -> Result<Option<Anchor>, DiskError> {
    let path = directory.join(ANCHOR);
    let Some(file) = file::open(&path, Access::Read)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(anchor::BYTES_MAX).read_to_end(&mut bytes).map_err(failed("read", &path))?;
    Anchor::decode(&bytes, content).map(Some)
}

/// The directories that are made for a store.
#[derive(Debug)]
pub(crate) struct NewDirectories(Vec<PathBuf>);

impl NewDirectories {
    /// Makes a directory and those above it that do not exist.
    pub(crate) fn make(path: &Path) -> Result<Self, DiskError> {
        let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let made = Self(path.ancestors().take_while(is_missing).map(Into::into).collect());
        match fs::create_dir_all(path) {
            Ok(()) => Ok(made),
            Err(error) => {
                made.remove();
                Err(failed("create", path)(error))
            }
        }
    }

    /// Removes them again, if they are empty.
    pub(crate) fn remove(self) {
        for path in self.0 {
            let _ = fs::remove_dir(path);
        }
    }
}
