//! The account EE from outside: each test makes a block in provider mode and executes it without the state.

#![allow(clippy::unwrap_used, reason = "what is set up here cannot fail, or a test is to say so")]

mod blocks;
mod codec;
mod merging;
mod model;
mod owner;
mod rejections;
