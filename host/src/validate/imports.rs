//! What imports ask for, and whether the ABI or a library has it.

use std::fmt::Write as _;

use wasmparser::{FuncType, GlobalType, MemoryType, TableType};

use super::{Exports, remedy};
use crate::abi::{ABI, Import, MODULES, ValueType};
use crate::error::Refusal;
use crate::module::ImportSummary;

/// What an import asks for, or an export is.
#[derive(Clone, Debug)]
pub(crate) enum ExternType {
    Function(FuncType),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    /// Of a kind that the profile does not have; never in a module that is accepted.
    Other,
}

/// Holds an import against the ABI and the libraries.
pub(super) fn check_import(
    import: &ImportSummary,
    ty: &ExternType,
    libraries: &Exports,
) -> Result<(), Refusal> {
    let (module, name, offset) = (import.module.clone(), import.name.clone(), import.offset);
    let (fits, expected) = match (import.abi, libraries.get(&module)) {
        (Some(abi), _) => (abi.has_type(ty), abi.describe_type()),
        (None, Some(library)) => match library.get(&name) {
            Some(export) => (ty.accepts(export), export.describe()),
            None => {
                let hint = hint(&format!("the library `{module}`"), library.keys().map(String::as_str));
                return Err(Refusal::UnknownImport { module, name, offset, hint });
            }
        },
        (None, None) => {
            let remedy = remedy::of_import(&module, &name, ty);
            let hint = remedy.map_or_else(|| hint_of_abi(&module), |remedy| format!("; {remedy}"));
            return Err(Refusal::UnknownImport { module, name, offset, hint });
        }
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::ImportType { module, name, offset, got: ty.describe(), expected })
    }
}

/// Tells what a module of the ABI has, or else which modules there are.
fn hint_of_abi(module: &str) -> String {
    if Import::has_module(module) {
        let names = ABI.iter().filter(|import| import.module == module).map(|import| import.name);
        return hint(&format!("`{module}`"), names);
    }
    let modules: Vec<_> = MODULES.iter().map(|module| module.name).collect();
    format!("; there are the modules {} and env, and libraries by their names", modules.join(", "))
}

fn hint<'a>(of: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut hint = format!("; {of} has");
    for (index, name) in names.enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(hint, "{} {name}", if index == 0 { "" } else { "," });
    }
    hint
}

impl Import {
    pub(super) fn has_type(&self, ty: &ExternType) -> bool {
        let ExternType::Function(ty) = ty else { return false };
        let parameters = self.parameter_types().iter().map(|ty| ty.as_wasm());
        let results = self.result_type().into_iter().map(ValueType::as_wasm);
        ty.params().iter().copied().eq(parameters) && ty.results().iter().copied().eq(results)
    }

    fn describe_type(&self) -> String {
        let parameters = self.parameter_types().iter().map(|ty| ty.as_wasm());
        ExternType::Function(FuncType::new(parameters, self.result_type().map(ValueType::as_wasm))).describe()
    }
}

impl ValueType {
    pub(super) fn as_wasm(self) -> wasmparser::ValType {
        match self {
            Self::I32 => wasmparser::ValType::I32,
            Self::I64 => wasmparser::ValType::I64,
        }
    }
}

impl ExternType {
    /// Tells whether something of the type `provided` satisfies an import of this type; see "Import matching"
    /// in the WebAssembly specification.
    fn accepts(&self, provided: &Self) -> bool {
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

fn list(types: &[wasmparser::ValType]) -> String {
    let types: Vec<_> = types.iter().map(ToString::to_string).collect();
    format!("({})", types.join(", "))
}

fn range(initial: u64, maximum: Option<u64>) -> String {
    match maximum {
        Some(maximum) => format!("{initial} to {maximum}"),
        None => format!("{initial} or more"),
    }
}
