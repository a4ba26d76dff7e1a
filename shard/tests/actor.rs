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
    provider::{
        Dropped, INBOX_PACKAGES_MAX, OfferOutcome, PACKAGE_SLOTS_MAX, PackageNumber, PayloadLimits,
        ProviderActor,
    },
};
use outrider_witness::store::MemoryStore;
use proptest::prelude::*;
use support::{EMPTY_STATE, Model, PAIR, memory, pair, read};

const LIMITS: PayloadLimits = PayloadLimits {
    bytes_max: 1 << 19,
    fuel_max: 10_000_000,
    deposit_amount_min: 1_000_000_000,
    window: 512,
};

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
) -> (ShardPlace, StateRoot) {
    let body = executor.body(place, vec![payload.clone()]).unwrap();
    let root = actor.follow(place, &body).unwrap().unwrap();
    assert_eq!(body.header.transitions[0].post_state_root.0, root.0);
    (chain::after(place, &body), root)
}

/// Makes all blocks before a place final.
fn finalize(actor: &mut ProviderActor<MemoryStore>, place: &ShardPlace) {
    actor.finalize(place.view.shards().get(0).unwrap().execution_root());
}

fn refused(outcome: &OfferOutcome) -> Vec<PackageNumber> {
    outcome.refused.iter().map(|(number, _)| *number).collect()
}

#[test]
fn packages_become_blocks_and_bad_ones_are_set_aside() {
    let Parts { chain, executor, mut actor } = parts();
    let place = chain.place(0);
    assert!(actor.offer(&place, &[], LIMITS).unwrap().offer.is_none(), "nobody wants anything");
    let packages: [&[u8]; 6] = [&[1, 2], &[0], &[0x83], &[9, 0x80], &[4], &[0]];
    let numbers = packages.map(|package| actor.submit(package).unwrap());
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    let outcome = actor.offer(&place, &[], LIMITS).unwrap();
    let offer = outcome.offer.clone().unwrap();
    assert_eq!(offer.packages, [0, 2, 4]);
    assert_eq!(refused(&outcome), [1, 3, 5]);
    assert!(outcome.refused[0].1.contains("unreachable"), "{:?}", outcome.refused);
    assert!(outcome.dropped.is_empty() && outcome.left_out.is_empty() && outcome.used.is_empty());

    let (next, root) = block(&executor, &mut actor, &place, &offer.payload);
    let model = Model::default().after(&[1, 2, 0x83, 4]);
    assert_eq!(root, model.root());
    assert_eq!(read(actor.provider().store(), root), model);
    assert_eq!(actor.n_waiting(), 6, "a block can still be lost");
    let outcome = actor.offer(&next, &[], LIMITS).unwrap();
    assert!(outcome.offer.is_none(), "a block has the good ones");
    assert_eq!(refused(&outcome), [1, 3, 5], "they are tried again");
    assert_eq!(refused(&actor.offer(&next, &[], LIMITS).unwrap()), [0; 0], "but not in the same slot");
    finalize(&mut actor, &next);
    let outcome = actor.offer(&next, &[], LIMITS).unwrap();
    assert_eq!((outcome.used, actor.n_waiting()), (vec![0, 2, 4], 3));

    let mut late = next;
    late.slot += PACKAGE_SLOTS_MAX;
    let outcome = actor.offer(&late, &[], LIMITS).unwrap();
    let dropped: Vec<_> = outcome.dropped.iter().map(|(number, _)| *number).collect();
    assert_eq!((dropped, actor.n_waiting()), (vec![1, 3, 5], 0));
    assert!(outcome.dropped.iter().all(|(_, reason)| matches!(reason, Dropped::Refused(_))));
}

#[test]
fn a_provider_follows_the_blocks_of_others_and_refreshes_its_own() {
    let Parts { chain, executor, mut actor } = parts();
    let mut other = ProviderActor::new(memory(pair()), 0, 0, []);
    let place = chain.place(0);
    actor.submit(&[1][..]).unwrap();
    other.submit(&[2][..]).unwrap();
    let stale = actor.offer(&place, &[], LIMITS).unwrap().offer.unwrap();
    let first = other.offer(&place, &[], LIMITS).unwrap().offer.unwrap();
    let (next, root) = block(&executor, &mut actor, &place, &first.payload);
    assert_eq!(actor.n_waiting(), 1, "its own package is not in the block");
    assert!(executor.body(&next, vec![stale.payload.clone()]).is_err(), "its witness is stale");
    let fresh = actor.offer(&next, &[], LIMITS).unwrap().offer.unwrap();
    assert_eq!(fresh.packages, stale.packages);
    let (_, after) = block(&executor, &mut actor, &next, &fresh.payload);
    assert_eq!(after, Model::default().after(&[2, 1]).root());

    // The other one does not have the state after its own block until it follows that.
    let unknown = other.offer(&next, &[], LIMITS).unwrap_err();
    assert!(matches!(unknown, ProviderError::UnknownRoot { root: of } if of == root), "{unknown:?}");
    block(&executor, &mut other, &place, &first.payload);
    assert!(other.offer(&next, &[], LIMITS).unwrap().offer.is_none(), "its package is in the block");
}

