//! Wasmer, with Cranelift: the second opinion.
//!
//! This engine is made to agree and not to be fast: each execution makes new memories and links its imports again.

use std::convert::Infallible;
use std::sync::Arc;

use outrider_abi::Import;
use wasm_encoder::reencode::{self, Reencode};
use wasmer::sys::vm::{TrapCode, VERSION, get_stack_size, set_stack_size};
use wasmer::sys::{Cranelift, CraneliftOptLevel, EngineBuilder, Features, NativeEngineExt as _};
use wasmer::{
    AsStoreMut, Function, FunctionEnv, FunctionEnvMut, Global, Imports, Instance, InstantiationError,
    LinkError, Memory, Module, RuntimeError, Store, Value, WasmSlice,
};

use super::places::{Places, Room};
use super::stacks::Stacks;
use super::{
    CompiledEe, Counters, Engine, HOST_STACK_BYTES, HostCallFailed, NONE, Program, Requirements, Stop, enter,
    settle, split_requirements, stopped, wasm_stack_bytes, with_requirements,
};
use crate::cache::Payload;
use crate::config::{EngineKind, HostConfig, Limits};
use crate::error::{EngineError, ExecutionErrorKind, Frame, HostCallError, HostError, LoadError, TrapKind};
use crate::imports::table::{HostFunction, bound_imports};
use crate::imports::{Call, Execution};
use crate::meter::{COUNTERS, FuelScale, IMPORT_MODULE, START_EXPORT};
use crate::observer::Observer;
use crate::probe::{ENTER_IMPORT, LEAVE_IMPORT};
use crate::trace::Answer;

/// The wasmer engine.
pub(crate) struct WasmerEngine {
    places: Arc<Places>,
    stacks: Arc<Stacks>,
    config: Arc<HostConfig>,
}

/// An EE compiled by wasmer.
struct WasmerEe {
    engine: wasmer::Engine,
    libraries: Vec<(String, Module)>,
    module: Module,
    requirements: Requirements,
    places: Arc<Places>,
    stacks: Arc<Stacks>,
    config: Arc<HostConfig>,
}

/// The state to which host functions refer.
struct HostState {
    /// `Some` until the run ends.
    execution: Option<Execution>,
    memory: Option<Memory>,
    counters: Option<CounterGlobals>,
    scale: FuelScale,
}

/// The counter globals of metered modules.
#[derive(Clone)]
struct CounterGlobals {
    fuel: Global,
    stack: Global,
    pages: Global,
}

impl WasmerEngine {
    pub(crate) fn new(config: Arc<HostConfig>) -> Result<Self, HostError> {
        let unsupported = |setting| HostError::Unsupported { engine: EngineKind::Wasmer, setting };
        if config.wall_clock_max.is_some() {
            return Err(unsupported("`wall_clock_max`; only wasmtime does"));
        }
        if config.interruptible {
            return Err(unsupported("`interruptible`; only wasmtime does"));
        }
        // The engine's own functions, such as one that grows a memory, use the guest's stack, too.
        let stack_bytes = wasm_stack_bytes(&config.limits).saturating_add(HOST_STACK_BYTES);
        // The size is that of the whole process, which may have other hosts.
        set_stack_size(get_stack_size().max(stack_bytes));
        if get_stack_size() < stack_bytes {
            return Err(unsupported("so large a `limits.stack_slots_max`"));
        }
        let places = Arc::new(Places::new(Room::of(&config)));
        let stacks = Arc::new(Stacks::new(HOST_STACK_BYTES));
        Ok(Self { places, stacks, config })
    }

    fn ee(
        &self,
        engine: wasmer::Engine,
        libraries: Vec<(String, Module)>,
        module: Module,
        requirements: Requirements,
    ) -> Arc<dyn CompiledEe> {
        Arc::new(WasmerEe {
            engine,
            libraries,
            module,
            requirements,
            places: Arc::clone(&self.places),
            stacks: Arc::clone(&self.stacks),
            config: Arc::clone(&self.config),
        })
    }

