//! Tests that the sparse Merkle tree answers like a map, and that its root equals that of the definition.

use std::{cell::Cell, collections::BTreeSet};

use outrider_witness::{
    Hash, Hasher, Keccak256, NoNodes, NodeBag, NodeError, NodeSource, Recorder, Sha256,
    smt::{EMPTY_ROOT, Key, Tree, TreeError, VALUE_BYTES_MAX},
    store::{Batch, MemoryStore, Store},
};
use proptest::prelude::*;

use crate::model::{Map, Operation, full_tree, key, map, naive_root, operations};

proptest! {
    #[test]
    fn the_full_tree_answers_like_a_map(map in map(), operations in operations()) {
        let mut tree = Tree::<Keccak256, NoNodes>::empty();
        let mut model = Map::new();
        let inserts = map.iter().map(|(key, value)| Operation::Insert(*key, value.clone()));
        for operation in inserts.chain(operations) {
            prop_assert_eq!(operation.on_tree(&mut tree).unwrap(), operation.on_map(&mut model));
        }
        prop_assert_eq!(tree.root(), naive_root(&model));
        prop_assert_eq!(Operation::List.on_tree(&mut tree).unwrap(), Operation::List.on_map(&mut model));
    }

    #[test]
    fn the_root_does_not_depend_on_the_order_of_changes(map in map(), others in map(), seed: u64) {
        let mut tree = Tree::<Keccak256, NoNodes>::empty();
        let mut keys: Vec<&Key> = map.keys().collect();
        keys.sort_by_key(|key| Keccak256::hash(&[&seed.to_le_bytes(), &key.0[..]].concat()));
        for key in others.keys().chain(keys) {
            tree.insert(key, map.get(key).unwrap_or(&vec![])).unwrap();
        }
        tree.root();
        for key in others.keys().filter(|key| !map.contains_key(key)) {
            tree.remove(key).unwrap();
        }
        prop_assert_eq!(tree.root(), naive_root(&map));
    }

    #[test]
    fn a_tree_of_stubs_becomes_the_full_tree_as_needed(map in map(), operations in operations()) {
        let (root, nodes) = full_tree(&map);
        prop_assert_eq!(root, naive_root(&map));
        let mut model = map.clone();
        let mut tree = Tree::<Keccak256, _>::open(&root, &nodes);
        prop_assert_eq!(tree.root(), root);
        for operation in operations {
            prop_assert_eq!(operation.on_tree(&mut tree).unwrap(), operation.on_map(&mut model));
        }
        prop_assert_eq!(tree.root(), naive_root(&model));
    }

    #[test]
    fn a_commit_puts_the_new_nodes_and_completes_the_new_root(map in map(), operations in operations()) {
        let (root, mut nodes) = full_tree(&map);
        let before: BTreeSet<Hash> = nodes.iter().map(|(hash, _)| *hash).collect();
        let old_nodes = nodes.clone();
        let mut tree = Tree::<Keccak256, _>::open(&root, &old_nodes);
        let mut model = map.clone();
        for operation in operations {
            operation.on_tree(&mut tree).unwrap();
            operation.on_map(&mut model);
        }
        let mut new = NodeBag::default();
        let post_root = tree.commit(&mut new);
        let (_, expected) = full_tree(&model);
        for (hash, bytes) in expected.iter().filter(|(hash, _)| !before.contains(hash)) {
            prop_assert_eq!(new.bytes(hash), Some(bytes));
        }
        let mut again = NodeBag::default();
        prop_assert_eq!(tree.commit(&mut again), post_root);
        prop_assert!(again.is_empty());
        new.iter().for_each(|(hash, bytes)| nodes.insert(*hash, bytes.to_vec()));
        let mut reopened = Tree::<Keccak256, _>::open(&post_root, &nodes);
        prop_assert_eq!(Operation::List.on_tree(&mut reopened).unwrap(), Operation::List.on_map(&mut model));
    }

    #[test]
    fn a_store_keeps_exactly_the_nodes_of_its_roots(map in map(), blocks in prop::collection::vec(operations(), 1..4)) {
        let store = MemoryStore::new();
        let mut model = map.clone();
        let mut tree = Tree::<Keccak256, _>::open(&EMPTY_ROOT, &store);
        map.iter().for_each(|(key, value)| tree.insert(key, value).unwrap());
        let mut batch = Batch::new();
        let mut root = tree.commit(&mut batch);
        // The empty tree has no node to pin.
        let pinned = |root: &Hash| *root != EMPTY_ROOT;
        pinned(&root).then(|| batch.pin(&root));
        store.apply(&batch).unwrap();
        for operations in blocks {
            let mut tree = Tree::<Keccak256, _>::open(&root, &store);
            for operation in operations {
                prop_assert_eq!(operation.on_tree(&mut tree).unwrap(), operation.on_map(&mut model));
            }
            let mut batch = Batch::new();
            let post_root = tree.commit(&mut batch);
            pinned(&post_root).then(|| batch.pin(&post_root));
            pinned(&root).then(|| batch.unpin(&root));
            store.apply(&batch).unwrap();
            root = post_root;
            prop_assert_eq!(store.check().unwrap().n_nodes, full_tree(&model).1.len());
        }
    }

    #[test]
    fn each_changed_node_is_hashed_once_and_no_other(map in map(), changed in map()) {
        let mut tree = Tree::<Counting, NoNodes>::empty();
        map.iter().for_each(|(key, value)| tree.insert(key, value).unwrap());
        tree.root();
        let (_, before) = full_tree(&map);
        let mut model = map;
        for (key, value) in &changed {
            tree.insert(key, value).unwrap();
            model.insert(*key, value.clone());
        }
        let (expected, after) = full_tree(&model);
        let n_new = after.iter().filter(|(hash, _)| before.bytes(hash).is_none()).count();
        N_HASHES.set(0);
        prop_assert_eq!(tree.root(), expected);
        prop_assert_eq!(N_HASHES.get(), n_new);
        prop_assert_eq!(tree.root(), expected);
        prop_assert_eq!(N_HASHES.get(), n_new);
    }

    #[test]
    fn nodes_that_suffice_to_read_a_key_suffice_to_remove_it(map in map(), key in key()) {
        let (root, nodes) = full_tree(&map);
        let recorder = Recorder::new(&nodes);
        let mut reading = Tree::<Keccak256, _>::open(&root, &recorder);
        let present = reading.get(&key).unwrap().is_some();
        let record = recorder.into_record();
        let mut removing = Tree::<Keccak256, _>::open(&root, &record.nodes);
        prop_assert_eq!(removing.remove(&key).unwrap(), present);
        let mut model = map;
        model.remove(&key);
        prop_assert_eq!(removing.root(), naive_root(&model));
    }
}

