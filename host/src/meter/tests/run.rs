//! Runs modules plain, metered, and metered naively.

use wasmparser::WasmFeatures;
use wasmtime::{Config, Engine, ExternType, Instance, Module, OptLevel, Store, Val, ValType};

use super::{
    super::{COUNTERS, Linkage, START_EXPORT},
    FUEL_EXPORT, STACK_EXPORT, instrument, naive,
};

/// Enough stack for tests that are not about the stack.
pub(super) const STACK_SLOTS: i64 = 4096;

/// The features of the modules.
pub(super) fn features() -> WasmFeatures {
    WasmFeatures::WASM2 | WasmFeatures::WIDE_ARITHMETIC | WasmFeatures::EXTENDED_CONST
}

pub(super) fn validate(module: &[u8]) {
    wasmparser::Validator::new_with_features(features()).validate_all(module).unwrap();
}

pub(super) fn engine() -> Engine {
    let mut config = Config::new();
    config.cranelift_opt_level(OptLevel::None);
    config.cranelift_nan_canonicalization(true);
    config.wasm_wide_arithmetic(true);
    Engine::new(&config).unwrap()
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With these results, as bits.
    Returned(Vec<String>),
    Trapped(Option<String>),
    OutOfFuel,
    StackOverflow,
}

/// A run: its end, the fuel used, and the final memory and exported globals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) outcome: Outcome,
    pub(super) fuel: i64,
    pub(super) state: Vec<String>,
}

/// Runs `function` as it is.
pub(super) fn run_plain(engine: &Engine, wasm: &[u8], function: &str, arguments: &[Val]) -> Run {
    run(engine, wasm, function, arguments, None)
}

/// Runs `function` with naive metering.
pub(super) fn run_naive(engine: &Engine, wasm: &[u8], function: &str, arguments: &[Val]) -> Run {
    run(engine, &naive::instrument(wasm), function, arguments, None)
}

/// Runs `function` with metering, with the given fuel and stack slots.
pub(super) fn run_metered(
    engine: &Engine,
    wasm: &[u8],
    function: &str,
    arguments: &[Val],
    (fuel, stack): (i64, i64),
) -> Run {
    let instrumented = instrument(wasm, Linkage::Alone).unwrap();
    validate(&instrumented.code);
    let stack = stack - i64::try_from(instrumented.stack_reserve_slots).unwrap();
    run(engine, &instrumented.code, function, arguments, Some((fuel, stack)))
}

fn run(engine: &Engine, wasm: &[u8], function: &str, arguments: &[Val], counters: Option<(i64, i64)>) -> Run {
    let module = Module::new(engine, wasm).unwrap();
    let mut store = Store::new(engine, ());
    let instance = match Instance::new(&mut store, &module, &[]) {
        Ok(instance) => instance,
        Err(error) => return Run { outcome: trap(&error), fuel: 0, state: Vec::new() },
    };
    if let Some((fuel, stack)) = counters {
        instance.get_global(&mut store, FUEL_EXPORT).unwrap().set(&mut store, Val::I64(fuel)).unwrap();
        instance.get_global(&mut store, STACK_EXPORT).unwrap().set(&mut store, Val::I64(stack)).unwrap();
    }
    let mut outcome = Ok(Vec::new());
    for (name, arguments) in [(START_EXPORT, &[][..]), (function, arguments)] {
        if let Some(function) = instance.get_func(&mut store, name)
            && outcome.is_ok()
        {
            let mut results = vec![Val::I32(0); function.ty(&store).results().len()];
            outcome = function.call(&mut store, arguments, &mut results).map(|()| results);
        }
    }
    let mut outcome = outcome
        .map_or_else(|error| trap(&error), |results| Outcome::Returned(results.iter().map(bits).collect()));
    let mut left = |name| Some(instance.get_global(&mut store, name)?.get(&mut store).unwrap_i64());
    let (spent, fuel_left, stack_left) = (left(naive::SPENT), left(FUEL_EXPORT), left(STACK_EXPORT));
    let mut fuel = spent.unwrap_or(0);
    if let Some((given, _)) = counters {
        fuel = given - fuel_left.unwrap().max(0);
        if fuel_left.unwrap() < 0 {
            outcome = Outcome::OutOfFuel;
        }
        if stack_left.unwrap() < 0 {
            outcome = Outcome::StackOverflow;
        }
    }
    Run { outcome, fuel, state: state(&module, &instance, &mut store) }
}

fn trap(error: &wasmtime::Error) -> Outcome {
    Outcome::Trapped(error.downcast_ref::<wasmtime::Trap>().map(|trap| format!("{trap:?}")))
}

fn bits(value: &Val) -> String {
    match value {
        Val::F32(bits) => format!("f32 {bits:x}"),
        Val::F64(bits) => format!("f64 {bits:x}"),
        Val::FuncRef(reference) => format!("func null {}", reference.is_none()),
        Val::ExternRef(reference) => format!("extern null {}", reference.is_none()),
        other => format!("{other:?}"),
    }
}

/// Returns the observable state of the instance, without what metering adds.
fn state(module: &Module, instance: &Instance, store: &mut Store<()>) -> Vec<String> {
    let mut state = Vec::new();
    for export in module.exports() {
        match export.ty() {
            ExternType::Global(_) if !is_counter(export.name()) => {
                let global = instance.get_global(&mut *store, export.name()).unwrap();
                state.push(bits(&global.get(&mut *store)));
            }
            ExternType::Memory(_) => {
                let memory = instance.get_memory(&mut *store, export.name()).unwrap();
                let hash = memory.data(&store).iter().fold(0_u64, |hash, byte| {
                    hash.wrapping_mul(0x100_0000_01b3).wrapping_add(u64::from(*byte))
                });
                state.push(format!("memory {} {hash:x}", memory.size(&store)));
            }
            ExternType::Table(_) => {
                let table = instance.get_table(&mut *store, export.name()).unwrap();
                state.push(format!("table {}", table.size(&store)));
            }
            _ => {}
        }
    }
    state
}

fn is_counter(name: &str) -> bool {
    name == naive::SPENT || COUNTERS.iter().any(|counter| counter.export == name)
}

/// Returns an argument of each type.
pub(super) fn argument(val_type: &ValType) -> Val {
    match val_type {
        ValType::I32 => Val::I32(3),
        ValType::I64 => Val::I64(-5),
        ValType::F32 => Val::F32(1.5_f32.to_bits()),
        ValType::F64 => Val::F64(f64::NAN.to_bits()),
        ValType::V128 => Val::V128(7.into()),
        ValType::Ref(reference) => Val::null_ref(reference.heap_type()),
    }
}
