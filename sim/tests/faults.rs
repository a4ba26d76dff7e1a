//! A simulated chain of phase 1 in which something goes wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;

use common::{Block, EmptySimulation, crosslinked_slots, genesis, head, run, set, shares, simulation};
use outrider_beacon::ledger::{NoExecution, Settings};
use outrider_beacon_spec::{
    accessors::get_indexed_attestation, containers::misc::Checkpoint, fork_choice::get_ancestor,
    hash::hash_tree_root, phase::Phase1, phase1::get_shard_proposer_index, types::Root,
};
use outrider_sim::{Fault, Members, Network, Partition, Setup, SimPreset, ViewSetup};

type C = SimPreset<4>;
const N_VALIDATORS: u64 = C::N_VALIDATORS;

fn one_view(faults: Vec<Fault>) -> EmptySimulation<C> {
    simulation(Setup { faults, ..Setup::one_view(genesis(N_VALIDATORS, 3)) })
}

fn finalized(simulation: &EmptySimulation<C>, view: usize) -> Checkpoint {
    simulation.views()[view].node().store().finalized_checkpoint
}

/// Returns the slots of a shard's blocks that each beacon block crosslinks, by the slot of the beacon block.
fn crosslinks(blocks: &[Block<C>], shard: u64) -> Vec<(u64, Vec<u64>)> {
    blocks.iter().map(|block| (block.block.message.slot, crosslinked_slots(block, shard))).collect()
}

#[test]
fn after_missing_beacon_blocks_shards_have_blocks_at_the_offsets() {
    let faults = (6..=13).map(|slot| Fault::MissingBeaconBlock { slot }).collect();
    let mut simulation = one_view(faults);
    let blocks = run(&mut simulation, 40);
    let slots: Vec<_> = blocks.iter().map(|block| block.block.message.slot).collect();
    assert_eq!(slots, (1..=5).chain(14..=40).collect::<Vec<_>>());
    for shard in 0..4 {
        let crosslinks = crosslinks(&blocks, shard);
        assert_eq!(crosslinks[4], (5, vec![4]));
        // The latest crosslink was of slot 4: 1, 2, 3, 5 and 8 slots later.
        assert_eq!(crosslinks[5], (14, vec![5, 6, 7, 9, 12]));
        assert_eq!(crosslinks[6], (15, vec![14]));
    }
    // All blocks of the first five epochs but the missing ones are executed.
    let head = head(&simulation, 0);
    for (slot, is_known) in [(7, true), (8, false), (9, true), (12, true), (13, false), (14, true)] {
        assert_eq!(head.ledger.recent_execution_root(0, slot).is_some(), is_known, "slot {slot}");
    }
    assert_eq!(finalized(&simulation, 0).epoch, 3);
}

#[test]
fn a_missing_or_late_shard_block_is_an_empty_slot() {
    // A committee attests in the middle of the slot, a shard proposer proposes after a quarter of it.
    for fault in [
        Fault::MissingShardBlock { shard: 2, slot: 5 },
        Fault::LateShardBlock { shard: 2, slot: 5, delay_ms: 1_501 },
        Fault::LateShardBlock { shard: 2, slot: 5, delay_ms: 60_000 },
        Fault::WithheldShardBlock { shard: 2, slot: 5, known_to: set(&[]) },
    ] {
        let mut simulation = one_view(vec![fault.clone()]);
        let blocks = run(&mut simulation, 20);
        let empty = &blocks[5].block.message.body.shard_transitions[2];
        assert_eq!((empty.start_slot, empty.shard_states.len()), (5, 1), "{fault:?}");
        for (slot, slots) in crosslinks(&blocks, 2) {
            let expected = if slot == 1 || slot == 6 { vec![] } else { vec![slot - 1] };
            assert_eq!(slots, expected, "{fault:?}, slot {slot}");
        }
        assert!(crosslinks(&blocks, 1).contains(&(6, vec![5])));
    }
    let in_time = Fault::LateShardBlock { shard: 2, slot: 5, delay_ms: 1_500 };
    let blocks = run(&mut one_view(vec![in_time]), 7);
    assert!(crosslinks(&blocks, 2).contains(&(6, vec![5])));
}

