//! The beacon chain as a node has it, on the [specification](outrider_beacon_spec) to the letter.
//!
//! | module | concern |
//! |---|---|
//! | [`jury`] | the chance that a committee falls into the wrong hands |
//! | [`node`] | the fork choice of a node in the open, which forgets what is past and gives nothing away |

#![forbid(unsafe_code)]

pub mod jury;
pub mod node;
