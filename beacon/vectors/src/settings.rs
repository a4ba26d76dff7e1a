//! The resources that a case may use.

use outrider_beacon_spec::{math::Uint64 as _, types::Slot};

use super::case::Failure;

/// The resources that a case may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The maximum number of slots that a case may run past its pre-state. Each slot takes time, so a damaged slot
    /// number could run forever.
    pub slots_max: u64,
}

impl Default for Settings {
    /// Allows twice the slots of the longest case, `sanity/slots/historical_accumulator` of mainnet.
    fn default() -> Self {
        Self { slots_max: 2 * 8192 }
    }
}

impl Settings {
    /// Checks that a case runs for no more slots than allowed.
    pub(super) fn check_slot(&self, from: Slot, to: Slot) -> Result<(), Failure> {
        // The transition refuses a slot that is not later.
        match to.minus(from) {
            Ok(slots) if slots > self.slots_max => Err(Failure::TooFar { slots, slots_max: self.slots_max }),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
