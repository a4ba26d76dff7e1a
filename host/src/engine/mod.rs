//! Engines: what compiles and runs modules that have passed validation and been metered.
//!
//! *Invariant*: only the modules below this one name an engine's types.

#[cfg(any(feature = "wasmer", test))]
mod both;
mod places;
#[cfg(feature = "wasmer")]
mod wasmer;
mod wasmtime;

use std::sync::Arc;

use crate::abi::Import;
use crate::cache::Payload;
use crate::config::{EngineKind, HostConfig, Limits};
use crate::error::{ExecutionErrorKind, Frame, HostCallError, HostError, LoadError, TrapKind};
use crate::imports::Execution;

/// The modules of one EE, ready to be compiled.
pub(crate) struct Program {
    /// The EE's own module.
    pub(crate) code: Vec<u8>,
    /// The libraries, by name, in the order of their instantiation.
    pub(crate) libraries: Vec<(String, Vec<u8>)>,
    /// None if the modules are not metered.
    pub(crate) stack_reserve_slots: Option<u64>,
}

/// Sets up the engine that the configuration asks for.
pub(crate) fn new(config: &Arc<HostConfig>) -> Result<Arc<dyn Engine>, HostError> {
    match config.engine {
        EngineKind::Wasmtime => wasmtime(config),
        #[cfg(feature = "wasmer")]
        EngineKind::Wasmer => wasmer(config),
        #[cfg(feature = "wasmer")]
        EngineKind::Both => Ok(Arc::new(both::BothEngines::new([wasmtime(config)?, wasmer(config)?]))),
        #[cfg(not(feature = "wasmer"))]
        EngineKind::Wasmer | EngineKind::Both => {
            Err(HostError::EngineMissing { engine: EngineKind::Wasmer, feature: "wasmer" })
        }
    }
}

fn wasmtime(config: &Arc<HostConfig>) -> Result<Arc<dyn Engine>, HostError> {
    Ok(Arc::new(wasmtime::WasmtimeEngine::new(Arc::clone(config))?))
}

#[cfg(feature = "wasmer")]
fn wasmer(config: &Arc<HostConfig>) -> Result<Arc<dyn Engine>, HostError> {
    Ok(Arc::new(wasmer::WasmerEngine::new(Arc::clone(config))?))
}

/// Compiles EEs.
pub(crate) trait Engine: Send + Sync {
    /// Returns the engine's name.
    fn name(&self) -> &'static str;

    /// Tells everything that the code it compiles depends on: version, settings, target, CPU features.
    fn settings(&self) -> String;

    /// Compiles an EE and its libraries.
    fn compile(&self, program: &Program) -> Result<Arc<dyn CompiledEe>, LoadError>;

    /// Takes back what [`CompiledEe::serialize`] gave, on an engine of the same settings; `None` if it cannot.
    ///
    /// The bytes become machine code. They come from a [`DiskCache`](crate::DiskCache), to which nobody
    /// but this user can write.
    fn restore(&self, serialized: Payload<'_>) -> Option<Arc<dyn CompiledEe>>;
}

/// An EE as its engine keeps it.
pub(crate) trait CompiledEe: Send + Sync {
    /// Runs `main` once, on fresh instances, and hands the execution back with what has become of it.
    ///
    /// The counters of metered modules start out at what the execution has left and at
    /// [`stack_slots_left`], and are read when the run is over, for [`settle`] to judge.
    fn run(&self, execution: Execution) -> (Execution, Result<(), Stop>);

    /// Makes fresh instances as [`run`](Self::run) does, and drops them.
    fn instantiate(&self, execution: Execution) -> (Execution, Result<(), Stop>);

    /// Puts the EE into bytes; `None` if it has libraries.
    fn serialize(&self) -> Option<Vec<u8>>;
}

/// What stopped an execution before `main` returned.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) kind: ExecutionErrorKind,
    pub(crate) backtrace: Vec<Frame>,
}

/// A host error on its way through the guest.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{import}: {source}")]
struct HostCallFailed {
    import: &'static Import,
    source: HostCallError,
}

/// The arguments of host functions that take none.
const NONE: [u32; 0] = [];

/// What the counters of metered modules hold when a run is over; see [`meter`](crate::meter).
#[derive(Clone, Copy)]
pub(crate) struct Counters {
    pub(crate) fuel: i64,
    pub(crate) stack: i64,
}

/// Returns what the stack counter starts at.
pub(crate) fn stack_slots_left(limits: &Limits, reserve_slots: u64) -> i64 {
    // A reserve over the limit has been refused when the EE was loaded.
    i64::try_from(u64::from(limits.stack_slots_max).saturating_sub(reserve_slots)).unwrap_or(i64::MAX)
}

/// Judges a run that is over: the counters come before what the engine says.
pub(crate) fn settle(
    execution: &mut Execution,
    counters: Counters,
    result: Result<(), Stop>,
) -> Result<(), Stop> {
    execution.fuel_left = counters.fuel;
    let kind = if counters.stack < 0 {
        ExecutionErrorKind::Trap(TrapKind::StackOverflow)
    } else if counters.fuel < 0 {
        ExecutionErrorKind::OutOfFuel { limit: execution.fuel_max.unsigned_abs() }
    } else {
        return result;
    };
    Err(Stop { kind, backtrace: result.err().map(|stop| stop.backtrace).unwrap_or_default() })
}

/// Puts the stack reserve of a program behind its module as an engine has serialized it: eight bytes,
/// little-endian.
fn with_reserve(stack_reserve_slots: Option<u64>, module: &[u8]) -> Vec<u8> {
    let reserve = stack_reserve_slots.unwrap_or(NOT_METERED);
    [module, reserve.to_le_bytes().as_slice()].concat()
}

/// Takes apart what [`with_reserve`] has put together.
fn split_reserve(serialized: Payload<'_>) -> Option<(Payload<'_>, Option<u64>)> {
    let (module, reserve) = serialized.split_number()?;
    Some((module, (reserve != NOT_METERED).then_some(reserve)))
}

/// Stands for the stack reserve of a program that is not metered; no reserve is that large.
const NOT_METERED: u64 = u64::MAX;

/// Returns the native stack that guests may use: so much that their own limit is reached first.
fn wasm_stack_bytes(config: &HostConfig) -> usize {
    let slots = usize::try_from(config.limits.stack_slots_max).unwrap_or(usize::MAX);
    slots.saturating_mul(NATIVE_BYTES_PER_SLOT).min(NATIVE_STACK_BYTES_MAX)
}

/// A slot holds a value, of 16 bytes at most; compilers add copies, but not one for each.
const NATIVE_BYTES_PER_SLOT: usize = 32;
/// Native stack for guests, whatever their limit in slots; more than this is refused by some machines.
const NATIVE_STACK_BYTES_MAX: usize = 256 << 20;
/// The native stack for host functions, which need a quarter of it.
const HOST_STACK_BYTES: usize = 1 << 20;