#[test]
fn branches_are_kept_until_they_are_released() {
    let Parts { chain, executor, mut actor } = parts();
    let place = chain.place(0);
    let mut branch = |byte: u8| {
        let mut one = ProviderActor::new(memory(pair()), 0, 0, []);
        one.submit(vec![byte]).unwrap();
        let offer = one.offer(&place, &[], LIMITS).unwrap().offer.unwrap();
        block(&executor, &mut actor, &place, &offer.payload)
    };
    let [(left, left_root), (right, right_root)] = [branch(5), branch(6)];
    // The same block again changes nothing.
    assert_eq!(branch(5).1, left_root);
    actor.submit(&[1][..]).unwrap();
    for (place, base) in [(&left, 5), (&right, 6)] {
        let offer = actor.offer(place, &[], LIMITS).unwrap().offer.unwrap();
        let body = executor.body(place, vec![offer.payload]).unwrap();
        let expected = Model::default().after(&[base, 1]).root();
        assert_eq!(body.header.transitions[0].post_state_root.0, expected.0);
    }
    actor.release_all_but(&BTreeSet::from([left_root])).unwrap();
    assert!(matches!(
        actor.offer(&right, &[], LIMITS),
        Err(ProviderError::UnknownRoot { root }) if root == right_root
    ));
    assert!(actor.offer(&left, &[], LIMITS).unwrap().offer.is_some());
    actor.release_all_but(&BTreeSet::new()).unwrap();
    assert!(actor.offer(&left, &[], LIMITS).is_err());
    assert_eq!(actor.provider().empty_root(), EMPTY_STATE);
    assert!(actor.offer(&place, &[], LIMITS).unwrap().offer.is_some(), "the empty state needs no nodes");
}

