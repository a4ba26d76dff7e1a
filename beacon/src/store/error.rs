//! Why a store cannot be used.

use std::io;

use crate::ledger::LedgerError;
use outrider_beacon_spec::types::{Bytes32, Root};

/// Why a store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has it open.
    #[error("process {} has it open: wait for its end, or end it", pid.as_deref().unwrap_or("(unknown)"))]
    InUse {
        /// The number of the process, if it can be told.
        pid: Option<String>,
    },
    /// The directory has no store.
    #[error("there is no chain here")]
    Absent,
    /// The directory has one already.
    #[error("there is a chain here already: name another directory, or remove it")]
    Present,
    /// The store is of another version of this program.
    #[error("its format is {got}, and this version reads {expected}")]
    Format {
        /// The format.
        got: u8,
        /// The one that is read.
        expected: u8,
    },
    /// Bytes have changed, or are gone; nothing of them is believed.
    #[error("it is damaged: restore a copy, or make the chain again")]
    Damaged(#[source] Damage),
    /// The disk does not do what it should.
    #[error("the disk fails")]
    Io(#[from] io::Error),
    /// The database does not do what it should.
    #[error("the database fails")]
    Database(#[source] Box<redb::Error>),
    /// The node is not the one whose blocks are stored: a block or its ledger is missing in it.
    #[error("the node does not know block {root}, which is to be stored")]
    NotTheNodes {
        /// The block.
        root: Root,
    },
}

/// What is damaged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// A file is not there.
    #[error("the file `{file}` is missing")]
    Missing {
        /// Its name.
        file: &'static str,
    },
    /// The anchor does not have its checksum.
    #[error("the file `anchor` does not have its checksum")]
    Anchor,
    /// The database is of another time than the anchor: an earlier one above all.
    #[error("the database is of batch {got}, where batch {expected} was acknowledged")]
    Batch {
        /// The database's batch.
        got: u64,
        /// The anchor's.
        expected: u64,
    },
    /// The database cannot make sense of its pages.
    #[error("the database does not have its checksums")]
    Database(#[source] Box<redb::Error>),
    /// A record does not have its checksum.
    #[error("table `{table}`: the record of {} does not have its checksum", hex(key))]
    Record {
        /// The table.
        table: &'static str,
        /// The key.
        key: Vec<u8>,
    },
    /// A record has its checksum and does not decode.
    #[error("table `{table}`: the record of {} does not decode", hex(key))]
    Content {
        /// The table.
        table: &'static str,
        /// The key.
        key: Vec<u8>,
    },
    /// A record that others need is not there.
    #[error("table `{table}`: there is no record of {}", hex(key))]
    Absent {
        /// The table.
        table: &'static str,
        /// The key.
        key: Vec<u8>,
    },
    /// Code does not have its hash.
    #[error("the code under {0} has another hash")]
    Code(Bytes32),
    /// The blocks do not lead to what is stored.
    #[error("block {root} does not follow from what is stored")]
    Block {
        /// The block.
        root: Root,
        /// Why.
        #[source]
        error: Box<LedgerError>,
    },
    /// The state at finality, its ledger and its block do not belong together.
    #[error("state and ledger at finality do not belong together")]
    Anchored(#[source] Box<LedgerError>),
    /// The blocks lead to another head.
    #[error("the blocks lead to head {got}, where {expected} was the head")]
    Head {
        /// Where they lead.
        got: Root,
        /// The head.
        expected: Root,
    },
}

fn hex(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A failure of the database while it is open.
pub(super) fn backend(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(error) => StoreError::Io(error),
        redb::Error::Corrupted(message) => {
            StoreError::Damaged(Damage::Database(Box::new(redb::Error::Corrupted(message))))
        }
        error => StoreError::Database(Box::new(error)),
    }
}

/// A failure of the database on the way to one that is there: what it cannot make sense of was something else once.
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