#[test]
fn a_transition_covers_slots_without_a_shard_block() {
    // No beacon block crosslinks anything from slot 6 to 8, and the shard has no proposer in three slots of them.
    let faults = (6..=8).map(|slot| Fault::MissingBeaconBlock { slot });
    let missing = (5..=7).map(|slot| Fault::MissingShardBlock { shard: 2, slot });
    let mut simulation = one_view(faults.chain(missing).collect());
    let blocks = run(&mut simulation, 16);
    let block = |slot| blocks.iter().find(|block| block.block.message.slot == slot).unwrap();
    let transition = &block(9).block.message.body.shard_transitions[2];
    // The latest crosslink was of slot 4: 1, 2 and 3 slots later. (5 slots later is the next offset.)
    let slots: Vec<_> = transition.shard_states.iter().map(|state| state.slot).collect();
    assert_eq!((transition.start_slot, slots), (5, vec![5, 6, 7]));
    assert_eq!(*transition.shard_block_lengths, [0, 0, 0]);
    let latest = block(5).block.message.body.shard_transitions[2].shard_states[0].latest_block_root;
    assert!(transition.shard_states.iter().all(|state| state.latest_block_root == latest));
    // Other shards have blocks in these slots, and the shard has one in the next slot that may have one.
    assert_eq!(crosslinked_slots(block(9), 1), [5, 6, 7]);
    let crosslinks = crosslinks(&blocks, 2);
    assert_eq!(crosslinks[4], (5, vec![4]));
    assert_eq!(crosslinks[5..8], [(9, vec![]), (10, vec![9]), (11, vec![10])]);
}

#[test]
fn attestations_in_a_block_count_where_nothing_else_brought_them() {
    // The next block is of a proposer in A.
    let slot = 6;
    let fault = Fault::WithheldAttestations { slot, known_to: set(&[0]) };
    let setup = |faults| Setup { faults, ..shares(genesis(N_VALIDATORS, 3), &[("A", 9), ("B", 1)]) };
    let mut simulation = simulation::<C>(setup(vec![fault]));
    let blocks = run(&mut simulation, slot + 1);
    let attested = &blocks[slot as usize - 1].block.message;
    let root = hash_tree_root(attested);
    let in_block = &blocks[slot as usize].block.message.body.attestations;
    let state = head(&simulation, 0).state;
    let mut n_attesters = 0;
    for attestation in in_block.iter().filter(|attestation| attestation.data.slot == slot) {
        for attester in get_indexed_attestation(&state, attestation).unwrap().attesting_indices.iter() {
            for view in simulation.views() {
                let message = view.node().store().latest_messages[attester];
                assert_eq!(message.root, root, "validator {attester} in view {}", view.name());
            }
            n_attesters += 1;
        }
    }
    assert!(n_attesters > 10, "{n_attesters}");
}

#[test]
fn views_share_the_bodies_of_shard_blocks() {
    let mut simulation = simulation::<C>(shares(genesis(N_VALIDATORS, 3), &[("A", 1), ("B", 1)]));
    run(&mut simulation, 4);
    let stores = [0, 1].map(|view| &simulation.views()[view].node().store().shard_stores[&2].signed_blocks);
    let of_slots = stores[0].iter().filter(|(_, block)| block.message.slot > 0);
    let n_shared = of_slots.filter(|(root, block)| Arc::ptr_eq(block, &stores[1][*root])).count();
    assert_eq!((n_shared, stores[0].len(), stores[1].len()), (4, 5, 5));
}

#[test]
fn a_late_beacon_block_costs_one_slot_of_crosslinks() {
    // It comes after the committees have attested its parent; shard blocks of its slot build on the parent.
    let late = Fault::LateBeaconBlock { slot: 5, delay_ms: 3_001 };
    let mut simulation = one_view(vec![late]);
    let mut blocks = run(&mut simulation, 5);
    let head_root = hash_tree_root(&blocks[4].block.message);
    let node = simulation.views()[0].node();
    assert_eq!(node.head(), Ok(head_root), "the late block");
    for shard in 0..4 {
        // The specification's head is a block that no beacon block can crosslink any more.
        let pending = node.pending_shard_blocks(shard).unwrap();
        assert_eq!(pending.iter().map(|block| block.message.slot).collect::<Vec<_>>(), [5]);
        assert_eq!(pending[0].message.beacon_parent_root, blocks[4].block.message.parent_root);
        assert_eq!(node.crosslinkable_shard_blocks(shard, head_root), Ok(vec![]));
    }
    blocks.extend(run(&mut simulation, 35));
    assert_eq!(blocks.len(), 40);
    assert_eq!(blocks[5].block.message.parent_root, head_root);
    assert_eq!(blocks[5].block.message.body.attestations.len(), 0, "they are for the parent");
    for shard in 0..4 {
        let crosslinks = crosslinks(&blocks, shard);
        assert_eq!(crosslinks[4..8], [(5, vec![4]), (6, vec![]), (7, vec![6]), (8, vec![7])]);
    }
    assert_eq!(finalized(&simulation, 0).epoch, 3);
}

