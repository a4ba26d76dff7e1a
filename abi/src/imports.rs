//! The table of everything that an EE may import, as data, and of its required exports.
//!
//! Each import has scout's two names: `eth2.blockDataSize` (module `eth2`) and `env.eth2_blockDataSize` (module `env`).
//! Pointers, offsets and lengths are unsigned 32-bit numbers of type `i32`; a range that is not within the EE's memory
//! traps. The host defines the effect of a call: it binds a function to each entry.

mod bignum;
mod crypto;
mod debug;
mod eth2;
mod parameter;
mod price;
mod state;

use alloc::{format, string::String};
use core::{cmp::Ordering, fmt};

pub use parameter::{Parameter, ParameterKind, ValueType};
pub use price::FuelCost;

/// One function that an EE may import.
#[derive(Clone, Copy)]
pub struct Import {
    /// The module, such as `eth2`.
    pub module: &'static str,
    /// The name within the module, such as `blockDataSize`.
    pub name: &'static str,
    /// The parameters, in order.
    pub parameters: &'static [Parameter],
    /// The type of the result, if there is one.
    pub result: Option<ValueType>,
    /// The effect of the function, in one sentence.
    pub summary: &'static str,
    /// The price of a call.
    pub fuel: FuelCost,
}

/// A module of the ABI: some imports that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportModule {
    /// The name, such as `eth2`.
    pub name: &'static str,
    /// The common topic of its functions, in a sentence or two.
    pub summary: &'static str,
}

/// The modules of [`ABI`], in its order.
pub static MODULES: &[ImportModule] = &[
    ImportModule {
        name: "eth2",
        summary: "The block, state roots, ether, receipts, and where the block is.",
    },
    ImportModule { name: "debug", summary: "Logs. What is logged changes nothing." },
    ImportModule { name: "bignum", summary: "Arithmetic of numbers of 32 bytes." },
    ImportModule {
        name: "crypto",
        summary: "Hashes, signatures, curves. A function with a result returns 0 if the claim holds or the output is \
                  written, 1 if the input is well-formed but refuted, 2 if it is malformed.",
    },
    ImportModule {
        name: "state",
        summary: "For state providers, which hold the whole state and make blocks; on a shard there are no nodes and no blobs.",
    },
];

/// An export that every EE has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequiredExport {
    /// The name.
    pub name: &'static str,
    /// The kind: `memory` or `function`.
    pub kind: &'static str,
    /// The purpose, in one sentence.
    pub summary: &'static str,
}

/// The exports that every EE must have.
pub static REQUIRED_EXPORTS: &[RequiredExport] = &[
    RequiredExport {
        name: "memory",
        kind: "memory",
        summary: "The memory to which the pointers of imports refer.",
    },
    RequiredExport {
        name: "main",
        kind: "function",
        summary: "Takes nothing. The host calls it once for a block, and drops what it returns.",
    },
];

/// Every import there is, module by module.
pub static ABI: &[Import] = &joined();

const TABLES: [&[Import]; 5] =
    [eth2::IMPORTS, debug::IMPORTS, bignum::IMPORTS, crypto::IMPORTS, state::IMPORTS];

const N_IMPORTS: usize = {
    let (mut n, mut table) = (0, 0);
    while table < TABLES.len() {
        n += TABLES[table].len();
        table += 1;
    }
    n
};

/// Concatenates the tables of the modules.
const fn joined() -> [Import; N_IMPORTS] {
    let mut all = [TABLES[0][0]; N_IMPORTS];
    let (mut n, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut index = 0;
        while index < TABLES[table].len() {
            all[n] = TABLES[table][index];
            (n, index) = (n + 1, index + 1);
        }
        table += 1;
    }
    all
}

/// The module of scout's older names.
pub const LEGACY_MODULE: &str = "env";

impl Import {
    /// Finds an import by either of its names.
    pub fn find(module: &str, name: &str) -> Option<&'static Self> {
        let (module, name) = match module {
            LEGACY_MODULE => name.split_once('_')?,
            _ => (module, name),
        };
        ABI.iter().find(|import| import.module == module && import.name == name)
    }

    /// Returns whether the ABI has a module of this name, which no library can have then.
    pub fn has_module(module: &str) -> bool {
        module == LEGACY_MODULE || MODULES.iter().any(|known| known.name == module)
    }

    /// Returns the name within the module `env`, such as `eth2_blockDataSize`.
    pub fn legacy_name(&self) -> String {
        format!("{}_{}", self.module, self.name)
    }

    /// Returns the names of the parameters, in order.
    pub fn parameter_names(&self) -> impl ExactSizeIterator<Item = &'static str> + use<> {
        self.parameters.iter().map(|parameter| parameter.name)
    }

    /// Returns the types of the parameters, in order.
    pub fn parameter_types(&self) -> impl ExactSizeIterator<Item = ValueType> + use<> {
        self.parameters.iter().map(Parameter::value_type)
    }

    /// Returns whether a call always ends the execution.
    pub fn never_returns(&self) -> bool {
        (self.module, self.name) == ("eth2", "refuse")
    }
}

/// Imports compare by their names, which are unique in the table.
impl Ord for Import {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.module, self.name).cmp(&(other.module, other.name))
    }
}

impl PartialOrd for Import {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Import {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Import {}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Import({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn each_import_is_found_under_both_spellings() {
        for import in ABI {
            let found = Import::find(import.module, import.name).unwrap();
            assert!(core::ptr::eq(found, import), "{import} is in the table twice");
            let found = Import::find("env", &import.legacy_name()).unwrap();
            assert!(core::ptr::eq(found, import), "env.{} is ambiguous", import.legacy_name());
        }
    }

    #[test]
    fn each_parameter_is_a_pointer_or_a_number_by_its_name() {
        let read = "a b base children commitment digest element exponent hash input internalKey key keys message messages \
                    modulus pairs point pointer proof scalar signature signatures terms tweak tweakedKey y z";
        let written = "difference out sum";
        let is_of = |names: &str, parameter: &Parameter| names.split(' ').any(|name| name == parameter.name);
        for parameter in ABI.iter().flat_map(|import| import.parameters) {
            let is_written = is_of(written, parameter);
            assert_eq!(parameter.is_written(), is_written, "{parameter:?}");
            assert_eq!(parameter.is_pointer(), is_written || is_of(read, parameter), "{parameter:?}");
        }
    }

    #[test]
    fn each_module_is_told_of_in_the_order_of_the_table() {
        let mut modules: Vec<_> = ABI.iter().map(|import| import.module).collect();
        modules.dedup();
        let told: Vec<_> = MODULES.iter().map(|module| module.name).collect();
        assert_eq!(told, modules);
        assert!(modules.into_iter().chain(["env"]).all(Import::has_module));
        assert!(!Import::has_module("eth"));
    }

    #[test]
    fn nothing_else_is_found() {
        for (module, name) in [("env", "blockDataSize"), ("env", "eth2"), ("eth2", "eth2_useTicks"), ("", "")]
        {
            assert!(Import::find(module, name).is_none(), "{module}.{name}");
        }
    }
}
