//! Shard blocks with content, and validators that join.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeSet;

use common::{
    counter::{Counter, ETHER, genesis_with_ee, next_root, state_root},
    crosslinked_slots, head, run, run_slot,
};
use outrider_beacon::ledger::{ExecutableBlock, Execution, NoExecution, ShardBlockError};
use outrider_beacon_spec::{
    containers::Eth1Data,
    hash::{hash, hash_tree_root},
    types::{Root, Slot},
};
use outrider_sim::{
    Eth1, Fault, MessageKind, Setup, ShardProposer, SimPreset, Simulation, interop_deposits,
    interop_secret_key,
};

/// An execution that refuses wrong counts.
struct Count;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("wrong root {0}")]
struct WrongRoot(Root);

impl Execution for Count {
    type Error = WrongRoot;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), WrongRoot>> {
        let execute = |block: &ExecutableBlock<'_>| {
            let [transition] = &*block.body.header.transitions else { panic!("one EE") };
            let got = transition.post_state_root;
            let expected = next_root(transition.pre_state_root, block.place.slot);
            if got == expected { Ok(()) } else { Err(WrongRoot(got)) }
        };
        blocks.iter().map(execute).collect()
    }
}

#[test]
fn shard_blocks_build_on_blocks_that_are_not_crosslinked_yet() {
    type C = SimPreset<2>;
    let faults = (4..=7).map(|slot| Fault::MissingBeaconBlock { slot }).collect();
    let setup = Setup { faults, ..Setup::one_view(genesis_with_ee::<C>(64, 8)) };
    let mut simulation = Simulation::<C, _, _>::new(setup, Counter::new(), NoExecution).unwrap();
    let blocks = run(&mut simulation, 10);
    for shard in 0..2 {
        // The crosslink of slot 2 is the last one before: blocks are 1, 2, 3 and 5 slots later.
        let slots: Vec<_> = blocks.iter().flat_map(|block| crosslinked_slots(block, shard)).collect();
        assert_eq!(slots, [1, 2, 3, 4, 5, 7, 8, 9]);
        let expected = slots.into_iter().fold(Root::ZERO, next_root);
        assert_eq!(state_root(&head(&simulation, 0), shard as usize), expected);
    }
}

#[test]
fn a_shard_block_with_a_wrong_execution_is_refused_and_the_chain_goes_on() {
    type C = SimPreset<2>;
    let proposer = Counter { wrong: BTreeSet::from([(5, 1)]), ..Counter::new() };
    let setup = Setup::one_view(genesis_with_ee::<C>(64, 9));
    let mut simulation = Simulation::<C, _, _>::new(setup, proposer, Count).unwrap();
    (0..10).for_each(|_| drop(run_slot(&mut simulation)));
    let view = &simulation.views()[0];
    let [refused] = view.refused() else { panic!("{:?}", view.refused()) };
    assert_eq!((refused.kind, refused.slot), (MessageKind::ShardBlock, 5));
    assert!(matches!(refused.error, ShardBlockError::Execution { shard: 1, slot: 5, .. }));
    let (_, head) = view.head().unwrap();
    let root_of = |slots: &[Slot]| slots.iter().copied().fold(Root::ZERO, next_root);
    assert_eq!(state_root(&head, 0), root_of(&[1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_eq!(state_root(&head, 1), root_of(&[1, 2, 3, 4, 6, 7, 8, 9]));
}

/// Checks that validator 32 joins a chain of 32 validators, and later attests.
#[track_caller]
fn check_joining<S: ShardProposer>(mut simulation: Simulation<SimPreset<1>, S, NoExecution>, joins: Slot) {
    let validators = |simulation: &_| head::<SimPreset<1>, S>(simulation, 0).state.validators.len();
    run(&mut simulation, joins - 1);
    assert_eq!(validators(&simulation), 32);
    run(&mut simulation, 1);
    assert_eq!(validators(&simulation), 33);
    run(&mut simulation, 120 - joins);
    let head = head(&simulation, 0);
    assert_eq!(simulation.views()[0].node().store().finalized_checkpoint.epoch, 13);
    assert_eq!(head.state.online_countdown.len(), 33);
    let joined = head.state.validators.get(32).unwrap();
    assert!(joined.activation_epoch < 13 && !joined.slashed, "{joined:?}");
    assert!(*head.state.balances.get(32).unwrap() > 32 * ETHER, "it attests");
}

#[test]
fn a_validator_joins_by_the_deposit_of_an_ee() {
    type C = SimPreset<1>;
    let data = interop_deposits::<C>(&[interop_secret_key(32)])[0].data.clone();
    let proposer = Counter { deposit: Some((4, data)), ..Counter::new() };
    let setup = Setup { n_joining: 1, ..Setup::one_view(genesis_with_ee::<C>(32, 10)) };
    // The block is crosslinked in slot 5, and the deposit is due in the next one.
    check_joining(Simulation::new(setup, proposer, NoExecution).unwrap(), 6);
}

#[test]
fn a_validator_joins_by_a_deposit_on_ethereum_1() {
    type C = SimPreset<1>;
    let deposits = interop_deposits::<C>(&[interop_secret_key(32)]);
    // The first of all leaves, so each node is a left child.
    let deposit_root = deposits[0].proof.iter().fold(hash_tree_root(&deposits[0].data), |node, sibling| {
        hash(&[node.as_slice(), sibling.as_slice()])
    });
    let data = Eth1Data { deposit_root, deposit_count: 1, block_hash: Root::repeat_byte(9) };
    let eth1 = Some(Eth1 { data, deposits });
    let setup = Setup { n_joining: 1, eth1, ..Setup::one_view(genesis_with_ee::<C>(32, 11)) };
    // More than half of a period of 32 slots votes for it.
    check_joining(Simulation::new(setup, Counter::new(), NoExecution).unwrap(), 17);
}
