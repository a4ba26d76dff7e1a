//! Tests with random trees of blocks, none of them executed, and random votes.

use std::{collections::BTreeMap, sync::Arc};

use proptest::{prelude::*, sample::Index};

use super::*;
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    containers::{Checkpoint, ShardBlock, ShardState, SignedShardBlock, Validator},
    fork_choice::LatestMessage,
    phase::{Phase, Phase0, Phase1},
    phase1::fork_choice::{ShardStore, get_shard_head},
    preset::Minimal,
    types::{Epoch, Slot, ValidatorIndex},
};

/// A block: its parent, the distance in slots, whether its state agrees with the store, and the first byte of its
/// root.
type RandomBlock = (Index, u64, bool, u8);
/// A vote: its block, its epoch, and the validator's balance in ether.
type RandomVote = (Index, u64, u64);

fn random_blocks() -> impl Strategy<Value = Vec<RandomBlock>> {
    prop::collection::vec((any::<Index>(), 1_u64..6, prop::bool::weighted(0.8), any::<u8>()), 1..40)
}

fn random_votes() -> impl Strategy<Value = Vec<RandomVote>> {
    // Half of them are of this epoch or the previous one, where a late vote can be older than the validator's latest.
    let epochs = prop_oneof![0_u64..18, 18_u64..20];
    prop::collection::vec((any::<Index>(), epochs, 0_u64..=32), 0..30)
}

/// Returns a state with a validator for each vote.
fn state_of<P: Phase>(votes: &[RandomVote]) -> BeaconState<P> {
    let mut state = BeaconState::<P>::default();
    for (.., ether) in votes {
        let effective_balance = ether * 1_000_000_000;
        let validator = Validator { effective_balance, exit_epoch: FAR_FUTURE_EPOCH, ..Validator::default() };
        state.validators.push(validator).unwrap();
    }
    state.root();
    state
}

fn root_of(number: usize, first_byte: u8) -> Root {
    let mut root = Root::with_last_byte(u8::try_from(number).unwrap());
    (root.0[0], root.0[1]) = (first_byte, 1);
    root
}

/// Returns roots, parents and slots of random blocks after a first one.
fn random_tree(first: Root, blocks: &[RandomBlock]) -> Vec<(Root, Root, Slot)> {
    let mut tree = vec![(first, Root::ZERO, 0)];
    for (number, (parent, slots, _, first_byte)) in blocks.iter().enumerate() {
        let (parent_root, _, parent_slot) = *parent.get(&tree);
        tree.push((root_of(number, *first_byte), parent_root, parent_slot + slots));
    }
    tree
}

/// Returns a block or one of its descendants.
fn descendant(tree: &[(Root, Root, Slot)], ancestor: Root, choice: &Index) -> Root {
    let mut descendants = vec![ancestor];
    for (root, parent_root, _) in tree {
        if descendants.contains(parent_root) {
            descendants.push(*root);
        }
    }
    *choice.get(&descendants)
}

fn checkpoint(tree: &[(Root, Root, Slot)], root: Root) -> Checkpoint {
    let slot = tree.iter().find(|(other, ..)| *other == root).unwrap().2;
    Checkpoint { epoch: slot.div_ceil(8), root }
}

fn vote(messages: &mut BTreeMap<ValidatorIndex, LatestMessage>, index: u64, epoch: Epoch, root: Root) {
    if messages.get(&index).is_none_or(|latest| epoch > latest.epoch) {
        messages.insert(index, LatestMessage { epoch, root });
    }
}

/// Returns a store in which a block is final, and that block or a descendant is justified.
fn random_store(
    blocks: &[RandomBlock],
    votes: &[RandomVote],
    choices: &[Index; 2],
) -> Store<Phase0<Minimal>> {
    let state = state_of::<Phase0<Minimal>>(votes);
    let anchor = BeaconBlock { state_root: hash_tree_root(&state), ..BeaconBlock::default() };
    let mut store = get_forkchoice_store(state.clone(), anchor).unwrap();
    let tree = random_tree(*store.blocks.keys().next().unwrap(), blocks);
    let finalized = choices[0].get(&tree).0;
    store.finalized_checkpoint = checkpoint(&tree, finalized);
    store.justified_checkpoint = checkpoint(&tree, descendant(&tree, finalized, &choices[1]));
    store.best_justified_checkpoint = store.justified_checkpoint;
    store.checkpoint_states.insert(store.justified_checkpoint, state.clone());
    let agrees = std::iter::once(true).chain(blocks.iter().map(|block| block.2));
    for ((root, parent_root, slot), agrees) in tree.iter().copied().zip(agrees) {
        let mut state = state.clone();
        if agrees {
            state.current_justified_checkpoint = store.justified_checkpoint;
            state.finalized_checkpoint = store.finalized_checkpoint;
        }
        store.blocks.insert(root, BeaconBlock { slot, parent_root, ..BeaconBlock::default() });
        store.block_states.insert(root, state);
    }
    // The last of 20 epochs.
    store.time += 19 * 8 * 6;
    for (index, (choice, epoch, _)) in (0..).zip(votes) {
        vote(&mut store.latest_messages, index, *epoch, choice.get(&tree).0);
    }
    store
}