#[test]
fn a_withheld_shard_block_is_not_crosslinked_even_if_its_committee_has_an_adversary() {
    let (shard, slot) = (1, 9);
    // Whoever proposes the block, and one other, are the adversary, who hears everything and tells nothing of the block.
    let mut honest = one_view(Vec::new());
    run(&mut honest, slot - 1);
    let state = head(&honest, 0).state;
    let proposer = get_shard_proposer_index(&state, slot, shard).unwrap();
    let adversary = set(&[proposer, (proposer + 1) % N_VALIDATORS]);
    let views = vec![
        ViewSetup::new("honest", Members::Share(1)),
        ViewSetup::new("adversary", Members::Indices(adversary)),
    ];
    let faults = vec![Fault::WithheldShardBlock { shard, slot, known_to: set(&[1]) }];
    let setup = Setup { views, faults, ..Setup::one_view(genesis(N_VALIDATORS, 3)) };
    let mut simulation = simulation::<C>(setup);
    let blocks = run(&mut simulation, 40);
    let known = |view: usize| {
        let shard_store = &simulation.views()[view].node().store().shard_stores[&shard];
        shard_store.signed_blocks.values().filter(|block| block.message.slot == slot).count()
    };
    // Finality has pruned the block in the end, but the chain never had it.
    assert_eq!((known(0), finalized(&simulation, 0).epoch), (0, 3));
    for (beacon_slot, slots) in crosslinks(&blocks, shard) {
        let expected = if [1, slot + 1].contains(&beacon_slot) { vec![] } else { vec![beacon_slot - 1] };
        assert_eq!(slots, expected, "slot {beacon_slot}");
    }
}

#[test]
fn a_partition_ends_in_a_reorg_of_the_smaller_side_and_one_head() {
    let mut setup = shares(genesis(N_VALIDATORS, 4), &[("A", 40), ("B", 60)]);
    let (from, until) = (17, 23);
    let partitions = vec![Partition { from, until, side: set(&[0]) }];
    setup.network = Network { latency_ms: 100, jitter_ms: 50, partitions };
    let mut simulation = simulation::<C>(setup);
    let head_root = |simulation: &EmptySimulation<C>, view: usize| simulation.views()[view].head().unwrap().0;

    run(&mut simulation, from - 1);
    let before = head_root(&simulation, 0);
    assert_eq!(head_root(&simulation, 1), before);
    run(&mut simulation, until - from);
    let [head_a, head_b] = [0, 1].map(|view| head_root(&simulation, view));
    assert_ne!(head_a, head_b);
    let slots_of_both = [0, 1].map(|view| head(&simulation, view).state.slot);
    assert!(slots_of_both.iter().all(|slot| *slot >= from), "both sides go on: {slots_of_both:?}");

    run(&mut simulation, 2);
    let (one, other) = (simulation.views()[0].head().unwrap(), simulation.views()[1].head().unwrap());
    assert_eq!(one, other, "state and ledger, too");
    let has_ancestor =
        |root: Root, slot| get_ancestor(simulation.views()[0].node().store(), one.0, slot) == Ok(root);
    assert!(has_ancestor(head_b, slots_of_both[1]), "the side with more stake wins");
    assert!(!has_ancestor(head_a, slots_of_both[0]));
    assert!(has_ancestor(before, from - 1));

    run(&mut simulation, 72 - (until + 1));
    let [a, b] = [0, 1].map(|view| finalized(&simulation, view));
    assert_eq!(a, b);
    assert_eq!(a.epoch, 7, "two epochs behind the one that begins");
    // Every shard is crosslinked again.
    assert!(head(&simulation, 0).state.shard_states.iter().all(|state| state.slot == 71));
}

#[test]
fn without_a_third_of_the_stake_finality_stops_and_returns_with_it() {
    let validators = (0..N_VALIDATORS).filter(|validator| validator % 5 < 2).collect();
    let faults = vec![Fault::Offline { validators, slots: 33..72 }];
    let mut simulation = one_view(faults);
    run(&mut simulation, 32);
    assert_eq!(finalized(&simulation, 0).epoch, 2);
    run(&mut simulation, 40);
    let stopped = finalized(&simulation, 0).epoch;
    assert!(stopped <= 3, "epoch {stopped} is final");
    run(&mut simulation, 32);
    assert_eq!(finalized(&simulation, 0).epoch, 11, "two epochs behind the one that begins");
    let state = head(&simulation, 0).state;
    assert!(state.shard_states.iter().all(|state| state.slot == 103), "every shard is crosslinked");
    let balance = |validator: usize| *state.balances.get(validator).unwrap();
    assert!(balance(0) < balance(2), "who was offline lost");
}

