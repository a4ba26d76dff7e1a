//! The libraries for cross-shard styles, under random delays, refusals and expiries.

mod conditional;
mod htlc;
mod lock;
mod network;
mod transfer;
mod yank;
