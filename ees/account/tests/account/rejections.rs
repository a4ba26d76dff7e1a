//! All reasons why a transaction is invalid, and its block with it.

use account::{Account, Action, PublicKey, SigningDomain, TransactionError, TransitionError, execute};
use outrider_sdk::{
    StateRoot, chain,
    context::{EeIndex, ShardIndex},
    harness::{Context, StateProvider},
};
use outrider_witness::{
    Keccak256, NodeBag,
    smt::{Key, Tree},
};

use crate::owner::{CONTEXT, DOMAIN, Owner, genesis, package, provider};

#[track_caller]
fn check(provider: &StateProvider, packages: &[Vec<u8>], expected: TransitionError) {
    let refused = provider.provide(packages, execute).unwrap_err();
    assert_eq!(chain(&refused), format!("block refused: {}", chain(&expected)));
}

fn transaction(index: usize, source: TransactionError) -> TransitionError {
    TransitionError::Transaction { index, source }
}

/// Returns a provider with a state that no genesis leads to.
fn provider_with(values: &[(&Owner, Vec<u8>)]) -> StateProvider {
    let mut tree = Tree::<Keccak256, _>::empty();
    for (owner, value) in values {
        tree.insert(&Key(owner.address().0), value).unwrap();
    }
    let mut nodes = NodeBag::default();
    let root = StateRoot(tree.commit(&mut nodes).0);
    StateProvider::with_state(root, nodes).context(CONTEXT)
}

fn account(owner: &Owner, balance: u64, nonce: u64) -> Vec<u8> {
    Account { balance, nonce, public_key: owner.public_key() }.to_bytes().to_vec()
}

#[test]
fn a_replay_is_refused() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let transfer = alice.transfer(0, 1, 0, &bob);
    check(
        &provider(&[100, 100]),
        &[transfer.clone(), transfer],
        transaction(1, TransactionError::Nonce { got: 0, expected: 1 }),
    );
}

#[test]
fn a_transaction_that_comes_too_early_is_refused() {
    let alice = Owner::new(0);
    let expected = transaction(0, TransactionError::Nonce { got: 1, expected: 0 });
    check(&provider(&[100]), &[alice.transfer(1, 1, 0, &alice)], expected);
}

#[test]
fn the_last_nonce_is_refused() {
    let alice = Owner::new(0);
    let expected = transaction(0, TransactionError::LastNonce { address: alice.address() });
    let provider = provider_with(&[(&alice, account(&alice, 100, u64::MAX))]);
    check(&provider, &[alice.transfer(u64::MAX, 1, 0, &alice)], expected);
}

#[test]
fn a_sender_with_too_little_for_amount_and_fee_is_refused() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let provider = provider(&[100, 100]);
    let funds =
        |index, balance, cost| transaction(index, TransactionError::InsufficientFunds { balance, cost });
    check(&provider, &[alice.transfer(0, 101, 0, &bob)], funds(0, 100, 101));
    check(&provider, &[bob.propose(), alice.transfer(0, 100, 1, &bob)], funds(0, 100, 101));
    check(
        &provider,
        &[bob.propose(), alice.transfer(0, 60, 1, &bob), alice.transfer(1, 40, 0, &bob)],
        funds(1, 39, 40),
    );
}

#[test]
fn the_proposer_gets_no_fee_before_the_end_of_the_block() {
    let [alice, bob] = [0, 1].map(Owner::new);
    check(
        &provider(&[100, 0]),
        &[bob.propose(), alice.transfer(0, 1, 50, &alice), bob.transfer(0, 1, 0, &alice)],
        transaction(1, TransactionError::InsufficientFunds { balance: 0, cost: 1 }),
    );
}

#[test]
fn amount_and_fee_over_64_bits_are_refused() {
    let alice = Owner::new(0);
    check(
        &provider(&[100]),
        &[alice.propose(), alice.transfer(0, u64::MAX, 1, &alice)],
        transaction(0, TransactionError::CostOverflow { amount: u64::MAX, fee: 1 }),
    );
}

#[test]
fn an_unknown_sender_is_refused() {
    let [alice, eve] = [0, 9].map(Owner::new);
    let expected = transaction(0, TransactionError::UnknownSender { address: eve.address() });
    check(&provider(&[100]), &[eve.transfer(0, 0, 0, &alice)], expected);
}

#[test]
fn an_unknown_recipient_is_refused() {
    let [alice, eve] = [0, 9].map(Owner::new);
    let expected = transaction(0, TransactionError::UnknownRecipient { address: eve.address() });
    check(&provider(&[100]), &[alice.transfer(0, 1, 0, &eve)], expected);
}

#[test]
fn an_unknown_proposer_is_refused() {
    let [alice, eve] = [0, 9].map(Owner::new);
    let expected = TransitionError::UnknownProposer { address: eve.address() };
    check(&provider(&[100]), &[eve.propose(), alice.transfer(0, 1, 1, &alice)], expected);
}

#[test]
fn an_account_cannot_be_created_again() {
    let [alice, bob, eve] = [0, 1, 9].map(Owner::new);
    let provider = provider(&[100, 100]);
    let create =
        |nonce, owner: &Owner| alice.send(nonce, 1, 0, Action::Create { public_key: owner.public_key() });
    let exists = |index, owner: &Owner| {
        transaction(index, TransactionError::AccountExists { address: owner.address() })
    };
    check(&provider, &[create(0, &bob)], exists(0, &bob));
    check(&provider, &[create(0, &eve), create(1, &eve)], exists(1, &eve));
}

