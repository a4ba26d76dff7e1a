//! Receipts of chains on shards: what contracts send, and what blocks deliver. The EE is executed without an engine, and in
//! `engines` by both.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

#[path = "shard_receipts/aliases.rs"]
mod aliases;
#[path = "shard_receipts/blocks.rs"]
mod blocks;
#[path = "shard_receipts/bounds.rs"]
mod bounds;
#[cfg(feature = "runner")]
#[path = "shard_receipts/engines.rs"]
mod engines;
#[path = "shard_receipts/foreign.rs"]
mod foreign;
#[path = "shard_receipts/hostile.rs"]
mod hostile;
#[path = "shard_receipts/oracle.rs"]
mod oracle;
#[path = "shard_receipts/receiving.rs"]
mod receiving;
#[path = "shard_receipts/sending.rs"]
mod sending;
#[path = "shard_receipts/supply.rs"]
mod supply;
