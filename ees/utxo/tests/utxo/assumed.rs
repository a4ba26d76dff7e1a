//! Blocks on assumed states.
