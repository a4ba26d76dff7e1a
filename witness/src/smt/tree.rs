//! The tree: reads and changes.

use alloc::boxed::Box;
use core::{fmt, marker::PhantomData, mem};

use super::{
    error::{TreeError, UnusedError},
    key::{KEY_BITS, Key, Prefix, Side},
    node::{Branch, EMPTY_ROOT, Kind, Leaf, Link, Marks, Stub, VALUE_BYTES_MAX},
};
use crate::{Hash, Hasher, NoNodes, NodeError, NodeSource, node};

/// A map from keys to values with a root, of which only the nodes are in memory that were needed so far.
///
/// It reads other nodes from the source `S` by their hash, and checks the hash. `H` hashes all nodes.
///
/// ```
/// use outrider_witness::{Keccak256, NodeBag, Recorder, smt::{Key, Tree}};
///
/// // The provider holds the full state.
/// let mut full = Tree::<Keccak256, _>::empty();
/// for key in 0..100 {
///     full.insert(&Key([key; 32]), b"value")?;
/// }
/// let mut nodes = NodeBag::default();
/// let root = full.commit(&mut nodes);
///
/// // It runs something over the state and gets the witness.
/// let mut recorded = Tree::<Keccak256, _>::open(&root, Recorder::new(&nodes));
/// recorded.remove(&Key([7; 32]))?;
/// let post_root = recorded.root();
/// let witness = recorded.into_witness()?;
///
/// // The executor holds only the root and runs the same.
/// let mut stateless = Tree::<Keccak256, _>::from_witness(&witness, &root)?;
/// stateless.remove(&Key([7; 32]))?;
/// assert_eq!(stateless.root(), post_root);
/// stateless.check_all_used()?;
/// assert!(stateless.get(&Key([70; 32])).is_err(), "the witness does not cover this key; it may be present");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Tree<H, S> {
    pub(super) root: Link,
    pub(super) source: S,
    /// The root at opening.
    pub(super) opened: Hash,
    hasher: PhantomData<H>,
}

impl<H: Hasher> Tree<H, NoNodes> {
    /// Returns the empty tree.
    #[must_use]
    pub fn empty() -> Self {
        Self::open(&EMPTY_ROOT, NoNodes)
    }
}

impl<H: Hasher, S: NodeSource> Tree<H, S> {
    /// Returns the tree with a root over the nodes of `source`.
    pub fn open(root: &Hash, source: S) -> Self {
        // The kind of a root is unknown before it is revealed, and no code uses it.
        let link = Link::stub(*root, Kind::Branch).unwrap_or_default();
        Self { root: link, source, opened: *root, hasher: PhantomData }
    }

    /// Returns the value of a key, or `None` if the key is proven absent.
    ///
    /// # Errors
    ///
    /// Returns [`TreeError::NotCovered`] if neither is known. Fails if the source does.
    pub fn get(&mut self, key: &Key) -> Result<Option<&[u8]>, TreeError> {
        let mut link = &mut self.root;
        let mut depth = 0;
        loop {
            match reveal::<H>(link, &self.source, || Prefix::of(key, depth))? {
                RevealedNode::Empty => return Ok(None),
                RevealedNode::Leaf(leaf) => return Ok((leaf.key == *key).then_some(&leaf.value)),
                RevealedNode::Branch(branch) => link = branch.child_mut(key.side(depth)),
            }
            depth += 1;
        }
    }

    /// Sets the value of a key. The empty value is a value like any other.
    ///
    /// # Errors
    ///
    /// Fails as [`Tree::get`] does, or returns [`TreeError::ValueTooLong`].
    pub fn insert(&mut self, key: &Key, value: &[u8]) -> Result<(), TreeError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(TreeError::ValueTooLong { got: value.len() });
        }
        // An unchanged value is not hashed again.
        if self.get(key)? != Some(value) {
            insert_below(&mut self.root, key, value);
        }
        Ok(())
    }

    /// Removes a key and returns whether it was present.
    ///
    /// # Errors
    ///
    /// Fails as [`Tree::get`] does. The nodes that suffice to read the key suffice to remove it.
    pub fn remove(&mut self, key: &Key) -> Result<bool, TreeError> {
        let present = self.get(key)?.is_some();
        if present {
            remove_below(&mut self.root, key, 0);
        }
        Ok(present)
    }

    /// Returns the source.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Replaces the source, from which nodes are read that are not in memory.
    ///
    /// So a tree from a witness and a tree over a full state can have the same type, and a guest holds the code once.
    pub fn with_source<T: NodeSource>(self, source: T) -> Tree<H, T> {
        Tree { root: self.root, source, opened: self.opened, hasher: PhantomData }
    }

    /// Checks that everything in the witness was used: a block has only one valid witness.
    ///
    /// # Errors
    ///
    /// Returns the path to the first node that was not used.
    pub fn check_all_used(&self) -> Result<(), UnusedError> {
        match first_unused(&self.root, Prefix::ROOT) {
            Some(prefix) => Err(UnusedError { path: prefix.path() }),
            None => Ok(()),
        }
    }

    /// Makes a tree from the revealed nodes of a witness.
    pub(super) fn revealed(mut root: Link, source: S) -> Self {
        let opened = root.hash::<H>();
        Self { root, source, opened, hasher: PhantomData }
    }
}

