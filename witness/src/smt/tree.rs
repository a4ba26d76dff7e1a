//! The tree: reads and changes.

use alloc::{boxed::Box, vec::Vec};
use core::{fmt, marker::PhantomData, mem};

use super::{
    entries::Entries,
    error::{DecodeError, TreeError, UnusedError},
    key::{KEY_BITS, Key, Prefix, Side},
    node::{Branch, EMPTY_ROOT, Kind, Leaf, Link, Marks, Stub, VALUE_BYTES_MAX},
    witness,
};
use crate::{Hash, Hasher, NoNodes, NodeError, NodeSource, Recorder, node};

/// A map from keys to values with a root, of which only those nodes are in memory that were needed so far.
///
/// Others are taken from the source `S` by their hash, which is checked. All nodes are hashed with `H`.
///
/// ```
/// use outrider_witness::{Keccak256, NodeBag, Recorder, smt::{Key, Tree}};
///
/// // Who holds the state.
/// let mut full = Tree::<Keccak256, _>::empty();
/// for key in 0..100 {
///     full.insert(&Key([key; 32]), b"value")?;
/// }
/// let mut nodes = NodeBag::default();
/// let root = full.commit(&mut nodes);
///
/// // Runs something over the state, and so gets the witness for it.
/// let mut recorded = Tree::<Keccak256, _>::open(&root, Recorder::new(&nodes));
/// recorded.remove(&Key([7; 32]))?;
/// let post_root = recorded.root();
/// let witness = recorded.into_witness()?;
///
/// // Who holds the root alone runs the same.
/// let mut stateless = Tree::<Keccak256, _>::from_witness(&witness, &root)?;
/// stateless.remove(&Key([7; 32]))?;
/// assert_eq!(stateless.root(), post_root);
/// stateless.check_all_used()?;
/// assert!(stateless.get(&Key([70; 32])).is_err(), "this is not covered, which is not to say that it is absent");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Tree<H, S> {
    pub(super) root: Link,
    pub(super) source: S,
    /// The root with which the tree was made.
    opened: Hash,
    hasher: PhantomData<H>,
}

impl<H: Hasher> Tree<H, NoNodes> {
    /// The empty tree.
    #[must_use]
    pub fn empty() -> Self {
        Self::open(&EMPTY_ROOT, NoNodes)
    }

    /// The part of the tree with this root that a witness reveals. There is nothing behind it.
    ///
    /// # Errors
    ///
    /// The bytes are no witness, or one of another root.
    pub fn from_witness(witness: &[u8], root: &Hash) -> Result<Self, DecodeError> {
        let tree = witness::decode(witness)?;
        let got = tree.opened;
        if got == *root { Ok(tree) } else { Err(DecodeError::Root { expected: *root, got }) }
    }
}

impl<H: Hasher, S: NodeSource> Tree<H, Recorder<S>> {
    /// Writes the witness of all that was done with this tree, for the root that it was opened with.
    ///
    /// # Errors
    ///
    /// As [`witness::encode`].
    pub fn into_witness(self) -> Result<Vec<u8>, TreeError> {
        witness::encode::<H>(&self.opened, &self.source.into_record().nodes)
    }
}

impl<H: Hasher, S: NodeSource> Tree<H, S> {
    /// The tree with this root, of which `source` has the nodes.
    pub fn open(root: &Hash, source: S) -> Self {
        // The kind of a root is not known before it is revealed, and nothing asks for it.
        let link = Link::stub(*root, Kind::Branch).unwrap_or_default();
        Self { root: link, source, opened: *root, hasher: PhantomData }
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

    /// Sets the value of a key. The empty value is one like others.
    ///
    /// # Errors
    ///
    /// As [`Tree::get`], and [`TreeError::ValueTooLong`].
    pub fn insert(&mut self, key: &Key, value: &[u8]) -> Result<(), TreeError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(TreeError::ValueTooLong { got: value.len() });
        }
        // What does not change is not hashed again.
        if self.get(key)? != Some(value) {
            insert_below(&mut self.root, key, value);
        }
        Ok(())
    }

    /// Removes a key, and tells if it was there.
    ///
    /// # Errors
    ///
    /// As [`Tree::get`]. What suffices to read the key suffices to remove it.
    pub fn remove(&mut self, key: &Key) -> Result<bool, TreeError> {
        let present = self.get(key)?.is_some();
        if present {
            remove_below(&mut self.root, key, 0);
        }
        Ok(present)
    }

    /// Returns all keys with their values, by ascending key.
    ///
    /// It ends with the first error, such as [`TreeError::NotCovered`].
    pub fn iter(&mut self) -> Entries<'_, H, S> {
        Entries::new(self)
    }

    /// Returns the source.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Replaces the source. What is in memory stays; what is not is asked of the new one.
    ///
    /// So a tree from a witness and one over a full state can be of one type, and a guest has the code once.
    pub fn with_source<T: NodeSource>(self, source: T) -> Tree<H, T> {
        Tree { root: self.root, source, opened: self.opened, hasher: PhantomData }
    }

    /// Checks that all that the witness revealed was used since then: a block has only one valid witness.
    ///
    /// # Errors
    ///
    /// Names the first node that was not.
    pub fn check_all_used(&self) -> Result<(), UnusedError> {
        match first_unused(&self.root, Prefix::ROOT) {
            Some(prefix) => Err(UnusedError { path: prefix.path() }),
            None => Ok(()),
        }
    }

    /// Makes a tree of what a witness reveals.
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
fn insert_below(mut link: &mut Link, key: &Key, value: &[u8]) {
    let mut depth = 0;
    while let Link::Branch(branch) = link {
        branch.marks = Marks::NEW;
        link = branch.child_mut(key.side(depth));
        depth += 1;
    }
    debug_assert!(!matches!(link, Link::Stub(_)), "the way to the key is revealed");
    let leaf = Link::Leaf(Box::new(Leaf { key: *key, value: value.to_vec(), marks: Marks::NEW }));
    *link = match mem::take(link) {
        Link::Leaf(other) if other.key != *key => {
            let other_key = other.key;
            fork(leaf, key, Link::Leaf(other), &other_key, depth)
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

/// Removes a leaf that is there, where the way to it is revealed. Calls itself once for each bit at most.
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
