//! The account EE from outside: each test makes a block in provider mode and executes it without the state.

mod blocks;
mod codec;
mod merging;
mod model;
mod owner;
mod rejections;
