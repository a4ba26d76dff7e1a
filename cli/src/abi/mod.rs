//! `outrider abi`: what an EE may import and has to export, for people, programs and compilers.
//!
//! All of it comes from the host's own tables.

mod assemblyscript;
mod c_header;
mod document;
mod text;

use std::io::Write as _;

use outrider_host::{ABI, FuelCost, Import, ImportModule, ParameterKind, ValueType};

use crate::Verdict;
use crate::output::{self, Summary};

/// Print the ABI: the imports and exports of EEs, what they may consist of, and within which limits.
#[derive(clap::Args)]
#[group(multiple = false)]
pub(crate) struct Arguments {
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
    /// Print a header for C, as clang compiles it for wasm32.
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

/// The imports of a module.
fn imports_of(module: &ImportModule) -> impl Iterator<Item = &'static Import> {
    let name = module.name;
    ABI.iter().filter(move |import| import.module == name)
}

/// The type of a parameter: a pointer through which the host reads or writes, or a number of 32 or 64 bits.
fn parameters<'a>(import: &'a Import, kinds: &'a Kinds) -> impl Iterator<Item = (&'static str, &'a str)> {
    import.parameters.iter().map(|parameter| {
        let ty = match parameter.kind {
            ParameterKind::Written => kinds.written,
            ParameterKind::Read => kinds.read,
            ParameterKind::Number(ty) => kinds.number(ty),
        };
        (parameter.name, ty)
    })
}

/// What a language calls the types of parameters and results.
struct Kinds {
    read: &'static str,
    written: &'static str,
    i32: &'static str,
    i64: &'static str,
    nothing: &'static str,
}

impl Kinds {
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

/// Tells what a call costs.
fn price(fuel: FuelCost) -> String {
    match fuel {
        FuelCost { base, per_unit: 0 } => format!("Fuel {base}."),
        FuelCost { base, per_unit } => format!("Fuel {base}, and {per_unit} for each unit."),
    }
}

/// What a unit of fuel costs is for, unless the summary of the import says it.
const UNIT: &str = "A unit is a byte that is moved or hashed, a tick that is spent, or what the function's description names.";
