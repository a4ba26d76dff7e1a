//! Receipts that accounts send, and those that arrive.

use account::{Account, Action, PublicKey, Signature, TransactionError, TransitionError, UNCLAIMED, execute};
use outrider_sdk::{
    chain,
    context::{EeIndex, ShardIndex},
    harness::{Context, Provided, StateProvider},
    receipt::{BEACON_CHAIN, ReceiptKind, ReceivedReceipt, SentReceipt},
};
use outrider_witness::{
    Keccak256,
    smt::{Key, Tree},
};

use crate::owner::{CONTEXT, DOMAIN, Owner, accept, genesis, provider};

/// The account of an owner, or the unclaimed ether, at a provider.
fn balance(provider: &StateProvider, address: [u8; 32]) -> Option<u64> {
    let mut tree = Tree::<Keccak256, _>::open(&provider.root().into(), provider.nodes());
    let account = tree.get(&Key(address)).unwrap().map(|bytes| Account::from_bytes(bytes).unwrap());
    account.map(|account| account.balance)
}

#[track_caller]
fn check(provider: &StateProvider, owners: &[(u8, u64)], unclaimed: Option<u64>) {
    for (owner, expected) in owners {
        assert_eq!(balance(provider, Owner::new(*owner).address().0), Some(*expected), "owner {owner}");
    }
    assert_eq!(balance(provider, UNCLAIMED.0), unclaimed, "unclaimed");
}

fn received(kind: ReceiptKind, value: u64, payload: &[&[u8]]) -> ReceivedReceipt {
    ReceivedReceipt {
        kind,
        source_shard: ShardIndex(1),
        value,
        payload: payload.concat(),
        ..Default::default()
    }
}

fn message(value: u64, recipient: &[u8]) -> ReceivedReceipt {
    received(ReceiptKind::Message, value, &[&[0xee; 32], recipient])
}

/// Makes a block from receipts and packages, and applies it.
fn deliver(provider: &mut StateProvider, receipts: &[ReceivedReceipt], packages: &[Vec<u8>]) -> Provided {
    *provider = provider.clone().receipts(receipts);
    let provided = accept(provider, packages);
    *provider = provider.clone().receipts([]);
    provided
}

fn send(to: ShardIndex, ee: EeIndex, receipt_fee: u64, payload: &[u8]) -> Action {
    Action::Send { shard: to, ee, receipt_fee, payload: payload.to_vec() }
}

#[test]
fn what_is_sent_leaves_the_sender_with_its_fee_and_names_the_sender() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let mut provider = provider(&[100, 0]);
    let to_bob = send(ShardIndex(2), DOMAIN.ee_index, 3, &bob.address().0);
    let packages = [
        bob.propose(),
        alice.send(0, 60, 7, to_bob),
        alice.send(1, 20, 0, send(DOMAIN.shard, EeIndex(9), 0, b"hi")),
    ];
    let provided = accept(&mut provider, &packages);
    check(&provider, &[(0, 10), (1, 7)], None);
    let receipt = |shard, ee, value, fee, payload: &[u8]| SentReceipt {
        destination_shard: shard,
        destination_ee: ee,
        value,
        fee,
        payload: [&alice.address().0, payload].concat(),
    };
    let expected = [
        receipt(ShardIndex(2), DOMAIN.ee_index, 60, 3, &bob.address().0),
        receipt(DOMAIN.shard, EeIndex(9), 20, 0, b"hi"),
    ];
    assert_eq!(provided.outcome.receipts, expected);
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let to = |fee| send(ShardIndex(0), EeIndex(0), fee, b"");
    let refused = |provider: &StateProvider, packages: &[Vec<u8>]| {
        chain(&provider.provide(packages, execute).unwrap_err())
    };
    let expected =
        |index, source| format!("block refused: {}", chain(&TransitionError::Transaction { index, source }));
    let poor = provider(&[100, 0]);
    let funds = TransactionError::InsufficientFunds { balance: 100, cost: 101 };
    assert_eq!(refused(&poor, &[bob.propose(), alice.send(0, 90, 5, to(6))]), expected(0, funds));
    let overflow = TransactionError::CostOverflow { amount: 1, fee: u64::MAX };
    assert_eq!(refused(&poor, &[alice.send(0, 1, 0, to(u64::MAX))]), expected(0, overflow));
    let overflow = TransactionError::CostOverflow { amount: 0, fee: u64::MAX };
    assert_eq!(refused(&poor, &[bob.propose(), alice.send(0, 0, 1, to(u64::MAX))]), expected(0, overflow));
    let many: Vec<_> = (0..1025).map(|nonce| alice.send(nonce, 0, 0, to(0))).collect();
    assert_eq!(refused(&poor, &many), expected(1024, TransactionError::TooManyReceipts));
    assert_eq!(poor.provide(&many[..1024], execute).unwrap().outcome.receipts.len(), 1024);
    // Only a host that claims more ether than there is comes here: each account has nearly all of it.
    let rich = provider(&[u64::MAX]);
    let more = [message(u64::MAX - 1, &alice.address().0)];
    let packages = [alice.send(0, u64::MAX, 0, to(0))];
    let mut rich = rich.receipts(more.clone());
    assert_eq!(rich.provide(&packages, execute).unwrap().outcome.rejected, [0], "its balance would overflow");
    rich = rich.receipts([message(5, &Owner::new(2).public_key().0)]);
    let carol = Owner::new(2).send(0, 5, 0, to(0));
    assert_eq!(
        refused(&rich, &[packages[0].clone(), carol]),
        expected(1, TransactionError::ReceiptsOverflow)
    );
}

