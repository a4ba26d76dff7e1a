//! Styles whose steps read the state of another shard in the slot in which it is made: the block assumes its root, and counts only
//! if that comes true. So each such step takes a slot less than in the tests of all styles.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/mail.rs"]
mod mail;
#[path = "support/market.rs"]
mod market;

use market::{EE, Market, TOTAL, on, user};
use outrider_beacon::ledger::RootRead;
use outrider_sdk::{receipt::Slot, styles::transfer::Object};
use styles::{Good, Operation, Reservation};

/// Returns a market in which blocks read what others of the same slot have made.
fn market() -> Market {
    let mut market = Market::new();
    market.assumes = true;
    market
}

/// Checks that the latest block assumes what these shards have made in this slot.
#[track_caller]
fn check_assumed(market: &Market, shards: &[u64]) {
    let read =
        |shard: &u64| RootRead { shard: *shard, ee: EE, state_root: market.world.state_root(*shard, EE) };
    assert_eq!(market.assumed, shards.iter().map(read).collect::<Vec<_>>());
}

#[test]
fn a_transfer_object_arrives_in_the_slot_in_which_it_is_offered() {
    let mut market = market();
    let content = [&user(3).0[..], &50_u64.to_le_bytes()].concat();
    let object =
        || Object { from: on(0), to: on(1), number: 0, deadline: Slot(20), content: content.clone() };
    market.block(0, &[Operation::Offer { user: user(1), object: object() }]).unwrap();
    check_assumed(&market, &[]);
    let witness = market.proof(0, &[object().offered()]);
    market.block(1, &[Operation::Take { object: object(), witness }]).unwrap();
    check_assumed(&market, &[0]);
    assert_eq!(market.measured("transfer objects, by assumption").0, 0);
    assert_eq!(market.units(1, user(3)), (1050, true));
    assert_eq!(market.total(), TOTAL);
}

/// The good is reserved and paid in one slot, and its own shard has its next block in the next one.
#[test]
fn capabilities_buy_after_one_slot() {
    let mut market = market();
    let since = market.slot();
    let reservation = Reservation {
        since,
        deadline: Slot(since.0 + 3),
        at: on(1),
        home: on(0),
        good: 0,
        user: user(1),
        amount: 100,
    };
    market.block(1, &[Operation::Reserve(reservation)]).unwrap();
    let witness = market.proof(1, &[reservation.reserved()]);
    market.block(0, &[Operation::Pay { reservation, witness }]).unwrap();
    check_assumed(&market, &[1]);
    market.tick(1);
    let witness = market.proof(0, &[reservation.paid()]);
    market.block(1, &[Operation::Settle { reservation, witness }]).unwrap();
    check_assumed(&market, &[]);
    assert_eq!(market.measured("capabilities, by assumption").0, 1);
    assert_eq!(market.good(1, 0).1, (Good { owner: user(1), till: 100 }, false));
    assert_eq!(market.total(), TOTAL);
}