thread_local! {
    static N_HASHES: Cell<usize> = const { Cell::new(0) };
}

/// Keccak-256 with a counter.
enum Counting {}

impl Hasher for Counting {
    fn hash(bytes: &[u8]) -> Hash {
        N_HASHES.set(N_HASHES.get() + 1);
        Keccak256::hash(bytes)
    }
}

fn spread_map(n_keys: u32) -> Map {
    (0..n_keys).map(|n| (Key(Keccak256::hash(&n.to_le_bytes()).0), n.to_le_bytes().to_vec())).collect()
}

#[test]
fn the_empty_tree_has_the_zero_root_and_no_node() {
    let (root, nodes) = full_tree(&Map::new());
    assert_eq!((root, nodes.len()), (EMPTY_ROOT, 0));
    assert_eq!(Tree::<Keccak256, _>::open(&root, NoNodes).get(&Key([1; 32])).unwrap(), None);
}

#[test]
fn keys_that_differ_in_the_last_bit_have_255_branches_above_their_own() {
    let (mut low, mut high) = ([0x5a; 32], [0x5a; 32]);
    (low[31], high[31]) = (0, 1);
    let (low, high) = (Key(low), Key(high));
    let pair = Map::from([(low, b"low".to_vec()), (high, b"high".to_vec())]);
    let (root, nodes) = full_tree(&pair);
    assert_eq!((root, nodes.len()), (naive_root(&pair), 256 + 2));

    let mut tree = Tree::<Keccak256, _>::open(&root, &nodes);
    assert_eq!(tree.get(&low).unwrap(), Some(&b"low"[..]));
    assert!(tree.remove(&high).unwrap());
    let (single_root, single_nodes) = full_tree(&Map::from([(low, b"low".to_vec())]));
    assert_eq!((tree.root(), single_nodes.len()), (single_root, 1));
    assert!(tree.remove(&low).unwrap());
    assert_eq!(tree.root(), EMPTY_ROOT);
}

