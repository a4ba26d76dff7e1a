//! What a host is told before it loads anything.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::cache::DiskCache;

/// How a [`Host`](crate::Host) is set up.
///
/// [`Limits`] decide the outcome of an execution, so all nodes that must agree need the same ones. The other
/// fields concern one node alone.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The limits that every node shares.
    pub limits: Limits,
    /// What compiles and runs the guests; wasmtime by default. All engines give the same outcomes.
    pub engine: EngineKind,
    /// How long one execution may take before it is stopped; none by default, as fuel stops what does not end.
    ///
    /// A safety net, not a rule of consensus: a slower machine reaches it earlier. It is checked every few
    /// hundredths of a second, and makes loops slower. Wasmtime only.
    pub wall_clock_max: Option<Duration>,
    /// Whether a deadline and an [`AbortHandle`](crate::AbortHandle) stop the guest's own code, too, and not at host calls alone;
    /// false by default, as it makes loops slower. Implied by [`wall_clock_max`](Self::wall_clock_max). Wasmtime only.
    pub interruptible: bool,
    /// Whether guests are metered; true by default. Without it, guests' own code spends no fuel, what does not end
    /// is not stopped, and stack overflow is the machine's: good for nothing but measuring what metering costs.
    pub metered: bool,
    /// How many bytes of log output one execution keeps; what comes after is dropped, without a trap.
    pub log_bytes_max: usize,
    /// Where compiled code is kept from one process to the next; nowhere by default.
    pub cache: Option<DiskCache>,
    /// How modules are compiled in a process of its own; none by default, and they are compiled in this one. Unix only.
    pub isolation: Option<Isolation>,
    /// How many EEs that were loaded are kept in memory, to be there when they are loaded again.
    pub ees_kept_max: usize,
    /// How many executions may run at one time; further ones wait for a free place. Default: 64.
    ///
    /// Wasmtime reserves 4 GiB of addresses for each of them, and for at least 16. Where it cannot, outcomes and fuel are the
    /// same, but instances take longer to make, and memory takes longer to access.
    pub concurrent_executions_max: u32,
    /// Memory that all executions together may come to have, in bytes. Default: 4 GiB.
    ///
    /// An execution waits until all that its EE can grow to is free: the maximum that the module declares, or else
    /// [`Limits::memory_pages_max`]. An EE that declares a small maximum runs beside many others.
    pub memory_bytes_max: u64,
}

impl HostConfig {
    /// Tells whether guests look at the clock in their loops and functions.
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

/// How modules are compiled in a worker: a process that ends with the compilation, and has limits of CPU time and memory.
///
/// The limits bound what a module can do to this node, whatever its engine makes of it. They depend on the machine and
/// on its load. So they may decide how a node votes on whether a chain should take a module, and never whether a module that the
/// chain has taken is valid: nodes would disagree.
///
/// A worker is no sandbox: it may do what this process may. It ends with this process, on Linux even if that is killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// What is started as a worker, such as [`std::env::current_exe`]. It must be built with the same version of this crate,
    /// and call [`serve_as_worker`](crate::serve_as_worker) before anything else. A program before it, such as `nice`, has to
    /// become the worker by `exec`.
    pub program: PathBuf,
    /// The arguments that it is started with; none by default.
    pub arguments: Vec<OsString>,
    /// CPU time of one compilation in seconds, that of all threads together. Default: 20.
    ///
    /// Ten times as much time may pass.
    pub cpu_seconds_max: u64,
    /// Memory of one compilation in bytes: what it can write to and shares with nobody. Default: 2 GiB.
    pub memory_bytes_max: u64,
}

impl Isolation {
    /// Isolates compilations in this program, with the default limits.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            cpu_seconds_max: 20,
            memory_bytes_max: 2 << 30,
        }
    }
}

/// What compiles and runs WebAssembly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EngineKind {
    /// Wasmtime: the faster one, with pooled instances.
    #[default]
    Wasmtime,
    /// Wasmer: a second opinion. Compiled in by the cargo feature `wasmer`.
    Wasmer,
    /// Each of them, one after the other; that they differ in anything is an error,
    /// [`ExecutionErrorKind::EnginesDisagree`](crate::ExecutionErrorKind::EnginesDisagree).
    Both,
}

impl EngineKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Wasmtime, Self::Wasmer, Self::Both];

    /// Tells whether it is compiled in.
    pub const fn is_compiled_in(self) -> bool {
        matches!(self, Self::Wasmtime) || cfg!(feature = "wasmer")
    }

    /// Returns its name, which [`FromStr`] takes back.
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

/// A name that no engine has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no engine `{got}`; there are wasmtime, wasmer and both")]
pub struct UnknownEngine {
    /// The name.
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
    /// Pages up to which the memories of an execution are *near*: a processor's caches hold them, also while others use
    /// the larger ones. Default: 32 pages, which are 2 MiB.
    pub memory_pages_near: u32,
    /// What everything that the guest's own code does costs, as a multiple of its price, once the memories of the
    /// execution have more than [`memory_pages_near`](Self::memory_pages_near); at least 1. Default: 16, which is
    /// what a load from main memory takes over one from a cache.
    ///
    /// Host calls keep their price. `outrider calibrate --memory` prints the trade between these three limits.
    pub memory_far_factor: u32,
    /// Machine code up to which a program is *near*, in bytes as [`CompileCost`](crate::CompileCost) predicts them, libraries
    /// included. A program with more, which can jump to a place that no cache holds at every turn, costs as one with far memory
    /// does. Default: 16 MiB, half as much again as an EVM with all its precompiles.
    pub code_bytes_near: u32,
    /// Whether EEs may compute with floating-point numbers. Default: true, as compiled programs have some that they seldom run,
    /// and prices cover the slowest. A chain without floats is free of the prices that subnormal numbers need.
    pub floats: bool,
    /// Elements in each table of a module, of which there are eight at most. Default: 20,000, twice what large
    /// compiled programs need.
    pub table_elements_max: u32,
    /// What `eth2.useTicks` may spend in one execution. Default: scout's 10,000,000.
    pub ticks_max: u64,
    /// Deposits that one execution may push. Default: 1,024, which are 184 KiB.
    pub deposits_max: u32,
    /// Fuel that one execution may spend. Default: 250,000,000,000, some four seconds of typical code on a fast machine,
    /// and ten times as long for the worst that has warm memory.
    ///
    /// At most `i64::MAX`; more counts as that.
    pub fuel_max: u64,
    /// Stack that one execution may use, in slots: a frame has 8, and one for each parameter, local and operand; that of a
    /// function whose machine code may need more than 1,024 bytes for each of these has more. Default: 65,536, some
    /// thousands of nested calls, for which an execution has 64 MiB of native stack.
    pub stack_slots_max: u32,
    /// Size of the data of one block in bytes. Default: 128 MiB.
    ///
    /// Never more than `i32::MAX`, the most that `eth2.blockDataSize` can tell.
    pub block_data_bytes_max: u32,
    /// What comes of a block whose EE returns without having saved a root. Default: the block is invalid.
    pub unsaved_root: UnsavedRoot,
}

/// What an EE that returns without a call of `eth2.savePostStateRoot` comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnsavedRoot {
    /// To none: the execution ends as [`NoPostStateRoot`](crate::ExecutionErrorKind::NoPostStateRoot), and the block is invalid.
    #[default]
    Refused,
    /// To 32 bytes of zero, as in scout.
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
