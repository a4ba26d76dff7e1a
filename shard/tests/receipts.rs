//! Receipts between EEs: who gets them, what returns, and what is refused.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/mail.rs"]
mod mail;

use mail::{Mail, World, balance, message};
use outrider_beacon::{
    ledger::{
        EeTransition, FormError, InboundError, Receipt, ReceiptKind, ShardBody, ShardPlace, WINDOW,
        apply_execution_header, error::HeaderError,
    },
    receipts::{EXPIRY_SLOTS, RETURN_SLOTS, ReceiptError},
};
use outrider_beacon_spec::hash::hash_tree_root;
use outrider_shard::executor::{Contents, ExecutorError};

/// The EEs of the tests' world, on shards 0 to 2: two that exchange receipts, one that takes none, and one that traps on
/// each.
const ANN: u32 = 0;
const BOB: u32 = 1;
const DEAF: u32 = 2;
const ALLERGIC: u32 = 3;

#[test]
fn a_message_arrives_in_the_next_slot_with_its_ether() {
    let mut world = World::new();
    let mail = Mail::default().send(&message(1, BOB, 500, 20, b"hello"));
    let sent = world.step(0, &[(ANN, mail)]).unwrap();
    assert_eq!((sent.header.transitions[0].value_out, sent.header.lanes[0].value), (520, 520));
    assert_eq!(balance(&world, 0, ANN), 1_000_000 - 520);
    world.tick();
    let got = world.step(1, &[(BOB, Mail::default())]).unwrap();
    let transition = &got.header.transitions[0];
    assert_eq!((transition.value_in, transition.balance), (500, 1_000_000));
    let settlement = &got.header.settlements[0];
    assert_eq!((settlement.value, settlement.fees), (500, 20));
    assert_eq!(balance(&world, 1, BOB), 1_000_500);
    // The EE was shown its kind, shard, EE, slot and number.
    let shown = [&[0][..], &[0; 8], &[0; 8], &[10, 0, 0, 0, 0, 0, 0, 0], &[0; 7]].concat();
    assert_eq!(world.state_root(1, BOB).as_slice(), shown);
    world.tick();
    assert!(world.waiting(1).is_empty(), "exactly once");
}

#[test]
fn a_receipt_to_the_own_shard_takes_the_same_way() {
    let mut world = World::new();
    world.step(0, &[(ANN, Mail::default().send(&message(0, BOB, 7, 0, b"")))]).unwrap();
    world.tick();
    world.step(0, &[(BOB, Mail::default())]).unwrap();
    assert_eq!([balance(&world, 0, ANN), balance(&world, 0, BOB)], [999_993, 1_000_007]);
}

#[test]
fn a_rejected_message_returns_with_its_hash_and_its_first_bytes() {
    let mut world = World::new();
    let payload: Vec<u8> = (0..100).collect();
    world.step(0, &[(ANN, Mail::default().send(&message(2, BOB, 60, 9, &payload)))]).unwrap();
    let sent = world.waiting(2)[0].clone();
    world.tick();
    let rejected = world.step(2, &[(BOB, Mail::default().reject(0))]).unwrap();
    assert_eq!(rejected.header.transitions[0].value_in, 0);
    let settlement = &rejected.header.settlements[0];
    assert!(settlement.rejected.get(0).unwrap() && !settlement.undelivered.get(0).unwrap());
    assert_eq!((settlement.value, settlement.fees), (60, 9), "the fee is spent");
    let back = world.waiting(0)[0].clone();
    let expected = Receipt {
        source_shard: 2,
        source_ee: BOB.into(),
        destination_shard: 0,
        destination_ee: ANN.into(),
        sequence: 0,
        slot: 11,
        kind: ReceiptKind::Bounced as u8,
        value: 60,
        fee: 0,
        payload: [hash_tree_root(&sent).as_slice(), &payload[..64]].concat().try_into().unwrap(),
    };
    assert_eq!(back, expected);
    world.tick();
    // A bounce cannot bounce: the ether stays with the EE.
    let trapped = world.step(0, &[(ANN, Mail::default().reject(0))]).unwrap();
    assert_eq!(trapped.header.transitions[0].value_in, 60);
    assert!(trapped.header.lanes.is_empty());
    assert_eq!(balance(&world, 0, ANN), 1_000_000 - 9);
}