#[test]
fn another_hash_function_makes_another_root() {
    let mut tree = Tree::<Sha256, _>::empty();
    tree.insert(&Key([1; 32]), b"value").unwrap();
    assert_eq!(tree.root(), Sha256::hash(&[&[0; 1], &[1; 32][..], b"value"].concat()));
}

#[test]
fn an_uncovered_read_is_an_error_with_hash_and_path() {
    let map = spread_map(1000);
    let (root, nodes) = full_tree(&map);
    let recorder = Recorder::new(&nodes);
    let covered = *map.keys().next().unwrap();
    Tree::<Keccak256, _>::open(&root, &recorder).get(&covered).unwrap();
    let mut tree = Tree::<Keccak256, _>::open(&root, recorder.into_record().nodes);
    tree.get(&covered).unwrap();

    let mut n_uncovered = 0;
    for (key, value) in &map {
        let bits = |key: &Key| (0..256).map(|bit| key.0[bit / 8] >> (7 - bit % 8) & 1).collect::<Vec<_>>();
        let Err(TreeError::NotCovered { hash, path }) = tree.get(key) else {
            assert_eq!(tree.get(key).unwrap(), Some(&value[..]));
            continue;
        };
        n_uncovered += 1;
        assert!(nodes.bytes(&hash).is_some());
        assert!(bits(key).starts_with(&path.0));
        let parts = bits(key).iter().zip(bits(&covered)).take_while(|(a, b)| **a == *b).count();
        assert_eq!(
            path.0.len(),
            parts + 1,
            "the path ends at the first bit that differs from the covered key's"
        );
        assert!(matches!(tree.insert(key, b"x"), Err(TreeError::NotCovered { .. })));
        assert!(matches!(tree.remove(key), Err(TreeError::NotCovered { .. })));
    }
    assert_eq!(n_uncovered, 999);
    assert!(matches!(tree.iter().last(), Some(Err(TreeError::NotCovered { .. }))));
    assert_eq!(tree.root(), root, "failed operations changed nothing");
}

#[test]
fn a_source_that_lies_is_caught() {
    let (root, nodes) = full_tree(&spread_map(10));
    let mut lying = NodeBag::default();
    lying.insert(root, nodes.iter().find(|(hash, _)| **hash != root).unwrap().1.to_vec());
    let error = Tree::<Keccak256, _>::open(&root, lying).get(&Key([0; 32])).unwrap_err();
    assert!(matches!(error, TreeError::Source { source: NodeError::WrongHash { .. }, .. }), "{error}");
}

#[test]
fn bytes_that_are_not_a_node_at_their_place_are_refused() {
    let zero = [0; 32];
    let one = [1; 32];
    let branch = |tag: u8, left: [u8; 32], right: [u8; 32]| [&[tag], &left[..], &right[..]].concat();
    let mut malformed = vec![
        vec![],
        vec![0],
        vec![0; 32],
        vec![0; 33 + VALUE_BYTES_MAX + 1],
        branch(0x1a, one, one)[..64].to_vec(),
        [branch(0x1a, one, one), vec![0]].concat(),
        branch(0x1a, zero, one),
        branch(0x1a, one, zero),
        branch(0x12, one, one),
        branch(0x18, one, one),
    ];
    // All tags but those of a leaf and of the six kinds of branches.
    let branch_tags = [0x12, 0x15, 0x16, 0x18, 0x19, 0x1a];
    malformed.extend((1..=0xff).filter(|tag| !branch_tags.contains(tag)).map(|tag| branch(tag, one, one)));
    for bytes in malformed {
        let root = Keccak256::hash(&bytes);
        let bag = NodeBag::of_preimages::<Keccak256>([bytes.clone()]);
        let got = Tree::<Keccak256, _>::open(&root, bag).get(&Key(zero)).map(|_| ()).unwrap_err();
        assert!(matches!(got, TreeError::Malformed { .. }), "{bytes:02x?}: {got}");
    }
}

