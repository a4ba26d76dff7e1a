//! Nodes, and the bytes of which their hashes are taken.
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
//! The kind of a child is 0 if nothing is there, and its hash zero then; 1 for a leaf; 2 for a branch. So the
//! first byte is never the same for a leaf and a branch. Branches exist only above two leaves or more: six
//! pairs of kinds are possible, `0x12`, `0x15`, `0x16`, `0x18`, `0x19` and `0x1a`.
//!
//! The kinds are there for removals. A branch whose only other leaf goes away is replaced by the leaf that
//! remains, one with a branch remaining stays. From the kind it is plain which of the two happens; otherwise,
//! the remaining child would have to be revealed for each removal. The hash of a leaf does not depend on its
//! depth, so that a leaf can move up without being revealed.
//!
//! Sources and stores hold nodes as just these bytes.

use alloc::{boxed::Box, vec::Vec};
use core::mem;

use super::key::{KEY_BITS, Key, Prefix, Side};
use crate::{Hash, Hasher, hash::HASH_BYTES};

/// What a value may have in bytes.
///
/// A leaf is part of each proof that ends at it, be it a proof that another key is absent. What is larger is
/// better kept as a blob, with its hash as the value: then it travels only when it is read.
pub const VALUE_BYTES_MAX: usize = 1024;

/// The root of the tree without leaves, and what stands for the hash where nothing is.
pub const EMPTY_ROOT: Hash = Hash([0; HASH_BYTES]);

/// What is below a branch, or the root.
#[derive(Clone, Debug, Default)]
pub(super) enum Link {
    /// Nothing.
    #[default]
    Empty,
    /// Something of which only hash and kind are known.
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

/// The subtrees of keys that go on with 0 and with 1; together, two leaves or more.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) left: Link,
    pub(super) right: Link,
    pub(super) marks: Marks,
}

/// What is known of a node beside its content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// None if the node changed since it was hashed.
    pub(super) hash: Option<Hash>,
    /// The node came from a source or a witness, or went to a sink.
    pub(super) stored: bool,
    /// An operation needed the node.
    pub(super) used: bool,
}

impl Marks {
    /// Returns the marks of a node that an operation makes.
    pub(super) const NEW: Self = Self { hash: None, stored: false, used: true };

    /// Returns the marks of a node that was revealed.
    pub(super) const fn revealed(hash: Hash, used: bool) -> Self {
        Self { hash: Some(hash), stored: true, used }
    }
}

/// What a branch tells of a child beside its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing is there.
    Empty = 0,
    /// A leaf.
    Leaf = 1,
    /// A branch.
    Branch = 2,
}

impl Link {
    /// Makes a node from its bytes; none when they are not those of a node whose keys begin with `prefix`.
    ///
    /// 1. The first byte is one that a leaf or a branch has.
    /// 2. A leaf has a key that begins so and a value that is not too long.
    /// 3. A branch is not deeper than keys reach, and has 65 bytes; hashes are zero where nothing is, and only
    ///    there.
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

    /// Makes the link to a node that is not revealed; none when the hash does not suit the kind.
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

    /// Returns the kind of what is linked.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Empty => Kind::Empty,
            Self::Stub(stub) => stub.kind,
            Self::Leaf(_) => Kind::Leaf,
            Self::Branch(_) => Kind::Branch,
        }
    }

    /// Returns the hash of what is linked, and computes those that are missing for it, each once.
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
    /// Returns the bytes that are hashed.
    pub(super) fn preimage(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.key.0.len() + self.value.len());
        self.push_preimage(&mut bytes);
        bytes
    }

    /// Appends the bytes that are hashed.
    pub(super) fn push_preimage(&self, bytes: &mut Vec<u8>) {
        bytes.push(LEAF_TAG);
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&self.value);
    }
}

impl Branch {
    /// Returns the bytes that are hashed, and hashes the children that need it.
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

    /// Takes out the only leaf below, if no more than one has remained.
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
