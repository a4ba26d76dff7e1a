//! Chains of the EVM, for hosts of the EVM execution environment (EE): rules, genesis, headers, transactions, states,
//! and the execution of payloads and blocks.
//!
//! The EE itself is a guest, and decides whether a block is valid. It reads an [`outrider_evm_codec::Payload`]; this
//! crate makes payloads from a block and the blocks accepted before it, and keeps states as nodes of a store.
//!
//! | module | contents |
//! |---|---|
//! | [`chain`] | the rules of a chain, by block |
//! | [`shard_chain`] | the state of a chain on a shard: from a genesis, and its head |
//! | [`chain_config`] | a chain's configuration in the format of geth |
//! | [`genesis`] | a chain's genesis in the format of geth |
//! | [`contradiction`] | comparison of data that a file holds twice |
//! | [`json`] | JSON within a bound of memory |
//! | [`import`] | the accepted blocks of a chain, and the payload for the next one |
//! | [`state`] | accounts as nodes and blobs of a store |
//! | [`transaction`] | transactions as fields, to encode and sign |
//! | [`header`] | headers in RLP and in JSON |
//! | [`rlp`] | RLP lists of encoded items |
//! | [`chain_block`] | the next block of a chain on a shard, from signed transactions |
//! | [`trial`] | execution of a payload on a state |
//! | [`post_state`] | the state after a block |
//! | [`importer`] | execution of a chain's blocks, one after another |
//!
//! The last four execute the EE with a state provider. The cargo feature `provider`, which is on by default, has them;
//! without it cargo builds no engine.

#![forbid(unsafe_code)]

pub mod chain;
#[cfg(feature = "provider")]
pub mod chain_block;
pub mod chain_config;
pub mod contradiction;
pub mod genesis;
pub mod header;
pub mod import;
#[cfg(feature = "provider")]
pub mod importer;
pub mod json;
mod networks;
#[cfg(feature = "provider")]
pub mod post_state;
pub mod rlp;
pub mod shard_chain;
pub mod state;
pub mod transaction;
#[cfg(feature = "provider")]
pub mod trial;
