//! Witnesses: the revealed part of a tree as bytes.
//!
//! | part | bytes | what |
//! |---|---|---|
//! | structure | as many as its bits fill | which nodes are revealed |
//! | hashes and leaves | to the end | in the order of the structure |
//!
//! # Structure
//!
//! Bits fill a byte from the highest to the lowest; zeros pad the last byte. The root takes two bits:
//!
//! | bits | the tree |
//! |---|---|
//! | `00` | is empty |
//! | `01` | is not revealed: only its root hash follows |
//! | `10` | is one revealed leaf |
//! | `11` | is a revealed branch |
//!
//! A revealed branch takes two to seven bits, followed by all revealed branches below its left child, then by those
//! below its right child. A child is a revealed branch `B` or leaf `L`, a branch `b` or leaf `l` of which only the
//! hash follows, or empty `-`:
//!
//! | bits | children | bits | children | bits | children | bits | children |
//! |---|---|---|---|---|---|---|---|
//! | `00` | `bB` | `1010` | `-B` | `111000` | `lL` | `111100` | `-b` |
//! | `01` | `Bb` | `1011` | `B-` | `111001` | `Ll` | `111101` | `b-` |
//! | `100` | `BB` | `1100` | `lB` | `111010` | `bL` | `111110` | `LL` |
//! | | | `1101` | `Bl` | `111011` | `Lb` | `1111110` | `LB` |
//! | | | | | | | `1111111` | `BL` |
//!
//! Every sequence of bits is a sequence of codes. The table leaves out the impossible and the useless: a branch above
//! fewer than two leaves does not exist, and one with two bare hashes would reveal nothing.
//!
//! In a large tree nearly all branches of a path have a code of two bits, less than a hundredth of the 32 bytes of
//! hash that come with the branch. The other codes are longer the rarer they are, by and large.
//!
//! # Hashes and leaves
//!
//! Hashes and leaves follow in pre-order, too. A hash has 32 bytes. A leaf at depth `d`:
//!
//! | part | bytes | what |
//! |---|---|---|
//! | key | 32 - ⌊`d` / 8⌋ | the key, without the bytes that follow from its place |
//! | length | 1 or 2 | the length of the value, a [varint](crate::reader) |
//! | value | the length | the value |
//!
//! Hashes of revealed nodes are computed and not written. No leaf can be written twice, as its key determines its
//! place.
//!
//! # One encoding
//!
//! A set of revealed nodes has exactly one encoding: the structure has one code for each possible branch and none for
//! any other; no hash is zero; the bits of a key agree with its place; integers are the shortest; no bytes follow.
//! The beginning of a witness determines its length, so other data can follow it.

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
    Hash, Hasher, NoNodes, NodeSource, Recorder,
    hash::HASH_BYTES,
    reader::{ReadError, Reader, push_varint},
};

/// Encodes the witness that reveals exactly the nodes of the tree that `nodes` holds.
///
/// With the nodes of a [`Record`](crate::Record), this is the witness of the recorded execution. It leaves out a
/// branch if nothing below it is revealed, as such a branch cannot have affected the execution.
///
/// # Errors
///
/// Fails if the source does, or if a node is not valid at its place. A node that the source does not cover, the
/// witness does not cover either.
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

/// Decodes a witness, and computes the hash of each revealed node once.
///
/// The caller has to compare the [root](Tree::root) of the tree with a root that it trusts.
///
/// # Errors
///
/// Returns [`DecodeError`] if the bytes are not exactly one witness.
pub fn decode<H: Hasher>(bytes: &[u8]) -> Result<Tree<H, NoNodes>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let tree = read(&mut reader)?;
    reader.finish()?;
    Ok(tree)
}

