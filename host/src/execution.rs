//! The input and output of one execution.

#[cfg(feature = "serde")]
mod serde;

use std::fmt;
use std::sync::Arc;

use outrider_abi::{Context, Deposit, ReceivedReceipt, RootRead, SentReceipt, StateRoot};

/// The complete input of an execution, besides the EE's code.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ExecutionInput {
    /// The root of the EE's state before the block.
    pub pre_state_root: StateRoot,
    /// The block's data for the EE, in the EE's own encoding. Clones share it.
    #[cfg_attr(feature = "serde", serde(with = "self::serde::block_data"))]
    pub block_data: Arc<[u8]>,
    /// The shard, slot and beacon root of the execution, and what the beacon chain knows of the EE there.
    pub context: Context,
    /// The state roots of other EEs that the block declares, for `eth2.readRoot`. Clones share them. The host believes
    /// them: the chain checks them, and bounds their number.
    #[cfg_attr(feature = "serde", serde(default, with = "self::serde::list"))]
    pub reads: Arc<[RootRead]>,
    /// The receipts that the EE gets with the block, for `eth2.receiptCopy`: by source shard, then by sequence number.
    /// Clones share them. The host believes them: the chain checks them, and bounds their number and size.
    #[cfg_attr(feature = "serde", serde(default, with = "self::serde::list"))]
    pub receipts: Arc<[ReceivedReceipt]>,
}

impl ExecutionInput {
    /// Makes an input with the default [`Context`], all zeros, and without reads or receipts.
    pub fn new(pre_state_root: StateRoot, block_data: impl Into<Arc<[u8]>>) -> Self {
        Self {
            pre_state_root,
            block_data: block_data.into(),
            context: Context::default(),
            reads: Arc::default(),
            receipts: Arc::default(),
        }
    }
}

/// The result of a successful execution.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ExecutionOutput {
    /// The root of the EE's state after the block.
    pub post_state_root: StateRoot,
    /// Whether the EE saved that root. If not, it is zeros, under [`UnsavedRoot::Zeros`](crate::UnsavedRoot::Zeros).
    pub root_saved: bool,
    /// The deposits that the EE pushed, in order.
    pub deposits: Vec<Deposit>,
    /// The ether that the EE pays to the proposer of the block through `eth2.payProposer`, in Gwei. Whether it has that
    /// ether is for the ledger to decide.
    #[cfg_attr(feature = "serde", serde(default))]
    pub proposer_fee: u64,
    /// The receipts that the EE sends, in order. Their ether leaves the EE; whether it has that ether is for the ledger to
    /// decide.
    #[cfg_attr(feature = "serde", serde(default))]
    pub receipts: Vec<SentReceipt>,
    /// The indices of the receipts of the input that the EE rejects, ascending and each once.
    #[cfg_attr(feature = "serde", serde(default))]
    pub rejected: Vec<u32>,
    /// The EE's log lines, in order.
    pub logs: Vec<Log>,
    /// The ticks that the EE spent through `eth2.useTicks`.
    pub ticks_used: u64,
    /// The fuel spent on instructions, host calls and ticks, the same on every engine.
    pub fuel_used: u64,
    /// The size of the EE's memory at the end, in bytes. Memories never shrink, so this is also the largest size.
    pub memory_bytes: usize,
}

/// One line that an EE logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize))]
pub struct Log {
    /// The import that logged it, such as `debug.printMem`.
    pub import: &'static str,
    /// The logged value.
    pub value: LogValue,
}

/// The value of a log line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum LogValue {
    /// A 32-bit integer, unsigned as in scout's output.
    U32(u32),
    /// A 64-bit integer, unsigned as in scout's output.
    U64(u64),
    /// Text, with U+FFFD in place of bytes that are not UTF-8.
    Text(String),
    /// Bytes, shown in hex.
    Bytes(#[cfg_attr(feature = "serde", serde(with = "self::serde::logged"))] Vec<u8>),
}

impl LogValue {
    /// Returns the number of bytes that count against [`HostConfig::log_bytes_max`](crate::HostConfig::log_bytes_max).
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::U32(_) => 4,
            Self::U64(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl fmt::Display for LogValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U32(value) => value.fmt(f),
            Self::U64(value) => value.fmt(f),
            Self::Text(text) => f.write_str(text.trim_end()),
            Self::Bytes(bytes) => f.write_str(&hex::encode(bytes)),
        }
    }
}
