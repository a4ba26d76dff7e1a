//! Why a module is not loaded.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::{EngineError, Refusal};
use crate::meter::MeterError;

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
