//! Wasmtime, with Cranelift.
//!
//! Instances come from a pool whose memories are copy-on-write images, and imports are resolved when an EE is compiled,
//! so a fresh instance costs a few microseconds. The pool has 4 GiB of addresses for each instance. Where these are not
//! available, as under `ulimit -v`, memories are made one by one, and the guest's code checks their bounds.

use std::fs::File;
use std::hash::{Hash as _, Hasher};
use std::sync::Arc;

use outrider_abi::{Import, LEGACY_MODULE};
use tracing::debug;
use wasmtime::{
    AsContextMut, Caller, Config, Enabled, Extern, Global, GlobalType, Instance, InstanceAllocationStrategy,
    InstancePre, Linker, Memory, Module, ModuleExport, Mutability, OptLevel, PoolingAllocationConfig, Store,
    StoreLimits, StoreLimitsBuilder, Trap, UpdateDeadline, Val, ValType, WasmBacktrace,
};

use super::places::{Places, Room, n_places};
use super::stacks::Stacks;
use super::{
    CompiledEe, Counters, Engine, HOST_STACK_BYTES, HostCallFailed, NONE, Program, Requirements, Reserve,
    Stop, WATCH_INTERVAL, enter, settle, split_requirements, stopped, wasm_stack_bytes, with_requirements,
};
use crate::allowance::StopReason;
use crate::cache::Payload;
use crate::config::{EngineKind, HostConfig, Limits};
use crate::error::{EngineError, ExecutionErrorKind, Frame, HostCallError, HostError, LoadError, TrapKind};
use crate::imports::table::{HostFunction, bound_imports};
use crate::imports::{Call, Execution};
use crate::meter::{COUNTERS, FuelScale, IMPORT_MODULE, START_EXPORT};
use crate::probe::{ENTER_IMPORT, LEAVE_IMPORT};
use crate::trace::Answer;
use crate::validate::{PROFILE, TABLES_MAX};

/// The wasmtime engine.
pub(crate) struct WasmtimeEngine {
    engine: wasmtime::Engine,
    reserve: Reserve,
    linker: Linker<HostState>,
    places: Arc<Places>,
    stacks: Arc<Stacks>,
    config: Arc<HostConfig>,
}

/// An EE compiled by wasmtime.
struct WasmtimeEe {
    engine: wasmtime::Engine,
    reserve: Reserve,
    modules: Modules,
    exports: Exports,
    requirements: Requirements,
    places: Arc<Places>,
    stacks: Arc<Stacks>,
    config: Arc<HostConfig>,
}

/// The modules, and the work that is left before `main` can be called.
enum Modules {
    /// All imports are the host's, and resolved.
    Alone(InstancePre<HostState>),
    /// Each execution has to instantiate the libraries first.
    Linked { linker: Linker<HostState>, libraries: Vec<(String, Module)>, module: Module },
}

/// The exports that an execution uses, looked up by name once, because each execution has a fresh instance.
struct Exports {
    memory: Option<ModuleExport>,
    main: Option<ModuleExport>,
    start: Option<ModuleExport>,
    /// The counters in the order of [`COUNTERS`].
    counters: [Option<ModuleExport>; 3],
}

/// The state in a store: the execution, and the memory for its host calls.
struct HostState {
    execution: Execution,
    memory: Option<Memory>,
    counters: Option<CounterGlobals>,
    scale: FuelScale,
    /// The limits of growing memories and tables, where no pool sets them.
    growth: StoreLimits,
}

/// The counter globals of metered modules.
#[derive(Clone, Copy)]
struct CounterGlobals {
    fuel: Global,
    stack: Global,
    pages: Global,
}

