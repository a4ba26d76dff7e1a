//! Shared helpers of the tests: an EE of two counters, and a naive model of it.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::{Arc, LazyLock};

use outrider_host::{Context, Ee, EngineKind, Host, HostConfig, Limits, StateRoot};
use outrider_shard::{BuiltBlock, Provider};
use outrider_witness::{
    Hash, Hasher, Keccak256, NoNodes, Recorder,
    smt::{EMPTY_ROOT, Key, Tree},
    store::{DiskStore, MemoryStore, Store},
};

/// The EE; its source describes it.
pub(crate) const PAIR: &str = include_str!("../ees/pair.wat");

pub(crate) static HOST: LazyLock<Host> = LazyLock::new(|| {
    let engine = if EngineKind::Both.is_compiled_in() { EngineKind::Both } else { EngineKind::Wasmtime };
    let limits = Limits { memory_pages_max: 16, fuel_max: 100_000_000, ..Limits::default() };
    Host::new(HostConfig { engine, limits, ..HostConfig::default() }).expect("the configuration is valid")
});

#[track_caller]
pub(crate) fn load(text: &str) -> Ee {
    HOST.load(&wat::parse_str(text).expect("the module is well-formed")).expect("the EE loads")
}

pub(crate) fn pair() -> Ee {
    load(PAIR)
}

/// Returns the EE with one text replaced by another; the text must occur.
#[track_caller]
pub(crate) fn changed(from: &str, to: &str) -> Ee {
    assert!(PAIR.contains(from), "the EE has no {from}");
    load(&PAIR.replace(from, to))
}

/// The root of the empty state, in stores of the usual kind.
pub(crate) const EMPTY_STATE: StateRoot = StateRoot([0; 32]);

pub(crate) fn memory(ee: Ee) -> Provider<MemoryStore> {
    Provider::open(ee, Arc::new(MemoryStore::new())).expect("the store is empty")
}

pub(crate) fn disk(ee: Ee, directory: &std::path::Path) -> Provider<DiskStore> {
    Provider::open(ee, Arc::new(DiskStore::open(directory).expect("it opens")))
        .expect("the store is of this EE")
}

#[track_caller]
pub(crate) fn build<S: Store + Send + Sync + 'static>(
    provider: &Provider<S>,
    root: StateRoot,
    packages: &[&[u8]],
) -> BuiltBlock {
    provider.build(root, packages, Context::default()).expect("the EE takes the packages")
}

/// The state after some payloads, computed from the EE's specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) counters: Option<[u64; 2]>,
}

impl Model {
    pub(crate) fn after(mut self, payload: &[u8]) -> Self {
        let counters = self.counters.get_or_insert_default();
        for byte in payload {
            counters[usize::from(byte >> 7)] += u64::from(byte & 0x7f);
        }
        self
    }

    /// Returns the tree of this state.
    pub(crate) fn tree<H: Hasher>(self) -> Tree<H, NoNodes> {
        let mut tree = Tree::empty();
        for (side, counter) in (0..).zip(self.counters.into_iter().flatten()) {
            tree.insert(&key(side), &counter.to_le_bytes()).expect("there is room");
        }
        tree
    }

    pub(crate) fn root(self) -> StateRoot {
        self.root_by::<Keccak256>()
    }

    pub(crate) fn root_by<H: Hasher>(self) -> StateRoot {
        StateRoot(self.tree::<H>().root().0)
    }

    /// Returns the hash of a leaf by the definition of the tree: of a byte 0, the key, and the value.
    pub(crate) fn leaf(self, side: u8) -> Hash {
        let counter = self.counters.map_or(0, |counters| counters[usize::from(side)]);
        Keccak256::hash(&[&[0][..], &key(side).0, &counter.to_le_bytes()].concat())
    }

    /// Returns the witness of a payload, as the tree itself makes it.
    pub(crate) fn witness(self, payload: &[u8]) -> Vec<u8> {
        self.witness_by::<Keccak256>(payload)
    }

    pub(crate) fn witness_by<H: Hasher>(self, payload: &[u8]) -> Vec<u8> {
        let mut nodes = outrider_witness::NodeBag::default();
        let root = self.tree::<H>().commit(&mut nodes);
        let mut tree = Tree::<H, _>::open(&root, Recorder::new(&nodes));
        for byte in payload {
            tree.get(&key(byte >> 7)).expect("it is covered");
        }
        if root == EMPTY_ROOT { vec![0] } else { tree.into_witness().expect("the nodes are sound") }
    }
}

fn key(side: u8) -> Key {
    let mut key = [0; 32];
    key[0] = side << 7;
    Key(key)
}

/// Reads the state of a root.
pub(crate) fn read(store: &impl Store, root: StateRoot) -> Model {
    read_by::<Keccak256>(store, root)
}

pub(crate) fn read_by<H: Hasher>(store: &impl Store, root: StateRoot) -> Model {
    let mut tree = Tree::<H, _>::open(&root.into(), store);
    let mut counter = |side| {
        let value = tree.get(&key(side)).expect("the state is whole")?;
        Some(u64::from_le_bytes(value.try_into().expect("it has 8 bytes")))
    };
    Model { counters: counter(0).zip(counter(1)).map(|(one, other)| [one, other]) }
}
