//! The one table of everything an EE may import.
//!
//! Each entry has two spellings, scout's two: `eth2.blockDataSize` (module `eth2`) and
//! `env.eth2_blockDataSize` (module `env`). Pointers, offsets and lengths are unsigned 32-bit numbers that
//! travel as `i32`; a range that is not within the EE's memory is a trap.

use std::fmt;

use crate::error::HostCallError;
use crate::imports::{Call, bignum, debug, eth2};

/// One function that an EE may import.
pub struct Import {
    /// The module, such as `eth2`.
    pub module: &'static str,
    /// The name within the module, such as `blockDataSize`.
    pub name: &'static str,
    /// The parameters' names, in order.
    pub parameters: &'static [&'static str],
    /// What the function does, in one sentence.
    pub summary: &'static str,
    /// What a call costs.
    pub fuel: FuelCost,
    pub(crate) function: HostFunction,
}

/// What a call of an import costs, in fuel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuelCost {
    /// For the call itself.
    pub base: u64,
    /// For each unit of work: a byte that is moved or hashed, a tick that is spent.
    pub per_unit: u64,
}

impl FuelCost {
    /// Converts what a call was measured to take: the call itself in nanoseconds, each unit in picoseconds.
    const fn measured(base_ns: u64, unit_ps: u64) -> Self {
        Self { base: base_ns * FUEL_PER_NS, per_unit: (unit_ps * FUEL_PER_NS).div_ceil(1000) }
    }
}

/// Fuel that guests' own code spends in a nanosecond, roughly; host functions are priced to match.
const FUEL_PER_NS: u64 = 25;

/// The least that a call takes, there and back.
const CALL: FuelCost = FuelCost::measured(40, 0);
/// A call that copies bytes.
const COPY: FuelCost = FuelCost::measured(40, 40);
/// A call that logs: the entry is kept, and its bytes are formatted if anybody listens.
const LOG: FuelCost = FuelCost::measured(200, 1000);

/// Every import there is.
pub static ABI: &[Import] = &[
    Import {
        module: "eth2",
        name: "loadPreStateRoot",
        parameters: &["pointer"],
        summary: "Writes the 32-byte pre-state root at pointer.",
        fuel: CALL,
        function: HostFunction::I32(eth2::load_pre_state_root),
    },
    Import {
        module: "eth2",
        name: "blockDataSize",
        parameters: &[],
        summary: "Returns the length of the block data in bytes.",
        fuel: CALL,
        function: HostFunction::ToI32(eth2::block_data_size),
    },
    Import {
        module: "eth2",
        name: "blockDataCopy",
        parameters: &["pointer", "offset", "length"],
        summary: "Copies block_data[offset .. offset + length] to pointer.",
        fuel: COPY,
        function: HostFunction::I32I32I32(eth2::block_data_copy),
    },
    Import {
        module: "eth2",
        name: "savePostStateRoot",
        parameters: &["pointer"],
        summary: "Reads the 32-byte post-state root at pointer; the last call counts.",
        fuel: CALL,
        function: HostFunction::I32(eth2::save_post_state_root),
    },
    Import {
        module: "eth2",
        name: "pushNewDeposit",
        parameters: &["pointer", "length"],
        summary: "Emits the 184-byte deposit at pointer.",
        fuel: CALL,
        function: HostFunction::I32I32(eth2::push_new_deposit),
    },
    Import {
        module: "eth2",
        name: "useTicks",
        parameters: &["ticks"],
        summary: "Spends ticks; traps when fewer are left.",
        fuel: FuelCost { base: CALL.base, per_unit: 1 },
        function: HostFunction::I32(eth2::use_ticks),
    },
    Import {
        module: "eth2",
        name: "contextShard",
        parameters: &[],
        summary: "Returns the index of the shard.",
        fuel: CALL,
        function: HostFunction::ToI64(eth2::context_shard),
    },
    Import {
        module: "eth2",
        name: "contextSlot",
        parameters: &[],
        summary: "Returns the slot of the block.",
        fuel: CALL,
        function: HostFunction::ToI64(eth2::context_slot),
    },
    Import {
        module: "eth2",
        name: "contextEeIndex",
        parameters: &[],
        summary: "Returns the EE's own index.",
        fuel: CALL,
        function: HostFunction::ToI64(eth2::context_ee_index),
    },
    Import {
        module: "eth2",
        name: "contextBeaconRoot",
        parameters: &["pointer"],
        summary: "Writes the 32-byte root of the beacon block at pointer.",
        fuel: CALL,
        function: HostFunction::I32(eth2::context_beacon_root),
    },
    Import {
        module: "debug",
        name: "print32",
        parameters: &["value"],
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
        function: HostFunction::I32(debug::print32),
    },
    Import {
        module: "debug",
        name: "print64",
        parameters: &["value"],
        summary: "Logs a 64-bit integer.",
        fuel: LOG,
        function: HostFunction::I64(debug::print64),
    },
    Import {
        module: "debug",
        name: "printMem",
        parameters: &["pointer", "length"],
        summary: "Logs text.",
        fuel: LOG,
        function: HostFunction::I32I32(debug::print_mem),
    },
    Import {
        module: "debug",
        name: "printMemHex",
        parameters: &["pointer", "length"],
        summary: "Logs bytes in hex.",
        fuel: LOG,
        function: HostFunction::I32I32(debug::print_mem_hex),
    },
    // Not in scout, but in blobs of its time.
    Import {
        module: "debug",
        name: "log",
        parameters: &["value"],
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
        function: HostFunction::I32(debug::log),
    },
    Import {
        module: "debug",
        name: "mem",
        parameters: &["pointer", "length"],
        summary: "Logs bytes in hex.",
        fuel: LOG,
        function: HostFunction::I32I32(debug::mem),
    },
    Import {
        module: "debug",
        name: "print_f2",
        parameters: &["value"],
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
        function: HostFunction::I32(debug::print_f2),
    },
    Import {
        module: "debug",
        name: "print_f6",
        parameters: &["value"],
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
        function: HostFunction::I32(debug::print_f6),
    },
    Import {
        module: "bignum",
        name: "add256",
        parameters: &["a", "b", "sum"],
        summary: "Adds the 256-bit big-endian numbers at a and b; overflow traps.",
        fuel: CALL,
        function: HostFunction::I32I32I32(bignum::add256),
    },
    Import {
        module: "bignum",
        name: "sub256",
        parameters: &["a", "b", "difference"],
        summary: "Subtracts the 256-bit big-endian number at b from that at a; overflow traps.",
        fuel: CALL,
        function: HostFunction::I32I32I32(bignum::sub256),
    },
];

