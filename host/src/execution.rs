//! One execution: what goes into it and what comes out.

#[cfg(feature = "serde")]
mod serde;

use std::fmt;
use std::sync::Arc;

use outrider_abi::{Context, Deposit, StateRoot};

/// Everything that an execution depends on, apart from the EE's code.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ExecutionInput {
    /// The root of the EE's state before the block.
    pub pre_state_root: StateRoot,
    /// What the block carries for the EE, in the EE's own encoding; shared, never copied.
    #[cfg_attr(feature = "serde", serde(with = "self::serde::block_data"))]
    pub block_data: Arc<[u8]>,
    /// Where and when the execution takes place.
    pub context: Context,
}

impl ExecutionInput {
    /// Makes an input with the default [`Context`], all zeros.
    pub fn new(pre_state_root: StateRoot, block_data: impl Into<Arc<[u8]>>) -> Self {
        Self { pre_state_root, block_data: block_data.into(), context: Context::default() }
    }
}

/// Everything that an execution brings about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ExecutionOutput {
    /// The root of the EE's state after the block.
    pub post_state_root: StateRoot,
    /// Whether the EE has saved that root; if not, it is zeros, by [`UnsavedRoot::Zeros`](crate::UnsavedRoot::Zeros).
    pub root_saved: bool,
    /// The deposits that the EE pushed, in order.
    pub deposits: Vec<Deposit>,
    /// What the EE logged, in order.
    pub logs: Vec<Log>,
    /// What the EE spent through `eth2.useTicks`.
    pub ticks_used: u64,
    /// What the execution cost, the same on every engine: instructions, host calls and ticks.
    pub fuel_used: u64,
    /// Size of the EE's memory at the end, in bytes; as memories never shrink, the most that it was.
    pub memory_bytes: usize,
}

/// One line that an EE logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize))]
pub struct Log {
    /// The import that logged it, such as `debug.printMem`.
    pub import: &'static str,
    /// What was logged.
    pub value: LogValue,
}

/// What an EE logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum LogValue {
    /// A 32-bit integer; unsigned, as scout shows it.
    U32(u32),
    /// A 64-bit integer; unsigned, as scout shows it.
    U64(u64),
    /// Text; bytes that are not UTF-8 stand as U+FFFD.
    Text(String),
    /// Bytes, shown in hex.
    Bytes(#[cfg_attr(feature = "serde", serde(with = "self::serde::logged"))] Vec<u8>),
}

impl LogValue {
    /// How many bytes count against [`HostConfig::log_bytes_max`](crate::HostConfig::log_bytes_max).
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
