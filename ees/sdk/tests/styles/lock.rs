//! Transactions over resources: all or nothing, once, and without deadlock.

use std::collections::BTreeMap;

use outrider_sdk::{
    receipt::{EeIndex, ReceiptKind, ReceivedReceipt, Slot},
    state::Key,
    styles::{
        Place, SETTLED_SLOTS, key,
        lock::{self, LockError, Transaction},
    },
};
use proptest::prelude::*;

use crate::network::{Network, on};

const N_SHARDS: usize = 3;
/// Resources 0 to 5 are on shard `n % 3`.
const N_RESOURCES: usize = 6;

fn resource(n: usize) -> Key {
    key("resource", &[&[n as u8]])
}

fn network() -> Network {
    let mut network = Network::new(N_SHARDS);
    for n in 0..N_RESOURCES {
        lock::create(&mut network.states[n % N_SHARDS], &resource(n), &[0; 8]).unwrap();
    }
    network
}

fn value(bytes: &[u8]) -> i64 {
    i64::from_le_bytes(bytes.try_into().unwrap())
}

fn acquire(network: &mut Network, n: usize, transaction: &Transaction) -> bool {
    let (shard, slot) = (n % N_SHARDS, network.slot);
    match lock::acquire(&mut network.states[shard], on(shard), &resource(n), transaction, slot) {
        Ok(sent) => {
            network.send(shard, sent);
            true
        }
        Err(_) => false,
    }
}

fn deliver(network: &mut Network, index: usize, returns: bool) {
    let Some((shard, received)) = network.take(index, returns) else { return };
    let slot = network.slot;
    let sent = lock::receive(&mut network.states[shard], on(shard), &received, slot).unwrap();
    network.send(shard, sent);
}

/// Commits a transaction that adds 1 to its first resource for each other one, from which it takes 1.
fn commit(network: &mut Network, transaction: &Transaction) -> Option<Vec<(Key, i64)>> {
    let (home, slot) = (transaction.home.shard.0 as usize, network.slot);
    let grants = lock::granted(&mut network.states[home], transaction, slot).ok()?;
    let first = grants.len() as i64 - 1;
    let changes: Vec<_> =
        (0..).zip(&grants).map(|(n, grant)| (grant.key, if n == 0 { first } else { -1 })).collect();
    let data = changes
        .iter()
        .zip(&grants)
        .map(|((_, change), grant)| (value(&grant.data) + change).to_le_bytes().to_vec());
    let sent = lock::commit(&mut network.states[home], transaction, data.collect::<Vec<_>>(), slot).unwrap();
    network.send(home, sent);
    let again = lock::commit(&mut network.states[home], transaction, [], slot);
    assert_eq!(again, Err(LockError::Decided { number: transaction.number, is_committed: true }));
    Some(changes)
}

