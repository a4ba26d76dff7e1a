//! Everything that can go wrong, and whose fault it is.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use outrider_abi::{DEPOSIT_BYTES, Import};

use crate::allowance::StopReason;
use crate::config::EngineKind;
use crate::execution::Log;
use crate::meter::MeterError;
use crate::profile::{Bound, Proposal};

/// Why a [`Host`](crate::Host) could not be made. The embedder's doing, or the machine's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The engine refused the configuration, or the machine has too little address space for it.
    #[error("cannot set up the wasm engine")]
    Engine(#[source] EngineError),
    /// The engine is not part of this build.
    #[error("the engine {engine} is not compiled in; build with the cargo feature `{feature}`")]
    EngineMissing {
        /// The engine asked for.
        engine: EngineKind,
        /// The feature that compiles it in.
        feature: &'static str,
    },
    /// The engine cannot do what the configuration asks for.
    #[error("the engine {engine} does not support {setting}")]
    Unsupported {
        /// The engine asked for.
        engine: EngineKind,
        /// The field of the configuration, and the value if it is that.
        setting: &'static str,
    },
    /// The thread that watches the wall clock did not start.
    #[error("cannot start the wall clock thread")]
    WallClock(#[source] io::Error),
}

/// Why a module was not loaded. The doing of who wrote the module, but for [`LoadError::NotMetered`],
/// [`LoadError::Engine`] and [`LoadError::Isolated`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The EE's own module is not acceptable.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A library's module is not acceptable.
    #[error("library `{name}`")]
    LibraryRefused {
        /// The library's name.
        name: String,
        /// What is wrong with it.
        #[source]
        refusal: Refusal,
    },
    /// A library has the name of a module of the ABI.
    #[error("library `{name}`: the name is taken by the host's own imports")]
    LibraryNameTaken {
        /// The library's name.
        name: String,
    },
    /// More libraries than an EE may have.
    #[error("{got} libraries are given, the limit is {limit}")]
    TooManyLibraries {
        /// Libraries given.
        got: u32,
        /// The limit.
        limit: u32,
    },
    /// The EE and its libraries are larger than a module may be.
    #[error("the EE and its libraries have {got} bytes together, the limit is {limit}")]
    LibrariesTooLarge {
        /// Size of all modules together in bytes.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// Two libraries have the same name.
    #[error("library `{name}` is given twice")]
    LibraryTwice {
        /// The libraries' name.
        name: String,
    },
    /// The module cannot be metered: it uses a name that is reserved for that.
    #[error("the module cannot be metered")]
    Meter(#[from] MeterError),
    /// A call tree is asked for, which is about fuel, of a host that does not
    /// [meter](crate::HostConfig::metered). The embedder's doing.
    #[error("this host does not meter guests, so there is no fuel to make a call tree of")]
    NotMetered,
    /// More stack than [`Limits::stack_slots_max`](crate::Limits::stack_slots_max), even without recursion.
    #[error("the functions need {got} slots of stack, the limit is {limit}")]
    StackTooLarge {
        /// Slots that the deepest chain of calls takes.
        got: u64,
        /// The limit in slots.
        limit: u32,
    },
    /// The engine did not compile a module that the host accepts. The host's fault.
    #[error("the wasm engine does not compile this module")]
    Engine(#[source] EngineError),
    /// A worker did not compile the module. It reached a limit of this node, or it could not work.
    #[error(transparent)]
    Isolated(#[from] IsolationError),
}

/// Why a worker has not compiled a module; see [`Isolation`](crate::Isolation).
///
/// None of it says that the module is invalid: the limits are this node's, and another may reach its own later or never.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IsolationError {
    /// More CPU time than [`Isolation::cpu_seconds_max`](crate::Isolation::cpu_seconds_max).
    #[error("compiling the module takes more than {limit} s of CPU time")]
    OverCpu {
        /// The limit in seconds.
        limit: u64,
    },
    /// More memory than [`Isolation::memory_bytes_max`](crate::Isolation::memory_bytes_max).
    #[error("compiling the module takes more than {limit} bytes of memory")]
    OverMemory {
        /// The limit in bytes.
        limit: u64,
    },
    /// Within its CPU time, the worker did not come to an end. A machine that is too busy, or a worker that waits.
    #[error("compiling the module takes longer than {} s", .limit.as_secs())]
    OverWallClock {
        /// The limit.
        limit: Duration,
    },
    /// The worker ended for a reason of its own. A bug of the engine, a worker of another version, or a system that
    /// kills processes when it is short of memory.
    #[error("the worker that compiles the module ended with {status}: {message}")]
    Died {
        /// How it ended.
        status: ExitStatus,
        /// What it said on stderr.
        message: String,
    },
    /// The worker did not start. The embedder's doing.
    #[error("cannot start {} to compile the module", .program.display())]
    Start {
        /// What should have been started.
        program: PathBuf,
        /// Why it was not.
        #[source]
        source: io::Error,
    },
    /// What the worker wrote is no answer. The embedder's doing: the program does not call
    /// [`serve_as_worker`](crate::serve_as_worker).
    #[error("{} does not serve as a worker: its output", .program.display())]
    Answer {
        /// What was started.
        program: PathBuf,
        /// What is wrong with its output.
        #[source]
        source: io::Error,
    },
    /// This process is a worker itself, and its program loads modules instead of calling
    /// [`serve_as_worker`](crate::serve_as_worker). The embedder's doing.
    #[error("this process is a worker, and starts no others: its `main` has to call `serve_as_worker`")]
    Nested,
    /// The files that are exchanged with a worker cannot be made, written or read. The machine's doing.
    #[error("cannot exchange files with the worker that compiles the module")]
    Exchange(#[source] io::Error),
}

/// One reason to refuse a module. Offsets are in bytes from the start of the module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// More bytes than [`Limits::module_bytes_max`](crate::Limits::module_bytes_max).
    #[error("the module has {got} bytes, the limit is {limit}")]
    ModuleTooLarge {
        /// Size of the module in bytes.
        got: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not a wasm module at all.
    #[error("not a wasm module: it starts with {starts_with}, not with 00 61 73 6d (\\0asm)")]
    NotWasm {
        /// The first bytes, in hex.
        starts_with: String,
    },
    /// Malformed or invalid by the WebAssembly specification, or cut off.
    #[error("invalid wasm at byte {offset:#x}{}: {message}", in_function(.function.as_ref()))]
    Invalid {
        /// Where.
        offset: usize,
        /// The function that it is in, if it is in one.
        function: Option<FunctionId>,
        /// What the validator says.
        message: String,
    },
    /// Valid in a larger WebAssembly than the one that all nodes run alike.
    #[error(
        "`{}` at byte {offset:#x}{} is outside of the profile ({}): {message}",
        .proposal.name, in_function(.function.as_ref()), .proposal.reason
    )]
    OutsideProfile {
        /// Where.
        offset: usize,
        /// The function that it is in, if it is in one.
        function: Option<FunctionId>,
        /// The WebAssembly proposal that would be needed.
        proposal: &'static Proposal,
        /// What the validator says.
        message: String,
    },
    /// More of something than the profile allows; see [`BOUNDS`](crate::BOUNDS).
    #[error("{item} at byte {offset:#x} has {got} {}, the limit is {}", .bound.what, .bound.max)]
    OverBound {
        /// What has more.
        item: Item,
        /// Where.
        offset: usize,
        /// How much there is, as far as it was counted.
        got: u64,
        /// The limit.
        bound: &'static Bound,
    },
    /// An import that neither the ABI nor a library has.
    #[error("unknown import `{module}.{name}` at byte {offset:#x}{hint}")]
    UnknownImport {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// Where.
        offset: usize,
        /// What may have been meant, as the end of the message.
        hint: String,
    },
    /// An import of the ABI or of a library, with another type than it has there.
    #[error("import `{module}.{name}` at byte {offset:#x} has type {got}, expected {expected}")]
    ImportType {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// Where.
        offset: usize,
        /// The type that the module asks for.
        got: String,
        /// The type that there is.
        expected: String,
    },
    /// A library that imports something. Libraries stand alone, as in scout.
    #[error("a library cannot import anything, and this one imports `{module}.{name}` at byte {offset:#x}")]
    LibraryImport {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// Where.
        offset: usize,
    },
    /// No `memory` export.
    #[error("no export `memory`, through which the host reads and writes: {hint}")]
    NoMemory {
        /// How the module gets one, as the end of the message.
        hint: String,
    },
    /// `memory` is exported, but is something else.
    #[error("export `memory` at byte {offset:#x} is a {got}, not a memory")]
    MemoryIsNot {
        /// Where.
        offset: usize,
        /// What it is instead.
        got: &'static str,
    },
    /// A memory that starts out larger than
    /// [`Limits::memory_pages_max`](crate::Limits::memory_pages_max).
    #[error("{item} at byte {offset:#x} starts with {got} pages of 64 KiB, the limit is {limit}")]
    MemoryTooLarge {
        /// The memory, or its import.
        item: Item,
        /// Where.
        offset: usize,
        /// Pages of 64 KiB that the module asks for.
        got: u64,
        /// The limit in pages.
        limit: u32,
    },
    /// A table that starts out with more elements than
    /// [`Limits::table_elements_max`](crate::Limits::table_elements_max).
    #[error("{item} at byte {offset:#x} starts with {got} elements, the limit is {limit}")]
    TableTooLarge {
        /// The table, or its import.
        item: Item,
        /// Where.
        offset: usize,
        /// Elements that the module asks for.
        got: u64,
        /// The limit in elements.
        limit: u32,
    },
    /// An element of a segment that is the value of a global, which not every engine can read there.
    #[error(
        "{item} at byte {offset:#x} takes an element from a global, which not every engine can; \
         name the function with `ref.func`, or put the global's value in the table with `table.set` at run time"
    )]
    ElementFromGlobal {
        /// The element segment.
        item: Item,
        /// Where the element is.
        offset: usize,
    },
    /// Two function types have the same hash of 32 bits, by which an engine tells types apart at indirect calls. By chance, this
    /// happens to one of some 860,000 modules with a hundred types.
    #[error(
        "{item} at byte {offset:#x} cannot be told apart from the type {other}, as both have the same CRC-32; \
         give it another parameter"
    )]
    TypesCollide {
        /// The type.
        item: Item,
        /// Where it is.
        offset: usize,
        /// The other type, which is the ABI's, a library's, or stands before.
        other: String,
    },
    /// No `main` export.
    #[error("no export `main`, which the host calls: {hint}")]
    NoMain {
        /// How the module gets one, as the end of the message.
        hint: String,
    },
    /// `main` is exported, but is something else.
    #[error("export `main` at byte {offset:#x} is a {got}, not a function")]
    MainIsNot {
        /// Where.
        offset: usize,
        /// What it is instead.
        got: &'static str,
    },
    /// `main` takes something. What it returns is dropped, as in scout.
    #[error("export `main` at byte {offset:#x} has type {got}, but nobody passes it anything; {hint}")]
    MainType {
        /// Where.
        offset: usize,
        /// The type that it has.
        got: String,
        /// What to do about it, as the end of the message.
        hint: &'static str,
    },
}

