//! The libraries for cross-shard styles, under random delays, refusals and expiries.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conditional;
mod htlc;
mod lock;
mod network;
mod transfer;
mod yank;