#[test]
fn a_message_credits_an_account_or_creates_the_one_of_a_key() {
    let [bob, carol] = [1, 2].map(Owner::new);
    let mut provider = provider(&[100, 0]);
    let receipts = [
        message(5, &bob.address().0),
        message(6, &carol.public_key().0),
        message(7, &bob.public_key().0),
        message(0, &bob.address().0),
    ];
    // They can spend it in the same block.
    let provided = deliver(&mut provider, &receipts, &[carol.transfer(0, 2, 0, &bob)]);
    assert_eq!(provided.outcome.rejected, [0; 0]);
    check(&provider, &[(0, 100), (1, 14), (2, 4)], None);
}

#[test]
fn messages_to_nobody_or_with_malformed_payloads_are_rejected() {
    let alice = Owner::new(0);
    let mut provider = provider(&[100]);
    let root = provider.root();
    let short = received(ReceiptKind::Message, 3, &[&[0xee; 31]]);
    let receipts = [
        message(1, &Owner::new(9).address().0),
        message(2, &alice.address().0[..31]),
        message(3, &[]),
        short,
        message(4, &[&alice.address().0[..], &[0]].concat()),
        message(5, &[&alice.public_key().0[..], &[0]].concat()),
        message(6, &UNCLAIMED.0),
    ];
    let provided = deliver(&mut provider, &receipts, &[]);
    assert_eq!(provided.outcome.rejected, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(provider.root(), root);
}

#[test]
fn what_returns_goes_back_to_the_account_that_sent_it() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let mut provider = provider(&[100, 200]);
    let returned = |kind, value, owner: &Owner| {
        received(kind, value, &[&[0xaa; 32], &owner.address().0, &bob.address().0])
    };
    let receipts = [returned(ReceiptKind::Bounced, 10, &alice), returned(ReceiptKind::Expired, 20, &bob)];
    let provided = deliver(&mut provider, &receipts, &[]);
    assert_eq!(provided.outcome.rejected, [0; 0]);
    check(&provider, &[(0, 110), (1, 220)], None);
}

#[test]
fn a_deposit_that_returns_goes_to_the_account_of_the_validators_key() {
    let [alice, carol] = [0, 2].map(Owner::new);
    let mut provider = provider(&[100]);
    let returned = |value, owner: &Owner| ReceivedReceipt {
        source_shard: BEACON_CHAIN,
        ..received(ReceiptKind::Bounced, value, &[&[0xaa; 32], &owner.public_key().0, &[0xcc; 16]])
    };
    deliver(&mut provider, &[returned(32, &alice), returned(64, &carol)], &[]);
    check(&provider, &[(0, 132), (2, 64)], None);
}

