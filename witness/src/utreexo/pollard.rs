//! A pollard: some leaves and their paths, kept up to date with the blocks.

use alloc::{boxed::Box, vec::Vec};
use core::mem;

use super::{
    accumulator::{Accumulator, ZERO, add},
    error::{AccumulatorError, PollardError},
    node::parent_hash,
    place::{Place, trees},
    witness::{Fold, Step, Witness, Writer, fold},
};
use crate::Hash;

/// An accumulator with the paths of the leaves that someone cares about: the outputs of a wallet, or those of
/// transactions that wait for a block.
///
/// It follows the chain with no more than the blocks and their witnesses, and has the witness of its leaves for the
/// accumulator of the moment. So a witness that is some blocks old is refreshed by applying these blocks, and the
/// leaves of several witnesses get one that covers all.
///
/// ```
/// use outrider_witness::{Hash, Hasher, Sha256, utreexo::{Accumulator, Forest, Leaf, Pollard}};
///
/// let mut forest = Forest::empty();
/// let leaves: Vec<Leaf> =
///     (0..9).map(|index| Leaf { index, hash: Sha256::hash(&index.to_le_bytes()) }).collect();
/// for leaf in &leaves {
///     forest.add(leaf.hash)?;
/// }
/// let mine = forest.witness(&leaves[3..5])?;
/// let mut pollard = Pollard::new(forest.accumulator());
/// pollard.keep(&mine.bytes, &mine.leaves)?;
///
/// // A block spends the sibling of one and adds an output.
/// let block = forest.witness(&leaves[2..3])?;
/// forest.delete(&leaves[2..3])?;
/// forest.add(Sha256::hash(b"new"))?;
/// pollard.apply(&block.bytes, &block.leaves, &[(Sha256::hash(b"new"), false)])?;
///
/// let refreshed = pollard.witness();
/// assert_eq!(refreshed, forest.witness(&leaves[3..5])?);
/// forest.accumulator().verify(&refreshed.bytes, &refreshed.leaves)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pollard {
    n_leaves: u64,
    roots: Vec<Option<Node>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    /// A leaf to keep.
    Leaf(Hash),
    /// A branch above leaves to keep.
    Branch(Box<Branch>),
    /// Anything else.
    Beside(Hash),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Branch {
    hash: Hash,
    left: Node,
    right: Node,
}

impl Pollard {
    /// Makes a pollard without leaves.
    #[must_use]
    pub fn new(accumulator: Accumulator) -> Self {
        let roots = accumulator.roots().iter().map(|root| root.map(Node::Beside)).collect();
        Self { n_leaves: accumulator.n_leaves(), roots }
    }

    /// Returns the accumulator.
    #[must_use]
    pub fn accumulator(&self) -> Accumulator {
        let hashes = self.roots.iter().map(|root| root.as_ref().map(Node::hash));
        // The pollard has as many roots as trees, and none is zero.
        Accumulator::new(self.n_leaves, hashes.collect()).unwrap_or_default()
    }

    /// Keeps the leaves of a witness, too.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not the witness of these leaves in the accumulator.
    pub fn keep(&mut self, witness: &[u8], leaves: &[Hash]) -> Result<(), PollardError> {
        let theirs = fold(&self.accumulator(), witness, leaves, Reveal)?;
        let mut roots = self.roots.clone();
        for (root, theirs) in roots.iter_mut().zip(theirs) {
            if let (Some(mine), Some(theirs)) = (root, theirs) {
                *mine = mem::replace(mine, Node::Beside(ZERO)).and(theirs)?;
            }
        }
        self.roots = roots;
        Ok(())
    }

    /// Applies a block: deletes the leaves of its witness, whether kept or not, then adds leaves. Of the added, it
    /// keeps those with a `true` beside them.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not the witness of the deleted leaves in the accumulator, or a leaf cannot be added.
    pub fn apply(
        &mut self,
        witness: &[u8],
        deleted: &[Hash],
        added: &[(Hash, bool)],
    ) -> Result<(), PollardError> {
        let theirs = fold(&self.accumulator(), witness, deleted, Reveal)?;
        let mut next = self.clone();
        for (root, theirs) in next.roots.iter_mut().zip(theirs) {
            if let (Some(mine), Some(theirs)) = (root.take_if(|_| theirs.is_some()), theirs) {
                *root = mine.without(theirs)?;
            }
        }
        for (leaf, is_kept) in added {
            if *leaf == ZERO {
                return Err(AccumulatorError::ZeroHash.into());
            }
            let leaf = if *is_kept { Node::Leaf(*leaf) } else { Node::Beside(*leaf) };
            next.n_leaves =
                add(next.n_leaves, &mut next.roots, leaf, |_, left, right| Node::join(left, right))?;
        }
        *self = next;
        Ok(())
    }

