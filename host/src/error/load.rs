//! Errors of loading a module.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::{EngineError, Refusal};
use crate::meter::MeterError;

/// The reason for which a module was not loaded. It is the fault of the module's author, except for
/// [`LoadError::NotMetered`], [`LoadError::Engine`] and [`LoadError::Isolated`].
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
        /// The reason.
        #[source]
        refusal: Refusal,
    },
    /// A library has the name of one of the ABI's modules.
    #[error("library `{name}`: the host's own imports have this name")]
    LibraryNameTaken {
        /// The library's name.
        name: String,
    },
    /// There are more libraries than an EE may have.
    #[error("the EE has {got} libraries, the limit is {limit}")]
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
    /// The module cannot be metered, because it uses a reserved name.
    #[error("the module cannot be metered")]
    Meter(#[from] MeterError),
    /// A call tree is about fuel, but the host does not [meter](crate::HostConfig::metered). The embedder's fault.
    #[error("a call tree needs a host that meters guests, and this one does not")]
    NotMetered,
    /// The functions need more stack than [`Limits::stack_slots_max`](crate::Limits::stack_slots_max), even without
    /// recursion.
    #[error("the functions need {got} slots of stack, the limit is {limit}")]
    StackTooLarge {
        /// Slots of the deepest chain of calls.
        got: u64,
        /// The limit in slots.
        limit: u32,
    },
    /// The engine did not compile a module that the host accepts. The host's fault.
    #[error("the wasm engine does not compile this module")]
    Engine(#[source] EngineError),
    /// A worker did not compile the module. It reached a limit of this node, or it did not work.
    #[error(transparent)]
    Isolated(#[from] IsolationError),
}

/// The reason for which a worker has not compiled a module; see [`Isolation`](crate::Isolation).
///
/// It never says that the module is invalid: the limits are this node's, and another node may reach its own later or
/// never.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IsolationError {
    /// The compilation took more CPU time than [`Isolation::cpu_seconds_max`](crate::Isolation::cpu_seconds_max).
    #[error("compiling the module takes more than {limit} s of CPU time")]
    OverCpu {
        /// The limit in seconds.
        limit: u64,
    },
    /// The compilation took more memory than [`Isolation::memory_bytes_max`](crate::Isolation::memory_bytes_max).
    #[error("compiling the module takes more than {limit} bytes of memory")]
    OverMemory {
        /// The limit in bytes.
        limit: u64,
    },
    /// The compilation took more memory than this process may use, which is less than
    /// [`Isolation::memory_bytes_max`](crate::Isolation::memory_bytes_max). That says nothing about the module: whoever
    /// limited this process is at fault.
    #[error(
        "compiling the module takes more than the {inherited} bytes of memory that this process may use; it may take {limit}: raise the limit of the process, such as `ulimit -v`"
    )]
    LimitedMemory {
        /// The limit of this process in bytes.
        inherited: u64,
        /// The limit of the worker in bytes.
        limit: u64,
    },
    /// The worker did not end, although it stayed within its CPU time. The machine is too busy, or the worker waits.
    #[error("compiling the module takes longer than {} s", .limit.as_secs())]
    OverWallClock {
        /// The limit.
        limit: Duration,
    },
    /// The worker ended for another reason: a bug of the engine, a worker of another version, or a system that kills
    /// processes when it is short of memory.
    #[error("the worker that compiles the module ended with {status}: {message}")]
    Died {
        /// The exit status.
        status: ExitStatus,
        /// The worker's stderr.
        message: String,
    },
    /// The worker did not start. The embedder's fault.
    #[error("cannot start {} to compile the module", .program.display())]
    Start {
        /// The program of the configuration.
        program: PathBuf,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// The worker's output is not an answer. The embedder's fault: the program does not call
    /// [`serve_as_worker`](crate::serve_as_worker).
    #[error("{} does not serve as a worker: its output", .program.display())]
    Answer {
        /// The program.
        program: PathBuf,
        /// The error in its output.
        #[source]
        source: io::Error,
    },
    /// This process is a worker itself, and its program loads modules instead of calling
    /// [`serve_as_worker`](crate::serve_as_worker). The embedder's fault.
    #[error("this process is a worker, and starts no others: its `main` has to call `serve_as_worker`")]
    Nested,
    /// The files for the exchange with a worker cannot be made, written or read. The machine's fault.
    #[error("cannot exchange files with the worker that compiles the module")]
    Exchange(#[source] io::Error),
}
