//! The structure of a witness: which nodes are revealed, as bits.
//!
//! The codes are described with [the witness](super). They are all of an even number of bits.

use alloc::vec::Vec;

/// What a witness tells of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing is there.
    Empty,
    /// A leaf, by its hash alone.
    LeafHash,
    /// A branch, by its hash alone.
    BranchHash,
    /// A leaf that is revealed.
    Leaf,
    /// A branch that is revealed.
    Branch,
}

/// What a witness tells of the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RootShape {
    /// The tree is empty.
    Empty,
    /// Only the root hash is told.
    Hash,
    /// The tree is one leaf.
    Leaf,
    /// The root is a branch.
    Branch,
}

/// The shapes of the children of a revealed branch, left and right.
pub(super) type Children = (Shape, Shape);

/// How many parts of each kind a structure announces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Census {
    /// Bytes of the structure itself.
    pub(super) bytes: usize,
    /// Hashes that follow.
    pub(super) hashes: usize,
    /// Leaves that follow.
    pub(super) leaves: usize,
}

/// Reads a structure.
#[derive(Clone, Debug)]
pub(super) struct StructureReader<'a> {
    bytes: &'a [u8],
    bit: usize,
}

impl<'a> StructureReader<'a> {
    /// Begins at the first bit.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, bit: 0 }
    }

    /// Reads the structure at the start of `bytes` to its end and counts; none when it is not one.
    ///
    /// A caller that compares the count with what is left of its input, before it makes anything of the
    /// structure, uses memory in proportion to its input.
    pub(super) fn census(bytes: &'a [u8]) -> Option<Census> {
        let mut reader = Self::new(bytes);
        let mut census = Census::default();
        let mut branches_open = 0usize;
        match reader.root()? {
            RootShape::Empty => {}
            RootShape::Hash => census.hashes += 1,
            RootShape::Leaf => census.leaves += 1,
            RootShape::Branch => branches_open += 1,
        }
        while branches_open > 0 {
            branches_open -= 1;
            let (left, right) = reader.children()?;
            for shape in [left, right] {
                match shape {
                    Shape::Empty => {}
                    Shape::LeafHash | Shape::BranchHash => census.hashes += 1,
                    Shape::Leaf => census.leaves += 1,
                    Shape::Branch => branches_open += 1,
                }
            }
        }
        census.bytes = reader.bytes_if_padding_is_zero()?;
        Some(census)
    }

    /// Reads the shape of the root.
    pub(super) fn root(&mut self) -> Option<RootShape> {
        Some(match self.two_bits()? {
            0 => RootShape::Empty,
            1 => RootShape::Hash,
            2 => RootShape::Leaf,
            _ => RootShape::Branch,
        })
    }

    /// Reads the shapes of a branch's children.
    pub(super) fn children(&mut self) -> Option<Children> {
        let short = self.two_bits()?;
        if let Some(children) = SHORT.get(usize::from(short)) {
            return Some(*children);
        }
        let long = self.two_bits()? << 2 | self.two_bits()?;
        LONG.get(usize::from(long)).copied()
    }

    /// Codes have an even number of bits, so two bits never straddle bytes.
    fn two_bits(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.bit / 8)?;
        let bits = byte >> (6 - self.bit % 8) & 3;
        self.bit += 2;
        Some(bits)
    }

    fn bytes_if_padding_is_zero(&mut self) -> Option<usize> {
        while !self.bit.is_multiple_of(8) {
            if self.two_bits()? != 0 {
                return None;
            }
        }
        Some(self.bit / 8)
    }
}

/// Writes a structure.
#[derive(Debug, Default)]
pub(super) struct StructureWriter {
    bytes: Vec<u8>,
    bit: usize,
}

impl StructureWriter {
    /// Writes the shape of the root.
    pub(super) fn root(&mut self, shape: RootShape) {
        self.two_bits(match shape {
            RootShape::Empty => 0,
            RootShape::Hash => 1,
            RootShape::Leaf => 2,
            RootShape::Branch => 3,
        });
    }

