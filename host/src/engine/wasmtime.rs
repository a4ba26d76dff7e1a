//! Wasmtime, with Cranelift.
//!
//! Instances come from a pool whose memories are copy-on-write images, and imports are resolved when an EE
//! is compiled, so that a fresh instance costs a few microseconds.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::{
    Caller, Config, Enabled, Instance, InstanceAllocationStrategy, InstancePre, Linker, Memory, Module,
    OptLevel, PoolingAllocationConfig, Store, Trap, WasmBacktrace,
};

use super::{CompiledEe, Engine, Modules, Stop};
use crate::abi::{ABI, HostFunction, Import, LEGACY_MODULE};
use crate::config::HostConfig;
use crate::error::{EngineError, ExecutionErrorKind, Frame, HostCallError, HostError, LoadError, TrapKind};
use crate::imports::{Call, Execution};
use crate::validate::{LIBRARIES_MAX, PROFILE, TABLES_MAX};

/// Compiles with wasmtime.
pub(crate) struct WasmtimeEngine {
    engine: wasmtime::Engine,
    linker: Linker<HostState>,
    places: Arc<Places>,
    config: Arc<HostConfig>,
}

/// An EE compiled by wasmtime.
struct WasmtimeEe {
    engine: wasmtime::Engine,
    program: Program,
    places: Arc<Places>,
    config: Arc<HostConfig>,
}

/// What is left to do before `main` can be called.
enum Program {
    /// All imports are the host's, and resolved.
    Alone(InstancePre<HostState>),
    /// Libraries have to be instantiated first, for each execution anew.
    WithLibraries {
        linker: Linker<HostState>,
        libraries: Vec<(String, InstancePre<HostState>)>,
        module: Module,
    },
}

/// What a store holds: the execution, and the memory that its host calls refer to.
struct HostState {
    execution: Execution,
    memory: Option<Memory>,
}

impl WasmtimeEngine {
    pub(crate) fn new(config: Arc<HostConfig>) -> Result<Self, HostError> {
        let engine = wasmtime::Engine::new(&engine_config(&config)).map_err(host_error)?;
        let mut linker = Linker::new(&engine);
        link_abi(&mut linker).map_err(host_error)?;
        start_wall_clock(&engine).map_err(HostError::WallClock)?;
        let places = Arc::new(Places::new(pool_size(&config)));
        Ok(Self { engine, linker, places, config })
    }

    fn compile_program(&self, modules: &Modules<'_>) -> wasmtime::Result<Program> {
        let module = Module::from_binary(&self.engine, modules.code)?;
        if modules.libraries.is_empty() {
            return Ok(Program::Alone(self.linker.instantiate_pre(&module)?));
        }
        let libraries = modules.libraries.iter().map(|library| {
            let module = Module::from_binary(&self.engine, library.code)?;
            Ok((library.name.to_owned(), self.linker.instantiate_pre(&module)?))
        });
        let libraries = libraries.collect::<wasmtime::Result<_>>()?;
        Ok(Program::WithLibraries { linker: self.linker.clone(), libraries, module })
    }
}

impl Engine for WasmtimeEngine {
    fn compile(&self, modules: &Modules<'_>) -> Result<Arc<dyn CompiledEe>, LoadError> {
        let program =
            self.compile_program(modules).map_err(|error| LoadError::Engine(engine_error(error)))?;
        let (engine, places) = (self.engine.clone(), Arc::clone(&self.places));
        Ok(Arc::new(WasmtimeEe { engine, program, places, config: Arc::clone(&self.config) }))
    }
}

impl CompiledEe for WasmtimeEe {
    fn run(&self, execution: Execution) -> (Execution, Result<(), Stop>) {
        let _places = self.places.take(self.program.n_instances());
        let mut store = Store::new(&self.engine, HostState { execution, memory: None });
        store.set_epoch_deadline(epochs(self.config.wall_clock_max));
        let result = self.program.call_main(&mut store);
        let result = result.map_err(|error| stop(error, self.config.wall_clock_max));
        (store.into_data().execution, result)
    }
}

