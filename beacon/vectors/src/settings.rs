//! What cases may take.

use outrider_beacon_spec::{math::Uint64 as _, types::Slot};

use super::case::Failure;

/// What cases may take of whoever runs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many slots beyond the state before it a case may go. The time that this takes is in proportion to them, and a damaged slot
    /// would take forever.
    pub slots_max: u64,
}

impl Default for Settings {
    /// Twice the slots of the longest case, `sanity/slots/historical_accumulator` of mainnet.
    fn default() -> Self {
        Self { slots_max: 2 * 8192 }
    }
}

impl Settings {
    /// Fails if a slot is further from the state's than a case may go.
    pub(super) fn check_slot(&self, from: Slot, to: Slot) -> Result<(), Failure> {
        // A slot that is not later is the transition's to refuse.
        match to.minus(from) {
            Ok(slots) if slots > self.slots_max => Err(Failure::TooFar { slots, slots_max: self.slots_max }),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
