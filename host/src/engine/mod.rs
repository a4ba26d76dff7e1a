//! Engines: they compile and run modules that were validated and metered.
//!
//! *Invariant*: only the modules below this one name an engine's types.

#[cfg(any(feature = "wasmer", test))]
mod both;
mod places;
mod stacks;
#[cfg(feature = "wasmer")]
mod wasmer;
mod wasmtime;

use std::sync::Arc;
use std::time::Duration;

use outrider_abi::Import;

use crate::allowance::StopReason;
use crate::cache::Payload;
use crate::config::{EngineKind, HostConfig, Limits};
use crate::error::{ExecutionErrorKind, Frame, HostCallError, HostError, LoadError, TrapKind};
use crate::imports::Execution;
use crate::meter::{FuelScale, NATIVE_BYTES_PER_SLOT};
use crate::program::{Metering, Program, Requirements};

/// The address space of a guest's memory. Machine code depends on it; outcomes and fuel do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reserve {
    /// All addresses that code can form, so that accesses out of bounds trap without a check.
    Full,
    /// The size to which the limits let a memory grow, so that code has to check its accesses.
    Limited,
}

/// Makes the engine of the configuration.
pub(crate) fn new(config: &Arc<HostConfig>) -> Result<Arc<dyn Engine>, HostError> {
    with_wasmtime(config, wasmtime::WasmtimeEngine::new)
}

/// Makes the same engine only to compile, for a host whose engine has this [`Reserve`].
pub(crate) fn compiler(config: &Arc<HostConfig>, reserve: Reserve) -> Result<Arc<dyn Engine>, HostError> {
    with_wasmtime(config, |config| wasmtime::WasmtimeEngine::without_pool(config, reserve))
}

fn with_wasmtime(
    config: &Arc<HostConfig>,
    new: impl FnOnce(Arc<HostConfig>) -> Result<wasmtime::WasmtimeEngine, HostError>,
) -> Result<Arc<dyn Engine>, HostError> {
    let wasmtime = || -> Result<Arc<dyn Engine>, HostError> { Ok(Arc::new(new(Arc::clone(config))?)) };
    match config.engine {
        EngineKind::Wasmtime => wasmtime(),
        #[cfg(feature = "wasmer")]
        EngineKind::Wasmer => wasmer(config),
        #[cfg(feature = "wasmer")]
        EngineKind::Both => Ok(Arc::new(both::BothEngines::new([wasmtime()?, wasmer(config)?]))),
        #[cfg(not(feature = "wasmer"))]
        EngineKind::Wasmer | EngineKind::Both => {
            Err(HostError::EngineMissing { engine: EngineKind::Wasmer, feature: "wasmer" })
        }
    }
}

#[cfg(feature = "wasmer")]
fn wasmer(config: &Arc<HostConfig>) -> Result<Arc<dyn Engine>, HostError> {
    Ok(Arc::new(wasmer::WasmerEngine::new(Arc::clone(config))?))
}

/// An engine that compiles EEs.
pub(crate) trait Engine: Send + Sync {
    /// Returns the engine's name.
    fn name(&self) -> &'static str;

    /// Returns everything on which compiled code depends: version, settings, target, CPU features.
    fn settings(&self) -> String;

    /// Returns the reserve for which it compiles. The default suits an engine that has only one kind.
    fn reserve(&self) -> Reserve {
        Reserve::Full
    }

    /// Compiles an EE and its libraries.
    fn compile(&self, program: &Program) -> Result<Arc<dyn CompiledEe>, LoadError>;

    /// Restores the output of [`CompiledEe::serialize`] on an engine with the same settings; returns `None` if it
    /// cannot.
    ///
    /// The bytes become machine code. They come from a [`DiskCache`](crate::DiskCache), to which only this user and
    /// root can write, or from a [`worker`](crate::worker) that has ended.
    fn restore(&self, serialized: Payload<'_>) -> Option<Arc<dyn CompiledEe>>;
}

/// An EE compiled by an engine.
pub(crate) trait CompiledEe: Send + Sync {
    /// Runs `main` once, on fresh instances, and returns the execution with its outcome.
    ///
    /// The counters of metered modules start as [`Counters::at_start`] sets them, and [`settle`] judges their values
    /// after the run.
    fn run(&self, execution: Execution) -> (Execution, Result<(), Stop>);

    /// Makes fresh instances as [`run`](Self::run) does, and drops them.
    fn instantiate(&self, execution: Execution) -> (Execution, Result<(), Stop>);

    /// Returns the requirements of an execution, besides the code.
    fn requirements(&self) -> Requirements;

