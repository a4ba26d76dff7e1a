//! Tests of the account EE's public interface: most make a block in provider mode and execute it without the state.

#![allow(clippy::unwrap_used, reason = "a failure of the setup has to fail the test")]

mod blocks;
mod codec;
mod hostile;
mod merging;
mod model;
mod owner;
mod receipts;
mod rejections;
