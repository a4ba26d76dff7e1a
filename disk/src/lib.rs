//! A database on disk that distinguishes damage from a crash. The stores of states and of chains are such databases.
//!
//! # Layout
//!
//! A store is a directory with three files.
//!
//! | file | content |
//! |---|---|
//! | `db` | a redb database, with the tables of its user and the table `anchor` |
//! | `anchor` | the last acknowledged batch, as the module `anchor` of this crate describes to the byte |
//! | `lock` | the number of the last process that changed the store; locked by the processes that have it open |
//!
//! While a file is replaced, the new one is called `anchor.new` or `db.new`. The table `anchor` has two records: `last` is
//! the anchor of the last batch, with the encoding of the file, and `previous` is the digest before that batch, 32 bytes.
//!
//! # Crashes and damage
//!
//! A batch is one transaction of the database, after which the file `anchor` is replaced. Both are on disk before
//! [`Writer::commit`] returns. So a process that dies leaves all acknowledged batches behind, and the one under way as a
//! whole or not at all.
//!
//! A database that recovers from a crash returns to a consistent state. It cannot know whether the pages that it drops were
//! torn during a write, or were acknowledged and damaged later. The file `anchor` decides this, because it is written after
//! the database. [`AnchoredDatabase::open`] checks every page of the database against its checksum. The database must then be
//! of the store that the anchor names, and at its batch, or at the next one, whose anchor a crash has prevented. Anything
//! else is [`Damage`].
//!
//! The anchor of a store has a random number, which the database has, too, and a digest of all batches so far. So neither
//! the database of another store nor one of a copy of the same store that took other batches can take the place of the
//! right one.
//!
//! # Files
//!
//! Only regular files are opened. A symbolic link in their place is refused, because writing would change a file elsewhere;
//! so is a file with several names, unless the store is only read. A device or a FIFO is not opened at all.
//!
//! Any number of processes may read a store, or one may change it. Reading writes nothing, so the disk may be read-only. A
//! store that is refused stays as it is, also if it was to be changed.

#![forbid(unsafe_code)]

mod anchor;
mod content;
mod database;
mod directory;
mod error;
mod file;
mod lock;
mod overlay;
mod recover;

#[cfg(test)]
mod tests;

pub use self::{
    content::Content,
    database::{AnchoredDatabase, Writer},
    error::{Damage, DiskError, FileKind, Holder},
};
