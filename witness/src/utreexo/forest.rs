//! The forest with all leaves: the provider's side.

use alloc::{boxed::Box, vec::Vec};
use core::{fmt, marker::PhantomData};

use super::{
    accumulator::{Accumulator, ZERO, add},
    error::{AccumulatorError, ForestError},
    node::{self, Link, parent_hash_with},
    place::trees,
    witness::{Step, Witness, Writer},
};
use crate::{Hash, Hasher, NoNodes, NodeSink, NodeSource, Sha512_256};

/// A leaf and its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf {
    /// The number of leaves that were added before.
    pub index: u64,
    /// The leaf.
    pub hash: Hash,
}

/// The roots of a forest as a provider keeps them, to open the forest again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots {
    /// The number of leaves that were ever added.
    pub n_leaves: u64,
    /// One for each tree, large trees first; `None` for empty trees.
    pub links: Vec<Option<Link>>,
}

/// A forest with all its leaves, of which only the nodes are in memory that were needed so far.
///
/// It reads other nodes from the source `S` by their hash, and checks the hash. It finds leaves by their index, so the
/// caller keeps the index of each leaf; it does not change. [`Forest::commit`] puts new nodes into a store, and
/// [`Forest::open`] opens the forest of any roots that the store still has. The forest never changes a node. `H` computes
/// SHA-512/256.
///
/// ```
/// use outrider_witness::{Hash, Hasher, NodeBag, Sha256, utreexo::{Forest, Leaf}};
///
/// let mut nodes = NodeBag::default();
/// let mut forest = Forest::empty();
/// for n in 0..8_u8 {
///     forest.add(Sha256::hash(&[n]))?;
/// }
/// let old = forest.commit(&mut nodes);
/// forest.delete(&[Leaf { index: 3, hash: Sha256::hash(&[3]) }])?;
/// forest.add(Sha256::hash(&[8]))?;
/// let new = forest.commit(&mut nodes);
///
/// // A reorganisation goes back to the old roots.
/// let undone = Forest::open(&old, &nodes)?;
/// assert_ne!(undone.accumulator(), Forest::open(&new, &nodes)?.accumulator());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Forest<S, H = Sha512_256> {
    n_leaves: u64,
    roots: Vec<Option<Node>>,
    source: S,
    hasher: PhantomData<fn() -> H>,
}

struct Node {
    link: Link,
    /// `None` if this is a leaf, or the children are not in memory.
    children: Option<Box<Children>>,
}

struct Children {
    left: Node,
    right: Node,
    /// Whether no sink has this branch yet.
    is_new: bool,
}

impl Forest<NoNodes> {
    /// Returns the forest without leaves.
    #[must_use]
    pub fn empty() -> Self {
        Self { n_leaves: 0, roots: Vec::new(), source: NoNodes, hasher: PhantomData }
    }
}

impl<S: NodeSource> Forest<S> {
    /// Returns the forest with these roots over the nodes of `source`.
    ///
    /// # Errors
    ///
    /// Fails if there are no such roots in any forest.
    pub fn open(roots: &Roots, source: S) -> Result<Self, AccumulatorError> {
        let hashes = roots.links.iter().map(|link| link.map(|link| link.hash)).collect();
        Accumulator::new(roots.n_leaves, hashes)?;
        for (tree, link) in trees(roots.n_leaves).zip(&roots.links) {
            if let Some(Link { rows, .. }) = link.filter(|link| link.rows > tree.row) {
                return Err(AccumulatorError::Rows { row: tree.row, got: rows });
            }
        }
        let nodes = roots.links.iter().map(|link| link.map(Node::unread)).collect();
        Ok(Self { n_leaves: roots.n_leaves, roots: nodes, source, hasher: PhantomData })
    }

    /// Returns the same forest, which computes SHA-512/256 by another hasher.
    #[must_use]
    pub fn with_hasher<H: Hasher>(self) -> Forest<S, H> {
        let Self { n_leaves, roots, source, .. } = self;
        Forest { n_leaves, roots, source, hasher: PhantomData }
    }
}