/// Reads a witness that other data may follow, with these checks:
///
/// 1. The structure is valid, and what it announces can follow. Only then does this allocate memory: at most
///    [`MEMORY_FACTOR`] bytes for each byte of the witness, and about 5 for each byte of a usual one.
/// 2. No branch is deeper than keys are long.
/// 3. No hash is zero, each leaf is where its key leads, and no value is too long.
///
/// # Errors
///
/// Returns [`DecodeError`] if the bytes do not begin with a witness.
pub fn read<H: Hasher>(reader: &mut Reader<'_>) -> Result<Tree<H, NoNodes>, DecodeError> {
    let offset = reader.offset();
    let mut ahead = *reader;
    let census = StructureReader::census(ahead.take(ahead.remaining())?);
    let census = census.ok_or(DecodeError::Structure { offset })?;
    let structure = StructureReader::new(reader.take(census.bytes)?);
    // A leaf has at least the byte of its value's length.
    let needed = census.hashes.saturating_mul(HASH_BYTES).saturating_add(census.leaves);
    let got = reader.remaining();
    if needed > got {
        return Err(ReadError::UnexpectedEnd { offset: reader.offset(), expected: needed, got }.into());
    }
    let mut decoder = Decoder { structure, parts: *reader, offset, preimage: Vec::new() };
    let root = decoder.root::<H>()?;
    *reader = decoder.parts;
    Ok(Tree::revealed(root, NoNodes))
}

impl<H: Hasher> Tree<H, NoNodes> {
    /// Returns the tree with a root, of which a witness reveals a part. It has no source.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a witness, or one of another root.
    pub fn from_witness(witness: &[u8], root: &Hash) -> Result<Self, DecodeError> {
        let tree = decode(witness)?;
        let got = tree.opened;
        if got == *root { Ok(tree) } else { Err(DecodeError::Root { expected: *root, got }) }
    }
}

impl<H: Hasher, S: NodeSource> Tree<H, Recorder<S>> {
    /// Returns the witness of all operations on this tree, for the root at opening.
    ///
    /// # Errors
    ///
    /// Fails as [`encode`] does.
    pub fn into_witness(self) -> Result<Vec<u8>, TreeError> {
        encode::<H>(&self.opened, &self.source.into_record().nodes)
    }
}

/// The maximum size of a decoded witness in memory, as a multiple of its length, on a 64-bit machine, not counting
/// two KiB.
pub const MEMORY_FACTOR: usize = 300;

// The worst byte makes two branches of four bits each, plus the allocator's overhead.
const _: () = assert!(size_of::<Branch>() <= 128);

/// Resolves a stub and everything below as far as the source covers it. Recurses at most once per bit.
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

    /// Writes a node and everything below. Recurses at most once per bit.
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
    /// The offset of the structure.
    offset: usize,
    /// A buffer for the preimage of a leaf.
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

    /// Reads a node and everything below. Recurses at most once per bit.
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
        // Children are written to their final place, which avoids moving them.
        let mut branch = Box::new(Branch { left: Link::Empty, right: Link::Empty, marks: Marks::NEW });
        branch.left = self.part::<H>(children.0, prefix.child(Side::Left))?;
        branch.right = self.part::<H>(children.1, prefix.child(Side::Right))?;
        let preimage = branch.preimage::<H>();
        branch.marks = Marks::revealed(H::hash(&preimage), false);
        Ok(Link::Branch(branch))
    }

    fn hash(&mut self, kind: Kind) -> Result<Link, DecodeError> {
        let offset = self.parts.offset();
        let hash = Hash(self.parts.take_array()?);
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

    /// Completes the key of a leaf with the bytes that follow from its place.
    fn key(&mut self, prefix: &Prefix) -> Result<Key, DecodeError> {
        let mut key = [0; KEY_BITS as usize / 8];
        let known = prefix.whole_bytes();
        let (head, tail) = key.split_at_mut(known.len());
        head.copy_from_slice(known);
        tail.copy_from_slice(self.parts.take(tail.len())?);
        Ok(Key(key))
    }
}
