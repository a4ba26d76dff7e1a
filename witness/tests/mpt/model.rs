//! A map, what is done to it, and its root by the definition.

use std::collections::BTreeMap;

use alloy_rlp::{Encodable, Header};
use outrider_witness::{
    Hash, Hasher, Keccak256, NodeSource,
    mpt::{EMPTY_ROOT, Trie, TrieError},
};
use proptest::{collection::vec, prelude::*, sample::select};

pub(crate) type Map = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Get(Vec<u8>),
    Insert(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    Root,
}

/// What a trie or map answers to operations, and with what content it is left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) gets: Vec<Option<Vec<u8>>>,
    pub(crate) removes: Vec<bool>,
}

/// Keys that are often equal, one the beginning of another, or alike for long.
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

/// Keys of 32 bytes, none of which is the beginning of another.
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

/// Values that make nodes inline, of just 31 and 32 bytes, and long.
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

/// A full trie with the content of `map`.
pub(crate) fn full(map: &Map) -> Trie<Keccak256, outrider_witness::NoNodes> {
    let mut trie = Trie::empty();
    for (key, value) in map {
        trie.insert(key, value).expect("a full trie covers everything");
    }
    trie
}

/// The root by the definition of the Yellow Paper: c(J, i) of equation 197 over all pairs, and its hash.
pub(crate) fn naive_root(map: &Map) -> Hash {
    if map.is_empty() {
        return EMPTY_ROOT;
    }
    let nibbles = |key: &Vec<u8>| key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect::<Vec<u8>>();
    let pairs: Vec<_> = map.iter().map(|(key, value)| (nibbles(key), value.clone())).collect();
    Keccak256::hash(&structure(&pairs, 0))
}

fn structure(pairs: &[(Vec<u8>, Vec<u8>)], depth: usize) -> Vec<u8> {
    let (first, last) = (&pairs[0].0, &pairs[pairs.len() - 1].0);
    if let [(key, value)] = pairs {
        return list(&[string(&hex_prefix(&key[depth..], true)), string(value)]);
    }
    // Pairs are sorted, so what the first and the last share, all share.
    let shared = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    if shared > depth {
        let path = string(&hex_prefix(&first[depth..shared], false));
        return list(&[path, reference(structure(pairs, shared))]);
    }
    let mut items: Vec<Vec<u8>> = (0u8..16)
        .map(|nibble| {
            let below: Vec<_> =
                pairs.iter().filter(|(key, _)| key.get(depth) == Some(&nibble)).cloned().collect();
            if below.is_empty() { string(b"") } else { reference(structure(&below, depth + 1)) }
        })
        .collect();
    let own = pairs.iter().find(|(key, _)| key.len() == depth);
    items.push(string(own.map_or(&[], |(_, value)| value)));
    list(&items)
}

fn reference(encoding: Vec<u8>) -> Vec<u8> {
    if encoding.len() < 32 { encoding } else { string(&Keccak256::hash(&encoding).0) }
}

fn hex_prefix(nibbles: &[u8], is_leaf: bool) -> Vec<u8> {
    let mark = if is_leaf { 2 } else { 0 };
    let mut all = if nibbles.len() % 2 == 1 { vec![mark + 1] } else { vec![mark, 0] };
    all.extend(nibbles);
    all.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    bytes.encode(&mut out);
    out
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let content = items.concat();
    let mut out = Vec::new();
    Header { list: true, payload_length: content.len() }.encode(&mut out);
    out.extend(content);
    out
}
