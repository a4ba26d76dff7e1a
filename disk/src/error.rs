//! The errors of a store on disk, and whose fault each is.

use std::{fmt, fs::FileType, io, path::PathBuf};

use crate::content::Content;

/// A failure to create, open, read or change a store on disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// The directory has no store. The caller has named the wrong directory.
    #[error("the directory has no {content}")]
    Absent {
        /// The store that should be there.
        content: Content,
    },
    /// The directory has a store already. The caller has named the wrong directory.
    #[error("the directory has a {content} already: name another directory, or remove this one")]
    Present {
        /// The store that is there.
        content: Content,
    },
    /// The directory has something else in it. The caller has named the wrong directory.
    #[error("the directory is not empty, it has `{}`: name a new or an empty directory", entry.display())]
    NotEmpty {
        /// The first entry that is not part of a store, by name.
        entry: PathBuf,
    },
    /// The directory has a store with another content. The caller has named the wrong directory.
    #[error("the directory has {}, and not {}", describe(*.got), describe(*.expected))]
    OtherContent {
        /// The content of the store.
        got: Content,
        /// The content that it should have.
        expected: Content,
    },
    /// Another version of Outrider wrote the store.
    #[error(
        "the {content} has format {got}, and this version reads format {expected}: make it again, or use the version that wrote it"
    )]
    Format {
        /// The content of the store.
        content: Content,
        /// The format of the store.
        got: u32,
        /// The format that this version reads.
        expected: u32,
    },
    /// Another process, or another part of this one, has the store open.
    #[error("{holder} the {content} open: wait until it ends, or end it")]
    InUse {
        /// The content of the store.
        content: Content,
        /// The process that has it open.
        holder: Holder,
    },
    /// Something else than a regular file has the name of a file of the store. Whoever made it is at fault.
    #[error(
        "{} is {kind}, but a store only has regular files: copy the store with its files into a new directory",
        path.display()
    )]
    NotAFile {
        /// The path of the file.
        path: PathBuf,
        /// The content that is there.
        kind: FileKind,
    },
    /// A file of the store has more than one name, so writing would change it under all of them. Whoever linked it is at
    /// fault.
    #[error(
        "{} is one of {n_names} hard links to a file, and writing would change all of them: copy the directory without links, and use the copy",
        path.display()
    )]
    Linked {
        /// The path of the file.
        path: PathBuf,
        /// The number of its names.
        n_names: u64,
    },
    /// A store that was opened for reading is to be changed: the caller misuses it.
    #[error("the {content} was opened for reading, and cannot be changed")]
    ReadOnly {
        /// The content of the store.
        content: Content,
    },
    /// Bytes have changed or are missing. Neither the caller nor a crash causes this.
    #[error("the {content} is damaged: restore a copy, or make it again")]
    Damaged {
        /// The content of the store.
        content: Content,
        /// The kind and the place of damage.
        #[source]
        damage: Damage,
    },
    /// The system refused an operation on a file. The message has a remedy where the reason is the caller's to change.
    #[error("cannot {operation} {}{}", path.display(), remedy(source))]
    Io {
        /// The operation, such as `write`.
        operation: &'static str,
        /// The path of the file or directory.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The database refused an operation for another reason, which is a mistake of this program, unless an operation before
    /// has failed.
    #[error("cannot {operation} the database {}", path.display())]
    Database {
        /// The operation, `read` or `write`.
        operation: &'static str,
        /// The path of the database.
        path: PathBuf,
        /// The reason.
        source: Box<redb::Error>,
    },
}

/// The kind and the place of damage to a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// A file is missing.
    #[error("{} is missing", .0.display())]
    Missing(PathBuf),
    /// The file `anchor` is malformed, or its checksum is wrong.
    #[error("the file `anchor` is malformed, or its checksum is wrong")]
    Anchor,
    /// The file `db` is empty.
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
    /// The file `db` does not begin like a database.
    #[error("{} is not a database", .0.display())]
    NotADatabase(PathBuf),
    /// The file `db` is a database, but not of a store.
    #[error("{} is a database, but not of a store", .0.display())]
    NotAStore(PathBuf),
    /// A page of the database is missing or malformed, or its checksum is wrong.
    #[error("the database {} is cut short or malformed, or a checksum is wrong", path.display())]
    Database {
        /// The path of the database.
        path: PathBuf,
        /// The reason in redb's own words, if it gives one. The message leaves it out, because users do not know its terms.
        reason: Option<Box<redb::Error>>,
    },
    /// The database and the file `anchor` belong to different stores.
    #[error("the database and the file `anchor` belong to different stores")]
    OtherStore,
    /// The database and the file `anchor` are not of the same batch, usually because the database is older.
    #[error("the database is not of the batch that the file `anchor` names: expected {expected}, got {got}")]
    Batch {
        /// The number of batches in the database.
        got: u64,
        /// The number of batches in `anchor`.
        expected: u64,
    },
    /// The database and the file `anchor` are of the same store, but of copies that took different batches.
    #[error("the database and the file `anchor` belong to copies of the same store with different batches")]
    OtherBatches,
}

