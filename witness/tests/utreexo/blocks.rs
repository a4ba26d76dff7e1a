//! Tests of random blocks against rustreexo.

use outrider_witness::utreexo::{Leaf, Numbering, Place, Proof};

use crate::{
    model::{Chain, leaf},
    oracle::Oracle,
};

/// Runs random blocks, and returns the highest row in which a leaf was deleted, and the number of blocks after which
/// there were empty trees.
fn check_blocks(seed: u64, n_blocks: usize, n_max: usize) -> (u8, usize) {
    let mut chain = Chain::new(seed);
    let mut oracle = Oracle::new();
    let (mut row_max, mut n_with_empty_trees) = (0, 0);
    for _ in 0..n_blocks {
        let before = chain.accumulator.clone();
        let block = chain.block(n_max);
        let leaves = &block.witness.leaves;
        let proof = Proof::from_witness(&before, Numbering::Wire, &block.witness.bytes, leaves).unwrap();
        assert_eq!(proof, oracle.prove(leaves));
        assert!(oracle.verifies(&proof, leaves));
        // In the other direction, and in any order of targets.
        for numbering in [Numbering::Wire, Numbering::Forest] {
            let mut proof = Proof::from_witness(&before, numbering, &block.witness.bytes, leaves).unwrap();
            let mut leaves = leaves.clone();
            proof.targets.reverse();
            leaves.reverse();
            assert_eq!(proof.to_witness(&before, numbering, &leaves).as_ref(), Ok(&block.witness));
        }
        let rows = proof.targets.iter().map(|target| Place::of_position(*target, 63).unwrap().row);
        row_max = rows.fold(row_max, u8::max);
        oracle.apply(leaves, &proof, &block.added);
        assert_eq!(chain.accumulator.n_leaves(), oracle.n_leaves());
        assert_eq!(chain.accumulator.roots(), oracle.roots());
        n_with_empty_trees += usize::from(oracle.roots().contains(&None));
    }
    (row_max, n_with_empty_trees)
}

#[test]
fn random_blocks_have_the_roots_and_proofs_of_rustreexo() {
    // Blocks of all sizes: few leaves make empty trees, many make tall ones.
    let (row_max, n_with_empty_trees) = check_blocks(1, 500, 20);
    assert!(row_max >= 4, "leaves that moved up {row_max} rows at most were deleted");
    assert!(n_with_empty_trees > 0);
    for seed in 2..20 {
        check_blocks(seed, 60, 4);
        check_blocks(seed, 20, 100);
    }
}

#[test]
fn all_small_forests_lose_any_leaves_as_in_rustreexo() {
    for n_leaves in 0..9_u64 {
        for chosen in 0..1_u64 << n_leaves {
            let mut chain = Chain::of_leaves(n_leaves);
            let mut oracle = Oracle::new();
            oracle.apply(&[], &Proof::default(), &(0..n_leaves).map(leaf).collect::<Vec<_>>());
            let indices = (0..n_leaves).filter(|index| chosen >> index & 1 == 1);
            let deleted: Vec<Leaf> = indices.map(|index| Leaf { index, hash: leaf(index) }).collect();
            let witness = chain.forest.witness(&deleted).unwrap();
            let proof = chain.wire_proof(&witness);
            let block = chain.apply(&deleted, (100..103).map(leaf).collect());
            oracle.apply(&block.witness.leaves, &proof, &block.added);
            assert_eq!(chain.accumulator.roots(), oracle.roots(), "{n_leaves} leaves without {chosen:b}");
        }
    }
}