impl WasmtimeEngine {
    /// Makes an engine with a pool of instances or, where there is no room for one, without.
    pub(crate) fn new(config: Arc<HostConfig>) -> Result<Self, HostError> {
        let mut engine_config = engine_config(&config, Reserve::Full);
        engine_config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(&config)));
        match wasmtime::Engine::new(&engine_config) {
            Ok(engine) => Self::of(engine, Reserve::Full, config),
            Err(error) => {
                debug!(%error, "no room for a pool, making instances one by one");
                Self::without_pool(config, Reserve::Limited)
            }
        }
    }

    /// Makes an engine that makes each memory on request.
    pub(crate) fn without_pool(config: Arc<HostConfig>, reserve: Reserve) -> Result<Self, HostError> {
        let engine = wasmtime::Engine::new(&engine_config(&config, reserve)).map_err(host_error)?;
        Self::of(engine, reserve, config)
    }

    fn of(engine: wasmtime::Engine, reserve: Reserve, config: Arc<HostConfig>) -> Result<Self, HostError> {
        if wasm_stack_bytes(&config.limits) > WASM_STACK_BYTES_MAX {
            let setting = "so large a `limits.stack_slots_max`";
            return Err(HostError::Unsupported { engine: EngineKind::Wasmtime, setting });
        }
        let mut linker = Linker::new(&engine);
        link_abi(&mut linker).and_then(|()| link_probes(&mut linker)).map_err(host_error)?;
        if config.is_interruptible() {
            start_wall_clock(&engine).map_err(HostError::WallClock)?;
        }
        let places = Arc::new(Places::new(Room::of(&config)));
        let stack_bytes = wasm_stack_bytes(&config.limits).saturating_add(HOST_STACK_BYTES);
        let stacks = Arc::new(Stacks::new(stack_bytes));
        Ok(Self { engine, reserve, linker, places, stacks, config })
    }

    fn ee(&self, modules: Modules, requirements: Requirements) -> Arc<dyn CompiledEe> {
        Arc::new(WasmtimeEe {
            engine: self.engine.clone(),
            reserve: self.reserve,
            exports: Exports::of(modules.module()),
            modules,
            requirements,
            places: Arc::clone(&self.places),
            stacks: Arc::clone(&self.stacks),
            config: Arc::clone(&self.config),
        })
    }

    fn compile_modules(&self, program: &Program) -> wasmtime::Result<Modules> {
        let module = Module::from_binary(&self.engine, &program.code)?;
        if program.libraries.is_empty() {
            return Ok(Modules::Alone(self.linker.instantiate_pre(&module)?));
        }
        let libraries = program.libraries.iter().map(|(name, code)| {
            let module = Module::from_binary(&self.engine, code)?;
            Ok((name.clone(), module))
        });
        let libraries = libraries.collect::<wasmtime::Result<_>>()?;
        Ok(Modules::Linked { linker: self.linker.clone(), libraries, module })
    }
}

/// A hasher for wasmtime's compatibility hash that is the same in all releases of Rust.
struct Fingerprint(blake3::Hasher);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finalize().as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}

impl Engine for WasmtimeEngine {
    fn name(&self) -> &'static str {
        "wasmtime"
    }

    fn settings(&self) -> String {
        let mut hasher = Fingerprint(blake3::Hasher::new());
        self.engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.0.finalize().to_hex().to_string()
    }

    fn reserve(&self) -> Reserve {
        self.reserve
    }

    fn compile(&self, program: &Program) -> Result<Arc<dyn CompiledEe>, LoadError> {
        let modules = self.compile_modules(program);
        let modules = modules.map_err(|error| LoadError::Engine(engine_error(error)))?;
        Ok(self.ee(modules, program.requirements))
    }

    fn restore(&self, serialized: Payload<'_>) -> Option<Arc<dyn CompiledEe>> {
        let (module, requirements) = split_requirements(serialized)?;
        let module = deserialize(&self.engine, module.file()?.try_clone().ok()?)?;
        let modules = Modules::Alone(self.linker.instantiate_pre(&module).ok()?);
        Some(self.ee(modules, requirements))
    }
}

impl CompiledEe for WasmtimeEe {
    fn run(&self, execution: Execution) -> (Execution, Result<(), Stop>) {
        self.in_store(execution, Self::call_main)
    }

    fn instantiate(&self, execution: Execution) -> (Execution, Result<(), Stop>) {
        self.in_store(execution, |ee, store| ee.instantiate_in(store).map(|_| ()))
    }

    fn requirements(&self) -> Requirements {
        self.requirements
    }

    fn serialize(&self) -> Option<Vec<u8>> {
        let Modules::Alone(module) = &self.modules else { return None };
        Some(with_requirements(self.requirements, &module.module().serialize().ok()?))
    }
}