    /// Writes the shapes of a branch's children, which must be among those of the table.
    pub(super) fn children(&mut self, children: Children) {
        if let Some(short) = (0..).zip(SHORT).find_map(|(code, row)| (row == children).then_some(code)) {
            return self.two_bits(short);
        }
        let long = (0u8..).zip(LONG).find_map(|(code, row)| (row == children).then_some(code));
        debug_assert!(long.is_some(), "a branch of {children:?} is none or reveals nothing");
        let long = long.unwrap_or(0xf);
        self.two_bits(3);
        self.two_bits(long >> 2);
        self.two_bits(long & 3);
    }

    /// Returns the bytes, filled up with zeros.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn two_bits(&mut self, bits: u8) {
        if self.bit.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(byte) = self.bytes.last_mut() {
            *byte |= bits << (6 - self.bit % 8);
        }
        self.bit += 2;
    }
}

/// Children with codes of two bits, by code.
const SHORT: [Children; 3] =
    [(Shape::BranchHash, Shape::Branch), (Shape::Branch, Shape::BranchHash), (Shape::Branch, Shape::Branch)];

/// Children with codes of six bits, by the last four.
const LONG: [Children; 13] = [
    (Shape::LeafHash, Shape::Branch),
    (Shape::Branch, Shape::LeafHash),
    (Shape::Empty, Shape::Branch),
    (Shape::Branch, Shape::Empty),
    (Shape::Leaf, Shape::Branch),
    (Shape::Branch, Shape::Leaf),
    (Shape::Leaf, Shape::LeafHash),
    (Shape::LeafHash, Shape::Leaf),
    (Shape::Leaf, Shape::Leaf),
    (Shape::Leaf, Shape::BranchHash),
    (Shape::BranchHash, Shape::Leaf),
    (Shape::Empty, Shape::BranchHash),
    (Shape::BranchHash, Shape::Empty),
];

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [Shape; 5] = [Shape::Empty, Shape::LeafHash, Shape::BranchHash, Shape::Leaf, Shape::Branch];

    /// Tells from the definition of the tree, not from the table, what a witness may say of two children.
    fn sensible(left: Shape, right: Shape) -> bool {
        let lone =
            |one, other| one == Shape::Empty && matches!(other, Shape::Empty | Shape::Leaf | Shape::LeafHash);
        let hash = |shape| matches!(shape, Shape::LeafHash | Shape::BranchHash);
        !(lone(left, right) || lone(right, left) || hash(left) && hash(right))
    }

    #[test]
    fn the_table_has_a_code_for_each_sensible_branch_and_no_other() {
        for left in SHAPES {
            for right in SHAPES {
                let n_codes = SHORT.iter().chain(&LONG).filter(|row| **row == (left, right)).count();
                assert_eq!(n_codes, usize::from(sensible(left, right)), "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn each_code_reads_as_what_was_written() {
        for row in SHORT.iter().chain(&LONG) {
            let mut writer = StructureWriter::default();
            writer.root(RootShape::Branch);
            writer.children(*row);
            let bytes = writer.finish();
            let mut reader = StructureReader::new(&bytes);
            assert_eq!(reader.root(), Some(RootShape::Branch));
            assert_eq!(reader.children(), Some(*row));
        }
    }

    #[test]
    fn three_codes_mean_nothing() {
        for code in 13..16u8 {
            assert_eq!(StructureReader::census(&[0b1111_0000 | code]), None);
        }
    }

    #[test]
    fn padding_that_is_not_zero_is_refused() {
        assert_eq!(StructureReader::census(&[0]), Some(Census { bytes: 1, hashes: 0, leaves: 0 }));
        for bit in 0..6 {
            assert_eq!(StructureReader::census(&[1 << bit]), None);
        }
    }

    #[test]
    fn a_structure_that_breaks_off_is_refused() {
        // A root that is a branch of two branches, each of two leaves: 11 10, 11 10 00, 11 10 00.
        let whole = [0b1110_1110, 0b0011_1000];
        assert_eq!(StructureReader::census(&whole), Some(Census { bytes: 2, hashes: 0, leaves: 4 }));
        assert_eq!(StructureReader::census(&whole[..1]), None);
        assert_eq!(StructureReader::census(&[]), None);
    }
}
