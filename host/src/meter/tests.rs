//! Tests of metering: against a naive model, on programs, and on random modules.

#[cfg(target_arch = "x86_64")]
mod frames;
mod naive;
mod programs;
mod random;
mod refusals;
mod run;
mod snapshots;

use super::{COUNTERS, FuelScale, InstrumentedModule, Linkage, MeterError};
use crate::config::Limits;

const FUEL_EXPORT: &str = COUNTERS[0].export;
const STACK_EXPORT: &str = COUNTERS[1].export;

/// Instruments a module with the default limits.
fn instrument(module: &[u8], linkage: Linkage) -> Result<InstrumentedModule, MeterError> {
    super::instrument(module, linkage, FuelScale::new(&Limits::default()))
}
