//! Hashes of branches, and their bytes in a store.
//!
//! A store has branches and no leaves: a leaf is a hash and nothing else here. A *link* is the hash of a child with its
//! rows: 0 for a leaf, and `r` + 1 for a branch that stands for bit `r` of an index (see [Indices](super#indices)).
//!
//! | bytes of a branch | |
//! |---|---|
//! | 32 | hash of the left child |
//! | 32 | hash of the right child |
//! | 1 | rows of the left child |
//! | 1 | rows of the right child |
//!
//! The hash of a branch covers its first 64 bytes alone. False rows can therefore go unnoticed at first, but they only
//! hide leaves: a leaf is found when its hash is found, and then the path to it consists of hashes that are right.

use alloc::vec::Vec;

use crate::{
    Hash, Hasher, NodeError, NodeSource, Sha512_256,
    hash::HASH_BYTES,
    reader::{ReadError, Reader},
};

/// The length of a branch in a store, in bytes.
pub const BRANCH_BYTES: usize = PAIR_BYTES + 2;

const PAIR_BYTES: usize = 2 * HASH_BYTES;

/// A node as its parent or a state refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The hash.
    pub hash: Hash,
    /// 0 for a leaf, `r` + 1 for a branch that stands for bit `r` of an index.
    pub rows: u8,
}

/// Returns the hash of a branch with these children.
#[must_use]
pub fn parent_hash(left: &Hash, right: &Hash) -> Hash {
    parent_hash_with::<Sha512_256>(left, right)
}

/// As [`parent_hash`], with SHA-512/256 as `H` computes it.
pub(super) fn parent_hash_with<H: Hasher>(left: &Hash, right: &Hash) -> Hash {
    let mut pair = [0; PAIR_BYTES];
    let (first, second) = pair.split_at_mut(HASH_BYTES);
    first.copy_from_slice(&left.0);
    second.copy_from_slice(&right.0);
    H::hash(&pair)
}

/// Returns the hash of a branch in a store, or `None` if the bytes are none: the function of a
/// [`StateKind`](crate::store::StateKind).
#[must_use]
pub fn branch_hash(bytes: &[u8]) -> Option<Hash> {
    let (left, right) = decode(bytes).ok()?;
    Some(parent_hash(&left.hash, &right.hash))
}

/// Returns the bytes of a branch.
pub(super) fn encode(left: &Link, right: &Link) -> Vec<u8> {
    [&left.hash.0[..], &right.hash.0[..], &[left.rows, right.rows]].concat()
}

/// Reads the children of a branch from a source, and checks its hash.
pub(super) fn read<H: Hasher>(source: &impl NodeSource, hash: &Hash) -> Result<(Link, Link), NodeError> {
    let bytes = source.node(hash)?;
    let children = decode(&bytes).map_err(|error| NodeError::Source { hash: *hash, source: error.into() })?;
    let got = parent_hash_with::<H>(&children.0.hash, &children.1.hash);
    if got == *hash { Ok(children) } else { Err(NodeError::WrongHash { expected: *hash, got }) }
}

fn decode(bytes: &[u8]) -> Result<(Link, Link), ReadError> {
    let mut reader = Reader::new(bytes);
    let (left, right) = (Hash(reader.take_array()?), Hash(reader.take_array()?));
    let (left_rows, right_rows) = (reader.u8()?, reader.u8()?);
    reader.finish()?;
    Ok((Link { hash: left, rows: left_rows }, Link { hash: right, rows: right_rows }))
}