#[test]
fn a_message_that_no_ee_takes_returns_without_an_execution() {
    for (ee, value) in [(DEAF, 5), (77, 6)] {
        let mut world = World::new();
        world.step(0, &[(ANN, Mail::default().send(&message(1, ee, value, 3, b"tag")))]).unwrap();
        world.tick();
        let body = world.step(1, &[]).unwrap();
        assert!(body.header.transitions.is_empty() && body.payloads.is_empty());
        let settlement = &body.header.settlements[0];
        assert!(settlement.undelivered.get(0).unwrap() && !settlement.rejected.get(0).unwrap());
        world.tick();
        world.step(0, &[(ANN, Mail::default())]).unwrap();
        assert_eq!(balance(&world, 0, ANN), 1_000_000 - 3);
    }
}

#[test]
fn a_message_expires_after_128_slots_and_returns_with_half_of_its_fee() {
    let mut world = World::new();
    world.step(0, &[(ANN, Mail::default().send(&message(1, BOB, 50, 9, b"")))]).unwrap();
    world.advance(EXPIRY_SLOTS);
    assert!(world.step_with(1, &[], &[]).is_ok(), "a block without it is valid");
    assert_eq!(world.candidates(1).for_ees[&BOB].len(), 1, "in its last slot, it is delivered");
    world.tick();
    assert!(world.candidates(1).for_ees.is_empty());
    let body = world.step(1, &[]).unwrap();
    let settlement = &body.header.settlements[0];
    assert_eq!(
        (settlement.value, settlement.fees),
        (55, 4),
        "half of the fee, rounded down, is the proposer's"
    );
    let back = &world.waiting(0)[0];
    assert_eq!((back.kind, back.value), (ReceiptKind::Expired as u8, 55));
    world.tick();
    world.step(0, &[(ANN, Mail::default())]).unwrap();
    assert_eq!(balance(&world, 0, ANN), 1_000_000 - 4);
}

#[test]
fn an_ee_that_traps_on_receipts_stops_no_shard() {
    let mut world = World::new();
    world.step(0, &[(ANN, Mail::default().send(&message(1, ALLERGIC, 50, 0, b"")))]).unwrap();
    world.tick();
    let error = world.step(1, &[(ALLERGIC, Mail::default())]).unwrap_err();
    assert!(matches!(error, ExecutorError::Execution { ee: ALLERGIC, .. }), "{error}");
    // Without its receipts it runs, and so do others.
    world.step_with(1, &[(BOB, Mail::default()), (ALLERGIC, Mail::default())], &[]).unwrap();
    world.advance(EXPIRY_SLOTS);
    world.step(1, &[]).unwrap();
    world.tick();
    world.step(0, &[(ANN, Mail::default())]).unwrap();
    assert_eq!(balance(&world, 0, ANN), 1_000_000);
}

#[test]
fn what_returns_to_an_ee_that_traps_is_credited_in_the_end() {
    let mut world = World::new();
    world.step(0, &[(ALLERGIC, Mail::default().send(&message(1, DEAF, 50, 0, b"")))]).unwrap();
    world.tick();
    world.step(1, &[]).unwrap();
    world.advance(RETURN_SLOTS);
    let batches = world.batches(0);
    let too_early = world.step_with(0, &[(BOB, Mail::default())], &batches).unwrap_err();
    let expected = ReceiptError::NoPayload { ee: ALLERGIC, source_shard: 1, sequence: 0 };
    assert_eq!(receipt_error(too_early), expected);
    world.tick();
    let body = world.step(0, &[]).unwrap();
    let transition = &body.header.transitions[0];
    assert_eq!((transition.ee, transition.value_in, transition.fuel_used), (ALLERGIC, 50, 0));
    assert!(transition.payload_root.is_zero());
    assert_eq!(balance(&world, 0, ALLERGIC), 1_000_000);
}

