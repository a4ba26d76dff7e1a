#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(not(target_family = "wasm"))]
extern crate std;

mod entry;
#[doc(hidden)]
pub mod runtime;

mod error;
mod frame;
mod hash;
mod nodes;
mod writer;

pub mod beacon;
pub mod bignum;
pub mod context;
pub mod crypto;
pub mod debug;
pub mod driver;
pub mod eth2;
pub mod forest;
pub mod receipt;
pub mod state;
pub mod styles;

#[cfg(not(target_family = "wasm"))]
pub mod harness;
#[cfg(target_family = "wasm")]
mod imports;
#[cfg(any(target_family = "wasm", test))]
mod line;

/// The types that an EE shares with its host.
pub use outrider_abi::{DEPOSIT_BYTES, Deposit, ReadError, Reader, RootRead, StateRoot};

pub use error::chain;
pub use writer::Writer;

#[cfg(not(target_family = "wasm"))]
use harness::imports;
