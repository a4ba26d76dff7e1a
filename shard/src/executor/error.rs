//! Errors of an executor.

use std::sync::Arc;

use outrider_beacon::{
    ledger::{EeIndex, FormError},
    receipts::ReceiptError,
};
use outrider_beacon_spec::types::{Bytes32, Epoch, Shard, Slot};
use outrider_host::{ExecutionError, LoadError};

/// The reason for which a shard block is refused, or cannot be judged.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutorError {
    /// The threads of the executor do not start. This node's fault.
    #[error("cannot start the executor's threads")]
    Threads(#[source] Arc<rayon::ThreadPoolBuildError>),
    /// The host has another limit than the chain, so that its outcomes could differ from those of other nodes. The
    /// caller's fault.
    #[error("the host's `{limit}` is {got}, expected {expected}: make the host with the limits of the chain")]
    HostLimit {
        /// The first limit that differs, by its name in [`Limits`](outrider_host::Limits) or
        /// [`HostConfig`](outrider_host::HostConfig).
        limit: &'static str,
        /// Its value in the host.
        got: String,
        /// Its value on the chain.
        expected: String,
    },
    /// The source of codes does not have the code of an EE, or not undamaged. This node's fault.
    #[error("EE {ee}: this node does not have the code {code_hash:x}")]
    CodeMissing {
        /// The EE.
        ee: EeIndex,
        /// The hash of the code.
        code_hash: Bytes32,
    },
    /// The source of codes failed. This node's fault.
    #[error("EE {ee}: cannot read its code")]
    Codes {
        /// The EE.
        ee: EeIndex,
        /// The failure.
        #[source]
        error: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The host does not load code that the chain has accepted. This node's fault.
    #[error("EE {ee}: cannot load its code")]
    Load {
        /// The EE.
        ee: EeIndex,
        /// The reason.
        #[source]
        error: Arc<LoadError>,
    },
    /// A task ended without a result. A bug of this crate.
    #[error("EE {ee}: its execution has no result")]
    Lost {
        /// The EE.
        ee: EeIndex,
    },
    /// There is no such shard.
    #[error("shard {shard} does not exist")]
    UnknownShard {
        /// The shard.
        shard: Shard,
    },
    /// A payload is for an EE that is unknown, not on the shard, or not active.
    #[error("EE {ee} is not active on shard {shard} in epoch {epoch}")]
    NotActive {
        /// The EE.
        ee: EeIndex,
        /// The shard of the block.
        shard: Shard,
        /// The epoch of the block.
        epoch: Epoch,
    },
    /// The receipts of the block are refused.
    #[error(transparent)]
    Receipts(#[from] ReceiptError),
    /// The header has more or fewer transitions than follow from the block.
    #[error("the header has {got} transitions, expected {expected}")]
    TransitionCount {
        /// The number of transitions in the header.
        got: usize,
        /// The number by the block.
        expected: usize,
    },
    /// There are more batches of receipts than a block can have.
    #[error("there are {got} batches of receipts, and a block has at most 64")]
    BatchesMax {
        /// The number of batches.
        got: usize,
    },
    /// The form of the block's body is wrong.
    #[error(transparent)]
    Form(#[from] FormError),
    /// There are more payloads than a block can have.
    #[error("there are {got} payloads, and a block has at most 64")]
    PayloadsMax {
        /// The number of payloads.
        got: usize,
    },
    /// The payloads read more roots that are not the latest ones than a header can assume.
    #[error("{got} reads are not of the latest roots, and a block can assume at most 64")]
    AssumptionsMax {
        /// The number of such reads.
        got: usize,
    },
    /// A payload reads a root that is not the latest one, and that the header does not assume.
    #[error(
        "EE {ee} reads the root {got} of EE {of} on shard {shard}, {}",
        expected.map_or("which does not exist".to_owned(), |expected| format!("expected the latest, {expected}"))
    )]
    Read {
        /// The EE of the payload.
        ee: EeIndex,
        /// The shard whose root is read.
        shard: Shard,
        /// The EE whose root is read.
        of: EeIndex,
        /// The root in the payload.
        got: Bytes32,
        /// The root in the ledger of the beacon parent, if there is one.
        expected: Option<Bytes32>,
    },
    /// An execution failed; [`fault`](ExecutionError::fault) distinguishes a refused payload from a failure of this
    /// node. Logs and backtrace are not kept.
    #[error("EE {ee}: the execution fails")]
    Execution {
        /// The EE.
        ee: EeIndex,
        /// The failure.
        #[source]
        error: Arc<ExecutionError>,
    },
    /// An execution needs more fuel than a transition may use.
    #[error("EE {ee}: the execution needs more than {limit} fuel")]
    Fuel {
        /// The EE.
        ee: EeIndex,
        /// The limit.
        limit: u64,
    },
    /// The deposits of an execution add up to more than there can be.
    #[error("EE {ee}: the sum of its deposits overflows")]
    DepositSum {
        /// The EE.
        ee: EeIndex,
    },
    /// An execution makes more deposits than a transition can have.
    #[error("EE {ee} makes {got} deposits, and a transition has at most 16")]
    DepositsMax {
        /// The EE.
        ee: EeIndex,
        /// The number of deposits.
        got: usize,
    },
    /// A transition is not that of its execution.
    #[error("EE {ee}: {field} is {got}, expected {expected}")]
    Difference {
        /// The EE.
        ee: EeIndex,
        /// The first field that differs, by its name in `EeTransition`.
        field: &'static str,
        /// Its value in the header.
        got: String,
        /// Its value by the execution.
        expected: String,
    },
    /// The header's finalized slot is not that of the beacon parent.
    #[error("finalized_slot is {got}, expected {expected}")]
    FinalizedSlot {
        /// The slot in the header.
        got: Slot,
        /// The slot by the state of the beacon parent.
        expected: Slot,
    },
}

impl ExecutorError {
    /// Returns whether this is a verdict that every node reaches: the block is invalid. Otherwise this node was unable
    /// to judge the block.
    #[must_use]
    pub fn is_verdict(&self) -> bool {
        match self {
            Self::Threads(_)
            | Self::HostLimit { .. }
            | Self::CodeMissing { .. }
            | Self::Codes { .. }
            | Self::Load { .. }
            | Self::Lost { .. } => false,
            Self::Execution { error, .. } => error.fault().is_verdict(),
            _ => true,
        }
    }

    /// Names another EE with the same code, if the code is at fault.
    pub(super) fn of_code(self, ee: EeIndex) -> Self {
        match self {
            Self::CodeMissing { code_hash, .. } => Self::CodeMissing { ee, code_hash },
            Self::Codes { error, .. } => Self::Codes { ee, error },
            Self::Load { error, .. } => Self::Load { ee, error },
            error => error,
        }
    }

    /// Names the field of the transition that is at fault if an execution needs more fuel than it states.
    pub(super) fn of_stated_fuel(self, stated: u64) -> Self {
        match self {
            Self::Fuel { ee, limit } if limit == stated => Self::Difference {
                ee,
                field: "fuel_used",
                got: stated.to_string(),
                expected: "more".to_owned(),
            },
            error => error,
        }
    }
}
