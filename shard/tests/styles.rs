//! The styles of the SDK on four shards, by the blob that uses them all: slots until a good on another shard is bought, bytes
//! of the shard blocks in them, and what becomes of a purchase that fails.
//!
//! `--nocapture` prints the figures. The slots are those of the design, and each test says where they are not. Bytes have a
//! bound only; they depend on the encoding of witnesses.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/mail.rs"]
mod mail;
#[path = "support/market.rs"]
mod market;

use market::{Market, TOTAL, contract, on, user};
use outrider_beacon::ledger::RootRead;
use outrider_sdk::{
    crypto,
    receipt::{ReceivedReceipt, Slot},
    styles::{htlc::Swap, lock::Transaction, transfer::Object},
};
use outrider_shard::provider::{PayloadLimits, ProviderActor};
use outrider_witness::store::MemoryStore;
use styles::{Good, Operation, Reservation};

fn sold(n: u8, till: u64) -> Good {
    Good { owner: user(n), till }
}

fn buy(is_final: bool, n: u8, good: u64) -> Operation {
    Operation::Buy { is_final, user: user(n), amount: 100, at: on(1), good }
}

#[test]
fn a_receipt_buys_after_one_slot_and_returns_the_units_of_a_late_buyer() {
    let mut market = Market::new();
    market.block(0, &[buy(false, 1, 0), buy(false, 2, 0)]).unwrap();
    market.tick(1);
    market.block(1, &[]).unwrap();
    assert_eq!(market.good(1, 0).0, sold(1, 100));
    let (slots, bytes) = market.measured("receipts");
    assert_eq!(slots, 1);
    assert!(bytes < 8_000, "{bytes}");
    // User 2's bounces: one slot back.
    market.tick(1);
    assert_eq!(market.units(0, user(2)), (900, true));
    market.block(0, &[]).unwrap();
    assert_eq!([1, 2].map(|n| market.units(0, user(n)).0), [900, 1000]);
    assert_eq!(market.total(), TOTAL);
}

/// Finality follows the first slot of the epoch of 8 slots before the last one, so a receipt of slot 11 is final in slot 32.
#[test]
fn a_final_receipt_buys_after_finality_and_not_before() {
    let mut market = Market::new();
    market.block(0, &[buy(true, 1, 0)]).unwrap();
    let is_final = |finalized| move |received: &ReceivedReceipt| received.slot.0 <= finalized;
    while market.good(1, 0).0 == Good::default() {
        market.tick(1);
        market.world.finalized_slot = (market.world.slot / 8).saturating_sub(2) * 8;
        let finalized = market.world.finalized_slot;
        if market.world.slot == 31 {
            // A block that brings it is refused: the EE does not settle it too early.
            let error = market.block(1, &[]).unwrap_err();
            assert!(error.contains("a receipt of slot 11 is not final: slot 8 is"), "{error}");
        }
        market.block_with(1, &[], is_final(finalized)).unwrap();
    }
    let (slots, bytes) = market.measured("finalized");
    assert_eq!(slots, 21, "of 16 to 24");
    assert!(bytes < 30_000, "21 blocks: {bytes}");
    assert_eq!((market.good(1, 0).0, market.total()), (sold(1, 100), TOTAL));
}

const LIMITS: PayloadLimits = PayloadLimits {
    bytes_max: 1 << 19,
    fuel_max: 10_000_000,
    deposit_amount_min: 1_000_000_000,
    window: 512,
};

/// Returns the slots in which a provider first offers a receipt of slot 9, which is final from slot 14 on.
fn first_offer(mut actor: ProviderActor<MemoryStore>) -> u64 {
    let mut world = Market::closed().world;
    let payload = [&[3][..], &user(1).0, &100_u64.to_le_bytes(), &0_u64.to_le_bytes()].concat();
    let receipt = ReceivedReceipt { slot: Slot(9), payload, ..ReceivedReceipt::default() };
    while world.slot < 40 {
        world.finalized_slot = if world.slot < 14 { 8 } else { 9 };
        let outcome = actor.offer(&world.place(1), std::slice::from_ref(&receipt), LIMITS).unwrap();
        if let Some(offer) = outcome.offer {
            assert_eq!(offer.receipts, [(0, 0)]);
            return world.slot;
        }
        world.tick();
    }
    panic!("the provider never offers it")
}

