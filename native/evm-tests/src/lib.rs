//! Ethereum's own tests, and blocks with execution witnesses in the formats of clients, as states and payloads of the
//! EVM execution environment (EE).
//!
//! | module | contents |
//! |---|---|
//! | [`fixture`] | the tests of a file |
//! | [`state_test`] | tests of a transaction on a state |
//! | [`blockchain_test`] | tests of blocks after a genesis, valid and invalid |
//! | [`vm_test`] | tests of a call, which a contract makes |
//! | [`transaction_test`] | tests of bytes that are either a valid transaction or not one |
//! | `redundancy` | comparison of data that tests hold twice |
//! | [`exception`] | the names of exceptions in tests, and the EE's reasons that match them |
//! | [`execution_witness`] | blocks with execution witnesses, in the formats of several clients |
//! | [`runner`] | execution of tests |
//! | [`witness_run`] | execution of a block from its execution witness |
//!
//! The last two execute the EE with a state provider. The cargo feature `runner`, which is on by default, has them;
//! without it cargo builds no engine.

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