    fn compile_module(&self, engine: &wasmer::Engine, code: &[u8]) -> Result<Module, LoadError> {
        let error = |error| LoadError::Engine(EngineError(error));
        let code = limited(code, &self.config.limits).map_err(|source| error(source.into()))?;
        Module::from_binary(engine, &code).map_err(|source| error(source.into()))
    }
}

/// Makes an engine for one program.
///
/// An engine distinguishes function types by a hash of 32 bits, and panics if two have the same one. Within a program
/// this is refused, but several programs on one engine could still collide.
fn engine() -> wasmer::Engine {
    let mut compiler = Cranelift::new();
    // As on wasmtime: code has to run where it is paid for.
    compiler.opt_level(CraneliftOptLevel::None).canonicalize_nans(true);
    EngineBuilder::new(compiler).set_features(Some(profile())).into()
}

impl Engine for WasmerEngine {
    fn name(&self) -> &'static str {
        "wasmer"
    }

    fn settings(&self) -> String {
        let engine = engine();
        format!("{VERSION}, {}, {:?}", engine.deterministic_id(), engine.target())
    }

    fn compile(&self, program: &Program) -> Result<Arc<dyn CompiledEe>, LoadError> {
        let engine = engine();
        let libraries = program.libraries.iter();
        let libraries = libraries.map(|(name, code)| Ok((name.clone(), self.compile_module(&engine, code)?)));
        let libraries = libraries.collect::<Result<_, LoadError>>()?;
        let module = self.compile_module(&engine, &program.code)?;
        Ok(self.ee(engine, libraries, module, program.requirements))
    }

    fn restore(&self, serialized: Payload<'_>) -> Option<Arc<dyn CompiledEe>> {
        let (module, requirements) = split_requirements(serialized)?;
        let engine = engine();
        let module = deserialize(&engine, &module.read().ok()?)?;
        Some(self.ee(engine, Vec::new(), module, requirements))
    }
}

impl CompiledEe for WasmerEe {
    fn run(&self, execution: Execution) -> (Execution, Result<(), Stop>) {
        self.in_store(execution, Self::call_main)
    }

    fn instantiate(&self, execution: Execution) -> (Execution, Result<(), Stop>) {
        self.in_store(execution, |ee, store, env| ee.instantiate_in(store, env).map(|_| ()))
    }

    fn requirements(&self) -> Requirements {
        self.requirements
    }

    fn serialize(&self) -> Option<Vec<u8>> {
        if !self.libraries.is_empty() {
            return None;
        }
        Some(with_requirements(self.requirements, &self.module.serialize().ok()?))
    }
}

impl WasmerEe {
    /// Runs an action on the EE in a store of its own, and judges the result.
    fn in_store(
        &self,
        mut execution: Execution,
        action: impl FnOnce(&Self, &mut Store, &FunctionEnv<HostState>) -> Result<(), Stop>,
    ) -> (Execution, Result<(), Stop>) {
        if let Err(stop) = enter(&mut execution, self.requirements.metering) {
            return (execution, Err(stop));
        }
        let n_libraries = u32::try_from(self.libraries.len()).unwrap_or(u32::MAX);
        let room = Room { n_instances: n_libraries.saturating_add(1), pages: self.requirements.pages_max };
        let _taken = match self.places.take(room, &execution.watch) {
            Ok(taken) => taken,
            Err(reason) => return (execution, Err(stopped(reason))),
        };
        let scale = FuelScale::new(&self.config.limits);
        let mut store = Store::new(self.engine.clone());
        let state = HostState { execution: Some(execution), memory: None, counters: None, scale };
        let env = FunctionEnv::new(&mut store, state);
        // Guests run on a stack of their own; only host functions run on this one.
        let result = self.stacks.run(|| action(self, &mut store, &env));
        let result = result.unwrap_or_else(|error| Err(engine_stop(error)));
        let counters = env.as_ref(&store).counters.clone().map(|globals| globals.read(&mut store));
        let execution = env.as_mut(&mut store).execution.take();
        let mut execution = execution.expect("inserted above, and only taken here");
        let result = match counters {
            Some(counters) => settle(&mut execution, counters, scale, result),
            None => result,
        };
        (execution, result)
    }

