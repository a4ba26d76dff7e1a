//! The errors of a store.

use std::io;

use crate::ledger::LedgerError;
use outrider_beacon_spec::types::{Bytes32, Root};

/// A failure to open, read or write a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the store open.
    #[error("{} has the chain open: wait until it ends, or end it", process(pid.as_deref()))]
    InUse {
        /// The number of the process, if it is known.
        pid: Option<String>,
    },
    /// The directory has no store.
    #[error("the directory has no chain")]
    Absent,
    /// The directory has a store already.
    #[error("the directory has a chain already: name another directory, or remove this one")]
    Present,
    /// Another version of Outrider wrote the store.
    #[error(
        "the format of the chain's records is not known: expected {expected}, got {got}; use the version that wrote them"
    )]
    Format {
        /// The format of the store.
        got: u8,
        /// The format that this version reads.
        expected: u8,
    },
    /// Bytes have changed or are missing.
    #[error("the chain is damaged: restore a copy, or create the chain again")]
    Damaged(#[source] Damage),
    /// The system failed to read or write a file.
    #[error("the disk failed")]
    Io(#[from] io::Error),
    /// The database failed for another reason.
    #[error("the database failed")]
    Database(#[source] Box<redb::Error>),
    /// The node lacks a block or its ledger. The caller has passed another node than the stored one, or a block that the node
    /// has not accepted.
    #[error("cannot store block {root}: the node does not know it")]
    UnknownBlock {
        /// The root of the block.
        root: Root,
    },
}

/// The kind and the place of damage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// A file is missing.
    #[error("the file `{file}` is missing")]
    Missing {
        /// The name of the file.
        file: &'static str,
    },
    /// The file `anchor` is malformed, or its checksum is wrong.
    #[error("the file `anchor` is malformed, or its checksum is wrong")]
    Anchor,
    /// The database and the file `anchor` are not of the same batch, usually because the database is older.
    #[error("the database is not of the batch that the file `anchor` names: expected {expected}, got {got}")]
    Batch {
        /// The number of batches in the database.
        got: u64,
        /// The number of batches in `anchor`.
        expected: u64,
    },
    /// The pages of the database are malformed, or a checksum is wrong.
    #[error("the database is malformed, or a checksum is wrong")]
    Database(#[source] Box<redb::Error>),
    /// The checksum of a record is wrong.
    #[error("table `{table}`: the checksum of record {} is wrong", hex(key))]
    Record {
        /// The table.
        table: &'static str,
        /// The key.
        key: Vec<u8>,
    },
    /// A record has the right checksum, but does not decode.
    #[error("table `{table}`: record {} does not decode", hex(key))]
    Content {
        /// The table.
        table: &'static str,
        /// The key.
        key: Vec<u8>,
    },
    /// A record that another one refers to is missing.
    #[error("table `{table}`: record {} is missing", hex(key))]
    Absent {
        /// The table.
        table: &'static str,
        /// The key.
        key: Vec<u8>,
    },
    /// The hash of a code is not its key.
    #[error("the hash of code {0} is wrong")]
    Code(Bytes32),
    /// A stored block is not valid after its parent.
    #[error("block {root} is not valid after its parent")]
    Block {
        /// The root of the block.
        root: Root,
        /// The reason.
        #[source]
        error: Box<LedgerError>,
    },
    /// State, ledger and block of the anchor, or the stored checkpoints, contradict one another.
    #[error("the finalized state does not match its ledger, its block or the stored checkpoints")]
    AnchorState(#[source] Box<LedgerError>),
    /// The fork choice finds another head than the stored one.
    #[error("the head of the stored blocks and votes is wrong: expected {expected}, got {got}")]
    Head {
        /// The head that the fork choice finds.
        got: Root,
        /// The stored head.
        expected: Root,
    },
}

fn process(pid: Option<&str>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

fn hex(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Converts a failure of an open database.
pub(super) fn backend(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(error) => StoreError::Io(error),
        redb::Error::Corrupted(message) => {
            StoreError::Damaged(Damage::Database(Box::new(redb::Error::Corrupted(message))))
        }
        error => StoreError::Database(Box::new(error)),
    }
}

/// Converts a failure to open an existing database. Whatever redb cannot parse is damage, as a database of this store was there.
pub(super) fn opening(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(error)
            if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            StoreError::Io(error)
        }
        redb::Error::DatabaseAlreadyOpen => StoreError::InUse { pid: None },
        error => StoreError::Damaged(Damage::Database(Box::new(error))),
    }
}
