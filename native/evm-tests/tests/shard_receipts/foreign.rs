//! Receipts of other EEs and of the beacon chain.

use alloy_primitives::{Address, B256, U256};
use outrider_evm_codec::Message;
use outrider_sdk::{
    context::{EeIndex, ShardIndex},
    harness::ReceivedReceipt,
    receipt::ReceiptKind,
};

use crate::receiving::{CALLS, SENDER, variable};
use crate::support::shard::{COURIER, EE, GWEI, Network, alias};

/// An EE of accounts.
const OTHER: u64 = 0;

/// Delivers a payload with 9 Gwei to a chain, and returns the network and whether the receipt was accepted.
fn deliver(kind: ReceiptKind, source_ee: u64, payload: Vec<u8>) -> (Network, bool) {
    deliver_with(9, kind, source_ee, payload)
}

fn deliver_with(value: u64, kind: ReceiptKind, source_ee: u64, payload: Vec<u8>) -> (Network, bool) {
    let mut network = Network::new(1);
    let (source_shard, source_ee) = (ShardIndex(6), EeIndex(source_ee));
    network.places[0].inbox =
        vec![ReceivedReceipt { kind, source_shard, source_ee, value, payload, ..Default::default() }];
    let rejected = network.block(0, &[]).rejected;
    (network, rejected.is_empty())
}

fn message(gas_limit: u64, data: &[u8]) -> Vec<u8> {
    let sender = B256::repeat_byte(0xac);
    Message { sender, destination: COURIER, gas_limit, data: data.to_vec().into() }.to_bytes()
}

#[test]
fn an_account_of_another_ee_pays_an_address() {
    let to = Address::repeat_byte(0xdd);
    let transfer = [&[0xac; 32][..], to.into_word().as_slice()].concat();
    let (network, is_accepted) = deliver(ReceiptKind::Message, OTHER, transfer);
    assert!(is_accepted);
    assert_eq!(network.places[0].shard.balance(to), U256::from(9 * GWEI));
}

#[test]
fn another_ee_calls_a_contract_with_little_gas() {
    let call = |value, gas_limit| deliver_with(value, ReceiptKind::Message, OTHER, message(gas_limit, b"hi"));
    let (network, is_accepted) = call(200_000, 100_000);
    assert!(is_accepted);
    let expected = alias(6, OTHER, B256::repeat_byte(0xac)).into_word();
    assert_eq!(variable(&network, 0, SENDER), U256::from_be_bytes(expected.0));
    let (network, is_accepted) = call(200_000, 100_001);
    assert!(!is_accepted, "it is too much");
    assert_eq!(variable(&network, 0, CALLS), U256::ZERO);
}

/// At the base fee of the first block, 0.875 Gwei, for 21,000 gas, 16 for each of 74 bytes, and the gas limit.
#[test]
fn a_call_of_another_ee_pays_for_its_gas_out_of_its_value() {
    let price = (21_000 + 16 * 74 + 100_000) * 875 / 1_000;
    let call = |value| deliver_with(value, ReceiptKind::Message, OTHER, message(100_000, b"hi"));
    for value in [0, 9, price - 1] {
        let (network, is_accepted) = call(value);
        assert!(!is_accepted, "{value}");
        assert_eq!(variable(&network, 0, CALLS), U256::ZERO);
    }
    let (network, is_accepted) = call(price + 1);
    assert!(is_accepted);
    // 106,911 Gwei are the whole Gwei of the price, 106,911 * 10^9 wei and none over.
    assert_eq!(network.places[0].shard.balance(COURIER), U256::from(GWEI));
    // One that fails returns as a whole.
    let failing = message(100_000, &[0xf1]);
    let (network, is_accepted) = deliver_with(price + 1, ReceiptKind::Message, OTHER, failing);
    assert!(!is_accepted);
    assert_eq!(network.places[0].shard.balance(COURIER), U256::ZERO);
}

/// Another EE may write any sender: it is not that of a chain of this EE.
#[test]
fn another_ee_cannot_forge_a_contract() {
    let sender = COURIER.into_word();
    let forged = Message { sender, destination: COURIER, gas_limit: 90_000, data: vec![1].into() }.to_bytes();
    let (network, is_accepted) = deliver_with(200_000, ReceiptKind::Message, OTHER, forged);
    assert!(is_accepted);
    let got = variable(&network, 0, SENDER);
    assert_eq!(got, U256::from_be_bytes(alias(6, OTHER, sender).into_word().0));
    assert_ne!(got, U256::from_be_bytes(alias(6, EE, sender).into_word().0));
}

#[test]
fn what_is_no_message_bounces() {
    let good = message(50_000, b"hi");
    let mut to_no_address = good.clone();
    to_no_address[40] = 1;
    for payload in [vec![], good[..63].to_vec(), good[..70].to_vec(), to_no_address] {
        let (_, is_accepted) = deliver(ReceiptKind::Message, OTHER, payload.clone());
        assert!(!is_accepted, "{payload:?}");
    }
}

#[test]
fn a_validator_withdraws_to_an_address() {
    let to = Address::repeat_byte(0xdd);
    for payload in [to.to_vec(), to.into_word().to_vec()] {
        let (network, is_accepted) = deliver(ReceiptKind::FromBeaconChain, 77, payload);
        assert!(is_accepted);
        assert_eq!(network.places[0].shard.balance(to), U256::from(9 * GWEI));
    }
    // The ether of others is the EE's and nobody's.
    let (network, _) = deliver(ReceiptKind::FromBeaconChain, 77, vec![0xdd; 21]);
    assert_eq!(network.places[0].shard.balance(to), U256::ZERO);
}

#[test]
fn expired_messages_return_as_bounced_ones_do() {
    let to = Address::repeat_byte(0xdd);
    for kind in [ReceiptKind::Bounced, ReceiptKind::Expired] {
        let payload = [&[1; 32][..], to.into_word().as_slice(), &[2; 32]].concat();
        let (network, _) = deliver(kind, OTHER, payload);
        assert_eq!(network.places[0].shard.balance(to), U256::from(9 * GWEI));
        let (network, _) = deliver(kind, OTHER, vec![1; 63]);
        assert_eq!(network.places[0].shard.balance(to), U256::ZERO);
    }
}