/// One that does not know the rule tries in the slots 10, 11, 13 and 17.
#[test]
fn a_provider_offers_a_receipt_when_it_is_final() {
    let actor = || ProviderActor::new(market::provider(), market::EE, 1, []);
    assert_eq!(first_offer(actor().with_finalized_receipts()), 14);
    assert_eq!(first_offer(actor()), 17);
}

#[test]
fn a_provider_reads_the_latest_roots_on_the_other_shards_that_it_is_told() {
    let world = Market::closed().world;
    let mut actor = ProviderActor::new(market::provider(), market::EE, 1, []).with_reads([0, 1, 2, 9]);
    actor.submit(Operation::Mint { user: user(1), amount: 7 }.to_bytes()).unwrap();
    let offer = actor.offer(&world.place(1), &[], LIMITS).unwrap().offer.unwrap();
    let read = |shard| RootRead { shard, ee: market::EE, state_root: world.state_root(shard, market::EE) };
    assert_eq!(offer.payload.reads.to_vec(), [0, 2].map(read));
}

fn object(number: u64, deadline: u64) -> Object {
    let content = [&user(3).0[..], &50_u64.to_le_bytes()].concat();
    Object { from: on(0), to: on(1), number, deadline: Slot(deadline), content }
}

#[test]
fn a_transfer_object_arrives_after_one_slot_and_is_cleaned_up_after_three() {
    let mut market = Market::new();
    let object = object(0, 20);
    let both = [object.offered(), object.taken()];
    let clone = || object.clone();
    market.block(0, &[Operation::Offer { user: user(1), object: clone() }]).unwrap();
    market.tick(1);
    let witness = market.proof(0, &both[..1]);
    market.block(1, &[Operation::Take { object: clone(), witness: witness.clone() }]).unwrap();
    assert_eq!(market.units(1, user(3)), (1050, true));
    assert_eq!(market.measured("transfer objects, until use").0, 1);
    market.tick(1);
    let again = market.block(1, &[Operation::Take { object: clone(), witness }]).unwrap_err();
    assert!(again.contains("object 0 was taken before"), "{again}");
    let witness = market.proof(1, &both[1..]);
    market.block(0, &[Operation::Withdraw { object: clone(), witness }]).unwrap();
    market.tick(1);
    let witness = market.proof(0, &both[..1]);
    market.block(1, &[Operation::Clean { object: clone(), witness }]).unwrap();
    assert_eq!(market.measured("transfer objects, with clean-up").0, 3);
    assert_eq!(market.total(), TOTAL);
}

#[test]
fn a_transfer_object_that_nobody_takes_is_reclaimed_after_its_deadline() {
    let mut market = Market::new();
    let object = object(0, 13);
    market.block(0, &[Operation::Offer { user: user(1), object: object.clone() }]).unwrap();
    let reclaim = |market: &Market| Operation::Reclaim {
        user: user(1),
        object: object.clone(),
        witness: market.proof(1, &[object.taken()]),
    };
    market.tick(3);
    let early = reclaim(&market);
    let error = market.block(0, &[early]).unwrap_err();
    assert!(error.contains("is of slot 10, and the deadline is slot 13"), "{error}");
    market.block(1, &[]).unwrap();
    market.tick(1);
    let late = reclaim(&market);
    market.block(0, std::slice::from_ref(&late)).unwrap();
    assert_eq!((market.units(0, user(1)), market.total()), ((1000, true), TOTAL));
    market.tick(1);
    let again = market.block(0, &[late]).unwrap_err();
    assert!(again.contains("object 0 is not offered"), "{again}");
}

