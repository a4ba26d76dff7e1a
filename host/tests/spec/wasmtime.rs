//! Wasmtime, without the host around it.

use outrider_host::TrapKind;
use wasmparser::WasmFeatures;
use wasmtime::{
    Config, Engine, Global, GlobalType, Instance, Linker, Memory, MemoryType, Module, Mutability, OptLevel,
    Ref, Store, Table, TableType, Trap, Val, ValType,
};

use crate::engine::{Failure, Session, Value};

/// Wasmtime with the host's configuration, except for the pool: the suite has larger memories than a host allows.
pub(crate) struct Wasmtime {
    store: Store<()>,
    linker: Linker<()>,
}

impl Session for Wasmtime {
    type Instance = Instance;

    fn new() -> Self {
        let features = WasmFeatures::WASM2
            .difference(WasmFeatures::GC_TYPES)
            .union(WasmFeatures::EXTENDED_CONST)
            .union(WasmFeatures::WIDE_ARITHMETIC);
        let mut config = Config::new();
        config
            .wasm_features(WasmFeatures::all(), false)
            .wasm_features(features, true)
            .cranelift_opt_level(OptLevel::None)
            .cranelift_nan_canonicalization(true)
            .epoch_interruption(true);
        let engine = Engine::new(&config).expect("the configuration is valid");
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX >> 1);
        let linker = spectest(&mut store).expect("spectest is well-formed");
        Self { store, linker }
    }

    fn instantiate(&mut self, code: &[u8]) -> Result<Instance, Failure> {
        let module = Module::from_binary(self.store.engine(), code).map_err(other)?;
        self.linker.instantiate(&mut self.store, &module).map_err(|error| {
            let message = format!("{error:#}");
            let is_link = ["unknown import", "incompatible import type"]
                .iter()
                .any(|beginning| message.starts_with(beginning));
            if is_link { Failure::Link(message) } else { failure(error) }
        })
    }

    fn register(&mut self, name: &str, instance: &Instance) {
        self.linker.allow_shadowing(true);
        self.linker.instance(&mut self.store, name, *instance).expect("names are shadowed");
    }

    fn has(&mut self, module: &str, name: &str) -> bool {
        self.linker.get(&mut self.store, module, name).is_ok()
    }

    fn invoke(
        &mut self,
        instance: &Instance,
        export: &str,
        arguments: &[Value],
    ) -> Result<Vec<Value>, Failure> {
        let function = instance
            .get_func(&mut self.store, export)
            .ok_or_else(|| Failure::Other(format!("no function {export}")))?;
        let arguments: Vec<_> = arguments.iter().map(|value| value.to_wasmtime()).collect();
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        function.call(&mut self.store, &arguments, &mut results).map_err(failure)?;
        results.iter().map(Value::of_wasmtime).collect()
    }

    fn global(&mut self, instance: &Instance, export: &str) -> Option<Value> {
        let global = instance.get_global(&mut self.store, export)?;
        Value::of_wasmtime(&global.get(&mut self.store)).ok()
    }
}

/// Makes the module from which scripts import; see the interpreter's README in the specification.
fn spectest(store: &mut Store<()>) -> wasmtime::Result<Linker<()>> {
    let mut linker = Linker::new(store.engine());
    linker.func_wrap("spectest", "print", || {})?;
    linker.func_wrap("spectest", "print_i32", |_: i32| {})?;
    linker.func_wrap("spectest", "print_i64", |_: i64| {})?;
    linker.func_wrap("spectest", "print_f32", |_: f32| {})?;
    linker.func_wrap("spectest", "print_f64", |_: f64| {})?;
    linker.func_wrap("spectest", "print_i32_f32", |_: i32, _: f32| {})?;
    linker.func_wrap("spectest", "print_f64_f64", |_: f64, _: f64| {})?;
    for (name, value) in [
        ("global_i32", Val::I32(666)),
        ("global_i64", Val::I64(666)),
        ("global_f32", Val::F32(666.6_f32.to_bits())),
        ("global_f64", Val::F64(666.6_f64.to_bits())),
    ] {
        let ty = match value {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            _ => ValType::F64,
        };
        let global = Global::new(&mut *store, GlobalType::new(ty, Mutability::Const), value)?;
        linker.define(&mut *store, "spectest", name, global)?;
    }
    let ty = TableType::new(wasmtime::RefType::FUNCREF, 10, Some(20));
    let table = Table::new(&mut *store, ty, Ref::Func(None))?;
    linker.define(&mut *store, "spectest", "table", table)?;
    let memory = Memory::new(&mut *store, MemoryType::new(1, Some(2)))?;
    linker.define(&mut *store, "spectest", "memory", memory)?;
    Ok(linker)
}

impl Value {
    fn to_wasmtime(self) -> Val {
        match self {
            Self::I32(value) => Val::I32(value.cast_signed()),
            Self::I64(value) => Val::I64(value.cast_signed()),
            Self::F32(bits) => Val::F32(bits),
            Self::F64(bits) => Val::F64(bits),
            Self::V128(value) => Val::V128(value.into()),
            Self::NullFunction | Self::Function => Val::FuncRef(None),
        }
    }

    fn of_wasmtime(value: &Val) -> Result<Self, Failure> {
        Ok(match value {
            Val::I32(value) => Self::I32(value.cast_unsigned()),
            Val::I64(value) => Self::I64(value.cast_unsigned()),
            Val::F32(bits) => Self::F32(*bits),
            Val::F64(bits) => Self::F64(*bits),
            Val::V128(value) => Self::V128(value.as_u128()),
            Val::FuncRef(None) => Self::NullFunction,
            Val::FuncRef(Some(_)) => Self::Function,
            other => return Err(Failure::Other(format!("{other:?} is outside of the profile"))),
        })
    }
}

fn failure(error: wasmtime::Error) -> Failure {
    let kind = match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => TrapKind::Unreachable,
        Some(Trap::MemoryOutOfBounds) => TrapKind::MemoryOutOfBounds,
        Some(Trap::TableOutOfBounds) => TrapKind::TableOutOfBounds,
        Some(Trap::IndirectCallToNull) => TrapKind::IndirectCallToNull,
        Some(Trap::BadSignature) => TrapKind::IndirectCallType,
        Some(Trap::IntegerOverflow) => TrapKind::IntegerOverflow,
        Some(Trap::IntegerDivisionByZero) => TrapKind::IntegerDivisionByZero,
        Some(Trap::BadConversionToInteger) => TrapKind::InvalidConversionToInteger,
        Some(Trap::StackOverflow) => TrapKind::StackOverflow,
        _ => return other(error),
    };
    Failure::Trap(kind)
}

fn other(error: wasmtime::Error) -> Failure {
    Failure::Other(format!("{error:#}"))
}
