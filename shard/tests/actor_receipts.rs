//! State providers whose EE is shown receipts: which packages they offer with them, and what proposers take.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/mail.rs"]
mod mail;
mod support;

use chain::{Chain, Ees};
use mail::{Mail, World, message};
use outrider_beacon_spec::types::Bytes32;
use outrider_host::{ReceivedReceipt, ShardIndex};
use outrider_shard::{
    executor::Contents,
    proposer::{LeftOut, fill},
    provider::{Offer, OfferOutcome, PayloadLimits, ProviderActor},
    relay::Waiting,
};
use outrider_witness::store::MemoryStore;
use support::{load, memory};

const LIMITS: PayloadLimits = PayloadLimits {
    bytes_max: 1 << 19,
    fuel_max: 10_000_000,
    deposit_amount_min: 1_000_000_000,
    window: 512,
};

/// An EE without a state. Each byte of a payload does something:
///
/// - `f` pays the proposer 10,000 Gwei;
/// - `x` is refused together with receipts;
/// - `d` takes very much fuel together with receipts;
/// - `e` never ends.
///
/// It refuses receipts whose payload begins with `bad`, and those with `hvy` take much fuel.
const PICKY: &str = r#"(module
  (import "eth2" "loadPreStateRoot" (func $load_root (param i32)))
  (import "eth2" "savePostStateRoot" (func $save_root (param i32)))
  (import "eth2" "blockDataSize" (func $size (result i32)))
  (import "eth2" "blockDataCopy" (func $copy (param i32 i32 i32)))
  (import "eth2" "payProposer" (func $pay (param i64)))
  (import "eth2" "receiptCount" (func $count (result i32)))
  (import "eth2" "receiptCopy" (func $receipt (param i32 i32 i32) (result i32)))
  (import "state" "mode" (func $mode (result i32)))
  (import "state" "putBlockData" (func $yield (param i32 i32)))
  (memory (export "memory") 4)
  (func (export "main") (local $at i32) (local $to i32) (local $end i32) (local $n i32) (local $bytes i32) (local $i i32)
    (call $load_root (i32.const 0))
    (call $save_root (i32.const 0))
    (call $copy (i32.const 0x10000) (i32.const 0) (call $size))
    (local.set $end (i32.add (i32.const 0x10000) (call $size)))
    (local.set $at (i32.const 0x10004))
    ;; The payload, at 0x20004, after the length of an empty witness.
    (local.set $to (i32.const 0x20004))
    (if (call $mode)
      (then
        (local.set $n (i32.load (i32.const 0x10000)))
        (block $merged (loop $next
          (br_if $merged (i32.eqz (local.get $n)))
          (local.set $bytes (i32.load (local.get $at)))
          (memory.copy (local.get $to) (i32.add (local.get $at) (i32.const 4)) (local.get $bytes))
          (local.set $to (i32.add (local.get $to) (local.get $bytes)))
          (local.set $at (i32.add (local.get $at) (i32.add (local.get $bytes) (i32.const 4))))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $next)))
        (call $yield (i32.const 0x20000) (i32.sub (local.get $to) (i32.const 0x20000))))
      (else
        (memory.copy (local.get $to) (local.get $at) (i32.sub (local.get $end) (local.get $at)))
        (local.set $to (i32.add (local.get $to) (i32.sub (local.get $end) (local.get $at))))))
    (local.set $at (i32.const 0x20004))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $to)))
      (local.set $bytes (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $bytes) (i32.const 102)) (then (call $pay (i64.const 10000))))
      (if (i32.eq (local.get $bytes) (i32.const 101)) (then (loop $forever (br $forever))))
      (if (call $count) (then
        (if (i32.eq (local.get $bytes) (i32.const 120)) (then unreachable))
        (if (i32.eq (local.get $bytes) (i32.const 100)) (then (loop $forever (br $forever))))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
    (block $shown (loop $next
      (br_if $shown (i32.ge_u (local.get $i) (call $count)))
      (drop (call $receipt (local.get $i) (i32.const 0x100) (i32.const 0x1000)))
      (if (i32.eq (i32.and (i32.load (i32.const HEADER)) (i32.const 0xffffff)) (i32.const 0x646162)) (then unreachable))
      (if (i32.eq (i32.and (i32.load (i32.const HEADER)) (i32.const 0xffffff)) (i32.const 0x797668)) (then
        (local.set $n (i32.const 400000))
        (loop $burn (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br_if $burn (local.get $n)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))))"#;

/// Returns the code of the EE, and its text.
fn code() -> (Vec<u8>, String) {
    let header = 0x100 + outrider_host::RECEIVED_RECEIPT_HEADER_BYTES;
    let text = PICKY.replace("HEADER", &header.to_string());
    (wat::parse_str(&text).unwrap(), text)
}

fn parts() -> (Chain, ProviderActor<MemoryStore>) {
    let (code, text) = code();
    let chain = Ees::default().add_with(code, Bytes32::ZERO, &[(0, 1_000_000), (1, 0)], true).chain();
    (chain, ProviderActor::new(memory(load(&text)), 0, 0, []))
}

/// Returns receipts from shard 1 with these payloads, numbered from 0.
fn receipts(payloads: &[&[u8]]) -> Vec<ReceivedReceipt> {
    let receipt = |(sequence, payload): (u64, &&[u8])| ReceivedReceipt {
        source_shard: ShardIndex(1),
        sequence,
        payload: payload.to_vec(),
        ..ReceivedReceipt::default()
    };
    (0..).zip(payloads).map(receipt).collect()
}

/// Offers in a slot, when these receipts wait.
fn offer(
    chain: &Chain,
    actor: &mut ProviderActor<MemoryStore>,
    slot: u64,
    waiting: &[ReceivedReceipt],
) -> OfferOutcome {
    let mut place = chain.place(0);
    place.slot = slot;
    actor.offer(&place, waiting, LIMITS).unwrap()
}

/// Returns the packages of an offer, and the numbers of its receipts.
fn parts_of(offer: Option<&Offer>) -> (Vec<u64>, Vec<u64>) {
    let offer = offer.unwrap();
    (offer.packages.clone(), offer.receipts.iter().map(|(_, sequence)| *sequence).collect())
}

#[test]
fn there_is_an_offer_without_receipts_beside_one_with_them() {
    let (chain, mut actor) = parts();
    [b"a", b"b"].iter().for_each(|package| assert!(actor.submit(package.to_vec()).is_ok()));
    let outcome = offer(&chain, &mut actor, 8, &receipts(&[b"one", b"two"]));
    assert_eq!(parts_of(outcome.offer.as_ref()), (vec![0, 1], vec![0, 1]));
    assert_eq!(parts_of(outcome.alternative.as_ref()), (vec![0, 1], vec![]));
    let odd = offer(&chain, &mut actor, 9, &receipts(&[b"one"]));
    assert_eq!(parts_of(odd.offer.as_ref()), (vec![0, 1], vec![0]), "nothing is kept out");
    let none = offer(&chain, &mut actor, 10, &[]);
    assert_eq!(parts_of(none.offer.as_ref()), (vec![0, 1], vec![]));
    assert!(none.alternative.is_none());
}

/// Packages that the EE refuses together with receipts, and those that are too dear together with them, wait for the slots in
/// which their offer comes first; so neither stops the other.
#[test]
fn packages_and_receipts_that_do_not_go_together_take_turns() {
    for package in [b"x", b"d"] {
        let (chain, mut actor) = parts();
        assert!(actor.submit(package.to_vec()).is_ok());
        let waiting = receipts(&[b"one"]);
        for slot in [8, 10, 12] {
            let even = offer(&chain, &mut actor, slot, &waiting);
            assert_eq!(parts_of(even.offer.as_ref()), (vec![], vec![0]));
            assert_eq!(parts_of(even.alternative.as_ref()), (vec![0], vec![]));
            assert!(even.dropped.is_empty() && even.refused.is_empty() && even.left_out.is_empty());
            let odd = offer(&chain, &mut actor, slot + 1, &waiting);
            assert_eq!(parts_of(odd.offer.as_ref()), (vec![0], vec![]));
            assert_eq!(parts_of(odd.alternative.as_ref()), (vec![], vec![0]));
        }
    }
}

/// A proposer with a price for bytes leaves receipts that pay nothing, and takes the packages without them.
#[test]
fn receipts_that_do_not_pay_keep_out_no_packages() {
    const PICKY: u32 = 4;
    let (code, text) = code();
    let mut world = World::and(code);
    let mut actor = ProviderActor::new(memory(load(&text)), PICKY, 1, []);
    assert!(actor.submit(b"f".to_vec()).is_ok());
    world.step(0, &[(0, Mail::default().send(&message(1, PICKY, 0, 0, &[b'.'; 50_000])))]).unwrap();
    world.tick();
    let place = world.place(1);
    let waiting = &world.candidates(1).for_ees[&PICKY];
    let received: Vec<_> = waiting.iter().map(Waiting::received).collect();
    let OfferOutcome { offer, alternative, .. } = actor.offer(&place, &received, LIMITS).unwrap();
    let (offer, alternative) = (offer.unwrap(), alternative.unwrap());
    assert_eq!((offer.packages.len(), offer.receipts.len()), (1, 1));
    let contents = [
        Contents { inbound: world.relay.batches(waiting), payloads: vec![offer.payload] },
        Contents { inbound: Vec::new(), payloads: vec![alternative.payload] },
    ];
    let fill = |gasprice| fill(&world.executor, &place, contents.to_vec(), Vec::new(), gasprice).unwrap();
    let dear = fill(1);
    assert_eq!((dear.body.payloads.len(), dear.body.inbound.len()), (1, 0));
    assert!(dear.profit > 0 && dear.profit < 10_000, "{}", dear.profit);
    assert!(matches!(dear.left_out[..], [(0, LeftOut::Unprofitable { ee: PICKY, .. })]));
    let free = fill(0);
    assert_eq!((free.body.payloads.len(), free.body.inbound.len()), (1, 1), "of the same profit, the first");
}

/// Receipts that the EE refuses keep out no later ones, whether they are tried for the first time or again.
#[test]
fn refused_receipts_are_tried_last() {
    let (chain, mut actor) = parts();
    let all: Vec<&[u8]> = (0..40).map(|n| if n % 3 == 0 { &b"bad"[..] } else { b"good" }).collect();
    let all = receipts(&all);
    let mut waiting = Vec::new();
    for (slot, two) in (8..).zip(all.chunks(2)) {
        waiting.extend_from_slice(two);
        let outcome = offer(&chain, &mut actor, slot, &waiting);
        let (_, taken) = outcome.offer.as_ref().map_or_else(Default::default, |offer| parts_of(Some(offer)));
        waiting.retain(|receipt| !taken.contains(&receipt.sequence));
        let good: Vec<_> = waiting.iter().filter(|receipt| receipt.payload == b"good").collect();
        assert!(good.len() <= 2, "slot {slot}: {good:?} wait");
    }
}

/// However many wait, as many are offered as a block can have, after some slots.
#[test]
fn receipts_that_take_much_fuel_are_offered_by_and_by() {
    let (chain, mut actor) = parts();
    let waiting = receipts(&[b"hvy".as_slice(); 200]);
    let n = |actor: &mut _, slot| {
        offer(&chain, actor, slot, &waiting).offer.map_or(0, |offer| offer.receipts.len())
    };
    let taken: Vec<_> = (8..30).map(|slot| n(&mut actor, slot)).collect();
    let first = taken.iter().position(|taken| *taken > 0).unwrap();
    assert!(first < 8, "{taken:?}");
    assert!(taken.iter().skip(first).sum::<usize>() >= 22 - first, "{taken:?}");
}

/// Packages without end take a provider no more than the fuel of some executions in each slot, and do not stop others that are
/// not behind hundreds of them.
#[test]
fn packages_that_waste_fuel_cost_a_provider_little() {
    let (chain, mut actor) = parts();
    let endless = 40;
    (0..endless).for_each(|_| assert!(actor.submit(b"e".to_vec()).is_ok()));
    let good = actor.submit(b"good".to_vec()).unwrap();
    let mut n_dropped = 0;
    for slot in 8_u64.. {
        let outcome = offer(&chain, &mut actor, slot, &[]);
        let dropped = outcome.dropped.len();
        n_dropped += dropped;
        // A provider may spend eight times the fuel of a payload on each, and ends after sixteen times.
        assert!(dropped <= 3, "slot {slot}: {dropped}");
        if let Some(offer) = outcome.offer {
            assert_eq!((offer.packages, n_dropped), (vec![good], endless));
            break;
        }
        assert!(slot < 40, "{n_dropped}");
    }
    // One among many good ones does not make offers small for long.
    let (chain, mut actor) = parts();
    for number in 0..200 {
        assert!(actor.submit(if number % 20 == 0 { b"e".to_vec() } else { b"a".to_vec() }).is_ok());
    }
    let taken: Vec<_> = (8..14)
        .map(|slot| offer(&chain, &mut actor, slot, &[]).offer.map(|offer| offer.packages.len()))
        .collect();
    assert!(taken.iter().skip(4).all(|taken| *taken >= Some(16)), "{taken:?}");
}
