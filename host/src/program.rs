//! Programs: the modules of one EE, validated and metered, and the requirements of its executions.

use crate::meter::Entry;

/// The modules of one EE, ready to be compiled.
pub(crate) struct Program {
    /// The EE's own module.
    pub(crate) code: Vec<u8>,
    /// The libraries, by name, in the order of instantiation.
    pub(crate) libraries: Vec<(String, Vec<u8>)>,
    pub(crate) requirements: Requirements,
}

/// The requirements of a program's executions, besides its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Requirements {
    /// `None` if the modules are not metered.
    pub(crate) metering: Option<Metering>,
    /// The pages to which its memories can grow.
    pub(crate) pages_max: u64,
}

/// The initial values for the counters of a metered program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Metering {
    /// The slots reserved for functions that do not count their frames.
    pub(crate) stack_reserve_slots: u64,
    /// The cost of the instances, and the pages with which they begin.
    pub(crate) entry: Entry,
}

impl Requirements {
    /// Returns the values as numbers: the slots of the stack reserve, fuel and pages of the entry, and the maximum of
    /// pages.
    pub(crate) fn to_numbers(self) -> [u64; 4] {
        let (slots, entry) =
            self.metering.map_or((NOT_METERED, Entry::default()), |m| (m.stack_reserve_slots, m.entry));
        [slots, entry.fuel, entry.pages, self.pages_max]
    }

    /// Restores the values from the numbers that [`to_numbers`](Self::to_numbers) returned.
    pub(crate) fn from_numbers([stack_reserve_slots, fuel, pages, pages_max]: [u64; 4]) -> Self {
        let metering = Metering { stack_reserve_slots, entry: Entry { fuel, pages } };
        Self { metering: (stack_reserve_slots != NOT_METERED).then_some(metering), pages_max }
    }
}

/// The stack reserve that marks a program without metering; no real reserve is that large.
const NOT_METERED: u64 = u64::MAX;
