//! The cache of compiled code: in memory for this process, on disk for later ones.
//!
//! Compiled code is machine code, and an engine runs it unchecked. So it matters who can have written an entry.
//! [`directory`] ensures that only this user and root can; otherwise the cache is not opened. Against accidents (a
//! crash in the middle of a write, a full disk, a flipped bit, another program's file) every entry carries its key, its
//! length and a checksum; see [`entry`]. An entry that fails a check counts as missing: the module is compiled again,
//! and the entry is rewritten.
//!
//! Engines map the files, so processes share the code they run and copy none of it. Nothing here writes to a file that
//! has the name of an entry: a new file replaces it, and a removed file stays as long as it is mapped.
//!
//! *Invariant*: an entry that [`DiskCache::get`] opens for a key has exactly the bytes that were put under that key.

mod directory;
mod disk;
mod entry;
mod key;
mod memory;

use std::io;
use std::path::PathBuf;

pub use disk::{CACHE_BYTES_MAX, CACHE_FILES_MAX, CacheUsage, DiskCache};
pub(crate) use entry::{Entry, EntryError, Payload, footer as entry_footer, open as open_entry};
pub(crate) use key::{CacheKey, Compilation};
pub(crate) use memory::MemoryCache;

/// The reason for which a directory cannot be used as a cache: a fault of whoever chose the directory, or of the
/// machine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Others can write to the directory or to one of its parents, and so could have this process run their code.
    #[error(
        "{}: others can write here (mode {mode:o}) and could plant code in the cache; \
         `chmod go-w` it, or set OUTRIDER_CACHE_DIR to a directory of your own",
        path.display()
    )]
    WritableByOthers {
        /// The cache's directory or one of its parents.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The directory or one of its parents belongs neither to this user nor to root.
    #[error(
        "{}: belongs to user {owner}, not to user {expected} who runs this or to root, and its owner could \
         plant code in the cache; set OUTRIDER_CACHE_DIR to a directory of your own",
        path.display()
    )]
    OwnedByOther {
        /// The cache's directory or one of its parents.
        path: PathBuf,
        /// The user id of its owner.
        owner: u32,
        /// The user id of this process.
        expected: u32,
    },
    /// The path is not a directory.
    #[error(
        "{}: not a directory; move it away, or set OUTRIDER_CACHE_DIR to a directory of your own",
        path.display()
    )]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The operating system did not let this process make, examine or change something.
    #[error(
        "{}: cannot {action} this; set OUTRIDER_CACHE_DIR to a directory of your own if it is not meant for you",
        path.display()
    )]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// The attempted action.
        action: &'static str,
        /// The reason.
        #[source]
        source: io::Error,
    },
}