    fn call_main(&self, store: &mut Store, env: &FunctionEnv<HostState>) -> Result<(), Stop> {
        let instance = self.instantiate_in(store, env)?;
        let memory = instance.exports.get_memory("memory").ok().cloned();
        env.as_mut(store).memory = memory.clone();
        call_start(&instance, store)?;
        // The results of `main` are dropped.
        let main = instance.exports.get_function("main").map_err(engine_stop)?;
        main.call(store, &[]).map_err(stop)?;
        let memory_bytes = memory.map_or(0, |memory| memory.view(store).data_size());
        if let Some(execution) = &mut env.as_mut(store).execution {
            execution.memory_bytes = usize::try_from(memory_bytes).unwrap_or(usize::MAX);
        }
        Ok(())
    }

    /// Instantiates all modules and, if they are metered, sets their counters.
    fn instantiate_in(&self, store: &mut Store, env: &FunctionEnv<HostState>) -> Result<Instance, Stop> {
        let limits = &self.config.limits;
        let execution = env.as_mut(store).execution.as_mut();
        let metered = self.requirements.metering.zip(execution);
        let start = metered.map(|(metering, execution)| Counters::at_start(execution, &metering, limits));
        let mut imports = Imports::new();
        if let Some(start) = start.filter(|_| !self.libraries.is_empty()) {
            let counters = CounterGlobals::new(store, start);
            for (counter, global) in COUNTERS.iter().zip(counters.all()) {
                imports.define(IMPORT_MODULE, counter.import, global.clone());
            }
            env.as_mut(store).counters = Some(counters);
        }
        define_probes(&mut imports, store, env, &self.module);
        for (name, library) in &self.libraries {
            let instance = Instance::new(store, library, &imports).map_err(instantiation_stop)?;
            call_start(&instance, store)?;
            imports.register_namespace(name, instance.exports.clone());
        }
        define_abi(&mut imports, store, env, &self.module);
        let instance = Instance::new(store, &self.module, &imports).map_err(instantiation_stop)?;
        if let Some(start) = start.filter(|_| self.libraries.is_empty()) {
            let counters = CounterGlobals::exported_by(&instance).map_err(engine_stop)?;
            for (global, value) in counters.all().into_iter().zip([start.fuel, start.stack, start.pages]) {
                global.set(store, Value::I64(value)).map_err(stop)?;
            }
            env.as_mut(store).counters = Some(counters);
        }
        Ok(instance)
    }
}

/// Calls the function that was the start function before metering.
fn call_start(instance: &Instance, store: &mut Store) -> Result<(), Stop> {
    if instance.exports.contains(START_EXPORT) { call_export(instance, store, START_EXPORT) } else { Ok(()) }
}

fn call_export(instance: &Instance, store: &mut Store, name: &str) -> Result<(), Stop> {
    let function = instance.exports.get_typed_function::<(), ()>(store, name).map_err(engine_stop)?;
    function.call(store).map_err(stop)
}

impl CounterGlobals {
    fn new(store: &mut Store, start: Counters) -> Self {
        let mut global = |value| Global::new_mut(store, Value::I64(value));
        Self { fuel: global(start.fuel), stack: global(start.stack), pages: global(start.pages) }
    }

    /// Returns the globals in the order of [`COUNTERS`].
    fn all(&self) -> [&Global; 3] {
        [&self.fuel, &self.stack, &self.pages]
    }

