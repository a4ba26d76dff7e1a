//! Contracts that move: each is on one shard at most, with its last state.

use outrider_sdk::{
    receipt::{EeIndex, ReceiptKind, ReceivedReceipt, Slot},
    state::Key,
    styles::{
        Place,
        yank::{self, CONTRACT_BYTES_MAX, YankError, Yanked},
    },
};
use proptest::prelude::*;

use crate::network::{Network, State, on};

#[derive(Clone, Debug)]
enum Step {
    Use { contract: usize, shard: usize, state: u8 },
    Yank { contract: usize, from: usize, to: usize },
    Deliver { index: usize, returns: bool },
    Wait(u64),
    Forget { contract: usize, shard: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (contract, shard) = (0..3_usize, 0..3_usize);
    prop_oneof![
        3 => (contract.clone(), shard.clone(), any::<u8>())
            .prop_map(|(contract, shard, state)| Step::Use { contract, shard, state }),
        4 => (contract.clone(), shard.clone(), shard.clone())
            .prop_map(|(contract, from, to)| Step::Yank { contract, from, to }),
        5 => (any::<usize>(), any::<bool>()).prop_map(|(index, returns)| Step::Deliver { index, returns }),
        1 => prop_oneof![Just(1_u64), Just(60), Just(481)].prop_map(Step::Wait),
        1 => (contract, shard).prop_map(|(contract, shard)| Step::Forget { contract, shard }),
    ]
}

/// Returns the shards on which a contract can be used.
fn places(network: &mut Network, contract: &Key) -> Vec<usize> {
    let is_here = |state: &mut State| yank::state(state, contract).is_ok();
    network
        .states
        .iter_mut()
        .enumerate()
        .filter_map(|(shard, state)| is_here(state).then_some(shard))
        .collect()
}

proptest! {
    #[test]
    fn a_contract_is_on_one_shard_or_on_the_way_with_its_last_state(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        let mut network = Network::new(3);
        // Their states are longer than a value, and differ.
        let mut model: Vec<Vec<u8>> = (0..3_u8).map(|byte| vec![byte; 1500]).collect();
        let contracts: Vec<_> = (0..3).map(|n: usize| {
            yank::create(&mut network.states[n], on(n), b"contract", &model[n]).unwrap()
        }).collect();
        for step in steps {
            match step {
                Step::Use { contract, shard, state } => {
                    let new = vec![state; usize::from(state) * 20];
                    let is_here = places(&mut network, &contracts[contract]).contains(&shard);
                    let result = yank::set_state(&mut network.states[shard], &contracts[contract], &new);
                    prop_assert_eq!(result.is_ok(), is_here);
                    if is_here {
                        model[contract] = new;
                    }
                }
                Step::Yank { contract, from, to } => {
                    let slot = network.slot;
                    if let Ok(sent) = yank::depart(&mut network.states[from], on(from), &contracts[contract], on(to), slot) {
                        network.send(from, [sent]);
                    }
                }
                Step::Deliver { index, returns } => {
                    if let Some((shard, received)) = network.take(index, returns) {
                        let is_message = received.kind == ReceiptKind::Message;
                        let yanked = yank::receive(&mut network.states[shard], on(shard), &received).unwrap();
                        prop_assert_eq!(matches!(yanked, Yanked::Arrived(_)), is_message);
                        prop_assert!(yank::receive(&mut network.states[shard], on(shard), &received).is_err());
                    }
                }
                // Nothing is on the way so long: the chain has returned it, or lost it with its limit.
                Step::Wait(slots) if slots < 100 || network.on_the_way.is_empty() => network.slot.0 += slots,
                Step::Wait(_) => {}
                Step::Forget { contract, shard } => {
                    let slot = network.slot;
                    let _ = yank::forget(&mut network.states[shard], &contracts[contract], slot);
                }
            }
            for (contract, state) in contracts.iter().zip(&model) {
                let places = places(&mut network, contract);
                let is_of_contract = |received: &ReceivedReceipt| {
                    received.payload.windows(32).any(|bytes| bytes == contract.0)
                };
                let n_on_the_way = network.on_the_way.iter().filter(|(_, r)| is_of_contract(r)).count();
                prop_assert_eq!(places.len() + n_on_the_way, 1);
                for shard in places {
                    prop_assert_eq!(&yank::state(&mut network.states[shard], contract).unwrap(), state);
                }
            }
        }
    }
}

#[test]
fn a_contract_of_another_ee_and_one_that_is_too_long_are_refused() {
    let mut network = Network::new(2);
    let [one, other] = &mut network.states[..] else { panic!("there are two shards") };
    let key = yank::create(one, on(0), b"", &vec![1; CONTRACT_BYTES_MAX]).unwrap();
    let too_long = yank::set_state(one, &key, &vec![1; CONTRACT_BYTES_MAX + 1]);
    assert_eq!(too_long, Err(YankError::TooLong { got: 65_496 }));
    assert_eq!(yank::create(one, on(0), b"", b""), Err(YankError::Exists { key }));
    let sent = yank::depart(one, on(0), &key, on(1), Slot(100)).unwrap();
    assert_eq!(sent.payload.len(), 65_536, "it fills a receipt");
    let forged =
        ReceivedReceipt { source_ee: EeIndex(6), payload: sent.payload, ..ReceivedReceipt::default() };
    assert_eq!(yank::receive(other, on(1), &forged), Err(YankError::Foreign { key }));
    let beacon = ReceivedReceipt { kind: ReceiptKind::FromBeaconChain, ..forged.clone() };
    assert_eq!(yank::receive(other, on(1), &beacon), Err(YankError::NotAMessage));
    assert_eq!(yank::receive(other, on(1), &ReceivedReceipt::default()), Err(YankError::NotAMessage));
}

#[test]
fn a_contract_does_not_move_to_another_ee() {
    let mut state = State::new();
    let key = yank::create(&mut state, on(0), b"", b"state").unwrap();
    let to = Place { ee: EeIndex(6), ..on(1) };
    let departed = yank::depart(&mut state, on(0), &key, to, Slot(100));
    assert_eq!(departed, Err(YankError::OtherEe { key, ee: EeIndex(6) }));
    assert_eq!(yank::state(&mut state, &key).unwrap(), b"state");
}

/// Nobody can stop an EE, or move what is no contract, by a key that the EE uses for something else.
#[test]
fn a_message_about_another_record_is_one_about_a_new_contract() {
    let mut network = Network::new(2);
    let key = yank::create(&mut network.states[0], on(0), b"", b"state").unwrap();
    let sent = yank::depart(&mut network.states[0], on(0), &key, on(1), Slot(100)).unwrap();
    network.send(0, [sent]);
    let (_, received) = network.take(0, false).unwrap();
    network.states[1].insert(key, vec![3; 12]);
    let arrived = yank::receive(&mut network.states[1], on(1), &received);
    assert_eq!(arrived, Ok(Yanked::Arrived(key)));
    assert_eq!(network.states[1][&key], [3; 12]);
    let mut state = State::from([(key, vec![3; 12])]);
    assert_eq!(yank::state(&mut state, &key), Err(YankError::NotHere { key }));
}
