//! Errors of host calls.

use outrider_abi::{DEPOSIT_BYTES, ReceiptError};

use crate::allowance::StopReason;

/// The reason for which a call of an import failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostCallError {
    /// A range is not within the EE's memory.
    #[error("{length} bytes at pointer {pointer:#x} are not within the memory of {memory_bytes} bytes")]
    MemoryOutOfBounds {
        /// The start of the range.
        pointer: u32,
        /// Length of the range in bytes.
        length: u32,
        /// Size of the memory in bytes.
        memory_bytes: usize,
    },
    /// A range is not within the block data.
    #[error("{length} bytes at offset {offset} are not within the block data of {block_data_bytes} bytes")]
    BlockDataOutOfBounds {
        /// The start of the range.
        offset: u32,
        /// Length of the range in bytes.
        length: u32,
        /// Size of the block data in bytes.
        block_data_bytes: usize,
    },
    /// A deposit does not have 184 bytes.
    #[error("a deposit has {DEPOSIT_BYTES} bytes, got {got}")]
    DepositLength {
        /// The length given.
        got: u32,
    },
    /// The execution pushed more deposits than [`Limits::deposits_max`](crate::Limits::deposits_max).
    #[error("more than {limit} deposits, the limit of an execution")]
    TooManyDeposits {
        /// The limit.
        limit: u32,
    },
    /// The EE pays more to the proposer than a number of 64 bits can express.
    #[error("the fee for the proposer overflows: {amount} Gwei on top of {paid} are more than 2^64 - 1")]
    ProposerFeeOverflow {
        /// The amount of the call in Gwei.
        amount: u64,
        /// The sum of earlier calls in Gwei.
        paid: u64,
    },
    /// The bytes to send are not a receipt.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The execution sends more receipts than [`RECEIPTS_SENT_MAX`](crate::RECEIPTS_SENT_MAX).
    #[error("more than {limit} receipts, the limit of an execution")]
    TooManyReceipts {
        /// The limit.
        limit: usize,
    },
    /// The EE sends more ether in receipts than a number of 64 bits can express.
    #[error(
        "the ether in receipts overflows: {value} Gwei and a fee of {fee} on top of {sent} are more than 2^64 - 1"
    )]
    ReceiptsOverflow {
        /// The value of the receipt in Gwei.
        value: u64,
        /// Its fee in Gwei.
        fee: u64,
        /// The values and fees of earlier receipts in Gwei.
        sent: u64,
    },
    /// The EE gets no receipt with this index.
    #[error("there is no receipt {index}: the EE gets {n_receipts}, counted from 0")]
    ReceiptOutOfRange {
        /// The index given.
        index: u32,
        /// The number of receipts that the EE gets with the block.
        n_receipts: usize,
    },
    /// The block does not declare a state root at this index.
    #[error("there is no read {index}: the block declares {n_reads}, counted from 0")]
    ReadOutOfRange {
        /// The index given.
        index: u32,
        /// The number of state roots that the block declares.
        n_reads: usize,
    },
    /// The call would spend more ticks than are left of [`Limits::ticks_max`](crate::Limits::ticks_max).
    #[error("out of ticks: {requested} requested, {left} left of {limit}")]
    OutOfTicks {
        /// Ticks that the call would spend.
        requested: u32,
        /// Ticks not yet spent.
        left: u64,
        /// Ticks that an execution may spend.
        limit: u64,
    },
    /// The call costs more fuel than is left. The execution fails with
    /// [`OutOfFuel`](crate::ExecutionErrorKind::OutOfFuel).
    #[error("out of fuel")]
    OutOfFuel,
    /// The EE refuses the block. The execution fails with [`Refused`](crate::ExecutionErrorKind::Refused).
    #[error("{message}")]
    Refused {
        /// The EE's reason.
        message: String,
    },
    /// The execution was stopped before the call. It fails with [`Stopped`](crate::ExecutionErrorKind::Stopped).
    #[error("{0}")]
    Stopped(StopReason),
    /// The source of state in provider mode failed, which is not the EE's fault.
    #[error("the source of state failed: {message}")]
    StateSource {
        /// The source's message.
        message: String,
    },
    /// The new nodes take more bytes than the limit of a provider.
    #[error("the new nodes take more than {limit} bytes")]
    TooManyNewNodes {
        /// The limit in bytes.
        limit: usize,
    },
    /// A sum has more than 256 bits.
    #[error("the sum does not fit into 256 bits")]
    SumOverflow,
    /// A difference is below zero.
    #[error("the difference is negative")]
    DifferenceNegative,
}