    fn exported_by(instance: &Instance) -> Result<Self, wasmer::ExportError> {
        let [fuel, stack, pages] =
            COUNTERS.map(|counter| instance.exports.get_global(counter.export).cloned());
        Ok(Self { fuel: fuel?, stack: stack?, pages: pages? })
    }

    fn read(&self, store: &mut impl AsStoreMut) -> Counters {
        let mut read = |global| read(global, store);
        Counters { fuel: read(&self.fuel), stack: read(&self.stack), pages: read(&self.pages) }
    }
}

/// Reads a counter, which is of type i64.
fn read(global: &Global, store: &mut impl AsStoreMut) -> i64 {
    global.get(store).i64().unwrap_or(-1)
}

/// Enables the features of [`PROFILE`](crate::validate::PROFILE) that wasmer does not always have.
fn profile() -> Features {
    let mut features = Features::none();
    features
        .bulk_memory(true)
        .extended_const(true)
        .multi_value(true)
        .reference_types(true)
        .simd(true)
        .wide_arithmetic(true);
    features
}

/// Deserializes a module that wasmer has serialized; returns `None` if it has another format.
#[allow(unsafe_code, reason = "machine code is taken on trust, and the cache is where the trust is earned")]
fn deserialize(engine: &wasmer::Engine, serialized: &[u8]) -> Option<Module> {
    // SAFETY: the bytes must be the output of `Module::serialize` on an engine of this version with these settings.
    // Either they come from `DiskCache::get`, which opens only what `DiskCache::put` wrote under the same key, in a
    // directory to which only this user and root can write; only the output of `WasmerEe::serialize` is put there, and
    // `WasmerEngine::settings` is part of the key. Or they come from `worker::compile`: from an unnamed file that only
    // a worker of this host's sources has written, with the output of `WasmerEe::serialize`, under a key of which
    // `WasmerEngine::settings` is a part.
    unsafe { Module::deserialize(engine, serialized) }.ok()
}

/// Writes the limits into a module as the maxima of its memories and tables.
///
/// Imports that matched still do, because imported and exported maxima are lowered alike.
fn limited(code: &[u8], limits: &Limits) -> Result<Vec<u8>, reencode::Error> {
    let mut module = wasm_encoder::Module::new();
    Limited(limits).parse_core_module(&mut module, wasmparser::Parser::new(0), code)?;
    Ok(module.finish())
}

struct Limited<'a>(&'a Limits);

impl Reencode for Limited<'_> {
    type Error = Infallible;

    fn memory_type(
        &mut self,
        mut ty: wasmparser::MemoryType,
    ) -> Result<wasm_encoder::MemoryType, reencode::Error> {
        ty.maximum = Some(lower(ty.maximum, self.0.memory_pages_max));
        Ok(reencode::utils::memory_type(self, ty))
    }

    fn table_type(
        &mut self,
        mut ty: wasmparser::TableType,
    ) -> Result<wasm_encoder::TableType, reencode::Error> {
        ty.maximum = Some(lower(ty.maximum, self.0.table_elements_max));
        reencode::utils::table_type(self, ty)
    }
}

fn lower(maximum: Option<u64>, limit: u32) -> u64 {
    maximum.map_or(u64::from(limit), |maximum| maximum.min(u64::from(limit)))
}

/// Defines the ABI imports that a module uses, under the names that it uses.
fn define_abi(imports: &mut Imports, store: &mut Store, env: &FunctionEnv<HostState>, module: &Module) {
    for wanted in module.imports() {
        let found = Import::find(wanted.module(), wanted.name());
        if let Some((import, function)) = bound_imports().find(|(import, _)| Some(*import) == found) {
            imports.define(wanted.module(), wanted.name(), host_function(store, env, import, function));
        }
    }
}

