//! The extended square, as its producer has it.

use crate::{
    BODY_BYTES_MAX, BodyError, CommitError, ProofError,
    nmt::{Axis, Header, Namespace, Part, Share, Tree, WIDTH_MAX, axis, join, split},
};

/// The largest number of original shares.
const SHARES_MAX: usize = WIDTH_MAX * WIDTH_MAX / 4;

/// An extended square with its header.
///
/// It holds one body ([`Scheme::commit`](crate::Scheme::commit)), the parts of one shard block by EE, or the parts of all
/// shard blocks of a slot ([`of_parts`](Self::of_parts)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nmt {
    header: Header,
    /// Row by row.
    shares: Vec<Share>,
    rows: Vec<Tree>,
}

impl Nmt {
    /// Sorts parts by their namespaces, and extends their shares.
    ///
    /// Parts of the same namespace stay in their order. The square is the smallest that holds them.
    ///
    /// # Errors
    ///
    /// Fails if a part has a reserved namespace, or they have more than 16,384 shares: up to 7.9 MB.
    pub fn of_parts(parts: &[Part]) -> Result<Self, CommitError> {
        if let Some(index) = parts.iter().position(|part| !part.namespace.is_for_parts()) {
            return Err(CommitError::ReservedNamespace { index });
        }
        let mut sorted: Vec<&Part> = parts.iter().collect();
        sorted.sort_by_key(|part| part.namespace);
        let mut shares = Vec::new();
        for part in sorted {
            shares.extend(split(part)?);
            if shares.len() > SHARES_MAX {
                return Err(CommitError::TooManyShares { got: shares.len(), max: SHARES_MAX });
            }
        }
        let n = width_of(shares.len());
        shares.resize_with(n.saturating_mul(n), Share::padding);
        let too_many = CommitError::TooManyShares { got: shares.len(), max: SHARES_MAX };
        Self::of_originals(&shares).ok_or(too_many)
    }

    pub(crate) fn of_body(body: &[u8]) -> Result<Self, CommitError> {
        if body.len() > BODY_BYTES_MAX {
            return Err(CommitError::BodyTooLarge { got: body.len(), max: BODY_BYTES_MAX });
        }
        Self::of_parts(&[Part { namespace: Namespace::BODY, data: body.to_vec() }])
    }

    /// Extends original shares, row by row. Returns `None` if their number is no square of a power of two up to 128, or
    /// their namespaces are not in order.
    #[must_use]
    pub fn of_originals(originals: &[Share]) -> Option<Self> {
        let n = originals.len().isqrt();
        if n.checked_mul(n) != Some(originals.len()) || !n.is_power_of_two() || n > WIDTH_MAX / 2 {
            return None;
        }
        let width = n.checked_mul(2)?;
        let upper = originals.chunks(n).map(axis::extend).collect::<Option<Vec<_>>>()?;
        let column = |index: usize| {
            let above: Vec<Share> = upper.iter().filter_map(|row| row.get(index).cloned()).collect();
            axis::extend(&above)
        };
        let columns = (0..width).map(column).collect::<Option<Vec<_>>>()?;
        let shares =
            (0..width).flat_map(|row| columns.iter().filter_map(move |column| column.get(row).cloned()));
        Self::of_extended(shares.collect()).ok()
    }

    /// Hashes the shares of an extended square, row by row, without a check of their encoding.
    ///
    /// # Errors
    ///
    /// Fails if their number is no square of a power of two, or their namespaces are not in order.
    pub fn of_extended(shares: Vec<Share>) -> Result<Self, ProofError> {
        let width = shares.len().isqrt();
        let number = ProofError::Range { start: 0, end: shares.len(), n_leaves: width.saturating_mul(width) };
        if width.checked_mul(width) != Some(shares.len()) || !(2..=WIDTH_MAX).contains(&width) {
            return Err(number);
        }
        let rows =
            (0..width).map(|row| tree_of(&shares, width, Axis::Row, row)).collect::<Result<Vec<_>, _>>()?;
        let columns = (0..width)
            .map(|column| tree_of(&shares, width, Axis::Column, column))
            .collect::<Result<Vec<_>, _>>()?;
        let roots = |trees: &[Tree]| trees.iter().map(Tree::root).collect();
        let header = Header::new(roots(&rows), roots(&columns)).map_err(|_| number)?;
        Ok(Self { header, shares, rows })
    }

    /// Returns the header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the share at a row and column of the extended square.
    #[must_use]
    pub fn share(&self, row: usize, column: usize) -> Option<&Share> {
        let width = self.header.width();
        (column < width).then(|| self.shares.get(row.checked_mul(width)?.checked_add(column)?))?
    }

    /// Returns the original shares, row by row.
    #[must_use]
    pub fn originals(&self) -> Vec<Share> {
        let width = self.header.width();
        let rows = self.shares.chunks(width).take(width / 2);
        rows.flat_map(|row| row.iter().take(width / 2).cloned()).collect()
    }

    /// Returns the parts, in the order of their namespaces.
    ///
    /// # Errors
    ///
    /// Fails if the shares are not as this crate makes them.
    pub fn parts(&self) -> Result<Vec<Part>, BodyError> {
        join(&self.originals())
    }

    /// Returns the tree of a row or column.
    #[must_use]
    pub fn tree(&self, axis: Axis, index: usize) -> Option<Tree> {
        match axis {
            Axis::Row => self.rows.get(index).cloned(),
            Axis::Column if index < self.header.width() => {
                tree_of(&self.shares, self.header.width(), axis, index).ok()
            }
            Axis::Column => None,
        }
    }

    pub(crate) fn row_tree(&self, row: usize) -> Option<&Tree> {
        self.rows.get(row)
    }
}

/// Returns the smallest power of two whose square is at least the number of shares.
fn width_of(n_shares: usize) -> usize {
    let root = n_shares.isqrt();
    let root = if root.saturating_mul(root) < n_shares { root.saturating_add(1) } else { root };
    root.max(1).next_power_of_two()
}

fn tree_of(shares: &[Share], width: usize, axis: Axis, index: usize) -> Result<Tree, ProofError> {
    let of_axis = (0..width).filter_map(|offset| {
        let (row, column) = axis.place(index, offset);
        shares.get(row.checked_mul(width)?.checked_add(column)?).cloned()
    });
    axis::tree(axis, index, &of_axis.collect::<Vec<_>>())
}
