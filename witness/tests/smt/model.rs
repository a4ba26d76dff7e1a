//! The model of a sparse Merkle tree: a `BTreeMap`.

use std::collections::BTreeMap;

use outrider_witness::{
    Hash, Hasher, Keccak256, NodeBag, NodeSource,
    smt::{Key, Tree, TreeError},
};
use proptest::{collection::vec, prelude::*};

pub(crate) use crate::definition::naive_root;

pub(crate) type Map = BTreeMap<Key, Vec<u8>>;

/// Makes the tree of a map and returns its root and all its nodes.
pub(crate) fn full_tree(map: &Map) -> (Hash, NodeBag) {
    let mut tree = Tree::<Keccak256, _>::empty();
    for (key, value) in map {
        tree.insert(key, value).unwrap();
    }
    let mut nodes = NodeBag::default();
    (tree.commit(&mut nodes), nodes)
}

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Get(Key),
    Insert(Key, Vec<u8>),
    Remove(Key),
    List,
}

/// The answer to an operation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Value(Option<Vec<u8>>),
    Inserted,
    Removed(bool),
    Entries(Vec<(Key, Vec<u8>)>),
}

impl Operation {
    pub(crate) fn on_map(&self, map: &mut Map) -> Answer {
        match self {
            Self::Get(key) => Answer::Value(map.get(key).cloned()),
            Self::Insert(key, value) => {
                map.insert(*key, value.clone());
                Answer::Inserted
            }
            Self::Remove(key) => Answer::Removed(map.remove(key).is_some()),
            Self::List => Answer::Entries(map.clone().into_iter().collect()),
        }
    }

    pub(crate) fn on_tree<S: NodeSource>(&self, tree: &mut Tree<Keccak256, S>) -> Result<Answer, TreeError> {
        Ok(match self {
            Self::Get(key) => Answer::Value(tree.get(key)?.map(<[u8]>::to_vec)),
            Self::Insert(key, value) => {
                tree.insert(key, value)?;
                Answer::Inserted
            }
            Self::Remove(key) => Answer::Removed(tree.remove(key)?),
            Self::List => Answer::Entries(tree.iter().collect::<Result<_, _>>()?),
        })
    }
}

/// Generates few different keys, most of which share many bits with others, at the start or up to the last bit.
pub(crate) fn key() -> impl Strategy<Value = Key> {
    let byte = 0..32usize;
    let near_zero = (byte, 0..8u32).prop_map(|(byte, bit)| {
        let mut key = [0; 32];
        key[byte] = 1 << bit;
        Key(key)
    });
    let spread = any::<u8>().prop_map(|byte| Key(Keccak256::hash(&[byte]).0));
    let last = any::<u8>().prop_map(|byte| {
        let mut key = [0xff; 32];
        key[31] = byte;
        Key(key)
    });
    prop_oneof![1 => near_zero, 16 => spread, 1 => last, 2 => any::<[u8; 32]>().prop_map(Key)]
}

pub(crate) fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![9 => vec(any::<u8>(), 0..4), 1 => vec(any::<u8>(), 0..300)]
}

pub(crate) fn map() -> impl Strategy<Value = Map> {
    let pairs = |count| vec((key(), value()), count);
    prop_oneof![2 => pairs(0..4), 2 => pairs(0..32), 1 => pairs(50..150)]
        .prop_map(|pairs| pairs.into_iter().collect())
}

pub(crate) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        6 => key().prop_map(Operation::Get),
        6 => (key(), value()).prop_map(|(key, value)| Operation::Insert(key, value)),
        8 => key().prop_map(Operation::Remove),
    ];
    let with_list = vec(prop_oneof![20 => operation.clone(), 1 => Just(Operation::List)], 0..40);
    prop_oneof![vec(operation, 0..20), with_list]
}
