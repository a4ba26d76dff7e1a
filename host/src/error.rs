//! Errors, and whose fault they are.

mod execution;
mod host_call;
mod load;
mod refusal;

use std::error::Error;
use std::io;

use crate::config::EngineKind;

pub(crate) use execution::reason;
pub use execution::{Disagreement, ExecutionError, ExecutionErrorKind, Fault, Frame, TrapKind};
pub use host_call::HostCallError;
pub use load::{IsolationError, LoadError};
pub use refusal::{FunctionId, Item, Refusal};

/// The reason for which a [`Host`](crate::Host) was not made: a fault of the embedder or of the machine.
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
    /// The engine does not support a setting.
    #[error("the engine {engine} does not support {setting}")]
    Unsupported {
        /// The engine asked for.
        engine: EngineKind,
        /// The field of the configuration, and its value where only that is at fault.
        setting: &'static str,
    },
    /// The thread that watches the wall clock did not start.
    #[error("cannot start the wall clock thread")]
    WallClock(#[source] io::Error),
}

/// An engine's report of its own failure.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct EngineError(#[from] pub(crate) Box<dyn Error + Send + Sync>);
