//! Tests of many tries over one source, with values that refer to tries and blobs, as in Ethereum's state.

use std::collections::BTreeMap;

use outrider_witness::{
    Hash, Hasher, Keccak256, NodeSink, NodeSource, Recorder,
    mpt::{EMPTY_ROOT, Forest, TrieId, witness},
    store::{Batch, Contents, MemoryStore, Store},
};
use proptest::{collection::vec, prelude::*};

/// The storage and code of each account.
type State = BTreeMap<u8, (BTreeMap<u8, u8>, Vec<u8>)>;

/// An action of a block on one account.
#[derive(Clone, Debug)]
enum Action {
    Load(u8, u8),
    Save(u8, u8, u8),
    Call(u8),
    Delete(u8),
}

fn state() -> impl Strategy<Value = State> {
    let storage = prop::collection::btree_map(0u8..8, 0u8..4, 0..8);
    // Few storages and codes, so that accounts share them.
    let storage = prop_oneof![storage, Just([(1, 1), (2, 2), (3, 3)].into()), Just(BTreeMap::new())];
    let code = (0u8..4).prop_map(|n| vec![n; usize::from(n) * 30]);
    prop::collection::btree_map(0u8..20, (storage, code), 1..12)
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        (0u8..22, 0u8..9).prop_map(|(account, slot)| Action::Load(account, slot)),
        (0u8..20, 0u8..9, 0u8..4).prop_map(|(account, slot, value)| Action::Save(account, slot, value)),
        (0u8..20).prop_map(Action::Call),
        (0u8..20).prop_map(Action::Delete),
    ];
    vec(action, 0..12)
}

fn key(of: u8) -> [u8; 32] {
    Keccak256::hash(&[of]).0
}

/// Returns a value of a storage; 0 stands for no value.
fn word(value: u8) -> Vec<u8> {
    if value == 0 { vec![] } else { vec![value; 33] }
}

/// Returns an account: the root of its storage and the hash of its code.
fn account(storage: &Hash, code: &Hash) -> Vec<u8> {
    [storage.0, code.0].concat()
}

fn parse(account: &[u8]) -> [Hash; 2] {
    let (hashes, _) = account.as_chunks();
    [Hash(hashes[0]), Hash(hashes[1])]
}

/// Appends the references of an account: its storage, unless empty, and its code.
fn refer(value: &[u8], out: &mut Vec<Hash>) {
    out.extend(parse(value).into_iter().filter(|hash| *hash != EMPTY_ROOT));
}

/// Puts a state into a store and pins it.
fn genesis(state: &State, store: &MemoryStore) -> Hash {
    let mut batch = Batch::new();
    let mut forest = Forest::<Keccak256, _>::new(store);
    let accounts = forest.open(&EMPTY_ROOT);
    for (name, (storage, code)) in state {
        let trie = forest.open(&EMPTY_ROOT);
        for (slot, value) in storage {
            forest.insert(trie, &key(*slot), &word(*value)).unwrap();
        }
        let code_hash = Keccak256::hash(code);
        batch.put(&code_hash, code, &[]);
        let storage_root = forest.commit(trie, &mut batch);
        forest.insert(accounts, &key(*name), &account(&storage_root, &code_hash)).unwrap();
    }
    let root = forest.commit_with(accounts, &mut batch, refer);
    batch.pin(&root);
    store.apply(&batch).unwrap();
    root
}

type AnyError = Box<dyn std::error::Error>;

/// The results of reads; `None` for absent entries.
type Reads = Vec<Option<Vec<u8>>>;

