//! The configuration of a host.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::cache::DiskCache;

/// The configuration of a [`Host`](crate::Host).
///
/// [`Limits`] decide the outcome of an execution, so all nodes that must agree need the same ones. The other fields
/// concern only this node.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The limits that every node shares.
    pub limits: Limits,
    /// The engine that compiles and runs guests; wasmtime by default. All engines give the same outcomes.
    pub engine: EngineKind,
    /// How long one execution may take before it is stopped; unlimited by default, because fuel ends every execution.
    ///
    /// This is a safety net and not a consensus rule: a slower machine reaches it earlier. The engine checks it every
    /// few hundredths of a second, which makes loops slower. Wasmtime only.
    pub wall_clock_max: Option<Duration>,
    /// Whether a deadline and an [`AbortHandle`](crate::AbortHandle) also stop the guest's own code, and not only at
    /// host calls. It is false by default because it makes loops slower. [`wall_clock_max`](Self::wall_clock_max)
    /// implies it. Wasmtime only.
    pub interruptible: bool,
    /// Whether guests are metered; true by default. Without metering, a guest's own code spends no fuel, an endless loop
    /// never stops, and the machine's stack is the only limit. Turn it off only to measure the cost of metering.
    pub metered: bool,
    /// How many bytes of log output one execution keeps. Further output is dropped without a trap.
    pub log_bytes_max: usize,
    /// Where compiled code is kept for other processes; nowhere by default.
    pub cache: Option<DiskCache>,
    /// How modules are compiled in a process of their own; by default they are compiled in this one. Unix only.
    pub isolation: Option<Isolation>,
    /// How many loaded EEs stay in memory for the next time they are loaded.
    pub ees_kept_max: usize,
    /// How many executions may run at a time; further ones wait. Default: 64.
    ///
    /// Wasmtime reserves 4 GiB of addresses for each of them, and for at least 16. If it cannot, outcomes and fuel are
    /// the same, but instantiation and memory access are slower.
    pub concurrent_executions_max: u32,
    /// The memory that all executions together may use, in bytes. Default: 4 GiB.
    ///
    /// An execution waits until as much memory is free as its EE can grow to: the maximum that the module declares, or
    /// else [`Limits::memory_pages_max`]. An EE that declares a small maximum runs beside many others.
    pub memory_bytes_max: u64,
}

impl HostConfig {
    /// Returns whether guests check the clock in their loops and functions.
    pub(crate) fn is_interruptible(&self) -> bool {
        self.interruptible || self.wall_clock_max.is_some()
    }
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            engine: EngineKind::default(),
            wall_clock_max: None,
            interruptible: false,
            metered: true,
            log_bytes_max: 1 << 20,
            cache: None,
            isolation: None,
            ees_kept_max: 64,
            concurrent_executions_max: 64,
            memory_bytes_max: 4 << 30,
        }
    }
}

/// The configuration of workers: processes that compile one module each, with limits of CPU time and memory.
///
/// The limits bound what a module can cost this node, whatever its engine makes of it. They depend on the machine and
/// on its load. So they may decide how a node votes on whether a chain should accept a module, but never whether a
/// module that the chain has accepted is valid: nodes would disagree.
///
/// A worker is not a sandbox: it has all rights of this process. It ends with this process, on Linux even if this
/// process is killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// The program to start as a worker, such as [`std::env::current_exe`]. It must be built with the same version of
    /// this crate, and call [`serve_as_worker`](crate::serve_as_worker) before anything else. A wrapper such as `nice`
    /// has to become the worker by `exec`.
    pub program: PathBuf,
    /// The program's arguments; none by default.
    pub arguments: Vec<OsString>,
    /// The CPU time of one compilation in seconds, over all threads. Default: 20.
    ///
    /// Ten times as much wall-clock time may pass.
    pub cpu_seconds_max: u64,
    /// The memory of one compilation in bytes, counting only private writable memory. Default: 2 GiB.
    pub memory_bytes_max: u64,
}

impl Isolation {
    /// Returns a configuration that starts this program with the default limits.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            cpu_seconds_max: 20,
            memory_bytes_max: 2 << 30,
        }
    }
}

/// An engine that compiles and runs WebAssembly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EngineKind {
    /// Wasmtime, the faster one, with pooled instances.
    #[default]
    Wasmtime,
    /// Wasmer, a second opinion. The cargo feature `wasmer` compiles it in.
    Wasmer,
    /// Both, one after the other. Any difference between them is an error,
    /// [`ExecutionErrorKind::EnginesDisagree`](crate::ExecutionErrorKind::EnginesDisagree).
    Both,
}

