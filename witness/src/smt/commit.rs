//! Hashing and committing.

use alloc::vec::Vec;

use super::{
    node::{EMPTY_ROOT, Link, Marks},
    tree::Tree,
};
use crate::{Hash, Hasher, NodeSink, NodeSource};

impl<H: Hasher, S: NodeSource> Tree<H, S> {
    /// The root. Each node that has changed since the last call is hashed, once, and no other.
    pub fn root(&mut self) -> Hash {
        self.root.hash::<H>()
    }

    /// Puts all new nodes into a sink, and gives the root. Values refer to nothing.
    pub fn commit(&mut self, sink: &mut impl NodeSink) -> Hash {
        self.commit_with(sink, |_, _| {})
    }

    /// Puts all new nodes into a sink, and gives the root. `refer` appends the hashes that a value refers to: the roots of
    /// non-empty tries, and blobs.
    ///
    /// The empty tree has no node, so there is nothing of it that a store could pin.
    pub fn commit_with(
        &mut self,
        sink: &mut impl NodeSink,
        refer: impl FnMut(&[u8], &mut Vec<Hash>),
    ) -> Hash {
        self.put(sink, refer, |marks| !marks.stored)
    }

    /// Puts all nodes that are in memory into a sink, new or not, and gives the root. Values refer to nothing.
    ///
    /// So a witness becomes a [`NodeBag`](crate::NodeBag), which can be united with others of the same root.
    pub fn put_revealed(&mut self, sink: &mut impl NodeSink) -> Hash {
        self.put(sink, |_, _| {}, |_| true)
    }

    fn put(
        &mut self,
        sink: &mut impl NodeSink,
        refer: impl FnMut(&[u8], &mut Vec<Hash>),
        selects: fn(&Marks) -> bool,
    ) -> Hash {
        let root = self.root();
        Commit { sink, refer, selects, children: Vec::new() }.put::<H>(&mut self.root);
        root
    }
}

/// Puts nodes into a sink.
struct Commit<'a, K, R> {
    sink: &'a mut K,
    refer: R,
    /// Below a node for which this is false, there is none for which it is true.
    selects: fn(&Marks) -> bool,
    /// Room for the hashes that a node refers to.
    children: Vec<Hash>,
}

impl<K: NodeSink, R: FnMut(&[u8], &mut Vec<Hash>)> Commit<'_, K, R> {
    /// Puts the selected nodes, children before parents. Calls itself once for each bit at most.
    fn put<H: Hasher>(&mut self, link: &mut Link) {
        let hash = link.hash::<H>();
        match link {
            Link::Leaf(leaf) if (self.selects)(&leaf.marks) => {
                self.children.clear();
                (self.refer)(&leaf.value, &mut self.children);
                self.sink.put(&hash, &leaf.preimage(), &self.children);
                leaf.marks.stored = true;
            }
            Link::Branch(branch) if (self.selects)(&branch.marks) => {
                self.put::<H>(&mut branch.left);
                self.put::<H>(&mut branch.right);
                self.children.clear();
                self.children.extend([branch.left.hash::<H>(), branch.right.hash::<H>()]);
                self.children.retain(|child| *child != EMPTY_ROOT);
                self.sink.put(&hash, &branch.preimage::<H>(), &self.children);
                branch.marks.stored = true;
            }
            Link::Empty | Link::Stub(_) | Link::Leaf(_) | Link::Branch(_) => {}
        }
    }
}