#[test]
fn a_block_cannot_leave_out_the_payload_of_a_receipt_or_settle_it_twice() {
    let mut world = World::new();
    world.step(0, &[(ANN, Mail::default().send(&message(1, BOB, 5, 0, b"")))]).unwrap();
    world.tick();
    let batches = world.batches(1);
    let without = world.step_with(1, &[(ANN, Mail::default())], &batches).unwrap_err();
    let no_payload = ReceiptError::NoPayload { ee: BOB, source_shard: 0, sequence: 0 };
    assert_eq!(receipt_error(without), no_payload);
    let twice = [batches[0].clone(), batches[0].clone()];
    let twice = world.step_with(1, &[(BOB, Mail::default())], &twice).unwrap_err();
    let order = ReceiptError::Order { batch: 1, got: (0, 0), previous: (0, 0) };
    assert_eq!(receipt_error(twice), order);
    world.step_with(1, &[(BOB, Mail::default())], &batches).unwrap();
    // Again in a later block: the executor proves it, and the ledger refuses it.
    world.tick();
    let again = world.try_step(1, &[(BOB, Mail::default())], &batches).unwrap_err();
    assert!(again.contains("L5") && again.contains("receipt 0"), "{again}");
}

#[test]
fn forged_batches_are_refused_each_for_its_reason() {
    let mut world = World::new();
    let mail = Mail::default().send(&message(1, BOB, 5, 0, b"a")).send(&message(1, BOB, 6, 0, b"b"));
    world.step(0, &[(ANN, mail)]).unwrap();
    world.tick();
    let batch = world.batches(1)[0].clone();
    let mut refused = |change: &dyn Fn(&mut outrider_beacon::ledger::InboundBatch)| {
        let mut batch = batch.clone();
        change(&mut batch);
        receipt_error(world.step_with(1, &[(BOB, Mail::default())], &[batch]).unwrap_err())
    };
    let proof = |error| ReceiptError::Proof { batch: 0, source_shard: 0, slot: 10, error };
    let root = batch.lane.receipts_root;
    assert_eq!(
        refused(&|batch| batch.receipts[1].value += 1),
        proof(InboundError::Receipts { expected: root })
    );
    assert_eq!(refused(&|batch| batch.start = 1), proof(InboundError::Range { got: 2, start: 1, n: 2 }));
    assert!(matches!(
        refused(&|batch| batch.lane.value += 1),
        ReceiptError::Proof { error: InboundError::Lane { .. }, .. }
    ));
    assert_eq!(
        refused(&|batch| batch.slot = 9),
        ReceiptError::NotRecent { batch: 0, source_shard: 0, slot: 9 }
    );
    assert_eq!(
        refused(&|batch| batch.source_shard = 2),
        ReceiptError::NotRecent { batch: 0, source_shard: 2, slot: 10 }
    );
    let elsewhere = world.step_with(2, &[(BOB, Mail::default())], &[batch]).unwrap_err();
    assert_eq!(receipt_error(elsewhere), proof(InboundError::Destination { got: 1, expected: 2 }));
}