#[test]
fn a_yanked_contract_is_used_after_one_slot_at_once_and_is_back_after_one() {
    let mut market = Market::new();
    let key = contract(1, 0);
    market.block(1, &[Operation::Move { contract: key, to: on(0) }]).unwrap();
    market.tick(1);
    let buy = Operation::BuyHere { contract: key, user: user(1), amount: 100 };
    // It arrives, is bought and leaves in one block.
    market.block(0, &[buy, Operation::Move { contract: key, to: on(1) }]).unwrap();
    let (slots, bytes) = market.measured("yank, until use");
    assert_eq!(slots, 1);
    assert!(bytes < 8_000, "{bytes}");
    assert_eq!((market.contract(0, &key), market.contract(1, &key)), (None, None));
    market.tick(1);
    market.block(1, &[]).unwrap();
    assert_eq!(market.measured("yank, until it is back").0, 2);
    assert_eq!((market.contract(1, &key), market.total()), (Some(sold(1, 100)), TOTAL));
}

/// Nobody takes it on the other shard: it expires after 128 slots, and is restored with the slot after that.
#[test]
fn a_yanked_contract_that_nobody_takes_is_restored() {
    let mut market = Market::new();
    let key = contract(1, 0);
    market.block(1, &[Operation::Move { contract: key, to: on(0) }]).unwrap();
    market.tick(129);
    market.block(0, &[]).unwrap();
    assert_eq!((market.contract(0, &key), market.contract(1, &key)), (None, None), "it is on its way back");
    market.tick(1);
    market.block(1, &[]).unwrap();
    assert_eq!((market.contract(1, &key), market.total()), (Some(Good::default()), TOTAL));
}

fn transaction(market: &Market, number: u64) -> Transaction {
    Transaction { since: market.slot(), until: Slot(market.slot().0 + 10), home: on(0), number }
}

#[test]
fn two_phase_commit_buys_on_two_shards_after_two_slots() {
    let mut market = Market::new();
    let transaction = transaction(&market, 1);
    for shard in [1, 2] {
        market.block(shard, &[Operation::Acquire { transaction, good: 0 }]).unwrap();
    }
    market.tick(1);
    market.block(0, &[Operation::BuyLocked { transaction, user: user(1), amount: 100 }]).unwrap();
    market.tick(1);
    for shard in [1, 2] {
        assert!(market.is_locked(shard, 0));
        market.block(shard, &[]).unwrap();
        assert_eq!((market.good(shard, 0).0, market.is_locked(shard, 0)), (sold(1, 100), false));
    }
    let (slots, bytes) = market.measured("two-phase commit of two goods");
    assert_eq!(slots, 2);
    assert!(bytes < 16_000, "{bytes}");
    assert_eq!((market.units(0, user(1)), market.total()), ((800, true), TOTAL));
}

#[test]
fn a_transaction_that_gets_no_second_lock_is_given_up_and_the_wounded_one_too() {
    let mut market = Market::new();
    let young = Transaction { number: 2, ..transaction(&market, 2) };
    let old = Transaction { since: Slot(market.slot().0 - 1), ..transaction(&market, 1) };
    market.block(1, &[Operation::Acquire { transaction: young, good: 0 }]).unwrap();
    market.block(2, &[Operation::Acquire { transaction: old, good: 0 }]).unwrap();
    market.tick(1);
    // The young one's grant arrives; the old one wounds it.
    market.block(0, &[]).unwrap();
    market.block(1, &[Operation::Acquire { transaction: old, good: 0 }]).unwrap();
    market.tick(1);
    let error = market.block(0, &[Operation::BuyLocked { transaction: young, user: user(2), amount: 100 }]);
    assert!(error.unwrap_err().contains("transaction 2 is decided: given up"));
    market.block(0, &[]).unwrap();
    market.tick(1);
    market.block(1, &[]).unwrap();
    market.tick(1);
    // Now the old one has both. Nobody commits it.
    market.block(0, &[]).unwrap();
    market.tick(10);
    let error = market.block(0, &[Operation::BuyLocked { transaction: old, user: user(1), amount: 100 }]);
    assert!(error.unwrap_err().contains("not possible in slot"));
    market.block(0, &[Operation::Expire { transaction: old }]).unwrap();
    market.tick(1);
    for shard in [1, 2] {
        assert!(market.is_locked(shard, 0));
        market.block(shard, &[]).unwrap();
        assert_eq!((market.good(shard, 0).0, market.is_locked(shard, 0)), (Good::default(), false));
    }
    assert_eq!(market.total(), TOTAL);
}

