//! The model of a trie, a map, and operations on it.

use std::collections::BTreeMap;

use outrider_witness::{
    Hasher, Keccak256, NodeSource,
    mpt::{Trie, TrieError},
};
use proptest::{collection::vec, prelude::*, sample::select};

pub(crate) use crate::definition::naive_root;

pub(crate) type Map = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Get(Vec<u8>),
    Insert(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    Root,
}

/// The answers of a trie or map to operations.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) gets: Vec<Option<Vec<u8>>>,
    pub(crate) removes: Vec<bool>,
}

/// Generates keys that are often equal, prefixes of one another, or similar for long.
pub(crate) fn key() -> impl Strategy<Value = Vec<u8>> {
    let byte = || select(vec![0x00u8, 0x01, 0x10, 0x11, 0xff]);
    prop_oneof![
        vec(byte(), 0..5),
        (0u8..40).prop_map(|seed| Keccak256::hash(&[seed]).0.to_vec()),
        (0u8..3, byte()).prop_map(|(seed, last)| {
            let mut key = Keccak256::hash(&[seed]).0.to_vec();
            key[31] = last;
            key
        }),
    ]
}

/// Generates keys of 32 bytes, none of which is a prefix of another.
pub(crate) fn long_key() -> impl Strategy<Value = Vec<u8>> {
    (0u16..600, any::<bool>()).prop_map(|(seed, is_near)| {
        let mut key = Keccak256::hash(&seed.to_le_bytes()).0;
        if is_near {
            key = Keccak256::hash(b"near").0;
            key[31] = seed.to_le_bytes()[0];
        }
        key.to_vec()
    })
}

/// Generates values that make nodes inline, of just 31 and 32 bytes, and long.
pub(crate) fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 1..4),
        (1usize..80, any::<u8>()).prop_map(|(length, byte)| vec![byte; length])
    ]
}

pub(crate) fn map(key: impl Strategy<Value = Vec<u8>>, most: usize) -> impl Strategy<Value = Map> {
    prop::collection::btree_map(key, value(), 0..most)
}

pub(crate) fn operations(most: usize) -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        3 => key().prop_map(Operation::Get),
        4 => (key(), value()).prop_map(|(key, value)| Operation::Insert(key, value)),
        1 => key().prop_map(|key| Operation::Insert(key, Vec::new())),
        4 => key().prop_map(Operation::Remove),
        1 => Just(Operation::Root),
    ];
    vec(operation, 0..most)
}

pub(crate) fn run_on_map(map: &mut Map, operations: &[Operation]) -> Answers {
    let mut answers = Answers { gets: Vec::new(), removes: Vec::new() };
    for operation in operations {
        match operation {
            Operation::Get(key) => answers.gets.push(map.get(key).cloned()),
            Operation::Insert(key, value) if value.is_empty() => drop(map.remove(key)),
            Operation::Insert(key, value) => drop(map.insert(key.clone(), value.clone())),
            Operation::Remove(key) => answers.removes.push(map.remove(key).is_some()),
            Operation::Root => {}
        }
    }
    answers
}

pub(crate) fn run<S: NodeSource>(
    trie: &mut Trie<Keccak256, S>,
    operations: &[Operation],
) -> Result<Answers, TrieError> {
    let mut answers = Answers { gets: Vec::new(), removes: Vec::new() };
    for operation in operations {
        match operation {
            Operation::Get(key) => answers.gets.push(trie.get(key)?.map(<[u8]>::to_vec)),
            Operation::Insert(key, value) => trie.insert(key, value)?,
            Operation::Remove(key) => answers.removes.push(trie.remove(key)?),
            Operation::Root => drop(trie.root()),
        }
    }
    Ok(answers)
}

/// Returns a full trie with the content of `map`.
pub(crate) fn full(map: &Map) -> Trie<Keccak256, outrider_witness::NoNodes> {
    let mut trie = Trie::empty();
    for (key, value) in map {
        trie.insert(key, value).expect("a full trie covers everything");
    }
    trie
}
