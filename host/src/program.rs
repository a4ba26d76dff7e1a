//! A program: the modules of one EE, validated and metered, and what its executions need.

use crate::meter::Entry;

/// The modules of one EE, ready to be compiled.
pub(crate) struct Program {
    /// The EE's own module.
    pub(crate) code: Vec<u8>,
    /// The libraries, by name, in the order of their instantiation.
    pub(crate) libraries: Vec<(String, Vec<u8>)>,
    pub(crate) needs: Needs,
}

/// What an execution of a program needs, besides its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    /// None if the modules are not metered.
    pub(crate) metering: Option<Metering>,
    /// The pages that its memories can grow to.
    pub(crate) pages_max: u64,
}

/// What the counters of a metered program start at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Metering {
    /// The slots to keep for functions that do not count their frames.
    pub(crate) stack_reserve_slots: u64,
    /// What the instances cost, and the pages that they begin with.
    pub(crate) entry: Entry,
}

impl Needs {
    /// Returns it as numbers: the slots of the stack reserve, fuel and pages of the entry, and the pages at most.
    pub(crate) fn to_numbers(self) -> [u64; 4] {
        let (slots, entry) =
            self.metering.map_or((NOT_METERED, Entry::default()), |m| (m.stack_reserve_slots, m.entry));
        [slots, entry.fuel, entry.pages, self.pages_max]
    }

    /// Takes back what [`to_numbers`](Self::to_numbers) gave.
    pub(crate) fn from_numbers([stack_reserve_slots, fuel, pages, pages_max]: [u64; 4]) -> Self {
        let metering = Metering { stack_reserve_slots, entry: Entry { fuel, pages } };
        Self { metering: (stack_reserve_slots != NOT_METERED).then_some(metering), pages_max }
    }
}

/// Stands for the stack reserve of a program that is not metered; no reserve is that large.
const NOT_METERED: u64 = u64::MAX;