impl WasmtimeEe {
    /// Runs an action on the EE in a store of its own, on a large enough stack, and judges the result.
    fn in_store(
        &self,
        mut execution: Execution,
        action: impl FnOnce(&Self, &mut Store<HostState>) -> wasmtime::Result<()>,
    ) -> (Execution, Result<(), Stop>) {
        if let Err(stop) = enter(&mut execution, self.requirements.metering) {
            return (execution, Err(stop));
        }
        let _taken = match self.places.take(self.room(), &execution.watch) {
            Ok(taken) => taken,
            Err(reason) => return (execution, Err(stopped(reason))),
        };
        execution.watch.start_wall_clock(self.config.wall_clock_max);
        let scale = FuelScale::new(&self.config.limits);
        let growth = growth(&self.config.limits);
        let mut store =
            Store::new(&self.engine, HostState { execution, memory: None, counters: None, scale, growth });
        if self.reserve == Reserve::Limited {
            store.limiter(|state| &mut state.growth);
        }
        if self.config.is_interruptible() {
            store.set_epoch_deadline(1);
            store.epoch_deadline_callback(|context| match context.data().execution.watch.check() {
                Ok(()) => Ok(UpdateDeadline::Continue(1)),
                Err(reason) => Err(wasmtime::Error::new(reason)),
            });
        }
        let result = self.stacks.run(|| action(self, &mut store)).unwrap_or_else(|error| Err(error.into()));
        let result = result.map_err(stop);
        let counters = store.data().counters.map(|globals| globals.read(&mut store));
        let mut execution = store.into_data().execution;
        let result = match counters {
            Some(counters) => settle(&mut execution, counters, scale, result),
            None => result,
        };
        (execution, result)
    }

    /// Returns the room that one execution takes: the memory to which it can grow or, outside of a pool, which is
    /// reserved.
    fn room(&self) -> Room {
        let n_instances = self.modules.n_instances();
        let pages = match self.reserve {
            Reserve::Full => 0,
            Reserve::Limited => {
                u64::from(n_instances).saturating_mul(self.config.limits.memory_pages_max.into())
            }
        };
        Room { n_instances, pages: pages.max(self.requirements.pages_max) }
    }

    fn call_main(&self, store: &mut Store<HostState>) -> wasmtime::Result<()> {
        let instance = self.instantiate_in(store)?;
        let memory = find(instance, store, self.exports.memory.as_ref()).and_then(Extern::into_memory);
        store.data_mut().memory = memory;
        if let Some(start) = find(instance, store, self.exports.start.as_ref()).and_then(Extern::into_func) {
            start.typed::<(), ()>(&*store)?.call(&mut *store, ())?;
        }
        let main = find(instance, store, self.exports.main.as_ref()).and_then(Extern::into_func);
        let main = main.ok_or_else(|| wasmtime::format_err!("no function `main` in a validated module"))?;
        match main.ty(&*store).results().len() {
            0 => main.typed::<(), ()>(&*store)?.call(&mut *store, ())?,
            // The results of `main` are dropped.
            n_results => main.call(&mut *store, &[], &mut vec![Val::I32(0); n_results])?,
        }
        store.data_mut().execution.memory_bytes = memory.map_or(0, |memory| memory.data_size(&*store));
        Ok(())
    }

    fn instantiate_in(&self, store: &mut Store<HostState>) -> wasmtime::Result<Instance> {
        let metering = self.requirements.metering;
        let counters = metering.map(|metering| {
            Counters::at_start(&mut store.data_mut().execution, &metering, &self.config.limits)
        });
        self.modules.instantiate(store, counters, &self.exports)
    }
}

impl Exports {
    fn of(module: &Module) -> Self {
        let find = |name| module.get_export_index(name);
        Self {
            memory: find("memory"),
            main: find("main"),
            start: find(START_EXPORT),
            counters: COUNTERS.map(|counter| find(counter.export)),
        }
    }
}

fn find(instance: Instance, store: &mut Store<HostState>, export: Option<&ModuleExport>) -> Option<Extern> {
    instance.get_module_export(store, export?)
}

impl Modules {
    /// Returns the EE's own module.
    fn module(&self) -> &Module {
        match self {
            Self::Alone(module) => module.module(),
            Self::Linked { module, .. } => module,
        }
    }

    /// Returns the number of instances in one execution.
    fn n_instances(&self) -> u32 {
        match self {
            Self::Alone(_) => 1,
            Self::Linked { libraries, .. } => {
                u32::try_from(libraries.len()).unwrap_or(u32::MAX).saturating_add(1)
            }
        }
    }

