//! The interfaces through which the registry, which knows no engine, judges code and executions.

use crate::ledger::{ExecutionHeader, ShardBody};
use outrider_beacon_spec::types::{Bytes32, Root, Shard, Slot};

/// A judge of code. All nodes must reach the same verdict: it depends only on the code, and not on the time that
/// anything takes. A node's own trial of the code affects only its vote.
pub trait Admission {
    /// Judges the code of an EE, which is within the size limit of the settings.
    ///
    /// # Errors
    ///
    /// Fails with the reason for which the code is invalid.
    fn admit(&self, code: &[u8]) -> Result<CodeProperties, Refusal>;
}

/// The properties of valid code that the registry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeProperties {
    /// Whether it imports `eth2.receiptCopy`.
    pub takes_receipts: bool,
}

/// The reason for which code is invalid, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// A judge of executions, which repeats them under the limit of fuel. All nodes must reach the same verdict.
pub trait Judge {
    /// Returns whether the execution of an EE has the result in the header.
    ///
    /// # Errors
    ///
    /// Fails if this node cannot execute the EE, for example because its disk is full. Then it cannot process the block
    /// with the dispute, which may be valid.
    fn is_right(&self, dispute: &Dispute<'_>) -> Result<bool, Undecided>;
}

/// The reason for which a node cannot judge an execution, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undecided(pub String);

/// A judge for nodes without executors, which decides nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJudge;

impl Judge for NoJudge {
    fn is_right(&self, _: &Dispute<'_>) -> Result<bool, Undecided> {
        Err(Undecided("it has no executor".to_owned()))
    }
}

/// A disputed execution, in a body whose form is right. Block, header and payload are its complete input: roots that the
/// payload reads and the finalized slot count as right, because they are disputed by themselves.
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
    /// The header with its result.
    pub header: &'d ExecutionHeader,
    /// The index of the EE's transition in it.
    pub transition_index: usize,
    /// The inputs: receipts and payloads.
    pub body: &'d ShardBody,
}
