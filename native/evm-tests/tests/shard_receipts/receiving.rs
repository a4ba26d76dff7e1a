//! Messages of chains of the same EE are delivered, or return.

use alloy_primitives::{Address, U256, keccak256};
use outrider_evm_codec::OUTBOX;

use crate::sending::pass;
use crate::support::shard::{
    COURIER, EE, GWEI, Network, OSAKA, Receipts, address_of, alias, call, outbox_call,
};

/// Sends a message from the courier on shard 0 to that on shard 1, and delivers it.
fn exchange(network: &mut Network, gwei: u64, gas_limit: u64, tag: u128, data: &[u8]) -> Receipts {
    send(network, gwei, COURIER, gas_limit, tag, data);
    network.block(1, &[])
}

fn send(network: &mut Network, gwei: u64, to: Address, gas_limit: u64, tag: u128, data: &[u8]) {
    let call = pass(&outbox_call(1, 0, to, gas_limit, tag, data));
    let wei = u128::from(gwei) * u128::from(GWEI);
    let transaction = network.places[0].users.send(0, Some(COURIER), wei, call);
    assert_eq!(network.block(0, &[transaction]).sent.len(), 1);
}

/// Returns a variable of the courier on a shard.
pub(crate) fn variable(network: &Network, shard: usize, slot: u64) -> U256 {
    network.places[shard].shard.storage(COURIER, U256::from(slot))
}

pub(crate) const SENDER: u64 = 0;
const VALUE: u64 = 1;
const DATA_HASH: u64 = 2;
pub(crate) const CALLS: u64 = 3;
const RETURNS: u64 = 4;
const RETURNED: u64 = 5;
const RETURNED_DESTINATION: u64 = 6;
const RETURNED_VALUE: u64 = 7;

fn number(address: Address) -> U256 {
    address.into_word().into()
}

#[test]
fn a_contract_calls_a_contract_on_another_shard() {
    let mut network = Network::new(2);
    let receipts = exchange(&mut network, 40, 200_000, 77, b"hello");
    assert_eq!((receipts.rejected, receipts.sent), (vec![], vec![]));
    assert_eq!(variable(&network, 1, SENDER), number(alias(0, EE, COURIER.into_word())));
    assert_eq!(variable(&network, 1, VALUE), U256::from(40 * GWEI));
    assert_eq!(variable(&network, 1, DATA_HASH), U256::from_be_bytes(keccak256(b"hello").0));
    let shard = &network.places[1].shard;
    assert_eq!(shard.balance(COURIER), U256::from(40 * GWEI));
    assert_eq!(shard.account(alias(0, EE, COURIER.into_word())), None, "the alias keeps nothing");
}

#[test]
fn messages_arrive_and_bounce_under_the_rules_of_all_forks() {
    let amsterdam = [OSAKA.as_slice(), &[("amsterdamTime", 0)]].concat();
    for forks in [&OSAKA[..1], &OSAKA[..2], &OSAKA[..3], &amsterdam] {
        let mut network = Network::with(2, forks);
        let receipts = exchange(&mut network, 40, 500_000, 1, b"hello");
        assert!(receipts.rejected.is_empty(), "{forks:?}");
        assert_eq!(network.places[1].shard.balance(COURIER), U256::from(40 * GWEI));
        assert_eq!(exchange(&mut network, 7, 500_000, 0, &[0xf1]).rejected, [0], "{forks:?}");
        network.block(0, &[]);
        assert_eq!(network.places[0].shard.balance(COURIER), U256::from(7 * GWEI));
    }
}

#[test]
fn a_message_without_gas_is_a_credit_without_a_call() {
    let mut network = Network::new(2);
    let to = Address::repeat_byte(0xdd);
    send(&mut network, 5, to, 0, 0, &[]);
    send(&mut network, 6, COURIER, 0, 0, &[]);
    assert!(network.block(1, &[]).rejected.is_empty());
    let shard = &network.places[1].shard;
    assert_eq!((shard.balance(to), shard.balance(COURIER)), (U256::from(5 * GWEI), U256::from(6 * GWEI)));
    assert_eq!(variable(&network, 1, CALLS), U256::ZERO);
}

