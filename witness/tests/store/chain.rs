//! States one after the other, as a chain of blocks makes them: the same ones in every process.

use std::collections::BTreeMap;

use outrider_witness::{
    Hash, Hasher, Keccak256, NodeSource, Recorder,
    mpt::Trie,
    store::{Batch, Store},
};

pub(crate) type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// What block `height` writes: keys of which many are written again by later blocks, and removed by some.
fn writes(height: u64) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    (0u8..12).map(move |index| {
        let random = Keccak256::hash(&[&height.to_le_bytes()[..], &[index]].concat()).0;
        let key = Keccak256::hash(&[random[0] % 100]).0.to_vec();
        let value = if random[1] < 80 { vec![] } else { vec![random[2]; usize::from(random[3] % 100)] };
        (key, value)
    })
}

/// The state after the blocks below `height`.
pub(crate) fn state(height: u64) -> Map {
    let mut map = Map::new();
    for (key, value) in (0..height).flat_map(writes) {
        if value.is_empty() {
            map.remove(&key)
        } else {
            map.insert(key, value)
        };
    }
    map
}

/// Executes block `height` over `store`, which has the state before it.
pub(crate) fn block<S: NodeSource>(store: S, pre_root: &Hash, height: u64, batch: &mut Batch) -> Hash {
    let mut trie = Trie::<Keccak256, _>::open(pre_root, store);
    writes(height).for_each(|(key, value)| trie.insert(&key, &value).unwrap());
    let root = trie.commit(batch);
    batch.pin(&root);
    root
}

pub(crate) fn content(store: impl NodeSource, root: &Hash) -> Map {
    let mut trie = Trie::<Keccak256, _>::open(root, store);
    trie.iter().map(Result::unwrap).collect()
}

/// How many nodes can be reached from the pinned roots.
pub(crate) fn n_reachable(store: &impl Store) -> usize {
    let recorder = Recorder::new(store);
    let mut n_empty = 0;
    for root in store.roots().unwrap().keys() {
        content(&recorder, root);
        n_empty += usize::from(*root == outrider_witness::mpt::EMPTY_ROOT);
    }
    recorder.into_record().nodes.len() + n_empty
}
