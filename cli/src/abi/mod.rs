//! `outrider abi`: prints the imports and exports of EEs, for people, programs and compilers.
//!
//! All of this comes from the host's own tables.

mod assemblyscript;
mod c_header;
mod document;
mod text;

use std::io::Write as _;

use outrider_host::{ABI, FuelCost, Import, ImportModule, ParameterKind, ValueType};

use crate::Verdict;
use crate::output::{self, Summary};

/// Print the ABI: the imports and exports of EEs, the WebAssembly features that they may use, and their limits.
#[derive(clap::Args)]
#[group(multiple = false)]
pub(crate) struct Arguments {
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
    /// Print a C header, for clang with the target wasm32.
    #[arg(long)]
    c_header: bool,
    /// Print declarations for AssemblyScript.
    #[arg(long)]
    assemblyscript: bool,
}

pub(crate) fn abi(arguments: &Arguments) -> anyhow::Result<Verdict> {
    if arguments.json {
        output::json(document::document(), &Summary::one(Verdict::Holds))?;
        return Ok(Verdict::Holds);
    }
    let text = if arguments.c_header {
        c_header::c_header()
    } else if arguments.assemblyscript {
        assemblyscript::assemblyscript()
    } else {
        text::text()
    };
    output::stdout().write_all(text.as_bytes())?;
    Ok(Verdict::Holds)
}

/// Returns the imports of a module.
fn imports_of(module: &ImportModule) -> impl Iterator<Item = &'static Import> {
    let name = module.name;
    ABI.iter().filter(move |import| import.module == name)
}

/// Returns the name and the type of each parameter of an import.
fn parameters<'a>(
    import: &'a Import,
    type_names: &'a TypeNames,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    import.parameters.iter().map(|parameter| {
        let ty = match parameter.kind {
            ParameterKind::Written => type_names.written,
            ParameterKind::Read => type_names.read,
            ParameterKind::Number(ty) => type_names.number(ty),
        };
        (parameter.name, ty)
    })
}

/// The names of the types of parameters and results in a language.
struct TypeNames {
    /// A pointer through which the host reads.
    read: &'static str,
    /// A pointer through which the host writes.
    written: &'static str,
    i32: &'static str,
    i64: &'static str,
    nothing: &'static str,
}

impl TypeNames {
    fn number(&self, ty: ValueType) -> &'static str {
        match ty {
            ValueType::I32 => self.i32,
            ValueType::I64 => self.i64,
        }
    }

    fn result(&self, import: &Import) -> &'static str {
        import.result.map_or(self.nothing, |ty| self.number(ty))
    }
}

/// Describes the cost of a call.
fn price(fuel: FuelCost) -> String {
    match fuel {
        FuelCost { base, per_unit: 0 } => format!("Fuel {base}."),
        FuelCost { base, per_unit } => format!("Fuel {base}, and {per_unit} for each unit."),
    }
}

/// The unit of the costs that depend on the arguments.
const UNIT: &str =
    "A unit is a byte moved or hashed, a tick spent, or the unit that the function's description names.";