#[derive(Clone, Debug)]
enum Step {
    Acquire { transaction: usize, resource: usize },
    Deliver { index: usize, returns: bool },
    Commit { transaction: usize },
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..8_usize, 0..N_RESOURCES)
            .prop_map(|(transaction, resource)| Step::Acquire { transaction, resource }),
        5 => (any::<usize>(), prop::bool::weighted(0.3))
            .prop_map(|(index, returns)| Step::Deliver { index, returns }),
        2 => (0..8_usize).prop_map(|transaction| Step::Commit { transaction }),
        1 => prop_oneof![4 => Just(1_u64), 1 => Just(20), 1 => Just(130)].prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn committed_transactions_change_all_their_resources_once_and_all_locks_end(
        steps in prop::collection::vec(step(), 1..150)
    ) {
        let mut network = network();
        let mut expected = BTreeMap::<Key, i64>::new();
        let transactions: Vec<_> = (0..8).map(|n| Transaction {
            since: Slot(100 - n as u64 / 2), until: Slot(130), home: on(n % N_SHARDS), number: n as u64,
        }).collect();
        for step in steps {
            match step {
                Step::Acquire { transaction, resource } => {
                    acquire(&mut network, resource, &transactions[transaction]);
                }
                Step::Deliver { index, returns } => deliver(&mut network, index, returns),
                Step::Commit { transaction } => {
                    for (key, change) in commit(&mut network, &transactions[transaction]).into_iter().flatten() {
                        *expected.entry(key).or_default() += change;
                    }
                }
                Step::Wait(slots) => network.slot.0 += slots,
            }
        }
        // After the last slot of all, anyone expires what is open, and all that is on the way arrives or returns.
        network.slot.0 = network.slot.0.max(131);
        for round in 0.. {
            prop_assert!(round < 100, "locks do not end");
            for transaction in &transactions {
                let (home, slot) = (transaction.home.shard.0 as usize, network.slot);
                let sent = lock::expire(&mut network.states[home], transaction, slot);
                network.send(home, sent.unwrap_or_default());
            }
            if network.on_the_way.is_empty() {
                break;
            }
            while !network.on_the_way.is_empty() {
                deliver(&mut network, round, false);
            }
        }
        for n in 0..N_RESOURCES {
            let state = &mut network.states[n % N_SHARDS];
            let is_locked = lock::is_locked(state, &resource(n)).unwrap();
            prop_assert!(!is_locked, "resource {} stays locked", n);
            let got = value(&lock::data(state, &resource(n)).unwrap());
            prop_assert_eq!(got, expected.get(&resource(n)).copied().unwrap_or_default());
        }
    }

    #[test]
    fn transactions_that_lock_in_random_orders_all_commit_without_a_time_out(
        orders in prop::collection::vec(
            prop::sample::subsequence((0..N_RESOURCES).collect::<Vec<_>>(), 2..4).prop_shuffle(), 2..8
        )
    ) {
        let mut network = network();
        // Each asks for its next resource when it has the one before, and keeps its slot if it is wounded.
        let mut open: Vec<_> = (0..).zip(orders).map(|(n, order)| {
            let transaction =
                Transaction { since: Slot(100), until: Slot(160), home: on(n % N_SHARDS), number: n as u64 };
            (transaction, order, None)
        }).collect();
        let mut n_slots = 0;
        while !open.is_empty() {
            prop_assert!(n_slots < 60, "{} transactions do not end", open.len());
            for _ in 0..network.on_the_way.len() {
                deliver(&mut network, 0, false);
            }
            open.retain_mut(|(transaction, order, asked)| {
                let (home, slot) = (transaction.home.shard.0 as usize, network.slot);
                let n_granted = match lock::granted(&mut network.states[home], transaction, slot) {
                    Ok(grants) => grants.len(),
                    Err(LockError::UnknownTransaction { .. }) => 0,
                    Err(LockError::Decided { is_committed: false, .. }) => {
                        transaction.number += 100;
                        *asked = None;
                        0
                    }
                    Err(error) => panic!("{error}"),
                };
                if n_granted == order.len() {
                    commit(&mut network, transaction).unwrap();
                    return false;
                }
                if *asked != Some(n_granted) && acquire(&mut network, order[n_granted], transaction) {
                    *asked = Some(n_granted);
                }
                // It may have lost its place to an older one that waits, so it asks again.
                if *asked == Some(n_granted) {
                    acquire(&mut network, order[n_granted], transaction);
                }
                true
            });
            network.slot.0 += 1;
            n_slots += 1;
        }
    }
}

#[test]
fn an_older_transaction_wounds_and_a_younger_one_waits() {
    let mut network = network();
    let of = |since, number| Transaction { since: Slot(since), until: Slot(120), home: on(1), number };
    let (young, old, oldest) = (of(99, 1), of(98, 2), of(97, 3));
    assert!(acquire(&mut network, 0, &old));
    assert!(acquire(&mut network, 0, &young));
    assert_eq!(network.on_the_way.len(), 1, "the younger one waits, and nobody is told");
    let again = lock::acquire(&mut network.states[0], on(0), &resource(0), &young, Slot(100));
    assert_eq!(again, Err(LockError::Again { key: resource(0), number: 1 }));
    assert!(
        acquire(&mut network, 0, &oldest),
        "it takes the place of the younger one, and wounds the old one"
    );
    let busy = lock::acquire(&mut network.states[0], on(0), &resource(0), &young, Slot(100));
    assert_eq!(busy, Err(LockError::Busy { key: resource(0), holder: 2 }));
    // The grant, the wound, the release, and the grant for the oldest.
    (0..4).for_each(|_| deliver(&mut network, 0, false));
    let state = &mut network.states[1];
    let wounded = lock::granted(state, &old, Slot(100)).unwrap_err();
    assert_eq!(wounded, LockError::Decided { number: 2, is_committed: false });
    assert_eq!(lock::granted(state, &oldest, Slot(100)).unwrap().len(), 1);
    assert!(lock::set_data(&mut network.states[0], &resource(0), b"").is_err(), "it is locked");
}

#[test]
fn impossible_slots_and_other_homes_are_refused() {
    let mut network = network();
    let good = Transaction { since: Slot(100), until: Slot(120), home: on(1), number: 1 };
    for bad in [
        Transaction { since: Slot(101), ..good },
        Transaction { since: Slot(35), ..good },
        Transaction { until: Slot(99), ..good },
        Transaction { until: Slot(165), ..good },
    ] {
        let error = lock::acquire(&mut network.states[0], on(0), &resource(0), &bad, Slot(100)).unwrap_err();
        assert_eq!(error, LockError::Slot { transaction: bad, now: 100 });
    }
    assert!(acquire(&mut network, 0, &good));
    let (_, grant) = network.take(0, false).unwrap();
    assert_eq!(grant.kind, ReceiptKind::Message);
    let error = lock::receive(&mut network.states[2], on(2), &grant, Slot(100)).unwrap_err();
    assert_eq!(error, LockError::OtherHome { number: 1 });
    let mut forged = grant;
    forged.payload[50] ^= 1;
    let error = lock::receive(&mut network.states[1], on(1), &forged, Slot(100)).unwrap_err();
    assert_eq!(error, LockError::NotAMessage, "the hash is not the transaction's");
}

