//! A state of tries with references, from both sides: an EE that keeps a map of maps, and a blob for each.

#![allow(clippy::unwrap_used, reason = "what is set up here cannot fail, or a test is to say so")]

use std::collections::BTreeMap;

use outrider_sdk::{
    StateRoot, chain,
    forest::{self, EMPTY_ROOT, ForestError, State, TransitionOutput},
    harness::{Execution, Failure, StateProvider},
    state,
};
use outrider_witness::{Hash, Hasher, Keccak256, NodeBag, NodeError, mpt::TrieError};
use proptest::{collection::vec, prelude::*};

/// An operation takes three bytes: a name, a key, and the key's new value. 0 removes the key, 255 reads it. The value
/// of a name is the root of its trie, and the hash of a blob that counts the uses of the trie. Operations on name 0 are
/// unneeded comments.
fn transition(state: &mut State, root: StateRoot, payload: &[u8]) -> Result<TransitionOutput, Error> {
    let names = state.forest.open(&root.into());
    let mut tries = BTreeMap::new();
    let mut needed = Vec::new();
    for operation @ [name, key, value] in
        payload.as_chunks::<3>().0.iter().filter(|operation| operation[0] != 0)
    {
        needed.extend_from_slice(operation);
        if !tries.contains_key(name) {
            let entry = state.forest.get(names, &spread(*name))?.map(split);
            let count = entry.map_or(Ok(0), |(_, blob)| state.forest.blob(&blob).map(|blob| blob[0]))?;
            let root = entry.map_or(EMPTY_ROOT, |(root, _)| root);
            tries.insert(*name, (state.forest.open(&root), count));
        }
        let (trie, count) = tries.get_mut(name).unwrap();
        *count = count.wrapping_add(1);
        match value {
            0 => drop(state.forest.remove(*trie, &spread(*key))?),
            255 => drop(state.forest.get(*trie, &spread(*key))?),
            value => state.forest.insert(*trie, &spread(*key), &[*value; 40])?,
        }
    }
    for (name, (trie, count)) in tries {
        let blob = [count, b'!'];
        let blob_hash = Keccak256::hash(&blob);
        state.put_blob(&blob_hash, &blob);
        let root = state.commit(trie, |_, _| {});
        state.forest.insert(names, &spread(name), &[root.0, blob_hash.0].concat())?;
    }
    let post_state_root = state.commit(names, |value, out| {
        let (root, blob) = split(value);
        out.extend([root, blob].into_iter().filter(|hash| *hash != EMPTY_ROOT));
    });
    Ok(TransitionOutput { post_state_root: post_state_root.into(), payload: needed })
}

fn split(value: &[u8]) -> (Hash, Hash) {
    let hashes = value.as_chunks().0;
    (Hash(hashes[0]), Hash(hashes[1]))
}