#[test]
fn ether_from_the_beacon_chain_goes_to_the_account_that_the_validator_names() {
    let [alice, carol] = [0, 2].map(Owner::new);
    let mut provider = provider(&[100]);
    let from_beacon_chain = |value, payload: &[u8]| ReceivedReceipt {
        source_shard: BEACON_CHAIN,
        ..received(ReceiptKind::FromBeaconChain, value, &[payload])
    };
    let receipts = [from_beacon_chain(1, &alice.address().0), from_beacon_chain(2, &carol.public_key().0)];
    deliver(&mut provider, &receipts, &[]);
    check(&provider, &[(0, 101), (2, 2)], None);
}

#[test]
fn ether_that_returns_for_nobody_is_counted_in_the_state_and_stays() {
    let [alice, eve] = [0, 9].map(Owner::new);
    let mut provider = provider(&[100]);
    let receipts = [
        received(ReceiptKind::Bounced, 1, &[&[0xaa; 32], &eve.address().0, &[0; 32]]),
        received(ReceiptKind::Expired, 2, &[&[0xaa; 32], &[1; 31]]),
        received(ReceiptKind::FromBeaconChain, 4, &[&eve.address().0]),
        received(ReceiptKind::FromBeaconChain, 8, &[]),
        received(ReceiptKind::Bounced, 0, &[]),
    ];
    let provided = deliver(&mut provider, &receipts, &[]);
    assert_eq!(provided.outcome.rejected, [0; 0], "rejecting it would not return it");
    check(&provider, &[(0, 100)], Some(15));
    // Its key is no point, so nobody can send it.
    let theft = account::Transaction {
        sender: UNCLAIMED,
        ..alice.transaction(0, 15, 0, Action::Create { public_key: PublicKey([1; 48]) })
    };
    let refused = provider.provide(&[alice.package(&theft)], execute).unwrap_err();
    assert_eq!(chain(&refused), "block refused: aggregate signature: the input is malformed");
}

#[test]
fn before_a_genesis_messages_bounce_and_other_ether_is_for_the_genesis() {
    let alice = Owner::new(0);
    let mut provider = StateProvider::new().context(CONTEXT);
    let receipts = [
        message(1, &alice.public_key().0),
        received(ReceiptKind::FromBeaconChain, 2, &[&alice.public_key().0]),
        received(ReceiptKind::Bounced, 4, &[]),
    ];
    let provided = deliver(&mut provider, &receipts, &[]);
    assert_eq!(provided.outcome.rejected, [0]);
    assert_eq!(provider.root(), StateProvider::new().root());
    let mut provider = provider.context(Context { balance: 6, ..CONTEXT });
    // In its own block, a genesis comes before the receipts.
    deliver(&mut provider, &[message(10, &alice.address().0)], &[genesis(&[6])]);
    check(&provider, &[(0, 16)], None);
}

#[test]
fn a_receipt_needs_its_account_in_the_witness() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let provider = provider(&[100; 20]);
    let without = provider.provide(&[alice.transfer(0, 1, 0, &alice)], execute).unwrap();
    let execution = outrider_sdk::harness::Execution::new(provider.root()).context(CONTEXT);
    let execution = execution.receipts([message(5, &bob.address().0)]).block_data(without.block_data);
    let refused = chain(&execution.run(execute).unwrap_err());
    assert!(refused.starts_with("block refused: receipt 0: the node at "), "{refused}");
    assert!(refused.ends_with(" is not covered"), "{refused}");
}

/// The account of such a key would get what returns, and nobody could spend it.
#[test]
fn a_deposit_for_a_key_that_is_no_point_is_refused() {
    let alice = Owner::new(0);
    let provider = provider(&[100]);
    let infinity = core::array::from_fn(|index| if index == 0 { 0xc0 } else { 0 });
    let mut off_the_curve = alice.public_key().0;
    off_the_curve[47] ^= 1;
    for key in [[0; 48], [1; 48], [0xff; 48], infinity, off_the_curve] {
        let withdraw = Action::Withdraw {
            validator: PublicKey(key),
            withdrawal_credentials: [2; 32],
            deposit_signature: Signature([3; 96]),
        };
        let refused = provider.provide(&[alice.send(0, 64, 0, withdraw)], execute).unwrap_err();
        let expected = TransitionError::Transaction { index: 0, source: TransactionError::ValidatorKey };
        assert_eq!(chain(&refused), format!("block refused: {}", chain(&expected)), "{key:?}");
    }
}
