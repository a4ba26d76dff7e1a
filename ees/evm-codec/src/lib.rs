//! The payload of the block data of the EVM EE: what is executed over the witness.
//!
//! It is an RLP list, and what is in it as a string of bytes is RLP again, as Ethereum's own clients write it:
//!
//! - a [`Block`]: a whole Ethereum block, checked against its header;
//! - [`Transactions`]: transactions in an environment, without a header, as in Ethereum's state tests;
//! - a [`VouchedBlock`]: a whole block, of which the ancestry is believed rather than checked.
//!
//! | item | type | what |
//! |---|---|---|
//! | 0 | integer | 0 for a block, 1 for transactions, 2 for a block whose ancestry is vouched for |
//! | 1 | list | the [`Rules`] |
//! | 2 | list | the [`Block`], the [`Transactions`], or the [`VouchedBlock`] |
//!
//! Each of these is the list of its fields, in their order. A field that may be missing is the last, and then is not there. [`rlp`] takes
//! lists of others apart.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod fork;
mod payload;
pub mod rlp;

pub use fork::{BlobSchedule, Fork, Rules};
pub use payload::{Block, BlockHash, Environment, Payload, Transactions, VouchedBlock};