fn host_function(
    store: &mut Store,
    env: &FunctionEnv<HostState>,
    import: &'static Import,
    function: HostFunction,
) -> Function {
    type State<'a> = FunctionEnvMut<'a, HostState>;
    match function {
        HostFunction::ToI32(f) => Function::new_typed_with_env(store, env, move |state: State<'_>| {
            call(state, import, NONE, |call, []| Ok(f(call)))
        }),
        HostFunction::ToI64(f) => Function::new_typed_with_env(store, env, move |state: State<'_>| {
            call(state, import, NONE, |call, []| Ok(f(call)))
        }),
        HostFunction::I32(f) => Function::new_typed_with_env(store, env, move |state: State<'_>, a: u32| {
            call(state, import, [a], |call, [a]| f(call, a))
        }),
        HostFunction::I64(f) => Function::new_typed_with_env(store, env, move |state: State<'_>, a: u64| {
            call(state, import, [a], |call, [a]| f(call, a))
        }),
        HostFunction::I32I32(f) => {
            Function::new_typed_with_env(store, env, move |state: State<'_>, a: u32, b: u32| {
                call(state, import, [a, b], |call, [a, b]| f(call, a, b))
            })
        }
        HostFunction::I32I32I32(f) => {
            Function::new_typed_with_env(store, env, move |state: State<'_>, a: u32, b: u32, c: u32| {
                call(state, import, [a, b, c], |call, [a, b, c]| f(call, a, b, c))
            })
        }
        HostFunction::I32x2ToI32(f) => {
            Function::new_typed_with_env(store, env, move |state: State<'_>, a: u32, b: u32| {
                call(state, import, [a, b], f)
            })
        }
        HostFunction::I32x3ToI32(f) => {
            Function::new_typed_with_env(store, env, move |state: State<'_>, a: u32, b: u32, c: u32| {
                call(state, import, [a, b, c], f)
            })
        }
        HostFunction::I32x4ToI32(f) => Function::new_typed_with_env(
            store,
            env,
            move |state: State<'_>, a: u32, b: u32, c: u32, d: u32| call(state, import, [a, b, c, d], f),
        ),
        HostFunction::I32x5ToI32(f) => Function::new_typed_with_env(
            store,
            env,
            move |state: State<'_>, a: u32, b: u32, c: u32, d: u32, e: u32| {
                call(state, import, [a, b, c, d, e], f)
            },
        ),
        HostFunction::I32x7ToI32(function) => Function::new_typed_with_env(
            store,
            env,
            move |state: State<'_>, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32| {
                call(state, import, [a, b, c, d, e, f, g], function)
            },
        ),
    }
}

/// Defines the imports of a probed module.
fn define_probes(imports: &mut Imports, store: &mut Store, env: &FunctionEnv<HostState>, module: &Module) {
    type State<'a> = FunctionEnvMut<'a, HostState>;
    if !module.imports().any(|wanted| (wanted.module(), wanted.name()) == (IMPORT_MODULE, ENTER_IMPORT)) {
        return;
    }
    let enter = Function::new_typed_with_env(store, env, |state: State<'_>, function: u32| {
        tell(state, |observer, fuel_left| observer.enter(function, fuel_left));
    });
    let leave = Function::new_typed_with_env(store, env, |state: State<'_>| tell(state, Observer::leave));
    imports.define(IMPORT_MODULE, ENTER_IMPORT, enter);
    imports.define(IMPORT_MODULE, LEAVE_IMPORT, leave);
}

/// Reports to the execution's observer, with the fuel that is left.
fn tell(mut env: FunctionEnvMut<'_, HostState>, message: impl FnOnce(&mut Observer, i64)) {
    let (state, mut store) = env.data_and_store_mut();
    if let HostState { execution: Some(execution), counters: Some(counters), scale, .. } = state {
        let Counters { fuel, pages, .. } = counters.read(&mut store);
        execution.set_fuel(fuel, scale.unit(pages));
        message(&mut execution.observer, execution.fuel_left);
    }
}

