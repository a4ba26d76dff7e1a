#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod input;
mod state;
mod transaction;
mod transition;

pub use input::InputError;
pub use transition::{TransitionError, transition};

outrider_sdk::entry!(transition);