/// A committed transaction locks its resource once more, with an older change of its own, after another one has changed it.
#[test]
fn a_lock_after_the_decision_does_not_change_newer_data() {
    let mut network = network();
    let [first, second] =
        [1, 2].map(|number| Transaction { since: Slot(100), until: Slot(120), home: on(1), number });
    for (transaction, data) in [(first, b"older"), (second, b"newer")] {
        assert!(acquire(&mut network, 0, &transaction));
        deliver(&mut network, 0, false);
        let sent = lock::commit(&mut network.states[1], &transaction, [data.to_vec()], Slot(100)).unwrap();
        network.send(1, sent);
        deliver(&mut network, 0, false);
    }
    assert!(acquire(&mut network, 0, &first));
    // The lock, and its release, which returns once.
    deliver(&mut network, 0, false);
    deliver(&mut network, 0, true);
    deliver(&mut network, 0, false);
    assert_eq!(lock::data(&mut network.states[0], &resource(0)).unwrap(), b"newer");
    assert!(!lock::is_locked(&mut network.states[0], &resource(0)).unwrap());
    assert_eq!(network.on_the_way, []);
}

/// Returns a grant of a resource on shard 0, on its way to the home on shard 1.
fn grant(network: &mut Network) -> (Transaction, ReceivedReceipt) {
    let transaction = Transaction { since: Slot(100), until: Slot(120), home: on(1), number: 1 };
    assert!(acquire(network, 0, &transaction));
    let (_, grant) = network.take(0, false).unwrap();
    (transaction, grant)
}

#[test]
fn a_grant_with_too_much_data_is_refused() {
    let mut network = network();
    let (transaction, grant) = grant(&mut network);
    let with = |length: usize| {
        let payload = [&grant.payload[..grant.payload.len() - 8], &vec![1; length]].concat();
        ReceivedReceipt { payload, ..grant.clone() }
    };
    let error = lock::receive(&mut network.states[1], on(1), &with(4_097), Slot(100));
    assert_eq!(error, Err(LockError::TooLong { got: 4_097 }));
    lock::receive(&mut network.states[1], on(1), &with(4_096), Slot(100)).unwrap();
    assert_eq!(lock::granted(&mut network.states[1], &transaction, Slot(100)).unwrap().len(), 1);
}

#[test]
fn another_ee_grants_decides_and_is_asked_nothing() {
    let mut network = network();
    let stranger = Place { ee: EeIndex(6), ..on(1) };
    let (transaction, grant) = grant(&mut network);
    let foreign = Transaction { home: stranger, ..transaction };
    let acquired = lock::acquire(&mut network.states[1], on(1), &resource(1), &foreign, Slot(100));
    assert_eq!(acquired, Err(LockError::Foreign { ee: EeIndex(6) }));
    let forged = ReceivedReceipt { source_ee: EeIndex(6), ..grant };
    let received = lock::receive(&mut network.states[1], on(1), &forged, Slot(100));
    assert_eq!(received, Err(LockError::Foreign { ee: EeIndex(6) }));
}

/// Up to the slot in which the home may forget the transaction.
#[test]
fn a_decision_that_nobody_takes_is_not_sent_for_ever() {
    let mut network = network();
    let (transaction, grant) = grant(&mut network);
    lock::receive(&mut network.states[1], on(1), &grant, Slot(100)).unwrap();
    let sent = lock::commit(&mut network.states[1], &transaction, [b"new".to_vec()], Slot(101)).unwrap();
    let head = sent[0].payload[..64].to_vec();
    let returned = ReceivedReceipt {
        kind: ReceiptKind::Bounced,
        payload: [&[0xaa; 32], &head[..]].concat(),
        source_ee: EeIndex(5),
        ..ReceivedReceipt::default()
    };
    let last = 120 + 2 * SETTLED_SLOTS;
    let again = lock::receive(&mut network.states[1], on(1), &returned, Slot(last)).unwrap();
    assert_eq!(again, sent);
    assert!(lock::forget(&mut network.states[1], &transaction, Slot(last)).is_err());
    let again = lock::receive(&mut network.states[1], on(1), &returned, Slot(last + 1)).unwrap();
    assert_eq!(again, []);
    lock::forget(&mut network.states[1], &transaction, Slot(last + 1)).unwrap();
}

/// Nobody can stop an EE by a message about a key that it uses for something else.
#[test]
fn a_message_about_another_record_is_refused() {
    let mut network = network();
    let (_, mut message) = grant(&mut network);
    // A release, of which the resource is the key of a balance.
    message.payload[1] = 2;
    let balance = key("user", &[]);
    network.states[1].insert(balance, vec![3; 12]);
    message.payload[2..34].copy_from_slice(&balance.0);
    let error = lock::receive(&mut network.states[1], on(1), &message, Slot(100));
    assert_eq!(error, Err(LockError::UnknownResource { key: balance }));
}
