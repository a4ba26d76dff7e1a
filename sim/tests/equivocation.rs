//! Proposers that sign two blocks for one slot: they are slashed, and one branch lives.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeSet;

use common::{
    Block,
    counter::{Counter, genesis_with_ee, next_root, state_root},
    head, run, set, shares,
};
use outrider_beacon::ledger::NoExecution;
use outrider_beacon_spec::{
    accessors::get_beacon_proposer_index,
    fork_choice::get_ancestor,
    hash::hash_tree_root,
    phase1::get_shard_proposer_index,
    transition::process_slots,
    types::{Root, ValidatorIndex},
};
use outrider_sim::{Fault, Network, SimPreset, Simulation, Split};

type C = SimPreset<2>;
type Chain = Simulation<C, Counter, NoExecution>;

const SLOT: u64 = 9;

/// Returns a chain of two views with these shares, where messages take a tenth of a second.
fn chain(shares_of_views: [u32; 2], faults: Vec<Fault>) -> Chain {
    let [a, b] = shares_of_views;
    let mut setup = shares(genesis_with_ee::<C>(C::N_VALIDATORS, 5), &[("A", a), ("B", b)]);
    setup.network = Network { latency_ms: 100, ..Network::default() };
    setup.faults = faults;
    Simulation::new(setup, Counter::new(), NoExecution).unwrap()
}

fn slashed(chain: &Chain, view: usize) -> BTreeSet<ValidatorIndex> {
    let state = head(chain, view).state;
    let validators = (0..).zip(&state.validators).filter(|(_, validator)| validator.slashed);
    validators.map(|(index, _)| index).collect()
}

/// Returns the slots of a shard's crosslinked blocks, and whether each counts.
fn executions(blocks: &[Block<C>], chain: &Chain, shard: u64) -> Vec<(u64, bool)> {
    let store = chain.views()[0].node().store();
    let (head_root, _) = chain.views()[0].head().unwrap();
    let is_on_chain = |block: &&Block<C>| {
        let message = &block.block.message;
        get_ancestor(store, head_root, message.slot) == Ok(hash_tree_root(message))
            || message.slot < store.finalized_checkpoint.epoch * 8
    };
    let executions = blocks.iter().filter(is_on_chain).flat_map(|block| &block.operations.executions);
    let of_shard = executions.filter(|execution| execution.shard == shard);
    of_shard.map(|execution| (execution.slot, !execution.header.transitions.is_empty())).collect()
}

/// The ways of two blocks: at the same time, to either view at once and to the other one soon, and much later.
fn splits() -> [([u32; 2], Split); 4] {
    let split = |delay_ms| Split { second_to: set(&[1]), delay_ms };
    [([1, 1], split(0)), ([1, 1], split(1_000)), ([9, 1], split(20_000)), ([1, 1], split(20_000))]
}

#[test]
fn a_shard_proposer_of_two_blocks_is_slashed_and_one_branch_lives() {
    for (views, split) in splits() {
        let mut honest = chain(views, Vec::new());
        run(&mut honest, SLOT - 1);
        let proposer = get_shard_proposer_index(&head(&honest, 0).state, SLOT, 1).unwrap();

        let fault = Fault::ShardEquivocation { shard: 1, slot: SLOT, split: split.clone() };
        let mut chain = chain(views, vec![fault]);
        let mut blocks = run(&mut chain, SLOT);
        assert_eq!(slashed(&chain, 0), set(&[]));
        blocks.extend(run(&mut chain, 5));
        for view in [0, 1] {
            // It is no head that finality has pruned.
            let store = &chain.views()[view].node().store().shard_stores[&1];
            let of_slot = store.signed_blocks.values().filter(|block| block.message.slot == SLOT);
            let proposers: Vec<_> = of_slot.map(|block| block.message.proposer_index).collect();
            assert_eq!(proposers, [proposer; 2], "{split:?}: view {view} knows both");
            assert_eq!(slashed(&chain, view), set(&[proposer]), "{split:?}");
        }
        blocks.extend(run(&mut chain, 26));
        assert_eq!(chain.views()[0].head().unwrap(), chain.views()[1].head().unwrap(), "{split:?}");
        assert_eq!(slashed(&chain, 0), set(&[proposer]));
        let executions = executions(&blocks, &chain, 1);
        let of_slot = executions.iter().filter(|(slot, _)| *slot == SLOT).count();
        assert!(of_slot <= 1, "{split:?}: {executions:?}");
        assert!(executions.windows(2).all(|pair| pair[0].0 < pair[1].0), "{executions:?}");
        assert!(executions.last().unwrap().0 >= 38, "{split:?}: the shard goes on, {executions:?}");
        // The state follows from the blocks of the branch that lives.
        let counted = executions.iter().filter(|(_, counts)| *counts);
        let expected = counted.fold(Root::ZERO, |root, (slot, _)| next_root(root, *slot));
        assert_eq!(state_root(&head(&chain, 0), 1), expected, "{split:?}");
        assert!(chain.views()[0].node().store().finalized_checkpoint.epoch >= 2);
    }
}

#[test]
fn a_beacon_proposer_of_two_blocks_is_slashed_and_one_branch_lives() {
    for (views, split) in splits() {
        let mut honest = chain(views, Vec::new());
        run(&mut honest, SLOT - 1);
        let mut state = head(&honest, 0).state;
        process_slots(&mut state, SLOT).unwrap();
        let proposer = get_beacon_proposer_index(&state).unwrap();

        let fault = Fault::BeaconEquivocation { slot: SLOT, split: split.clone() };
        let mut chain = chain(views, vec![fault]);
        run(&mut chain, SLOT - 1);
        let of_slot = run(&mut chain, 1);
        let roots: Vec<_> = of_slot.iter().map(|block| hash_tree_root(&block.block.message)).collect();
        assert_eq!(of_slot.len(), 2);
        assert!(of_slot.iter().all(|block| block.block.message.proposer_index == proposer));
        assert_ne!(roots[0], roots[1]);
        run(&mut chain, 6);
        let head_root = chain.views()[0].head().unwrap().0;
        assert_eq!(chain.views()[1].head().unwrap().0, head_root, "{split:?}");
        for view in [0, 1] {
            let store = chain.views()[view].node().store();
            assert!(roots.iter().all(|root| store.blocks.contains_key(root)), "{split:?}: both are known");
            let ancestor = get_ancestor(store, head_root, SLOT).unwrap();
            assert!(roots.contains(&ancestor), "{split:?}: one of them is on the chain");
            assert_eq!(slashed(&chain, view), set(&[proposer]), "{split:?}");
        }
        run(&mut chain, 24);
        assert_eq!(chain.views()[0].head().unwrap(), chain.views()[1].head().unwrap(), "{split:?}");
        assert_eq!(slashed(&chain, 0), set(&[proposer]));
        assert!(chain.views()[0].node().store().finalized_checkpoint.epoch >= 2);
    }
}