    /// Instantiates all modules and, if they are metered, sets their counters.
    fn instantiate(
        &self,
        store: &mut Store<HostState>,
        counters: Option<Counters>,
        exports: &Exports,
    ) -> wasmtime::Result<Instance> {
        match self {
            Self::Alone(module) => {
                let instance = module.instantiate(&mut *store)?;
                if let Some(counters) = counters {
                    CounterGlobals::exported_by(instance, store, exports)?.attach(store, counters)?;
                }
                Ok(instance)
            }
            Self::Linked { linker, libraries, module } => {
                let mut linker = linker.clone();
                if let Some(counters) = counters {
                    let globals = CounterGlobals::new(store)?;
                    globals.attach(store, counters)?;
                    for (counter, global) in COUNTERS.iter().zip(globals.all()) {
                        linker.define(&*store, IMPORT_MODULE, counter.import, global)?;
                    }
                }
                for (name, library) in libraries {
                    let instance = linker.instantiate(&mut *store, library)?;
                    call_start(instance, store)?;
                    linker.instance(&mut *store, name, instance)?;
                }
                linker.instantiate(store, module)
            }
        }
    }
}

/// Calls the function that was a library's start function before metering.
fn call_start(instance: Instance, store: &mut Store<HostState>) -> wasmtime::Result<()> {
    match instance.get_func(&mut *store, START_EXPORT) {
        Some(start) => start.typed::<(), ()>(&*store)?.call(store, ()),
        None => Ok(()),
    }
}

impl CounterGlobals {
    fn new(store: &mut Store<HostState>) -> wasmtime::Result<Self> {
        let mut global = || {
            let ty = GlobalType::new(ValType::I64, Mutability::Var);
            Global::new(&mut *store, ty, Val::I64(0))
        };
        Ok(Self { fuel: global()?, stack: global()?, pages: global()? })
    }

    /// Returns the globals in the order of [`COUNTERS`].
    fn all(self) -> [Global; 3] {
        [self.fuel, self.stack, self.pages]
    }

    fn exported_by(
        instance: Instance,
        store: &mut Store<HostState>,
        exports: &Exports,
    ) -> wasmtime::Result<Self> {
        let mut global = |export: &Option<ModuleExport>| {
            let global = find(instance, store, export.as_ref()).and_then(Extern::into_global);
            global.ok_or_else(|| wasmtime::format_err!("no counters in a metered module"))
        };
        let [fuel, stack, pages] = &exports.counters;
        Ok(Self { fuel: global(fuel)?, stack: global(stack)?, pages: global(pages)? })
    }

    /// Sets the counters, and attaches them to the store's execution.
    fn attach(self, store: &mut Store<HostState>, counters: Counters) -> wasmtime::Result<()> {
        self.fuel.set(&mut *store, Val::I64(counters.fuel))?;
        self.stack.set(&mut *store, Val::I64(counters.stack))?;
        self.pages.set(&mut *store, Val::I64(counters.pages))?;
        store.data_mut().counters = Some(self);
        Ok(())
    }

    fn read(self, store: &mut Store<HostState>) -> Counters {
        let mut read = |global: Global| read(global, &mut *store);
        Counters { fuel: read(self.fuel), stack: read(self.stack), pages: read(self.pages) }
    }
}

/// Reads a counter, which is of type i64.
fn read(global: Global, store: impl AsContextMut) -> i64 {
    global.get(store).i64().unwrap_or(-1)
}

/// Deserializes a module that wasmtime has serialized; returns `None` if it is of another version or machine.
#[allow(unsafe_code, reason = "machine code is taken on trust, and the cache is where the trust is earned")]
fn deserialize(engine: &wasmtime::Engine, serialized: File) -> Option<Module> {
    // SAFETY: the file must begin with the output of `Module::serialize`, and never change. Either it comes from
    // `DiskCache::get`, which opens only what `DiskCache::put` wrote under the same key, in a directory to which only
    // this user and root can write, and where files are added and removed but never modified; only the output of
    // `WasmtimeEe::serialize` is put there. Or it comes from `worker::compile`: an unnamed file that only a worker of
    // this host's sources has written, with the output of `WasmtimeEe::serialize`; and the worker has ended.
    unsafe { Module::deserialize_open_file(engine, serialized) }.ok()
}