impl<S: NodeSource, H: Hasher> Forest<S, H> {
    /// Returns what a verifier keeps of this forest.
    #[must_use]
    pub fn accumulator(&self) -> Accumulator {
        let hashes = self.roots.iter().map(|root| root.as_ref().map(|root| root.link.hash));
        // The forest has as many roots as trees, and none is zero.
        Accumulator::new(self.n_leaves, hashes.collect()).unwrap_or_default()
    }

    /// Adds a leaf, different from all others, and returns its index.
    ///
    /// # Errors
    ///
    /// Fails as [`Accumulator::add`] does.
    pub fn add(&mut self, leaf: Hash) -> Result<u64, AccumulatorError> {
        if leaf == ZERO {
            return Err(AccumulatorError::ZeroHash);
        }
        let leaf = Node::unread(Link { hash: leaf, rows: 0 });
        // Two trees of row `r` differ in bit `r` of the indices of their leaves.
        let join = |row, left, right| Node::branch::<H>(left, right, row + 1);
        self.n_leaves = add(self.n_leaves, &mut self.roots, leaf, join)?;
        Ok(self.n_leaves - 1)
    }

    /// Returns the witness of these leaves, given in any order. Those of the witness are in the order of their index.
    ///
    /// # Errors
    ///
    /// Fails if a leaf is not in the forest or listed twice, or the source fails.
    pub fn witness(&mut self, leaves: &[Leaf]) -> Result<Witness, ForestError> {
        let leaves = self.reveal(leaves)?;
        let mut rest = leaves.as_slice();
        let mut writer = Writer::default();
        for (tree, root) in trees(self.n_leaves).zip(&self.roots) {
            let (here, later) = split(rest, tree.first_leaf() + (1 << tree.row));
            rest = later;
            if let Some(root) = root {
                writer.tree(!here.is_empty());
                root.write(tree.row, here, &mut writer);
            }
        }
        Ok(writer.finish())
    }

    /// Deletes these leaves, given in any order.
    ///
    /// # Errors
    ///
    /// Fails as [`Forest::witness`] does.
    pub fn delete(&mut self, leaves: &[Leaf]) -> Result<(), ForestError> {
        let leaves = self.reveal(leaves)?;
        let mut rest = leaves.as_slice();
        for (tree, root) in trees(self.n_leaves).zip(&mut self.roots) {
            let (here, later) = split(rest, tree.first_leaf() + (1 << tree.row));
            rest = later;
            if let Some(node) = root.take() {
                *root = node.without::<H>(here);
            }
        }
        Ok(())
    }

    /// Puts all branches that are not yet in a sink, children before parents, and returns the roots. A branch refers to
    /// the branches below it; leaves are not put.
    pub fn commit(&mut self, sink: &mut impl NodeSink) -> Roots {
        self.roots.iter_mut().flatten().for_each(|root| root.commit(sink));
        self.roots()
    }

    /// Returns the roots.
    #[must_use]
    pub fn roots(&self) -> Roots {
        let links = self.roots.iter().map(|root| root.as_ref().map(|root| root.link)).collect();
        Roots { n_leaves: self.n_leaves, links }
    }

    /// Sorts leaves, and reads the paths to them, so that what follows cannot fail.
    fn reveal(&mut self, leaves: &[Leaf]) -> Result<Vec<Leaf>, ForestError> {
        let mut leaves = leaves.to_vec();
        leaves.sort_unstable();
        for (first, second) in leaves.iter().zip(leaves.iter().skip(1)) {
            if first.index == second.index {
                return Err(ForestError::Repeated { index: first.index });
            }
        }
        for leaf in &leaves {
            let absent = ForestError::NotPresent { index: leaf.index, hash: leaf.hash };
            let at = trees(self.n_leaves).position(|tree| leaf.index >> tree.row == tree.index);
            let Some(Some(root)) = at.and_then(|at| self.roots.get_mut(at)) else {
                return Err(absent);
            };
            if root.find::<H>(leaf.index, &self.source)? != leaf.hash {
                return Err(absent);
            }
        }
        Ok(leaves)
    }
}

impl Node {
    fn unread(link: Link) -> Self {
        Self { link, children: None }
    }

    fn branch<H: Hasher>(left: Self, right: Self, rows: u8) -> Self {
        let hash = parent_hash_with::<H>(&left.link.hash, &right.link.hash);
        let children = Some(Box::new(Children { left, right, is_new: true }));
        Self { link: Link { hash, rows }, children }
    }

