//! Witnesses: the revealed part of a tree as bytes.
//!
//! | part | bytes | what |
//! |---|---|---|
//! | structure | as many as its bits fill | which nodes are revealed |
//! | hashes and leaves | to the end | in the order in which the structure names them |
//!
//! # Structure
//!
//! Bits are taken from the highest of a byte to the lowest, and the last byte is filled up with zeros. The root takes two:
//!
//! | bits | the tree |
//! |---|---|
//! | `00` | is empty |
//! | `01` | is not revealed: its root hash is all there is |
//! | `10` | is one leaf, which is revealed |
//! | `11` | is a branch, which is revealed |
//!
//! A revealed branch takes from two to seven, followed by all revealed branches below its left child, then by those
//! below its right one. A child is a revealed branch `B` or leaf `L`, a branch `b` or leaf `l` of which there is the
//! hash, or empty `-`:
//!
//! | bits | children | bits | children | bits | children | bits | children |
//! |---|---|---|---|---|---|---|---|
//! | `00` | `bB` | `1010` | `-B` | `111000` | `lL` | `111100` | `-b` |
//! | `01` | `Bb` | `1011` | `B-` | `111001` | `Ll` | `111101` | `b-` |
//! | `100` | `BB` | `1100` | `lB` | `111010` | `bL` | `111110` | `LL` |
//! | | | `1101` | `Bl` | `111011` | `Lb` | `1111110` | `LB` |
//! | | | | | | | `1111111` | `BL` |
//!
//! All bits mean something. What the table leaves out cannot be said: a branch above no leaf or a single one is none,
//! and one with two hashes would reveal nothing.
//!
//! In a large tree nearly all branches of a path have the codes of two bits, which are less than a hundredth of the 32
//! bytes of hash that come with the branch. The other codes are by and large as long as they are rare, too.
//!
//! # Hashes and leaves
//!
//! They follow in pre-order, too. A hash has 32 bytes. A leaf at depth `d`:
//!
//! | part | bytes | what |
//! |---|---|---|
//! | key | 32 - ⌊`d` / 8⌋ | the key, without the bytes that its place tells |
//! | length | 1 or 2 | bytes of the value, a [varint](crate::reader) |
//! | value | as told | the value |
//!
//! Hashes of revealed nodes are not there; they are computed. No node can be there twice, as it says itself
//! where it belongs.
//!
//! # One encoding
//!
//! What is revealed has exactly one encoding: the structure has one code for each branch that can be, and none for another; a
//! hash is not zero; the bits of a key agree with its place; integers are the shortest; nothing is left over. The
//! length of a witness is known from its beginning, so other things can follow it.

mod outline;
mod structure;

use alloc::{boxed::Box, vec::Vec};

pub use self::outline::outline;
use self::structure::{Children, RootShape, Shape, StructureReader, StructureWriter};
use super::{
    error::{DecodeError, TreeError},
    key::{KEY_BITS, Key, Prefix, Side},
    node::{Branch, EMPTY_ROOT, Kind, Leaf, Link, Marks, Stub, VALUE_BYTES_MAX},
    tree::{Tree, resolve},
};
use crate::{
    Hash, Hasher, NoNodes, NodeSource,
    hash::HASH_BYTES,
    reader::{ReadError, Reader, push_varint},
};

/// Writes the witness which reveals those nodes of the tree with this root that `nodes` has.
///
/// With the nodes of a [`Record`](crate::Record) it is the witness of what was recorded. A branch is left out,
/// though, when nothing below it is known, as nothing can have come of it.
///
/// # Errors
///
/// Failures of the source, and nodes that do not belong where they are. What the source does not cover, the
/// witness does not cover, either.
pub fn encode<H: Hasher>(root: &Hash, nodes: &impl NodeSource) -> Result<Vec<u8>, TreeError> {
    let root = match Link::stub(*root, Kind::Branch).unwrap_or_default() {
        Link::Stub(stub) => gather::<H>(stub, nodes, Prefix::ROOT)?,
        link => link,
    };
    let mut writer = Writer::default();
    writer.root(&root);
    let mut bytes = writer.structure.finish();
    bytes.extend(writer.parts);
    Ok(bytes)
}

