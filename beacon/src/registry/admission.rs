//! What the registry asks others, as it knows no engine.

use crate::ledger::{ExecutionHeader, ShardBody};
use outrider_beacon_spec::types::{Bytes32, Root, Shard, Slot};

/// Says whether code is valid. All nodes have to say the same: it is a function of the code alone, not of the time that
/// something takes. What a node's own trial of the code comes to decides how it votes, and nothing else.
pub trait Admission {
    /// Judges the code of an EE, which has at most as many bytes as the settings say.
    ///
    /// # Errors
    ///
    /// Why it is invalid.
    fn admit(&self, code: &[u8]) -> Result<Admitted, Refusal>;
}

/// What the registry wants to know of valid code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Whether it imports `eth2.receiptCopy`.
    pub takes_receipts: bool,
}

/// Why code is invalid, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// Says whether an execution was right, by repeating it under the limit of fuel. All nodes have to say the same.
pub trait Judge {
    /// Whether the execution of an EE comes to what the header says.
    fn is_right(&self, dispute: &Dispute<'_>) -> bool;
}

/// An execution that somebody doubts. Block, header and payload hold all that it depends on.
#[derive(Clone, Copy, Debug)]
pub struct Dispute<'d> {
    /// The hash of the EE's code.
    pub code_hash: Bytes32,
    /// The shard.
    pub shard: Shard,
    /// The slot of the shard block.
    pub slot: Slot,
    /// The beacon block that the shard block builds on.
    pub beacon_parent_root: Root,
    /// What the header says.
    pub header: &'d ExecutionHeader,
    /// The place of the EE's transition in it.
    pub transition_index: usize,
    /// Inputs: receipts and payloads.
    pub body: &'d ShardBody,
}
