//! Tests of chains of simulated validators.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_beacon_spec::{
    accessors::get_beacon_proposer_index,
    preset::{Mainnet, Minimal},
    transition::process_slots,
};
use outrider_sim::Simulator;

fn simulator() -> Simulator<Minimal> {
    Simulator::new(64).unwrap()
}

fn current_epoch(simulator: &Simulator<Minimal>) -> u64 {
    simulator.slot() / 8
}

#[test]
fn with_all_validators_each_epoch_is_final_two_epochs_later() {
    let mut simulator = simulator();
    simulator.run_epochs(3).unwrap();
    for _ in 3..100 {
        simulator.run_epochs(1).unwrap();
        assert_eq!(simulator.finalized().epoch, current_epoch(&simulator) - 2);
    }
    let (_, state) = simulator.head().unwrap();
    assert_eq!(state.slot, simulator.slot());
    assert!(state.balances.iter().all(|balance| *balance > 32_000_000_000), "all validators gained");
}

#[test]
fn the_mainnet_preset_justifies_epochs() {
    let mut simulator = Simulator::<Mainnet>::new(128).unwrap();
    simulator.run_epochs(3).unwrap();
    simulator.run_slot().unwrap();
    assert_eq!(simulator.store().justified_checkpoint.epoch, 2);
}

#[test]
fn finality_stops_without_a_third_of_the_stake_and_returns_with_it() {
    let mut simulator = simulator();
    simulator.run_epochs(5).unwrap();
    assert_eq!(simulator.finalized().epoch, 3);

    simulator.offline = (0..64).step_by(3).collect();
    assert_eq!(simulator.offline.len(), 22);
    simulator.run_epochs(8).unwrap();
    let stopped = simulator.finalized().epoch;
    assert!(stopped <= 5, "epoch {stopped} is final");
    let (_, state) = simulator.head().unwrap();
    let (offline, online) = (*state.balances.get(0).unwrap(), *state.balances.get(1).unwrap());
    assert!(offline < 32_000_000_000 && offline < online, "offline validators lose balance");

    simulator.offline.clear();
    simulator.run_epochs(4).unwrap();
    assert_eq!(simulator.finalized().epoch, current_epoch(&simulator) - 2);
}

#[test]
fn a_proposer_of_two_blocks_is_slashed() {
    let mut simulator = simulator();
    simulator.run_epochs(1).unwrap();
    let mut state = simulator.head().unwrap().1.clone();
    process_slots(&mut state, simulator.slot() + 1).unwrap();
    let proposer = get_beacon_proposer_index(&state).unwrap();
    simulator.equivocating.insert(proposer);
    assert_eq!(simulator.run_slot().unwrap().len(), 2);
    // The next proposer includes the proof, unless it is the same validator.
    while simulator.run_slot().unwrap().is_empty() {}
    assert_slashed(&simulator, proposer);
}

#[test]
fn a_double_vote_is_slashed() {
    let mut simulator = simulator();
    simulator.run_epochs(1).unwrap();
    simulator.voting_twice.insert(5);
    // Each validator attests once an epoch.
    simulator.run_epochs(1).unwrap();
    simulator.run_slot().unwrap();
    assert_slashed(&simulator, 5);
}

#[track_caller]
fn assert_slashed(simulator: &Simulator<Minimal>, culprit: u64) {
    let (_, state) = simulator.head().unwrap();
    for (index, validator) in (0..).zip(&state.validators) {
        assert_eq!(validator.slashed, index == culprit, "validator {index}");
    }
    assert!(*state.balances.get(usize::try_from(culprit).unwrap()).unwrap() < 31_500_000_000);
}