/// Reads a witness, and computes the hash of each node that it reveals, once.
///
/// The witness is worth nothing unless the [root](Tree::root) of the tree is the one that is known to be right.
///
/// # Errors
///
/// [`DecodeError`] when the bytes are no witness, or more than one.
pub fn decode<H: Hasher>(bytes: &[u8]) -> Result<Tree<H, NoNodes>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let tree = read(&mut reader)?;
    reader.finish()?;
    Ok(tree)
}

/// Reads a witness that others may follow, as [`decode`] does.
///
/// 1. The structure is one, and what it announces can follow. Only now is memory used: at most [`MEMORY_FACTOR`] bytes
///    for each byte of the witness, and about 5 for each of a usual one.
/// 2. No branch is deeper than keys reach.
/// 3. No hash is zero, each leaf is where its key leads, and no value is too long.
///
/// # Errors
///
/// [`DecodeError`] when there is no witness.
pub fn read<H: Hasher>(reader: &mut Reader<'_>) -> Result<Tree<H, NoNodes>, DecodeError> {
    let offset = reader.offset();
    let mut ahead = *reader;
    let census = StructureReader::census(ahead.take(ahead.left())?);
    let census = census.ok_or(DecodeError::Structure { offset })?;
    let structure = StructureReader::new(reader.take(census.bytes)?);
    // A leaf has at least the byte that tells the length of its value.
    let needed = census.hashes.saturating_mul(HASH_BYTES).saturating_add(census.leaves);
    if needed > reader.left() {
        return Err(ReadError::Ends { offset: reader.offset(), needed, left: reader.left() }.into());
    }
    let mut decoder = Decoder { structure, parts: *reader, offset, preimage: Vec::new() };
    let root = decoder.root::<H>()?;
    *reader = decoder.parts;
    Ok(Tree::revealed(root, NoNodes))
}

/// How many times the length of a witness its decoded form takes in memory, at most, on a machine with 64 bits, not counting
/// two KiB.
pub const MEMORY_FACTOR: usize = 300;

// Two branches of four bits each, with what an allocator adds, are the most that a byte can make.
const _: () = assert!(size_of::<Branch>() <= 128);

/// Resolves a stub, and all below, as far as the source has it. Calls itself once for each bit at most.
fn gather<H: Hasher>(stub: Stub, nodes: &impl NodeSource, prefix: Prefix) -> Result<Link, TreeError> {
    let mut link = match resolve::<H>(&stub, nodes, &prefix) {
        Err(TreeError::NotCovered { .. }) => return Ok(Link::Stub(stub)),
        resolved => resolved?,
    };
    if let Link::Branch(branch) = &mut link {
        for side in [Side::Left, Side::Right] {
            let child = branch.child_mut(side);
            if let Link::Stub(stub) = child {
                *child = gather::<H>(*stub, nodes, prefix.child(side))?;
            }
        }
        if let (Link::Stub(_), Link::Stub(_)) = (&branch.left, &branch.right) {
            return Ok(Link::Stub(Stub { hash: stub.hash, kind: Kind::Branch }));
        }
    }
    Ok(link)
}

#[derive(Default)]
struct Writer {
    structure: StructureWriter,
    parts: Vec<u8>,
}

impl Writer {
    fn root(&mut self, root: &Link) {
        self.structure.root(match root {
            Link::Empty => RootShape::Empty,
            Link::Stub(_) => RootShape::Hash,
            Link::Leaf(_) => RootShape::Leaf,
            Link::Branch(_) => RootShape::Branch,
        });
        self.part(root, 0);
    }

    /// Writes what belongs to a node, and all below. Calls itself once for each bit at most.
    fn part(&mut self, link: &Link, depth: u16) {
        match link {
            Link::Empty => {}
            Link::Stub(stub) => self.parts.extend_from_slice(&stub.hash.0),
            Link::Leaf(leaf) => self.leaf(leaf, depth),
            Link::Branch(branch) => {
                self.structure.children((shape(&branch.left), shape(&branch.right)));
                self.part(&branch.left, depth + 1);
                self.part(&branch.right, depth + 1);
            }
        }
    }

    fn leaf(&mut self, leaf: &Leaf, depth: u16) {
        self.parts.extend(leaf.key.as_bytes().iter().skip(usize::from(depth / 8)));
        push_varint(&mut self.parts, u32::try_from(leaf.value.len()).unwrap_or(u32::MAX));
        self.parts.extend_from_slice(&leaf.value);
    }
}

