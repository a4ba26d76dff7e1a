//! Nodes and their preimages, the bytes that are hashed.
//!
//! A leaf:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | `0x00` |
//! | 1 | 32 | the key |
//! | 33 | to the end | the value, at most [`VALUE_BYTES_MAX`] |
//!
//! A branch:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | `0x10` + 4 × kind of the left child + kind of the right child |
//! | 1 | 32 | the hash of the left child |
//! | 33 | 32 | the hash of the right child |
//!
//! The kind of a child is 0 for an empty child, whose hash is zero; 1 for a leaf; 2 for a branch. So the first byte
//! of a leaf differs from that of a branch. A branch exists only above two leaves or more, so six pairs of kinds are
//! possible: `0x12`, `0x15`, `0x16`, `0x18`, `0x19` and `0x1a`.
//!
//! The kinds serve removals. If a branch loses one of two leaves, the remaining leaf replaces it; if a branch
//! remains, it stays. The kind decides between the two; without it, each removal would have to reveal the remaining
//! child. The hash of a leaf does not depend on its depth, so a leaf can move up without being revealed.
//!
//! Sources and stores hold nodes as exactly these bytes.

use alloc::{boxed::Box, vec::Vec};
use core::mem;

use super::key::{KEY_BITS, Key, Prefix, Side};
use crate::{Hash, Hasher, hash::HASH_BYTES};

/// The maximum length of a value, in bytes.
///
/// A leaf is part of each proof that ends at it, even a proof that another key is absent. Larger data is better kept
/// as a blob, with its hash as the value: then it is part of a witness only if it is read.
pub const VALUE_BYTES_MAX: usize = 1024;

/// The root of the empty tree, and the hash of an empty subtree.
pub const EMPTY_ROOT: Hash = Hash([0; HASH_BYTES]);

/// The root or a child of a branch.
#[derive(Clone, Debug, Default)]
pub(super) enum Link {
    /// Nothing.
    #[default]
    Empty,
    /// A node of which only hash and kind are known.
    Stub(Stub),
    /// A leaf.
    Leaf(Box<Leaf>),
    /// A branch.
    Branch(Box<Branch>),
}

/// A node that is not revealed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stub {
    pub(super) hash: Hash,
    pub(super) kind: Kind,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) key: Key,
    pub(super) value: Vec<u8>,
    pub(super) marks: Marks,
}

/// The subtrees of keys that go on with 0 and with 1; together they have two leaves or more.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) left: Link,
    pub(super) right: Link,
    pub(super) marks: Marks,
}

/// The state of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// `None` if the node has changed since it was last hashed.
    pub(super) hash: Option<Hash>,
    /// Whether the node came from a source or a witness, or went to a sink.
    pub(super) stored: bool,
    /// Whether an operation needed the node.
    pub(super) used: bool,
}

impl Marks {
    /// The marks of a node that an operation makes.
    pub(super) const NEW: Self = Self { hash: None, stored: false, used: true };

    /// Returns the marks of a revealed node.
    pub(super) const fn revealed(hash: Hash, used: bool) -> Self {
        Self { hash: Some(hash), stored: true, used }
    }
}

/// The kind of a child, which a branch holds beside the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An empty child.
    Empty = 0,
    /// A leaf.
    Leaf = 1,
    /// A branch.
    Branch = 2,
}

impl Link {
    /// Makes a node from its bytes. Returns `None` if they are not a valid node whose keys begin with `prefix`:
    ///
    /// 1. The first byte is that of a leaf or a branch.
    /// 2. A leaf has a key that begins with the prefix, and a value that is not too long.
    /// 3. A branch is less deep than keys are long, and has 65 bytes. The hashes of empty children, and only these, are
    ///    zero.
    pub(super) fn parse(bytes: &[u8], hash: Hash, prefix: &Prefix) -> Option<Self> {
        let (tag, rest) = bytes.split_first()?;
        let marks = Marks::revealed(hash, false);
        if *tag == LEAF_TAG {
            let (key, value) = rest.split_first_chunk()?;
            let key = Key(*key);
            let sound = prefix.leads_to(&key) && value.len() <= VALUE_BYTES_MAX;
            return sound.then(|| Self::Leaf(Box::new(Leaf { key, value: value.to_vec(), marks })));
        }
        let (left_kind, right_kind) = branch_kinds(*tag)?;
        let (left, right) = rest.split_first_chunk()?;
        let left = Self::stub(Hash(*left), left_kind)?;
        let right = Self::stub(Hash(right.try_into().ok()?), right_kind)?;
        (prefix.depth() < KEY_BITS).then(|| Self::Branch(Box::new(Branch { left, right, marks })))
    }

