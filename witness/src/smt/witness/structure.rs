//! The structure of a witness: the revealed nodes as bits.
//!
//! [The witness](super) describes the codes.

use alloc::vec::Vec;

/// The shape of a child in a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// An empty child.
    Empty,
    /// A leaf, only by its hash.
    LeafHash,
    /// A branch, only by its hash.
    BranchHash,
    /// A revealed leaf.
    Leaf,
    /// A revealed branch.
    Branch,
}

/// The shape of the root in a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RootShape {
    /// The tree is empty.
    Empty,
    /// Only the root hash is known.
    Hash,
    /// The tree is one leaf.
    Leaf,
    /// The root is a branch.
    Branch,
}

/// The shapes of the children of a revealed branch, left and right.
pub(super) type Children = (Shape, Shape);

/// The numbers of parts that a structure announces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Census {
    /// The length of the structure itself, in bytes.
    pub(super) bytes: usize,
    /// The number of hashes that follow.
    pub(super) hashes: usize,
    /// The number of leaves that follow.
    pub(super) leaves: usize,
}

/// A reader of a structure.
#[derive(Clone, Debug)]
pub(super) struct StructureReader<'a> {
    bytes: &'a [u8],
    bit: usize,
}

impl<'a> StructureReader<'a> {
    /// Starts at the first bit.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, bit: 0 }
    }

    /// Reads the structure at the start of `bytes` to its end and counts its parts. Returns `None` if it is not
    /// valid.
    ///
    /// A caller that compares the counts with the length of its input before it builds anything uses memory in
    /// proportion to its input.
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
        let code = self.window() >> (WINDOW_BITS - ROOT_BITS);
        let shape = ROOT_CODES.get(usize::from(code))?;
        self.skip(ROOT_BITS)?;
        Some(*shape)
    }

    /// Reads the shapes of a branch's children.
    pub(super) fn children(&mut self) -> Option<Children> {
        let window = self.window();
        let code = CHILDREN_CODES.iter().find(|code| window >> (WINDOW_BITS - code.n_bits) == code.bits)?;
        self.skip(code.n_bits)?;
        Some(code.children)
    }

    /// Returns as many next bits as the longest code has, with zeros after the end.
    fn window(&self) -> u8 {
        let byte = |index| self.bytes.get(index).copied().unwrap_or(0);
        let bytes = u16::from_be_bytes([byte(self.bit / 8), byte(self.bit / 8 + 1)]);
        let [high, _] = (bytes << (self.bit % 8)).to_be_bytes();
        high >> (8 - WINDOW_BITS)
    }

    /// Skips a code. Returns `None` beyond the end.
    fn skip(&mut self, n_bits: u8) -> Option<()> {
        self.bit += usize::from(n_bits);
        (self.bit.div_ceil(8) <= self.bytes.len()).then_some(())
    }

    /// Returns the number of bytes read, or `None` if the padding after the last bit is not zero.
    fn bytes_if_padding_is_zero(&self) -> Option<usize> {
        let n_padding = self.bit.wrapping_neg() % 8;
        let last = self.bytes.get((self.bit / 8).saturating_sub(usize::from(n_padding == 0)))?;
        let padding = last & !(0xff_u8 << n_padding);
        (padding == 0).then_some(self.bit.div_ceil(8))
    }
}

/// A writer of a structure.
#[derive(Debug, Default)]
pub(super) struct StructureWriter {
    bytes: Vec<u8>,
    bit: usize,
}

impl StructureWriter {
    /// Writes the shape of the root.
    pub(super) fn root(&mut self, shape: RootShape) {
        let code = (0..).zip(ROOT_CODES).find_map(|(bits, row)| (row == shape).then_some(bits));
        self.push(code.unwrap_or(0), ROOT_BITS);
    }

    /// Writes the shapes of a branch's children, which are in the table.
    pub(super) fn children(&mut self, children: Children) {
        let code = CHILDREN_CODES.iter().find(|code| code.children == children);
        debug_assert!(code.is_some(), "a branch of {children:?} is impossible or reveals nothing");
        if let Some(code) = code {
            self.push(code.bits, code.n_bits);
        }
    }

    /// Returns the bytes, padded with zeros.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn push(&mut self, bits: u8, n_bits: u8) {
        for index in (0..n_bits).rev() {
            if self.bit.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(byte) = self.bytes.last_mut() {
                *byte |= (bits >> index & 1) << (7 - self.bit % 8);
            }
            self.bit += 1;
        }
    }
}

