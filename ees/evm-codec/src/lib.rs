//! The payload in the block data of the EVM EE: the part that it executes over the witness.
//!
//! It is an RLP list of two or three items, and its byte strings contain RLP in the form of Ethereum's own clients:
//!
//! | kind | rules | content |
//! |---|---|---|
//! | 0 | [`Rules`] | a [`Block`]: a whole Ethereum block, checked against its header |
//! | 1 | [`Rules`] | [`Transactions`] in an environment, without a header, as in Ethereum's state tests |
//! | 2 | [`Rules`] | a [`VouchedBlock`]: a whole block, whose ancestry is trusted rather than checked |
//! | 3 | | a [`ChainBlock`]: the choices of a proposer for the next block of a chain on a shard |
//! | 4 | | a [`ChainPackage`]: transactions for such a block, or the choices for it, from which a state provider makes the block |
//!
//! The kind is an integer; rules and content are the lists of their fields, in their order. An optional field is the last,
//! and is omitted if absent. [`rlp`] splits foreign lists.
//!
//! Kinds 0 to 2 are executed on a state of Ethereum, and kind 3 on the state of a chain, a [`ChainNode`], which holds the
//! rules.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod chain;
mod fork;
mod message;
mod payload;
pub mod rlp;

pub use chain::{
    CONSOLIDATION_REQUESTS, ChainNode, ChainNodeError, ChainPlace, ChainRules, ChainRulesError, ForkTime,
    HISTORY_STORAGE, SlotClock, WITHDRAWAL_REQUESTS,
};
pub use fork::{BlobSchedule, Fork, Rules};
pub use message::{Message, MessageError, OUTBOX, Returned, Spending, alias_preimage, withdrawal_address};
pub use payload::{
    Block, BlockHash, ChainBlock, ChainPackage, Environment, Payload, Proposal, Transactions, VouchedBlock,
};
