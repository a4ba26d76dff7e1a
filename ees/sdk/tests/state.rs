//! A state from both sides: an EE that reads, sets and removes keys, compared with a map.

#![allow(clippy::unwrap_used, reason = "what is set up here cannot fail, or a test is to say so")]

use std::collections::BTreeMap;

use outrider_sdk::{
    ReadError, RootRead, StateRoot, chain, context, eth2,
    harness::{Context, Execution, Failure, StateProvider},
    state::{self, HostNodes, Key, State, StateError, TreeError},
};
use outrider_witness::{
    Hash, Hasher, Keccak256, NodeBag, NodeError, NodeSource,
    smt::{Tree, VALUE_BYTES_MAX},
};
use proptest::{collection::vec, prelude::*};

/// An operation takes two bytes: a key, and its new value. 0 removes the key, 255 reads it.
fn transition(state: &mut State, payload: &[u8]) -> Result<(), TreeError> {
    for [key, value] in payload.as_chunks().0 {
        match value {
            0 => drop(state.remove(&spread(*key))?),
            255 => drop(state.get(&spread(*key))?),
            value => state.insert(&spread(*key), &[*value])?,
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("package {0} has half an operation")]
struct HalfAnOperation(usize);

fn merge(packages: &[&[u8]]) -> Result<Vec<u8>, HalfAnOperation> {
    match packages.iter().position(|package| package.len() % 2 == 1) {
        Some(index) => Err(HalfAnOperation(index)),
        None => Ok(packages.concat()),
    }
}

type Error = StateError<HalfAnOperation, TreeError>;

fn execute(root: StateRoot, block_data: &[u8]) -> Result<StateRoot, Error> {
    state::execute(root, block_data, merge, transition)
}

fn spread(key: u8) -> Key {
    Key(Keccak256::hash(&[key]).0)
}

fn provider(payload: &[u8]) -> StateProvider {
    let mut provider = StateProvider::new();
    let provided = provider.provide(&[payload], execute).unwrap();
    provider.apply(&provided);
    provider
}

fn root(map: &BTreeMap<u8, u8>) -> StateRoot {
    let mut tree = Tree::<Keccak256, _>::empty();
    map.iter().for_each(|(key, value)| tree.insert(&spread(*key), &[*value]).unwrap());
    StateRoot(tree.root().0)
}

proptest! {
    #[test]
    fn a_block_that_a_provider_makes_does_without_the_state_what_the_map_does(
        blocks in vec(vec(vec((0_u8..32, prop_oneof![Just(0), Just(255), 1_u8..4]), 0..12), 0..4), 1..6),
    ) {
        let mut map = BTreeMap::new();
        let mut provider = StateProvider::new();
        for packages in blocks {
            for (key, value) in packages.iter().flatten() {
                match value {
                    0 => drop(map.remove(key)),
                    255 => {}
                    value => drop(map.insert(*key, *value)),
                }
            }
            let packages: Vec<Vec<u8>> =
                packages.iter().map(|package| package.iter().flat_map(|(k, v)| [*k, *v]).collect()).collect();
            // `provide` executes twice, and panics unless the outcomes are the same.
            let provided = provider.provide(&packages, execute).unwrap();
            provider.apply(&provided);
            prop_assert_eq!(provider.root(), root(&map));
            prop_assert!(provided.block_data.ends_with(&packages.concat()));
        }
    }

    #[test]
    fn no_block_data_is_too_strange_to_be_refused(bytes in vec(any::<u8>(), 0..80)) {
        let root = provider(&[1, 1, 2, 2]).root();
        let result = Execution::new(root).block_data(bytes).run(execute);
        prop_assert!(matches!(result, Err(Failure::Refused(_))), "{:?}", result);
    }
}

#[test]
fn new_nodes_are_those_that_the_old_state_does_not_have_children_first() {
    let mut provider = provider(&[1, 1, 2, 2, 3, 3, 4, 4]);
    let before = provider.clone();
    let provided = provider.provide(&[[2, 9]], execute).unwrap();
    provider.apply(&provided);
    let mut seen = Vec::new();
    for node in &provided.new_nodes {
        assert_eq!(node.hash, Keccak256::hash(&node.bytes));
        let put_before = |child: &Hash| seen.contains(child) || before.nodes().bytes(child).is_some();
        assert!(node.children.iter().all(put_before), "{node:?}");
        assert!(before.nodes().bytes(&node.hash).is_none());
        seen.push(node.hash);
    }
    assert_eq!(seen.last(), Some(&Hash(provider.root().0)));
}

#[test]
fn a_node_that_the_provider_lacks_is_an_error_with_hash_and_path() {
    let full = provider(&[1, 1, 2, 2]);
    let root = full.root();
    let refused =
        StateProvider::with_state(root, NodeBag::default()).provide(&[[1, 255]], execute).unwrap_err();
    assert_eq!(
        chain(&refused),
        format!("block refused: the node at the root, with hash {root}, is not covered")
    );
}

#[test]
fn a_provider_that_lies_is_caught() {
    let root = provider(&[1, 1, 2, 2]).root();
    let mut nodes = NodeBag::default();
    nodes.insert(root.into(), b"something else".to_vec());
    let refused = StateProvider::with_state(root, nodes).provide(&[[1, 255]], execute).unwrap_err();
    let got = Keccak256::hash(b"something else");
    let expected = format!(
        "block refused: the node at the root cannot be read: asked for hash {root}, got bytes with hash {got}"
    );
    assert_eq!(chain(&refused), expected);
}

#[test]
fn both_runs_of_a_provider_have_context_and_reads() {
    let read = RootRead { state_root: StateRoot([6; 32]), ..RootRead::default() };
    let context = Context { balance: 70, ..Context::default() };
    let provider = StateProvider::new().context(context).reads([read]);
    let provided = provider.provide(&[[1, 2]], |root, block_data| {
        eth2::pay_proposer(context::balance());
        assert!(eth2::reads().eq([read]));
        execute(root, block_data)
    });
    assert_eq!(provided.unwrap().outcome.proposer_fee, 70);
}

#[test]
fn packages_that_do_not_merge_are_refused() {
    let refused = StateProvider::new().provide(&[&[1, 1][..], &[2]], execute).unwrap_err();
    assert_eq!(chain(&refused), "block refused: packages: package 1 has half an operation");
}

#[test]
fn packages_are_no_block_data_for_a_shard() {
    let packages = state::packages(&[[1, 1]]);
    let refused = Execution::new(StateRoot::default()).block_data(packages).run(execute).unwrap_err();
    assert!(matches!(refused, Failure::Refused(StateError::Witness(_))), "{refused:?}");
    let refused = Execution::new(StateRoot::default()).run(execute).unwrap_err();
    let expected = ReadError::UnexpectedEnd { offset: 0, expected: 4, got: 0 };
    assert!(matches!(refused, Failure::Refused(StateError::Frame(error)) if error == expected));
}

#[test]
fn in_a_shard_the_host_has_no_nodes() {
    let ask = |root: StateRoot, _: &[u8]| match HostNodes.node(&root.into()) {
        Err(NodeError::NotCovered { .. }) => Ok(root),
        other => Err(format!("{other:?}")),
    };
    Execution::new(StateRoot([1; 32])).run(ask).unwrap();
}

#[test]
fn a_node_of_any_length_comes_whole() {
    // A leaf with the longest value, which is longer than the buffer of the first call.
    let key = Key([7; 32]);
    let value = [5; VALUE_BYTES_MAX];
    let mut tree = Tree::<Keccak256, _>::empty();
    tree.insert(&key, &value).unwrap();
    let mut nodes = NodeBag::default();
    let root = StateRoot(tree.commit(&mut nodes).0);
    let read = |root: StateRoot, block_data: &[u8]| {
        let merge = |_: &[&[u8]]| Ok::<_, HalfAnOperation>(Vec::new());
        state::execute(root, block_data, merge, |state, _| {
            assert_eq!(state.get(&key)?, Some(&value[..]));
            Ok::<_, TreeError>(())
        })
    };
    let provided = StateProvider::with_state(root, nodes).provide(&[[]; 1], read).unwrap();
    assert_eq!(provided.outcome.post_state_root, root);
}
