//! Tests of pollards: refreshed and joined witnesses.

use std::collections::BTreeSet;

use outrider_witness::utreexo::{Accumulator, Leaf, Pollard, PollardError, WitnessError, parent_hash};

use crate::model::{Chain, leaf};

/// Follows random blocks with a pollard that keeps some leaves; each time it must have the witness that the forest
/// makes from scratch.
fn check_refresh(seed: u64, n_blocks: usize) {
    let mut chain = Chain::new(seed);
    (0..10).for_each(|_| _ = chain.block(20));
    let all: Vec<Leaf> = chain.leaves.iter().copied().collect();
    let mut kept: BTreeSet<Leaf> =
        (0..10).filter(|_| !all.is_empty()).map(|_| all[chain.random.below(all.len())]).collect();
    let listed = |kept: &BTreeSet<Leaf>| kept.iter().copied().collect::<Vec<_>>();
    let first = chain.forest.witness(&listed(&kept)).unwrap();
    let mut pollard = Pollard::new(chain.accumulator.clone());
    pollard.keep(&first.bytes, &first.leaves).unwrap();
    for _ in 0..n_blocks {
        let first_index = chain.accumulator.n_leaves();
        let block = chain.block(20);
        let added: Vec<_> = block.added.iter().map(|hash| (*hash, hash.0[0] < 32)).collect();
        pollard.apply(&block.witness.bytes, &block.witness.leaves, &added).unwrap();
        kept.retain(|leaf| !block.deleted.contains(leaf));
        let new = (first_index..).zip(&added).filter(|(_, (_, is_kept))| *is_kept);
        kept.extend(new.map(|(index, (hash, _))| Leaf { index, hash: *hash }));
        assert_eq!(pollard.accumulator(), chain.accumulator);
        assert_eq!(pollard.witness(), chain.forest.witness(&listed(&kept)).unwrap());
    }
}

#[test]
fn a_refreshed_witness_is_the_one_that_the_forest_makes() {
    (1..20).for_each(|seed| check_refresh(seed, 10));
    check_refresh(20, 200);
}

#[test]
fn witnesses_of_several_users_join_into_the_witness_of_all() {
    let mut chain = Chain::of_leaves(100);
    let leaf_of = |index| Leaf { index, hash: leaf(index) };
    let users = [vec![leaf_of(3), leaf_of(80)], vec![leaf_of(2), leaf_of(3), leaf_of(99)], vec![]];
    let mut pollard = Pollard::new(chain.accumulator.clone());
    for leaves in &users {
        let witness = chain.forest.witness(leaves).unwrap();
        pollard.keep(&witness.bytes, &witness.leaves).unwrap();
    }
    let all = [2, 3, 80, 99].map(leaf_of);
    assert_eq!(pollard.witness(), chain.forest.witness(&all).unwrap());
}

#[test]
fn a_pollard_stays_as_it_was_if_a_block_is_refused() {
    let mut chain = Chain::of_leaves(8);
    let witness = chain.forest.witness(&[Leaf { index: 3, hash: leaf(3) }]).unwrap();
    let mut pollard = Pollard::new(chain.accumulator.clone());
    pollard.keep(&witness.bytes, &witness.leaves).unwrap();
    let before = pollard.clone();
    let wrong = pollard.apply(&witness.bytes, &[leaf(4)], &[]);
    assert!(matches!(wrong, Err(PollardError::Witness(WitnessError::Root { .. }))));
    let zero = (outrider_witness::Hash([0; 32]), true);
    assert!(matches!(
        pollard.apply(&witness.bytes, &witness.leaves, &[zero]),
        Err(PollardError::Accumulator(_))
    ));
    assert_eq!(pollard, before);
    pollard.apply(&witness.bytes, &witness.leaves, &[]).unwrap();
    assert_eq!(pollard.witness().leaves, []);
}

#[test]
fn a_branch_that_someone_took_for_a_leaf_is_refused() {
    let [a, b] = [0, 1].map(leaf);
    let branch = parent_hash(&a, &b);
    let accumulator = Accumulator::new(2, vec![Some(branch)]).unwrap();
    // The root as a leaf; then both children.
    let (as_leaf, as_branch) = ([0b1_111_0000], [0b1_110_0000]);
    let not_a_leaf = Err(PollardError::NotALeaf { hash: branch });
    let mut pollard = Pollard::new(accumulator.clone());
    pollard.keep(&as_leaf, &[branch]).unwrap();
    assert_eq!(pollard.keep(&as_branch, &[a, b]), not_a_leaf);
    assert_eq!(pollard.apply(&as_branch, &[a, b], &[]), not_a_leaf);
    let mut pollard = Pollard::new(accumulator);
    pollard.keep(&as_branch, &[a, b]).unwrap();
    assert_eq!(pollard.keep(&as_leaf, &[branch]), not_a_leaf);
    assert_eq!(pollard.apply(&as_leaf, &[branch], &[]), not_a_leaf);
}
