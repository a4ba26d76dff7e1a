//! Why an execution gives no post-state root, and whose fault that is.

use std::error::Error;
use std::fmt;

use outrider_abi::Import;

use super::{EngineError, HostCallError};
use crate::allowance::StopReason;
use crate::execution::Log;

/// Why an execution gave no post-state root.
#[derive(Debug)]
pub struct ExecutionError {
    /// What happened.
    pub kind: ExecutionErrorKind,
    /// What the EE logged before, in order; the last line is often its own account of the matter.
    pub logs: Vec<Log>,
    /// The wasm functions that were running, innermost first.
    pub backtrace: Vec<Frame>,
    /// What was spent until then, the same on every engine.
    ///
    /// Exact when the EE refuses a block and when it runs out of fuel. After other traps the innermost function's
    /// own spending since its last call is missing.
    pub fuel_used: u64,
}

impl ExecutionError {
    /// Returns the reason for which the EE refuses the block, if that is what it does.
    pub fn refusal(&self) -> Option<&str> {
        match &self.kind {
            ExecutionErrorKind::Refused { message } => Some(message),
            _ => None,
        }
    }

    /// Names the party whose fault the failure is.
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

/// What follows on the fact that an EE refuses a block: why, if it says so.
pub(crate) fn reason(message: &str) -> String {
    if message.is_empty() { ", and gives no reason".to_owned() } else { format!(": {message}") }
}

/// Whose fault a failed execution is; each asks for another reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The EE refuses the block, or the block has more data than all nodes take: every node sees the same, the block is
    /// invalid.
    Block,
    /// The EE crashed, ran out of fuel, or gave no answer: every node sees the same, and the block is invalid, whoever is to blame
    /// for it.
    Guest,
    /// This node has stopped the execution, at a limit that others may not reach or because it was asked to: says nothing about
    /// the block.
    Limit,
    /// The embedder passed something that the host does not take.
    Caller,
    /// The host or its machine failed: says nothing about the block.
    Host,
}

impl Fault {
    /// Tells whether the failure is a verdict on the block, which every node comes to: the block is invalid.
    pub const fn is_verdict(self) -> bool {
        matches!(self, Self::Block | Self::Guest)
    }
}

/// What ended an execution early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionErrorKind {
    /// The EE refuses the block, by `eth2.refuse`.
    #[error("the EE refuses the block{}", reason(message))]
    Refused {
        /// Why, in the EE's own words: text from the guest, of some 1,024 bytes at most, or none.
        message: String,
    },
    /// The EE's code trapped: a crash, or how an EE of 2019 refuses a block.
    #[error("the EE trapped: {0}")]
    Trap(TrapKind),
    /// The EE called an import with arguments that the import does not take.
    #[error("the EE's call of {import} failed")]
    HostCall {
        /// The import, such as `eth2.blockDataCopy`.
        import: &'static Import,
        /// What was wrong with the call.
        source: HostCallError,
    },
    /// The EE has spent more than [`Limits::fuel_max`](crate::Limits::fuel_max), or than it was given.
    #[error("the EE ran out of fuel: it was given {limit}")]
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
    /// The machine's stack was used up before the EE's own limit was reached, which bounds it amply.
    #[error("the native stack is used up, although the EE is within its limit")]
    NativeStackOverflow,
    /// More block data than [`Limits::block_data_bytes_max`](crate::Limits::block_data_bytes_max).
    #[error("the block data has {got} bytes, the limit is {limit}")]
    BlockDataTooLarge {
        /// Size of the block data in bytes.
        got: usize,
        /// The limit in bytes.
        limit: u32,
    },
    /// The engines of [`EngineKind::Both`] gave two answers: one of them has a bug, or the host.
    #[error("the engines disagree on {0}")]
    EnginesDisagree(Box<Disagreement>),
    /// The engine failed for a reason that no guest can bring about, such as a machine out of memory.
    #[error("the wasm engine failed")]
    Engine(#[source] EngineError),
}

/// What two engines tell differently of one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// What they tell differently, such as the fuel left; there may be more.
    pub item: &'static str,
    /// The names of the engines.
    pub engines: [&'static str; 2],
    /// What each of them says.
    pub values: [String; 2],
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (item, [first, second], [says, other]) = (self.item, self.engines, &self.values);
        write!(f, "{item}: {first} says `{says}`, {second} says `{other}`")
    }
}

/// The traps of WebAssembly, the same for every engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrapKind {
    /// An `unreachable` instruction; what panics and refusals are compiled to.
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
    /// An indirect call of a function of another type.
    #[error("indirect call of a function of another type")]
    IndirectCallType,
    /// A signed division whose result does not fit.
    #[error("integer overflow")]
    IntegerOverflow,
    /// A division by zero.
    #[error("integer division by zero")]
    IntegerDivisionByZero,
    /// A conversion of a float that no integer stands for.
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
    /// The function's name as it stands in the module's name section, if there is one; [`Frame`] shows it
    /// demangled.
    pub function_name: Option<String>,
    /// Where in the module it was, in bytes.
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