#[test]
fn a_fee_without_a_proposer_is_refused() {
    let alice = Owner::new(0);
    let expected = transaction(0, TransactionError::FeeForNobody { fee: 2 });
    check(&provider(&[100]), &[alice.transfer(0, 1, 2, &alice)], expected);
}

#[test]
fn a_balance_over_64_bits_is_refused() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let provider = provider_with(&[(&alice, account(&alice, 9, 0)), (&bob, account(&bob, u64::MAX, 0))]);
    let overflow = TransactionError::BalanceOverflow { address: bob.address() };
    check(&provider, &[alice.transfer(0, 1, 0, &bob)], transaction(0, overflow));
    let overflow = TransitionError::ProposerOverflow { address: bob.address() };
    check(&provider, &[bob.propose(), alice.transfer(0, 1, 1, &alice)], overflow);
}

#[test]
fn fees_over_64_bits_are_refused() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let provider = provider_with(&[(&alice, account(&alice, u64::MAX, 0)), (&bob, account(&bob, 1, 0))]);
    let packages = [bob.propose(), alice.transfer(0, 0, u64::MAX, &alice), bob.transfer(0, 0, 1, &bob)];
    check(&provider, &packages, transaction(1, TransactionError::FeesOverflow));
}

#[test]
fn a_malformed_account_is_refused() {
    let alice = Owner::new(0);
    let refused = provider_with(&[(&alice, vec![1; 63])])
        .provide(&[alice.transfer(0, 1, 0, &alice)], execute)
        .unwrap_err();
    let address = alice.address();
    let expected = format!("block refused: transaction 0: the state has a malformed account at {address}");
    assert_eq!(chain(&refused), expected);
}

#[test]
fn an_invalid_genesis_is_refused() {
    let empty = StateProvider::new().context(CONTEXT);
    check(&empty, &[genesis(&[u64::MAX, 1])], TransitionError::EndowmentsOverflow);
    let poor = empty.clone().context(Context { balance: 2, ..CONTEXT });
    check(&poor, &[genesis(&[1, 2])], TransitionError::Unfunded { total: 3, balance: 2 });
    assert!(poor.provide(&[genesis(&[0, 2])], execute).is_ok());
    let one = genesis(&[1]);
    let twice = [&one[..], &one[1..]].concat();
    let address = Owner::new(0).address();
    check(&empty, &[twice], TransitionError::EndowedTwice { address });
}

/// Checks that the packages are refused because the sum of signatures is wrong.
#[track_caller]
fn check_signature(packages: &[Vec<u8>]) {
    let refused = provider(&[100, 100]).provide(packages, execute).unwrap_err();
    assert_eq!(chain(&refused), "block refused: aggregate signature: the claim is refuted");
}

#[test]
fn the_signature_of_another_signer_is_refused() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let transfer = alice.transaction(0, 1, 0, Action::Transfer { recipient: bob.address() });
    check_signature(&[package(bob.sign(DOMAIN, &transfer), &transfer)]);
    check_signature(&[bob.transfer(0, 1, 0, &alice), package(bob.sign(DOMAIN, &transfer), &transfer)]);
}

#[test]
fn a_signature_of_another_transaction_is_refused() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let transfer = alice.transaction(0, 1, 0, Action::Transfer { recipient: bob.address() });
    let signature = alice.sign(DOMAIN, &transfer);
    for other in [
        account::Transaction { amount: 2, ..transfer.clone() },
        account::Transaction { action: Action::Transfer { recipient: alice.address() }, ..transfer.clone() },
        account::Transaction { action: Action::Create { public_key: PublicKey([1; 48]) }, ..transfer },
    ] {
        check_signature(&[package(signature, &other)]);
    }
}

#[test]
fn a_signature_for_another_ee_or_shard_is_refused() {
    let alice = Owner::new(0);
    let transfer = alice.transaction(0, 1, 0, Action::Transfer { recipient: alice.address() });
    for domain in [
        SigningDomain { ee_index: EeIndex(6), ..DOMAIN },
        SigningDomain { shard: ShardIndex(4), ..DOMAIN },
        SigningDomain { ee_index: EeIndex(3), shard: ShardIndex(5) },
    ] {
        check_signature(&[package(alice.sign(domain, &transfer), &transfer)]);
    }
}

#[test]
fn a_missing_signature_is_refused() {
    let alice = Owner::new(0);
    let transfer = alice.transaction(0, 1, 0, Action::Transfer { recipient: alice.address() });
    check_signature(&[package(account::Signature::EMPTY_SUM, &transfer)]);
}

#[test]
fn a_key_that_is_not_a_point_can_never_send() {
    let alice = Owner::new(0);
    let key = PublicKey([7; 48]);
    let create = alice.send(0, 5, 0, Action::Create { public_key: key });
    let transfer = account::Transaction {
        sender: key.address(),
        ..alice.transaction(0, 1, 0, Action::Transfer { recipient: alice.address() })
    };
    let stolen = package(alice.sign(DOMAIN, &transfer), &transfer);
    let refused = provider(&[100]).provide(&[create, stolen], execute).unwrap_err();
    assert_eq!(chain(&refused), "block refused: aggregate signature: the input is malformed");
}
