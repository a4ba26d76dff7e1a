//! Bitcoin for hosts of the UTXO execution environment: published vectors, formats of blocks and of the outputs that they
//! spend, and the execution of chains with a state provider.
//!
//! The EE has the rules; its README describes them. This crate reads the files of others, and turns them into payloads of
//! the EE.

#![forbid(unsafe_code)]

pub mod assumed;
pub mod blocks;
pub mod chain;
mod crypto;
pub mod network;
pub mod outputs;
pub mod vectors;

use outrider_utxo_ee::node_hash;
use outrider_witness::{Hash, store::StateKind};

/// The kind of the EE's states: tips, the branches of forests, and the nodes of indexes.
pub const STATE_KIND: StateKind = StateKind::new("utxo", node_hash, Hash([0; 32]));