/// Returns wasmtime's configuration: the profile, canonical NaNs and, on request, interruptible code; without a pool.
fn engine_config(config: &HostConfig, reserve: Reserve) -> Config {
    let limits = &config.limits;
    let mut engine_config = Config::new();
    engine_config
        .wasm_features(wasmparser::WasmFeatures::all(), false)
        .wasm_features(PROFILE, true)
        // An optimiser that moves code moves it away from where it is paid for; see ARCHITECTURE.md.
        .cranelift_opt_level(OptLevel::None)
        .cranelift_nan_canonicalization(true)
        .epoch_interruption(config.is_interruptible())
        .max_wasm_stack(wasm_stack_bytes(limits))
        // For fibers, which are not used; wasmtime demands that it is no smaller.
        .async_stack_size(wasm_stack_bytes(limits))
        // Only debuggers need it, and each load would register it.
        .native_unwind_info(false)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand);
    if reserve == Reserve::Limited {
        engine_config
            // The whole maximum of a memory is reserved at the start, so growing never fails for want of addresses.
            .memory_reservation(memory_bytes_max(limits) as u64)
            .memory_may_move(false)
            .memory_guard_size(GUARD_BYTES)
            .guard_before_linear_memory(false);
    }
    engine_config
}

/// Returns the configuration of a pool with room for all places, each as large as the limits allow.
fn pool(config: &HostConfig) -> PoolingAllocationConfig {
    let limits = &config.limits;
    let n_instances = n_places(config);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(n_instances)
        .total_memories(n_instances)
        .total_tables(n_instances.saturating_mul(TABLES_MAX))
        .max_tables_per_module(TABLES_MAX)
        .table_elements(table_elements_max(limits))
        .max_memory_size(memory_bytes_max(limits))
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES);
    pool
}

/// Returns the limits of a pool for memories and tables outside of one.
fn growth(limits: &Limits) -> StoreLimits {
    let limiter = StoreLimitsBuilder::new().memory_size(memory_bytes_max(limits));
    limiter.table_elements(table_elements_max(limits)).build()
}

fn memory_bytes_max(limits: &Limits) -> usize {
    usize::try_from(limits.memory_pages_max).map_or(usize::MAX, |pages| pages.saturating_mul(1 << 16))
}

fn table_elements_max(limits: &Limits) -> usize {
    usize::try_from(limits.table_elements_max).unwrap_or(usize::MAX)
}

/// Links every import of the ABI, under both of its names.
fn link_abi(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    for (import, function) in bound_imports() {
        link(linker, import.module, import.name, import, function)?;
        link(linker, LEGACY_MODULE, &import.legacy_name(), import, function)?;
    }
    Ok(())
}

fn link(
    linker: &mut Linker<HostState>,
    module: &str,
    name: &str,
    import: &'static Import,
    function: HostFunction,
) -> wasmtime::Result<()> {
    type State<'a> = Caller<'a, HostState>;
    match function {
        HostFunction::ToI32(f) => linker.func_wrap(module, name, move |state: State<'_>| {
            call(state, import, NONE, |call, []| Ok(f(call)))
        }),
        HostFunction::ToI64(f) => linker.func_wrap(module, name, move |state: State<'_>| {
            call(state, import, NONE, |call, []| Ok(f(call)))
        }),
        HostFunction::I32(f) => linker.func_wrap(module, name, move |state: State<'_>, a: u32| {
            call(state, import, [a], |call, [a]| f(call, a))
        }),
        HostFunction::I64(f) => linker.func_wrap(module, name, move |state: State<'_>, a: u64| {
            call(state, import, [a], |call, [a]| f(call, a))
        }),
        HostFunction::I32I32(f) => linker.func_wrap(module, name, move |state: State<'_>, a: u32, b: u32| {
            call(state, import, [a, b], |call, [a, b]| f(call, a, b))
        }),
        HostFunction::I32I32I32(f) => {
            linker.func_wrap(module, name, move |state: State<'_>, a: u32, b: u32, c: u32| {
                call(state, import, [a, b, c], |call, [a, b, c]| f(call, a, b, c))
            })
        }
        HostFunction::I32x2ToI32(f) => {
            linker.func_wrap(module, name, move |state: State<'_>, a: u32, b: u32| {
                call(state, import, [a, b], f)
            })
        }
        HostFunction::I32x3ToI32(f) => {
            linker.func_wrap(module, name, move |state: State<'_>, a: u32, b: u32, c: u32| {
                call(state, import, [a, b, c], f)
            })
        }
        HostFunction::I32x4ToI32(f) => {
            linker.func_wrap(module, name, move |state: State<'_>, a: u32, b: u32, c: u32, d: u32| {
                call(state, import, [a, b, c, d], f)
            })
        }
        HostFunction::I32x5ToI32(f) => {
            linker.func_wrap(module, name, move |state: State<'_>, a: u32, b: u32, c: u32, d: u32, e: u32| {
                call(state, import, [a, b, c, d, e], f)
            })
        }
        HostFunction::I32x7ToI32(function) => linker.func_wrap(
            module,
            name,
            move |state: State<'_>, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32| {
                call(state, import, [a, b, c, d, e, f, g], function)
            },
        ),
    }
    .map(|_| ())
}

