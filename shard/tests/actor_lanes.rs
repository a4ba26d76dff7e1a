//! State providers whose EE sends more receipts than shards have room for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
mod support;

use chain::{Chain, Ees};
use outrider_beacon::ledger::ShardPlace;
use outrider_beacon_spec::types::Bytes32;
use outrider_shard::{
    executor::Contents,
    proposer::fill,
    provider::{OfferOutcome, PackageNumber, PayloadLimits, ProviderActor},
};
use outrider_witness::store::MemoryStore;
use support::{PAIR, load, memory};

const LIMITS: PayloadLimits = PayloadLimits {
    bytes_max: 1 << 19,
    fuel_max: 10_000_000,
    deposit_amount_min: 1_000_000_000,
    window: 512,
};

/// A byte of a payload from `c0` on also sends a message to a shard, whose number is in its lower bits.
const SEND: [(&str, &str); 2] = [
    (
        r#"(import "crypto" "keccak256""#,
        r#"(import "eth2" "pushReceipt" (func $push (param i32 i32))) (import "crypto" "keccak256""#,
    ),
    (
        "(i64.store (local.get $value)",
        "(if (i32.ge_u (local.get $byte) (i32.const 0xc0)) (then
            (i64.store (i32.const 0x7000) (i64.extend_i32_u (i32.and (local.get $byte) (i32.const 0x3f))))
            (call $push (i32.const 0x7000) (i32.const 32))))
        (i64.store (local.get $value)",
    ),
];

fn parts() -> (Chain, ProviderActor<MemoryStore>) {
    let text = SEND.iter().fold(PAIR.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    });
    let chain = Ees::default().add(wat::parse_str(&text).unwrap(), Bytes32::ZERO, &[(0, 0), (1, 0)]).chain();
    (chain, ProviderActor::new(memory(load(&text)), 0, 0, []))
}

/// Offers packages, and checks that a proposer takes the offer.
fn offer(chain: &Chain, actor: &mut ProviderActor<MemoryStore>, packages: &[&[u8]]) -> OfferOutcome {
    packages.iter().for_each(|package| assert!(actor.submit(package.to_vec()).is_ok()));
    let place = chain.place(0);
    let outcome = actor.offer(&place, &[], LIMITS).unwrap();
    if let Some(offer) = &outcome.offer {
        let contents = Contents { inbound: Vec::new(), payloads: vec![offer.payload.clone()] };
        let filled = fill(&chain.executor(), &place, vec![contents], Vec::new(), 0).unwrap();
        assert!(filled.left_out.is_empty(), "{:?}", filled.left_out);
    }
    outcome
}

/// Returns the packages that the chain does not take.
fn refused(outcome: &OfferOutcome) -> Vec<PackageNumber> {
    outcome.refused.iter().map(|(number, _)| *number).collect()
}

#[test]
fn a_message_to_a_shard_that_does_not_exist_stops_no_payload() {
    let (chain, mut actor) = parts();
    let outcome = offer(&chain, &mut actor, &[&[1], &[0xff], &[2], &[0xc1]]);
    assert_eq!(outcome.offer.as_ref().unwrap().packages, [0, 2, 3]);
    assert_eq!(refused(&outcome), [1]);
    // It waits, and is tried again later.
    assert_eq!(actor.n_waiting(), 4);
}

#[test]
fn messages_beyond_the_room_of_a_lane_wait() {
    let (chain, mut actor) = parts();
    let outcome = offer(&chain, &mut actor, &[&[0xc1; 513], &[0xc1; 500], &[0xc1; 12], &[0xc1], &[0xc0]]);
    let first = outcome.offer.as_ref().unwrap();
    assert_eq!(first.packages, [1, 2], "512 messages, and none after them in the order of packages");
    assert_eq!(refused(&outcome), [0], "it never has room");
    // Others have in each slot in which a receipt is settled, so they do not wait for longer and longer.
    for slot in 10..14 {
        let place = ShardPlace { slot, ..chain.place(0) };
        assert_eq!(refused(&actor.offer(&place, &[], LIMITS).unwrap()), [0], "slot {slot}");
    }
}

#[test]
fn a_payload_of_messages_without_room_is_none() {
    let (chain, mut actor) = parts();
    let outcome = offer(&chain, &mut actor, &[&[0xff]]);
    assert!(outcome.offer.is_none());
    assert_eq!(refused(&outcome), [0]);
}
