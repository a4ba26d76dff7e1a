//! Why a call of an import fails.

use outrider_abi::DEPOSIT_BYTES;

use crate::allowance::StopReason;

/// What was wrong with a call of an import.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostCallError {
    /// A range that is not in the EE's memory.
    #[error("{length} bytes at pointer {pointer:#x} are not within the memory of {memory_bytes} bytes")]
    MemoryOutOfBounds {
        /// Where the range starts.
        pointer: u32,
        /// Length of the range in bytes.
        length: u32,
        /// Size of the memory in bytes.
        memory_bytes: usize,
    },
    /// A range that is not in the block data.
    #[error("{length} bytes at offset {offset} are not within the block data of {block_data_bytes} bytes")]
    BlockDataOutOfBounds {
        /// Where the range starts.
        offset: u32,
        /// Length of the range in bytes.
        length: u32,
        /// Size of the block data in bytes.
        block_data_bytes: usize,
    },
    /// A deposit of another length than 184 bytes.
    #[error("a deposit has {DEPOSIT_BYTES} bytes, got {got}")]
    DepositLength {
        /// The length given.
        got: u32,
    },
    /// More deposits than [`Limits::deposits_max`](crate::Limits::deposits_max).
    #[error("an execution may push {limit} deposits, and this is one more")]
    TooManyDeposits {
        /// The limit.
        limit: u32,
    },
    /// More ticks than [`Limits::ticks_max`](crate::Limits::ticks_max) leaves.
    #[error("out of ticks: {requested} requested, {left} left of {limit}")]
    OutOfTicks {
        /// Ticks that the call would spend.
        requested: u32,
        /// Ticks not yet spent.
        left: u64,
        /// Ticks that an execution may spend.
        limit: u64,
    },
    /// Less fuel left than the call costs. The execution then ends as
    /// [`OutOfFuel`](crate::ExecutionErrorKind::OutOfFuel).
    #[error("out of fuel")]
    OutOfFuel,
    /// The EE refuses the block. The execution then ends as [`Refused`](crate::ExecutionErrorKind::Refused).
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
    },
    /// The execution is to stop, and the call was not made. It then ends as [`Stopped`](crate::ExecutionErrorKind::Stopped).
    #[error("{0}")]
    Stopped(StopReason),
    /// The source of state in provider mode failed. Not the EE's fault.
    #[error("the source of state failed: {message}")]
    StateSource {
        /// What it says.
        message: String,
    },
    /// More new nodes than a provider takes from one execution.
    #[error("the new nodes take more than {limit} bytes")]
    TooManyNewNodes {
        /// The limit in bytes.
        limit: usize,
    },
    /// A sum of more than 256 bits.
    #[error("the sum does not fit into 256 bits")]
    SumOverflow,
    /// A difference below zero.
    #[error("the difference is negative")]
    DifferenceNegative,
}
