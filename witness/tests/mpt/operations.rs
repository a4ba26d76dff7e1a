//! Tests of the full trie against a map, and of its root against the definition and against alloy-trie.

use std::cell::Cell;

use alloy_trie::{HashBuilder, Nibbles};
use outrider_witness::{
    Hash, Hasher, Keccak256, NoNodes, NodeBag, NodeSink,
    mpt::{EMPTY_ROOT, Trie},
};
use proptest::prelude::*;

use crate::model::{Map, full, key, long_key, map, naive_root, operations, run, run_on_map};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_full_trie_is_a_map(operations in operations(80)) {
        let (mut trie, mut map) = (Trie::empty(), Map::new());
        prop_assert_eq!(run(&mut trie, &operations).unwrap(), run_on_map(&mut map, &operations));
        prop_assert_eq!(trie.root(), naive_root(&map));
        let entries: Map = trie.iter().map(Result::unwrap).collect();
        prop_assert_eq!(&entries, &map);
        prop_assert!(trie.iter().map(|entry| entry.unwrap().0).is_sorted());
    }

    #[test]
    fn undone_changes_do_not_affect_the_root(map in map(key(), 30), others in map(key(), 30)) {
        let mut trie = full(&others);
        trie.root();
        map.iter().for_each(|(key, value)| trie.insert(key, value).unwrap());
        for key in others.keys().filter(|key| !map.contains_key(*key)) {
            prop_assert!(trie.remove(key).unwrap());
        }
        prop_assert_eq!(trie.root(), naive_root(&map));
    }

    #[test]
    fn roots_equal_those_of_alloy_trie(map in map(long_key(), 200)) {
        let mut builder = HashBuilder::default();
        map.iter().for_each(|(key, value)| builder.add_leaf(Nibbles::unpack(key), value));
        prop_assert_eq!(full(&map).root(), Hash(builder.root().0));
    }

    #[test]
    fn a_committed_trie_can_be_opened(before in map(key(), 40), operations in operations(40)) {
        let mut nodes = NodeBag::default();
        let mut trie = full(&before);
        trie.commit(&mut nodes);
        run(&mut trie, &operations).unwrap();
        let root = trie.commit(&mut nodes);
        let mut after = before;
        run_on_map(&mut after, &operations);
        let mut opened = Trie::<Keccak256, _>::open(&root, &nodes);
        prop_assert_eq!(opened.iter().map(Result::unwrap).collect::<Map>(), after);
    }

    #[test]
    fn a_commit_puts_new_nodes_once_with_all_their_children(
        before in map(key(), 40), operations in operations(40),
    ) {
        let mut trie = full(&before);
        let mut first = Puts::default();
        trie.commit(&mut first);
        run(&mut trie, &operations).unwrap();
        let mut second = Puts::default();
        let root = trie.commit(&mut second);
        let mut third = Puts::default();
        prop_assert_eq!(trie.commit(&mut third), root);
        prop_assert!(third.0.iter().all(|(hash, ..)| *hash == EMPTY_ROOT));

        let mut known = Vec::new();
        for (hash, bytes, children) in first.0.iter().chain(&second.0) {
            prop_assert_eq!(Keccak256::hash(bytes), *hash);
            prop_assert!(children.iter().all(|child| known.contains(child)));
            // The bytes hold a hash if and only if the hash is among the children.
            let held = |child: &&Hash| bytes.windows(32).any(|window| window == child.0);
            prop_assert!(children.iter().all(|child| held(&child)));
            prop_assert!(known.iter().filter(held).all(|child| children.contains(child)));
            known.push(*hash);
        }
        prop_assert!(known.contains(&root));
    }

    #[test]
    fn each_changed_node_is_hashed_once(before in map(long_key(), 100), operations in operations(30)) {
        let mut trie = Trie::<Counting, _>::empty();
        before.iter().for_each(|(key, value)| trie.insert(key, value).unwrap());
        let mut old = Puts::default();
        trie.commit(&mut old);
        for operation in &operations {
            if let crate::model::Operation::Insert(key, value) = operation {
                trie.insert(key, value).unwrap();
            }
        }
        let n_before = Counting::count();
        trie.root();
        let n_hashed = Counting::count() - n_before;
        let mut new = Puts::default();
        trie.commit(&mut new);
        let is_new = |hash: &Hash| !old.0.iter().any(|(old, ..)| old == hash);
        let n_new = new.0.iter().filter(|(hash, ..)| *hash != EMPTY_ROOT && is_new(hash)).count();
        prop_assert!(n_hashed >= n_new);
        // Besides new nodes, this counts those that an insertion changed and another one changed back.
        prop_assert!(n_hashed <= new.0.iter().filter(|(hash, ..)| *hash != EMPTY_ROOT).count());
        trie.root();
        prop_assert_eq!(Counting::count() - n_before, n_hashed);
    }
}

