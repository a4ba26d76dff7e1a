//! The tree: reads, changes, and the root.

use alloc::vec::Vec;
use core::{fmt, marker::PhantomData, mem};

use super::{
    error::TreeError,
    iter::Iter,
    key::{KEY_BITS, Key, Prefix},
    node::{Branch, EMPTY_ROOT, Kind, Leaf, Link, Marks, Stub, VALUE_BYTES_MAX},
};
use crate::{Hash, Hasher, Keccak256, NodeError, NodeSink, NodeSource, node};

/// A map from keys to values with a root, of which only those nodes are in memory that were needed so far.
///
/// Others are taken from the source `S` by their hash, which is checked. All nodes are hashed with `H`.
pub struct Tree<S, H = Keccak256> {
    pub(super) root: Link,
    pub(super) source: S,
    hasher: PhantomData<H>,
}

impl<S: NodeSource, H: Hasher> Tree<S, H> {
    /// Makes the tree with this root, of which nothing is known yet. [`EMPTY_ROOT`] makes an empty one.
    pub fn new(root: Hash, source: S) -> Self {
        // The kind of a root is not known before it is revealed, and nothing asks for it.
        let root = Link::stub(root, Kind::Branch).unwrap_or_default();
        Self::revealed(root, source)
    }

    /// Returns the value of a key; `None` when it is proven that there is none.
    ///
    /// # Errors
    ///
    /// [`TreeError::NotCovered`] when neither is known, and failures of the source.
    pub fn get(&mut self, key: &Key) -> Result<Option<&[u8]>, TreeError> {
        let mut link = &mut self.root;
        let mut depth = 0;
        loop {
            match reveal::<H>(link, &self.source, || Prefix::of(key, depth))? {
                Revealed::Empty => return Ok(None),
                Revealed::Leaf(leaf) => return Ok((leaf.key == *key).then_some(&leaf.value)),
                Revealed::Branch(branch) => link = branch.child_mut(key.side(depth)),
            }
            depth += 1;
        }
    }

    /// Sets the value of a key. A value that the key has already changes nothing; an empty one is a value, too.
    ///
    /// # Errors
    ///
    /// As [`Tree::get`], and [`TreeError::ValueTooLong`].
    pub fn insert(&mut self, key: Key, value: Vec<u8>) -> Result<(), TreeError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(TreeError::ValueTooLong { got: value.len() });
        }
        if self.get(&key)? != Some(value.as_slice()) {
            insert_below(&mut self.root, key, value);
        }
        Ok(())
    }

    /// Removes a key and returns its value, if it had one.
    ///
    /// # Errors
    ///
    /// As [`Tree::get`]. What suffices to read the key suffices to remove it.
    pub fn remove(&mut self, key: &Key) -> Result<Option<Vec<u8>>, TreeError> {
        if self.get(key)?.is_none() {
            return Ok(None);
        }
        Ok(remove_below(&mut self.root, key, 0))
    }

    /// Returns all keys with their values, by ascending key.
    ///
    /// It ends with the first error, such as [`TreeError::NotCovered`].
    pub fn iter(&mut self) -> Iter<'_, S, H> {
        Iter::new(self)
    }

    /// Returns the root, and hashes each node that is new or changed since the last time, once.
    pub fn root(&mut self) -> Hash {
        self.root.hash::<H>()
    }

    /// Returns the source.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Gives each node that neither came from somewhere nor was committed before to `sink`, and returns the
    /// root. Values refer to nothing.
    pub fn commit(&mut self, sink: &mut impl NodeSink) -> Hash {
        self.commit_with(sink, |_, _| Vec::new())
    }

    /// Does as [`Tree::commit`], where `refers_to` tells the hashes of the nodes and blobs that the value of a
    /// key refers to.
    pub fn commit_with(
        &mut self,
        sink: &mut impl NodeSink,
        mut refers_to: impl FnMut(&Key, &[u8]) -> Vec<Hash>,
    ) -> Hash {
        let root = self.root();
        put::<H>(&mut self.root, sink, &mut refers_to, &|marks| !marks.stored);
        root
    }

    /// Gives each node that is in memory to `sink`, be it new or not. Values refer to nothing.
    ///
    /// So a witness becomes a [`NodeBag`](crate::NodeBag), which can be united with others of the same root.
    pub fn put_revealed(&mut self, sink: &mut impl NodeSink) -> Hash {
        let root = self.root();
        put::<H>(&mut self.root, sink, &mut |_, _| Vec::new(), &|_| true);
        root
    }

    /// Checks that the witness, from which this tree was decoded, revealed no more than was needed since then.
    ///
    /// # Errors
    ///
    /// [`TreeError::Unused`] for the first node that was not.
    pub fn check_all_used(&self) -> Result<(), TreeError> {
        match first_unused(&self.root, Prefix::ROOT) {
            Some(prefix) => Err(TreeError::Unused { path: prefix.path() }),
            None => Ok(()),
        }
    }

    /// Makes a tree of what is revealed already.
    pub(super) fn revealed(root: Link, source: S) -> Self {
        Self { root, source, hasher: PhantomData }
    }
}

impl<S, H> fmt::Debug for Tree<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").field("root", &self.root).finish_non_exhaustive()
    }
}