impl Program {
    /// Returns how many instances one execution needs at a time.
    fn n_instances(&self) -> u32 {
        match self {
            Self::Alone(_) => 1,
            Self::WithLibraries { libraries, .. } => {
                u32::try_from(libraries.len()).unwrap_or(u32::MAX).saturating_add(1)
            }
        }
    }

    fn call_main(&self, store: &mut Store<HostState>) -> wasmtime::Result<()> {
        let instance = self.instantiate(store)?;
        store.data_mut().memory = instance.get_memory(&mut *store, "memory");
        let main = instance.get_typed_func::<(), ()>(&mut *store, "main")?;
        main.call(&mut *store, ())
    }

    fn instantiate(&self, store: &mut Store<HostState>) -> wasmtime::Result<Instance> {
        match self {
            Self::Alone(program) => program.instantiate(store),
            Self::WithLibraries { linker, libraries, module } => {
                let mut linker = linker.clone();
                for (name, library) in libraries {
                    let instance = library.instantiate(&mut *store)?;
                    linker.instance(&mut *store, name, instance)?;
                }
                linker.instantiate(store, module)
            }
        }
    }
}

/// Sets wasmtime up: the profile, canonical NaNs, pooled instances, interruptible code.
fn engine_config(config: &HostConfig) -> Config {
    let limits = &config.limits;
    let n_instances = pool_size(config);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(n_instances)
        .total_memories(n_instances)
        .total_tables(n_instances.saturating_mul(TABLES_MAX))
        .max_tables_per_module(TABLES_MAX)
        .table_elements(usize::try_from(limits.table_elements_max).unwrap_or(usize::MAX))
        .max_memory_size(usize::try_from(limits.memory_pages_max).map_or(usize::MAX, |pages| pages << 16))
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES);

    let mut engine_config = Config::new();
    engine_config
        .wasm_features(wasmparser::WasmFeatures::all(), false)
        .wasm_features(PROFILE, true)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .epoch_interruption(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    engine_config
}

/// Returns how many instances there may be at a time; enough for one EE with all its libraries.
fn pool_size(config: &HostConfig) -> u32 {
    config.concurrent_executions_max.max(LIBRARIES_MAX.saturating_add(1))
}

/// Links every import of the ABI, under both spellings.
fn link_abi(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    for import in ABI {
        link(linker, import.module, import.name, import)?;
        link(linker, LEGACY_MODULE, &import.legacy_name(), import)?;
    }
    Ok(())
}

