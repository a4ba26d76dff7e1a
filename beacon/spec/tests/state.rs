//! Tests that caches do not change results.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use outrider_beacon_spec::{
    accessors::{
        get_active_validator_indices, get_beacon_committee, get_beacon_proposer_index,
        get_committee_count_per_slot, get_current_epoch, get_total_active_balance,
    },
    containers::{BeaconState, Eth1Data},
    hash::hash_tree_root,
    phase::{Phase, Phase0, Phase1},
    phase1::upgrade_to_phase1,
    preset::Minimal,
    transition::{process_slots, state_transition},
    types::Root,
};
use outrider_sim::Simulator;
use proptest::prelude::*;
use ssz::{Decode as _, Encode as _};

/// Returns a copy of a state without caches.
fn bare<P: Phase>(state: &BeaconState<P>) -> BeaconState<P> {
    BeaconState::from_ssz_bytes(&state.as_ssz_bytes()).unwrap()
}

/// A change to a state.
#[derive(Clone, Debug)]
enum Change {
    Balance(prop::sample::Index, u64),
    EffectiveBalance(prop::sample::Index, u64),
    BlockRoot(prop::sample::Index, [u8; 32]),
    Mix(prop::sample::Index, [u8; 32]),
    Vote(u64),
    HistoricalRoot([u8; 32]),
    Validator,
    Hash,
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        (place(), any::<u64>()).prop_map(|(place, amount)| Change::Balance(place, amount)),
        (place(), any::<u64>()).prop_map(|(place, amount)| Change::EffectiveBalance(place, amount)),
        (place(), any::<[u8; 32]>()).prop_map(|(place, root)| Change::BlockRoot(place, root)),
        (place(), any::<[u8; 32]>()).prop_map(|(place, root)| Change::Mix(place, root)),
        any::<u64>().prop_map(Change::Vote),
        any::<[u8; 32]>().prop_map(Change::HistoricalRoot),
        Just(Change::Validator),
        Just(Change::Hash),
    ]
}

fn apply<P: Phase>(state: &mut BeaconState<P>, change: Change) {
    match change {
        Change::Balance(place, amount) => {
            let place = place.index(state.balances.len());
            *state.balances.get_mut(place).unwrap() = amount;
        }
        Change::EffectiveBalance(place, amount) => {
            let place = place.index(state.validators.len());
            state.validators.get_mut(place).unwrap().effective_balance = amount;
        }
        Change::BlockRoot(place, root) => *state.block_roots.get_mut(place.index(64)).unwrap() = root.into(),
        Change::Mix(place, mix) => *state.randao_mixes.get_mut(place.index(64)).unwrap() = mix.into(),
        Change::Vote(deposit_count) => {
            let vote = Eth1Data { deposit_count, ..Eth1Data::default() };
            state.eth1_data_votes.push(vote).unwrap_or_default();
        }
        Change::HistoricalRoot(root) => state.historical_roots.push(root.into()).unwrap(),
        Change::Validator => {
            let validator = state.validators.get(0).unwrap().clone();
            state.validators.push(validator).unwrap();
        }
        Change::Hash => {
            state.root();
        }
    }
}

/// Checks that cached hashes of unchanged parts do not change the root.
fn assert_roots_equal<P: Phase>(state: &BeaconState<P>) {
    let expected: Root = hash_tree_root(&bare(state));
    assert_eq!(hash_tree_root(state), expected, "with pending writes");
    assert_eq!(state.clone().root(), expected, "without pending writes");
}

thread_local! {
    static GENESIS: BeaconState<Phase0<Minimal>> =
        Simulator::new(64).unwrap().head().unwrap().1.clone();
}

fn genesis() -> BeaconState<Phase0<Minimal>> {
    GENESIS.with(Clone::clone)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn cached_root_equals_the_computed_root(changes in prop::collection::vec(change(), 0..30)) {
        let mut state = genesis();
        let mut upgraded: BeaconState<Phase1<Minimal>> = upgrade_to_phase1(&state).unwrap();
        for change in changes {
            apply(&mut state, change.clone());
            apply(&mut upgraded, change);
            *upgraded.online_countdown.get_mut(3).unwrap() ^= 1;
        }
        assert_roots_equal(&state);
        assert_roots_equal(&upgraded);
    }
}

#[track_caller]
fn assert_cached_equals_computed<P: Phase>(state: &BeaconState<P>) {
    let bare = bare(state);
    let epoch = get_current_epoch(state);
    assert_eq!(get_beacon_proposer_index(state), get_beacon_proposer_index(&bare));
    assert_eq!(get_total_active_balance(state), get_total_active_balance(&bare));
    for epoch in epoch.saturating_sub(1)..=epoch + 1 {
        assert_eq!(get_active_validator_indices(state, epoch), get_active_validator_indices(&bare, epoch));
        let count = get_committee_count_per_slot(state, epoch);
        assert_eq!(count, get_committee_count_per_slot(&bare, epoch));
        for slot in epoch * 8..(epoch + 1) * 8 {
            for index in 0..count {
                let committee = get_beacon_committee(state, slot, index);
                assert_eq!(committee, get_beacon_committee(&bare, slot, index));
            }
        }
    }
}

#[test]
fn blocks_lead_to_the_same_state_without_caches() {
    let mut simulator = Simulator::<Minimal>::new(64).unwrap();
    simulator.offline = (0..5).collect();
    simulator.voting_twice = (20..24).collect();
    for _ in 0..45 {
        for block in simulator.run_slot().unwrap() {
            let pre = &simulator.store().block_states[&block.message.parent_root];
            let kept = state_transition(pre.clone(), &block).unwrap();
            let computed = state_transition(bare(pre), &block).unwrap();
            assert!(kept == computed);
            assert_roots_equal(&kept);
            assert_cached_equals_computed(&kept);
        }
    }
}

#[test]
fn slots_of_phase_1_lead_to_the_same_state_without_caches() {
    let mut kept = upgrade_to_phase1(&genesis()).unwrap();
    for slot in 1..70 {
        let mut computed = bare(&kept);
        process_slots(&mut kept, slot).unwrap();
        process_slots(&mut computed, slot).unwrap();
        assert!(kept == computed, "slot {slot}");
        assert_roots_equal(&kept);
        assert_cached_equals_computed(&kept);
    }
}
