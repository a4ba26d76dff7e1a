//! The nodes of a provider's store.
//!
//! | first byte | node | hash |
//! |---|---|---|
//! | below 0x74 | branch or account of the [tree](crate::tree) | Poseidon |
//! | [`STATE_TAG`](crate::node::STATE_TAG) | [state](crate::node) | Keccak-256 |
//! | [`DEPOSITS_TAG`](crate::deposits::DEPOSITS_TAG) | [pending deposits](crate::deposits) | Keccak-256 |
//! | [`KEY_TAG`](crate::keys::KEY_TAG) | [verifying key](crate::keys) | Keccak-256 |

use outrider_witness::{Hash, Hasher as _, Keccak256};

use crate::{deposits::DEPOSITS_TAG, keys::KEY_TAG, node::STATE_TAG, tree};

/// Returns the hash of a node in a provider's store, or `None` if the bytes are none: the function of the store's
/// `StateKind`, whose empty root is zero.
#[must_use]
pub fn node_hash(bytes: &[u8]) -> Option<Hash> {
    match *bytes.first()? {
        STATE_TAG | DEPOSITS_TAG | KEY_TAG => Some(Keccak256::hash(bytes)),
        _ => tree::node_hash(bytes),
    }
}
