//! Bitcoin for hosts of the UTXO execution environment: published vectors, formats of blocks and of the outputs that they
//! spend, and the execution of chains with a state provider.
//!
//! The EE has the rules; its README describes them. This crate reads the files of others, and turns them into payloads of
//! the EE.

#![forbid(unsafe_code)]

pub mod assumed;
pub mod blocks;
pub mod chain;
pub mod network;
pub mod outputs;
pub mod vectors;

use outrider_abi::{Reader, StateRoot};
use outrider_utxo_ee::{Tip, TipError, node_hash};
use outrider_witness::{Hash, store::StateKind};

/// The kind of the EE's states: tips, the branches of forests, and the nodes of indexes.
pub const STATE_KIND: StateKind = StateKind::new("utxo", node_hash, Hash([0; 32]));

/// Returns the root of the state that a witness of the EE is of. A witness of the empty state has no bytes.
///
/// # Errors
///
/// Fails if the witness does not begin with a tip.
pub fn witness_root(witness: &[u8]) -> Result<StateRoot, TipError> {
    if witness.is_empty() {
        return Ok(StateRoot(STATE_KIND.empty_root().0));
    }
    Tip::read(&mut Reader::new(witness)).map(|tip| tip.root())
}
