//! Valid blocks, and block data that differs from what a provider made.

use account::{ACCOUNT_BYTES, Action, Payload, Signature, execute};
use outrider_sdk::{Deposit, StateRoot, chain, harness::Execution, state};
use outrider_witness::{
    Hash, Keccak256,
    smt::{Key, Tree},
};

use crate::owner::{CONTEXT, Owner, accept, genesis, provider, split};

/// Checks a state root against that of a tree with these owners' balances and nonces.
#[track_caller]
fn check(root: StateRoot, accounts: &[(u8, u64, u64)]) {
    let mut tree = Tree::<Keccak256, _>::empty();
    for (owner, balance, nonce) in accounts {
        let public_key = Owner::new(*owner).public_key();
        let value = [&balance.to_le_bytes()[..], &nonce.to_le_bytes(), &public_key.0].concat();
        tree.insert(&Key(public_key.address().0), &value).unwrap();
    }
    assert_eq!(tree.root(), root.into());
}

#[test]
fn a_genesis_creates_accounts_at_the_hash_of_their_keys() {
    check(provider(&[]).root(), &[]);
    check(provider(&[100, 200, u64::MAX - 300]).root(), &[(0, 100, 0), (1, 200, 0), (2, u64::MAX - 300, 0)]);
}

#[test]
fn a_transfer_moves_the_amount_and_the_fee_and_spends_a_nonce() {
    let [alice, bob, carol] = [0, 1, 2].map(Owner::new);
    let mut provider = provider(&[100, 200, 300]);
    accept(&mut provider, &[carol.propose(), alice.transfer(0, 60, 7, &bob)]);
    check(provider.root(), &[(0, 33, 1), (1, 260, 0), (2, 307, 0)]);
}

#[test]
fn a_transfer_to_oneself_costs_the_fee() {
    let alice = Owner::new(0);
    let mut provider = provider(&[100, 200]);
    accept(&mut provider, &[Owner::new(1).propose(), alice.transfer(0, 90, 10, &alice)]);
    check(provider.root(), &[(0, 90, 1), (1, 210, 0)]);
}

#[test]
fn transactions_see_the_effects_of_earlier_ones() {
    let [alice, bob, carol] = [0, 1, 2].map(Owner::new);
    let mut provider = provider(&[100, 0, 0]);
    let packages = [
        carol.propose(),
        alice.transfer(0, 50, 0, &bob),
        bob.transfer(0, 40, 5, &carol),
        carol.transfer(0, 40, 0, &alice),
        alice.transfer(1, 90, 0, &bob),
    ];
    accept(&mut provider, &packages);
    check(provider.root(), &[(0, 0, 2), (1, 95, 1), (2, 5, 1)]);
}

#[test]
fn an_account_that_is_created_can_send_in_the_same_block() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let mut provider = provider(&[100]);
    let create = alice.send(0, 70, 0, Action::Create { public_key: bob.public_key() });
    accept(&mut provider, &[create, bob.transfer(0, 20, 0, &alice)]);
    check(provider.root(), &[(0, 50, 1), (1, 50, 1)]);
}

#[test]
fn a_withdrawal_is_a_deposit_on_the_beacon_chain() {
    let withdraw = Action::Withdraw {
        validator: Owner::new(9).public_key(),
        withdrawal_credentials: [2; 32],
        deposit_signature: Signature([3; 96]),
    };
    let mut provider = provider(&[100]);
    let provided = accept(&mut provider, &[Owner::new(0).send(0, 64, 0, withdraw)]);
    check(provider.root(), &[(0, 36, 1)]);
    let pubkey = Owner::new(9).public_key().0;
    let deposit = Deposit { pubkey, withdrawal_credentials: [2; 32], amount: 64, signature: [3; 96] };
    assert_eq!(provided.outcome.deposits, [deposit]);
}

#[test]
fn a_block_without_transactions_changes_nothing() {
    let mut provider = provider(&[100]);
    let root = provider.root();
    accept(&mut provider, &[Owner::new(0).propose()]);
    assert_eq!(provider.root(), root);
}

#[test]
fn a_witness_is_small_compared_with_the_state() {
    let transfer = [Owner::new(0).transfer(0, 1, 0, &Owner::new(1))];
    let provided = provider(&[1000; 250]).provide(&transfer, execute).unwrap();
    let (witness, _) = split(&provided.block_data);
    let state_bytes = 250 * (32 + ACCOUNT_BYTES);
    assert!(20 * witness.len() < state_bytes, "{} of {state_bytes} bytes", witness.len());
}

