//! Nodes in memory.
//!
//! All nodes of a forest lie in one arena and link to one another by index. A link takes four bytes, so the children
//! of a branch take 64.

use alloc::{boxed::Box, vec::Vec};
use core::{
    mem,
    ops::{Index, IndexMut},
};

use super::nibbles::Nibbles;
use crate::hash::Hash;

/// The nodes of a forest.
#[derive(Debug, Default)]
pub(super) struct Arena {
    slots: Vec<Slot>,
    free: Vec<NodeId>,
    stubs: Vec<Hash>,
}

/// The index of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(u32);

/// A node and its state in the forest.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) node: Node,
    pub(super) reference: Reference,
    /// Whether the node came from a witness. It may have several parents, so a change copies it.
    pub(super) frozen: bool,
    /// Whether an operation has visited the node.
    pub(super) used: bool,
    /// Whether the node came from a witness or source, or has been committed.
    pub(super) stored: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Branch(Branch),
    Extension { path: Nibbles, child: Link },
    Leaf { path: Nibbles, value: Box<[u8]> },
}

#[derive(Clone, Debug, Default)]
pub(super) struct Branch {
    pub(super) children: [Link; 16],
    /// Empty if no key ends here.
    pub(super) value: Box<[u8]>,
}

/// The reference of a parent to a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reference {
    /// The node has changed since its reference was last computed. All nodes above it have changed, too.
    Unknown,
    Hash(Hash),
    /// The encoding itself, in the first `length` bytes.
    Inline {
        length: u8,
        bytes: [u8; INLINE_BYTES_MAX],
    },
}

/// The length of the longest encoding that is inline instead of hashed, in bytes.
pub(super) const INLINE_BYTES_MAX: usize = 31;

/// A link from a node to a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link(u32);

/// The target of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Empty,
    Stub(StubId),
    Node(NodeId),
}

/// The index of a stub: a hash whose node is not in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StubId(u32);

/// The bit that distinguishes a stub from a node.
const STUB: u32 = 1 << 31;

/// One step of a path: a node and the position of the child that comes next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) id: NodeId,
    /// The nibble in a branch; 0 in an extension.
    pub(super) child: u8,
}

impl Link {
    pub(super) const EMPTY: Self = Self(u32::MAX);

    pub(super) fn target(self) -> Target {
        match self {
            Self::EMPTY => Target::Empty,
            Self(index) if index & STUB != 0 => Target::Stub(StubId(index & !STUB)),
            Self(index) => Target::Node(NodeId(index)),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::EMPTY
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl From<NodeId> for Link {
    fn from(id: NodeId) -> Self {
        Self(id.0)
    }
}

impl Branch {
    /// Returns the number of children and values.
    pub(super) fn n_items(&self) -> usize {
        let children = self.children.iter().filter(|link| !link.is_empty()).count();
        children + usize::from(!self.value.is_empty())
    }
}

impl Node {
    /// Returns the links to all children: none for a leaf, one for an extension, sixteen for a branch.
    pub(super) fn links(&self) -> &[Link] {
        match self {
            Self::Branch(branch) => &branch.children,
            Self::Extension { child, .. } => core::slice::from_ref(child),
            Self::Leaf { .. } => &[],
        }
    }

    pub(super) fn links_mut(&mut self) -> &mut [Link] {
        match self {
            Self::Branch(branch) => &mut branch.children,
            Self::Extension { child, .. } => core::slice::from_mut(child),
            Self::Leaf { .. } => &mut [],
        }
    }

    /// Returns the value of the node itself, empty if there is none.
    pub(super) fn value(&self) -> &[u8] {
        match self {
            Self::Branch(Branch { value, .. }) | Self::Leaf { value, .. } => value,
            Self::Extension { .. } => &[],
        }
    }
}

impl Slot {
    fn new(node: Node) -> Self {
        Self { node, reference: Reference::Unknown, frozen: false, used: false, stored: false }
    }
}

impl Arena {
    /// Returns an arena with room for a number of nodes and stubs.
    pub(super) fn with_capacity(n_nodes: usize, n_stubs: usize) -> Self {
        Self { slots: Vec::with_capacity(n_nodes), free: Vec::new(), stubs: Vec::with_capacity(n_stubs) }
    }

    /// Adds a new node.
    pub(super) fn add(&mut self, node: Node) -> NodeId {
        let slot = Slot::new(node);
        if let Some(id) = self.free.pop() {
            self[id] = slot;
            return id;
        }
        let id = NodeId(index(self.slots.len()));
        self.slots.push(slot);
        id
    }

    /// Adds a stub.
    pub(super) fn stub(&mut self, hash: Hash) -> Link {
        let link = Link(index(self.stubs.len()) | STUB);
        self.stubs.push(hash);
        link
    }

    /// Returns the hash of a stub.
    pub(super) fn stub_hash(&self, id: StubId) -> &Hash {
        &self.stubs[id.0 as usize]
    }

    /// Returns all stubs, past and present.
    pub(super) fn stubs(&self) -> &[Hash] {
        &self.stubs
    }

    /// Returns the node at `position` in the order of addition, for an arena without free slots.
    pub(super) fn nth(&self, position: u32) -> Option<NodeId> {
        (self.slots.len() > position as usize).then_some(NodeId(position))
    }

    /// Returns the node to change in place of `id`: the node itself, or a copy if it is frozen.
    pub(super) fn change(&mut self, id: NodeId) -> NodeId {
        if self[id].frozen {
            let copy = self[id].node.clone();
            return self.add(copy);
        }
        let slot = &mut self[id];
        slot.reference = Reference::Unknown;
        slot.stored = false;
        id
    }

    /// Takes a node out of the arena, or copies it if it is frozen.
    pub(super) fn take(&mut self, id: NodeId) -> Node {
        if self[id].frozen {
            return self[id].node.clone();
        }
        self.free.push(id);
        let gone = Node::Leaf { path: Nibbles::of(&[]), value: Box::default() };
        mem::replace(&mut self[id].node, gone)
    }

    /// Replaces a child of a node.
    pub(super) fn set_child(&mut self, step: Step, link: Link) {
        if let Some(child) = self[step.id].node.links_mut().get_mut(usize::from(step.child)) {
            *child = link;
        }
    }
}

impl Index<NodeId> for Arena {
    type Output = Slot;

    fn index(&self, id: NodeId) -> &Slot {
        &self.slots[id.0 as usize]
    }
}

impl IndexMut<NodeId> for Arena {
    fn index_mut(&mut self, id: NodeId) -> &mut Slot {
        &mut self.slots[id.0 as usize]
    }
}

/// Returns the next index into a list of a length.
fn index(length: usize) -> u32 {
    let index = u32::try_from(length).ok().filter(|index| *index < STUB - 1);
    index.expect("2^31 nodes or hashes take at least 64 GiB, which is the limit of a forest")
}
