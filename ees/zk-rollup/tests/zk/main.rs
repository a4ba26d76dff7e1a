//! Tests of the ZK-rollup EE's public interface: a provider makes most blocks, and a shard without the state executes
//! them.

#![allow(clippy::unwrap_used, reason = "a failure of the setup has to fail the test")]

mod batches;
mod conservation;
mod damage;
mod exits;
mod pairing;
mod receipts;
mod rollup;
mod sections;
mod store;
mod trapdoor;
mod tree;