#[test]
fn a_message_to_its_own_shard_takes_the_same_way() {
    let mut network = Network::new(1);
    let input = pass(&outbox_call(0, 0, COURIER, 150_000, 0, b"me"));
    let transaction = network.places[0].users.send(0, Some(COURIER), 0, input);
    network.block(0, &[transaction]);
    assert_eq!(variable(&network, 0, CALLS), U256::ZERO, "not in the same block");
    network.block(0, &[]);
    assert_eq!(variable(&network, 0, SENDER), number(alias(0, EE, COURIER.into_word())));
}

#[test]
fn a_call_that_fails_bounces_and_changes_nothing() {
    // It reverts, runs out of gas, or has too little gas for its first change.
    for (data, gas_limit) in [(&[0xf1][..], 200_000), (&[0xf2], 200_000), (&[0xf0], 5_000)] {
        let mut network = Network::new(2);
        let receipts = exchange(&mut network, 40, gas_limit, 0, data);
        assert_eq!(receipts.rejected, [0]);
        assert_eq!(variable(&network, 1, CALLS), U256::ZERO);
        assert_eq!(network.places[1].shard.balance(COURIER), U256::ZERO);
        assert_eq!(network.places[1].shard.account(alias(0, EE, COURIER.into_word())), None);
        // Without a tag, the ether returns without a call.
        assert!(network.block(0, &[]).rejected.is_empty());
        assert_eq!(network.places[0].shard.balance(COURIER), U256::from(40 * GWEI));
        assert_eq!(variable(&network, 0, RETURNS), U256::ZERO);
    }
}

#[test]
fn a_sender_with_a_tag_is_called_when_its_message_returns() {
    let mut network = Network::new(2);
    let tag = 0x0102_0304_0506_0708_090a_0b0c_u128;
    exchange(&mut network, 40, 100_000, tag, &[0xf1]);
    network.block(0, &[]);
    assert_eq!(variable(&network, 0, RETURNS), U256::ONE);
    assert_eq!(variable(&network, 0, RETURNED), U256::from(tag) << 64 | U256::ONE, "tag and shard");
    assert_eq!(variable(&network, 0, RETURNED_DESTINATION), number(COURIER));
    assert_eq!(variable(&network, 0, RETURNED_VALUE), U256::from(40 * GWEI));
    assert_eq!(network.places[0].shard.balance(COURIER), U256::from(40 * GWEI));
    assert_eq!(network.places[0].shard.balance(OUTBOX), U256::ZERO);
}

#[test]
fn a_sender_that_refuses_a_return_gets_the_ether_nevertheless() {
    let mut network = Network::new(2);
    let refuse = network.places[0].users.send(1, Some(COURIER), 0, call("refuseReturns()", &[]));
    network.block(0, &[refuse]);
    exchange(&mut network, 40, 100_000, 1, &[0xf1]);
    assert!(network.block(0, &[]).rejected.is_empty());
    assert_eq!(variable(&network, 0, RETURNS), U256::ZERO);
    assert_eq!(network.places[0].shard.balance(COURIER), U256::from(40 * GWEI));
    assert_eq!(network.places[0].shard.balance(OUTBOX), U256::ZERO);
}

#[test]
fn nobody_but_the_outbox_says_that_a_message_has_returned() {
    let mut network = Network::new(2);
    let forged = call("returned(uint64,uint96,address)", &[U256::ONE, U256::from(7), U256::from(9)]);
    let direct = network.places[0].users.send(1, Some(COURIER), 0, forged.clone());
    network.block(0, &[direct]);
    // By a message, too: its sender is an alias.
    let input = outbox_call(0, 0, COURIER, 200_000, 0, &forged);
    let message = network.places[1].users.send(1, Some(OUTBOX), 0, input);
    network.block(1, &[message]);
    assert_eq!(network.block(0, &[]).rejected, [0]);
    assert_eq!(variable(&network, 0, RETURNS), U256::ZERO);
}