/// The types that imports take and return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
}

impl Import {
    /// Looks an import up by either of its spellings.
    pub fn find(module: &str, name: &str) -> Option<&'static Self> {
        let (module, name) = match module {
            LEGACY_MODULE => name.split_once('_')?,
            _ => (module, name),
        };
        ABI.iter().find(|import| import.module == module && import.name == name)
    }

    /// Tells whether the ABI has a module of this name, so that no library can have it.
    pub fn has_module(module: &str) -> bool {
        module == LEGACY_MODULE || ABI.iter().any(|import| import.module == module)
    }

    /// Returns the spelling within the module `env`, such as `eth2_blockDataSize`.
    pub fn legacy_name(&self) -> String {
        format!("{}_{}", self.module, self.name)
    }

    /// Returns the types of the parameters.
    pub fn parameter_types(&self) -> &'static [ValueType] {
        use ValueType::{I32, I64};
        match self.function {
            HostFunction::ToI32(_) | HostFunction::ToI64(_) => &[],
            HostFunction::I32(_) => &[I32],
            HostFunction::I64(_) => &[I64],
            HostFunction::I32I32(_) => &[I32, I32],
            HostFunction::I32I32I32(_) => &[I32, I32, I32],
        }
    }

    /// Returns the type of the result, if there is one.
    pub fn result_type(&self) -> Option<ValueType> {
        match self.function {
            HostFunction::ToI32(_) => Some(ValueType::I32),
            HostFunction::ToI64(_) => Some(ValueType::I64),
            HostFunction::I32(_)
            | HostFunction::I64(_)
            | HostFunction::I32I32(_)
            | HostFunction::I32I32I32(_) => None,
        }
    }
}

/// The module of scout's older spelling.
pub(crate) const LEGACY_MODULE: &str = "env";

/// What an import does, by its signature; an engine links each kind in its own way.
#[derive(Clone, Copy)]
pub(crate) enum HostFunction {
    ToI32(fn(&Call<'_>) -> u32),
    ToI64(fn(&Call<'_>) -> u64),
    I32(fn(&mut Call<'_>, u32) -> Result<(), HostCallError>),
    I64(fn(&mut Call<'_>, u64) -> Result<(), HostCallError>),
    I32I32(fn(&mut Call<'_>, u32, u32) -> Result<(), HostCallError>),
    I32I32I32(fn(&mut Call<'_>, u32, u32, u32) -> Result<(), HostCallError>),
}

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
    use super::*;

    #[test]
    fn each_import_is_found_under_both_spellings() {
        for import in ABI {
            let found = Import::find(import.module, import.name).unwrap();
            assert!(std::ptr::eq(found, import), "{import} is in the table twice");
            let found = Import::find("env", &import.legacy_name()).unwrap();
            assert!(std::ptr::eq(found, import), "env.{} is ambiguous", import.legacy_name());
        }
    }

    #[test]
    fn each_import_names_its_parameters() {
        for import in ABI {
            assert_eq!(import.parameters.len(), import.parameter_types().len(), "{import}");
        }
    }

    #[test]
    fn nothing_else_is_found() {
        for (module, name) in [("env", "blockDataSize"), ("env", "eth2"), ("eth2", "eth2_useTicks"), ("", "")]
        {
            assert!(Import::find(module, name).is_none(), "{module}.{name}");
        }
    }
}