    /// Serializes the EE; returns `None` if it has libraries.
    fn serialize(&self) -> Option<Vec<u8>>;
}

/// The reason for which an execution ended before `main` returned.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) kind: ExecutionErrorKind,
    pub(crate) backtrace: Vec<Frame>,
}

/// A host error on its way through the guest.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{import}")]
struct HostCallFailed {
    import: &'static Import,
    source: HostCallError,
}

impl HostCallFailed {
    /// Returns the kind of the host's error.
    fn kind(&self) -> ExecutionErrorKind {
        match &self.source {
            HostCallError::Refused { message } => ExecutionErrorKind::Refused { message: message.clone() },
            HostCallError::Stopped(reason) => ExecutionErrorKind::Stopped(*reason),
            source => ExecutionErrorKind::HostCall { import: self.import, source: source.clone() },
        }
    }
}

/// How often an engine checks whether to stop an execution, besides at each host call.
const WATCH_INTERVAL: Duration = Duration::from_millis(20);

fn stopped(reason: StopReason) -> Stop {
    Stop { kind: ExecutionErrorKind::Stopped(reason), backtrace: Vec::new() }
}

/// The arguments of host functions without any.
const NONE: [u32; 0] = [];

/// The values of the counters of metered modules; see [`meter`](crate::meter).
#[derive(Clone, Copy)]
pub(crate) struct Counters {
    pub(crate) fuel: i64,
    pub(crate) stack: i64,
    pub(crate) pages: i64,
}

impl Counters {
    /// Returns the initial values of the counters.
    fn at_start(execution: &mut Execution, metering: &Metering, limits: &Limits) -> Self {
        let pages = i64::try_from(metering.entry.pages).unwrap_or(i64::MAX);
        // An EE with a reserve over the limit was refused when it was loaded.
        let slots = u64::from(limits.stack_slots_max).saturating_sub(metering.stack_reserve_slots);
        Self {
            fuel: execution.fuel_counter(FuelScale::new(limits).unit(pages)),
            stack: i64::try_from(slots).unwrap_or(i64::MAX),
            pages,
        }
    }
}

/// Charges for the instances before they are made.
fn enter(execution: &mut Execution, metering: Option<Metering>) -> Result<(), Stop> {
    let fuel = metering.map_or(0, |metering| metering.entry.fuel);
    let fuel_before = execution.fuel_left;
    execution.fuel_left = fuel_before.saturating_sub(i64::try_from(fuel).unwrap_or(i64::MAX));
    execution.observer.instances_made((fuel_before, execution.fuel_left));
    if execution.fuel_left < 0 { Err(out_of_fuel(execution)) } else { Ok(()) }
}

fn out_of_fuel(execution: &Execution) -> Stop {
    let limit = execution.fuel_max.unsigned_abs();
    Stop { kind: ExecutionErrorKind::OutOfFuel { limit }, backtrace: Vec::new() }
}

/// Judges a finished run: the counters take precedence over the engine's result.
pub(crate) fn settle(
    execution: &mut Execution,
    counters: Counters,
    scale: FuelScale,
    result: Result<(), Stop>,
) -> Result<(), Stop> {
    execution.set_fuel(counters.fuel, scale.unit(counters.pages));
    let kind = if counters.stack < 0 {
        ExecutionErrorKind::Trap(TrapKind::StackOverflow)
    } else if counters.fuel < 0 {
        out_of_fuel(execution).kind
    } else {
        return result;
    };
    Err(Stop { kind, backtrace: result.err().map(|stop| stop.backtrace).unwrap_or_default() })
}

/// Appends a program's requirements to its serialized module: four numbers of eight bytes, little-endian.
fn with_requirements(requirements: Requirements, module: &[u8]) -> Vec<u8> {
    [module, requirements.to_numbers().map(u64::to_le_bytes).as_flattened()].concat()
}

/// Splits the output of [`with_requirements`].
fn split_requirements(serialized: Payload<'_>) -> Option<(Payload<'_>, Requirements)> {
    let (rest, pages_max) = serialized.split_number()?;
    let (rest, pages) = rest.split_number()?;
    let (rest, fuel) = rest.split_number()?;
    let (module, stack_reserve_slots) = rest.split_number()?;
    Some((module, Requirements::from_numbers([stack_reserve_slots, fuel, pages, pages_max])))
}

/// Returns the native stack for guests: large enough that they reach their own limit first, because no slot takes more
/// than [`NATIVE_BYTES_PER_SLOT`].
fn wasm_stack_bytes(limits: &Limits) -> usize {
    let bytes = u64::from(limits.stack_slots_max).saturating_mul(NATIVE_BYTES_PER_SLOT);
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The native stack for host functions, four times their need.
const HOST_STACK_BYTES: usize = 1 << 20;