    /// Makes a link to a node that is not revealed. Returns `None` if hash and kind do not fit.
    pub(super) fn stub(hash: Hash, kind: Kind) -> Option<Self> {
        match (kind, hash == EMPTY_ROOT) {
            (Kind::Empty, true) => Some(Self::Empty),
            (Kind::Leaf | Kind::Branch, false) => Some(Self::Stub(Stub { hash, kind })),
            (Kind::Empty, false) | (Kind::Leaf | Kind::Branch, true) => None,
        }
    }

    /// Makes a branch with `child` on `side` and `sibling` on the other.
    pub(super) fn branch(side: Side, child: Self, sibling: Self) -> Self {
        let (left, right) = match side {
            Side::Left => (child, sibling),
            Side::Right => (sibling, child),
        };
        Self::Branch(Box::new(Branch { left, right, marks: Marks::NEW }))
    }

    /// Returns the kind of the target.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Empty => Kind::Empty,
            Self::Stub(stub) => stub.kind,
            Self::Leaf(_) => Kind::Leaf,
            Self::Branch(_) => Kind::Branch,
        }
    }

    /// Returns the hash of the target, and computes each missing hash below once.
    pub(super) fn hash<H: Hasher>(&mut self) -> Hash {
        match self {
            Self::Empty => EMPTY_ROOT,
            Self::Stub(stub) => stub.hash,
            Self::Leaf(leaf) => match leaf.marks.hash {
                Some(hash) => hash,
                None => *leaf.marks.hash.insert(H::hash(&leaf.preimage())),
            },
            Self::Branch(branch) => match branch.marks.hash {
                Some(hash) => hash,
                None => {
                    let preimage = branch.preimage::<H>();
                    *branch.marks.hash.insert(H::hash(&preimage))
                }
            },
        }
    }
}

impl Leaf {
    /// Returns the preimage.
    pub(super) fn preimage(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.key.0.len() + self.value.len());
        self.push_preimage(&mut bytes);
        bytes
    }

    /// Appends the preimage.
    pub(super) fn push_preimage(&self, bytes: &mut Vec<u8>) {
        bytes.push(LEAF_TAG);
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&self.value);
    }
}

impl Branch {
    /// Returns the preimage, and hashes the children if necessary.
    pub(super) fn preimage<H: Hasher>(&mut self) -> [u8; BRANCH_BYTES] {
        let tag = BRANCH_TAG | (self.left.kind() as u8) << 2 | self.right.kind() as u8;
        let (left, right) = (self.left.hash::<H>(), self.right.hash::<H>());
        let mut bytes = [tag; BRANCH_BYTES];
        let (_, hashes) = bytes.split_at_mut(1);
        let (left_bytes, right_bytes) = hashes.split_at_mut(HASH_BYTES);
        left_bytes.copy_from_slice(&left.0);
        right_bytes.copy_from_slice(&right.0);
        bytes
    }

    /// Returns the child on `side`.
    pub(super) fn child_mut(&mut self, side: Side) -> &mut Link {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }

    /// Takes out the only leaf below, if just one remains.
    pub(super) fn take_lone_leaf(&mut self) -> Option<Link> {
        match (self.left.kind(), self.right.kind()) {
            (Kind::Leaf, Kind::Empty) => Some(mem::take(&mut self.left)),
            (Kind::Empty, Kind::Leaf) => Some(mem::take(&mut self.right)),
            _ => None,
        }
    }
}

/// Reads the kinds of a branch's children from its first byte.
fn branch_kinds(tag: u8) -> Option<(Kind, Kind)> {
    match tag {
        0x12 => Some((Kind::Empty, Kind::Branch)),
        0x15 => Some((Kind::Leaf, Kind::Leaf)),
        0x16 => Some((Kind::Leaf, Kind::Branch)),
        0x18 => Some((Kind::Branch, Kind::Empty)),
        0x19 => Some((Kind::Branch, Kind::Leaf)),
        0x1a => Some((Kind::Branch, Kind::Branch)),
        _ => None,
    }
}

const LEAF_TAG: u8 = 0x00;
const BRANCH_TAG: u8 = 0x10;
const BRANCH_BYTES: usize = 1 + HASH_BYTES + HASH_BYTES;