    /// Returns the witness of all kept leaves.
    #[must_use]
    pub fn witness(&self) -> Witness {
        let mut writer = Writer::default();
        for (tree, root) in trees(self.n_leaves).zip(&self.roots) {
            if let Some(root) = root {
                let has_paths = root.has_leaves();
                writer.tree(has_paths);
                if has_paths {
                    root.write(tree.row, &mut writer);
                }
            }
        }
        writer.finish()
    }
}

impl Node {
    fn hash(&self) -> Hash {
        match self {
            Self::Leaf(hash) | Self::Beside(hash) => *hash,
            Self::Branch(branch) => branch.hash,
        }
    }

    fn has_leaves(&self) -> bool {
        !matches!(self, Self::Beside(_))
    }

    /// Makes a branch, or its hash if it has no leaves to keep.
    fn join(left: Self, right: Self) -> Self {
        let hash = parent_hash(&left.hash(), &right.hash());
        if left.has_leaves() || right.has_leaves() {
            Self::Branch(Box::new(Branch { hash, left, right }))
        } else {
            Self::Beside(hash)
        }
    }

    /// Returns this node with the leaves of both. They have the same hash. Recurses at most once per row.
    fn and(self, theirs: Self) -> Result<Self, PollardError> {
        Ok(match (self, theirs) {
            (node, Self::Beside(_)) | (Self::Beside(_), node) => node,
            (Self::Leaf(hash), Self::Leaf(_)) => Self::Leaf(hash),
            (Self::Branch(mine), Self::Branch(theirs)) => {
                let (left, right) = (mine.left.and(theirs.left)?, mine.right.and(theirs.right)?);
                Self::Branch(Box::new(Branch { hash: mine.hash, left, right }))
            }
            (Self::Leaf(hash), Self::Branch(_)) | (Self::Branch(_), Self::Leaf(hash)) => {
                return Err(PollardError::NotALeaf { hash });
            }
        })
    }

    /// Returns this node without the leaves of another, which has the same hash; `None` if no leaf is left. Recurses at
    /// most once per row.
    fn without(self, theirs: Self) -> Result<Option<Self>, PollardError> {
        let (mine, theirs) = match (self, theirs) {
            (mine, Self::Beside(_)) => return Ok(Some(mine)),
            (Self::Beside(_) | Self::Leaf(_), Self::Leaf(_)) => return Ok(None),
            (Self::Beside(_), Self::Branch(theirs)) => {
                let children = (Self::Beside(theirs.left.hash()), Self::Beside(theirs.right.hash()));
                (children, theirs)
            }
            (Self::Branch(mine), Self::Branch(theirs)) => ((mine.left, mine.right), theirs),
            (Self::Leaf(hash), Self::Branch(_)) | (Self::Branch(_), Self::Leaf(hash)) => {
                return Err(PollardError::NotALeaf { hash });
            }
        };
        Ok(match (mine.0.without(theirs.left)?, mine.1.without(theirs.right)?) {
            (Some(left), Some(right)) => Some(Self::join(left, right)),
            (left, right) => left.or(right),
        })
    }

    /// Writes the paths of the kept leaves below, of which there is one at least. Recurses at most once per row.
    fn write(&self, row: u8, writer: &mut Writer) {
        match self {
            Self::Leaf(hash) => writer.leaf(row, hash),
            Self::Beside(hash) => writer.beside(hash),
            Self::Branch(branch) => {
                let step = match (branch.left.has_leaves(), branch.right.has_leaves()) {
                    (true, true) => Step::Both,
                    (true, false) => Step::Left,
                    // A branch without leaves to keep is not in memory.
                    (false, _) => Step::Right,
                };
                writer.branch(row, step);
                branch.left.write(row.saturating_sub(1), writer);
                branch.right.write(row.saturating_sub(1), writer);
            }
        }
    }
}

/// Makes the nodes of a witness.
struct Reveal;

impl Fold for Reveal {
    type Node = Node;

    fn leaf(&mut self, _place: Place, hash: Hash) -> Node {
        Node::Leaf(hash)
    }

    fn beside(&mut self, _place: Place, hash: Hash) -> Node {
        Node::Beside(hash)
    }

    fn branch(&mut self, left: Node, right: Node) -> Node {
        Node::join(left, right)
    }

    fn hash(node: &Node) -> Hash {
        node.hash()
    }
}