/// Runs an import's function over the memory, the fuel and the execution of the store that called it.
fn call<A: Copy + Into<u64>, R: Answer, const N: usize>(
    mut env: FunctionEnvMut<'_, HostState>,
    import: &'static Import,
    arguments: [A; N],
    function: impl FnOnce(&mut Call<'_>, [A; N]) -> Result<R, HostCallError>,
) -> Result<R, RuntimeError> {
    let (state, mut store) = env.data_and_store_mut();
    let HostState { execution: Some(execution), memory, counters, scale } = state else {
        return Err(RuntimeError::new("host call after the end of its execution"));
    };
    let mut unit = 1;
    if let Some(counters) = counters {
        let Counters { fuel, pages, .. } = counters.read(&mut store);
        unit = scale.unit(pages);
        execution.set_fuel(fuel, unit);
    }
    let result = match memory {
        Some(memory) => {
            let view = memory.view(&store);
            let slice = WasmSlice::<u8>::new(&view, 0, view.data_size());
            let memory = slice.and_then(WasmSlice::access);
            let mut memory = memory.map_err(|error| RuntimeError::user(error.into()))?;
            Call::make(import, arguments, memory.as_mut(), execution, function)
        }
        None => Call::make(import, arguments, &mut [], execution, function),
    };
    if let Some(counters) = counters {
        counters.fuel.set(&mut store, Value::I64(execution.fuel_counter(unit)))?;
    }
    result.map_err(|source| RuntimeError::user(Box::new(HostCallFailed { import, source })))
}

fn instantiation_stop(error: InstantiationError) -> Stop {
    match error {
        InstantiationError::Start(error) | InstantiationError::Link(LinkError::Trap(error)) => stop(error),
        other => engine_stop(other),
    }
}

/// Converts an error of wasmer into the host's, which is the same for every engine.
fn stop(error: RuntimeError) -> Stop {
    let backtrace = error.trace().iter().map(|frame| Frame {
        function_index: frame.func_index(),
        function_name: frame.function_name().map(str::to_owned),
        module_offset: Some(frame.module_offset()),
    });
    let backtrace = backtrace.collect();
    let kind = if let Some(failed) = error.downcast_ref::<HostCallFailed>() {
        failed.kind()
    } else {
        match error.clone().to_trap() {
            Some(TrapCode::StackOverflow) => ExecutionErrorKind::NativeStackOverflow,
            Some(code) => match trap_kind(code) {
                Some(kind) => ExecutionErrorKind::Trap(kind),
                None => return engine_stop(error),
            },
            None => return engine_stop(error),
        }
    };
    Stop { kind, backtrace }
}

fn engine_stop(error: impl std::error::Error + Send + Sync + 'static) -> Stop {
    Stop { kind: ExecutionErrorKind::Engine(EngineError(Box::new(error))), backtrace: Vec::new() }
}

/// Returns the trap's kind, or `None` if no module within the profile can cause it.
fn trap_kind(code: TrapCode) -> Option<TrapKind> {
    match code {
        TrapCode::UnreachableCodeReached => Some(TrapKind::Unreachable),
        TrapCode::HeapAccessOutOfBounds => Some(TrapKind::MemoryOutOfBounds),
        TrapCode::TableAccessOutOfBounds => Some(TrapKind::TableOutOfBounds),
        TrapCode::IndirectCallToNull => Some(TrapKind::IndirectCallToNull),
        TrapCode::BadSignature => Some(TrapKind::IndirectCallType),
        TrapCode::IntegerOverflow => Some(TrapKind::IntegerOverflow),
        TrapCode::IntegerDivisionByZero => Some(TrapKind::IntegerDivisionByZero),
        TrapCode::BadConversionToInteger => Some(TrapKind::InvalidConversionToInteger),
        TrapCode::StackOverflow
        | TrapCode::HeapMisaligned
        | TrapCode::UnalignedAtomic
        | TrapCode::UncaughtException
        | TrapCode::UninitializedExnRef
        | TrapCode::YieldOutsideAsyncContext
        | TrapCode::HostInterrupt
        | TrapCode::ReadonlyTableModified => None,
    }
}
