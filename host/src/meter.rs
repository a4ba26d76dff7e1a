//! Fuel and stack metering: rewrites a module so that it counts what it does, the same on every engine.
//!
//! [`instrument`] adds three counters to a module, mutable globals of type `i64` that the host sets before a run and reads
//! after it:
//!
//! * **fuel**: how much the guest may still spend. Every straight-line segment of code subtracts its price from it before it runs,
//!   and bulk instructions subtract by their size. Prices are in `cost`, what a segment is in `analysis`, and the
//!   instructions that are added, one by one, in `rewrite`.
//! * **stack**: how many slots the frames of recursive functions may still take. See `recursion`.
//! * **pages**: how many pages the memories have, which sets the scale of the fuel counter: see [`FuelScale`].
//!
//! All is plain WebAssembly, so engines need to know nothing of it, and compile it like any other code. Before the first
//! instruction the host charges for the instances themselves: see `entry`.
//!
//! # What a run comes to
//!
//! The counters are read when the run is over, and decide in this order, whether the guest trapped or returned:
//!
//! 1. stack < 0: the guest overflowed the stack;
//! 2. fuel < 0: the guest ran out of fuel, and has used up all it was given;
//! 3. otherwise it returned or trapped as the engine says, and has used what is missing from the fuel counter.
//!
//! *Invariant*: a guest that returns has used the sum of the prices of the instructions it ran, and if the sum is more than it was
//! given, it is out of fuel. Fuel is not looked at in every segment: only where a function or a loop starts, and before bulk
//! instructions. In between the counter may become negative, by no more than the price of one way through one
//! function, and a guest that manages to return in that state is out of fuel like any other.
//!
//! A guest that traps has paid its current segment in full. Only `unreachable` and what happens inside a call leave
//! the counter up to date, though: after any other trap it has the value of the last call, or of the start of the function,
//! since the function had the fuel in a local. That value is the same on every engine, but it is no measure of work done.
//!
//! # Linkage
//!
//! A module that stands alone defines its counters, and exports them as [`COUNTERS`] has it. A module that is linked with
//! other guests, a library or the user of one, imports them from [`IMPORT_MODULE`], so that all draw on the same fuel. A start function would run before the host could set the counters of a module that
//! stands alone. So the module has none any more: it becomes the export [`START_EXPORT`], which the host calls first.
//!
//! *Invariant*: a guest cannot touch its counters. They have indices that the original does not have, and a module that imports
//! or exports any of the names above is refused.

mod analysis;
mod body;
mod cost;
mod encode;
mod entry;
mod frame;
mod globals;
mod module;
mod recursion;
mod rewrite;
#[cfg(test)]
mod tests;

use wasmparser::Operator;

use crate::config::Limits;

pub(crate) use entry::Entry;
pub(crate) use frame::NATIVE_BYTES_PER_SLOT;

/// What a counter is called.
pub(crate) struct Counter {
    /// The export that holds it, of a module that stands alone.
    pub(crate) export: &'static str,
    /// The import, from [`IMPORT_MODULE`], that holds it where modules are linked.
    pub(crate) import: &'static str,
}

/// The counters, in the order of their globals: fuel, stack, pages.
pub(crate) const COUNTERS: [Counter; 3] = [
    Counter { export: "outrider_fuel", import: "fuel" },
    Counter { export: "outrider_stack", import: "stack" },
    Counter { export: "outrider_pages", import: "pages" },
];

/// The export that was the start function, of type `() -> ()`. Absent if there was none.
pub(crate) const START_EXPORT: &str = "outrider_start";

/// The export that grows the memory and pays for it, of type `(i32) -> (i32)`: so that profiles have a name for it. Absent from
/// modules that do not grow their memory.
const GROW_EXPORT: &str = "outrider_grow";

/// The module from which linked modules import their counters.
pub(crate) const IMPORT_MODULE: &str = "outrider";

/// Whether a module has its counters to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Linkage {
    /// It does: all of its imports are functions of the host, none of which calls back.
    Alone,
    /// It shares them with the other guest modules that it is linked with.
    Linked,
}

/// What one unit of the fuel counter stands for: one unit of fuel as long as the memories are near, and
/// `far_factor` once they have more pages than that.
///
/// A load from a memory that no cache holds takes as long as hundreds of instructions. If each load had the price of that one, all
/// honest code would be priced wrongly; so code is dearer where the memory is large. The guest divides its counter
/// when its memory becomes far, and spends the same numbers as before. Code that no cache holds is as bad, and counts as
/// far memory from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FuelScale {
    pages_near: u32,
    far_factor: u32,
}

