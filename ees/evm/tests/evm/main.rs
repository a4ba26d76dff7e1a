//! The EVM EE from outside: blocks are made in provider mode and executed without the state.

#![allow(clippy::unwrap_used, reason = "what is set up here cannot fail, or a test is to say so")]

mod archives;
mod excerpts;
#[allow(unreachable_pub, reason = "an example has this module, too")]
mod published;
mod rejections;
mod vouched;