fn spread(key: u8) -> [u8; 32] {
    Keccak256::hash(&[key]).0
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Trie(#[from] TrieError),
    #[error(transparent)]
    Blob(#[from] NodeError),
}

type Refusal = ForestError<std::convert::Infallible, Error>;

fn execute(root: StateRoot, block_data: &[u8]) -> Result<StateRoot, Refusal> {
    forest::execute(root, block_data, |packages| Ok(packages.concat()), transition)
}

fn provider() -> StateProvider {
    StateProvider::with_state(StateRoot(EMPTY_ROOT.0), NodeBag::default())
}

proptest! {
    #[test]
    fn a_block_that_a_provider_makes_does_without_the_state_what_it_does_with_it(
        blocks in vec(vec((0_u8..4, 0_u8..8, prop_oneof![Just(0), Just(255), 1_u8..4]), 0..12), 1..6),
    ) {
        let mut provider = provider();
        let mut keys = BTreeMap::new();
        for operations in blocks {
            let payload: Vec<u8> = operations.iter().flat_map(|(name, key, value)| [*name, *key, *value]).collect();
            // `provide` executes twice, and panics unless the outcomes are the same.
            let provided = provider.provide(&[payload], execute).unwrap();
            provider.apply(&provided);
            for (name, key, value) in operations.into_iter().filter(|(name, ..)| *name != 0) {
                match value {
                    0 => drop(keys.remove(&(name, key))),
                    255 => {}
                    value => drop(keys.insert((name, key), value)),
                }
            }
            for name in 1..4 {
                for key in 0..8 {
                    let expected = keys.get(&(name, key)).map(|value| [*value; 40]);
                    prop_assert_eq!(read(&provider, name, key), expected);
                }
            }
        }
    }

    #[test]
    fn no_block_data_is_too_strange_to_be_refused(bytes in vec(any::<u8>(), 0..80)) {
        let mut provider = provider();
        let provided = provider.provide(&[[1, 1, 1]], execute).unwrap();
        provider.apply(&provided);
        let result = Execution::new(provider.root()).block_data(bytes.clone()).run(execute);
        let does_nothing = bytes == [2, 0, 0, 0, 0, 0];
        prop_assert!(does_nothing || matches!(result, Err(Failure::Refused(_))), "{:?}", result);
    }
}

/// Reads a key with all nodes.
fn read(provider: &StateProvider, name: u8, key: u8) -> Option<[u8; 40]> {
    let mut forest = outrider_witness::mpt::Forest::<Keccak256, _>::new(provider.nodes());
    let names = forest.open(&Hash(provider.root().0));
    let entry = forest.get(names, &spread(name)).unwrap()?.to_vec();
    let trie = forest.open(&split(&entry).0);
    Some(forest.get(trie, &spread(key)).unwrap()?.try_into().unwrap())
}

#[test]
fn the_empty_state_is_a_node_like_others() {
    let mut provider = provider();
    let provided = provider.provide(&[[0; 0]], execute).unwrap();
    provider.apply(&provided);
    assert_eq!(provider.root(), StateRoot(EMPTY_ROOT.0));
    assert_eq!(provider.nodes().bytes(&EMPTY_ROOT), Some(&[0x80][..]));
}

#[test]
fn new_nodes_refer_to_what_was_there_or_was_put_before() {
    let mut provider = provider();
    for payload in [[1, 1, 1, 1, 2, 2, 2, 1, 3], [2, 1, 0, 1, 1, 2, 3, 3, 3]] {
        let provided = provider.provide(&[payload], execute).unwrap();
        let mut seen: Vec<Hash> = provider.nodes().iter().map(|(hash, _)| *hash).collect();
        for node in &provided.new_nodes {
            assert_eq!(node.hash, Keccak256::hash(&node.bytes));
            assert!(node.children.iter().all(|child| seen.contains(child)), "{node:?}");
            seen.push(node.hash);
        }
        provider.apply(&provided);
        assert_eq!(seen.last(), Some(&Hash(provider.root().0)));
    }
}

#[test]
fn a_payload_with_more_than_is_needed_is_refused() {
    let provider = provider();
    let provided = provider.provide(&[&[0, 0, 0, 1, 1, 1][..]], execute).unwrap();
    assert!(provided.block_data.ends_with(&[1, 1, 1]));
    let block_data = state::block_data(&[0, 0], &[0, 0, 0, 1, 1, 1]);
    let refused = Execution::new(provider.root()).block_data(block_data).run(execute).unwrap_err();
    assert_eq!(
        chain(&refused),
        "block refused: the payload has 6 bytes, of which not all are needed: 3 are enough"
    );
}

#[test]
fn a_node_that_the_provider_lacks_is_an_error_with_hash_and_path() {
    let root = StateRoot([7; 32]);
    let provider = StateProvider::with_state(root, NodeBag::default());
    let refused = provider.provide(&[[1, 1, 255]], execute).unwrap_err();
    assert_eq!(chain(&refused), format!("block refused: node {root} at the root is not covered"));
}
