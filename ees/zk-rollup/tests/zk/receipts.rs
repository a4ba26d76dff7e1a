//! Receipts become pending deposits, and deposits get their places.

use outrider_sdk::receipt::{BEACON_CHAIN, ReceiptKind, ReceivedReceipt};
use zk_rollup::{Deposit, PENDING_MAX, Recipient, Section};

use crate::rollup::{Rollup, SILENCE, forced, index, message, new_account, secret};

fn key(number: u32) -> [u8; 32] {
    secret(number).public_key().to_bytes()
}

#[test]
fn a_message_becomes_a_pending_deposit_and_then_an_account() {
    let mut rollup = Rollup::new();
    let provided = rollup.receive(&[new_account(1_000, 1), new_account(5, 2)]);
    assert_eq!(provided.outcome.rejected, []);
    let expected =
        [(1_000, 1), (5, 2)].map(|(value, number)| Deposit { value, recipient: Recipient::New(key(number)) });
    assert_eq!((rollup.pending(), rollup.node().next_index), (expected.to_vec(), 1));
    rollup.operate(Section { n_deposits: 1, ..Section::default() });
    assert_eq!((rollup.pending(), rollup.node().next_index), (expected[1..].to_vec(), 2));
    assert_eq!((rollup.balance(1), rollup.account(2)), (1_000, None));
    assert_eq!(rollup.account(1).unwrap().key_y, secret(1).public_key().y());
    rollup.operate(Section { n_deposits: 1, ..Section::default() });
    assert_eq!((rollup.pending(), rollup.balance(1), rollup.balance(2)), (vec![], 1_000, 5));
}

#[test]
fn a_deposit_for_an_account_that_exists_adds_to_its_balance() {
    let mut rollup = Rollup::with_accounts(&[10, 20]);
    rollup.receive(&[message(7, &[0, 0, 2]), message(8, &[0, 0, 1]), message(9, &[0, 0, 2])]);
    rollup.operate(Section { n_deposits: 3, ..Section::default() });
    assert_eq!((rollup.balance(1), rollup.balance(2)), (18, 36));
}

#[test]
fn messages_that_name_no_account_bounce() {
    let mut rollup = Rollup::with_accounts(&[10]);
    let odd = {
        let mut key = key(1);
        key[31] |= 0x80;
        key
    };
    // The identity, and a point of order two.
    let identity: [u8; 32] = std::array::from_fn(|at| u8::from(at == 0));
    let order_two = {
        use outrider_zk_rollup_core::{Fr, field::to_bytes};
        let mut bytes = to_bytes(&-Fr::from(1_u8));
        bytes.reverse();
        bytes
    };
    let receipts = [
        message(1, &[0, 0, 1]),
        message(1, &[0, 0, 0]),
        message(1, &[0, 0, 2]),
        message(1, &[0xff, 0xff, 0xff]),
        message(0, &[0, 0, 1]),
        message(1, &[]),
        message(1, &[0, 0, 0, 1]),
        message(1, &key(1)[1..]),
        message(1, &odd),
        message(1, &identity),
        message(1, &order_two),
        message(1, &[0xff; 32]),
        message(0, &key(2)),
        ReceivedReceipt { payload: vec![0; 31], ..message(1, &[]) },
        // Two accounts may have one key.
        message(1, &key(1)),
    ];
    let provided = rollup.receive(&receipts);
    assert_eq!(provided.outcome.rejected, (1..14).collect::<Vec<u32>>());
    assert_eq!((rollup.pending().len(), rollup.node().unclaimed), (2, 0));
}

#[test]
fn what_cannot_bounce_goes_to_its_account_or_to_nobody() {
    let mut rollup = Rollup::with_accounts(&[10]);
    let returned =
        |kind, payload: &[&[u8]]| ReceivedReceipt { kind, payload: payload.concat(), ..message(100, &[]) };
    let beacon = |receipt| ReceivedReceipt { source_shard: BEACON_CHAIN, ..receipt };
    let receipts = [
        returned(ReceiptKind::Bounced, &[&[1; 32], &[0, 0, 1], &[0; 29]]),
        returned(ReceiptKind::Expired, &[&[1; 32], &[0, 0, 1]]),
        beacon(returned(ReceiptKind::FromBeaconChain, &[&[0, 0, 1]])),
        beacon(returned(ReceiptKind::FromBeaconChain, &[&key(2)])),
        // To nobody:
        returned(ReceiptKind::Bounced, &[&[1; 32], &[0, 0, 2]]),
        returned(ReceiptKind::Expired, &[&[1; 32], &[0, 0]]),
        beacon(returned(ReceiptKind::Bounced, &[&[1; 32], &[0, 0, 1]])),
        beacon(returned(ReceiptKind::FromBeaconChain, &[&[0xff; 32]])),
        beacon(returned(ReceiptKind::FromBeaconChain, &[])),
    ];
    let provided = rollup.receive(&receipts);
    assert_eq!(
        (provided.outcome.rejected, rollup.pending().len(), rollup.node().unclaimed),
        (vec![], 4, 500)
    );
    rollup.operate(Section { n_deposits: 4, ..Section::default() });
    assert_eq!((rollup.balance(1), rollup.balance(2), rollup.ether()), (310, 100, 910));
}