/// The price of griefing: one operation freezes a good for 66 slots, and no longer.
#[test]
fn a_lock_that_nobody_decides_freezes_a_good_for_66_slots() {
    let mut market = Market::new();
    let lasting = |slots| Transaction { until: Slot(market.slot().0 + slots), ..transaction(&market, 1) };
    let (longest, too_long) = (lasting(64), lasting(65));
    assert!(market.block(1, &[Operation::Acquire { transaction: too_long, good: 0 }]).is_err());
    market.block(1, &[Operation::Acquire { transaction: longest, good: 0 }]).unwrap();
    let (_, bytes) = market.measured("a lock that nobody decides");
    assert!(bytes < 2_000, "{bytes}");
    loop {
        market.tick(1);
        // Whoever waits for the good gives the transaction up as soon as its home allows it.
        if market.block(0, &[Operation::Expire { transaction: longest }]).is_err() {
            market.block(0, &[]).unwrap();
        }
        market.block(1, &[]).unwrap();
        if !market.is_locked(1, 0) {
            break;
        }
    }
    assert_eq!(market.slot(), Slot(longest.until.0 + 2));
    assert_eq!((market.good(1, 0).0, market.total()), (Good::default(), TOTAL));
}

fn reservation(market: &Market) -> Reservation {
    let since = market.slot();
    Reservation {
        since,
        deadline: Slot(since.0 + 3),
        at: on(1),
        home: on(0),
        good: 0,
        user: user(1),
        amount: 100,
    }
}

#[test]
fn capabilities_buy_after_two_slots() {
    let mut market = Market::new();
    let reservation = reservation(&market);
    market.block(1, &[Operation::Reserve(reservation)]).unwrap();
    market.tick(1);
    let witness = market.proof(1, &[reservation.reserved()]);
    market.block(0, &[Operation::Pay { reservation, witness }]).unwrap();
    market.tick(1);
    let witness = market.proof(0, &[reservation.paid()]);
    market.block(1, &[Operation::Settle { reservation, witness }]).unwrap();
    let (slots, bytes) = market.measured("capabilities");
    assert_eq!(slots, 2);
    assert!(bytes < 12_000, "{bytes}");
    assert_eq!((market.good(1, 0).1, market.total()), ((sold(1, 100), false), TOTAL));
}

#[test]
fn an_absent_capability_frees_what_it_reserved() {
    let mut market = Market::new();
    let reservation = reservation(&market);
    market.block(1, &[Operation::Reserve(reservation)]).unwrap();
    market.tick(3);
    let witness = market.proof(0, &[reservation.paid()]);
    let error = market.block(1, &[Operation::Free { reservation, witness }]).unwrap_err();
    assert!(error.contains("the deadline is slot 14"), "{error}");
    market.tick(1);
    // After the deadline, it can no longer be paid, and the clock of the payer's shard shows that it was not.
    let witness = market.proof(1, &[reservation.reserved()]);
    assert!(market.block(0, &[Operation::Pay { reservation, witness }]).is_err());
    market.block(0, &[]).unwrap();
    market.tick(1);
    let witness = market.proof(0, &[reservation.paid()]);
    market.block(1, &[Operation::Free { reservation, witness }]).unwrap();
    assert_eq!((market.good(1, 0).1, market.total()), ((Good::default(), false), TOTAL));
}

#[test]
fn a_conditional_purchase_is_usable_at_once_and_sure_after_one_slot() {
    let mut market = Market::new();
    let send = Operation::Send { user: user(1), amount: 500, to: on(1), receiver: user(1) };
    market.block(0, &[send]).unwrap();
    // In the same slot, the other shard counts on it: user 1 has 1,000 there, and pays 1,200.
    let expect =
        Operation::Expect { from: on(0), slot: market.slot(), sequence: 0, receiver: user(1), amount: 500 };
    let buy = Operation::BuyShelf { user: user(1), amount: 1_200, good: 0 };
    market.block(1, &[expect.clone(), buy]).unwrap();
    assert_eq!((market.units(1, user(1)), market.good(1, 0).2), ((300, false), (sold(1, 1_200), false)));
    assert_eq!(market.measured("conditional, until use").0, 0);
    market.tick(1);
    assert!(market.block(1, &[expect]).is_err(), "the same receipt is counted on once");
    // It arrives; the good learns that it is sure when somebody touches it.
    let error = market.block(1, &[Operation::BuyShelf { user: user(2), amount: 1, good: 0 }]).unwrap_err();
    assert!(error.contains("is not available"), "{error}");
    market.block(1, &[]).unwrap();
    assert_eq!(market.units(1, user(1)), (300, true));
    assert_eq!(market.measured("conditional, until sure").0, 1);
    assert_eq!(market.total(), TOTAL);
}

