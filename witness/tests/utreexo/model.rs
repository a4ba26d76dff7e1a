//! Chains of random blocks.

use std::collections::BTreeSet;

use outrider_witness::{
    Hash, Hasher, NoNodes, Sha256,
    utreexo::{Accumulator, Forest, Leaf, Numbering, Proof, Witness},
};

/// Returns a leaf that is different for each number.
pub(crate) fn leaf(n: u64) -> Hash {
    Sha256::hash(&n.to_le_bytes())
}

/// Pseudorandom numbers (xorshift64*).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }
}

/// A block: the leaves that it deletes with their witness, then the leaves that it adds.
pub(crate) struct Block {
    pub(crate) deleted: Vec<Leaf>,
    pub(crate) witness: Witness,
    pub(crate) added: Vec<Hash>,
}

/// A forest, its accumulator, and the leaves in it.
pub(crate) struct Chain {
    pub(crate) forest: Forest<NoNodes>,
    pub(crate) accumulator: Accumulator,
    pub(crate) leaves: BTreeSet<Leaf>,
    pub(crate) random: Random,
}

impl Chain {
    pub(crate) fn new(seed: u64) -> Self {
        let (forest, accumulator) = (Forest::empty(), Accumulator::default());
        Self { forest, accumulator, leaves: BTreeSet::new(), random: Random(seed | 1) }
    }

    /// Returns a chain of so many leaves, none deleted.
    pub(crate) fn of_leaves(n_leaves: u64) -> Self {
        let mut chain = Self::new(1);
        let added = (0..n_leaves).map(leaf).collect();
        chain.apply(&[], added);
        chain
    }

    /// Makes a random block: up to `n_max` leaves are added, and as many are deleted, old and new ones alike. Some
    /// blocks delete neighbours, so that trees become thin and empty.
    pub(crate) fn block(&mut self, n_max: usize) -> Block {
        let n_added = self.random.below(n_max + 1);
        let first = self.accumulator.n_leaves();
        let added = (first..first + n_added as u64).map(leaf).collect();
        let n_deleted = self.random.below(n_max + 1).min(self.leaves.len());
        let all: Vec<Leaf> = self.leaves.iter().copied().collect();
        let mut deleted = BTreeSet::new();
        if n_deleted > 0 && self.random.below(3) == 0 {
            let start = self.random.below(all.len());
            deleted.extend(all.into_iter().skip(start).take(n_deleted));
        } else {
            deleted.extend((0..n_deleted).map(|_| all[self.random.below(all.len())]));
        }
        self.apply(&deleted.into_iter().collect::<Vec<_>>(), added)
    }

    /// Applies a block to the forest and to the accumulator, which must agree.
    pub(crate) fn apply(&mut self, deleted: &[Leaf], added: Vec<Hash>) -> Block {
        let witness = self.forest.witness(deleted).unwrap();
        assert_eq!(witness.leaves, deleted.iter().map(|leaf| leaf.hash).collect::<Vec<_>>());
        self.accumulator.verify(&witness.bytes, &witness.leaves).unwrap();
        self.accumulator.delete(&witness.bytes, &witness.leaves).unwrap();
        self.forest.delete(deleted).unwrap();
        deleted.iter().for_each(|leaf| assert!(self.leaves.remove(leaf)));
        for hash in &added {
            let index = self.forest.add(*hash).unwrap();
            assert_eq!(self.accumulator.add(*hash), Ok(index));
            self.leaves.insert(Leaf { index, hash: *hash });
        }
        assert_eq!(self.forest.accumulator(), self.accumulator);
        Block { deleted: deleted.to_vec(), witness, added }
    }

    /// Returns the proof of a witness as rustreexo writes it.
    pub(crate) fn wire_proof(&self, witness: &Witness) -> Proof {
        Proof::from_witness(&self.accumulator, Numbering::Wire, &witness.bytes, &witness.leaves).unwrap()
    }
}
