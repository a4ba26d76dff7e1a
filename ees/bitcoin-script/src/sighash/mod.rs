//! The three hashes of a transaction that signatures of an input sign.
//!
//! A hash type has a lower part, which selects the outputs, and [`ANYONE_CAN_PAY`], which drops the other inputs.

pub(crate) mod legacy;
pub(crate) mod segwit;
pub(crate) mod taproot;

pub use legacy::legacy;
pub use segwit::segwit_v0;
pub use taproot::{TaprootPath, taproot};

/// The part of a legacy or segwit v0 hash type that selects the outputs.
pub const OUTPUT_MASK: u32 = 0x1f;
/// Signs all outputs, as every value of the part does that is neither [`NONE`] nor [`SINGLE`].
pub const ALL: u32 = 1;
/// Signs no output.
pub const NONE: u32 = 2;
/// Signs the output with the index of the input.
pub const SINGLE: u32 = 3;
/// Signs no other input.
pub const ANYONE_CAN_PAY: u32 = 0x80;