/// Executes a block, for provider and executor alike. Returns the results of reads and the post-state root.
fn execute<S: NodeSource>(
    forest: &mut Forest<Keccak256, S>,
    root: &Hash,
    actions: &[Action],
    sink: &mut impl NodeSink,
) -> Result<(Reads, Hash), AnyError> {
    let accounts = forest.open(root);
    let mut storages: BTreeMap<u8, TrieId> = BTreeMap::new();
    let mut reads = Vec::new();
    for action in actions {
        let (Action::Load(name, _) | Action::Save(name, ..) | Action::Call(name) | Action::Delete(name)) =
            *action;
        let Some([storage_root, code_hash]) = forest.get(accounts, &key(name))?.map(parse) else {
            reads.push(None);
            continue;
        };
        if let Action::Call(_) = action {
            reads.push(Some(forest.blob(&code_hash)?));
            continue;
        }
        if let Action::Delete(_) = action {
            storages.remove(&name);
            forest.remove(accounts, &key(name))?;
            continue;
        }
        let storage = *storages.entry(name).or_insert_with(|| forest.open(&storage_root));
        match action {
            Action::Load(_, slot) => reads.push(forest.get(storage, &key(*slot))?.map(<[u8]>::to_vec)),
            Action::Save(_, slot, value) => forest.insert(storage, &key(*slot), &word(*value))?,
            Action::Call(_) | Action::Delete(_) => {}
        }
    }
    for (name, storage) in storages {
        let root = forest.commit(storage, sink);
        let Some([_, code_hash]) = forest.get(accounts, &key(name))?.map(parse) else { continue };
        forest.insert(accounts, &key(name), &account(&root, &code_hash))?;
    }
    Ok((reads, forest.commit_with(accounts, sink, refer)))
}

/// Returns the results of reads and the state after a block, by the model.
fn play(mut state: State, actions: &[Action]) -> (Reads, State) {
    let mut reads = Vec::new();
    for action in actions {
        let (Action::Load(name, _) | Action::Save(name, ..) | Action::Call(name) | Action::Delete(name)) =
            *action;
        let Some((storage, code)) = state.get_mut(&name) else {
            reads.push(None);
            continue;
        };
        match action {
            Action::Load(_, slot) => {
                reads.push(storage.get(slot).map(|value| word(*value)).filter(|word| !word.is_empty()))
            }
            Action::Save(_, slot, value) => drop(storage.insert(*slot, *value)),
            Action::Call(_) => reads.push(Some(code.clone())),
            Action::Delete(_) => drop(state.remove(&name)),
        }
    }
    (reads, state)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_block_runs_the_same_over_a_store_and_over_its_witness(state in state(), actions in actions()) {
        let store = MemoryStore::new();
        let pre_root = genesis(&state, &store);
        let mut batch = Batch::new();
        let mut provided = Forest::<Keccak256, _>::new(Recorder::new(&store));
        let (reads, post_root) = execute(&mut provided, &pre_root, &actions, &mut batch).unwrap();
        let witness = provided.into_witness().unwrap();

        let mut stateless = witness::decode::<Keccak256>(&witness).unwrap();
        let mut unused = Batch::new();
        let executed = execute(&mut stateless, &pre_root, &actions, &mut unused).unwrap();
        prop_assert_eq!(&executed, &(reads, post_root));
        prop_assert_eq!(stateless.check_all_used(), Ok(()));
        let (roots, record) = stateless.revealed();
        prop_assert_eq!(witness::encode(roots, &record).unwrap(), witness);

        let (reads, after) = play(state, &actions);
        prop_assert_eq!(executed, (reads, genesis(&after, &MemoryStore::new())));

        // The store replaces the old state by the new one, and holds nothing else.
        batch.pin(&post_root);
        batch.unpin(&pre_root);
        store.apply(&batch).unwrap();
        let fresh = MemoryStore::new();
        genesis(&after, &fresh);
        prop_assert_eq!(store.check().unwrap(), fresh.check().unwrap());
        prop_assert!(store.check().unwrap() != Contents::default());
    }
}

#[test]
fn storages_that_two_accounts_share_are_written_once() {
    let storage: BTreeMap<u8, u8> = (0..8).map(|slot| (slot, 1)).collect();
    let accounts =
        |names: &[u8]| -> State { names.iter().map(|name| (*name, (storage.clone(), vec![]))).collect() };
    let witness = |state: &State, names: &[u8]| {
        let store = MemoryStore::new();
        let root = genesis(state, &store);
        let mut forest = Forest::<Keccak256, _>::new(Recorder::new(&store));
        let accounts = forest.open(&root);
        for name in names {
            let [storage_root, _] = forest.get(accounts, &key(*name)).unwrap().map(parse).unwrap();
            let storage = forest.open(&storage_root);
            assert_eq!(forest.get(storage, &key(1)).unwrap(), Some(&[1; 33][..]));
        }
        forest.into_witness().unwrap()
    };
    let state = accounts(&[1, 2, 3, 4]);
    let (one, two) = (witness(&state, &[1]), witness(&state, &[1, 2]));
    // The second account adds its leaf, which replaces a hash.
    assert!(two.len() < one.len() + 110, "{} and {} bytes", one.len(), two.len());
}