#[test]
fn a_receiver_may_send_at_once() {
    let mut network = Network::new(2);
    let back = outbox_call(0, 1, address_of(3), 0, 0, &[]);
    let receipts = exchange(&mut network, 40, 400_000, 0, &[&[0xf3], &back[..]].concat());
    assert!(receipts.rejected.is_empty());
    assert_eq!((receipts.sent.len(), receipts.sent[0].value), (1, 39));
    assert_eq!(&receipts.sent[0].payload[..32], COURIER.into_word().as_slice());
    let before = network.places[0].shard.balance(address_of(3));
    network.block(0, &[]);
    assert_eq!(network.places[0].shard.balance(address_of(3)) - before, U256::from(39 * GWEI));
}

#[test]
fn a_receiver_that_sends_and_fails_sends_nothing() {
    let mut network = Network::new(2);
    // The outbox needs more gas than is left: the courier reverts.
    let back = outbox_call(0, 1, address_of(3), 0, 0, &[]);
    let receipts = exchange(&mut network, 40, 100_000, 0, &[&[0xf3], &back[..]].concat());
    assert_eq!((receipts.rejected, receipts.sent), (vec![0], vec![]));
}

#[test]
fn an_alias_is_that_of_shard_ee_and_sender() {
    let mut network = Network::new(3);
    let message = outbox_call(2, 0, COURIER, 200_000, 0, b"from a user");
    let from_user = network.places[1].users.send(4, Some(OUTBOX), 0, message.clone());
    network.block(1, &[from_user]);
    network.block(2, &[]);
    assert_eq!(variable(&network, 2, SENDER), number(alias(1, EE, address_of(4).into_word())));
    // A tag is not part of the sender.
    let tagged = outbox_call(2, 0, COURIER, 200_000, u128::MAX >> 32, b"from a user");
    let from_contract = network.places[0].users.send(4, Some(COURIER), 0, pass(&tagged));
    network.block(0, &[from_contract]);
    network.block(2, &[]);
    assert_eq!(variable(&network, 2, SENDER), number(alias(0, EE, COURIER.into_word())));
    let others = [alias(1, EE, COURIER.into_word()), alias(0, EE + 1, COURIER.into_word())];
    assert!(others.iter().all(|other| *other != alias(0, EE, COURIER.into_word())));
}

/// Independent of the EE's own code: the function of `IOutbox.sol`, in its words.
#[test]
fn the_alias_is_the_hash_of_three_packed_words() {
    let sender = COURIER.into_word();
    let packed = [&3_u64.to_be_bytes()[..], &1_u64.to_be_bytes(), sender.as_slice()].concat();
    assert_eq!(alias(3, 1, sender).as_slice(), &keccak256(packed)[12..]);
}

#[test]
fn messages_to_precompiled_contracts_and_to_the_outbox_are_calls_like_others() {
    let mut network = Network::new(2);
    // SHA-256, and a message that itself sends.
    send(&mut network, 1, Address::with_last_byte(2), 50_000, 0, b"abc");
    send(&mut network, 2, OUTBOX, 100_000, 0, &outbox_call(0, 0, address_of(2), 0, 0, &[]));
    let receipts = network.block(1, &[]);
    assert!(receipts.rejected.is_empty());
    assert_eq!(network.places[1].shard.balance(Address::with_last_byte(2)), U256::from(GWEI));
    let alias = alias(0, EE, COURIER.into_word()).into_word();
    assert_eq!(&receipts.sent[0].payload[..32], alias.as_slice());
}
