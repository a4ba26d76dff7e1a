//! The circuit of the ZK rollup, its keys and its prover.
//!
//! | module | contents |
//! |---|---|
//! | [`circuit`] | the constraints of a batch, by rule |
//! | [`witness`] | the values that a prover chooses |
//! | [`tree`] | a tree of accounts in memory |
//! | [`batch`] | the witness of a batch, from signed transfers and a tree |
//! | [`setup`] | keys for development, from a seed |
//! | [`ceremony`] | keys from the powers of tau of a ceremony |
//! | [`keys`] | proving keys in files, and verifying keys |
//! | [`prover`] | proofs |
//! | [`operator`] | sections of blocks from signed transfers, and states from published blocks |
//!
//! The example `constraints` prints the size of the circuit of each batch, and how many constraints a transfer takes in each
//! part:
//!
//! | size | constraints | domain | per slot | signature | sender's path | receiver's path | floats and ranges | selection | digest |
//! |---|---|---|---|---|---|---|---|---|---|
//! | 8 | 129913 | 2^17 | 16239 | 1823 | 6853 | 6853 | 445 | 199 | 66 |
//! | 30 | 486772 | 2^19 | 16226 | 1823 | 6853 | 6853 | 445 | 199 | 53 |
//! | 60 | 973282 | 2^20 | 16221 | 1823 | 6853 | 6853 | 445 | 199 | 48 |
//! | 120 | 1946302 | 2^21 | 16219 | 1823 | 6853 | 6853 | 445 | 199 | 46 |
//!
//! The example `prove` measures setup and proof. On one machine of 2 cores, in seconds of CPU:
//!
//! | size | setup | its memory | proving key | proof | its memory | the same by arkworks |
//! |---|---|---|---|---|---|---|
//! | 8 | 13 s | 203 MB | 75 MB | 4.3 s | 200 MB | 9.4 s, 326 MB |
//! | 30 | 48 s | 752 MB | 285 MB | 15.6 s | 560 MB | |
//! | 120 | 184 s | 3.0 GB | 1139 MB | 57 s | 1.9 GB | |
//!
//! `outrider_zk_rollup_core` has what this crate shares with the execution environment.

#![forbid(unsafe_code)]

pub mod batch;
pub mod ceremony;
pub mod circuit;
pub mod keys;
pub mod operator;
pub mod prover;
pub mod setup;
pub mod tree;
pub mod witness;

pub use batch::{Batch, SignedTransfer, TransferError};
pub use circuit::Circuit;
pub use keys::ProvingKey;

use outrider_abi::{Reader, StateRoot};
use outrider_witness::{Hash, store::StateKind};
use outrider_zk_rollup_ee::{StateNode, StateNodeError, node_hash};

/// The kind of the EE's states: nodes of states, lists of deposits, verifying keys, and the tree of accounts.
pub const STATE_KIND: StateKind = StateKind::new("zk-rollup", node_hash, Hash([0; 32]));

/// Returns the root of the state that a witness of the EE is of. A witness of the empty state has no bytes.
///
/// # Errors
///
/// Fails if the witness does not begin with a state's node.
pub fn witness_root(witness: &[u8]) -> Result<StateRoot, StateNodeError> {
    if witness.is_empty() {
        return Ok(StateRoot(STATE_KIND.empty_root().0));
    }
    StateNode::read(&mut Reader::new(witness)).map(|node| node.root())
}