#[test]
fn a_node_that_missed_shard_blocks_follows_the_shard_and_takes_them_later() {
    let (shard, setup) = (1, Setup::one_view(genesis(N_VALIDATORS, 3)));
    let (mut node, _) = setup.genesis.node::<Phase1<C>>().unwrap();
    let mut simulation = simulation::<C>(setup);
    let blocks = run(&mut simulation, 6);
    let settings = Settings::default();
    let rules = common::rules(&settings);
    node.on_tick(node.store().genesis_time + 6 * 6).unwrap();
    for block in &blocks {
        node.on_block(block, rules).unwrap();
    }
    let shard_store = &simulation.views()[0].node().store().shard_stores[&shard];
    let block = |slot| shard_store.signed_blocks.values().find(|block| block.message.slot == slot).unwrap();
    let root = hash_tree_root(&block(5).message);
    let [beacon_5, beacon_6] = [4, 5].map(|place: usize| hash_tree_root(&blocks[place].block.message));

    // The beacon block of slot 6 crosslinks the block of slot 5, so the next one can follow without it.
    node.on_shard_block(block(6), rules, &NoExecution).unwrap();
    assert_eq!(node.crosslinkable_shard_blocks(shard, beacon_6), Ok(vec![block(6).clone()]));
    // On the beacon block of slot 5, where it is not crosslinked, it is needed.
    assert!(node.shard_place(beacon_5, shard, 6, root, rules).is_err());
    assert_eq!(node.crosslinkable_shard_blocks(shard, beacon_5), Ok(vec![]));
    node.on_shard_block(block(5), rules, &NoExecution).unwrap();
    assert_eq!(node.store().shard_stores[&shard].signed_blocks[&root], *block(5));
    assert!(node.shard_place(beacon_5, shard, 6, root, rules).is_ok());
    assert_eq!(node.crosslinkable_shard_blocks(shard, beacon_5), Ok(vec![block(5).clone()]));
}

#[test]
fn a_shard_without_crosslinks_until_finality_goes_on() {
    use outrider_beacon::{
        ledger::{LedgerOperations, Settings},
        registry::{NoJudge, Rules},
    };
    use outrider_beacon_spec::{
        accessors::get_beacon_committee, phase1::compute_shard_from_committee_index,
        transition::process_slots,
    };
    let settings = Settings::default();
    let rules =
        Rules { settings: &settings, admission: &common::Nobody, judge: &NoJudge, verify_signatures: true };
    let mut faults = Vec::new();
    // Half of each committee of shard 0 is offline in its slot, from slot 2 on for four epochs.
    for epoch in 0..4 {
        let mut simulation = one_view(faults.clone());
        let mut state = None;
        for slot in 1..=epoch * 8 {
            if let Err(error) = simulation.run_slot(&LedgerOperations::default(), rules) {
                panic!("slot {slot} stops: {error:?}; finalized {:?}", finalized(&simulation, 0));
            }
        }
        let state = state.get_or_insert_with(|| head(&simulation, 0).state);
        if state.slot < epoch * 8 {
            process_slots(state, epoch * 8).unwrap();
        }
        for slot in (epoch * 8).max(2)..epoch * 8 + 8 {
            for index in 0..4 {
                if compute_shard_from_committee_index(state, index, slot).unwrap() == 0 {
                    let committee = get_beacon_committee(state, slot, index).unwrap();
                    let validators = committee.iter().copied().take(committee.len() / 2).collect();
                    faults.push(Fault::Offline { validators, slots: slot..slot + 1 });
                }
            }
        }
    }
    let mut simulation = one_view(faults);
    for _ in 1..=48 {
        let result = simulation.run_slot(&LedgerOperations::default(), rules);
        assert!(result.is_ok());
    }
}

/// After a gap of beacon blocks, shards go on: none attests a block whose proposer a later state sees differently.
#[test]
fn a_gap_of_epochs_without_beacon_blocks_ends() {
    type C = SimPreset<2>;
    // The last block is of epoch 1. Up to the end of epoch 3 its state knows who proposes.
    for last in [31, 33, 48, 70] {
        let mut setup = shares(genesis(C::N_VALIDATORS, 7), &[("A", 1)]);
        setup.faults = (12..=last).map(|slot| Fault::MissingBeaconBlock { slot }).collect();
        let mut chain: EmptySimulation<C> = simulation(setup);
        let blocks = run(&mut chain, last + 20);
        let after = blocks.iter().filter(|block| block.block.message.slot > last).count();
        assert_eq!(after, 20, "each slot after {last} has a block");
        let latest = blocks.iter().flat_map(|block| crosslinked_slots(block, 0)).max();
        assert!(latest > Some(last + 2), "{latest:?}");
        assert!(chain.views()[0].refused().is_empty());
    }
}
