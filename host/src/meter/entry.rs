//! What an execution costs before its first instruction: fresh instances of what the module declares.

use wasmparser::{DataKind, ElementItems, ElementKind};

use super::{MeterError, module::Module};

/// What instances of a module need at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The price of an instance, in fuel.
    pub(crate) fuel: u64,
    /// The pages of its memory.
    pub(crate) pages: u64,
}

/// For an instance: a place in the pool, its globals and imports bound, its memory and tables put back afterwards, and the trap
/// that may end it, which takes longer than all of these.
const INSTANCE: u64 = 100_000;
/// For a page of 64 KiB, whether it is there at the start or grown: the system zeroes its 16 pages of 4 KiB when they are
/// first touched, which takes 20 us or so.
pub(super) const PAGE_LOG2: u32 = 15;
/// For an element of a table at the start, as for one that `table.grow` adds.
const ELEMENT: u64 = 16;
/// For an element that an expression gives: the engine interprets it.
const EXPRESSION: u64 = 64;
/// For each global.
const GLOBAL: u64 = 8;
/// For each import and export, by whose names modules are linked whenever they are instantiated.
const NAME: u64 = 256;
/// For each byte of these names, which are hashed and compared.
const NAME_BYTE: u64 = 2;
/// For each active segment: its offset is computed, its range is checked.
const SEGMENT: u64 = 256;

/// Computes what an instance of `module` costs. For a module of valid size, nothing here saturates.
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
    /// What several modules need together.
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
