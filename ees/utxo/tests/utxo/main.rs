//! Tests of the UTXO EE's public interface: a provider makes most blocks, and a shard without the state executes them.

#![allow(clippy::unwrap_used, reason = "a failure of the setup has to fail the test")]
#![allow(clippy::print_stdout, reason = "sizes are worth a look")]

mod assumed;
mod boundaries;
mod builder;
mod chain;
mod conservation;
mod damage;
mod example;
mod fuzz;
mod oracle;
mod packages;
mod published;
mod refusals;
mod replay;
mod shard;
mod store;