#[test]
fn an_inbox_is_bounded_and_a_package_beyond_a_block_is_dropped() {
    let Parts { chain, mut actor, .. } = parts();
    let place = chain.place(0);
    actor.submit(vec![1; 20_000]).unwrap();
    actor.submit(vec![2; 10]).unwrap();
    let tight = PayloadLimits { bytes_max: 10_000, ..LIMITS };
    let outcome = actor.offer(&place, &[], tight).unwrap();
    assert!(matches!(&outcome.dropped[..], [(0, Dropped::TooLarge)]));
    assert_eq!(outcome.offer.unwrap().packages, [1]);
    for _ in 1..INBOX_PACKAGES_MAX {
        actor.submit(&[1][..]).unwrap();
    }
    let error = actor.submit(&[1][..]).unwrap_err();
    assert_eq!(error.packages, INBOX_PACKAGES_MAX);
    assert!(matches!(
        actor.offer(&chain.place(1), &[], LIMITS),
        Err(ProviderError::OtherShard { got: 1, expected: 0 })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Good and bad packages in any order: exactly the bad ones are refused.
    #[test]
    fn exactly_the_bad_packages_are_refused(
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
        let outcome = actor.offer(&place, &[], LIMITS).unwrap();
        let mut refused = refused(&outcome);
        refused.sort_unstable();
        prop_assert_eq!(&refused, &bad);
        let packed = outcome.offer.as_ref().map_or(Vec::new(), |offer| offer.packages.clone());
        prop_assert_eq!(packed, good);
        if let Some(offer) = outcome.offer {
            let (next, root) = block(&executor, &mut actor, &place, &offer.payload);
            prop_assert_eq!(root, model.root());
            finalize(&mut actor, &next);
            // This EE would use them again, so the provider compares payloads, and some packages wait for that.
            let used: Vec<_> = (0..2).flat_map(|_| actor.offer(&next, &[], LIMITS).unwrap().used).collect();
            prop_assert_eq!(used, offer.packages);
        }
        prop_assert_eq!(actor.n_waiting(), bad.len());
    }
}

#[test]
fn good_packages_that_are_too_many_together_are_not_dropped() {
    let Parts { chain, mut actor, .. } = parts();
    let place = chain.place(0);
    for _ in 0..60 {
        actor.submit(vec![1; 20_000]).unwrap();
    }
    let limits = PayloadLimits { bytes_max: 1 << 18, fuel_max: 100_000_000, ..LIMITS };
    let outcome = actor.offer(&place, &[], limits).unwrap();
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
    let outcome = actor.offer(&next, &[], LIMITS).unwrap();
    assert!(matches!(outcome.dropped[..], [(0, Dropped::TooLarge)]), "{:?}", outcome.dropped);
    assert_eq!(outcome.offer.unwrap().packages, [1]);
}

/// The EE of two counters, with room for four bytes, which leaves out the packages beyond that.
const ROOM: (&str, &str) = (
    "(global.set $payload_end (i32.add (global.get $payload_end) (local.get $bytes)))",
    "(if (i32.le_u (i32.add (global.get $payload_end) (local.get $bytes)) (i32.const 0x80004))
        (then (global.set $payload_end (i32.add (global.get $payload_end) (local.get $bytes)))))",
);
/// The same, which adds 64 to the first byte of each package, so that the payload has no package's bytes.
const ENCODED: &str = "(i32.store8 (global.get $payload_end) (i32.or (i32.load8_u (global.get $payload_end)) (i32.const 0x40)))";

/// Returns the parts of a chain whose EE leaves packages out, and the byte in a payload for a package of one byte.
fn with_room(is_encoded: bool) -> (Parts, impl Fn(u8) -> u8) {
    assert!(PAIR.contains(ROOM.0));
    let encoded = if is_encoded { ENCODED } else { "" };
    let text = PAIR.replace(ROOM.0, &format!("{encoded} {}", ROOM.1));
    let chain = Ees::default().add(wat::parse_str(&text).unwrap(), Bytes32::ZERO, &[(0, 0)]).chain();
    let executor = chain.executor();
    let actor = ProviderActor::new(memory(support::load(&text)), 0, 0, []);
    (Parts { chain, executor, actor }, move |byte| if is_encoded { byte | 0x40 } else { byte })
}

#[test]
fn a_package_without_room_is_in_the_next_block() {
    for is_encoded in [false, true] {
        let (Parts { chain, executor, mut actor }, encode) = with_room(is_encoded);
        let place = chain.place(0);
        (1..=6_u8).for_each(|byte| assert!(actor.submit(vec![byte]).is_ok()));
        let outcome = actor.offer(&place, &[], LIMITS).unwrap();
        let first = outcome.offer.unwrap();
        assert_eq!((first.packages, outcome.left_out), (vec![0, 1, 2, 3], vec![4, 5]));
        let (next, _) = block(&executor, &mut actor, &place, &first.payload);
        let second = actor.offer(&next, &[], LIMITS).unwrap().offer.unwrap();
        assert_eq!(second.packages, [4, 5]);
        let (after, root) = block(&executor, &mut actor, &next, &second.payload);
        let bytes: Vec<u8> = (1..=6).map(&encode).collect();
        assert_eq!(root, Model::default().after(&bytes).root());
        assert!(actor.offer(&after, &[], LIMITS).unwrap().offer.is_none());
        finalize(&mut actor, &after);
        assert_eq!(actor.offer(&after, &[], LIMITS).unwrap().used, [0, 1, 2, 3, 4, 5]);
        assert_eq!(actor.n_waiting(), 0);
    }
}

#[test]
fn packages_of_lost_blocks_come_back() {
    let Parts { chain, executor, mut actor } = parts();
    let place = chain.place(0);
    // Three blocks on one branch, each with a package.
    let (mut left, mut total) = (place.clone(), Vec::new());
    for byte in 1..=3 {
        actor.submit(vec![byte]).unwrap();
        total.push(byte);
        let offer = actor.offer(&left, &[], LIMITS).unwrap().offer.unwrap();
        assert_eq!(offer.packages.len(), 1);
        (left, _) = block(&executor, &mut actor, &left, &offer.payload);
    }
    // Another provider's block on another branch.
    let mut other = ProviderActor::new(memory(pair()), 0, 0, []);
    other.submit(&[100][..]).unwrap();
    let offer = other.offer(&place, &[], LIMITS).unwrap().offer.unwrap();
    let (right, _) = block(&executor, &mut actor, &place, &offer.payload);
    let back = actor.offer(&right, &[], LIMITS).unwrap().offer.unwrap();
    assert_eq!(back.packages, [0, 1, 2]);
    assert!(actor.offer(&left, &[], LIMITS).unwrap().offer.is_none(), "on this branch they are in blocks");
    let (right, root) = block(&executor, &mut actor, &right, &back.payload);
    total.push(100);
    assert_eq!(root, Model::default().after(&total).root());
    finalize(&mut actor, &right);
    let outcome = actor.offer(&right, &[], LIMITS).unwrap();
    assert_eq!((outcome.used, actor.n_waiting()), (vec![0, 1, 2], 0));

    // A block that is lost for good has its package wait again, for as long as a new one.
    actor.submit(&[7][..]).unwrap();
    let lost = actor.offer(&right, &[], LIMITS).unwrap().offer.unwrap();
    block(&executor, &mut actor, &right, &lost.payload);
    other.submit(&[99][..]).unwrap();
    let mut late = right.clone();
    late.slot += 2 * PACKAGE_SLOTS_MAX;
    assert!(actor.offer(&late, &[], LIMITS).unwrap().offer.is_some(), "a block has it, so it is not too old");
    let body = executor.body(&late, vec![chain::payload(0, &witnessed(root, 9))]).unwrap();
    actor.follow(&late, &body).unwrap();
    let next = chain::after(&late, &body);
    finalize(&mut actor, &next);
    assert_eq!(actor.offer(&next, &[], LIMITS).unwrap().offer.unwrap().packages, [3]);
}

/// Returns block data that add a byte to the counters of a state that packages 1, 2, 3 and 100 have made.
fn witnessed(root: StateRoot, byte: u8) -> Vec<u8> {
    let model = Model::default().after(&[1, 2, 3, 100]);
    assert_eq!(model.root(), root);
    let witness = model.witness(&[byte]);
    [&(witness.len() as u32).to_le_bytes()[..], &witness, &[byte]].concat()
}

/// So many packages are left out that the provider takes some for used, until the block is final.
#[test]
fn whatever_an_unknown_ee_leaves_out_is_used_exactly_once() {
    for is_encoded in [false, true] {
        let (Parts { chain, executor, mut actor }, encode) = with_room(is_encoded);
        let mut place = chain.place(0);
        (1..=40_u8).for_each(|byte| assert!(actor.submit(vec![byte]).is_ok()));
        let (mut used, mut root, mut n_blocks) = (Vec::new(), EMPTY_STATE, 0);
        while actor.n_waiting() > 0 {
            let outcome = actor.offer(&place, &[], LIMITS).unwrap();
            assert!(outcome.refused.is_empty() && outcome.dropped.is_empty());
            used.extend(outcome.used);
            match outcome.offer {
                Some(offer) => {
                    (place, root) = block(&executor, &mut actor, &place, &offer.payload);
                    n_blocks += 1;
                }
                None => place.slot += 1,
            }
            finalize(&mut actor, &place);
            assert!(place.slot < 200, "{} still wait", actor.n_waiting());
        }
        used.sort_unstable();
        assert_eq!(used, (0..40).collect::<Vec<_>>());
        let bytes: Vec<u8> = (1..=40).map(&encode).collect();
        assert_eq!((root, n_blocks), (Model::default().after(&bytes).root(), 10));
    }
}

#[test]
fn packages_in_blocks_make_no_room() {
    let Parts { chain, executor, mut actor } = parts();
    let place = chain.place(0);
    actor.submit(&[1][..]).unwrap();
    let offer = actor.offer(&place, &[], LIMITS).unwrap().offer.unwrap();
    let (next, _) = block(&executor, &mut actor, &place, &offer.payload);
    let bad = actor.submit(&[0][..]).unwrap();
    assert_eq!(refused(&actor.offer(&next, &[], LIMITS).unwrap()), [bad]);
    for _ in 2..INBOX_PACKAGES_MAX {
        actor.submit(&[1][..]).unwrap();
    }
    let last = actor.submit(&[1][..]).unwrap();
    assert!(actor.submit(&[1][..]).is_err(), "the package in the block stays");
    let dropped = actor.offer(&next, &[], LIMITS).unwrap().dropped;
    assert!(matches!(dropped[..], [(number, Dropped::Refused(_))] if number == bad && last > bad));
}

#[test]
fn refused_packages_make_room_for_others() {
    let Parts { chain, mut actor, .. } = parts();
    let place = chain.place(0);
    let bad = actor.submit(&[0][..]).unwrap();
    actor.submit(&[1][..]).unwrap();
    assert_eq!(refused(&actor.offer(&place, &[], LIMITS).unwrap()), [bad]);
    for _ in 2..=INBOX_PACKAGES_MAX {
        actor.submit(&[1][..]).unwrap();
    }
    assert_eq!(actor.submit(&[1][..]).unwrap_err().packages, INBOX_PACKAGES_MAX);
    let outcome = actor.offer(&place, &[], LIMITS).unwrap();
    assert!(matches!(outcome.dropped[..], [(0, Dropped::Refused(_))]));
}
