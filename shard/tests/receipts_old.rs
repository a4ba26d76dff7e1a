//! Receipts that the beacon parent does not know any more are proven by its history, and are lost in the end.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/mail.rs"]
mod mail;
#[path = "support/past.rs"]
mod past;

use mail::{Mail, World, balance, message};
use outrider_beacon::{
    ledger::{
        BatchHistory, InboundBatch, InboundError, MESSAGES_MAX, Receipt, ReceiptKind, history::lost_slots,
    },
    proof::{Layout, ProofError},
    receipts::{ReceiptError, Stated},
};
use outrider_beacon_spec::types::Root;
use outrider_shard::executor::ExecutorError;
use past::Past;

const ANN: u32 = 0;
const BOB: u32 = 1;

/// The slots of the preset's `block_roots`, after the 255 for which the older block knows a receipt.
const PROVEN_SLOTS: u64 = 255 + 512;

fn receipt_error(error: ExecutorError) -> ReceiptError {
    match error {
        ExecutorError::Receipts(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_in_flight_to_a_silent_shard_returns_however_late_in_767_slots() {
    let mut world = World::new();
    let mut past = Past::new(&mut world);
    world.step(0, &[(ANN, Mail::default().send(&message(1, BOB, 500, 20, b"hello")))]).unwrap();
    past.advance(&mut world, 256, 3);
    assert!(world.batches(1).is_empty(), "the ledger of the beacon parent does not know it any more");
    // Shard 1 is silent until the last slot in which the receipt can be proven.
    past.advance(&mut world, PROVEN_SLOTS - 256, 3);
    let batches = past.batches(&world, 1);
    assert_eq!(batches.len(), 1);
    let history = batches[0].history.first().unwrap();
    assert_eq!(
        (history.older_branch.len(), history.branch.len()),
        (17, 33),
        "512 slots need four hashes less"
    );
    let body = world.step_with(1, &[], &batches).unwrap();
    let settlement = &body.header.settlements[0];
    assert_eq!((settlement.value, settlement.fees), (510, 10), "it has expired");
    assert_eq!(world.in_flight(0, 1), 0);
    // Ether that returns to a silent shard is credited.
    past.advance(&mut world, 300, 7);
    let batches = past.batches(&world, 0);
    let returning = &batches[0].receipts[0];
    assert_eq!((returning.kind, returning.slot), (ReceiptKind::Expired as u8, 10 + PROVEN_SLOTS));
    world.step_with(0, &[], &batches).unwrap();
    assert_eq!(balance(&world, 0, ANN), 1_000_000 - 10);
    past.advance(&mut world, 1, 1);
    assert!(past.batches(&world, 0).is_empty(), "exactly once");
}

#[test]
fn beyond_that_nothing_proves_it() {
    let mut world = World::new();
    let mut past = Past::new(&mut world);
    world.step(0, &[(ANN, Mail::default().send(&message(1, BOB, 500, 20, b"")))]).unwrap();
    past.advance(&mut world, PROVEN_SLOTS, 4);
    let batches = past.batches(&world, 1);
    assert_eq!(batches.len(), 1);
    past.advance(&mut world, 1, 1);
    assert!(past.batches(&world, 1).is_empty());
    let late = receipt_error(world.step_with(1, &[], &batches).unwrap_err());
    let ReceiptError::Proof { error: InboundError::History { .. }, .. } = late else { panic!("{late}") };
}

#[test]
fn a_history_has_one_form_and_every_change_of_it_is_refused() {
    let mut world = World::new();
    let mut past = Past::new(&mut world);
    world.step(0, &[(ANN, Mail::default().send(&message(1, BOB, 500, 20, b"")))]).unwrap();
    past.advance(&mut world, 300, 3);
    let right = past.batches(&world, 1).remove(0);
    let mut refused = |change: &dyn Fn(&mut InboundBatch)| {
        let mut batch = right.clone();
        change(&mut batch);
        receipt_error(world.step_with(1, &[(BOB, Mail::default())], &[batch]).unwrap_err())
    };
    let proof = |error| ReceiptError::Proof { batch: 0, source_shard: 0, slot: 10, error };
    let history = |error| proof(InboundError::History { error });
    let changes: [&dyn Fn(&mut InboundBatch); 8] = [
        &|batch| batch.history[0].parent_slot += 1,
        &|batch| batch.history[0].older_root.0[3] ^= 1,
        &|batch| batch.history[0].older_branch[0].0[0] ^= 1,
        &|batch| batch.history[0].older_branch[15].0[31] ^= 1,
        &|batch| batch.history[0].older_slot -= 1,
        &|batch| batch.history[0].execution_root.0[31] ^= 1,
        &|batch| batch.history[0].branch[0].0[0] ^= 1,
        &|batch| batch.history[0].branch[32].0[0] ^= 1,
    ];
    for change in changes {
        assert_eq!(refused(change), history(ProofError::Root));
    }
    let got = refused(&|batch| batch.history[0].branch.push(Root::ZERO).unwrap());
    assert_eq!(got, history(ProofError::Siblings { got: 34, expected: 33 }));
    let without = refused(&|batch| batch.history = Vec::new().try_into().unwrap());
    assert_eq!(without, ReceiptError::NotRecent { batch: 0, source_shard: 0, slot: 10 });
    assert!(matches!(
        refused(&|batch| batch.lane.n += 1),
        ReceiptError::Proof { error: InboundError::Lane { .. }, .. }
    ));
    // Numbers at their limits are refused like others.
    for slot in [0, 9, 11, 266, u64::MAX] {
        let got = refused(&|batch| batch.slot = slot);
        assert!(matches!(got, ReceiptError::Proof { error: InboundError::History { .. }, .. }), "{got}");
    }
    world.step_with(1, &[], &[right]).unwrap();
}

#[test]
fn a_receipt_that_the_beacon_parent_knows_takes_no_history() {
    let mut world = World::new();
    let mut past = Past::new(&mut world);
    world.step(0, &[(ANN, Mail::default().send(&message(1, BOB, 500, 20, b"")))]).unwrap();
    past.advance(&mut world, 300, 3);
    world.step(2, &[(ANN, Mail::default().send(&message(1, BOB, 5, 0, b"")))]).unwrap();
    past.advance(&mut world, 5, 1);
    let mut batch = past.batches(&world, 1).remove(1);
    assert!(batch.history.is_empty() && batch.source_shard == 2);
    // The place of its older block is that of slot 53.
    let shared = past.earlier(53).unwrap();
    batch.history.push(BatchHistory::new(&shared, &shared).unwrap()).unwrap();
    let got = receipt_error(world.step_with(1, &[(BOB, Mail::default())], &[batch]).unwrap_err());
    let error = ProofError::SlotNotRecent { got: 310 + 255, latest: 315, n_slots: 512 };
    let error = InboundError::History { error };
    assert_eq!(got, ReceiptError::Proof { batch: 0, source_shard: 2, slot: 310, error });
}

#[test]
fn a_relay_forgets_what_is_settled_and_what_nobody_can_prove() {
    let mut world = World::new();
    let mut past = Past::new(&mut world);
    let layout = world.place(1).layout;
    let to = |shard| Mail::default().send(&message(shard, BOB, 500, 20, b""));
    world.step(0, &[(ANN, to(1))]).unwrap();
    past.advance(&mut world, 1, 1);
    // Shard 1 settles the first one, and shard 2 is silent.
    world.step(0, &[(ANN, to(2))]).unwrap();
    world.step(1, &[(BOB, Mail::default())]).unwrap();
    let mut after = |slots, n_known, n_batches| {
        past.advance(&mut world, slots, 3);
        let finalized = world.parent.clone();
        world.relay.forget_settled(&finalized, layout);
        assert_eq!((world.relay.len(), past.batches(&world, 2).len()), (n_known, n_batches), "{slots}");
    };
    after(255, 3, 1);
    after(2, 1, 1);
    after(PROVEN_SLOTS - 257, 1, 1);
    after(1, 1, 0);
    after(1, 0, 0);
}

/// Has a captured committee of shard 0 sign the root of three receipts for shard 1 that nobody has. Then the lane takes
/// messages until its window is full, and shard 1 settles all of these.
fn blocked_lane() -> (World, Past) {
    let mut world = World::new();
    let mut past = Past::new(&mut world);
    let mail = (0..3).fold(Mail::default(), |mail, _| mail.send(&message(1, BOB, 20, 0, b"")));
    let body = world.body(0, &[(ANN, mail)], &[]).unwrap();
    world.withhold(0, body, |body| body.header.lanes[0].receipts_root = Root::repeat_byte(9));
    let sent = message(1, BOB, 1, 0, b"");
    for n in [300, MESSAGES_MAX - 303] {
        past.advance(&mut world, 1, 1);
        let mail = (0..n).fold(Mail::default(), |mail, _| mail.send(&sent));
        world.step(0, &[(ANN, mail)]).unwrap();
        past.advance(&mut world, 1, 1);
        world.step(1, &[(BOB, Mail::default())]).unwrap();
    }
    past.advance(&mut world, 1, 1);
    (world, past)
}

#[test]
fn receipts_that_nobody_has_block_their_lane_until_they_are_lost() {
    let (mut world, mut past) = blocked_lane();
    let send = Mail::default().send(&message(1, BOB, 1, 0, b""));
    let is_full = |world: &World| {
        let error = receipt_error(world.body(0, &[(ANN, send.clone())], &[]).unwrap_err());
        let expected =
            ReceiptError::LaneFull { ee: ANN, destination: 1, got: MESSAGES_MAX, limit: MESSAGES_MAX };
        assert_eq!(error, expected);
    };
    is_full(&world);
    let lost = lost_slots(world.place(1).layout);
    assert_eq!(lost, 640);
    let left = 10 + lost - world.slot;
    past.advance(&mut world, left, 5);
    is_full(&world);
    assert!(past.batches(&world, 1).is_empty(), "not yet");
    past.advance(&mut world, 1, 1);
    let batches = past.batches(&world, 1);
    let [batch] = &batches[..] else { panic!("{batches:?}") };
    assert_eq!((batch.n_lost, batch.start, batch.receipts.len()), (3, 0, 0));
    let body = world.step_with(1, &[], &batches).unwrap();
    let settlement = &body.header.settlements[0];
    let bits = [&settlement.settled, &settlement.rejected, &settlement.undelivered];
    assert!(bits.iter().all(|bits| bits.len() == 3 && bits.num_set_bits() == 3), "as void ones");
    assert_eq!((settlement.value, settlement.fees), (0, 0));
    past.advance(&mut world, 1, 1);
    assert_eq!(world.in_flight(0, 1), 60, "nobody has the ether");
    assert_eq!(world.next.distribution().in_flight, 60, "and it is counted");
    assert!(past.batches(&world, 1).is_empty(), "once");
    let again = world.clone().try_step(1, &[], &batches).unwrap_err();
    assert!(again.contains("not proven"), "the proof is from the root of another block: {again}");
    world.step(0, &[(ANN, send)]).unwrap();
    past.advance(&mut world, 1, 1);
    assert_eq!(world.step(1, &[(BOB, Mail::default())]).unwrap().header.settlements[0].first, MESSAGES_MAX);
}

#[test]
fn what_is_not_lost_is_not_settled_as_lost() {
    let (mut world, mut past) = blocked_lane();
    past.advance(&mut world, 650, 5);
    let right = past.batches(&world, 1).remove(0);
    let refused = |batch: InboundBatch| receipt_error(world.body(1, &[], &[batch]).unwrap_err());
    let range = |got, start| InboundError::Range { got, start, n: 3 };
    let proof = |error| ReceiptError::Proof { batch: 0, source_shard: 0, slot: 10, error };
    for (n_lost, start, error) in [
        (4, 0, range(4, 0)),
        (1, 3, range(1, 3)),
        (0, 0, range(0, 0)),
        (u64::MAX, 0, range(u64::MAX, 0)),
        (u64::MAX, u64::MAX, range(u64::MAX, u64::MAX)),
    ] {
        assert_eq!(refused(InboundBatch { n_lost, start, ..right.clone() }), proof(error));
    }
    let receipts = vec![Receipt::default()].try_into().unwrap();
    assert_eq!(refused(InboundBatch { receipts, n_lost: 1, ..right.clone() }), proof(range(2, 0)));
    let branch = vec![Root::ZERO].try_into().unwrap();
    let expected = Root::repeat_byte(9);
    assert_eq!(refused(InboundBatch { branch, ..right.clone() }), proof(InboundError::Receipts { expected }));
    // A later receipt is not lost, whether the beacon parent knows it or not.
    for slot in [world.slot - lost_slots(world.place(1).layout), world.slot, u64::MAX] {
        let error = InboundError::NotLost { got: world.slot, sent: slot, first: slot.saturating_add(641) };
        let refused = refused(InboundBatch { slot, ..right.clone() });
        assert_eq!(refused, ReceiptError::Proof { batch: 0, source_shard: 0, slot, error });
    }
    // One of the three by itself is lost, too.
    let one = InboundBatch { start: 1, n_lost: 1, ..right };
    let body = world.step_with(1, &[], &[one]).unwrap();
    assert_eq!((body.header.settlements[0].first, body.header.settlements[0].settled.len()), (1, 1));
}

/// A judge takes the numbers of a batch from the batch.
#[test]
fn batches_whose_numbers_are_at_their_limits_are_refused() {
    let (world, mut past) = blocked_lane();
    let mut world = world;
    past.advance(&mut world, 650, 5);
    let batches = past.batches(&world, 1);
    let right = world.body(1, &[], &batches).unwrap();
    let slot = world.slot;
    assert!(Stated::new(&right, slot).is_ok());
    for (first, n_lost) in [(u64::MAX, 3), (0, u64::MAX), (u64::MAX - 1, u64::MAX), (0, 4), (1, 3)] {
        let mut body = right.clone();
        (body.inbound[0].lane.first, body.inbound[0].n_lost) = (first, n_lost);
        assert!(
            matches!(Stated::new(&body, slot), Err(ReceiptError::NotSettled { .. })),
            "{first}, {n_lost}"
        );
    }
    let mut body = right;
    body.inbound[0] =
        InboundBatch { receipts: vec![Receipt::default()].try_into().unwrap(), ..InboundBatch::default() };
    body.inbound[0].lane.first = u64::MAX;
    body.header.settlements[0].first = u64::MAX;
    assert!(Stated::new(&body, slot).is_err());
    // Void instead of lost is the same, but nothing else is.
    for bits in [[false, true], [true, false], [false, false]] {
        let mut body = world.body(1, &[], &batches).unwrap();
        let settlement = &mut body.header.settlements[0];
        settlement.rejected.set(1, bits[0]).unwrap();
        settlement.undelivered.set(1, bits[1]).unwrap();
        let expected = ReceiptError::NotSettled { source_shard: 0, sequence: 1 };
        assert_eq!(Stated::new(&body, slot).unwrap_err(), expected);
    }
}

#[test]
fn an_honest_receipt_has_6_200_slots_before_it_is_lost() {
    assert_eq!(lost_slots(Layout::MAINNET), 6_400);
    assert_eq!(lost_slots(Layout::MINIMAL), 304, "later than what returns is credited without an execution");
}
