//! A chain of states, the same in every process.

use std::collections::BTreeMap;

use outrider_witness::{
    Hash, Hasher, Keccak256, NodeSource, Recorder,
    mpt::Trie,
    store::{Batch, Store},
};

pub(crate) type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// The key under which a state holds its height.
const HEIGHT: &[u8] = b"height";

/// The amount of data that the blocks of a chain write.
#[derive(Clone, Copy)]
pub(crate) enum Chain {
    Small,
    /// Every fifth block writes some megabytes.
    Large,
}

impl Chain {
    /// Returns the writes of block `height`. Later blocks overwrite many of the keys, and some blocks remove keys.
    fn writes(self, height: u64) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        let own = (HEIGHT.to_vec(), (height + 1).to_le_bytes().to_vec());
        let factor = if matches!(self, Self::Large) && height % 5 == 4 { 1000 } else { 1 };
        let others = (0u8..15).map(move |index| {
            let random = Keccak256::hash(&[&height.to_le_bytes()[..], &[index]].concat()).0;
            let key = Keccak256::hash(&[random[0] % 100]).0.to_vec();
            let length = if random[1] < 80 { 0 } else { usize::from(random[3] % 100) * factor };
            (key, vec![random[2]; length])
        });
        others.chain([own])
    }

    /// Returns the state after the blocks below `height`.
    pub(crate) fn state(self, height: u64) -> Map {
        let mut map = Map::new();
        for (key, value) in (0..height).flat_map(|height| self.writes(height)) {
            if value.is_empty() {
                map.remove(&key)
            } else {
                map.insert(key, value)
            };
        }
        map
    }

    /// Executes block `height`.
    pub(crate) fn execute<S: NodeSource>(self, trie: &mut Trie<Keccak256, S>, height: u64) {
        self.writes(height).for_each(|(key, value)| trie.insert(&key, &value).unwrap());
    }

    /// Executes block `height` over `store`, which holds the state before it.
    pub(crate) fn block<S: NodeSource>(
        self,
        store: S,
        pre_root: &Hash,
        height: u64,
        batch: &mut Batch,
    ) -> Hash {
        let mut trie = Trie::<Keccak256, _>::open(pre_root, store);
        self.execute(&mut trie, height);
        let root = trie.commit(batch);
        batch.pin(&root);
        root
    }
}

/// Returns the height of a state.
pub(crate) fn height(store: impl NodeSource, root: &Hash) -> u64 {
    let mut trie = Trie::<Keccak256, _>::open(root, store);
    trie.get(HEIGHT).unwrap().map_or(0, |height| u64::from_le_bytes(height.try_into().unwrap()))
}

pub(crate) fn content(store: impl NodeSource, root: &Hash) -> Map {
    let mut trie = Trie::<Keccak256, _>::open(root, store);
    trie.iter().map(Result::unwrap).collect()
}

/// Returns the number of nodes that are reachable from the pinned roots.
pub(crate) fn n_reachable(store: &impl Store) -> usize {
    let recorder = Recorder::new(store);
    let mut n_empty = 0;
    for root in store.roots().unwrap().keys() {
        content(&recorder, root);
        n_empty += usize::from(*root == outrider_witness::mpt::EMPTY_ROOT);
    }
    recorder.into_record().nodes.len() + n_empty
}
