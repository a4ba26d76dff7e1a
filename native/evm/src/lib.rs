//! Ethereum's own tests, blocks and execution witnesses, as states and payloads of the EVM execution environment (EE).
//!
//! Nothing here executes anything, and no engine is needed to build it. What a test or a block consists of becomes a state,
//! which goes into a store, and an [`outrider_evm_codec::Payload`], which a state provider makes block data of.
//!
//! | module | concern |
//! |---|---|
//! | [`fixture`] | the tests in a file |
//! | [`state_test`] | one transaction, or its refusal, on a state |
//! | [`blockchain_test`] | blocks after a genesis, valid and not |
//! | [`vm_test`] | one call, by way of a contract that makes it |
//! | [`transaction_test`] | bytes that are a transaction or none |
//! | [`chain`] | which rules hold for which block |
//! | [`chain_config`] | the same, as geth is told it |
//! | [`genesis`] | how a chain begins, as geth is told it |
//! | [`contradiction`] | what tests tell twice, and not the same |
//! | [`json`] | JSON, within a bound of memory |
//! | [`import`] | which blocks of a chain have been accepted, and what comes next |
//! | [`state`] | accounts, as nodes and blobs of a store |
//! | [`exception`] | what tests call that which is wrong, and how the EE puts it |
//! | [`transaction`] | transactions as fields, to encode and sign |
//! | [`header`] | headers, in RLP and in JSON |
//! | [`execution_witness`] | blocks with what they touch of the state, as clients write them |

#![forbid(unsafe_code)]

pub mod blockchain_test;
pub mod chain;
pub mod chain_config;
pub mod contradiction;
pub mod exception;
pub mod execution_witness;
pub mod fixture;
pub mod genesis;
pub mod header;
pub mod import;
pub mod json;
mod networks;
mod rlp;
pub mod state;
pub mod state_test;
pub mod transaction;
pub mod transaction_test;
pub mod vm_test;
