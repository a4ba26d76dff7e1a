//! Tests of the fork choice against the specification's own definition.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use outrider_beacon_spec::{
    accessors::{get_active_validator_indices, get_current_epoch},
    constants::{FAR_FUTURE_EPOCH, GENESIS_EPOCH},
    containers::{BeaconBlock, BeaconState, Checkpoint, Validator},
    error::Error,
    fork_choice::{LatestMessage, Store, get_ancestor, get_forkchoice_store, get_head, on_block, on_tick},
    phase::Phase0,
    preset::Minimal,
    types::{Gwei, Root},
};
use outrider_sim::Simulator;
use proptest::prelude::*;

type P = Phase0<Minimal>;

/// Computes `get_latest_attesting_balance` as the specification does.
fn naive_balance(store: &Store<P>, root: Root) -> Gwei {
    let state = &store.checkpoint_states[&store.justified_checkpoint];
    get_active_validator_indices(state, get_current_epoch(state))
        .iter()
        .filter(|index| {
            store.latest_messages.get(index).is_some_and(|message| {
                get_ancestor(store, message.root, store.blocks[&root].slot).unwrap() == root
            })
        })
        .map(|index| state.validators.get(*index as usize).unwrap().effective_balance)
        .sum()
}

/// Computes `filter_block_tree` as the specification does.
fn naive_filter(store: &Store<P>, root: Root, viable: &mut BTreeSet<Root>) -> bool {
    let children: Vec<_> =
        store.blocks.iter().filter(|(_, block)| block.parent_root == root).map(|(root, _)| *root).collect();
    let is_viable = if children.is_empty() {
        let state = &store.block_states[&root];
        (store.justified_checkpoint.epoch == GENESIS_EPOCH
            || state.current_justified_checkpoint == store.justified_checkpoint)
            && (store.finalized_checkpoint.epoch == GENESIS_EPOCH
                || state.finalized_checkpoint == store.finalized_checkpoint)
    } else {
        children.into_iter().map(|child| naive_filter(store, child, viable)).fold(false, |a, b| a | b)
    };
    if is_viable {
        viable.insert(root);
    }
    is_viable
}

/// Computes `get_head` as the specification does.
fn naive_head(store: &Store<P>) -> Root {
    let mut viable = BTreeSet::new();
    naive_filter(store, store.justified_checkpoint.root, &mut viable);
    let mut head = store.justified_checkpoint.root;
    let justified_slot = store.justified_checkpoint.epoch * 8;
    loop {
        let children = viable.iter().filter(|root| {
            store.blocks[*root].parent_root == head && store.blocks[*root].slot > justified_slot
        });
        let Some((_, child)) = children.map(|root| (naive_balance(store, *root), *root)).max() else {
            return head;
        };
        head = child;
    }
}

/// A block of a random tree: its parent, the distance in slots, whether its state has the store's checkpoints, and
/// the first byte of its root.
type RandomBlock = (prop::sample::Index, u64, bool, u8);

/// Returns a store of random blocks, none of them executed, and random votes.
fn random_store(
    blocks: &[RandomBlock],
    votes: &[(prop::sample::Index, u64)],
    justified_epoch: u64,
) -> Store<P> {
    let mut state = BeaconState::<P> { slot: justified_epoch * 8, ..BeaconState::default() };
    for (_, increments) in votes {
        let effective_balance = increments * 1_000_000_000;
        let validator = Validator { effective_balance, exit_epoch: FAR_FUTURE_EPOCH, ..Validator::default() };
        state.validators.push(validator).unwrap();
    }
    let anchor = BeaconBlock { state_root: state.root(), slot: state.slot, ..BeaconBlock::default() };
    let mut store = get_forkchoice_store(state.clone(), anchor).unwrap();
    let mut roots: Vec<Root> = store.blocks.keys().copied().collect();
    for (number, (parent, slots, is_justified, first_byte)) in blocks.iter().enumerate() {
        let parent_root = *parent.get(&roots);
        let slot = store.blocks[&parent_root].slot + slots;
        let mut root = Root::with_last_byte(u8::try_from(number).unwrap());
        root.0[0] = *first_byte;
        root.0[1] = 1;
        let mut state = state.clone();
        if *is_justified {
            state.current_justified_checkpoint = store.justified_checkpoint;
            state.finalized_checkpoint = store.finalized_checkpoint;
        } else {
            state.current_justified_checkpoint = Checkpoint { epoch: 77, root: Root::ZERO };
        }
        store.blocks.insert(root, BeaconBlock { slot, parent_root, ..BeaconBlock::default() });
        store.block_states.insert(root, state);
        roots.push(root);
    }
    store.latest_messages = (0..)
        .zip(votes)
        .map(|(index, (vote, _))| (index, LatestMessage { epoch: 0, root: *vote.get(&roots) }))
        .collect();
    store
}

proptest! {
    #[test]
    fn head_equals_that_of_the_specification(
        blocks: [RandomBlock; 1],
        more in prop::collection::vec((any::<prop::sample::Index>(), 1_u64..4, any::<bool>(), any::<u8>()), 0..40),
        votes in prop::collection::vec((any::<prop::sample::Index>(), 0_u64..=32), 0..20),
        justified_epoch in 0_u64..3,
    ) {
        let first = blocks.map(|(parent, _, is_justified, byte)| (parent, 1, is_justified, byte));
        let blocks: Vec<_> = first.into_iter().chain(more).collect();
        let store = random_store(&blocks, &votes, justified_epoch);
        prop_assert_eq!(get_head(&store).unwrap(), naive_head(&store));
    }
}

#[test]
fn replayed_blocks_lead_to_the_same_head_and_states() {
    let mut simulator = Simulator::<Minimal>::new(64).unwrap();
    let genesis = simulator.store().clone();
    simulator.offline = (0..10).collect();
    let mut blocks = Vec::new();
    for _ in 0..40 {
        blocks.extend(simulator.run_slot().unwrap());
    }
    let mut replayed = genesis.clone();
    let time = simulator.store().time;
    let early = on_block(&mut replayed, &blocks[0]);
    assert_eq!(early, Err(Error::BlockInFuture { got: 1, expected: 0 }));
    on_tick(&mut replayed, time).unwrap();
    assert_eq!(on_block(&mut replayed, &blocks[1]), Err(Error::UnknownParent));
    for block in &blocks {
        on_block(&mut replayed, block).unwrap();
    }
    let (head, state) = simulator.head().unwrap();
    assert!(replayed.block_states[&head] == *state);
    assert_eq!(replayed.finalized_checkpoint, simulator.finalized());
    assert_eq!(get_head(&replayed).unwrap(), head);

    // A refused block leaves the store unchanged.
    let mut damaged = blocks[0].clone();
    damaged.signature = blocks[1].signature;
    let mut store = genesis;
    on_tick(&mut store, time).unwrap();
    assert_eq!(on_block(&mut store, &damaged), Err(Error::BlockSignature));
    assert_eq!(store.blocks.len(), 1);
    let damaged_root: BTreeMap<_, _> = store.block_states.iter().collect();
    assert_eq!(damaged_root.len(), 1);
}