#[test]
fn wrong_settlements_and_lanes_are_refused_by_name() {
    let mut world = World::new();
    world.step(0, &[(ANN, Mail::default().send(&message(1, BOB, 5, 1, b"a")))]).unwrap();
    world.tick();
    let mail = Mail::default().send(&message(2, ANN, 50, 10, b"on"));
    let right = world.body(1, &[(BOB, mail)], &world.batches(1)).unwrap();
    assert_eq!(world.check(1, &right), Ok(()));
    let refused = |change: &dyn Fn(&mut ShardBody)| {
        let mut body = right.clone();
        change(&mut body);
        world.check(1, &body).unwrap_err()
    };
    let bit = |bits: &mut ssz_types::BitList<_>| bits.set(0, true).unwrap();
    for (error, expected) in [
        (refused(&|body| bit(&mut body.header.settlements[0].rejected)), "settlement: rejected of shard 0"),
        (
            refused(&|body| bit(&mut body.header.settlements[0].undelivered)),
            "settlement: undelivered of shard 0",
        ),
        (
            refused(&|body| body.header.settlements[0].value = 6),
            "settlement: value of shard 0 is 6, expected 5",
        ),
        (
            refused(&|body| body.header.settlements[0].fees = 0),
            "settlement: fees of shard 0 is 0, expected 1",
        ),
        (refused(&|body| body.header.lanes[0].n = 2), "lane: n of shard 2 is 2, expected 1"),
        (refused(&|body| body.header.lanes[0].value = 0), "lane: value of shard 2 is 0, expected 60"),
        (refused(&|body| body.header.lanes[0].receipts_root.0[0] ^= 1), "lane: receipts_root of shard 2"),
        (refused(&|body| body.header.transitions[0].value_in = 4), "EE 1: value_in is 4, expected 5"),
        (refused(&|body| body.header.transitions[0].value_out = 4), "EE 1: value_out is 4, expected 60"),
        (refused(&|body| body.header.transitions[0].receipts_root.0[0] ^= 1), "EE 1: receipts_root"),
        (
            refused(&|body| body.header.lanes = Vec::new().try_into().unwrap()),
            "the header has 0 lanes, expected 1",
        ),
        (refused(&|body| body.inbound = Vec::new().try_into().unwrap()), "EE 1: post_state_root"),
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_captured_committee_that_lies_about_its_lane_blocks_nothing() {
    // It states less ether on the lane than the receipts bring, and one receipt with a wrong sender.
    let mut world = World::new();
    let mail = Mail::default()
        .send(&message(1, BOB, 40, 0, b"a"))
        .send(&message(1, BOB, 50, 0, b"b"))
        .send(&message(1, BOB, 10, 0, b"c"));
    let body = world.body(0, &[(ANN, mail)], &[]).unwrap();
    world.capture(0, body, |body, receipts| {
        receipts[0][2].slot = 3;
        body.header.lanes[0] = outrider_beacon::ledger::Lane::of(receipts[0].clone()).unwrap();
        body.header.lanes[0].value = 60;
        body.header.transitions[0].value_out = 60;
    });
    world.tick();
    let got = world.step(1, &[(BOB, Mail::default())]).unwrap();
    let settlement = &got.header.settlements[0];
    let bits = |bits: &ssz_types::BitList<_>| (0..3).map(|bit| bits.get(bit).unwrap()).collect::<Vec<_>>();
    assert_eq!(bits(&settlement.settled), [true; 3]);
    assert_eq!(bits(&settlement.rejected), [false, true, true], "void");
    assert_eq!(bits(&settlement.undelivered), [false, true, true], "void");
    assert_eq!((settlement.value, balance(&world, 1, BOB)), (40, 1_000_040));
    assert_eq!(world.in_flight(0, 1), 20, "nobody has the rest");
}

#[test]
fn a_proposer_settles_what_nobody_takes_and_what_pays() {
    let mut world = World::new();
    let mail = Mail::default()
        .send(&message(1, DEAF, 5, 0, b""))
        .send(&message(1, BOB, 5, 3_000, b""))
        .send(&message(1, ANN, 5, 1, b""));
    world.step(0, &[(ANN, mail)]).unwrap();
    world.tick();
    let filled = world.fill(1, &[(ANN, Mail::default()), (BOB, Mail::default())], 1);
    let ees: Vec<_> = filled.body.payloads.iter().map(|payload| payload.ee).collect();
    assert_eq!(ees, [BOB], "the fee of the other does not pay for its bytes");
    assert_eq!(filled.body.header.settlements[0].settled.num_set_bits(), 2);
    assert_eq!(world.check(1, &filled.body), Ok(()));
    let filled = world.fill(1, &[(ANN, Mail::default()), (BOB, Mail::default())], 0);
    assert_eq!(filled.body.payloads.len(), 2);
    assert_eq!(filled.body.header.settlements[0].settled.num_set_bits(), 3);
}

#[test]
fn many_large_receipts_that_nobody_takes_are_settled_over_some_blocks() {
    let mut world = World::new();
    for _ in 0..4 {
        let large = message(1, DEAF, 0, 0, &[7; 60_000]);
        let mail = (0..3).fold(Mail::default(), |mail, _| mail.send(&large));
        let mail = (0..100).fold(mail, |mail, _| mail.send(&message(1, 77, 0, 0, &[7; 1_000])));
        world.step(0, &[(ANN, mail)]).unwrap();
        world.tick();
    }
    let mut n_settled = Vec::new();
    while !world.batches(1).is_empty() {
        let filled = world.fill(1, &[], 1_000);
        n_settled.push(filled.body.header.settlements[0].settled.num_set_bits());
        assert_eq!(world.check(1, &filled.body), Ok(()));
        world.accept(1, &filled.body).unwrap();
        world.tick();
    }
    assert_eq!(n_settled.iter().sum::<usize>(), 412);
    assert!(n_settled.len() < 6, "{n_settled:?}");
}

#[test]
fn two_receipts_that_nearly_fill_the_room_for_duties_are_settled() {
    // The proof and the settlement beside them have their room, too.
    for bytes in [128_000, 129_500, 129_700, 129_780, 129_830, 130_200] {
        let mut world = World::new();
        let large = message(1, DEAF, 0, 0, &vec![7; bytes / 2]);
        let mail = Mail::default().send(&large).send(&large);
        let mail = (0..300).fold(mail, |mail, _| mail.send(&message(1, DEAF, 0, 0, &[7; 300])));
        world.step(0, &[(ANN, mail)]).unwrap();
        world.tick();
        assert_ne!(world.fill(1, &[], 1_000).body.header.settlements.len(), 0, "{bytes}");
    }
}

#[test]
fn ether_that_returns_to_more_ees_than_a_block_has_transitions_is_settled_over_some_blocks() {
    let mut world = World::of_senders(70);
    for ees in [0..35, 35..70] {
        let mail = |ee| (ee, Mail::default().send(&message(1, 0, 1, 0, b"")));
        world.step(0, &ees.map(mail).collect::<Vec<_>>()).unwrap();
        world.tick();
    }
    let filled = world.fill(1, &[], 1_000);
    assert_eq!(filled.body.header.lanes[0].n, 70, "all return in one block");
    world.accept(1, &filled.body).unwrap();
    world.tick();
    let mut n_credited = 0;
    while !world.batches(0).is_empty() {
        let filled = world.fill(0, &[], 1_000);
        assert_eq!(world.check(0, &filled.body), Ok(()));
        assert!((1..=32).contains(&filled.body.header.transitions.len()));
        n_credited += filled.body.header.transitions.len();
        world.accept(0, &filled.body).unwrap();
        world.tick();
    }
    assert_eq!(n_credited, 70);
}

#[test]
fn receipts_that_expire_together_are_settled_over_some_blocks() {
    let mut world = World::new();
    let receipt = message(1, ALLERGIC, 1, 1, &[7; 1_000]);
    let mail = (0..140).fold(Mail::default(), |mail, _| mail.send(&receipt));
    world.step(0, &[(ANN, mail)]).unwrap();
    world.advance(EXPIRY_SLOTS + 1);
    let filled = world.fill(1, &[(ALLERGIC, Mail::default())], 0);
    assert!(filled.body.header.settlements[0].settled.num_set_bits() > 100);
}

#[test]
fn receipts_of_two_ees_in_turn_keep_neither_from_running() {
    let mut world = World::new();
    let to = |n: u32| message(1, if n.is_multiple_of(2) { BOB } else { ANN }, 1, 1, b"");
    let mail = (0..130).fold(Mail::default(), |mail, n| mail.send(&to(n)));
    world.step(0, &[(ANN, mail)]).unwrap();
    world.tick();
    let filled = world.fill(1, &[(ANN, Mail::default()), (BOB, Mail::default())], 0);
    assert_eq!((filled.body.payloads.len(), filled.body.inbound.len()), (2, 32));
}

#[test]
fn offers_that_settle_far_apart_on_one_lane_do_not_make_a_block_too_large() {
    let mut world = World::new();
    // The first and the last receipt are for EEs with offers, and those between for one without.
    let large = |ee| message(1, ee, 0, 0, &[7; 60_000]);
    let mail = Mail::default().send(&large(ANN));
    let mail = (0..400).fold(mail, |mail, _| mail.send(&message(1, ALLERGIC, 0, 0, b"")));
    world.step(0, &[(ANN, mail.send(&large(BOB)))]).unwrap();
    world.tick();
    let filler = |rest: usize| {
        let mail = (0..7).fold(Mail::default(), |mail, _| mail.send(&message(2, DEAF, 0, 0, &[1; 60_000])));
        mail.send(&message(2, DEAF, 0, 0, &vec![1; rest]))
    };
    for rest in (36_500..40_500).step_by(97) {
        let filled = world.fill(1, &[(ANN, filler(38_000)), (BOB, filler(rest))], 0);
        assert!(filled.body.to_body().len() <= 1 << 20, "{rest}");
    }
}

#[test]
fn a_lane_at_the_end_of_the_numbers_is_refused() {
    use outrider_beacon::{
        ledger::{InboundBatch, Lane},
        receipts::Stated,
    };
    let batch = InboundBatch {
        lane: Lane { first: u64::MAX, n: 2, ..Lane::default() },
        receipts: vec![Receipt::default(); 2].try_into().unwrap(),
        ..InboundBatch::default()
    };
    let body = ShardBody { inbound: vec![batch].try_into().unwrap(), ..ShardBody::default() };
    let not_settled = ReceiptError::NotSettled { source_shard: 0, sequence: u64::MAX };
    assert_eq!(Stated::new(&body, 9).unwrap_err(), not_settled);
}

#[test]
fn a_transition_that_nothing_follows_from_is_an_error_of_form() {
    let world = World::new();
    let mut body = world.body(1, &[(ANN, Mail::default())], &[]).unwrap();
    let state = *world.parent.shards().get(1).unwrap().ees().get(BOB as usize).unwrap();
    let needless = EeTransition {
        ee: BOB,
        pre_state_root: state.state_root,
        post_state_root: state.state_root,
        balance: state.balance,
        ..EeTransition::default()
    };
    body.header.transitions.push(needless).unwrap();
    assert_eq!(body.check_form(), Err(FormError::Needless { ee: BOB }));
    assert!(world.check(1, &body).unwrap_err().contains("EE 1 has a transition without"));
}

/// The sequential queue: the next message leaves when the one before is settled, and what returns passes by.
#[test]
fn with_a_window_of_one_messages_arrive_in_order_and_the_first_keeps_the_others_waiting() {
    let mut world = World::with_window(1);
    let send = |ee, tag: &[u8]| Mail::default().send(&message(1, ee, 5, 0, tag));
    let two = send(BOB, b"1").send(&message(1, BOB, 5, 0, b"2"));
    let full = |got, limit| ReceiptError::LaneFull { ee: ANN, destination: 1, got, limit };
    let refused =
        |world: &World, mail: &Mail| receipt_error(world.body(0, &[(ANN, mail.clone())], &[]).unwrap_err());
    assert_eq!(refused(&world, &two), full(1, 1));
    world.step(0, &[(ANN, send(ALLERGIC, b"1"))]).unwrap();
    world.tick();
    // Other lanes are not concerned, nor is the other direction.
    world.step(1, &[(ANN, Mail::default().send(&message(0, BOB, 5, 0, b"")))]).unwrap();
    world.step(2, &[(ANN, send(BOB, b""))]).unwrap();
    assert_eq!(refused(&world, &send(BOB, b"2")), full(1, 1));
    world.tick();
    // Receipts that return on the lane pass by the head.
    let returns = world.step(0, &[(BOB, Mail::default().reject(0))]).unwrap();
    assert_eq!(returns.header.lanes[0].first, 1);
    world.advance(EXPIRY_SLOTS);
    assert_eq!(refused(&world, &send(BOB, b"2")), full(2, 1), "the head waits for an EE that traps");
    world.step(1, &[(ANN, Mail::default())]).unwrap();
    world.tick();
    world.step(0, &[(ANN, send(BOB, b"2"))]).unwrap();
    world.tick();
    let got = world.step(1, &[(BOB, Mail::default())]).unwrap();
    assert_eq!((got.header.settlements[0].source_shard, got.header.settlements[0].first), (0, 2));
}

/// The ledger sees how many receipts may return, and so that the others are messages.
#[test]
fn the_ledger_refuses_messages_beyond_the_window_and_nothing_that_returns() {
    let mut small = World::with_window(2);
    let large = World::new();
    let mail = |n: u64| (0..n).fold(Mail::default(), |mail, _| mail.send(&message(1, BOB, 5, 0, b"")));
    let body = large.body(0, &[(ANN, mail(3))], &[]).unwrap();
    let error = small.take(0, &body).unwrap_err();
    assert_eq!(error, "L7: to destination 1: messages go up to 3, but there is room for them only up to 2");
    small.take(0, &large.body(0, &[(ANN, mail(2))], &[]).unwrap()).unwrap();
    // Two messages are in flight, and two more receipts return behind them.
    let mut world = World::with_window(2);
    world.step(0, &[(ANN, mail(2))]).unwrap();
    let to_nobody = Mail::default().send(&message(0, DEAF, 5, 0, b"")).send(&message(0, DEAF, 5, 0, b""));
    world.step(1, &[(ANN, to_nobody)]).unwrap();
    world.tick();
    let returns = world.step(0, &[]).unwrap();
    assert_eq!((returns.header.lanes[0].first, returns.header.lanes[0].n), (2, 2));
    // One message behind them is one too many, for the executor and for the ledger.
    let mut world = World::with_window(2);
    world.step(0, &[(ANN, mail(2))]).unwrap();
    let to_nobody = Mail::default().send(&message(0, DEAF, 5, 0, b"")).send(&message(0, DEAF, 5, 0, b""));
    world.step(1, &[(ANN, to_nobody)]).unwrap();
    world.tick();
    let batches = world.batches(0);
    let error = receipt_error(world.body(0, &[(ANN, mail(1))], &batches).unwrap_err());
    assert_eq!(error, ReceiptError::LaneFull { ee: ANN, destination: 1, got: 4, limit: 2 });
    let mut body = world.body(0, &[], &batches).unwrap();
    body.header.lanes[0].n = 3;
    let error = world.take(0, &body).unwrap_err();
    assert_eq!(error, "L7: to destination 1: messages go up to 5, but there is room for them only up to 2");
}

/// It has no fee, so whatever bytes cost, it does not pay.
#[test]
fn what_returns_reaches_its_ee_at_any_price() {
    let mut world = World::new();
    world.step(0, &[(ANN, Mail::default().send(&message(1, DEAF, 500, 0, b"")))]).unwrap();
    world.tick();
    world.step(1, &[]).unwrap();
    world.tick();
    let filled = world.fill(0, &[(ANN, Mail::default())], 1_000);
    assert_eq!(filled.body.payloads.len(), 1);
    assert_eq!((filled.profit, filled.body.header.settlements[0].value), (0, 500));
    assert_eq!(world.check(0, &filled.body), Ok(()));
}

/// A view counts headers that can still be challenged. They make no room for what returns, so whatever becomes of them, the ledger
/// finds room.
#[test]
fn what_returns_needs_room_that_the_beacon_parent_knows() {
    let mut world = World::new();
    let to_nobody = || {
        let mail = Mail::default();
        (0..WINDOW / 2).fold(mail, |mail, _| mail.send(&message(1, DEAF, 0, 0, b"")))
    };
    // Shard 0 settles nothing that returns, so the lane to it is full after two blocks.
    for is_last in [false, false, true] {
        world.step_with(0, &[(ANN, to_nobody())], &[]).unwrap();
        world.tick();
        if !is_last {
            assert_eq!(world.step(1, &[]).unwrap().header.lanes[0].n, 512);
            world.tick();
        }
    }
    let batches = world.batches(1);
    assert!(batches.is_empty(), "a relay knows that there is no room");
    let place = world.place(1);
    let mut settled = world.clone();
    settled.step(0, &[(ANN, Mail::default())]).unwrap();
    let view = ShardPlace { view: settled.next.clone(), ..place.clone() };
    assert!(world.relay.waiting(&view).for_nobody.is_empty());
    settled.tick();
    let batches = settled.batches(1);
    let contents = Contents { inbound: batches.clone(), payloads: Vec::new() };
    let error = receipt_error(world.executor.body(&view, contents.clone()).unwrap_err());
    assert_eq!(error, ReceiptError::NoReturn { destination: 0, got: WINDOW, limit: WINDOW });
    let parent = ShardPlace { beacon_parent: view.view.clone(), ..view };
    assert_eq!(world.executor.body(&parent, contents).unwrap().header.lanes[0].n, 512);
}

/// A shard that was not crosslinked for 256 slots cannot send: nobody could prove the receipts, and the lane would stay full.
#[test]
fn a_header_that_counts_too_late_to_be_proven_sends_nothing() {
    let world = World::new();
    let body = world.body(0, &[(ANN, Mail::default().send(&message(1, BOB, 5, 1, b"")))], &[]).unwrap();
    let silent = world.body(0, &[(ANN, Mail::default())], &[]).unwrap();
    let accept = |body: &ShardBody, slot: u64| {
        let mut ledger = world.parent.clone();
        ledger.advance(slot).unwrap();
        apply_execution_header(&mut ledger, (0, world.slot), &body.header, 1, &world.settings).map(|_| ledger)
    };
    let last = accept(&body, world.slot + 255).unwrap();
    assert_eq!(last.recent_execution_root(0, world.slot), Some(hash_tree_root(&body.header)));
    let late = HeaderError::LanesLate { sent: world.slot, counted: world.slot + 256 };
    assert_eq!(accept(&body, world.slot + 256).unwrap_err(), late);
    assert!(accept(&silent, world.slot + 256).is_ok());
}

fn receipt_error(error: ExecutorError) -> ReceiptError {
    match error {
        ExecutorError::Receipts(error) => error,
        other => panic!("{other}"),
    }
}
