//! The payload in the block data of the EVM EE: the part that it executes over the witness.
//!
//! It is an RLP list, and its byte strings contain RLP in the form of Ethereum's own clients:
//!
//! - a [`Block`]: a whole Ethereum block, checked against its header;
//! - [`Transactions`]: transactions in an environment, without a header, as in Ethereum's state tests;
//! - a [`VouchedBlock`]: a whole block, whose ancestry is trusted rather than checked.
//!
//! | item | type | content |
//! |---|---|---|
//! | 0 | integer | 0 for a block, 1 for transactions, 2 for a block whose ancestry is vouched for |
//! | 1 | list | the [`Rules`] |
//! | 2 | list | the [`Block`], the [`Transactions`], or the [`VouchedBlock`] |
//!
//! Each of these is the list of its fields, in their order. An optional field is the last, and is omitted if absent.
//! [`rlp`] splits foreign lists.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod fork;
mod payload;
pub mod rlp;

pub use fork::{BlobSchedule, Fork, Rules};
pub use payload::{Block, BlockHash, Environment, Payload, Transactions, VouchedBlock};
