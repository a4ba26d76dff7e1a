//! State providers as they take part in a chain.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
mod support;

use std::{collections::BTreeSet, sync::Arc};

use chain::{Chain, Ees, TestExecutor};
use outrider_beacon::ledger::{EePayload, ShardPlace};
use outrider_beacon_spec::types::Bytes32;
use outrider_host::StateRoot;
use outrider_shard::{
    ProviderError,
    provider::{Dropped, INBOX_PACKAGES_MAX, Offer, PayloadLimits, ProviderActor},
};
use outrider_witness::store::MemoryStore;
use proptest::prelude::*;
use support::{EMPTY_STATE, Model, PAIR, memory, pair, read};

const LIMITS: PayloadLimits = PayloadLimits { bytes_max: 1 << 19, fuel_max: 10_000_000 };

/// A chain with the EE of two counters on shard 0, and its parts.
struct Parts {
    chain: Chain,
    executor: TestExecutor,
    actor: ProviderActor<MemoryStore>,
}

fn parts() -> Parts {
    let chain = Ees::default().add(wat::parse_str(PAIR).unwrap(), Bytes32::ZERO, &[(0, 0)]).chain();
    let executor = chain.executor();
    Parts { chain, executor, actor: ProviderActor::new(memory(pair()), 0, 0, []) }
}

/// Executes a payload in a block, and has a provider follow it; returns the next place and the new root.
fn block(
    executor: &TestExecutor,
    actor: &mut ProviderActor<MemoryStore>,
    place: &ShardPlace,
    payload: &EePayload,
    offer: Option<&Offer>,
) -> (ShardPlace, StateRoot) {
    let body = executor.body(place, vec![payload.clone()]).unwrap();
    let root = actor.follow(place, payload, offer).unwrap();
    assert_eq!(body.header.transitions[0].post_state_root.0, root.0);
    (chain::after(place, &body), root)
}

#[test]
fn packages_become_blocks_and_bad_ones_are_dropped() {
    let Parts { chain, executor, mut actor } = parts();
    let place = chain.place(0);
    assert!(actor.offer(&place, LIMITS).unwrap().offer.is_none(), "nobody wants anything");
    let packages: [&[u8]; 6] = [&[1, 2], &[0], &[0x83], &[9, 0x80], &[4], &[0]];
    let numbers = packages.map(|package| actor.submit(package).unwrap());
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    let outcome = actor.offer(&place, LIMITS).unwrap();
    let offer = outcome.offer.unwrap();
    assert_eq!(offer.packages, [0, 2, 4]);
    let dropped: Vec<_> = outcome.dropped.iter().map(|(number, _)| *number).collect();
    assert_eq!(dropped, [1, 3, 5]);
    assert!(outcome.dropped.iter().all(|(_, reason)| matches!(reason, Dropped::Refused(_))));
    assert_eq!(actor.n_waiting(), 3, "they wait until they are in a block");

    let (_, root) = block(&executor, &mut actor, &place, &offer.payload, Some(&offer));
    let model = Model::default().after(&[1, 2, 0x83, 4]);
    assert_eq!(root, model.root());
    assert_eq!(read(actor.provider().store(), root), model);
    assert_eq!(actor.n_waiting(), 0);
}

#[test]
fn a_provider_follows_the_blocks_of_others_and_refreshes_its_own() {
    let Parts { chain, executor, mut actor } = parts();
    let mut other = ProviderActor::new(memory(pair()), 0, 0, []);
    let place = chain.place(0);
    actor.submit(&[1][..]).unwrap();
    other.submit(&[2][..]).unwrap();
    let stale = actor.offer(&place, LIMITS).unwrap().offer.unwrap();
    let first = other.offer(&place, LIMITS).unwrap().offer.unwrap();
    let (next, root) = block(&executor, &mut actor, &place, &first.payload, None);
    assert_eq!(actor.n_waiting(), 1, "its own package is not in the block");
    assert!(executor.body(&next, vec![stale.payload.clone()]).is_err(), "its witness is stale");
    let fresh = actor.offer(&next, LIMITS).unwrap().offer.unwrap();
    assert_eq!(fresh.packages, stale.packages);
    let (_, after) = block(&executor, &mut actor, &next, &fresh.payload, Some(&fresh));
    assert_eq!(after, Model::default().after(&[2, 1]).root());

    // The other one does not have the state after its own block until it follows that.
    let unknown = other.offer(&next, LIMITS).unwrap_err();
    assert!(matches!(unknown, ProviderError::UnknownRoot { root: of } if of == root), "{unknown:?}");
    other.follow(&place, &first.payload, Some(&first)).unwrap();
    assert!(other.offer(&next, LIMITS).unwrap().offer.is_none(), "its package is in the block");
}

