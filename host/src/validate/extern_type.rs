//! The types of imports and exports.

use outrider_abi::{Import, ValueType};
use wasmparser::{FuncType, GlobalType, MemoryType, TableType, ValType};

/// The type of an import or an export.
#[derive(Clone, Debug)]
pub(crate) enum ExternType {
    Function(FuncType),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    /// A kind outside of the profile; never in an accepted module.
    Other,
}

/// Returns the type of an import of the ABI.
pub(super) fn type_of(import: &Import) -> FuncType {
    let as_wasm = |ty| match ty {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
    };
    FuncType::new(import.parameter_types().map(as_wasm), import.result.map(as_wasm))
}

impl ExternType {
    /// Returns whether it is the type of an import of the ABI.
    pub(super) fn is_that_of(&self, import: &Import) -> bool {
        matches!(self, Self::Function(ty) if *ty == type_of(import))
    }

    /// Returns whether something of the type `provided` satisfies an import of this type; see "Import matching" in the
    /// WebAssembly specification.
    pub(super) fn accepts(&self, provided: &Self) -> bool {
        match (self, provided) {
            (Self::Function(wanted), Self::Function(provided)) => wanted == provided,
            (Self::Global(wanted), Self::Global(provided)) => wanted == provided,
            (Self::Memory(wanted), Self::Memory(provided)) => {
                limits_fit((wanted.initial, wanted.maximum), (provided.initial, provided.maximum))
            }
            (Self::Table(wanted), Self::Table(provided)) => {
                wanted.element_type == provided.element_type
                    && limits_fit((wanted.initial, wanted.maximum), (provided.initial, provided.maximum))
            }
            _ => false,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Function(_) => "function",
            Self::Table(_) => "table",
            Self::Memory(_) => "memory",
            Self::Global(_) => "global",
            Self::Other => "thing outside of the profile",
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Function(ty) => format!("{} -> {}", list(ty.params()), list(ty.results())),
            Self::Table(ty) => {
                format!("table of {} {}", range(ty.initial, ty.maximum), ty.element_type)
            }
            Self::Memory(ty) => format!("memory of {} pages", range(ty.initial, ty.maximum)),
            Self::Global(ty) => {
                format!("{} global {}", if ty.mutable { "mutable" } else { "constant" }, ty.content_type)
            }
            Self::Other => self.kind().to_owned(),
        }
    }
}

fn limits_fit(wanted: (u64, Option<u64>), provided: (u64, Option<u64>)) -> bool {
    let maximum_fits = match (wanted.1, provided.1) {
        (None, _) => true,
        (Some(wanted), Some(provided)) => provided <= wanted,
        (Some(_), None) => false,
    };
    provided.0 >= wanted.0 && maximum_fits
}

fn list(types: &[ValType]) -> String {
    let types: Vec<_> = types.iter().map(ToString::to_string).collect();
    format!("({})", types.join(", "))
}

fn range(initial: u64, maximum: Option<u64>) -> String {
    match maximum {
        Some(maximum) => format!("{initial} to {maximum}"),
        None => format!("{initial} or more"),
    }
}
