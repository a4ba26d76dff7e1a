//! Ether of an alias, which has no key: the sender for which it stands spends it by messages.

use alloy_primitives::{Address, B256, Bytes, U256};
use outrider_evm_codec::{Message, OUTBOX, Spending};
use outrider_sdk::{
    context::{EeIndex, ShardIndex},
    harness::ReceivedReceipt,
};

use crate::receiving::{CALLS, SENDER, variable};
use crate::support::shard::{COURIER, EE, GWEI, Network, address_of, alias, outbox_call};

const TO: Address = Address::repeat_byte(0xdd);
const GAS: u64 = 200_000;

/// Returns two chains, on the second of which somebody has paid 100 Gwei to the alias of user 4 on the first.
fn paid() -> (Network, Address) {
    let mut network = Network::new(2);
    let alias = alias(0, EE, address_of(4).into_word());
    let payment = network.places[1].users.send(1, Some(alias), 100 * u128::from(GWEI), Bytes::new());
    network.block(1, &[payment]);
    (network, alias)
}

/// Sends 5 Gwei and an input from a user on the first chain to an alias on the second, and returns whether the message is
/// accepted.
fn spend(network: &mut Network, user: u64, alias: Address, input: &[u8]) -> bool {
    let message = outbox_call(1, 0, alias, GAS, 0, input);
    let transaction = network.places[0].users.send(user, Some(OUTBOX), 5 * u128::from(GWEI), message);
    assert_eq!(network.block(0, &[transaction]).sent.len(), 1);
    network.block(1, &[]).rejected.is_empty()
}

fn spending(destination: Address, wei: u64, data: &[u8]) -> Vec<u8> {
    Spending { destination, value: U256::from(wei), data: data.to_vec().into() }.to_bytes()
}

#[test]
fn a_sender_spends_what_its_alias_was_paid() {
    let (mut network, alias) = paid();
    assert!(spend(&mut network, 4, alias, &spending(TO, 60 * GWEI + 1, &[])));
    let shard = &network.places[1].shard;
    assert_eq!(shard.balance(TO), U256::from(60 * GWEI + 1));
    assert_eq!(shard.balance(alias), U256::from(45 * GWEI - 1), "what the message brought is there, too");
    // All of it, by a contract that sees the alias.
    assert!(spend(&mut network, 4, alias, &spending(COURIER, 50 * GWEI - 1, b"hello")));
    assert_eq!(network.places[1].shard.account(alias), None);
    assert_eq!(variable(&network, 1, SENDER), U256::from_be_bytes(alias.into_word().0));
}

#[test]
fn ether_of_an_alias_goes_home_by_the_outbox() {
    let (mut network, alias) = paid();
    let home = outbox_call(0, 1, address_of(4), 0, 0, &[]);
    assert!(spend(&mut network, 4, alias, &spending(OUTBOX, 105 * GWEI, &home)));
    assert_eq!(network.places[1].shard.account(alias), None);
    let before = network.places[0].shard.balance(address_of(4));
    network.block(0, &[]);
    assert_eq!(network.places[0].shard.balance(address_of(4)) - before, U256::from(104 * GWEI));
}

#[test]
fn nobody_spends_more_than_the_alias_has_or_what_another_has() {
    let (mut network, alias) = paid();
    for (user, input) in [
        (4, spending(TO, 105 * GWEI + 1, &[])),
        // It is the alias of user 4: for user 5, it is an account like others, and the message a call.
        (5, spending(TO, 1, &[])),
        (4, spending(COURIER, 1, &[0xf1])),
        (4, vec![]),
        (4, vec![0; 63]),
        (4, [&[1][..], &spending(TO, 1, &[])[1..]].concat()),
    ] {
        let before = network.places[1].shard.balance(alias);
        assert_eq!(spend(&mut network, user, alias, &input), user == 5, "{input:?}");
        let brought = if user == 5 { 5 * GWEI } else { 0 };
        assert_eq!(network.places[1].shard.balance(alias) - before, U256::from(brought), "{input:?}");
        assert_eq!(network.places[1].shard.balance(TO), U256::ZERO);
        network.block(0, &[]);
    }
}

/// The value that another EE sends pays for the gas, and what is left stays with the alias.
#[test]
fn another_ee_calls_with_a_value_that_it_chooses() {
    let mut network = Network::new(1);
    let sender = B256::repeat_byte(0xac);
    let alias = alias(6, 0, sender);
    let data = spending(COURIER, 0, b"hi");
    let payload = Message { sender, destination: alias, gas_limit: 100_000, data: data.into() }.to_bytes();
    // Of the base fee of the first block.
    let price = (21_000 + 16 * payload.len() as u64 + 100_000) * 875_000_000;
    let (source_shard, source_ee, value) = (ShardIndex(6), EeIndex(0), 150_000);
    network.places[0].inbox =
        vec![ReceivedReceipt { source_shard, source_ee, value, payload, ..Default::default() }];
    assert!(network.block(0, &[]).rejected.is_empty());
    assert_eq!(variable(&network, 0, CALLS), U256::ONE);
    assert_eq!(network.places[0].shard.balance(COURIER), U256::ZERO);
    assert_eq!(network.places[0].shard.balance(alias), U256::from(value * GWEI - price));
}