fn link(
    linker: &mut Linker<HostState>,
    module: &str,
    name: &str,
    import: &'static Import,
) -> wasmtime::Result<()> {
    type State<'a> = Caller<'a, HostState>;
    match import.function {
        HostFunction::ToI32(f) => {
            linker.func_wrap(module, name, move |state: State<'_>| call(state, import, |call| Ok(f(call))))
        }
        HostFunction::ToI64(f) => {
            linker.func_wrap(module, name, move |state: State<'_>| call(state, import, |call| Ok(f(call))))
        }
        HostFunction::I32(f) => linker
            .func_wrap(module, name, move |state: State<'_>, a: u32| call(state, import, |call| f(call, a))),
        HostFunction::I64(f) => linker
            .func_wrap(module, name, move |state: State<'_>, a: u64| call(state, import, |call| f(call, a))),
        HostFunction::I32I32(f) => linker.func_wrap(module, name, move |state: State<'_>, a: u32, b: u32| {
            call(state, import, |call| f(call, a, b))
        }),
        HostFunction::I32I32I32(f) => {
            linker.func_wrap(module, name, move |state: State<'_>, a: u32, b: u32, c: u32| {
                call(state, import, |call| f(call, a, b, c))
            })
        }
    }
    .map(|_| ())
}

/// Runs an import's function over the memory and the execution of the store that called it.
fn call<R>(
    mut caller: Caller<'_, HostState>,
    import: &'static Import,
    function: impl FnOnce(&mut Call<'_>) -> Result<R, HostCallError>,
) -> wasmtime::Result<R> {
    let result = match caller.data().memory {
        Some(memory) => {
            let (memory, state) = memory.data_and_store_mut(&mut caller);
            function(&mut Call { memory, execution: &mut state.execution })
        }
        None => function(&mut Call { memory: &mut [], execution: &mut caller.data_mut().execution }),
    };
    result.map_err(|source| wasmtime::Error::new(HostCallFailed { import, source }))
}

/// A host error on its way through the guest.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{import}: {source}")]
struct HostCallFailed {
    import: &'static Import,
    source: HostCallError,
}

/// Folds what wasmtime returns into what the host tells, the same for every engine.
fn stop(error: wasmtime::Error, wall_clock_max: Duration) -> Stop {
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    let kind = if let Some(HostCallFailed { import, source }) = error.downcast_ref() {
        ExecutionErrorKind::HostCall { import, source: source.clone() }
    } else {
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => ExecutionErrorKind::WallClock { limit: wall_clock_max },
            Some(trap) => match trap_kind(*trap) {
                Some(kind) => ExecutionErrorKind::Trap(kind),
                None => ExecutionErrorKind::Engine(engine_error(error)),
            },
            None => ExecutionErrorKind::Engine(engine_error(error)),
        }
    };
    Stop { kind, backtrace }
}

/// Names a trap; `None` for those that no module within the profile can bring about.
fn trap_kind(trap: Trap) -> Option<TrapKind> {
    match trap {
        Trap::UnreachableCodeReached => Some(TrapKind::Unreachable),
        Trap::MemoryOutOfBounds => Some(TrapKind::MemoryOutOfBounds),
        Trap::TableOutOfBounds => Some(TrapKind::TableOutOfBounds),
        Trap::IndirectCallToNull => Some(TrapKind::IndirectCallToNull),
        Trap::BadSignature => Some(TrapKind::IndirectCallType),
        Trap::IntegerOverflow => Some(TrapKind::IntegerOverflow),
        Trap::IntegerDivisionByZero => Some(TrapKind::IntegerDivisionByZero),
        Trap::BadConversionToInteger => Some(TrapKind::InvalidConversionToInteger),
        Trap::StackOverflow => Some(TrapKind::StackOverflow),
        _ => None,
    }
}

fn frames(backtrace: &WasmBacktrace) -> Vec<Frame> {
    let frames = backtrace.frames().iter().map(|frame| Frame {
        function_index: frame.func_index(),
        function_name: frame.func_name().map(str::to_owned),
        module_offset: frame.module_offset(),
    });
    frames.collect()
}

fn host_error(error: wasmtime::Error) -> HostError {
    HostError::Engine(engine_error(error))
}

fn engine_error(error: wasmtime::Error) -> EngineError {
    EngineError(error.into_boxed_dyn_error())
}

/// Starts the thread that moves an engine's epoch on, for as long as the engine is in use.
fn start_wall_clock(engine: &wasmtime::Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("outrider-wall-clock".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(EPOCH);
        }
    })?;
    Ok(())
}

/// Converts a duration to epochs, rounded up, and one more for the epoch that is under way.
fn epochs(duration: Duration) -> u64 {
    let epochs = duration.as_nanos().div_ceil(EPOCH.as_nanos()).saturating_add(1);
    u64::try_from(epochs).unwrap_or(u64::MAX >> 1).min(u64::MAX >> 1)
}

/// How often the wall clock is looked at.
const EPOCH: Duration = Duration::from_millis(20);

/// Bytes of a pooled memory or table that are cleared by writing, which for so few is faster than unmapping.
/// Where the kernel tells which pages are dirty (`PAGEMAP_SCAN`, Linux 6.7), only those count.
const KEEP_RESIDENT_BYTES: usize = 256 << 10;

/// The instances of the pool that are not taken.
struct Places {
    total: u32,
    free: Mutex<u32>,
    freed: Condvar,
}

/// Some instances of the pool, given back on drop.
struct Taken<'a> {
    places: &'a Places,
    n_taken: u32,
}

impl Places {
    fn new(total: u32) -> Self {
        Self { total, free: Mutex::new(total), freed: Condvar::new() }
    }

    /// Waits for `n` places to be free, and takes them all at once, so that no two can wait for each other.
    fn take(&self, n: u32) -> Taken<'_> {
        let n = n.min(self.total);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free < n).unwrap_or_else(PoisonError::into_inner);
        *free = free.saturating_sub(n);
        Taken { places: self, n_taken: n }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut free = self.places.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.saturating_add(self.n_taken);
        self.places.freed.notify_all();
    }
}