#[derive(Default)]
struct Puts(Vec<(Hash, Vec<u8>, Vec<Hash>)>);

impl NodeSink for Puts {
    fn put(&mut self, hash: &Hash, bytes: &[u8], children: &[Hash]) {
        self.0.push((*hash, bytes.to_vec(), children.to_vec()));
    }
}

/// Keccak-256 with a counter per thread.
enum Counting {}

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

impl Counting {
    fn count() -> usize {
        COUNT.get()
    }
}

impl Hasher for Counting {
    fn hash(bytes: &[u8]) -> Hash {
        COUNT.set(COUNT.get() + 1);
        Keccak256::hash(bytes)
    }
}

#[test]
fn one_key_among_many_hashes_one_path() {
    let mut trie = Trie::<Counting, _>::empty();
    for seed in 0..1000u32 {
        let key = Keccak256::hash(&seed.to_le_bytes()).0;
        trie.insert(&key, &[1; 40]).unwrap();
    }
    trie.root();
    let before = Counting::count();
    trie.insert(&Keccak256::hash(&7u32.to_le_bytes()).0, &[2; 40]).unwrap();
    trie.root();
    // 1000 random keys fill three levels of branches, and some share the next.
    let depth = Counting::count() - before;
    assert!((4..=6).contains(&depth), "{depth} hashes");
}

#[test]
fn rewriting_a_value_changes_nothing() {
    let mut trie = Trie::<Counting, _>::empty();
    trie.insert(b"key", b"value").unwrap();
    trie.root();
    let before = Counting::count();
    trie.insert(b"key", b"value").unwrap();
    assert!(!trie.remove(b"kez").unwrap());
    trie.root();
    assert_eq!(Counting::count(), before);
}

#[test]
fn keys_may_be_as_long_and_tries_as_deep_as_memory_allows() {
    let mut trie = Trie::<Keccak256, _>::empty();
    let keys: Vec<Vec<u8>> = (0..3000).map(|length| vec![0xab; length]).collect();
    keys.iter().for_each(|key| trie.insert(key, b"v").unwrap());
    let mut nodes = NodeBag::default();
    let root = trie.commit(&mut nodes);
    assert_eq!(trie.iter().count(), keys.len());
    let mut opened = Trie::<Keccak256, _>::open(&root, &nodes);
    keys.iter().rev().for_each(|key| assert!(opened.remove(key).unwrap()));
    assert_eq!(opened.root(), EMPTY_ROOT);
}

/// The header of a path grows at 56 bytes, and again at 256.
#[test]
fn leaves_with_paths_of_any_length_follow_the_definition() {
    for length in 0..300 {
        let map: Map = [(vec![0xab; length], b"v".to_vec())].into();
        let mut nodes = NodeBag::default();
        let root = full(&map).commit(&mut nodes);
        assert_eq!(root, naive_root(&map), "{length} bytes");
        let mut opened = Trie::<Keccak256, _>::open(&root, &nodes);
        assert_eq!(opened.iter().map(Result::unwrap).collect::<Map>(), map, "{length} bytes");
    }
}

#[test]
fn an_uncovered_node_is_an_error_with_hash_and_path_not_an_absent_key() {
    let mut nodes = NodeBag::default();
    let mut trie = Trie::<Keccak256, _>::empty();
    for seed in 0..100u8 {
        trie.insert(&Keccak256::hash(&[seed]).0, &[seed; 40]).unwrap();
    }
    let root = trie.commit(&mut nodes);
    let mut trie = Trie::<Keccak256, NoNodes>::open(&root, NoNodes);
    for error in [
        trie.get(b"any").map(|_| ()).unwrap_err(),
        trie.insert(b"any", b"value").unwrap_err(),
        trie.remove(b"any").map(|_| ()).unwrap_err(),
        trie.iter().next().unwrap().unwrap_err(),
    ] {
        assert_eq!(error.to_string(), format!("node {root} at the root is not covered"));
    }
    assert_eq!(trie.root(), root, "the root stays known without being read");
}
