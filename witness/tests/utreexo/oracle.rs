//! rustreexo's full forest and its verifier.

use outrider_witness::{Hash, utreexo::Proof};
use rustreexo::{
    mem_forest::MemForest,
    node_hash::{AccumulatorHash, BitcoinNodeHash},
    proof,
    stump::Stump,
};

/// Both of rustreexo's accumulators, kept equal.
pub(crate) struct Oracle {
    forest: MemForest,
    stump: Stump,
}

impl Oracle {
    pub(crate) fn new() -> Self {
        Self { forest: MemForest::new(), stump: Stump::new() }
    }

    /// Returns the proof of leaves in the order given.
    pub(crate) fn prove(&self, leaves: &[Hash]) -> Proof {
        let proof = self.forest.prove(&theirs(leaves)).unwrap();
        Proof { targets: proof.targets, hashes: ours(&proof.hashes) }
    }

    /// Returns whether rustreexo accepts a proof.
    pub(crate) fn verifies(&self, proof: &Proof, leaves: &[Hash]) -> bool {
        let proof = proof::Proof::new(proof.targets.clone(), theirs(&proof.hashes));
        self.stump.verify(&proof, &theirs(leaves)).unwrap_or(false)
    }

    pub(crate) fn apply(&mut self, deleted: &[Hash], proof: &Proof, added: &[Hash]) {
        let proof = proof::Proof::new(proof.targets.clone(), theirs(&proof.hashes));
        self.stump = self.stump.modify(&theirs(added), &theirs(deleted), &proof).unwrap();
        self.forest.modify(&theirs(added), &theirs(deleted)).unwrap();
        let roots: Vec<_> = self.forest.get_roots().iter().map(|root| root.get_data()).collect();
        assert_eq!(roots, self.stump.roots);
    }

    pub(crate) fn n_leaves(&self) -> u64 {
        self.stump.leaves
    }

    pub(crate) fn roots(&self) -> Vec<Option<Hash>> {
        self.stump.roots.iter().map(|root| (!root.is_empty()).then(|| Hash(**root))).collect()
    }
}

fn theirs(hashes: &[Hash]) -> Vec<BitcoinNodeHash> {
    hashes.iter().map(|hash| BitcoinNodeHash::from(hash.0)).collect()
}

fn ours(hashes: &[BitcoinNodeHash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(**hash)).collect()
}
