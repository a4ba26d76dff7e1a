//! Hashing and committing.

use alloc::vec::Vec;

use super::{
    node::{EMPTY_ROOT, Link, Marks},
    tree::Tree,
};
use crate::{Hash, Hasher, NodeSink, NodeSource};

impl<H: Hasher, S: NodeSource> Tree<H, S> {
    /// Returns the root. Hashes each node that has changed since the last call, once, and no others.
    pub fn root(&mut self) -> Hash {
        self.root.hash::<H>()
    }

    /// Puts all new nodes into a sink and returns the root. Values hold no references.
    pub fn commit(&mut self, sink: &mut impl NodeSink) -> Hash {
        self.commit_with(sink, |_, _| {})
    }

    /// Puts all new nodes into a sink and returns the root. `refer` appends the hashes to which a value refers: roots
    /// of non-empty tries, and blobs.
    ///
    /// The empty tree has no node, so a store has nothing to pin.
    pub fn commit_with(
        &mut self,
        sink: &mut impl NodeSink,
        refer: impl FnMut(&[u8], &mut Vec<Hash>),
    ) -> Hash {
        self.put(sink, refer, |marks| !marks.stored)
    }

    /// Puts all nodes in memory into a sink, new or not, and returns the root. Values hold no references.
    ///
    /// This converts a witness into a [`NodeBag`](crate::NodeBag), which can be merged with others of the same root.
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

/// A pass that puts nodes into a sink.
struct Commit<'a, K, R> {
    sink: &'a mut K,
    refer: R,
    /// If this is false for a node, it is false for all nodes below.
    selects: fn(&Marks) -> bool,
    /// A buffer for the hashes to which a node refers.
    children: Vec<Hash>,
}

impl<K: NodeSink, R: FnMut(&[u8], &mut Vec<Hash>)> Commit<'_, K, R> {
    /// Puts the selected nodes, children before parents. Recurses at most once per bit.
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