#[test]
fn branches_are_kept_until_they_are_released() {
    let Parts { chain, executor, mut actor } = parts();
    let place = chain.place(0);
    let mut branch = |byte: u8| {
        let mut one = ProviderActor::new(memory(pair()), 0, 0, []);
        one.submit(vec![byte]).unwrap();
        let offer = one.offer(&place, LIMITS).unwrap().offer.unwrap();
        block(&executor, &mut actor, &place, &offer.payload, None)
    };
    let [(left, left_root), (right, right_root)] = [branch(5), branch(6)];
    // The same block again changes nothing.
    assert_eq!(branch(5).1, left_root);
    actor.submit(&[1][..]).unwrap();
    for (place, base) in [(&left, 5), (&right, 6)] {
        let offer = actor.offer(place, LIMITS).unwrap().offer.unwrap();
        let body = executor.body(place, vec![offer.payload]).unwrap();
        let expected = Model::default().after(&[base, 1]).root();
        assert_eq!(body.header.transitions[0].post_state_root.0, expected.0);
    }
    actor.release_all_but(&BTreeSet::from([left_root])).unwrap();
    assert!(matches!(
        actor.offer(&right, LIMITS),
        Err(ProviderError::UnknownRoot { root }) if root == right_root
    ));
    assert!(actor.offer(&left, LIMITS).unwrap().offer.is_some());
    actor.release_all_but(&BTreeSet::new()).unwrap();
    assert!(actor.offer(&left, LIMITS).is_err());
    assert_eq!(actor.provider().empty_root(), EMPTY_STATE);
    assert!(actor.offer(&place, LIMITS).unwrap().offer.is_some(), "the empty state needs no nodes");
}

#[test]
fn an_inbox_is_bounded_and_a_package_beyond_a_block_is_dropped() {
    let Parts { chain, mut actor, .. } = parts();
    let place = chain.place(0);
    actor.submit(vec![1; 20_000]).unwrap();
    actor.submit(vec![2; 10]).unwrap();
    let tight = PayloadLimits { bytes_max: 10_000, ..LIMITS };
    let outcome = actor.offer(&place, tight).unwrap();
    assert!(matches!(&outcome.dropped[..], [(0, Dropped::TooLarge)]));
    assert_eq!(outcome.offer.unwrap().packages, [1]);
    for _ in 1..INBOX_PACKAGES_MAX {
        actor.submit(&[1][..]).unwrap();
    }
    let error = actor.submit(&[1][..]).unwrap_err();
    assert_eq!(error.packages, INBOX_PACKAGES_MAX);
    assert!(matches!(
        actor.offer(&chain.place(1), LIMITS),
        Err(ProviderError::OtherShard { got: 1, expected: 0 })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Good and bad packages in any order: exactly the bad ones are dropped.
    #[test]
    fn exactly_the_bad_packages_are_dropped(
        packages in prop::collection::vec(prop::collection::vec(prop_oneof![9 => 1_u8..128, 1 => Just(0)], 1..4), 1..24),
    ) {
        let Parts { chain, executor, mut actor } = parts();
        let place = chain.place(0);
        let mut model = Model::default();
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for package in &packages {
            let number = actor.submit(&package[..]).unwrap();
            if package.contains(&0) {
                bad.push(number);
            } else {
                good.push(number);
                model = model.after(package);
            }
        }
        let outcome = actor.offer(&place, LIMITS).unwrap();
        let mut dropped: Vec<_> = outcome.dropped.iter().map(|(number, _)| *number).collect();
        dropped.sort_unstable();
        prop_assert_eq!(dropped, bad);
        let packed = outcome.offer.as_ref().map_or(Vec::new(), |offer| offer.packages.clone());
        prop_assert_eq!(packed, good);
        if let Some(offer) = outcome.offer {
            let (_, root) = block(&executor, &mut actor, &place, &offer.payload, Some(&offer));
            prop_assert_eq!(root, model.root());
        }
        prop_assert_eq!(actor.n_waiting(), 0);
    }
}

#[test]
fn good_packages_that_are_too_many_together_are_not_dropped() {
    let Parts { chain, mut actor, .. } = parts();
    let place = chain.place(0);
    for _ in 0..60 {
        actor.submit(vec![1; 20_000]).unwrap();
    }
    let limits = PayloadLimits { bytes_max: 1 << 18, fuel_max: 100_000_000 };
    let outcome = actor.offer(&place, limits).unwrap();
    assert!(outcome.dropped.is_empty(), "{:?}", outcome.dropped);
    assert!(outcome.offer.unwrap().packages.len() >= 8, "it offers those that fit");
    assert_eq!(actor.n_waiting(), 60);
}

#[test]
fn a_package_that_costs_more_without_a_state_does_not_block_the_inbox() {
    use outrider_host::{Host, HostConfig, Limits};
    use outrider_shard::Provider;
    use outrider_witness::store::MemoryStore;
    // An EE that does more without a state than its provider, in proportion to the payload.
    let burn = "(if (i32.eqz (call $mode)) (then
        (global.set $cursor (i32.const 0))
        (loop $burn
            (global.set $cursor (i32.add (global.get $cursor) (i32.const 1)))
            (br_if $burn (i32.lt_u (global.get $cursor)
                (i32.mul (i32.const 2000) (i32.sub (global.get $payload_end) (global.get $payload))))))))";
    let text = PAIR.replace(";; @end", burn);
    let code = wat::parse_str(&text).unwrap();
    let fuel_max = 5_000_000;
    let host = Host::new(HostConfig {
        limits: Limits { memory_pages_max: 16, fuel_max, ..Limits::default() },
        ..HostConfig::default()
    })
    .unwrap();
    let ee = host.load(&code).unwrap();
    let chain = Ees::default().add(code, Bytes32::ZERO, &[(0, 0)]).chain();
    let next = chain.place(0);
    let mut actor = ProviderActor::new(Provider::open(ee, Arc::new(MemoryStore::new())).unwrap(), 0, 0, []);
    actor.submit(vec![1_u8; 1_000]).unwrap();
    actor.submit(&[1][..]).unwrap();
    let outcome = actor.offer(&next, LIMITS).unwrap();
    assert!(matches!(outcome.dropped[..], [(0, Dropped::TooLarge)]), "{:?}", outcome.dropped);
    assert_eq!(outcome.offer.unwrap().packages, [1]);
}
