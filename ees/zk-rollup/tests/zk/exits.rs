//! Exits: with the operator, and without.

use outrider_sdk::receipt::{EeIndex, SentReceipt, ShardIndex};
use zk_rollup::{EXIT_PAYLOAD_BYTES_MAX, Exit, Payload, Section, SignedExit};

use crate::rollup::{Rollup, SILENCE, exit, forced, index, new_account, secret, transfer};

fn section(exits: Vec<SignedExit>) -> Section {
    Section { exits, ..Section::default() }
}

#[test]
fn an_exit_leaves_as_a_receipt() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let provided = rollup.operate(section(vec![rollup.exit(2, 0, 70, 5), rollup.exit(1, 0, 0, 0)]));
    let sent = |number, value, fee| SentReceipt {
        destination_shard: ShardIndex(4),
        destination_ee: EeIndex(5),
        value,
        fee,
        payload: [&[0, 0, number][..], &[0; 29], b"for the receiver"].concat(),
    };
    assert_eq!(provided.outcome.receipts, [sent(2, 70, 5), sent(1, 0, 0)]);
    assert_eq!((rollup.balance(1), rollup.balance(2)), (100, 25));
    assert_eq!([1, 2].map(|number| rollup.account(number).unwrap().nonce), [1, 1]);
}

#[test]
fn whoever_owns_an_account_leaves_without_the_operator_after_the_silence_and_once() {
    let mut rollup = Rollup::with_accounts(&[100, 50]);
    let leave = forced(0, vec![rollup.exit(1, 0, 90, 10)]);
    rollup.slot = 100 + SILENCE;
    rollup.refuse(&leave, "operations without the operator are possible 10 slots after");
    rollup.slot += 1;
    let provided = rollup.accept(&leave);
    assert_eq!((provided.outcome.receipts.len(), rollup.balance(1)), (1, 0));
    rollup.slot += SILENCE + 1;
    rollup.refuse(&leave, "exit 0: the nonce is 0, and that of the account is 1");
    // Nobody has to wait as long as the operator is silent.
    rollup.accept(&forced(0, vec![rollup.exit(2, 0, 10, 0)]));
    rollup.accept(&forced(0, vec![rollup.exit(2, 1, 10, 0)]));
    assert_eq!(rollup.balance(2), 30);
}

/// An operator who is there can delay an exit by the silence, and by no more.
#[test]
fn an_operator_who_leaves_out_an_account_cannot_keep_it() {
    let mut rollup = Rollup::with_accounts(&[100, 50]);
    let leave = forced(0, vec![rollup.exit(1, 0, 40, 0)]);
    while rollup.slot < 100 + SILENCE {
        rollup.operate(Section::default());
    }
    rollup.refuse(&leave, "after slot 100; the block is of slot 110");
    rollup.operate(Section::default());
    assert_eq!(rollup.slot, 111);
    rollup.accept(&leave);
    // Then others wait until the silence has passed again, as the operator needs time for proofs.
    let again = forced(0, vec![rollup.exit(1, 1, 40, 0)]);
    while rollup.slot < 111 + SILENCE {
        rollup.operate(Section::default());
    }
    rollup.refuse(&again, "after slot 111; the block is of slot 121");
    rollup.operate(Section::default());
    rollup.accept(&again);
    assert_eq!(rollup.balance(1), 20);
}

#[test]
fn blocks_without_operations_are_always_possible_and_count_for_nothing() {
    let mut rollup = Rollup::with_accounts(&[100]);
    rollup.slot = 150;
    let before = rollup.node();
    rollup.accept(&forced(0, vec![]));
    assert_eq!(rollup.node(), before);
}

#[track_caller]
fn refuse(rollup: &Rollup, exit: SignedExit, expected: &str) {
    let mut open = rollup.clone();
    open.slot = 200;
    open.refuse(&forced(0, vec![exit.clone()]), expected);
    rollup.refuse(&rollup.sign(section(vec![exit])), expected);
}

