//! The EVM's chains for hosts of the EVM execution environment (EE): rules, genesis, headers, transactions and states, and what comes of a
//! payload or a block on a state.
//!
//! The EE itself is a guest, and decides. What it is given is an [`outrider_evm_codec::Payload`]; this crate makes one of a block and of what
//! has been accepted before it, and keeps states as nodes of a store.
//!
//! | module | concern |
//! |---|---|
//! | [`chain`] | which rules hold for which block |
//! | [`chain_config`] | the same, as geth is told it |
//! | [`genesis`] | how a chain begins, as geth is told it |
//! | [`contradiction`] | what is told twice, and not the same |
//! | [`json`] | JSON, within a bound of memory |
//! | [`import`] | which blocks of a chain have been accepted, and what comes next |
//! | [`state`] | accounts, as nodes and blobs of a store |
//! | [`transaction`] | transactions as fields, to encode and sign |
//! | [`header`] | headers, in RLP and in JSON |
//! | [`rlp`] | lists in RLP of which the items are encoded already |
//! | [`trial`] | payloads, tried on a state |
//! | [`post_state`] | the state after a block |
//! | [`importer`] | blocks of a chain, executed one after the other |
//!
//! The last three run the EE, by a state provider. They are behind the cargo feature `provider`, which is on by default: without it no
//! engine is built.

#![forbid(unsafe_code)]

pub mod chain;
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
pub mod state;
pub mod transaction;
#[cfg(feature = "provider")]
pub mod trial;