/// A part of a module, by its place among its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A section.
    Section(&'static str),
    /// A custom section, by its place among all sections.
    CustomSection(u32),
    /// A type.
    Type(u32),
    /// An import.
    Import(u32),
    /// A function, imported ones counted.
    Function(FunctionId),
    /// A table, imported ones counted.
    Table(u32),
    /// A memory, imported ones counted.
    Memory(u32),
    /// A global, imported ones counted.
    Global(u32),
    /// An export.
    Export(u32),
    /// An element segment.
    Element(u32),
    /// A data segment.
    Data(u32),
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Section(name) => write!(f, "the {name} section"),
            Self::CustomSection(index) => write!(f, "section {index}"),
            Self::Type(index) => write!(f, "type {index}"),
            Self::Import(index) => write!(f, "import {index}"),
            Self::Function(function) => function.fmt(f),
            Self::Table(index) => write!(f, "table {index}"),
            Self::Memory(index) => write!(f, "memory {index}"),
            Self::Global(index) => write!(f, "global {index}"),
            Self::Export(index) => write!(f, "export {index}"),
            Self::Element(index) => write!(f, "element segment {index}"),
            Self::Data(index) => write!(f, "data segment {index}"),
        }
    }
}

/// A function of a module that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionId {
    /// The function's index, imported ones counted.
    pub index: u32,
    /// The function's name as it stands in the module's name section, if there is one and it can be read.
    pub name: Option<String>,
}

impl fmt::Display for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function {}", self.index)?;
        match &self.name {
            Some(name) => write!(f, " `{:#}`", rustc_demangle::demangle(name)),
            None => Ok(()),
        }
    }
}

fn in_function(function: Option<&FunctionId>) -> String {
    function.map(|function| format!(" in {function}")).unwrap_or_default()
}

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

/// What an engine says of a failure of its own.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct EngineError(#[from] pub(crate) Box<dyn Error + Send + Sync>);

/// Lists an error and its causes.
pub(crate) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Writes an error with all its causes, joined by `: `. No error of this crate tells its source itself.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
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
    /// [`OutOfFuel`](ExecutionErrorKind::OutOfFuel).
    #[error("out of fuel")]
    OutOfFuel,
    /// The EE refuses the block. The execution then ends as [`Refused`](ExecutionErrorKind::Refused).
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
    },
    /// The execution is to stop, and the call was not made. It then ends as [`Stopped`](ExecutionErrorKind::Stopped).
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