#[test]
fn a_node_of_the_wrong_kind_or_place_is_refused() {
    let leaf = [&[0; 1], &[0; 32][..], b"value"].concat();
    let leaf_hash = Keccak256::hash(&leaf);
    // The key of the leaf begins with 0, so the leaf is neither a branch on the left nor a leaf on the right.
    for (tag, key) in [(0x19, Key([0; 32])), (0x19, Key([0xff; 32]))] {
        let branch = [&[tag], &leaf_hash.0[..], &leaf_hash.0[..]].concat();
        let root = Keccak256::hash(&branch);
        let bag = NodeBag::of_preimages::<Keccak256>([branch, leaf.clone()]);
        let got = Tree::<Keccak256, _>::open(&root, bag).get(&key).map(|_| ()).unwrap_err();
        assert!(matches!(got, TreeError::Malformed { hash, .. } if hash == leaf_hash), "{got}");
    }
}

#[test]
fn a_branch_deeper_than_keys_is_refused() {
    // Each branch is the left child of the next; the 257th would be at depth 256.
    let other = Hash([1; 32]);
    let mut bytes = [&[0x1a], &other.0[..], &other.0[..]].concat();
    let mut bag = NodeBag::default();
    for _ in 0..=256 {
        let hash = Keccak256::hash(&bytes);
        bag.insert(hash, bytes);
        bytes = [&[0x1a], &hash.0[..], &other.0[..]].concat();
    }
    let root = Keccak256::hash(&bytes);
    bag.insert(root, bytes);
    let got = Tree::<Keccak256, _>::open(&root, bag).get(&Key([0; 32])).map(|_| ()).unwrap_err();
    assert!(matches!(got, TreeError::Malformed { path, .. } if path.0.len() == 256));
}

#[test]
fn only_a_value_over_the_limit_is_refused() {
    let mut tree = Tree::<Keccak256, _>::empty();
    tree.insert(&Key([0; 32]), &[1; VALUE_BYTES_MAX]).unwrap();
    let got = tree.insert(&Key([0; 32]), &[2; VALUE_BYTES_MAX + 1]).unwrap_err();
    assert!(matches!(got, TreeError::ValueTooLong { got } if got == VALUE_BYTES_MAX + 1));
    assert_eq!(tree.get(&Key([0; 32])).unwrap(), Some(&[1; VALUE_BYTES_MAX][..]));
}

#[test]
fn a_commit_names_the_references_of_each_node() {
    let blob = Keccak256::hash(b"blob");
    let mut tree = Tree::<Keccak256, _>::empty();
    tree.insert(&Key([0; 32]), &blob.0).unwrap();
    tree.insert(&Key([1; 32]), b"").unwrap();
    let mut puts = Puts::default();
    let root = tree.commit_with(&mut puts, |value, children| {
        children.extend(<[u8; 32]>::try_from(value).map(Hash));
    });
    // Keys 00.. and 01.. diverge at the eighth bit.
    let [leaf, other, fork, above @ ..] = &puts.0[..] else { panic!("{puts:?}") };
    assert_eq!(leaf.1, [blob]);
    assert!(other.1.is_empty());
    assert_eq!(fork.1, [leaf.0, other.0]);
    assert_eq!(above.len(), 7);
    for (parent, child) in above.iter().zip(&puts.0[2..]) {
        assert_eq!(parent.1, [child.0]);
    }
    assert_eq!(above[6].0, root);
}

/// A sink that records each put, in order.
#[derive(Debug, Default)]
struct Puts(Vec<(Hash, Vec<Hash>)>);

impl outrider_witness::NodeSink for Puts {
    fn put(&mut self, hash: &Hash, _bytes: &[u8], children: &[Hash]) {
        self.0.push((*hash, children.to_vec()));
    }
}

#[test]
fn a_source_is_read_once_for_each_node() {
    let (root, nodes) = full_tree(&spread_map(100));
    let source = CountingSource { nodes, asked: Cell::default() };
    let mut tree = Tree::<Keccak256, _>::open(&root, &source);
    for _ in 0..2 {
        assert_eq!(tree.iter().count(), 100);
    }
    assert_eq!(source.asked.get(), source.nodes.len());
}

struct CountingSource {
    nodes: NodeBag,
    asked: Cell<usize>,
}

impl NodeSource for CountingSource {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.asked.set(self.asked.get() + 1);
        self.nodes.node(hash)
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.nodes.blob(hash)
    }
}