impl EngineKind {
    /// All variants.
    pub const ALL: [Self; 3] = [Self::Wasmtime, Self::Wasmer, Self::Both];

    /// Returns whether the engine is compiled in.
    pub const fn is_compiled_in(self) -> bool {
        matches!(self, Self::Wasmtime) || cfg!(feature = "wasmer")
    }

    /// Returns the engine's name, which [`FromStr`] parses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wasmtime => "wasmtime",
            Self::Wasmer => "wasmer",
            Self::Both => "both",
        }
    }
}

impl FromStr for EngineKind {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        let found = Self::ALL.into_iter().find(|engine| engine.name() == name);
        found.ok_or_else(|| UnknownEngine { got: name.to_owned() })
    }
}

/// The error for a name that is not an engine's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{got}` is not an engine: expected wasmtime, wasmer or both")]
pub struct UnknownEngine {
    /// The unknown name.
    pub got: String,
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Bounds that every node must share, because reaching one decides the outcome of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of a module in bytes, its libraries included. Default: 8 MiB, five times the size of an EVM with all its precompiles.
    pub module_bytes_max: usize,
    /// Size of a module's memory in pages of 64 KiB. Default: 4,096 pages, which are 256 MiB.
    pub memory_pages_max: u32,
    /// The number of pages up to which the memories of an execution are *near*: a processor's caches hold them even
    /// while other executions use theirs. Default: 32 pages, which are 2 MiB.
    pub memory_pages_near: u32,
    /// The factor by which the guest's own code costs more once the memories of the execution have more than
    /// [`memory_pages_near`](Self::memory_pages_near); at least 1. Default: 16, the ratio of the time of a load from
    /// main memory to that of one from a cache.
    ///
    /// Host calls keep their price. `outrider calibrate --memory` prints the trade between these three limits.
    pub memory_far_factor: u32,
    /// The size of machine code up to which a program is *near*, in bytes as [`CompileCost`](crate::CompileCost)
    /// predicts them, libraries included. A larger program can always jump to a place that no cache holds, so it costs
    /// as much as one with far memory. Default: 16 MiB, half as much again as an EVM with all its precompiles.
    pub code_bytes_near: u32,
    /// Whether EEs may use floating-point numbers. Default: true, because compiled programs contain some, rarely
    /// executed, and prices cover the slowest. A chain without floats does without the prices for subnormal numbers.
    pub floats: bool,
    /// Elements in each of a module's tables, of which there are eight at most. Default: 20,000, twice the number in
    /// large compiled programs.
    pub table_elements_max: u32,
    /// Ticks that one execution may spend by `eth2.useTicks`. Default: scout's 10,000,000.
    pub ticks_max: u64,
    /// Deposits that one execution may push. Default: 1,024, which are 184 KiB.
    pub deposits_max: u32,
    /// Fuel that one execution may spend. Default: 250,000,000,000, some four seconds of typical code on a fast
    /// machine, and ten times as long for the worst code with warm memory.
    ///
    /// Values above `i64::MAX` count as `i64::MAX`.
    pub fuel_max: u64,
    /// Stack that one execution may use, in slots. A frame has 8 slots, and one for each parameter, local and operand;
    /// a function whose machine code may need more than 1,024 bytes for each of these has more. Default: 65,536, some
    /// thousands of nested calls, for which an execution has 64 MiB of native stack.
    pub stack_slots_max: u32,
    /// Size of the data of one block in bytes. Default: 128 MiB.
    ///
    /// It is never more than `i32::MAX`, the largest size that `eth2.blockDataSize` can return.
    pub block_data_bytes_max: u32,
    /// The outcome when an EE returns without saving a root. Default: the block is invalid.
    pub unsaved_root: UnsavedRoot,
}

/// The outcome of an execution whose EE returns without calling `eth2.savePostStateRoot`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnsavedRoot {
    /// The execution fails with [`NoPostStateRoot`](crate::ExecutionErrorKind::NoPostStateRoot), and the block is
    /// invalid.
    #[default]
    Refused,
    /// The post-state root is 32 bytes of zero, as in scout.
    Zeros,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            module_bytes_max: 8 << 20,
            memory_pages_max: 4096,
            memory_pages_near: 32,
            memory_far_factor: 16,
            code_bytes_near: 16 << 20,
            floats: true,
            table_elements_max: 20_000,
            ticks_max: 10_000_000,
            deposits_max: 1024,
            fuel_max: 250_000_000_000,
            stack_slots_max: 1 << 16,
            block_data_bytes_max: 128 << 20,
            unsaved_root: UnsavedRoot::default(),
        }
    }
}
