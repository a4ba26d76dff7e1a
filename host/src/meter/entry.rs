//! The cost of an execution before its first instruction: fresh instances of its modules.

use wasmparser::{DataKind, ElementItems, ElementKind};

use super::{MeterError, module::Module};

/// The initial fuel and pages of a module's instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The price of an instance, in fuel.
    pub(crate) fuel: u64,
    /// The pages of its memory.
    pub(crate) pages: u64,
}

/// An instance: a place in the pool, binding its globals and imports, resetting its memory and tables afterwards, and
/// the trap that may end it, which takes longer than all of these.
const INSTANCE: u64 = 100_000;
/// A page of 64 KiB, initial or grown: the system zeroes its 16 pages of 4 KiB when they are first touched, which takes
/// about 20 us.
pub(super) const PAGE_LOG2: u32 = 15;
/// An initial element of a table, priced as one that `table.grow` adds.
const ELEMENT: u64 = 16;
/// An element given by an expression, which the engine interprets.
const EXPRESSION: u64 = 64;
/// A global.
const GLOBAL: u64 = 8;
/// An import or export, by whose name every instantiation links modules.
const NAME: u64 = 256;
/// A byte of these names, which are hashed and compared.
const NAME_BYTE: u64 = 2;
/// An active segment: its offset is computed, and its range is checked.
const SEGMENT: u64 = 256;

/// Computes the cost of an instance of `module`. For a module of valid size, no sum saturates.
///
/// | what | fuel |
/// |---|---|
/// | the instance | 100,000 |
/// | a page of memory | 32,768 |
/// | an element of a table, or of an active segment | 16; as an expression 64 |
/// | an active segment | 256 |
/// | a byte of an active data segment | 1 |
/// | a global | 8 |
/// | an import, an export | 256, and 2 for each byte of its names |
pub(super) fn entry(module: &Module<'_>) -> Result<Entry, MeterError> {
    let mut entry = Entry { fuel: INSTANCE, pages: 0 };
    for import in module.imports.clone().into_iter().flat_map(|imports| imports.into_imports()) {
        let import = import?;
        entry.add_name(import.module.len().saturating_add(import.name.len()));
    }
    for export in module.exports.clone().into_iter().flatten() {
        entry.add_name(export?.name.len());
    }
    entry.add(module.n_globals.into(), GLOBAL);
    for memory in module.memories.clone().into_iter().flatten() {
        let pages = memory?.initial;
        entry.pages = entry.pages.saturating_add(pages);
        entry.add(pages, 1 << PAGE_LOG2);
    }
    for table in module.tables.clone().into_iter().flatten() {
        entry.add(table?.ty.initial, ELEMENT);
    }
    for element in module.elements.clone().into_iter().flatten() {
        let element = element?;
        if let ElementKind::Active { .. } = element.kind {
            entry.add(1, SEGMENT);
            match element.items {
                ElementItems::Functions(items) => entry.add(items.count().into(), ELEMENT),
                ElementItems::Expressions(_, items) => entry.add(items.count().into(), EXPRESSION),
            }
        }
    }
    for data in module.data.clone().into_iter().flatten() {
        let data = data?;
        if let DataKind::Active { .. } = data.kind {
            entry.add(1, SEGMENT);
            entry.add(u64::try_from(data.data.len()).unwrap_or(u64::MAX), 1);
        }
    }
    Ok(entry)
}

impl Entry {
    /// Adds the cost of another module.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { fuel: self.fuel.saturating_add(other.fuel), pages: self.pages.saturating_add(other.pages) }
    }

    fn add_name(&mut self, bytes: usize) {
        self.add(1, NAME);
        self.add(u64::try_from(bytes).unwrap_or(u64::MAX), NAME_BYTE);
    }

    fn add(&mut self, n: u64, price: u64) {
        self.fuel = self.fuel.saturating_add(n.saturating_mul(price));
    }
}
