//! Tests of forests in a store.

use std::collections::BTreeMap;

use outrider_witness::{
    Hash, NodeError, NodeSource as _,
    store::{Batch, Contents, MemoryStore, StateKind, Store as _},
    utreexo::{Accumulator, Forest, ForestError, Leaf, Link, Roots, node},
};

use crate::model::{Chain, leaf};

const FOREST: StateKind = StateKind::new("utreexo", node::branch_hash, Hash([0; 32]));

fn pins(roots: &Roots) -> Vec<Hash> {
    roots.links.iter().flatten().filter(|link| link.rows > 0).map(|link| link.hash).collect()
}

/// Blocks are applied to forests that are opened anew each time, from a store that drops the nodes of old states.
#[test]
fn a_store_keeps_the_last_states_and_each_can_go_on() {
    let store = MemoryStore::of_kind(FOREST);
    let mut chain = Chain::new(5);
    let mut states: Vec<(Roots, Accumulator, Vec<Leaf>)> =
        vec![(Roots::default(), Accumulator::default(), vec![])];
    for height in 0..60 {
        let block = chain.block(20);
        let (roots, ..) = states.last().unwrap();
        let mut forest = Forest::open(roots, &store).unwrap();
        assert_eq!(forest.witness(&block.deleted).unwrap(), block.witness);
        forest.delete(&block.deleted).unwrap();
        block.added.iter().for_each(|leaf| assert!(forest.add(*leaf).is_ok()));
        let mut batch = Batch::new();
        let roots = forest.commit(&mut batch);
        pins(&roots).iter().for_each(|root| batch.pin(root));
        states.push((roots, chain.accumulator.clone(), chain.leaves.iter().copied().collect()));
        if height >= 10 {
            pins(&states[height - 10].0).iter().for_each(|root| batch.unpin(root));
        }
        store.apply(&batch).unwrap();
        store.check().unwrap();
    }
    // Every state of the last ten has the witness of all its leaves.
    let kept = states.split_off(states.len() - 10);
    for (roots, accumulator, leaves) in &kept {
        let mut forest = Forest::open(roots, &store).unwrap();
        assert_eq!(forest.accumulator(), *accumulator);
        let witness = forest.witness(leaves).unwrap();
        accumulator.verify(&witness.bytes, &witness.leaves).unwrap();
    }
    // A store without pins is empty, so no node was counted wrong.
    let mut batch = Batch::new();
    let roots = store.roots().unwrap();
    for (root, n_pins) in roots {
        (0..n_pins).for_each(|_| batch.unpin(&root));
    }
    store.apply(&batch).unwrap();
    assert_eq!(store.check().unwrap(), Contents::default());
}

/// Two forks from one state, with deletions that move the same subtree to different places.
#[test]
fn forks_share_the_nodes_that_they_do_not_change() {
    let store = MemoryStore::of_kind(FOREST);
    let leaf_of = |index| Leaf { index, hash: leaf(index) };
    let mut forest = Forest::empty();
    (0..64).for_each(|index| assert!(forest.add(leaf(index)).is_ok()));
    let mut batch = Batch::new();
    let common = forest.commit(&mut batch);
    pins(&common).iter().for_each(|root| batch.pin(root));
    assert_eq!(store.apply(&batch).unwrap().n_added, 63);
    // One fork deletes leaves 0 to 15, so that 16 to 31 move up a row; the other deletes leaf 40.
    let mut ends = BTreeMap::new();
    for (name, deleted) in [("low", (0..16).map(leaf_of).collect::<Vec<_>>()), ("high", vec![leaf_of(40)])] {
        let mut fork = Forest::open(&common, &store).unwrap();
        fork.delete(&deleted).unwrap();
        let mut batch = Batch::new();
        let roots = fork.commit(&mut batch);
        pins(&roots).iter().for_each(|root| batch.pin(root));
        ends.insert(name, (roots, store.apply(&batch).unwrap().n_added));
    }
    assert_eq!(ends["low"].1, 1, "only the root is new: its left child is a node that moved up");
    assert_eq!(ends["high"].1, 5, "one for each row above the deleted branch");
    let mut fork = Forest::open(&ends["low"].0, &store).unwrap();
    assert_eq!(fork.witness(&[leaf_of(16)]).unwrap().bytes.len(), 1 + 1 + 5 * 32);
    // Back to the common state.
    let mut undone = Forest::open(&common, &store).unwrap();
    assert!(undone.witness(&[leaf_of(0), leaf_of(40)]).is_ok());
}

#[test]
fn a_source_that_lies_or_lacks_nodes_is_an_error() {
    let mut forest = Forest::empty();
    (0..4).for_each(|index| assert!(forest.add(leaf(index)).is_ok()));
    let mut nodes = outrider_witness::NodeBag::default();
    let roots = forest.commit(&mut nodes);
    let root = roots.links[0].unwrap().hash;
    let bytes = nodes.node(&root).unwrap();
    assert_eq!(bytes.len(), node::BRANCH_BYTES);
    let wanted = [Leaf { index: 2, hash: leaf(2) }];
    let try_with = |bytes: Vec<u8>| {
        let mut bag = nodes.clone();
        bag.insert(root, bytes);
        Forest::open(&roots, &bag).unwrap().witness(&wanted).unwrap_err()
    };
    let mut damaged = bytes.clone();
    damaged[40] ^= 1;
    assert!(matches!(try_with(damaged), ForestError::Source { source: NodeError::WrongHash { .. }, .. }));
    assert!(matches!(
        try_with(bytes[..65].to_vec()),
        ForestError::Source { source: NodeError::Source { .. }, .. }
    ));
    let mut rows = bytes.clone();
    rows[65] = 2;
    assert!(matches!(try_with(rows.clone()), ForestError::Malformed { .. }));
    // A branch that passes for a leaf is not the wanted leaf.
    rows[65] = 0;
    assert!(matches!(try_with(rows), ForestError::NotPresent { index: 2, .. }));
    let empty = outrider_witness::NodeBag::default();
    let lacks = Forest::open(&roots, &empty).unwrap().witness(&wanted).unwrap_err();
    assert!(matches!(lacks, ForestError::Source { source: NodeError::NotCovered { .. }, .. }));
    let tall = Roots { n_leaves: 4, links: vec![Some(Link { hash: root, rows: 3 })] };
    assert!(Forest::open(&tall, &empty).is_err());
}
