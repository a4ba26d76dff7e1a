//! Chains on shards: what a block of one can do, and that nobody can mint. The EE is executed without an engine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

#[path = "shard_chain/blocks.rs"]
mod blocks;
#[path = "shard_chain/minting.rs"]
mod minting;
#[path = "shard_chain/node.rs"]
mod node;
#[path = "shard_chain/packages.rs"]
mod packages;
