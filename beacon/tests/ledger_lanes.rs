//! The ledger's checks of execution headers that are about receipts, one by one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::headers::{apply, bits, lane, sending, sent, settlement, settling};
use outrider_beacon::ledger::{
    BEACON_CHAIN, Lane, Ledger, Settings, Settlement, apply_execution_header, error::HeaderError, lane_index,
};

#[track_caller]
fn settle_refused(settlement: Settlement, value_in: u64, expected: HeaderError) {
    let mut ledger = sent();
    let header = settling(&ledger, 1, settlement, value_in);
    assert_eq!(apply(&mut ledger, 1, header), Err(expected));
}

#[test]
fn l4_only_rejected_ether_bounces() {
    let mut ledger = sent();
    let rejected = Settlement { rejected: bits(3, &[2]), ..settlement(0, 0, 3, &[0, 1, 2], 100) };
    let mut header = settling(&ledger, 1, rejected, 60);
    let lost = HeaderError::Sums { settled: 100, value_in: 60, sent: 0, value_out: 0 };
    assert_eq!(apply(&mut ledger, 1, header.clone()), Err(lost));
    header.lanes.push(lane(0, 0, 1, 40)).unwrap();
    let mut unmarked = header.clone();
    unmarked.settlements[0].rejected = bits(3, &[]);
    assert_eq!(apply(&mut ledger, 1, unmarked), Err(HeaderError::Bounce { got: 40 }));
    apply(&mut ledger, 1, header).unwrap();
    let back = ledger.shards().get(1).unwrap().outbound().get(lane_index(0) as usize).unwrap();
    assert_eq!((back.next, back.in_flight), (1, 40));
}

#[test]
fn l5_receipts_are_settled_once_in_any_order() {
    let mut ledger = sent();
    let header = settling(&ledger, 1, settlement(0, 1, 2, &[1], 60), 60);
    apply(&mut ledger, 1, header).unwrap();
    let inbound = |ledger: &Ledger| {
        ledger.shards().get(1).unwrap().inbound().get(lane_index(0) as usize).unwrap().clone()
    };
    assert_eq!(inbound(&ledger).next, 0);
    let again = settling(&ledger, 1, settlement(0, 2, 1, &[0], 1), 1);
    let expected = HeaderError::AlreadySettled { source_shard: 0, sequence: 2 };
    assert_eq!(apply(&mut ledger, 1, again), Err(expected));
    let rest = settling(&ledger, 1, settlement(0, 0, 2, &[0, 1], 40), 40);
    apply(&mut ledger, 1, rest).unwrap();
    assert_eq!((inbound(&ledger).next, inbound(&ledger).settled.is_zero()), (3, true));
    assert_eq!(ledger.distribution().in_flight, 0);
    let late = settling(&ledger, 1, settlement(0, 2, 1, &[0], 0), 0);
    let expected = HeaderError::Sequence { source_shard: 0, got: 2, first: 3, end: 1027 };
    assert_eq!(apply(&mut ledger, 1, late), Err(expected));
}

#[test]
fn l5_unsent_receipts_are_not_settled() {
    settle_refused(
        settlement(0, 3, 1, &[0], 0),
        0,
        HeaderError::NotSent { source_shard: 0, got: 3, next: 3 },
    );
    let beyond = HeaderError::Sequence { source_shard: 0, got: 1024, first: 0, end: 1024 };
    settle_refused(settlement(0, 1024, 1, &[0], 0), 0, beyond);
    settle_refused(settlement(2, 0, 1, &[0], 0), 0, HeaderError::SourceShard { got: 2 });
    let nothing_sent = HeaderError::NotSent { source_shard: BEACON_CHAIN, got: 0, next: 0 };
    settle_refused(settlement(BEACON_CHAIN, 0, 1, &[0], 0), 0, nothing_sent);
    settle_refused(settlement(0, 0, 3, &[], 0), 0, HeaderError::SettlementEmpty { source_shard: 0 });
    let uneven = Settlement { rejected: bits(2, &[]), ..settlement(0, 0, 1, &[0], 0) };
    let expected = HeaderError::SettlementBits { source_shard: 0, settled: 1, rejected: 2, undelivered: 1 };
    settle_refused(uneven, 0, expected);
    let other = Settlement { rejected: bits(2, &[1]), ..settlement(0, 0, 2, &[0], 0) };
    settle_refused(other, 0, HeaderError::NotSettled { source_shard: 0, sequence: 1 });

    // A void receipt: it takes nothing from the lane.
    let mut ledger = sent();
    let void =
        Settlement { rejected: bits(1, &[0]), undelivered: bits(1, &[0]), ..settlement(0, 0, 1, &[0], 0) };
    let header = settling(&ledger, 1, void, 0);
    apply(&mut ledger, 1, header).unwrap();

    let mut ledger = sent();
    let mut header = settling(&ledger, 1, settlement(0, 0, 1, &[0], 0), 0);
    header.settlements.push(settlement(0, 1, 1, &[0], 0)).unwrap();
    assert_eq!(apply(&mut ledger, 1, header), Err(HeaderError::SettlementOrder { got: 0, previous: 0 }));
}

