//! The proof that a header commits to a wrong encoding.

use outrider_abi::Reader;
use thiserror::Error;

use crate::{
    ProofError, SampleError,
    nmt::{Axis, Header, Share, ShareSample, axis},
};

/// A proof that a row or column is wrongly encoded: half of its shares, each proven.
///
/// They determine the whole. If its root is not the header's, or it has none, as its namespaces are not in order, then
/// nobody can restore the data, although every sample verifies. This is Celestia's `BadEncodingFraudProof`.
///
/// Encoding: `axis (1) | index (2, little-endian)`, and for each share, ascending, `offset (2) | sample`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FraudProof {
    /// Whether it is about a row or a column.
    pub axis: Axis,
    /// The index of the row or column.
    pub index: usize,
    /// Half of its shares, by ascending offsets.
    pub shares: Vec<ProvenShare>,
}

/// A share of a row or column, proven to the header through its row or its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenShare {
    /// Its offset in the row or column.
    pub offset: usize,
    /// The share with its branch.
    pub sample: ShareSample,
}

/// A proof of a wrong encoding does not hold: the fault of who made it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FraudError {
    /// There is no such row or column.
    #[error("row or column {index} of {width}")]
    Index {
        /// Its index.
        index: usize,
        /// The number of rows, and of columns.
        width: usize,
    },
    /// The shares are not exactly half, or their offsets do not ascend.
    #[error("{got} shares, expected {expected} by ascending offsets")]
    Shares {
        /// Their number.
        got: usize,
        /// The number that determines a row or column.
        expected: usize,
    },
    /// A share is not proven.
    #[error("the share at offset {offset}: {source}")]
    Share {
        /// Its offset.
        offset: usize,
        /// The reason.
        source: ProofError,
    },
    /// The row or column is well encoded.
    #[error("the row or column is well encoded")]
    WellEncoded,
}

impl FraudProof {
    /// Verifies that the header commits to a wrong encoding, in these steps: 1. the row or column exists, and has half of
    /// its shares here; 2. each is proven to the header; 3. what they determine has another root than the header's.
    ///
    /// # Errors
    ///
    /// Fails if one of these does not hold; then the proof says nothing about the header.
    pub fn verify(&self, header: &Header) -> Result<(), FraudError> {
        let width = header.width();
        let no_index = FraudError::Index { index: self.index, width };
        let root = header.roots(self.axis).get(self.index).ok_or(no_index)?;
        let is_ascending = self.shares.is_sorted_by(|left, right| left.offset < right.offset);
        if self.shares.len() != width / 2 || !is_ascending {
            return Err(FraudError::Shares { got: self.shares.len(), expected: width / 2 });
        }
        let mut shares: Vec<Option<Share>> = vec![None; width];
        for ProvenShare { offset, sample } in &self.shares {
            let (row, column) = self.axis.place(self.index, *offset);
            let unproven = |source| FraudError::Share { offset: *offset, source };
            sample.verify(header, row, column).map_err(unproven)?;
            if let Some(share) = shares.get_mut(*offset) {
                *share = Some(sample.share.clone());
            }
        }
        if is_well_encoded(self.axis, self.index, root, &shares) {
            return Err(FraudError::WellEncoded);
        }
        Ok(())
    }

    /// Returns its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).to_le_bytes();
        let axis = match self.axis {
            Axis::Row => 0,
            Axis::Column => 1,
        };
        let mut bytes = vec![axis];
        bytes.extend(number(self.index));
        for ProvenShare { offset, sample } in &self.shares {
            bytes.extend(number(*offset));
            bytes.extend(sample.encode());
        }
        bytes
    }

    /// Decodes a proof about a header; it is not verified yet.
    ///
    /// # Errors
    ///
    /// Fails if the bytes end early or late, or an axis is neither a row nor a column.
    pub fn decode(header: &Header, bytes: &[u8]) -> Result<Self, SampleError> {
        let mut reader = Reader::new(bytes);
        let axis = match reader.u8()? {
            0 => Axis::Row,
            1 => Axis::Column,
            got => return Err(SampleError::Axis { got }),
        };
        let index = usize::from(reader.u16_le()?);
        let mut shares = Vec::with_capacity(header.width() / 2);
        for _ in 0..header.width() / 2 {
            let offset = usize::from(reader.u16_le()?);
            shares.push(ProvenShare { offset, sample: ShareSample::decode(header, &mut reader)? });
        }
        reader.finish()?;
        Ok(Self { axis, index, shares })
    }
}

/// Returns whether half of the shares of a row or column determine one with this root.
fn is_well_encoded(axis: Axis, index: usize, root: &crate::nmt::Node, shares: &[Option<Share>]) -> bool {
    let whole = axis::restore(shares);
    let tree = whole.and_then(|whole| axis::tree(axis, index, &whole).ok());
    tree.is_some_and(|tree| tree.root() == *root)
}