/// Returns a block with transfers from Alice to Bob and from Carol to Dave, among twenty accounts.
fn block() -> (StateRoot, Vec<u8>) {
    let [alice, bob, carol, dave] = [0, 1, 2, 3].map(Owner::new);
    let provider = provider(&[1000; 20]);
    let packages = [alice.transfer(0, 1, 0, &bob), carol.transfer(0, 2, 0, &dave)];
    let provided = provider.provide(&packages, execute).unwrap();
    (provider.root(), provided.block_data)
}

#[track_caller]
fn check_refused(root: StateRoot, block_data: Vec<u8>, expected: &str) {
    let refused = Execution::new(root).context(CONTEXT).block_data(block_data).run(execute).unwrap_err();
    assert!(chain(&refused).starts_with(expected), "{refused:?}");
}

#[test]
fn a_changed_byte_is_refused_wherever_it_is() {
    let (root, block_data) = block();
    for position in 0..block_data.len() {
        let mut changed = block_data.clone();
        changed[position] ^= 1 << (position % 8);
        let execution = Execution::new(root).context(CONTEXT).block_data(changed);
        assert!(execution.run(execute).is_err(), "byte {position} of {}", block_data.len());
    }
}

#[test]
fn a_cut_block_is_refused_wherever_the_cut_is() {
    let (root, block_data) = block();
    for length in 0..block_data.len() {
        let execution = Execution::new(root).context(CONTEXT).block_data(&block_data[..length]);
        assert!(execution.run(execute).is_err(), "{length} of {} bytes", block_data.len());
    }
}

#[test]
fn a_witness_of_another_state_is_refused() {
    let (root, block_data) = block();
    let other = StateRoot([1; 32]);
    let expected = format!("block refused: witness: the witness has root {root}, expected {other}");
    check_refused(other, block_data, &expected);
}

#[test]
fn a_missing_node_is_refused_with_hash_and_path() {
    let (root, block_data) = block();
    let (witness, _) = split(&block_data);
    let payload = Owner::new(4).transfer(0, 1, 0, &Owner::new(0));
    let block_data = state::block_data(witness, &payload);
    let refused = Execution::new(root).context(CONTEXT).block_data(block_data).run(execute).unwrap_err();
    let refused = chain(&refused);
    let rest = refused.strip_prefix("block refused: transaction 0: the node at ").unwrap();
    let (path, rest) = rest.split_once(", with hash ").unwrap();
    let (hash, rest) = rest.split_once(", is ").unwrap();
    assert_eq!(rest, "not covered");
    assert!(hash.parse::<Hash>().is_ok());
    let key = Owner::new(4).address().0;
    let bits: String = key.iter().map(|byte| format!("{byte:08b}")).collect();
    assert!(!path.is_empty() && bits.starts_with(path), "{path} leads to {bits}");
}

#[test]
fn a_witness_that_is_not_used_up_is_refused() {
    let (root, block_data) = block();
    let (witness, _) = split(&block_data);
    let payload = Owner::new(0).transfer(0, 1, 0, &Owner::new(1));
    check_refused(root, state::block_data(witness, &payload), "block refused: the witness has the node at ");
}

#[test]
fn a_second_genesis_is_refused() {
    let (root, _) = block();
    let refused = provider(&[1000; 20]).provide(&[genesis(&[1])], execute).unwrap_err();
    let expected = format!("block refused: genesis: the state is not empty, its root is {root}");
    assert_eq!(chain(&refused), expected);
}

#[test]
fn a_stale_block_can_be_a_package_on_a_new_root() {
    let [alice, bob, carol] = [0, 1, 2].map(Owner::new);
    let mut provider = provider(&[100, 100, 100]);
    let stale = provider.provide(&[alice.transfer(0, 10, 0, &bob)], execute).unwrap();
    accept(&mut provider, &[carol.transfer(0, 20, 0, &alice)]);
    let (_, payload) = split(&stale.block_data);
    let refreshed = accept(&mut provider, &[payload.to_vec()]);
    check(provider.root(), &[(0, 110, 1), (1, 110, 0), (2, 80, 1)]);
    assert_eq!(split(&refreshed.block_data).1, payload);
    assert!(
        matches!(Payload::from_bytes(payload), Ok(Payload::Block(block)) if block.transactions.len() == 1)
    );
}