    /// Returns the leaf to which an index leads, which is another if that of the index is not in the tree.
    fn find<H: Hasher>(&mut self, index: u64, source: &impl NodeSource) -> Result<Hash, ForestError> {
        let mut node = self;
        while let Some(bit) = node.link.rows.checked_sub(1) {
            let children = node.read::<H>(source)?;
            node = if index >> bit & 1 == 0 { &mut children.left } else { &mut children.right };
        }
        Ok(node.link.hash)
    }

    /// Returns the children of a branch, from the source if they are not in memory.
    fn read<H: Hasher>(&mut self, source: &impl NodeSource) -> Result<&mut Children, ForestError> {
        let Link { hash, rows } = self.link;
        let children = match self.children.take() {
            Some(children) => children,
            None => {
                let read = node::read::<H>(source, &hash);
                let (left, right) = read.map_err(|source| ForestError::Source { hash, source })?;
                if left.rows.max(right.rows) >= rows {
                    return Err(ForestError::Malformed { hash });
                }
                Box::new(Children { left: Self::unread(left), right: Self::unread(right), is_new: false })
            }
        };
        Ok(self.children.insert(children))
    }

    /// Returns the leaves on both sides of a branch.
    fn split<'a>(&self, leaves: &'a [Leaf]) -> (&'a [Leaf], &'a [Leaf]) {
        let bit = self.link.rows.saturating_sub(1);
        leaves.split_at(leaves.partition_point(|leaf| leaf.index >> bit & 1 == 0))
    }

    /// Writes the paths to leaves below this node, which is in a row. The paths are in memory. Recurses at most once
    /// per row.
    fn write(&self, row: u8, leaves: &[Leaf], writer: &mut Writer) {
        if leaves.is_empty() {
            return;
        }
        let Some(Children { left, right, .. }) = self.children.as_deref() else {
            return writer.leaf(row, &self.link.hash);
        };
        let below = row.saturating_sub(1);
        match self.split(leaves) {
            (here, []) => {
                writer.branch(row, Step::Left);
                left.write(below, here, writer);
                writer.beside(&right.link.hash);
            }
            ([], here) => {
                writer.branch(row, Step::Right);
                writer.beside(&left.link.hash);
                right.write(below, here, writer);
            }
            (on_left, on_right) => {
                writer.branch(row, Step::Both);
                left.write(below, on_left, writer);
                right.write(below, on_right, writer);
            }
        }
    }

    /// Returns this node without leaves below it, whose paths are in memory; `None` if no leaf is left. Recurses at
    /// most once per row.
    fn without<H: Hasher>(self, leaves: &[Leaf]) -> Option<Self> {
        if leaves.is_empty() {
            return Some(self);
        }
        let (on_left, on_right) = self.split(leaves);
        let Children { left, right, .. } = *self.children?;
        match (left.without::<H>(on_left), right.without::<H>(on_right)) {
            (Some(left), Some(right)) => Some(Self::branch::<H>(left, right, self.link.rows)),
            (left, right) => left.or(right),
        }
    }

    /// Puts the new branches. Recurses at most once per row.
    fn commit(&mut self, sink: &mut impl NodeSink) {
        let Some(children) = self.children.as_deref_mut().filter(|children| children.is_new) else {
            return;
        };
        children.left.commit(sink);
        children.right.commit(sink);
        children.is_new = false;
        let links = [children.left.link, children.right.link];
        let branches: Vec<Hash> = links.iter().filter(|link| link.rows > 0).map(|link| link.hash).collect();
        sink.put(&self.link.hash, &node::encode(&children.left.link, &children.right.link), &branches);
    }
}

/// Splits sorted leaves at an index.
fn split(leaves: &[Leaf], index: u64) -> (&[Leaf], &[Leaf]) {
    leaves.split_at(leaves.partition_point(|leaf| leaf.index < index))
}

impl<S, H> fmt::Debug for Forest<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots = self.roots.iter().map(|root| root.as_ref().map(|root| root.link)).collect::<Vec<_>>();
        f.debug_struct("Forest")
            .field("n_leaves", &self.n_leaves)
            .field("roots", &roots)
            .finish_non_exhaustive()
    }
}
