//! The accumulator as a verifier keeps it.

use alloc::vec::Vec;
use core::marker::PhantomData;

use super::{
    LEAVES_MAX,
    error::{AccumulatorError, WitnessError},
    node::parent_hash_with,
    place::{Place, trees},
    witness::{Fold, fold},
};
use crate::{Hash, Hasher, Sha512_256, reader::Reader};

/// The roots of a forest, and the number of leaves that were ever added.
///
/// ```
/// use outrider_witness::{Hash, Hasher, NoNodes, Sha256, utreexo::{Accumulator, Forest, Leaf}};
///
/// // The provider has all leaves.
/// let mut forest = Forest::empty();
/// let mut accumulator = Accumulator::default();
/// let leaves: Vec<Hash> = (0..100_u8).map(|n| Sha256::hash(&[n])).collect();
/// for leaf in &leaves {
///     forest.add(*leaf)?;
///     accumulator.add(*leaf)?;
/// }
///
/// // It makes the witness of a block that spends two.
/// let spent = [Leaf { index: 7, hash: leaves[7] }, Leaf { index: 70, hash: leaves[70] }];
/// let witness = forest.witness(&spent)?;
/// forest.delete(&spent)?;
///
/// // The verifier has only the roots.
/// accumulator.delete(&witness.bytes, &[leaves[7], leaves[70]])?;
/// assert_eq!(accumulator, forest.accumulator());
/// assert!(accumulator.delete(&witness.bytes, &[leaves[7], leaves[70]]).is_err(), "they are spent");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accumulator {
    n_leaves: u64,
    /// One for each tree, large trees first; `None` for empty trees.
    roots: Vec<Option<Hash>>,
}

impl Accumulator {
    /// Makes an accumulator from the number of leaves ever added and the roots, those of large trees first, `None` for
    /// empty trees.
    ///
    /// # Errors
    ///
    /// Fails if the number of leaves is too large, the number of roots is not that of trees, or a root is zero.
    pub fn new(n_leaves: u64, roots: Vec<Option<Hash>>) -> Result<Self, AccumulatorError> {
        if n_leaves > LEAVES_MAX {
            return Err(AccumulatorError::TooManyLeaves);
        }
        let (expected, got) = (n_leaves.count_ones(), roots.len());
        if usize::try_from(expected) != Ok(got) {
            return Err(AccumulatorError::Roots { n_leaves, expected, got });
        }
        if roots.contains(&Some(ZERO)) {
            return Err(AccumulatorError::ZeroHash);
        }
        Ok(Self { n_leaves, roots })
    }

