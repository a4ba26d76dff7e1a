//! Batches that the circuit accepts.

mod world;

use outrider_zk_rollup::Batch;
use outrider_zk_rollup::batch::{BatchError, SignedTransfer, TransferError, apply};
use outrider_zk_rollup::circuit::Rule;
use outrider_zk_rollup::witness::SignatureWitness;
use outrider_zk_rollup_core::Signature;
use outrider_zk_rollup_core::batch::public_input;
use outrider_zk_rollup_core::curve::Scalar;
use outrider_zk_rollup_core::signature::SignatureError;
use world::{World, circuit, sign, transfer, violated};

/// Applies transfers, of which each is given by sender, receiver, amount and fee, and returns the balances of accounts 1, 2,
/// 3 and 14 afterwards.
#[track_caller]
fn check(mut world: World, size: u16, transfers: &[(u32, u32, u64, u64)]) -> [u64; 4] {
    let mut ahead = World { tree: world.tree.clone(), domain: world.domain };
    let mut signed = Vec::new();
    for (from, to, amount, fee) in transfers {
        signed.push(ahead.sign(*from, *to, *amount, *fee));
        ahead.slot(*from, *to, *amount, *fee);
    }
    let old_root = world.tree.root();
    let batch = world.batch(size, &signed);
    assert_eq!(world.tree, ahead.tree);
    let rows = circuit(size).rows(&batch.witness);
    assert_eq!(violated(&rows), []);
    let evaluation = circuit(size).evaluate(&batch.witness);
    assert!(evaluation.is_satisfied());
    assert_eq!(evaluation.assignment, rows.assignment);
    let expected = public_input(&world.domain, &old_root, &world.tree.root(), &batch.transfers, size);
    assert_eq!(Ok(batch.witness.public_input), expected);
    [1, 2, 3, 14].map(|index| world.tree.account(index).expect("an account").balance)
}

#[test]
fn a_transfer_moves_the_amount_and_burns_the_fee_for_the_operator_to_claim() {
    assert_eq!(check(World::new(), 1, &[(1, 2, 300, 5)]), [695, 1300, 1000, 0]);
}

#[test]
fn a_batch_may_be_empty_or_partly_empty() {
    assert_eq!(check(World::new(), 2, &[]), [1000, 1000, 1000, 0]);
    assert_eq!(check(World::new(), 3, &[(1, 2, 300, 5)]), [695, 1300, 1000, 0]);
}

#[test]
fn a_sender_may_pay_itself() {
    assert_eq!(check(World::new(), 1, &[(1, 1, 300, 5)]), [995, 1000, 1000, 0]);
    assert_eq!(check(World::new(), 1, &[(1, 1, 1000, 0)]), [1000, 1000, 1000, 0]);
}

#[test]
fn the_same_sender_may_pay_twice() {
    assert_eq!(check(World::new(), 2, &[(1, 2, 300, 5), (1, 3, 600, 5)]), [90, 1300, 1600, 0]);
}

#[test]
fn a_receiver_without_balance_may_spend_what_it_receives_in_the_same_batch() {
    assert_eq!(check(World::new(), 2, &[(1, 14, 300, 5), (14, 3, 299, 1)]), [695, 1000, 1299, 0]);
}

#[test]
fn balances_and_nonces_may_reach_their_bounds() {
    let mut world = World::new();
    let largest = 13_421_772_700_000_000_000;
    world.set(1, largest, u64::MAX - 1);
    world.set(2, u64::MAX - largest, u64::MAX);
    assert_eq!(check(world, 1, &[(1, 2, largest, 0)]), [0, u64::MAX, 1000, 0]);
    assert_eq!(check(World::new(), 1, &[(1, 2, 0, 1000)]), [0, 1000, 1000, 0]);
}

#[test]
fn transfers_that_cannot_be_made_are_refused_by_name() {
    let check = |world: &mut World, signed: SignedTransfer, expected| {
        let before = world.tree.clone();
        let error = apply(&mut world.tree, &world.domain, &signed).err();
        assert_eq!(error, Some(expected));
        assert_eq!(world.tree, before);
    };
    let mut world = World::new();
    let signed = world.sign(1, 2, 1000, 1);
    check(&mut world, signed, TransferError::Unfunded { index: 1, balance: 1000, cost: 1001 });
    let signed = world.sign(1, 5, 1, 1);
    check(&mut world, signed, TransferError::NoAccount { index: 5 });
    let stale = sign(transfer(1, 2, 1, 1), 6, &world.domain);
    let source = SignatureError;
    check(&mut world, stale, TransferError::Signature { nonce: 7, source });
    world.set(3, u64::MAX, 0);
    let signed = world.sign(1, 3, 1, 1);
    check(&mut world, signed, TransferError::Overflow { index: 3 });
    world.set(1, 1000, u64::MAX);
    let signed = world.sign(1, 2, 1, 1);
    check(&mut world, signed, TransferError::LastNonce { index: 1 });
    let signed = world.sign(2, 1, 1, 1);
    let error = Batch::new(circuit(1), &world.domain, &mut world.tree, &[signed; 2]);
    assert!(matches!(error, Err(BatchError { place: 1, .. })), "the nonce is used");
}

/// With a response that is not the signature's, the circuit computes the same commitment as the code of the signature, from
/// which the witness has the high half of the hash: only the low half is another one.
#[test]
fn responses_of_any_parity_and_size_have_digits() {
    for response in [0, 1, 2, 7, 8].map(Scalar::from).into_iter().flat_map(|small| [small, -small]) {
        let mut world = World::new();
        let old_root = world.tree.root();
        let signed = world.sign(1, 2, 300, 5);
        let mut slot = world.slot(1, 2, 300, 5);
        let message = signed.transfer.message(7);
        let signature = Signature { response, ..signed.signature };
        slot.signature = SignatureWitness::new(&signature, &slot.sender.key_y, &message, &world.domain);
        let rows = circuit(1).rows(&world.witness(old_root, slot));
        assert_eq!(violated(&rows), [Rule::ChallengeLow]);
    }
}