fn shape(link: &Link) -> Shape {
    match link {
        Link::Empty => Shape::Empty,
        Link::Stub(Stub { kind: Kind::Leaf, .. }) => Shape::LeafHash,
        Link::Stub(_) => Shape::BranchHash,
        Link::Leaf(_) => Shape::Leaf,
        Link::Branch(_) => Shape::Branch,
    }
}

struct Decoder<'a> {
    structure: StructureReader<'a>,
    parts: Reader<'a>,
    /// Where the structure begins.
    offset: usize,
    /// Room for the bytes of a leaf that are hashed.
    preimage: Vec<u8>,
}

impl Decoder<'_> {
    fn root<H: Hasher>(&mut self) -> Result<Link, DecodeError> {
        let root = self.structure.root().ok_or(DecodeError::Structure { offset: self.offset })?;
        let shape = match root {
            RootShape::Empty => Shape::Empty,
            RootShape::Hash => Shape::BranchHash,
            RootShape::Leaf => Shape::Leaf,
            RootShape::Branch => Shape::Branch,
        };
        self.part::<H>(shape, Prefix::ROOT)
    }

    /// Reads a node, and all below. Calls itself once for each bit at most.
    fn part<H: Hasher>(&mut self, shape: Shape, prefix: Prefix) -> Result<Link, DecodeError> {
        match shape {
            Shape::Empty => Ok(Link::Empty),
            Shape::LeafHash => self.hash(Kind::Leaf),
            Shape::Leaf => self.leaf::<H>(&prefix),
            Shape::BranchHash | Shape::Branch if prefix.depth() == KEY_BITS => {
                Err(DecodeError::TooDeep { path: prefix.path() })
            }
            Shape::BranchHash => self.hash(Kind::Branch),
            Shape::Branch => {
                let children = self.structure.children();
                let children = children.ok_or(DecodeError::Structure { offset: self.offset })?;
                self.branch::<H>(children, prefix)
            }
        }
    }

    fn branch<H: Hasher>(&mut self, children: Children, prefix: Prefix) -> Result<Link, DecodeError> {
        // Written where they stay, children are not moved about.
        let mut branch = Box::new(Branch { left: Link::Empty, right: Link::Empty, marks: Marks::NEW });
        branch.left = self.part::<H>(children.0, prefix.child(Side::Left))?;
        branch.right = self.part::<H>(children.1, prefix.child(Side::Right))?;
        let preimage = branch.preimage::<H>();
        branch.marks = Marks::revealed(H::hash(&preimage), false);
        Ok(Link::Branch(branch))
    }

    fn hash(&mut self, kind: Kind) -> Result<Link, DecodeError> {
        let offset = self.parts.offset();
        let hash = Hash(*self.parts.take_array()?);
        if hash == EMPTY_ROOT {
            return Err(DecodeError::ZeroHash { offset });
        }
        Ok(Link::Stub(Stub { hash, kind }))
    }

    fn leaf<H: Hasher>(&mut self, prefix: &Prefix) -> Result<Link, DecodeError> {
        let offset = self.parts.offset();
        let key = self.key(prefix)?;
        if !prefix.leads_to(&key) {
            return Err(DecodeError::OffPath { offset, path: prefix.path() });
        }
        let got = self.parts.length(1)?;
        if got > VALUE_BYTES_MAX {
            return Err(DecodeError::ValueTooLong { offset: self.parts.offset(), got });
        }
        let value = self.parts.take(got)?.to_vec();
        let mut leaf = Box::new(Leaf { key, value, marks: Marks::NEW });
        self.preimage.clear();
        leaf.push_preimage(&mut self.preimage);
        leaf.marks = Marks::revealed(H::hash(&self.preimage), false);
        Ok(Link::Leaf(leaf))
    }

    /// Completes the key of a leaf with the bytes that its place tells.
    fn key(&mut self, prefix: &Prefix) -> Result<Key, DecodeError> {
        let mut key = [0; KEY_BITS as usize / 8];
        let known = prefix.whole_bytes();
        let (head, tail) = key.split_at_mut(known.len());
        head.copy_from_slice(known);
        tail.copy_from_slice(self.parts.take(tail.len())?);
        Ok(Key(key))
    }
}