impl FuelScale {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { pages_near: limits.memory_pages_near, far_factor: limits.memory_far_factor.max(1) }
    }

    /// Adds as many pages as make any memory far, which is how far code counts.
    pub(crate) fn far(self, pages: u64) -> u64 {
        pages.saturating_add(self.pages_near.into()).saturating_add(1)
    }

    /// Returns what one unit of the counter stands for when the memories have so many pages.
    pub(crate) fn unit(self, pages: i64) -> i64 {
        if pages > i64::from(self.pages_near) { self.far_factor.into() } else { 1 }
    }
}

/// An instrumented module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instrumented {
    /// The module, in the binary format.
    pub code: Vec<u8>,
    /// The slots to keep for functions that do not count their frames. The stack counter starts at the limit less the reserves of all
    /// modules that share it; if that is negative, the module needs more stack than the limit allows.
    pub stack_reserve_slots: u64,
    /// What an instance costs, and how many pages it begins with.
    pub entry: Entry,
    /// The number of places where the code charges fuel for a segment.
    pub n_charges: usize,
    /// The number of functions that count their frames.
    pub n_recursive: usize,
}

/// Why a module cannot be instrumented.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeterError {
    /// The bytes are not a module. A module that was validated cannot cause this.
    #[error("malformed module")]
    Malformed(#[from] wasmparser::Error),
    /// The module is well-formed but not valid. A module that was validated cannot cause this.
    #[error("invalid module: inconsistent at offset {offset:#x}")]
    Invalid {
        /// Where this was noticed.
        offset: usize,
    },
    /// The module has something that cannot be written back. A module within the profile cannot cause this.
    #[error("cannot re-encode module")]
    Reencode(#[from] wasm_encoder::reencode::Error),
    /// An instruction is not in the cost table. A module within the profile cannot cause this.
    #[error("instruction {instruction} at offset {offset:#x} has no fuel cost")]
    Unpriced {
        /// The instruction, with its immediate operands.
        instruction: String,
        /// Its offset in the module.
        offset: usize,
    },
    /// There is a section of an unsupported proposal. A module within the profile cannot cause this.
    #[error("unsupported section {id} at offset {offset:#x}")]
    Section {
        /// The section code.
        id: u8,
        /// Where the section starts.
        offset: usize,
    },
    /// The guest imports from the module `outrider`.
    #[error("import {IMPORT_MODULE:?} {name:?}: the module name is reserved for metering")]
    ReservedImport {
        /// The name of the import.
        name: String,
    },
    /// The guest exports a name that metering uses.
    #[error("export {name:?}: the name is reserved for metering")]
    ReservedExport {
        /// The name of the export.
        name: String,
    },
}

impl MeterError {
    fn unpriced(operator: &Operator<'_>, offset: usize) -> Self {
        Self::Unpriced { instruction: format!("{operator:?}"), offset }
    }
}

/// Adds fuel and stack metering to `module`, which was validated before.
///
/// 1. Takes the module apart, and refuses reserved names.
/// 2. Analyses each function: segments and their prices, frame size, calls.
/// 3. Finds the functions that have to count their frames.
/// 4. Writes the module, with its functions rewritten.
///
/// # Errors
///
/// See [`MeterError`]. For a module within the profile, only the reserved names can be the reason.
pub(crate) fn instrument(
    module: &[u8],
    linkage: Linkage,
    scale: FuelScale,
) -> Result<Instrumented, MeterError> {
    let module = module::Module::read(module)?;
    let functions = (module.n_imported_functions..).zip(&module.bodies);
    let analyses = functions.map(|(index, body)| analysis::analyse(&module, index, body));
    let analyses = analyses.collect::<Result<Vec<_>, _>>()?;
    let recursion = recursion::find_recursion(&module, &analyses, linkage)?;
    Ok(Instrumented {
        code: encode::encode(&module, &analyses, &recursion, linkage, scale)?,
        stack_reserve_slots: recursion.reserve_slots,
        entry: entry::entry(&module)?,
        n_charges: analyses.iter().map(|analysis| analysis.charges.len()).sum(),
        n_recursive: recursion.is_counted.iter().filter(|counted| **counted).count(),
    })
}
