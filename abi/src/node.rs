//! New nodes of a state.

use alloc::vec::Vec;

use crate::Hash;

/// A node or a blob that an EE has made, as it hands it to a state provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNode {
    /// Its hash, as the EE tells it.
    pub hash: Hash,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The hashes of all nodes and blobs that it refers to.
    pub children: Vec<Hash>,
}