/// A link that is no stub.
pub(super) enum Revealed<'a> {
    Empty,
    Leaf(&'a mut Leaf),
    Branch(&'a mut Branch),
}

/// Resolves a link if it is a stub, and marks what it leads to as used.
pub(super) fn reveal<'a, H: Hasher>(
    link: &'a mut Link,
    source: &impl NodeSource,
    prefix: impl Fn() -> Prefix,
) -> Result<Revealed<'a>, TreeError> {
    if let Link::Stub(stub) = link {
        *link = resolve::<H>(stub, source, &prefix())?;
    }
    match link {
        Link::Empty => Ok(Revealed::Empty),
        Link::Leaf(leaf) => {
            leaf.marks.used = true;
            Ok(Revealed::Leaf(leaf))
        }
        Link::Branch(branch) => {
            branch.marks.used = true;
            Ok(Revealed::Branch(branch))
        }
        Link::Stub(stub) => Err(TreeError::NotCovered { hash: stub.hash, path: prefix().path() }),
    }
}

/// Gets the node of a stub, which is to be one that the bits and the parent lead to.
pub(super) fn resolve<H: Hasher>(
    stub: &Stub,
    source: &impl NodeSource,
    prefix: &Prefix,
) -> Result<Link, TreeError> {
    let hash = stub.hash;
    let bytes = node::node::<H>(source, &hash).map_err(|error| match error {
        NodeError::NotCovered { hash } => TreeError::NotCovered { hash, path: prefix.path() },
        source => TreeError::Source { path: prefix.path(), source },
    })?;
    Link::parse(&bytes, hash, prefix)
        .filter(|link| prefix.depth() == 0 || link.kind() == stub.kind)
        .ok_or_else(|| TreeError::Malformed { hash, path: prefix.path() })
}

/// Sets a value where the way to the key is revealed.
fn insert_below(mut link: &mut Link, key: Key, value: Vec<u8>) {
    let mut depth = 0;
    while let Link::Branch(branch) = link {
        branch.marks = Marks::NEW;
        link = branch.child_mut(key.side(depth));
        depth += 1;
    }
    debug_assert!(!matches!(link, Link::Stub(_)), "the way to the key is revealed");
    let leaf = Link::leaf(key, value);
    *link = match mem::take(link) {
        Link::Leaf(other) if other.key != key => {
            let other_key = other.key;
            fork(leaf, &key, Link::Leaf(other), &other_key, depth)
        }
        _ => leaf,
    };
}

/// Makes the subtree at `depth` of two leaves: a branch where their keys part, and one for each bit before.
fn fork(leaf: Link, key: &Key, other: Link, other_key: &Key, depth: u16) -> Link {
    let parts = |depth: &u16| key.side(*depth) != other_key.side(*depth);
    let fork_depth = (depth..KEY_BITS).find(parts).unwrap_or(depth);
    let fork = Link::branch(key.side(fork_depth), leaf, other);
    (depth..fork_depth).rev().fold(fork, |child, depth| Link::branch(key.side(depth), child, Link::Empty))
}

/// Removes a leaf where the way to it is revealed. Calls itself once for each bit at most.
fn remove_below(link: &mut Link, key: &Key, depth: u16) -> Option<Vec<u8>> {
    match link {
        Link::Branch(branch) => {
            let value = remove_below(branch.child_mut(key.side(depth)), key, depth + 1)?;
            branch.marks = Marks::NEW;
            if let Some(leaf) = branch.take_lone_leaf() {
                *link = leaf;
            }
            Some(value)
        }
        Link::Leaf(leaf) if leaf.key == *key => {
            let value = mem::take(&mut leaf.value);
            *link = Link::Empty;
            Some(value)
        }
        Link::Empty | Link::Leaf(_) | Link::Stub(_) => None,
    }
}

/// Gives the selected nodes to `sink`, children first. Below a node that is not selected, none is.
///
/// That holds for nodes that are not stored, as a node changes with each node below.
fn put<H: Hasher>(
    link: &mut Link,
    sink: &mut impl NodeSink,
    refers_to: &mut impl FnMut(&Key, &[u8]) -> Vec<Hash>,
    selects: &impl Fn(&Marks) -> bool,
) {
    let hash = link.hash::<H>();
    match link {
        Link::Leaf(leaf) if selects(&leaf.marks) => {
            sink.put(&hash, &leaf.preimage(), &refers_to(&leaf.key, &leaf.value));
            leaf.marks.stored = true;
        }
        Link::Branch(branch) if selects(&branch.marks) => {
            put::<H>(&mut branch.left, sink, refers_to, selects);
            put::<H>(&mut branch.right, sink, refers_to, selects);
            let mut children = [branch.left.hash::<H>(), branch.right.hash::<H>()].to_vec();
            children.retain(|child| *child != EMPTY_ROOT);
            sink.put(&hash, &branch.preimage::<H>(), &children);
            branch.marks.stored = true;
        }
        Link::Empty | Link::Stub(_) | Link::Leaf(_) | Link::Branch(_) => {}
    }
}

fn first_unused(link: &Link, prefix: Prefix) -> Option<Prefix> {
    use super::key::Side::{Left, Right};
    match link {
        Link::Empty | Link::Stub(_) => None,
        Link::Leaf(leaf) => (!leaf.marks.used).then_some(prefix),
        Link::Branch(branch) if !branch.marks.used => Some(prefix),
        Link::Branch(branch) => first_unused(&branch.left, prefix.child(Left))
            .or_else(|| first_unused(&branch.right, prefix.child(Right))),
    }
}
