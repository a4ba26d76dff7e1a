//! The counter globals of a module.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode};

use super::{COUNTERS, Linkage, module::Module};

/// The indices of the counters, from which those of the module's globals follow.
pub(super) struct Globals {
    /// The index of the fuel counter.
    pub(super) fuel: u32,
    /// The index of the stack counter.
    pub(super) stack: u32,
    /// The index of the counter of pages.
    pub(super) pages: u32,
    /// The index of the function that grows the memory, after all others.
    pub(super) grow: u32,
}

impl Globals {
    pub(super) fn new(module: &Module<'_>, linkage: Linkage) -> Self {
        let fuel = match linkage {
            Linkage::Alone => module.n_globals,
            Linkage::Linked => module.n_imported_globals,
        };
        Self {
            fuel,
            stack: fuel.saturating_add(1),
            pages: fuel.saturating_add(2),
            grow: u32::try_from(module.function_space.len()).unwrap_or(u32::MAX),
        }
    }

    /// Returns the index, in the instrumented module, of a global of the original.
    pub(super) fn index(&self, original: u32) -> u32 {
        const N_COUNTERS: u32 = COUNTERS.len() as u32;
        if original < self.fuel { original } else { original.saturating_add(N_COUNTERS) }
    }
}

impl Reencode for Globals {
    type Error = Infallible;

    fn global_index(&mut self, original: u32) -> Result<u32, Error> {
        Ok(self.index(original))
    }
}
