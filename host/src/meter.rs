//! Metering of fuel and stack: rewrites a module so that it counts what it executes, the same on every engine.
//!
//! [`instrument`] adds three counters to a module: mutable globals of type `i64` that the host sets before a run and
//! reads after it:
//!
//! * **fuel**: how much the guest may still spend. Every straight-line segment of code subtracts its price before it
//!   runs, and bulk instructions subtract by their size. Prices are in `cost`, segments in `analysis`, and the added
//!   instructions, one by one, in `rewrite`.
//! * **stack**: how many slots the frames of recursive functions may still take. See `recursion`.
//! * **pages**: how many pages the memories have, which sets the scale of the fuel counter: see [`FuelScale`].
//!
//! All added code is plain WebAssembly, which engines compile like any other. Before the first instruction the host
//! charges for the instances themselves: see `entry`.
//!
//! # The outcome of a run
//!
//! The host reads the counters after the run and decides in this order, whether the guest trapped or returned:
//!
//! 1. stack < 0: the guest overflowed the stack;
//! 2. fuel < 0: the guest ran out of fuel, and has used all of it;
//! 3. otherwise the guest returned or trapped as the engine reports, and has used the difference of the fuel counter.
//!
//! *Invariant*: a guest that returns has used the sum of the prices of the instructions it ran, and if the sum is more
//! than its fuel, it is out of fuel. The guest does not check its fuel in every segment: only at the start of a
//! function or a loop, and before bulk instructions. In between the counter may become negative, by no more than the
//! price of one path through one function, and a guest that returns in that state is out of fuel like any other.
//!
//! A guest that traps has paid for its current segment in full. Only `unreachable` and traps inside a call leave the
//! counter up to date, because functions keep the fuel in a local: after any other trap the counter has its value from
//! the last call, or from the start of the function. That value is the same on every engine, but does not measure the
//! work done.
//!
//! # Linkage
//!
//! A module that stands alone defines its counters and exports them as in [`COUNTERS`]. A module that is linked with
//! other guests, a library or its user, imports them from [`IMPORT_MODULE`], so that all draw on the same fuel. A start
//! function would run before the host could set the counters of a module that stands alone. So it becomes the export
//! [`START_EXPORT`], which the host calls first.
//!
//! *Invariant*: a guest cannot touch its counters. Their indices do not occur in the original module, and a module that
//! imports or exports any of the names above is refused.

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

/// The names of a counter.
pub(crate) struct Counter {
    /// The export that holds it in a module that stands alone.
    pub(crate) export: &'static str,
    /// The import, from [`IMPORT_MODULE`], that holds it in linked modules.
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

/// The export that grows the memory and pays for it, of type `(i32) -> (i32)`; exported so that profiles have a name
/// for it. Absent from modules that do not grow their memory.
const GROW_EXPORT: &str = "outrider_grow";

/// The module from which linked modules import their counters.
pub(crate) const IMPORT_MODULE: &str = "outrider";

/// Whether a module shares its counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Linkage {
    /// It does not: all of its imports are functions of the host, none of which calls back.
    Alone,
    /// It shares them with the other guest modules that it is linked with.
    Linked,
}

/// The fuel that one unit of the fuel counter stands for: one while the memories are near, and `far_factor` once they
/// have more pages than that.
///
/// A load from a memory that no cache holds takes as long as hundreds of instructions. If each load had that price,
/// ordinary code would cost far too much; so all code is dearer while the memory is large. The guest divides its
/// counter when its memory becomes far, and then subtracts the same numbers as before. Code that no cache holds is as
/// slow, and counts as far memory from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FuelScale {
    pages_near: u32,
    far_factor: u32,
}

impl FuelScale {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { pages_near: limits.memory_pages_near, far_factor: limits.memory_far_factor.max(1) }
    }

    /// Adds enough pages to make any memory far, which is how far code counts.
    pub(crate) fn far(self, pages: u64) -> u64 {
        pages.saturating_add(self.pages_near.into()).saturating_add(1)
    }

    /// Returns the fuel that one unit of the counter stands for when the memories have so many pages.
    pub(crate) fn unit(self, pages: i64) -> i64 {
        if pages > i64::from(self.pages_near) { self.far_factor.into() } else { 1 }
    }
}

/// An instrumented module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstrumentedModule {
    /// The module, in the binary format.
    pub code: Vec<u8>,
    /// The slots to reserve for functions that do not count their frames. The stack counter starts at the limit less
    /// the reserves of all modules that share it. If that is negative, the module needs more stack than the limit
    /// allows.
    pub stack_reserve_slots: u64,
    /// The cost of an instance, and the pages with which it begins.
    pub entry: Entry,
    /// The number of places where the code charges fuel for a segment.
    pub n_charges: usize,
    /// The number of functions that count their frames.
    pub n_recursive: usize,
}

/// The reason for which a module was not instrumented.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeterError {
    /// The bytes are not a module. A validated module does not cause this.
    #[error("malformed module")]
    Malformed(#[from] wasmparser::Error),
    /// The module is well-formed but not valid. A validated module does not cause this.
    #[error("invalid module: inconsistent at offset {offset:#x}")]
    Invalid {
        /// The offset of the contradiction.
        offset: usize,
    },
    /// The module has something that cannot be re-encoded. A module within the profile does not cause this.
    #[error("cannot re-encode module")]
    Reencode(#[from] wasm_encoder::reencode::Error),
    /// An instruction is not in the cost table. A module within the profile does not cause this.
    #[error("instruction {instruction} at offset {offset:#x} has no fuel cost")]
    Unpriced {
        /// The instruction, with its immediate operands.
        instruction: String,
        /// Its offset in the module.
        offset: usize,
    },
    /// A section belongs to an unsupported proposal. A module within the profile does not cause this.
    #[error("unsupported section {id} at offset {offset:#x}")]
    Section {
        /// The section code.
        id: u8,
        /// The start of the section.
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

/// Adds fuel and stack metering to `module`, which must be valid.
///
/// 1. Parses the module, and refuses reserved names.
/// 2. Analyses each function: segments and their prices, frame size, calls.
/// 3. Finds the functions that have to count their frames.
/// 4. Writes the module, with its functions rewritten.
///
/// # Errors
///
/// Fails with [`MeterError`]. For a module within the profile, only the reserved names can be the reason.
pub(crate) fn instrument(
    module: &[u8],
    linkage: Linkage,
    scale: FuelScale,
) -> Result<InstrumentedModule, MeterError> {
    let module = module::Module::read(module)?;
    let functions = (module.n_imported_functions..).zip(&module.bodies);
    let analyses = functions.map(|(index, body)| analysis::analyse(&module, index, body));
    let analyses = analyses.collect::<Result<Vec<_>, _>>()?;
    let recursion = recursion::find_recursion(&module, &analyses, linkage)?;
    Ok(InstrumentedModule {
        code: encode::encode(&module, &analyses, &recursion, linkage, scale)?,
        stack_reserve_slots: recursion.reserve_slots,
        entry: entry::entry(&module)?,
        n_charges: analyses.iter().map(|analysis| analysis.charges.len()).sum(),
        n_recursive: recursion.is_counted.iter().filter(|counted| **counted).count(),
    })
}
