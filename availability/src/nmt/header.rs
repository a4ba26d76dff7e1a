//! The roots of rows and columns: Celestia's data availability header.

use outrider_abi::Reader;

use crate::{
    AvailabilityRoot, HeaderError, merkle,
    nmt::{Axis, Node, WIDTH_MAX},
};

/// The roots of all rows, then of all columns of an extended square.
///
/// Its root is the `data_hash` of Celestia's block headers: RFC 6962 over the 90-byte roots. Its encoding is the number of
/// rows (2, little-endian) and all roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    rows: Vec<Node>,
    columns: Vec<Node>,
}

impl Header {
    /// Makes a header of the roots of rows and columns.
    ///
    /// # Errors
    ///
    /// Fails if there are not as many rows as columns, or not a power of two from 2 to [`WIDTH_MAX`].
    pub fn new(rows: Vec<Node>, columns: Vec<Node>) -> Result<Self, HeaderError> {
        check_width(rows.len())?;
        if columns.len() != rows.len() {
            let got = columns.len() as u64;
            return Err(HeaderError::Bound { what: "columns", got, expected: "as many as rows" });
        }
        Ok(Self { rows, columns })
    }

    /// Returns the number of rows, and of columns, of the extended square.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.rows.len()
    }

    /// Returns the roots of the rows or columns.
    #[must_use]
    pub fn roots(&self, axis: Axis) -> &[Node] {
        match axis {
            Axis::Row => &self.rows,
            Axis::Column => &self.columns,
        }
    }

    pub(crate) fn root(&self) -> AvailabilityRoot {
        let roots = self.rows.iter().chain(&self.columns).map(|node| node.to_bytes().to_vec());
        AvailabilityRoot(merkle::rfc6962_root(roots))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let width = u16::try_from(self.width()).unwrap_or(u16::MAX).to_le_bytes();
        let roots = self.rows.iter().chain(&self.columns).flat_map(Node::to_bytes);
        width.into_iter().chain(roots).collect()
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, HeaderError> {
        let width = usize::from(reader.u16_le()?);
        check_width(width)?;
        let mut roots = || (0..width).map(|_| Node::read(reader)).collect::<Result<Vec<_>, _>>();
        let rows = roots()?;
        Self::new(rows, roots()?)
    }
}

fn check_width(width: usize) -> Result<(), HeaderError> {
    if width.is_power_of_two() && (2..=WIDTH_MAX).contains(&width) {
        return Ok(());
    }
    Err(HeaderError::Bound { what: "rows", got: width as u64, expected: "a power of two from 2 to 256" })
}
