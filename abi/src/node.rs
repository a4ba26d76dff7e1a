//! New nodes of a state.

use alloc::vec::Vec;

use crate::Hash;

/// A new node or blob that an EE hands to a state provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNode {
    /// Its hash, as the EE claims it.
    pub hash: Hash,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The hashes of all nodes and blobs to which it refers.
    pub children: Vec<Hash>,
}