#[test]
fn exits_without_funds_owner_or_account_are_refused() {
    let rollup = Rollup::with_accounts(&[100, 50]);
    let sign = |exit: Exit, number| exit.sign(&secret(number), &rollup.domain);
    refuse(&rollup, rollup.exit(1, 0, 101, 0), "a balance of 100 Gwei does not cover 101 and a fee of 0");
    refuse(&rollup, rollup.exit(1, 0, 100, 1), "does not cover 100 and a fee of 1");
    refuse(&rollup, rollup.exit(1, 0, u64::MAX, 1), "does not cover");
    refuse(&rollup, rollup.exit(1, 1, 1, 0), "the nonce is 1, and that of the account is 0");
    refuse(&rollup, rollup.exit(3, 0, 1, 0), "there is no account 3");
    refuse(&rollup, sign(exit(1, 0, 1, 0), 2), "the owner of the account has not signed the exit");
    let elsewhere = exit(1, 0, 1, 0).sign(&secret(1), &(rollup.domain + rollup.domain));
    refuse(&rollup, elsewhere, "has not signed");
    let signed = rollup.exit(1, 0, 10, 2);
    let change = |change: fn(&mut Exit)| {
        let mut changed = signed.clone();
        change(&mut changed.exit);
        changed
    };
    for changed in [
        change(|exit| exit.amount = 11),
        change(|exit| exit.shard = ShardIndex(9)),
        change(|exit| exit.ee = EeIndex(9)),
        change(|exit| exit.receipt_fee = 3),
        change(|exit| exit.payload.push(0)),
        change(|exit| exit.index = index(2)),
    ] {
        refuse(&rollup, changed, "has not signed");
    }
    refuse(&rollup, change(|exit| exit.nonce = 2), "the nonce is 2");
}

#[test]
fn exits_of_one_account_follow_each_other_in_a_block() {
    let mut rollup = Rollup::with_accounts(&[100]);
    rollup.slot = 200;
    let exits = vec![rollup.exit(1, 0, 10, 0), rollup.exit(1, 1, 20, 0)];
    rollup.refuse(&forced(0, exits.iter().rev().cloned().collect()), "exit 0: the nonce is 1");
    let twice = vec![exits[0].clone(), exits[0].clone()];
    rollup.refuse(&forced(0, twice.clone()), "account 1 with nonce 0 conflicts with one in package 0");
    rollup.refuse(&rollup.sign(section(twice)), "exit 1: the nonce is 0");
    rollup.accept(&forced(0, exits));
    assert_eq!((rollup.balance(1), rollup.account(1).unwrap().nonce), (70, 2));
}

#[test]
fn an_account_can_leave_in_the_block_that_makes_it() {
    let mut rollup = Rollup::new();
    let leave = Section { n_deposits: 1, exits: vec![rollup.exit(1, 0, 40, 0)], ..Section::default() };
    let provided = rollup.accept_with(&[new_account(50, 1)], &rollup.sign(leave));
    assert_eq!((provided.outcome.receipts[0].value, rollup.balance(1)), (40, 10));
}

#[test]
fn an_exit_carries_a_payload_within_its_bound() {
    let mut rollup = Rollup::with_accounts(&[100]);
    let with =
        |length| Exit { payload: vec![9; length], ..exit(1, 0, 1, 0) }.sign(&secret(1), &rollup.domain);
    let [longest, longer] = [EXIT_PAYLOAD_BYTES_MAX, EXIT_PAYLOAD_BYTES_MAX + 1].map(with);
    rollup.slot = 200;
    rollup.refuse(&forced(0, vec![longer]), "the payload of an exit has up to 65504 bytes, got 65505");
    let provided = rollup.accept(&forced(0, vec![longest]));
    assert_eq!(provided.outcome.receipts[0].payload.len(), 65_536);
}

#[test]
fn a_block_has_no_more_exits_than_receipts() {
    let rollup = Rollup::with_accounts(&[100]);
    let exits = vec![rollup.exit(1, 0, 1, 0); 1025];
    rollup.refuse(&rollup.sign(section(exits)), "a block has at most 1024 exits, got 1025");
}

/// A proof after an exit is for the tree after it.
#[test]
fn a_forced_exit_makes_a_proof_stale() {
    let mut rollup = Rollup::with_accounts(&[100, 100]);
    let mut stale = Section::default();
    rollup.add_batch(&mut stale, 2, &[transfer(1, 2, 5, 1)]);
    let signed = rollup.sign(stale.clone());
    rollup.slot = 200;
    rollup.accept(&forced(0, vec![rollup.exit(1, 0, 10, 0)]));
    rollup.refuse(&signed, "the operator has not signed this section");
    let Payload::Section(again) = rollup.sign(stale) else { unreachable!() };
    rollup.refuse(&Payload::Section(again), "batch 0: the transfers lead to the root");
}
