//! The structure of a witness: bits.

use alloc::vec::Vec;

/// The paths at a node on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::utreexo) enum Step {
    /// A path ends here, at a leaf.
    Leaf,
    /// A branch. All paths go on to the left.
    Left,
    /// A branch. All paths go on to the right.
    Right,
    /// A branch. Paths go on to both sides.
    Both,
}

/// The number of paths and of hashes beside them, and the bytes of the structure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Census {
    pub(super) n_bytes: usize,
    pub(super) n_leaves: usize,
    pub(super) n_hashes: usize,
}

/// A reader of a structure. It does not read further than the structure goes.
#[derive(Clone, Debug)]
pub(super) struct StructureReader<'a> {
    bytes: &'a [u8],
    bit: usize,
}

impl<'a> StructureReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, bit: 0 }
    }

    /// Reads the structure for non-empty trees of these rows and counts its parts. Returns `None` if it ends early, or
    /// its padding is not zero.
    pub(super) fn census(bytes: &'a [u8], rows: impl Iterator<Item = u8>) -> Option<Census> {
        let mut reader = Self::new(bytes);
        let mut census = Census::default();
        for row in rows {
            if reader.bit()? {
                reader.count(row, &mut census)?;
            }
        }
        while !reader.bit.is_multiple_of(8) {
            (!reader.bit()?).then_some(())?;
        }
        census.n_bytes = reader.bit / 8;
        Some(census)
    }

    /// Counts what is below a node. Recurses at most once per row.
    fn count(&mut self, row: u8, census: &mut Census) -> Option<()> {
        match self.step(row)? {
            Step::Leaf => census.n_leaves += 1,
            Step::Left | Step::Right => {
                census.n_hashes += 1;
                self.count(row - 1, census)?;
            }
            Step::Both => {
                self.count(row - 1, census)?;
                self.count(row - 1, census)?;
            }
        }
        Some(())
    }

    /// Reads a step at a node of this row. In row 0 there are only leaves, and no bits.
    pub(super) fn step(&mut self, row: u8) -> Option<Step> {
        Some(match row {
            0 => Step::Leaf,
            _ if !self.bit()? => Step::Left,
            _ if !self.bit()? => Step::Right,
            _ if !self.bit()? => Step::Both,
            _ => Step::Leaf,
        })
    }

    /// Reads a bit.
    pub(super) fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.bit / 8)?;
        let bit = byte >> (7 - self.bit % 8) & 1;
        self.bit += 1;
        Some(bit == 1)
    }
}

/// A writer of a structure.
#[derive(Debug, Default)]
pub(super) struct StructureWriter {
    bytes: Vec<u8>,
    bit: usize,
}

impl StructureWriter {
    /// Writes the step at a node of this row, which is not 0 unless the step is a leaf.
    pub(super) fn step(&mut self, row: u8, step: Step) {
        let code: &[bool] = match step {
            Step::Leaf if row == 0 => &[],
            Step::Left => &[false],
            Step::Right => &[true, false],
            Step::Both => &[true, true, false],
            Step::Leaf => &[true, true, true],
        };
        code.iter().for_each(|bit| self.bit(*bit));
    }

    /// Writes a bit.
    pub(super) fn bit(&mut self, bit: bool) {
        if self.bit.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(byte) = self.bytes.last_mut() {
            *byte |= u8::from(bit) << (7 - self.bit % 8);
        }
        self.bit += 1;
    }

    /// Returns the bytes, padded with zeros.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
#[allow(clippy::unusual_byte_groupings, reason = "bits are grouped by code")]
mod tests {
    use super::*;

    const STEPS: [Step; 4] = [Step::Left, Step::Right, Step::Both, Step::Leaf];

    #[test]
    fn steps_are_read_as_they_were_written_wherever_they_begin() {
        for n_before in 0..8 {
            let mut writer = StructureWriter::default();
            (0..n_before).for_each(|_| writer.bit(true));
            STEPS.into_iter().for_each(|step| writer.step(1, step));
            writer.step(0, Step::Leaf);
            let bytes = writer.finish();
            assert_eq!(bytes.len(), usize::div_ceil(n_before + 9, 8));
            let mut reader = StructureReader::new(&bytes);
            (0..n_before).for_each(|_| assert_eq!(reader.bit(), Some(true)));
            STEPS.into_iter().for_each(|step| assert_eq!(reader.step(1), Some(step)));
            assert_eq!(reader.step(0), Some(Step::Leaf));
        }
    }

    #[test]
    fn a_census_counts_paths_and_the_hashes_beside_them() {
        // Trees of rows 2 and 1. The first goes both ways, then left, and ends at a leaf in row 1; the second is not
        // on a path.
        let bytes = [0b1_110_0_111, 0b0_0000000, 0xff];
        let expected = Census { n_bytes: 2, n_leaves: 2, n_hashes: 1 };
        assert_eq!(StructureReader::census(&bytes, [2, 1].into_iter()), Some(expected));
        assert_eq!(StructureReader::census(&bytes[..1], [2, 1].into_iter()), None, "ends early");
        let padded = [0b1_110_0_111, 0b0_0000001];
        assert_eq!(StructureReader::census(&padded, [2, 1].into_iter()), None, "padding is not zero");
        assert_eq!(StructureReader::census(&[], [].into_iter()), Some(Census::default()));
    }
}
