//! Rows and columns: their extension, their restoration, their trees.

use crate::{
    ProofError,
    nmt::{Namespace, Node, SHARE_BYTES, Share, Tree},
};

/// The largest width of an extended square.
pub const WIDTH_MAX: usize = 256;

/// A direction in the square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Axis {
    /// From left to right.
    Row,
    /// From top to bottom.
    Column,
}

impl Axis {
    /// Returns row and column of the share at `offset` of the axis with an index.
    #[must_use]
    pub const fn place(self, index: usize, offset: usize) -> (usize, usize) {
        match self {
            Self::Row => (index, offset),
            Self::Column => (offset, index),
        }
    }

    /// Returns the other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Row => Self::Column,
            Self::Column => Self::Row,
        }
    }
}

/// Extends the shares of the first half of a row or column to the whole.
pub(crate) fn extend(originals: &[Share]) -> Option<Vec<Share>> {
    let n = originals.len();
    let mut shards: Vec<Vec<u8>> = originals.iter().map(|share| share.0.to_vec()).collect();
    shards.resize(n.checked_mul(2)?, vec![0; SHARE_BYTES]);
    leopard_codec::encode(&mut shards, n).ok()?;
    Some(shards.into_iter().map(Share::of).collect())
}

/// Restores a row or column from half of its shares: the first that are there, whatever comes after. Returns `None` if
/// they are fewer.
///
/// The result is a codeword, so it differs from shares that are none.
pub(crate) fn restore(shares: &[Option<Share>]) -> Option<Vec<Share>> {
    let n_originals = shares.len() / 2;
    let mut n_taken = 0_usize;
    let mut shards: Vec<Vec<u8>> = Vec::with_capacity(shares.len());
    for share in shares {
        let taken = share.as_ref().filter(|_| n_taken < n_originals);
        n_taken = n_taken.saturating_add(usize::from(taken.is_some()));
        shards.push(taken.map_or_else(Vec::new, |share| share.0.to_vec()));
    }
    if n_taken < n_originals {
        return None;
    }
    leopard_codec::reconstruct(&mut shards, n_originals).ok()?;
    shards.truncate(n_originals);
    let originals: Vec<_> = shards.into_iter().map(Share::of).collect();
    extend(&originals)
}

/// Returns the namespace of a share of a square, by its place: its own in the original quadrant, else parity.
pub(crate) fn namespace((row, column): (usize, usize), width: usize, share: &Share) -> Namespace {
    if row < width / 2 && column < width / 2 { share.namespace() } else { Namespace::PARITY }
}

/// Makes the tree of a row or column.
pub(crate) fn tree(axis: Axis, index: usize, shares: &[Share]) -> Result<Tree, ProofError> {
    let leaf = |(offset, share): (usize, &Share)| {
        Node::leaf(namespace(axis.place(index, offset), shares.len(), share), &share.0[..])
    };
    Tree::new(shares.iter().enumerate().map(leaf).collect())
}
