//! Wasmer, without the host around it.

use std::convert::Infallible;

use outrider_host::TrapKind;
use wasm_encoder::reencode::{self, Reencode};
use wasmer::sys::vm::TrapCode;
use wasmer::sys::{Cranelift, CraneliftOptLevel, EngineBuilder, Features};
use wasmer::{
    Function, Global, Imports, Instance, InstantiationError, LinkError, Memory, MemoryType, Module,
    RuntimeError, Store, Table, TableType, Type, Value as Val,
};

use crate::engine::{Failure, Session, Value};

/// Wasmer with the host's configuration, except for the limits of memories and tables.
pub(crate) struct Wasmer {
    store: Store,
    imports: Imports,
}

impl Session for Wasmer {
    type Instance = Instance;

    fn new() -> Self {
        let mut features = Features::none();
        features
            .bulk_memory(true)
            .extended_const(true)
            .multi_value(true)
            .reference_types(true)
            .simd(true)
            .wide_arithmetic(true);
        let mut compiler = Cranelift::new();
        compiler.opt_level(CraneliftOptLevel::None).canonicalize_nans(true);
        let engine: wasmer::Engine = EngineBuilder::new(compiler).set_features(Some(features)).into();
        let mut store = Store::new(engine);
        let imports = spectest(&mut store);
        Self { store, imports }
    }

    fn instantiate(&mut self, code: &[u8]) -> Result<Instance, Failure> {
        let mut bounded = wasm_encoder::Module::new();
        BoundedTables
            .parse_core_module(&mut bounded, wasmparser::Parser::new(0), code)
            .map_err(|error| Failure::Other(error.to_string()))?;
        let module = Module::from_binary(self.store.engine(), &bounded.finish()).map_err(other)?;
        Instance::new(&mut self.store, &module, &self.imports).map_err(|error| match error {
            InstantiationError::Start(error) | InstantiationError::Link(LinkError::Trap(error)) => {
                failure(error)
            }
            InstantiationError::Link(error) => Failure::Link(error.to_string()),
            error => other(error),
        })
    }

    fn register(&mut self, name: &str, instance: &Instance) {
        self.imports.register_namespace(name, instance.exports.clone());
    }

    fn has(&mut self, module: &str, name: &str) -> bool {
        self.imports.get_export(module, name).is_some()
    }

    fn invoke(
        &mut self,
        instance: &Instance,
        export: &str,
        arguments: &[Value],
    ) -> Result<Vec<Value>, Failure> {
        let function = instance.exports.get_function(export).map_err(other)?;
        let arguments: Vec<_> = arguments.iter().map(|value| value.to_wasmer()).collect();
        let results = function.call(&mut self.store, &arguments).map_err(failure)?;
        results.iter().map(Value::of_wasmer).collect()
    }

    fn global(&mut self, instance: &Instance, export: &str) -> Option<Value> {
        let global = instance.exports.get_global(export).ok()?.clone();
        Value::of_wasmer(&global.get(&mut self.store)).ok()
    }
}

/// Lowers the maximum of tables to wasmer's limit, as the host lowers it to its own.
struct BoundedTables;

impl Reencode for BoundedTables {
    type Error = Infallible;

    fn table_type(
        &mut self,
        mut ty: wasmparser::TableType,
    ) -> Result<wasm_encoder::TableType, reencode::Error> {
        ty.maximum = ty.maximum.map(|maximum| maximum.min(TABLE_ELEMENTS_MAX));
        reencode::utils::table_type(self, ty)
    }
}

/// Elements of the largest table that wasmer accepts: a gigabyte of pointers.
const TABLE_ELEMENTS_MAX: u64 = (1 << 30) / 8;

/// Makes the module from which scripts import; see the interpreter's README in the specification.
fn spectest(store: &mut Store) -> Imports {
    let functions = [
        ("print", Function::new_typed(store, || {})),
        ("print_i32", Function::new_typed(store, |_: i32| {})),
        ("print_i64", Function::new_typed(store, |_: i64| {})),
        ("print_f32", Function::new_typed(store, |_: f32| {})),
        ("print_f64", Function::new_typed(store, |_: f64| {})),
        ("print_i32_f32", Function::new_typed(store, |_: i32, _: f32| {})),
        ("print_f64_f64", Function::new_typed(store, |_: f64, _: f64| {})),
    ];
    let globals = [
        ("global_i32", Global::new(store, Val::I32(666))),
        ("global_i64", Global::new(store, Val::I64(666))),
        ("global_f32", Global::new(store, Val::F32(666.6))),
        ("global_f64", Global::new(store, Val::F64(666.6))),
    ];
    let table = TableType::new(Type::FuncRef, 10, Some(20));
    let table = Table::new(store, table, Val::FuncRef(None)).expect("the table is small");
    let memory = Memory::new(store, MemoryType::new(1, Some(2), false)).expect("the memory is small");
    let mut imports = Imports::new();
    for (name, function) in functions {
        imports.define("spectest", name, function);
    }
    for (name, global) in globals {
        imports.define("spectest", name, global);
    }
    imports.define("spectest", "table", table);
    imports.define("spectest", "memory", memory);
    imports
}

impl Value {
    fn to_wasmer(self) -> Val {
        match self {
            Self::I32(value) => Val::I32(value.cast_signed()),
            Self::I64(value) => Val::I64(value.cast_signed()),
            Self::F32(bits) => Val::F32(f32::from_bits(bits)),
            Self::F64(bits) => Val::F64(f64::from_bits(bits)),
            Self::V128(value) => Val::V128(value),
            Self::NullFunction | Self::Function => Val::FuncRef(None),
        }
    }

    fn of_wasmer(value: &Val) -> Result<Self, Failure> {
        Ok(match value {
            Val::I32(value) => Self::I32(value.cast_unsigned()),
            Val::I64(value) => Self::I64(value.cast_unsigned()),
            Val::F32(value) => Self::F32(value.to_bits()),
            Val::F64(value) => Self::F64(value.to_bits()),
            Val::V128(value) => Self::V128(*value),
            Val::FuncRef(None) => Self::NullFunction,
            Val::FuncRef(Some(_)) => Self::Function,
            other => return Err(Failure::Other(format!("{other:?} is outside of the profile"))),
        })
    }
}

fn failure(error: RuntimeError) -> Failure {
    let kind = match error.clone().to_trap() {
        Some(TrapCode::UnreachableCodeReached) => TrapKind::Unreachable,
        Some(TrapCode::HeapAccessOutOfBounds) => TrapKind::MemoryOutOfBounds,
        Some(TrapCode::TableAccessOutOfBounds) => TrapKind::TableOutOfBounds,
        Some(TrapCode::IndirectCallToNull) => TrapKind::IndirectCallToNull,
        Some(TrapCode::BadSignature) => TrapKind::IndirectCallType,
        Some(TrapCode::IntegerOverflow) => TrapKind::IntegerOverflow,
        Some(TrapCode::IntegerDivisionByZero) => TrapKind::IntegerDivisionByZero,
        Some(TrapCode::BadConversionToInteger) => TrapKind::InvalidConversionToInteger,
        Some(TrapCode::StackOverflow) => TrapKind::StackOverflow,
        _ => return other(error),
    };
    Failure::Trap(kind)
}

fn other(error: impl std::fmt::Display) -> Failure {
    Failure::Other(error.to_string())
}