/// The shapes of a root, by code.
const ROOT_CODES: [RootShape; 4] = [RootShape::Empty, RootShape::Hash, RootShape::Leaf, RootShape::Branch];
const ROOT_BITS: u8 = 2;

struct Code {
    bits: u8,
    n_bits: u8,
    children: Children,
}

const fn code(n_bits: u8, bits: u8, left: Shape, right: Shape) -> Code {
    Code { bits, n_bits, children: (left, right) }
}

/// The codes of children, short ones first. Any bits begin with exactly one of them.
const CHILDREN_CODES: [Code; 16] = [
    code(2, 0b00, Shape::BranchHash, Shape::Branch),
    code(2, 0b01, Shape::Branch, Shape::BranchHash),
    code(3, 0b100, Shape::Branch, Shape::Branch),
    code(4, 0b1010, Shape::Empty, Shape::Branch),
    code(4, 0b1011, Shape::Branch, Shape::Empty),
    code(4, 0b1100, Shape::LeafHash, Shape::Branch),
    code(4, 0b1101, Shape::Branch, Shape::LeafHash),
    code(6, 0b111000, Shape::LeafHash, Shape::Leaf),
    code(6, 0b111001, Shape::Leaf, Shape::LeafHash),
    code(6, 0b111010, Shape::BranchHash, Shape::Leaf),
    code(6, 0b111011, Shape::Leaf, Shape::BranchHash),
    code(6, 0b111100, Shape::Empty, Shape::BranchHash),
    code(6, 0b111101, Shape::BranchHash, Shape::Empty),
    code(6, 0b111110, Shape::Leaf, Shape::Leaf),
    code(7, 0b1111110, Shape::Leaf, Shape::Branch),
    code(7, 0b1111111, Shape::Branch, Shape::Leaf),
];
const WINDOW_BITS: u8 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [Shape; 5] = [Shape::Empty, Shape::LeafHash, Shape::BranchHash, Shape::Leaf, Shape::Branch];

    /// Returns, by the definition of the tree and not by the table, whether a witness can have two such children.
    fn sensible(left: Shape, right: Shape) -> bool {
        let lone =
            |one, other| one == Shape::Empty && matches!(other, Shape::Empty | Shape::Leaf | Shape::LeafHash);
        let hash = |shape| matches!(shape, Shape::LeafHash | Shape::BranchHash);
        !(lone(left, right) || lone(right, left) || hash(left) && hash(right))
    }

    #[test]
    fn the_table_has_a_code_for_exactly_the_sensible_branches() {
        for left in SHAPES {
            for right in SHAPES {
                let n_codes = CHILDREN_CODES.iter().filter(|code| code.children == (left, right)).count();
                assert_eq!(n_codes, usize::from(sensible(left, right)), "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn all_bits_begin_with_exactly_one_code() {
        for window in 0..1 << WINDOW_BITS {
            let fits = |code: &&Code| window >> (WINDOW_BITS - code.n_bits) == code.bits;
            assert_eq!(CHILDREN_CODES.iter().filter(fits).count(), 1, "{window:07b}");
        }
    }

    #[test]
    fn codes_are_read_as_they_were_written_wherever_they_begin() {
        for n_before in 0..8 {
            let mut writer = StructureWriter::default();
            writer.root(RootShape::Branch);
            let before = CHILDREN_CODES.iter().skip(2).take(1).cycle().take(n_before);
            let codes: Vec<&Code> = before.chain(&CHILDREN_CODES).collect();
            codes.iter().for_each(|code| writer.children(code.children));
            let bytes = writer.finish();
            let mut reader = StructureReader::new(&bytes);
            assert_eq!(reader.root(), Some(RootShape::Branch));
            for code in codes {
                assert_eq!(reader.children(), Some(code.children));
            }
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
    fn a_structure_that_ends_early_is_refused() {
        // A root that is a branch of two branches, each of two leaves.
        let whole = [0b11_100_111, 0b110_11111, 0b0_0000000];
        let whole_and_more = [&whole[..], &[0xff]].concat();
        let expected = Some(Census { bytes: 3, hashes: 0, leaves: 4 });
        assert_eq!(StructureReader::census(&whole), expected);
        assert_eq!(StructureReader::census(&whole_and_more), expected);
        assert_eq!(StructureReader::census(&whole[..2]), None);
        assert_eq!(StructureReader::census(&whole[..1]), None);
        assert_eq!(StructureReader::census(&[]), None);
    }
}
