//! The errors of a store.

use outrider_disk::DiskError;

use crate::ledger::LedgerError;
use outrider_beacon_spec::types::{Bytes32, Root};

/// A failure to open, read or write a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be created, opened, read or changed. [`DiskError::is_of_caller`] says whose fault that is.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The records of an intact database contradict one another, which is a mistake of the program that wrote them.
    #[error("the chain is damaged: restore a copy, or make it again")]
    Damaged(#[source] Damage),
    /// The node lacks a block or its ledger. The caller has passed another node than the stored one, or a block that the node
    /// has not accepted.
    #[error("cannot store block {root}: the node does not know it")]
    UnknownBlock {
        /// The root of the block.
        root: Root,
    },
}

/// The kind and the place of a contradiction between records.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// A record does not decode.
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
    #[error("the hash of code {0:x} is wrong")]
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

fn hex(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}