/// Links the imports of probed modules, which no other module can import.
fn link_probes(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.func_wrap(IMPORT_MODULE, ENTER_IMPORT, |mut caller: Caller<'_, HostState>, function: u32| {
        update_fuel(&mut caller);
        let execution = &mut caller.data_mut().execution;
        execution.observer.enter(function, execution.fuel_left);
    })?;
    linker.func_wrap(IMPORT_MODULE, LEAVE_IMPORT, |mut caller: Caller<'_, HostState>| {
        update_fuel(&mut caller);
        let execution = &mut caller.data_mut().execution;
        execution.observer.leave(execution.fuel_left);
    })?;
    Ok(())
}

/// Reads the guest's fuel counter, if it has one, at a call, and returns the fuel that its unit stands for.
fn update_fuel(caller: &mut Caller<'_, HostState>) -> i64 {
    let Some(counters) = caller.data().counters else { return 1 };
    let (fuel, pages) = (read(counters.fuel, &mut *caller), read(counters.pages, &mut *caller));
    let unit = caller.data().scale.unit(pages);
    caller.data_mut().execution.set_fuel(fuel, unit);
    unit
}

/// Runs an import's function over the memory, the fuel and the execution of the store that called it.
fn call<A: Copy + Into<u64>, R: Answer, const N: usize>(
    mut caller: Caller<'_, HostState>,
    import: &'static Import,
    arguments: [A; N],
    function: impl FnOnce(&mut Call<'_>, [A; N]) -> Result<R, HostCallError>,
) -> wasmtime::Result<R> {
    let unit = update_fuel(&mut caller);
    let result = match caller.data().memory {
        Some(memory) => {
            let (memory, state) = memory.data_and_store_mut(&mut caller);
            Call::make(import, arguments, memory, &mut state.execution, function)
        }
        None => {
            let execution = &mut caller.data_mut().execution;
            Call::make(import, arguments, &mut [], execution, function)
        }
    };
    if let Some(counters) = caller.data().counters {
        let fuel = caller.data_mut().execution.fuel_counter(unit);
        counters.fuel.set(&mut caller, Val::I64(fuel))?;
    }
    result.map_err(|source| wasmtime::Error::new(HostCallFailed { import, source }))
}

/// Converts an error of wasmtime into the host's, which is the same for every engine.
fn stop(error: wasmtime::Error) -> Stop {
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    let kind = if let Some(failed) = error.downcast_ref::<HostCallFailed>() {
        failed.kind()
    } else if let Some(reason) = error.downcast_ref::<StopReason>() {
        ExecutionErrorKind::Stopped(*reason)
    } else {
        match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => ExecutionErrorKind::NativeStackOverflow,
            Some(trap) => match trap_kind(*trap) {
                Some(kind) => ExecutionErrorKind::Trap(kind),
                None => ExecutionErrorKind::Engine(engine_error(error)),
            },
            None => ExecutionErrorKind::Engine(engine_error(error)),
        }
    };
    Stop { kind, backtrace }
}

/// Returns the trap's kind, or `None` if no module within the profile can cause it.
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

/// Starts the thread that advances an engine's epoch for as long as the engine is in use.
fn start_wall_clock(engine: &wasmtime::Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("outrider-wall-clock".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(WATCH_INTERVAL);
        }
    })?;
    Ok(())
}

/// The largest native stack for guests. Some machines refuse more address space for each of many executions.
const WASM_STACK_BYTES_MAX: usize = 1 << 30;

/// Bytes of a pooled memory or table that are zeroed by writing, which for so few is faster than unmapping. Where the
/// kernel reports dirty pages (`PAGEMAP_SCAN`, Linux 6.7), only those count.
const KEEP_RESIDENT_BYTES: usize = 256 << 10;

/// The guard region after a memory of [`Reserve::Limited`], so that an access with a small offset requirements only one check.
const GUARD_BYTES: u64 = 64 << 10;
