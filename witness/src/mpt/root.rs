//! Hashing and committing.

use alloc::{vec, vec::Vec};

use super::{
    EMPTY_NODE, EMPTY_ROOT,
    arena::{Arena, NodeId, Reference, Slot, Target},
    forest::{Forest, TrieId},
    node,
};
use crate::{
    hash::{Hash, Hasher},
    node::{NodeSink, NodeSource},
};

impl<H: Hasher, S: NodeSource> Forest<H, S> {
    /// Returns the root of a trie. Hashes each node that has changed since the last call, once, and no others.
    pub fn root(&mut self, trie: TrieId) -> Hash {
        let Self { arena, buffer, .. } = self;
        let root = &mut self.tries[trie.0];
        *root.hash.get_or_insert_with(|| match root.link.target() {
            Target::Empty => EMPTY_ROOT,
            Target::Stub(stub) => *arena.stub_hash(stub),
            Target::Node(id) => {
                let mut walk = Walk::new(id, |slot| matches!(slot.reference, Reference::Unknown));
                while let Some(id) = walk.next(arena) {
                    refer::<H>(arena, id, buffer);
                }
                root_hash::<H>(arena, id)
            }
        })
    }

    /// Puts all new nodes of a trie into a sink and returns the root. Values hold no references.
    pub fn commit(&mut self, trie: TrieId, sink: &mut impl NodeSink) -> Hash {
        self.commit_with(trie, sink, |_, _| {})
    }

    /// Puts all new nodes of a trie into a sink and returns the root. `refer` appends the hashes to which a value
    /// refers: roots of non-empty tries, and blobs.
    ///
    /// For the empty trie it puts the one byte of its encoding, so that a store can pin that root like any other.
    pub fn commit_with(
        &mut self,
        trie: TrieId,
        sink: &mut impl NodeSink,
        mut refer: impl FnMut(&[u8], &mut Vec<Hash>),
    ) -> Hash {
        let root = self.root(trie);
        let top = match self.tries[trie.0].link.target() {
            Target::Empty => {
                sink.put(&EMPTY_ROOT, &EMPTY_NODE, &[]);
                return root;
            }
            Target::Stub(_) => return root,
            Target::Node(id) => id,
        };
        let mut walk = Walk::new(top, |slot| !slot.stored);
        let mut children = Vec::new();
        while let Some(id) = walk.next(&self.arena) {
            let hash = match self.arena[id].reference {
                _ if id == top => Some(root),
                Reference::Hash(hash) => Some(hash),
                Reference::Inline { .. } | Reference::Unknown => None,
            };
            if let Some(hash) = hash {
                children.clear();
                push_children(&self.arena, id, &mut refer, &mut children);
                let encoding = node::encode(&self.arena, &self.arena[id].node, &mut self.buffer);
                sink.put(&hash, encoding, &children);
            }
            self.arena[id].stored = true;
        }
        root
    }
}

/// Computes the reference to a node. Its children already have one.
pub(super) fn refer<H: Hasher>(arena: &mut Arena, id: NodeId, buffer: &mut Vec<u8>) {
    let encoding = node::encode(arena, &arena[id].node, buffer);
    let reference = node::inline(encoding).unwrap_or_else(|| Reference::Hash(H::hash(encoding)));
    arena[id].reference = reference;
}

/// Returns the root of a trie from the reference to its topmost node. The root is a hash even if the node is inline.
pub(super) fn root_hash<H: Hasher>(arena: &Arena, id: NodeId) -> Hash {
    match &arena[id].reference {
        Reference::Hash(hash) => *hash,
        Reference::Inline { length, bytes } => H::hash(&bytes[..usize::from(*length)]),
        Reference::Unknown => {
            debug_assert!(false, "the topmost node has a reference");
            EMPTY_ROOT
        }
    }
}

/// Appends all hashes in a node and its inline nodes.
fn push_children(
    arena: &Arena,
    id: NodeId,
    refer: &mut impl FnMut(&[u8], &mut Vec<Hash>),
    out: &mut Vec<Hash>,
) {
    let node = &arena[id].node;
    for link in node.links() {
        match link.target() {
            Target::Empty => {}
            Target::Stub(stub) => out.push(*arena.stub_hash(stub)),
            Target::Node(child) => match arena[child].reference {
                Reference::Hash(hash) => out.push(hash),
                Reference::Inline { .. } | Reference::Unknown => push_children(arena, child, refer, out),
            },
        }
    }
    if !node.value().is_empty() {
        refer(node.value(), out);
    }
}

/// A post-order walk over the nodes of one kind. Nodes of that kind are only below nodes of that kind, and each has
/// one parent.
struct Walk {
    is_kind: fn(&Slot) -> bool,
    /// The nodes on the path, each with the position of the next child.
    way: Vec<(NodeId, usize)>,
}

impl Walk {
    fn new(top: NodeId, is_kind: fn(&Slot) -> bool) -> Self {
        Self { is_kind, way: vec![(top, 0)] }
    }

    fn next(&mut self, arena: &Arena) -> Option<NodeId> {
        if let [(top, 0)] = self.way[..]
            && !(self.is_kind)(&arena[top])
        {
            self.way.clear();
        }
        loop {
            let (id, next) = self.way.last_mut()?;
            let rest = arena[*id].node.links().iter().enumerate().skip(*next);
            let mut children = rest.filter_map(|(index, link)| match link.target() {
                Target::Node(child) if (self.is_kind)(&arena[child]) => Some((index, child)),
                Target::Node(_) | Target::Stub(_) | Target::Empty => None,
            });
            match children.next() {
                Some((index, child)) => {
                    *next = index + 1;
                    self.way.push((child, 0));
                }
                None => return self.way.pop().map(|(id, _)| id),
            }
        }
    }
}
