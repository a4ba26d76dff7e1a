//! Samples: shares with their branches.

use outrider_abi::Reader;

use crate::{
    ProofError, SampleError,
    nmt::{Axis, Header, Nmt, Node, SHARE_BYTES, Share, axis, verify_range},
};

/// A share with the branch to the root of its row or column.
///
/// Its encoding is `axis (1: 0 for a row, 1 for a column) | share (512) | siblings (90 each)`; the header gives their
/// number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareSample {
    /// The axis to whose root the branch leads.
    pub axis: Axis,
    /// The share.
    pub share: Share,
    /// The siblings, from left to right.
    pub siblings: Vec<Node>,
}

impl Nmt {
    /// Returns the share at a row and column with its branch in the row's or column's tree.
    #[must_use]
    pub fn sample_by(&self, axis: Axis, row: usize, column: usize) -> Option<ShareSample> {
        let share = self.share(row, column)?.clone();
        let siblings = match axis {
            Axis::Row => self.row_tree(row)?.siblings(&(column..column.checked_add(1)?)),
            Axis::Column => self.tree(axis, column)?.siblings(&(row..row.checked_add(1)?)),
        };
        Some(ShareSample { axis, share, siblings })
    }
}

impl ShareSample {
    /// Verifies the share at a row and column.
    ///
    /// # Errors
    ///
    /// Fails if there is no such place, or the branch does not lead to its root.
    pub fn verify(&self, header: &Header, row: usize, column: usize) -> Result<(), ProofError> {
        let width = header.width();
        let (index, offset) = self.axis.place(row, column);
        let out_of_square =
            ProofError::Range { start: offset, end: offset.saturating_add(1), n_leaves: width };
        let root = header.roots(self.axis).get(index).ok_or(out_of_square)?;
        let leaf = Node::leaf(axis::namespace((row, column), width, &self.share), &self.share.0[..]);
        verify_range(root, width, offset, &[leaf], &self.siblings)
    }

    /// Verifies the share at a position, row by row.
    pub(crate) fn verify_at(&self, header: &Header, position: usize) -> Result<(), SampleError> {
        let width = header.width();
        let place = position.checked_div(width).zip(position.checked_rem(width));
        let positions = width.saturating_mul(width);
        let (row, column) = place
            .filter(|(row, _)| *row < width)
            .ok_or(SampleError::Position { got: position, positions })?;
        Ok(self.verify(header, row, column)?)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let siblings = self.siblings.iter().flat_map(Node::to_bytes);
        let axis = [match self.axis {
            Axis::Row => 0,
            Axis::Column => 1,
        }];
        axis.into_iter().chain(self.share.0.iter().copied()).chain(siblings).collect()
    }

    pub(crate) fn decode(header: &Header, reader: &mut Reader<'_>) -> Result<Self, SampleError> {
        let axis = match reader.u8()? {
            0 => Axis::Row,
            1 => Axis::Column,
            got => return Err(SampleError::Axis { got }),
        };
        let share = Share(Box::new(reader.take_array::<SHARE_BYTES>()?));
        let siblings = (0..header.width().trailing_zeros()).map(|_| Node::read(reader));
        Ok(Self { axis, share, siblings: siblings.collect::<Result<_, _>>()? })
    }
}