/// The receipt was never sent: the alternates become active after 128 slots, and somebody else buys the good.
#[test]
fn a_conditional_purchase_whose_receipt_does_not_come_never_happened() {
    let mut market = Market::new();
    let (receiver, slot) = (user(1), market.slot());
    let expect = Operation::Expect { from: on(0), slot, sequence: 0, receiver, amount: 500 };
    let buy = |n, amount| Operation::BuyShelf { user: user(n), amount, good: 0 };
    market.block(1, &[expect, buy(1, 1_200)]).unwrap();
    market.tick(128);
    let error = market.block(1, &[buy(2, 10)]).unwrap_err();
    assert!(error.contains("is not available"), "{error}");
    market.tick(1);
    market.block(1, &[buy(2, 10), Operation::Mint { user: user(1), amount: 0 }]).unwrap();
    assert_eq!(market.good(1, 0).2, (sold(2, 10), true));
    assert_eq!((market.units(1, user(1)), market.total()), ((1000, true), TOTAL));
}

fn swaps(market: &Market) -> ([u8; 32], Swap, Swap) {
    let secret = [7; 32];
    let (hash, now) = (crypto::sha256(&secret), market.slot().0);
    let first = Swap { locker: user(1), claimer: user(2), amount: 300, hash, deadline: Slot(now + 20) };
    let second = Swap { locker: user(2), claimer: user(1), amount: 200, hash, deadline: Slot(now + 10) };
    (secret, first, second)
}

/// The fourth step is in the third slot after the first: four slots have a step, as in the design, which counts these.
#[test]
fn a_swap_takes_four_slots_of_one_step_each() {
    let mut market = Market::new();
    let (secret, first, second) = swaps(&market);
    market.block(0, &[Operation::LockSwap { id: 1, swap: first }]).unwrap();
    market.tick(1);
    market.block(1, &[Operation::LockSwap { id: 1, swap: second }]).unwrap();
    market.tick(1);
    market.block(1, &[Operation::ClaimSwap { id: 1, secret }]).unwrap();
    market.tick(1);
    market.block(0, &[Operation::ClaimSwap { id: 1, secret }]).unwrap();
    let (slots, bytes) = market.measured("hash time-locked contracts");
    assert_eq!(slots + 1, 4);
    assert!(bytes < 12_000, "{bytes}");
    assert_eq!(
        [(0, 1), (0, 2), (1, 1), (1, 2)].map(|(shard, n)| market.units(shard, user(n)).0),
        [700, 1300, 1200, 800]
    );
    assert_eq!(market.total(), TOTAL);
}

#[test]
fn a_swap_without_a_secret_is_refunded_after_both_deadlines() {
    let mut market = Market::new();
    let (secret, first, second) = swaps(&market);
    market.block(0, &[Operation::LockSwap { id: 1, swap: first }]).unwrap();
    market.block(1, &[Operation::LockSwap { id: 1, swap: second }]).unwrap();
    market.tick(10);
    assert!(
        market.block(1, &[Operation::RefundSwap { id: 1 }]).unwrap_err().contains("not after the deadline")
    );
    market.tick(1);
    assert!(market.block(1, &[Operation::ClaimSwap { id: 1, secret }]).is_err());
    market.block(1, &[Operation::RefundSwap { id: 1 }]).unwrap();
    market.tick(10);
    market.block(0, &[Operation::RefundSwap { id: 1 }]).unwrap();
    market.tick(1);
    assert!(market.block(0, &[Operation::RefundSwap { id: 1 }]).is_err(), "it is refunded once");
    assert_eq!((market.units(0, user(1)), market.units(1, user(2))), ((1000, true), (1000, true)));
    assert_eq!(market.total(), TOTAL);
}
