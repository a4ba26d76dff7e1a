//! Errors of executions, and whose fault they are.

use std::error::Error;
use std::fmt;

use outrider_abi::Import;

use super::{EngineError, HostCallError};
use crate::allowance::StopReason;
use crate::execution::Log;

/// The reason for which an execution has no post-state root.
#[derive(Debug)]
pub struct ExecutionError {
    /// The kind of failure.
    pub kind: ExecutionErrorKind,
    /// The log lines until then, in order; the last one is often the EE's own explanation.
    pub logs: Vec<Log>,
    /// The wasm functions that were running, innermost first.
    pub backtrace: Vec<Frame>,
    /// Fuel spent until then, the same on every engine.
    ///
    /// It is exact if the EE refuses the block or runs out of fuel. After other traps, the fuel that the innermost
    /// function itself spent since its last call is missing.
    pub fuel_used: u64,
}

impl ExecutionError {
    /// Returns the EE's reason to refuse the block, if it refuses it.
    pub fn refusal(&self) -> Option<&str> {
        match &self.kind {
            ExecutionErrorKind::Refused { message } => Some(message),
            _ => None,
        }
    }

    /// Returns whose fault the failure is.
    pub fn fault(&self) -> Fault {
        match &self.kind {
            ExecutionErrorKind::Refused { .. } | ExecutionErrorKind::BlockDataTooLarge { .. } => Fault::Block,
            ExecutionErrorKind::HostCall { source: HostCallError::StateSource { .. }, .. } => Fault::Host,
            ExecutionErrorKind::Trap(_)
            | ExecutionErrorKind::HostCall { .. }
            | ExecutionErrorKind::OutOfFuel { .. }
            | ExecutionErrorKind::NoPostStateRoot => Fault::Guest,
            ExecutionErrorKind::Stopped(_) => Fault::Limit,
            ExecutionErrorKind::NativeStackOverflow
            | ExecutionErrorKind::EnginesDisagree(_)
            | ExecutionErrorKind::Engine(_) => Fault::Host,
        }
    }
}

impl fmt::Display for ExecutionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl Error for ExecutionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.kind.source()
    }
}

/// Returns the end of a message about a refusal: the reason, if the EE gives one.
pub(crate) fn reason(message: &str) -> String {
    if message.is_empty() { ", and gives no reason".to_owned() } else { format!(": {message}") }
}

/// The party at fault for a failed execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The block: the EE refuses it, or it has more data than the limit. Every node sees the same, and the block is
    /// invalid.
    Block,
    /// The guest: the EE crashed, ran out of fuel, or saved no root. Every node sees the same, and the block is
    /// invalid, whoever is to blame for it.
    Guest,
    /// A limit: this node stopped the execution, at a limit that others may not reach or on request. This says nothing
    /// about the block.
    Limit,
    /// The caller: the embedder passed something that the host does not accept.
    Caller,
    /// The host or its machine. This says nothing about the block.
    Host,
}

impl Fault {
    /// Returns whether the failure is a verdict that every node reaches: the block is invalid.
    pub const fn is_verdict(self) -> bool {
        matches!(self, Self::Block | Self::Guest)
    }
}

/// The event that ended an execution early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionErrorKind {
    /// The EE refuses the block, by `eth2.refuse`.
    #[error("the EE refuses the block{}", reason(message))]
    Refused {
        /// The EE's reason: text from the guest, of some 1,024 bytes at most, possibly empty.
        message: String,
    },
    /// The EE's code trapped: a crash, or the way in which an EE of 2019 refuses a block.
    #[error("the EE trapped: {0}")]
    Trap(TrapKind),
    /// The EE called an import with arguments that the import does not accept.
    #[error("the EE's call of {import} failed")]
    HostCall {
        /// The import, such as `eth2.blockDataCopy`.
        import: &'static Import,
        /// The error of the call.
        source: HostCallError,
    },
    /// The EE spent more than [`Limits::fuel_max`](crate::Limits::fuel_max), or than its allowance.
    #[error("the EE ran out of fuel: the limit is {limit}")]
    OutOfFuel {
        /// The limit.
        limit: u64,
    },
    /// The EE returned without having called `eth2.savePostStateRoot`, and the limits say
    /// [`UnsavedRoot::Refused`](crate::UnsavedRoot::Refused).
    #[error("the EE returned without saving a post-state root")]
    NoPostStateRoot,
    /// This node has stopped the execution.
    #[error("{0}")]
    Stopped(StopReason),
    /// The machine's stack overflowed before the EE reached its own limit, for which the native stack is amply large.
    #[error("the native stack overflowed, although the EE is within its limit")]
    NativeStackOverflow,
    /// The block data has more bytes than [`Limits::block_data_bytes_max`](crate::Limits::block_data_bytes_max).
    #[error("the block data has {got} bytes, the limit is {limit}")]
    BlockDataTooLarge {
        /// Size of the block data in bytes.
        got: usize,
        /// The limit in bytes.
        limit: u32,
    },
    /// The engines of [`EngineKind::Both`](crate::EngineKind::Both) disagree: one of them or the host has a bug.
    #[error("the engines disagree on {0}")]
    EnginesDisagree(Box<Disagreement>),
    /// The engine failed for a reason that no guest can cause, such as a machine out of memory.
    #[error("the wasm engine failed")]
    Engine(#[source] EngineError),
}

/// A difference between two engines in one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The item that differs, such as the fuel left; there may be more.
    pub item: &'static str,
    /// The names of the engines.
    pub engines: [&'static str; 2],
    /// The values of each of them.
    pub values: [String; 2],
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (item, [first, second], [says, other]) = (self.item, self.engines, &self.values);
        write!(f, "{item}: {first} says `{says}`, {second} says `{other}`")
    }
}

/// The traps of WebAssembly, the same on every engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrapKind {
    /// An `unreachable` instruction, to which panics and refusals are compiled.
    #[error("unreachable code was reached")]
    Unreachable,
    /// An access outside of a memory.
    #[error("out of bounds memory access")]
    MemoryOutOfBounds,
    /// An access outside of a table.
    #[error("out of bounds table access")]
    TableOutOfBounds,
    /// An indirect call through an empty table element.
    #[error("indirect call to a null element")]
    IndirectCallToNull,
    /// An indirect call of a function with another type.
    #[error("indirect call of a function with another type")]
    IndirectCallType,
    /// A signed division whose result does not fit.
    #[error("integer overflow")]
    IntegerOverflow,
    /// A division by zero.
    #[error("integer division by zero")]
    IntegerDivisionByZero,
    /// A conversion of a float that has no integer value.
    #[error("invalid conversion to integer")]
    InvalidConversionToInteger,
    /// Too many calls within calls: more than [`Limits::stack_slots_max`](crate::Limits::stack_slots_max).
    #[error("call stack exhausted")]
    StackOverflow,
}

/// One wasm function that was running when an execution failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function's index in its module.
    pub function_index: u32,
    /// The function's name in the module's name section, if there is one; `Display` demangles it.
    pub function_name: Option<String>,
    /// The offset in the module, in bytes.
    pub module_offset: Option<usize>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function_name {
            // The alternate form leaves the hashes out.
            Some(name) => write!(f, "{:#}", rustc_demangle::demangle(name))?,
            None => write!(f, "function {}", self.function_index)?,
        }
        match self.module_offset {
            Some(offset) => write!(f, " at byte {offset:#x}"),
            None => Ok(()),
        }
    }
}
