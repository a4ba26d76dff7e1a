//! Formats of others for the EVM: Ethereum's own tests, and blocks with execution witnesses as clients write them. They become states and
//! payloads of the EVM execution environment (EE).
//!
//! | module | concern |
//! |---|---|
//! | [`fixture`] | the tests in a file |
//! | [`state_test`] | one transaction, or its refusal, on a state |
//! | [`blockchain_test`] | blocks after a genesis, valid and not |
//! | [`vm_test`] | one call, by way of a contract that makes it |
//! | [`transaction_test`] | bytes that are a transaction or none |
//! | `redundancy` | compares what tests tell twice |
//! | [`exception`] | what tests call that which is wrong, and how the EE puts it |
//! | [`execution_witness`] | blocks with what they touch of the state, as clients write them |
//! | [`runner`] | runs tests |
//! | [`witness_run`] | executes a block from its execution witness |
//!
//! The last two run the EE, by a state provider. They are behind the cargo feature `runner`, which is on by default: without it no engine
//! is built.

#![forbid(unsafe_code)]

pub mod blockchain_test;
pub mod exception;
pub mod execution_witness;
pub mod fixture;
mod redundancy;
#[cfg(feature = "runner")]
pub mod runner;
pub mod state_test;
pub mod transaction_test;
pub mod vm_test;
#[cfg(feature = "runner")]
pub mod witness_run;
