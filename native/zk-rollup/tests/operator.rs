//! The operator makes sections that satisfy the circuit and that the EE accepts, and anybody makes the states anew.
//!
//! Proofs are made from the secrets of the verifying keys: these tests are about everything else.

mod rollup;

use outrider_host::Slot;
use outrider_zk_rollup::TransferError;
use outrider_zk_rollup::operator::{AssembleError, Part, Plan, Rebuild, RebuildError, Refusal, Request};
use outrider_zk_rollup_core::transfer::TRANSFER_BYTES;
use outrider_zk_rollup_ee::{ExitError, Forced, Payload};
use rollup::{Rollup, SILENCE, index, new_store, secret, transfer};

/// Returns a rollup of three accounts with 1000 Gwei each.
fn three() -> Rollup {
    let mut rollup = Rollup::new();
    rollup.receive(&[(1, 1000), (2, 1000), (3, 1000)]);
    rollup.operate(Plan { n_deposits: 3, ..Plan::default() });
    rollup
}

#[test]
fn transfers_fill_full_batches_and_no_ops_the_last_one() {
    let mut rollup = three();
    let requests: Vec<_> = (0..6).map(|nonce| rollup.request(1, 2, 10, 1, nonce)).collect();
    let batches = rollup.operate(rollup.plan(requests));
    assert_eq!(batches, [(5, 5), (2, 1)]);
    assert_eq!((rollup.balance(1), rollup.balance(2), rollup.node().fees), (934, 1060, 6));
    let requests = vec![rollup.request(2, 1, 60, 0, 0)];
    assert_eq!(rollup.operate(rollup.plan(requests)), [(2, 1)]);
    assert_eq!((rollup.balance(1), rollup.balance(2)), (994, 1000));
}

#[test]
fn the_nonces_of_a_sender_give_the_order() {
    let mut rollup = three();
    // The second transfer can be made only after the first one.
    let early = rollup.request(1, 3, 500, 0, 1);
    let first = rollup.request(1, 2, 500, 0, 0);
    assert_eq!(rollup.operate(rollup.plan(vec![early, first])), [(2, 2)]);
    assert_eq!([1, 2, 3].map(|number| rollup.balance(number)), [0, 1500, 1500]);
}

/// Whoever has no key of an account cannot keep its transfers out.
#[test]
fn a_forged_transfer_takes_no_nonce_from_the_real_one() {
    let rollup = three();
    let forged =
        Request { signature: rollup.request(3, 2, 1, 0, 0).signature, ..rollup.request(1, 2, 999, 0, 0) };
    let requests = vec![forged, rollup.request(1, 2, 10, 0, 0), rollup.request(1, 3, 20, 0, 1), forged];
    let (assembly, _) = rollup.assemble(rollup.plan(requests));
    assert_eq!(assembly.refused.iter().map(|refused| refused.position).collect::<Vec<_>>(), [0, 3]);
    let made: Vec<_> = assembly.batches.iter().flat_map(|batch| &batch.transfers).collect();
    assert_eq!(made.iter().map(|transfer| transfer.amount.gwei()).collect::<Vec<_>>(), [10, 20]);
}

#[test]
fn a_sender_can_pay_itself_and_pay_all_that_it_has_just_received() {
    let mut rollup = three();
    let requests = vec![
        rollup.request(1, 1, 900, 100, 0),
        rollup.request(2, 1, 1000, 0, 0),
        rollup.request(1, 3, 1899, 1, 1),
    ];
    assert_eq!(rollup.operate(rollup.plan(requests)), [(5, 3)]);
    assert_eq!([1, 2, 3].map(|number| rollup.balance(number)), [0, 0, 2899]);
    assert_eq!(rollup.node().fees, 101);
}

