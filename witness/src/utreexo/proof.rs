//! Proofs as BIP 181 and other implementations have them.

use alloc::vec::Vec;
use core::{cmp::Reverse, mem};

use super::{
    accumulator::Accumulator,
    error::{ProofError, WitnessError},
    node::parent_hash,
    place::{Numbering, Place},
    witness::{Fold, Step, Witness, Writer, fold},
};
use crate::Hash;

/// A proof of [BIP 181]: positions of leaves in any order, and the hashes beside their paths, ascending by position.
///
/// The same leaves have many such proofs, and rustreexo also accepts surplus hashes. So blocks have a
/// [witness](super::witness) in its place, which has the same content. [`Place`] describes positions.
///
/// [BIP 181]: https://github.com/bitcoin/bips/blob/master/bip-0181.md
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The positions of the leaves.
    pub targets: Vec<u64>,
    /// The hashes of the nodes beside the paths, ascending by position.
    pub hashes: Vec<Hash>,
}

struct Target {
    place: Place,
    position: u64,
    leaf: Hash,
}

impl Proof {
    /// Returns the proof with the content of a witness, with positions in a numbering.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not the witness of these leaves in this accumulator.
    pub fn from_witness(
        accumulator: &Accumulator,
        numbering: Numbering,
        witness: &[u8],
        leaves: &[Hash],
    ) -> Result<Self, WitnessError> {
        let mut places = Places::default();
        let rows = numbering.rows(accumulator.n_leaves());
        fold(accumulator, witness, leaves, &mut places)?;
        places.beside.sort_unstable_by_key(|(place, _)| *place);
        Ok(Self {
            targets: places.leaves.iter().filter_map(|place| place.position(rows)).collect(),
            hashes: places.beside.into_iter().map(|(_, hash)| hash).collect(),
        })
    }

    /// Returns the witness with the content of this proof, whose positions are in a numbering. `leaves` are those of the
    /// targets, in the same order; the witness has them in its own order. It is of this accumulator if the proof is:
    /// this does not compute any hash.
    ///
    /// # Errors
    ///
    /// Fails if the targets are not places in the forest, are below each other or repeated, or if there are more or
    /// fewer leaves or hashes than needed.
    pub fn to_witness(
        &self,
        accumulator: &Accumulator,
        numbering: Numbering,
        leaves: &[Hash],
    ) -> Result<Witness, ProofError> {
        if self.targets.len() != leaves.len() {
            return Err(ProofError::Leaves { expected: self.targets.len(), got: leaves.len() });
        }
        let rows = numbering.rows(accumulator.n_leaves());
        let target = |(position, leaf): (&u64, &Hash)| {
            let place =
                Place::of_position(*position, rows).ok_or(ProofError::Position { position: *position })?;
            Ok(Target { place, position: *position, leaf: *leaf })
        };
        let mut targets = self.targets.iter().zip(leaves).map(target).collect::<Result<Vec<_>, _>>()?;
        targets.sort_unstable_by_key(|target| (target.place.first_leaf(), Reverse(target.place.row)));
        let mut paths = Paths::default();
        let mut rest = targets.as_slice();
        for (tree, root) in accumulator.trees() {
            let (here, later) = split(rest, tree.first_leaf() + (1 << tree.row));
            if root.is_some() {
                rest = later;
                paths.writer.tree(!here.is_empty());
                paths.node(tree, here)?;
            } else if !here.is_empty() {
                break;
            }
        }
        if let Some(target) = rest.first() {
            return Err(ProofError::Position { position: target.position });
        }
        paths.finish(&self.hashes)
    }
}

/// The places of a witness.
#[derive(Default)]
struct Places {
    leaves: Vec<Place>,
    beside: Vec<(Place, Hash)>,
}

impl Fold for &mut Places {
    type Node = Hash;

    fn leaf(&mut self, place: Place, hash: Hash) -> Hash {
        self.leaves.push(place);
        hash
    }

    fn beside(&mut self, place: Place, hash: Hash) -> Hash {
        self.beside.push((place, hash));
        hash
    }

    fn branch(&mut self, left: Hash, right: Hash) -> Hash {
        parent_hash(&left, &right)
    }

    fn hash(node: &Hash) -> Hash {
        *node
    }
}

/// A writer of the paths of targets.
#[derive(Default)]
struct Paths {
    writer: Writer,
    /// The places beside the paths, in the order of the witness.
    beside: Vec<Place>,
}

impl Paths {
    /// Writes a node and the paths of sorted targets at or below it. Recurses at most once per row.
    fn node(&mut self, place: Place, targets: &[Target]) -> Result<(), ProofError> {
        let (Some(first), second) = (targets.first(), targets.get(1)) else {
            return Ok(());
        };
        if first.place == place {
            self.writer.leaf(place.row, &first.leaf);
            return second.map_or(Ok(()), |target| Err(ProofError::Nested { position: target.position }));
        }
        if place.row == 0 {
            // The target is above the root of this tree.
            return Err(ProofError::Position { position: first.position });
        }
        let (left, right) = (place.left(), place.right());
        match split(targets, right.first_leaf()) {
            (here, []) => {
                self.writer.branch(place.row, Step::Left);
                self.node(left, here)?;
                self.beside.push(right);
            }
            ([], here) => {
                self.writer.branch(place.row, Step::Right);
                self.beside.push(left);
                self.node(right, here)?;
            }
            (on_left, on_right) => {
                self.writer.branch(place.row, Step::Both);
                self.node(left, on_left)?;
                self.node(right, on_right)?;
            }
        }
        Ok(())
    }

    /// Brings hashes from the order of positions into that of the witness.
    fn finish(mut self, hashes: &[Hash]) -> Result<Witness, ProofError> {
        if self.beside.len() != hashes.len() {
            return Err(ProofError::Hashes { expected: self.beside.len(), got: hashes.len() });
        }
        let mut by_position: Vec<(usize, Place)> =
            mem::take(&mut self.beside).into_iter().enumerate().collect();
        by_position.sort_unstable_by_key(|(_, place)| *place);
        let mut in_order: Vec<(usize, &Hash)> =
            by_position.into_iter().map(|(at, _)| at).zip(hashes).collect();
        in_order.sort_unstable_by_key(|(at, _)| *at);
        in_order.into_iter().for_each(|(_, hash)| self.writer.beside(hash));
        Ok(self.writer.finish())
    }
}

/// Splits sorted targets at a leaf.
fn split(targets: &[Target], first_leaf: u64) -> (&[Target], &[Target]) {
    targets.split_at(targets.partition_point(|target| target.place.first_leaf() < first_leaf))
}