/// The processes that have a store open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A process that may change the store; its number, if it has written it yet.
    Writer(Option<String>),
    /// One process or several, which read the store.
    Readers,
}

/// Something else than a regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A symbolic link.
    SymbolicLink,
    /// A directory.
    Directory,
    /// A FIFO, a socket or a device.
    Special,
}

impl DiskError {
    /// Returns whether the caller can mend the failure by another argument, or by waiting. Otherwise the disk, the system or
    /// this program is at fault.
    #[must_use]
    pub fn is_of_caller(&self) -> bool {
        match self {
            Self::Absent { .. }
            | Self::Present { .. }
            | Self::NotEmpty { .. }
            | Self::OtherContent { .. }
            | Self::Format { .. }
            | Self::InUse { .. }
            | Self::NotAFile { .. }
            | Self::Linked { .. }
            | Self::ReadOnly { .. } => true,
            Self::Io { source, .. } => {
                matches!(
                    source.kind(),
                    io::ErrorKind::PermissionDenied
                        | io::ErrorKind::ReadOnlyFilesystem
                        | io::ErrorKind::NotADirectory
                )
            }
            Self::Damaged { .. } | Self::Database { .. } => false,
        }
    }
}

/// Returns the remedy for a refusal of the system, or says that the disk fails, where that is known.
fn remedy(error: &io::Error) -> &'static str {
    const EIO: i32 = 5;
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; this user needs the right to do so, or a copy of the directory",
        io::ErrorKind::ReadOnlyFilesystem => "; copy the directory to a disk that can be written to",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; there is no more room for it on the disk"
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty => {
            "; something else has this name: move it away"
        }
        io::ErrorKind::NotADirectory => "; a part of this path is not a directory",
        _ if cfg!(unix) && error.raw_os_error() == Some(EIO) => "; the disk fails",
        _ => "",
    }
}

fn describe(content: Content) -> &'static str {
    match content {
        Content::State => "the state of an EE",
        Content::Chain => "a beacon chain",
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Writer(Some(pid)) => write!(f, "process {pid} has"),
            Self::Writer(None) => f.write_str("another process has"),
            Self::Readers => f.write_str("a process that reads it has"),
        }
    }
}

impl From<FileType> for FileKind {
    fn from(file_type: FileType) -> Self {
        if file_type.is_symlink() {
            Self::SymbolicLink
        } else if file_type.is_dir() {
            Self::Directory
        } else {
            Self::Special
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SymbolicLink => "a symbolic link",
            Self::Directory => "a directory",
            Self::Special => "a device, a FIFO or a socket",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are those of Linux.
    #[cfg(target_os = "linux")]
    #[test]
    fn only_a_failing_disk_is_called_so() {
        for (errno, remedy, is_of_caller) in [
            (5, "; the disk fails", false),
            (13, "; this user needs the right to do so, or a copy of the directory", true),
            (17, "; something else has this name: move it away", false),
            (20, "; a part of this path is not a directory", true),
            (21, "; something else has this name: move it away", false),
            (24, "", false),
            (27, "; there is no more room for it on the disk", false),
            (28, "; there is no more room for it on the disk", false),
            (30, "; copy the directory to a disk that can be written to", true),
        ] {
            let source = io::Error::from_raw_os_error(errno);
            let error = DiskError::Io { operation: "write", path: "chain/db".into(), source };
            assert_eq!(error.to_string(), format!("cannot write chain/db{remedy}"));
            assert_eq!(error.is_of_caller(), is_of_caller, "{errno}");
        }
    }
}