impl<H, S> fmt::Debug for Tree<H, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").field("root", &self.root).finish_non_exhaustive()
    }
}

/// A resolved link.
pub(super) enum RevealedNode<'a> {
    Empty,
    Leaf(&'a mut Leaf),
    Branch(&'a mut Branch),
}

/// Resolves a link if it is a stub, and marks its target as used.
pub(super) fn reveal<'a, H: Hasher>(
    link: &'a mut Link,
    source: &impl NodeSource,
    prefix: impl Fn() -> Prefix,
) -> Result<RevealedNode<'a>, TreeError> {
    if let Link::Stub(stub) = link {
        *link = resolve::<H>(stub, source, &prefix())?;
    }
    match link {
        Link::Empty => Ok(RevealedNode::Empty),
        Link::Leaf(leaf) => {
            leaf.marks.used = true;
            Ok(RevealedNode::Leaf(leaf))
        }
        Link::Branch(branch) => {
            branch.marks.used = true;
            Ok(RevealedNode::Branch(branch))
        }
        Link::Stub(stub) => Err(TreeError::NotCovered { hash: stub.hash, path: prefix().path() }),
    }
}

/// Reads the node of a stub and checks that it is valid at its place.
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

/// Sets a value. The path to the key is revealed.
fn insert_below(mut link: &mut Link, key: &Key, value: &[u8]) {
    let mut depth = 0;
    while let Link::Branch(branch) = link {
        branch.marks = Marks::NEW;
        link = branch.child_mut(key.side(depth));
        depth += 1;
    }
    debug_assert!(!matches!(link, Link::Stub(_)), "the path to the key is revealed");
    let leaf = Link::Leaf(Box::new(Leaf { key: *key, value: value.to_vec(), marks: Marks::NEW }));
    *link = match mem::take(link) {
        Link::Leaf(other) if other.key != *key => {
            let other_key = other.key;
            fork(leaf, key, Link::Leaf(other), &other_key, depth)
        }
        _ => leaf,
    };
}

/// Makes the subtree of two leaves at `depth`: a branch where their keys diverge, and one for each bit before.
fn fork(leaf: Link, key: &Key, other: Link, other_key: &Key, depth: u16) -> Link {
    let parts = |depth: &u16| key.side(*depth) != other_key.side(*depth);
    let fork_depth = (depth..KEY_BITS).find(parts).unwrap_or(depth);
    let fork = Link::branch(key.side(fork_depth), leaf, other);
    (depth..fork_depth).rev().fold(fork, |child, depth| Link::branch(key.side(depth), child, Link::Empty))
}

/// Removes a leaf that is present. The path to it is revealed. Recurses at most once per bit.
fn remove_below(link: &mut Link, key: &Key, depth: u16) {
    if let Link::Branch(branch) = link {
        remove_below(branch.child_mut(key.side(depth)), key, depth + 1);
        branch.marks = Marks::NEW;
        if let Some(leaf) = branch.take_lone_leaf() {
            *link = leaf;
        }
    } else {
        debug_assert!(matches!(link, Link::Leaf(leaf) if leaf.key == *key), "the key is present");
        *link = Link::Empty;
    }
}

fn first_unused(link: &Link, prefix: Prefix) -> Option<Prefix> {
    match link {
        Link::Empty | Link::Stub(_) => None,
        Link::Leaf(leaf) => (!leaf.marks.used).then_some(prefix),
        Link::Branch(branch) if !branch.marks.used => Some(prefix),
        Link::Branch(branch) => first_unused(&branch.left, prefix.child(Side::Left))
            .or_else(|| first_unused(&branch.right, prefix.child(Side::Right))),
    }
}