#[test]
fn an_account_that_the_section_makes_receives_and_sends() {
    let mut rollup = three();
    rollup.receive(&[(4, 7)]);
    let requests = vec![rollup.request(1, 4, 3, 0, 0), rollup.request(4, 2, 10, 0, 0)];
    let plan = Plan { n_deposits: usize::MAX, ..rollup.plan(requests) };
    assert_eq!(rollup.operate(plan), [(2, 2)]);
    assert_eq!([1, 2, 4].map(|number| rollup.balance(number)), [997, 1010, 0]);
}

#[test]
fn every_transfer_that_cannot_be_made_is_named_and_left_out() {
    let rollup = three();
    let unsigned =
        Request { signature: rollup.request(1, 2, 2, 0, 0).signature, ..rollup.request(3, 2, 2, 0, 0) };
    let requests = vec![
        rollup.request(1, 2, 1, 0, 0),
        rollup.request(1, 3, 1, 0, 0),
        rollup.request(1, 2, 1, 0, 2),
        rollup.request(9, 2, 1, 0, 0),
        rollup.request(2, 9, 1, 0, 0),
        rollup.request(2, 1, 1001, 1, 0),
        unsigned,
        rollup.request(1, 2, 1, 0, 1),
    ];
    let (assembly, _) = rollup.assemble(rollup.plan(requests));
    let refused: Vec<_> =
        assembly.refused.iter().map(|refused| (refused.position, refused.reason.to_string())).collect();
    let expected = [
        (1, "account 1 signed nonce 0 twice: transfer 0 has it, too"),
        (3, "there is no account 9"),
        (4, "there is no account 9"),
        (5, "account 2 signed nonce 0 twice: transfer 4 has it, too"),
        (6, "the sender's signature for nonce 0"),
    ];
    assert_eq!(refused, expected.map(|(position, text)| (position, text.to_owned())));
    let made: usize = assembly.batches.iter().map(|batch| batch.transfers.len()).sum();
    assert_eq!(made, 3);

    let (assembly, _) =
        rollup.assemble(rollup.plan(vec![rollup.request(2, 1, 1000, 1, 0), rollup.request(1, 2, 1, 0, 1)]));
    assert!(matches!(
        assembly.refused[0].reason,
        Refusal::Transfer(TransferError::Unfunded { index: 2, balance: 1000, cost: 1001 })
    ));
    assert!(matches!(assembly.refused[1].reason, Refusal::Nonce { got: 1, expected: 0, .. }));
    assert!(assembly.batches.is_empty());
}

#[test]
fn a_section_needs_exits_that_can_leave_and_a_key_for_its_batches() {
    let rollup = three();
    let refuse = |plan: Plan| rollup.try_assemble(plan).expect_err("it is refused");
    let exit =
        |number, nonce, amount| Plan { exits: vec![rollup.exit(number, nonce, amount)], ..Plan::default() };
    for (plan, expected) in [
        (exit(1, 1, 5), "the nonce is 1, and that of the account is 0"),
        (exit(1, 0, 1001), "a balance of 1000 Gwei does not cover 1001 and a fee of 0"),
        (exit(7, 0, 1), "there is no account 7"),
    ] {
        match refuse(plan) {
            AssembleError::Exit { position: 0, source } => assert_eq!(source.to_string(), expected),
            other => panic!("{other}"),
        }
    }
    let mut of_another = rollup.exit(1, 0, 5);
    of_another.signature = rollup.exit(2, 0, 5).signature;
    let plan = Plan { exits: vec![of_another], ..Plan::default() };
    assert!(matches!(refuse(plan), AssembleError::Exit { source: ExitError::Signature(_), .. }));
    let plan = Plan { sizes: vec![8], ..rollup.plan(vec![rollup.request(1, 2, 1, 0, 0)]) };
    assert!(matches!(refuse(plan), AssembleError::NoKey { .. }));
    assert!(matches!(refuse(Plan { collector: Some(index(1)), ..Plan::default() }), AssembleError::NoFees));
    let nobody = Plan { collector: Some(index(4)), ..Plan::default() };
    assert!(matches!(refuse(nobody), AssembleError::Collector { .. }));
}

