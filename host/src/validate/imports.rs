//! Checks imports against the ABI and the libraries.

use std::fmt::Write as _;

use outrider_abi::{ABI, Import, MODULES};

use super::extern_type::{ExternType, type_of};
use super::{Exports, remedy};
use crate::error::Refusal;
use crate::module::ImportSummary;

/// Checks an import against the ABI and the libraries.
pub(super) fn check_import(
    import: &ImportSummary,
    ty: &ExternType,
    libraries: &Exports,
) -> Result<(), Refusal> {
    let (module, name, offset) = (import.module.clone(), import.name.clone(), import.offset);
    let (fits, expected) = match (import.abi, libraries.get(&module)) {
        (Some(abi), _) => (ty.is_that_of(abi), ExternType::Function(type_of(abi)).describe()),
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

/// Returns a hint: the names in a module of the ABI, or else the modules.
fn hint_of_abi(module: &str) -> String {
    if Import::has_module(module) {
        let names = ABI.iter().filter(|import| import.module == module).map(|import| import.name);
        return hint(&format!("`{module}`"), names);
    }
    let modules: Vec<_> = MODULES.iter().map(|module| module.name).collect();
    format!("; the modules are {} and env, and libraries have their own names", modules.join(", "))
}

fn hint<'a>(of: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut hint = format!("; {of} has");
    for (index, name) in names.enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(hint, "{} {name}", if index == 0 { "" } else { "," });
    }
    hint
}
