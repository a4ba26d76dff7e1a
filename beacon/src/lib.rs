//! The beacon chain as a node runs it, on top of the [specification](outrider_beacon_spec).
//!
//! | module | concern |
//! |---|---|
//! | [`jury`] | the probability that one party controls a committee |
//! | [`node`] | the fork choice of a node on an open network, with pruning |
//! | [`ledger`] | EEs, their ether and their roots, beside the specification's state |
//! | [`registry`] | how EEs come, change and go |
//! | [`proof`] | proofs of what the ledger says, from a block's root |
//! | `admission` | the host's word on code, with the feature `host` |
//! | [`store`] | a node on disk |

#![forbid(unsafe_code)]

#[cfg(feature = "host")]
pub mod admission;
pub mod jury;
pub mod ledger;
pub mod node;
pub mod proof;
pub mod receipts;
pub mod registry;
pub mod store;
