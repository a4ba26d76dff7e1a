#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bulk;
mod case;
mod clock;
mod code;
mod control;
mod honest;
mod imports;
mod instantiation;
mod instructions;
mod measure;
mod memory;
mod operands;
mod plain;
mod search;
mod trade;

pub use case::{Case, Code, Ending, Group, Warmth};
pub use measure::{Bench, CalibrateError, Measurement, worst_by_name};
pub use search::{Search, SearchResult};
pub use trade::{PRICES, Trade, trade};

/// Returns all cases.
pub fn cases() -> Vec<Case> {
    [
        plain::cases(),
        bulk::cases(),
        control::cases(),
        memory::cases(),
        code::cases(),
        instantiation::cases(),
        imports::cases(),
    ]
    .concat()
}

#[cfg(test)]
mod tests;