proptest! {
    #[test]
    fn pruning_never_changes_the_head(
        blocks in random_blocks(),
        votes in random_votes(),
        choices: [Index; 2],
        later in prop::collection::vec((any::<Index>(), any::<Index>(), 18_u64..20), 0..30),
    ) {
        let mut store = random_store(&blocks, &votes, &choices);
        let mut pruned = store.clone();
        prune(&mut pruned).unwrap();
        prop_assert_eq!(get_head(&pruned).unwrap(), get_head(&store).unwrap());

        // Only descendants of the finalized block remain.
        let finalized = pruned.finalized_checkpoint.root;
        for (root, block) in &pruned.blocks {
            prop_assert!(*root == finalized || pruned.blocks.contains_key(&block.parent_root));
        }
        prop_assert!(pruned.blocks.keys().eq(pruned.block_states.keys()));
        prop_assert!(pruned.latest_messages.values().all(|message| pruned.blocks.contains_key(&message.root)));

        // Votes of this epoch and the previous one count the same as without pruning, one by one.
        let roots: Vec<_> = pruned.blocks.keys().copied().collect();
        for (validator, choice, epoch) in later {
            let index = validator.index(votes.len().max(1)) as u64;
            for store in [&mut store, &mut pruned] {
                vote(&mut store.latest_messages, index, epoch, *choice.get(&roots));
            }
            prop_assert_eq!(get_head(&pruned).unwrap(), get_head(&store).unwrap());
        }
    }

    #[test]
    fn shard_heads_equal_those_of_the_specification_and_pruning_never_changes_them(
        blocks in random_blocks(),
        votes in random_votes(),
        choices: [Index; 2],
        n_unknown in 0_usize..5,
    ) {
        let mut state = state_of::<Phase1<Minimal>>(&votes);
        let tree = random_tree(Root::repeat_byte(9), &blocks);
        let crosslinked = |root: Root| {
            let slot = tree.iter().find(|(other, ..)| *other == root).unwrap().2;
            ShardState { slot, gasprice: 0, latest_block_root: root }
        };
        let finalized = choices[0].get(&tree).0;
        state.shard_states = vec![crosslinked(finalized)].try_into().unwrap();
        let mut head_state = state.clone();
        head_state.shard_states = vec![crosslinked(descendant(&tree, finalized, &choices[1]))].try_into().unwrap();

        let mut reference = Store {
            shard_stores: BTreeMap::from([(0, random_shard_store(&tree, &votes))]),
            ..store_of(&state)
        };
        let anchor_root = reference.finalized_checkpoint.root;
        reference.blocks.insert(Root::repeat_byte(8), BeaconBlock { slot: 1, parent_root: anchor_root, ..BeaconBlock::default() });
        reference.block_states.insert(Root::repeat_byte(8), head_state);
        let expected = get_shard_head(&reference, 0).unwrap();

        // A vote for an unknown block stops the specification's function; the node ignores it.
        let mut node = Node { store: reference };
        let messages = &mut node.store.shard_stores.get_mut(&0).unwrap().latest_messages;
        let replaced: Vec<_> = messages.keys().copied().take(n_unknown).collect();
        let mut without = messages.clone();
        for index in &replaced {
            messages.insert(*index, LatestMessage { epoch: 19, root: Root::repeat_byte(7) });
            without.remove(index);
        }
        let got = node.shard_head(0).unwrap();
        if replaced.is_empty() {
            prop_assert_eq!(got, expected);
        }
        let mut reference = node.clone();
        reference.store.shard_stores.get_mut(&0).unwrap().latest_messages = without;
        prop_assert_eq!(got, get_shard_head(&reference.store, 0).unwrap());

        prune(&mut node.store).unwrap();
        prop_assert_eq!(node.shard_head(0).unwrap(), got);
        let shard_store = &node.store.shard_stores[&0];
        prop_assert!(shard_store.signed_blocks.keys().eq(shard_store.block_states.keys()));
        for (root, block) in &shard_store.signed_blocks {
            let parent = block.message.shard_parent_root;
            prop_assert!(*root == finalized || shard_store.signed_blocks.contains_key(&parent));
        }
        // Votes for blocks that may still arrive remain.
        let n_waiting = shard_store.latest_messages.values().filter(|message| message.root == Root::repeat_byte(7));
        prop_assert_eq!(n_waiting.count(), replaced.len());
    }
}

fn store_of(state: &BeaconState<Phase1<Minimal>>) -> Store<Phase1<Minimal>> {
    let anchor = BeaconBlock { state_root: hash_tree_root(state), ..BeaconBlock::default() };
    let mut state_of_all_shards = state.clone();
    state_of_all_shards.shard_states = vec![ShardState::default(); 2].try_into().unwrap();
    let root = state_of_all_shards.root();
    let mut store =
        get_forkchoice_store(state_of_all_shards, BeaconBlock { state_root: root, ..anchor }).unwrap();
    store.block_states.insert(store.finalized_checkpoint.root, state.clone());
    store
}

fn random_shard_store(tree: &[(Root, Root, Slot)], votes: &[RandomVote]) -> ShardStore {
    let signed_block = |(root, shard_parent_root, slot): &(Root, Root, Slot)| {
        let body = vec![1].try_into().unwrap();
        let message =
            ShardBlock { shard_parent_root: *shard_parent_root, slot: *slot, body, ..ShardBlock::default() };
        (*root, Arc::new(SignedShardBlock { message, ..SignedShardBlock::default() }))
    };
    let mut latest_messages = BTreeMap::new();
    for (index, (choice, epoch, _)) in (0..).zip(votes) {
        vote(&mut latest_messages, index, *epoch, choice.get(tree).0);
    }
    ShardStore {
        shard: 0,
        signed_blocks: tree.iter().map(signed_block).collect(),
        block_states: tree.iter().map(|(root, ..)| (*root, ShardState::default())).collect(),
        latest_messages,
    }
}