#[test]
fn ether_is_conserved_with_and_without_the_operator() {
    let mut rollup = three();
    assert_eq!(rollup.ether(), 3000);
    rollup.receive(&[(4, 500), (1, 20)]);
    assert_eq!(rollup.ether(), 3520);
    let requests = vec![rollup.request(1, 2, 100, 7, 0), rollup.request(2, 4, 1000, 3, 0)];
    let exits = vec![rollup.exit(3, 0, 400)];
    rollup.operate(Plan { n_deposits: usize::MAX, exits, ..rollup.plan(requests) });
    assert_eq!((rollup.ether(), rollup.node().fees), (3120, 10));
    rollup.operate(Plan { collector: Some(index(2)), ..Plan::default() });
    rollup.operate(Plan { n_deposits: usize::MAX, ..Plan::default() });
    assert_eq!((rollup.ether(), rollup.node().fees, rollup.balance(2)), (3120, 0, 107));

    let forced = Payload::Forced(Forced { n_deposits: 0, exits: vec![rollup.exit(4, 0, 1500)] });
    assert!(rollup.try_block(&forced).is_err(), "the operator is not silent");
    rollup.slot = Slot(rollup.slot.0 + SILENCE);
    rollup.block(&[], &forced);
    assert_eq!((rollup.ether(), rollup.balance(4)), (1620, 0));
    // The operator goes on.
    let requests = vec![rollup.request(2, 4, 107, 0, 1)];
    rollup.operate(rollup.plan(requests));
    assert_eq!((rollup.ether(), rollup.balance(4)), (1620, 107));
}

#[test]
fn published_blocks_make_the_operators_state_and_each_changed_byte_of_transfers_is_found() {
    let mut rollup = three();
    let requests = vec![rollup.request(1, 2, 100, 7, 0), rollup.request(2, 3, 1000, 3, 0)];
    rollup.operate(rollup.plan(requests));
    let mut rebuild = Rebuild::new(rollup.ee(), new_store()).expect("an empty store");
    let (last, before) = rollup.published.split_last().expect("there are blocks");
    for (data, surroundings) in before {
        rebuild.block(data, surroundings.clone()).expect("it was published");
    }
    // The transfers end before the root and the proof.
    let (data, surroundings) = last;
    let end = data.len() - 32 - 192;
    for offset in end - 2 * TRANSFER_BYTES..end {
        for bit in [0, 7] {
            let mut changed = data.clone();
            changed[offset] ^= 1 << bit;
            let error = rebuild.block(&changed, surroundings.clone()).expect_err("a byte was changed");
            assert!(matches!(error, RebuildError::Provider(_)), "{error}");
        }
    }
    // The witness is no part of what a state is made from, but what was published is compared.
    let mut changed = data.clone();
    changed[10] ^= 1;
    let error = rebuild.block(&changed, surroundings.clone()).expect_err("a byte was changed");
    assert!(matches!(error, RebuildError::Differs { offset: 10, part: Part::Witness }), "{error}");
    rebuild.block(data, surroundings.clone()).expect("it was published");
    assert_eq!(rebuild.root(), rollup.root);
}

/// Even the operator, who signs what it publishes, cannot change a transfer.
#[test]
fn a_changed_transfer_is_found_under_the_operators_own_signature() {
    let rollup = three();
    let (mut assembly, proofs) = rollup.assemble(rollup.plan(vec![rollup.request(1, 2, 100, 7, 0)]));
    assembly.batches[0].transfers[0] = transfer(1, 2, 101, 7);
    let payload = assembly.finish(&proofs, &secret(0)).expect("as many proofs as batches");
    let error = rollup.try_block(&payload).expect_err("the transfer was changed");
    assert!(outrider_host::chain(&error).contains("the transfers lead to the root"), "{error}");
}