#[test]
fn l6_no_more_is_taken_than_is_in_flight() {
    let too_much = HeaderError::InFlight { source_shard: 0, got: 101, available: 100 };
    settle_refused(settlement(0, 0, 3, &[0, 1, 2], 101), 101, too_much.clone());
    settle_refused(Settlement { fees: 1, ..settlement(0, 0, 3, &[0, 1, 2], 100) }, 100, too_much);
    let mut ledger = sent();
    let with_fees = Settlement { fees: 30, ..settlement(0, 0, 3, &[0, 1, 2], 70) };
    let header = settling(&ledger, 1, with_fees, 70);
    assert_eq!(apply(&mut ledger, 1, header), Ok(30), "fees go to the proposer");
}

#[test]
fn l7_lanes_continue_where_they_ended_while_there_is_room() {
    let mut ledger = sent();
    let mut check = |lane: Lane, expected: Result<u64, HeaderError>| {
        let header = sending(&ledger, 0, lane);
        assert_eq!(apply(&mut ledger, 0, header), expected);
    };
    check(lane(1, 4, 1, 0), Err(HeaderError::LaneFirst { destination: 1, got: 4, expected: 3 }));
    check(lane(1, 3, 0, 0), Err(HeaderError::LaneEmpty { destination: 1 }));
    check(lane(2, 0, 1, 0), Err(HeaderError::DestinationShard { got: 2 }));
    check(lane(BEACON_CHAIN, 0, 1, 0), Err(HeaderError::DestinationShard { got: BEACON_CHAIN }));
    check(lane(1, 3, 1_022, 0), Err(HeaderError::LaneFull { destination: 1, got: 1_025, limit: 1_024 }));
    // Nothing returns, so these are messages, which have half of the window.
    check(lane(1, 3, 1_021, 0), Err(HeaderError::WindowFull { destination: 1, got: 1_024, limit: 512 }));
    check(lane(1, 3, 510, 0), Err(HeaderError::WindowFull { destination: 1, got: 513, limit: 512 }));
    check(lane(1, 3, 509, 0), Ok(0));
    check(lane(1, 512, 1, 0), Err(HeaderError::WindowFull { destination: 1, got: 513, limit: 512 }));
    let header = settling(&ledger, 1, settlement(0, 0, 1, &[0], 0), 0);
    apply(&mut ledger, 1, header).unwrap();
    let mut header = sending(&ledger, 0, lane(1, 512, 1, 0));
    apply(&mut ledger, 0, header.clone()).unwrap();
    header = sending(&ledger, 0, lane(1, 513, 1, 0));
    header.lanes.push(lane(0, 0, 1, 0)).unwrap();
    assert_eq!(
        apply(&mut ledger, 0, header),
        Err(HeaderError::WindowFull { destination: 1, got: 514, limit: 513 })
    );
    let mut header = sending(&ledger, 0, lane(0, 0, 1, 0));
    header.lanes.push(lane(0, 1, 1, 0)).unwrap();
    assert_eq!(apply(&mut ledger, 0, header), Err(HeaderError::LaneOrder { got: 0, previous: 0 }));
}

/// Receipts that may return have the whole window, and with a window of one message a second one waits.
#[test]
fn l7_only_messages_are_bound_by_the_setting() {
    let settings = Settings { window: 1, ..Settings::default() };
    let (mut ledger, before) = (sent(), sent());
    let mut apply = |header| apply_execution_header(&mut ledger, (1, 1), &header, 0, &settings);
    let full = |got| Err(HeaderError::WindowFull { destination: 0, got, limit: 1 });
    assert_eq!(apply(sending(&before, 1, lane(0, 0, 2, 0))), full(2));
    let refused = Settlement { undelivered: bits(3, &[0, 2]), ..settlement(0, 0, 3, &[0, 1, 2], 0) };
    let mut returning = settling(&before, 1, refused, 0);
    returning.lanes.push(lane(0, 0, 3, 0)).unwrap();
    assert_eq!(apply(returning.clone()), full(3), "the third is a message");
    returning.lanes[0].n = 2;
    assert_eq!(apply(returning), Ok(0));
}
