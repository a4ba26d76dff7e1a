//! Engines: what compiles and runs modules that have passed validation.
//!
//! *Invariant*: only the modules below this one name an engine's types.

pub(crate) mod wasmtime;

use std::sync::Arc;

use crate::error::{ExecutionErrorKind, Frame, LoadError};
use crate::host::Library;
use crate::imports::Execution;

/// The modules of one EE, validated and fitting together.
pub(crate) struct Modules<'a> {
    pub(crate) code: &'a [u8],
    pub(crate) libraries: &'a [Library<'a>],
}

/// Compiles EEs.
pub(crate) trait Engine: Send + Sync {
    /// Compiles an EE and its libraries.
    fn compile(&self, modules: &Modules<'_>) -> Result<Arc<dyn CompiledEe>, LoadError>;
}

/// An EE as its engine keeps it.
pub(crate) trait CompiledEe: Send + Sync {
    /// Runs `main` once, on fresh instances, and hands the execution back with what has become of it.
    fn run(&self, execution: Execution) -> (Execution, Result<(), Stop>);
}

/// What stopped an execution before `main` returned.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) kind: ExecutionErrorKind,
    pub(crate) backtrace: Vec<Frame>,
}
