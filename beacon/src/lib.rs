//! The beacon chain as a node runs it, on top of the [specification](outrider_beacon_spec).
//!
//! | module | concern |
//! |---|---|
//! | [`jury`] | the probability that one party controls a committee |
//! | [`node`] | the fork choice of a node on an open network, with pruning |

#![forbid(unsafe_code)]

pub mod jury;
pub mod node;