    /// Reads an accumulator: the number of leaves in 8 bytes, little-endian, then the roots in 32 bytes each, those of
    /// large trees first, zeros for empty trees. Other data may follow.
    ///
    /// # Errors
    ///
    /// Fails if the bytes end early, or the number of leaves is too large.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, AccumulatorError> {
        let n_leaves = reader.u64_le()?;
        let root = |_| Ok(Some(Hash(reader.take_array()?)).filter(|root| *root != ZERO));
        let roots = (0..n_leaves.count_ones()).map(root).collect::<Result<_, AccumulatorError>>()?;
        Self::new(n_leaves, roots)
    }

    /// Appends the bytes that [`Accumulator::read`] reads.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.n_leaves.to_le_bytes());
        self.roots.iter().for_each(|root| bytes.extend(root.unwrap_or(ZERO).0));
    }

    /// Returns the number of leaves that were ever added; deletions do not lower it. It is the index of the next leaf.
    #[must_use]
    pub fn n_leaves(&self) -> u64 {
        self.n_leaves
    }

    /// Returns the roots, those of large trees first, `None` for empty trees.
    #[must_use]
    pub fn roots(&self) -> &[Option<Hash>] {
        &self.roots
    }

    /// Returns places and roots of the trees, large trees first.
    pub(super) fn trees(&self) -> impl Iterator<Item = (Place, Option<Hash>)> {
        trees(self.n_leaves).zip(self.roots.iter().copied())
    }

    /// Adds a leaf and returns its index.
    ///
    /// # Errors
    ///
    /// Fails if the leaf is zero, or after [`LEAVES_MAX`] leaves.
    pub fn add(&mut self, leaf: Hash) -> Result<u64, AccumulatorError> {
        self.add_with::<Sha512_256>(leaf)
    }

    /// As [`Accumulator::add`], with SHA-512/256 as `H` computes it.
    ///
    /// # Errors
    ///
    /// Fails as [`Accumulator::add`] does.
    pub fn add_with<H: Hasher>(&mut self, leaf: Hash) -> Result<u64, AccumulatorError> {
        if leaf == ZERO {
            return Err(AccumulatorError::ZeroHash);
        }
        let join = |_, left: Hash, right: Hash| parent_hash_with::<H>(&left, &right);
        self.n_leaves = add(self.n_leaves, &mut self.roots, leaf, join)?;
        Ok(self.n_leaves - 1)
    }

    /// Checks that a witness has the paths of exactly these leaves, in its order.
    ///
    /// # Errors
    ///
    /// Fails if it does not. A byte that is changed, missing or left over is an error, too.
    pub fn verify(&self, witness: &[u8], leaves: &[Hash]) -> Result<(), WitnessError> {
        fold(self, witness, leaves, Verification::<Sha512_256>(PhantomData)).map(|_| ())
    }

    /// Deletes the leaves of a witness. The caller has hashed them from their content, as no hash shows whether it is
    /// that of a leaf or of a branch.
    ///
    /// # Errors
    ///
    /// Fails as [`Accumulator::verify`] does; then the accumulator stays as it was before.
    pub fn delete(&mut self, witness: &[u8], leaves: &[Hash]) -> Result<(), WitnessError> {
        self.delete_with::<Sha512_256>(witness, leaves)
    }

    /// As [`Accumulator::delete`], with SHA-512/256 as `H` computes it.
    ///
    /// # Errors
    ///
    /// Fails as [`Accumulator::delete`] does.
    pub fn delete_with<H: Hasher>(&mut self, witness: &[u8], leaves: &[Hash]) -> Result<(), WitnessError> {
        let changes = fold(self, witness, leaves, Deletion::<H>(PhantomData))?;
        for (root, change) in self.roots.iter_mut().zip(changes) {
            if let Some(node) = change {
                *root = node.after;
            }
        }
        Ok(())
    }
}

/// Adds a leaf to the roots of a forest with `n_leaves` leaves, and returns the new number of leaves. `join` makes a
/// branch of two trees of the given row.
pub(super) fn add<N>(
    n_leaves: u64,
    roots: &mut Vec<Option<N>>,
    leaf: N,
    join: impl Fn(u8, N, N) -> N,
) -> Result<u64, AccumulatorError> {
    if n_leaves >= LEAVES_MAX {
        return Err(AccumulatorError::TooManyLeaves);
    }
    let mut node = leaf;
    for row in (0..63).take_while(|row| n_leaves >> row & 1 == 1) {
        node = match roots.pop().flatten() {
            Some(older) => join(row, older, node),
            None => node,
        };
    }
    roots.push(Some(node));
    Ok(n_leaves + 1)
}

/// In bytes, the root of an empty tree.
pub(super) const ZERO: Hash = Hash([0; 32]);

/// Computes the hashes of nodes.
struct Verification<H>(PhantomData<H>);

impl<H: Hasher> Fold for Verification<H> {
    type Node = Hash;

    fn leaf(&mut self, _place: Place, hash: Hash) -> Hash {
        hash
    }

    fn beside(&mut self, _place: Place, hash: Hash) -> Hash {
        hash
    }

    fn branch(&mut self, left: Hash, right: Hash) -> Hash {
        parent_hash_with::<H>(&left, &right)
    }

    fn hash(node: &Hash) -> Hash {
        *node
    }
}

/// Computes the hashes of nodes before and after the deletion of all leaves.
struct Deletion<H>(PhantomData<H>);

struct Change {
    before: Hash,
    /// `None` if nothing is left at this place.
    after: Option<Hash>,
}

impl<H: Hasher> Fold for Deletion<H> {
    type Node = Change;

    fn leaf(&mut self, _place: Place, hash: Hash) -> Change {
        Change { before: hash, after: None }
    }

    fn beside(&mut self, _place: Place, hash: Hash) -> Change {
        Change { before: hash, after: Some(hash) }
    }

    fn branch(&mut self, left: Change, right: Change) -> Change {
        let before = parent_hash_with::<H>(&left.before, &right.before);
        let after = match (left.after, right.after) {
            (Some(left), Some(right)) => Some(parent_hash_with::<H>(&left, &right)),
            (left, right) => left.or(right),
        };
        Change { before, after }
    }

    fn hash(node: &Change) -> Hash {
        node.before
    }
}
