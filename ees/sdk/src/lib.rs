#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(not(target_family = "wasm"))]
extern crate std;

mod entry;
#[doc(hidden)]
pub mod runtime;

mod bytes32;
mod deposit;
mod error;
mod reader;
mod root;
mod writer;

pub mod bignum;
pub mod context;
pub mod crypto;
pub mod debug;
pub mod driver;
pub mod eth2;
pub mod forest;
pub mod state;

#[cfg(not(target_family = "wasm"))]
pub mod harness;
#[cfg(target_family = "wasm")]
mod imports;
#[cfg(any(target_family = "wasm", test))]
mod line;

pub use deposit::{DEPOSIT_BYTES, Deposit};
pub use error::chain;
pub use reader::{ReadError, Reader};
pub use root::StateRoot;
pub use writer::Writer;

#[cfg(not(target_family = "wasm"))]
use harness::imports;
