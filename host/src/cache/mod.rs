//! The cache of compiled code: in memory for one process, on disk for all that follow.
//!
//! Compiled code is machine code, and an engine runs what it is handed. So the one thing that matters is who
//! can have written an entry. The answer is [`directory`]'s: nobody but us and root, or the cache is not
//! opened. Against accidents (a crash in the middle of a write, a full disk, a bit that has flipped, another
//! program's file) every entry carries its key, its length and a checksum; see [`entry`]. An entry that does
//! not hold is no entry: the module is compiled again and the entry written anew.
//!
//! Engines map the files, so that processes share what they run, and none of it is copied. Nothing here writes to a file that
//! has the name of an entry: a new one is put in its place, and one that is removed stays as long as it is mapped.
//!
//! *Invariant*: what [`DiskCache::get`] opens for a key is, byte for byte, what was put under that key.

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

/// Why a directory cannot be used as a cache. The doing of who chose the directory, or of the machine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Others can write to the directory, or to one that it is in: they could have us run code of theirs.
    #[error(
        "{}: others can write here (mode {mode:o}) and could plant code in the cache; \
         `chmod go-w` it, or set OUTRIDER_CACHE_DIR to a directory of your own",
        path.display()
    )]
    WritableByOthers {
        /// The cache's directory or one that it is in.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The directory, or one that it is in, belongs to somebody who is neither us nor root.
    #[error(
        "{}: belongs to user {owner}, not to user {expected} who runs this or to root, and its owner could \
         plant code in the cache; set OUTRIDER_CACHE_DIR to a directory of your own",
        path.display()
    )]
    OwnedByOther {
        /// The cache's directory or one that it is in.
        path: PathBuf,
        /// The user id of its owner.
        owner: u32,
        /// The user id of this process.
        expected: u32,
    },
    /// Something that is no directory has the name.
    #[error(
        "{}: not a directory; move it away, or set OUTRIDER_CACHE_DIR to a directory of your own",
        path.display()
    )]
    NotADirectory {
        /// Where.
        path: PathBuf,
    },
    /// The operating system did not let us make, look at or change something.
    #[error(
        "{}: cannot {action} this; set OUTRIDER_CACHE_DIR to a directory of your own if it is not meant for you",
        path.display()
    )]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}