#[test]
fn the_operator_earns_the_fee_of_each_message() {
    let mut rollup = Rollup::with_deposit_fee(3);
    let returned =
        ReceivedReceipt { kind: ReceiptKind::FromBeaconChain, payload: key(3).to_vec(), ..message(2, &[]) };
    let receipts = [new_account(3, 1), new_account(4, 1), new_account(2, 1), new_account(13, 2), returned];
    let provided = rollup.receive(&receipts);
    assert_eq!((provided.outcome.rejected, rollup.node().fees), (vec![0, 2], 6));
    rollup.operate(Section { n_deposits: 3, ..Section::default() });
    assert_eq!((1..=3).map(|number| rollup.balance(number)).collect::<Vec<_>>(), [1, 10, 2]);
}

/// Nobody can fill the list so that what must join it does not, or so that the state cannot go on.
#[test]
fn messages_bounce_when_many_deposits_are_pending_and_the_rest_joins() {
    let mut rollup = Rollup::with_accounts(&[10]);
    let full = vec![message(1, &[0, 0, 1]); PENDING_MAX + 1];
    let provided = rollup.receive(&full);
    assert_eq!((provided.outcome.rejected, rollup.pending().len()), (vec![128], 128));
    let returned = ReceivedReceipt {
        kind: ReceiptKind::Expired,
        payload: [&[1; 32][..], &[0, 0, 1]].concat(),
        ..message(5, &[])
    };
    let provided = rollup.receive(&[message(1, &[0, 0, 1]), returned.clone(), returned]);
    assert_eq!((provided.outcome.rejected, rollup.pending().len()), (vec![0], 130));
    rollup.operate(Section { n_deposits: 130, ..Section::default() });
    assert_eq!(
        (rollup.balance(1), rollup.receive(&[message(1, &[0, 0, 1])]).outcome.rejected),
        (148, vec![])
    );
}

#[test]
fn deposits_get_their_places_in_order_and_no_more_than_are_pending() {
    let mut rollup = Rollup::new();
    rollup.receive(&[new_account(1, 1), new_account(2, 2)]);
    let section = rollup.sign(Section { n_deposits: 3, ..Section::default() });
    rollup.refuse(&section, "3 deposits cannot get their places: 2 are pending");
    // Those that arrive with the block come after.
    let section = rollup.sign(Section { n_deposits: 3, ..Section::default() });
    rollup.accept_with(&[new_account(3, 3)], &section);
    assert_eq!([1, 2, 3].map(|number| rollup.balance(number)), [1, 2, 3]);
}

/// A section that waits is still valid when others have deposited.
#[test]
fn deposits_make_no_section_stale() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let mut section = Section::default();
    rollup.add_batch(&mut section, 2, &[crate::rollup::transfer(1, 2, 5, 1)]);
    let section = rollup.sign(section);
    rollup.receive(&[new_account(9, 3), message(1, &[0, 0, 1])]);
    rollup.accept(&section);
    assert_eq!((rollup.balance(1), rollup.balance(2), rollup.pending().len()), (94, 105, 2));
}

#[test]
fn anybody_gives_deposits_their_places_after_the_silence() {
    let mut rollup = Rollup::new();
    rollup.receive(&[new_account(1, 1), new_account(2, 2)]);
    rollup.slot = 100 + SILENCE;
    rollup.refuse(&forced(1, vec![]), "after slot 100; the block is of slot 110");
    rollup.slot += 1;
    rollup.accept(&forced(2, vec![]));
    assert_eq!(
        (rollup.account(1).is_some(), rollup.account(2).is_some(), rollup.pending().len()),
        (true, true, 0)
    );
    rollup.refuse(&forced(1, vec![]), "1 deposits cannot get their places: 0 are pending");
    assert_eq!(rollup.tree().account(index(3)).unwrap(), None);
}

#[test]
fn the_genesis_keeps_what_came_before_it() {
    let receipts =
        [new_account(5, 1), ReceivedReceipt { kind: ReceiptKind::FromBeaconChain, ..message(7, &[]) }];
    let genesis = zk_rollup::Payload::Genesis(crate::rollup::genesis(0));
    let mut provider = outrider_sdk::harness::StateProvider::new().receipts(receipts);
    let provided = provider.provide(&[genesis.to_bytes()], zk_rollup::execute).unwrap();
    assert_eq!(provided.outcome.rejected, [0]);
    provider.apply(&provided);
    let mut rollup = Rollup::new();
    rollup.provider = provider;
    assert_eq!(rollup.node().unclaimed, 7);
}