/// Two subtrees of one trie have the same content, as their keys differ only in the first byte.
#[test]
fn equal_subtrees_are_written_once_and_change_independently() {
    let store = MemoryStore::new();
    let mut batch = Batch::new();
    let keys: Vec<[u8; 3]> = (0..4).flat_map(|a| (0..16).map(move |b| [a << 4, b << 4, 7])).collect();
    let mut full = Forest::<Keccak256, _>::new(&store);
    let full_trie = full.open(&EMPTY_ROOT);
    keys.iter().for_each(|key| full.insert(full_trie, key, &[key[1]; 40]).unwrap());
    let pre_root = full.commit(full_trie, &mut batch);
    batch.pin(&pre_root);
    store.apply(&batch).unwrap();

    let mut provided = Forest::<Keccak256, _>::new(Recorder::new(&store));
    let trie = provided.open(&pre_root);
    keys.iter().for_each(|key| assert!(provided.get(trie, key).unwrap().is_some()));
    let witness = provided.into_witness().unwrap();
    assert!(witness.len() < 16 * 50, "{} bytes for four times the same sixteen leaves", witness.len());

    let mut stateless = witness::decode::<Keccak256>(&witness).unwrap();
    let trie = stateless.open(&pre_root);
    full.insert(full_trie, &keys[5], b"other").unwrap();
    stateless.insert(trie, &keys[5], b"other").unwrap();
    assert_eq!(stateless.get(trie, &keys[5]).unwrap(), Some(&b"other"[..]));
    assert_eq!(stateless.get(trie, &keys[5 + 16]).unwrap(), Some(&[5 << 4; 40][..]), "its twin is unchanged");
    keys[16..].iter().for_each(|key| assert!(stateless.remove(trie, key).unwrap()));
    keys[16..].iter().for_each(|key| assert!(full.remove(full_trie, key).unwrap()));
    assert_eq!(stateless.root(trie), full.root(full_trie));
    // A use of one twin counts as a use of all.
    assert_eq!(stateless.check_all_used(), Ok(()));
}

/// A contract's code may be the bytes of a node. Calling it must not reveal the node, which would then be unused.
#[test]
fn a_blob_that_is_a_node_is_revealed_only_as_a_blob() {
    let store = MemoryStore::new();
    let mut batch = Batch::new();
    let mut forest = Forest::<Keccak256, _>::new(&store);
    let trie = forest.open(&EMPTY_ROOT);
    (0..20u8).for_each(|name| forest.insert(trie, &key(name), &[name; 64]).unwrap());
    let root = forest.commit(trie, &mut batch);
    batch.pin(&root);
    store.apply(&batch).unwrap();

    let mut recorder = Forest::<Keccak256, _>::new(Recorder::new(&store));
    let trie = recorder.open(&root);
    recorder.get(trie, &key(3)).unwrap();
    let (_, record) = {
        let witness = recorder.into_witness().unwrap();
        witness::decode::<Keccak256>(&witness).unwrap().revealed()
    };
    // A child of the root that is not on the path to key 3.
    let top = record.nodes.bytes(&root).unwrap();
    let sibling = top.windows(32).filter_map(|window| {
        let hash = Hash(window.try_into().unwrap());
        (store.node(&hash).is_ok() && record.nodes.bytes(&hash).is_none()).then_some(hash)
    });
    let sibling = sibling.last().unwrap();

    let run = |forest: &mut Forest<Keccak256, Recorder<&MemoryStore>>| {
        let trie = forest.open(&root);
        forest.get(trie, &key(3)).unwrap();
        forest.blob(&sibling).unwrap();
    };
    let mut provided = Forest::new(Recorder::new(&store));
    run(&mut provided);
    let witness = provided.into_witness().unwrap();
    let mut stateless = witness::decode::<Keccak256>(&witness).unwrap();
    let trie = stateless.open(&root);
    stateless.get(trie, &key(3)).unwrap();
    assert_eq!(stateless.check_all_used().unwrap_err().hash, sibling);
    assert_eq!(stateless.blob(&sibling).unwrap(), store.node(&sibling).unwrap());
    assert_eq!(stateless.check_all_used(), Ok(()));
}
