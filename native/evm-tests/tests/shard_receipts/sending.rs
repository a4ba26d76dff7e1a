//! The receipts that the outbox sends, and when.

use alloy_primitives::{Address, B256, Bytes, U256, b256, hex};
use outrider_evm_codec::OUTBOX;
use outrider_sdk::{
    context::{EeIndex, ShardIndex},
    harness::{Context, SentReceipt},
};

use crate::support::shard::{
    COURIER, EE, GWEI, Network, OSAKA, address_of, genesis_json, outbox_call, outbox_send, with_bytes,
};

/// Returns a call of the courier that passes an input on to the outbox.
pub(crate) fn pass(data: &[u8]) -> Bytes {
    with_bytes("pass(bytes)", &[U256::from(32)], data)
}

/// Sends a transaction of user 0 on shard 0 to the courier with some Gwei, and returns what the block sends.
fn sent(network: &mut Network, gwei: u64, data: Bytes) -> Vec<SentReceipt> {
    sent_with(network, u128::from(gwei) * u128::from(GWEI), data)
}

fn sent_with(network: &mut Network, wei: u128, data: Bytes) -> Vec<SentReceipt> {
    let transaction = network.places[0].users.send(0, Some(COURIER), wei, data);
    network.block(0, &[transaction]).sent
}

#[test]
fn a_call_leaves_the_chain_as_a_receipt() {
    let mut network = Network::new(2);
    let before = network.places[0].shard.balance(address_of(0));
    let destination = Address::repeat_byte(0xdd);
    let call = outbox_call(1, 7, destination, 200_000, 0x0102, b"hello");
    let receipt = SentReceipt {
        destination_shard: ShardIndex(1),
        destination_ee: EeIndex(EE),
        value: 93,
        fee: 7,
        payload: [
            &[0; 10][..],
            &[1, 2],
            COURIER.as_slice(),
            &[0; 12],
            destination.as_slice(),
            &[0, 0, 0, 0, 0, 3, 0x0d, 0x40],
            b"hello",
        ]
        .concat(),
    };
    assert_eq!(sent(&mut network, 100, pass(&call)), [receipt]);
    let shard = &network.places[0].shard;
    assert_eq!(shard.balance(COURIER), U256::ZERO);
    assert_eq!(shard.balance(OUTBOX), U256::ZERO, "the ether has left");
    let paid = before - shard.balance(address_of(0));
    assert!(paid > U256::from(100 * GWEI), "{paid}");
}

#[test]
fn a_user_sends_without_a_contract() {
    let mut network = Network::new(2);
    let call = outbox_call(1, 0, address_of(4), 0, 0, &[]);
    let transaction = network.places[0].users.send(0, Some(OUTBOX), 5 * u128::from(GWEI), call);
    let sent = network.block(0, &[transaction]).sent;
    assert_eq!(sent.len(), 1);
    assert_eq!(&sent[0].payload[..32], address_of(0).into_word().as_slice());
}

#[test]
fn other_ees_get_the_sender_and_raw_data() {
    let mut network = Network::new(1);
    let recipient = [0x5a; 32];
    let sent = sent(&mut network, 3, pass(&outbox_send(0, 0, 1, &recipient)));
    assert_eq!((sent[0].destination_ee, sent[0].value, sent[0].fee), (EeIndex(0), 2, 1));
    // The transfer of the account EE: sender and recipient, 32 bytes each.
    assert_eq!(sent[0].payload, [COURIER.into_word().as_slice(), &recipient].concat());
}

#[test]
fn what_the_outbox_refuses_is_not_sent() {
    let call = |shard, fee, gas_limit, data: &[u8]| outbox_call(shard, fee, COURIER, gas_limit, 0, data);
    let gwei = u128::from(GWEI);
    for (what, wei, data) in [
        ("half a Gwei", gwei / 2, call(1, 0, 0, &[])),
        ("a wei too many", gwei + 1, call(1, 0, 0, &[])),
        ("a fee of more than the value", gwei, call(1, 2, 0, &[])),
        ("a shard without an index", gwei, call(1024, 0, 0, &[])),
        ("an EE without an index", gwei, outbox_send(0, 1 << 16, 0, &[])),
        ("an input without gas", gwei, call(1, 0, 0, &[1])),
        ("more gas than a call may have", gwei, call(1, 0, 500_001, &[1])),
        // It could say that its gas is paid for.
        ("raw data to the same EE", gwei, outbox_send(1, EE, 0, &[0; 72])),
        ("no function", gwei, Bytes::from_static(&[1, 2, 3, 4])),
    ] {
        let mut network = Network::new(2);
        assert_eq!(sent_with(&mut network, wei, pass(&data)), [], "{what}");
        assert_eq!(network.places[0].shard.balance(COURIER), U256::ZERO, "{what}: the transaction reverts");
    }
    let mut network = Network::new(2);
    let twice =
        with_bytes("passMany(bytes,uint256)", &[U256::from(64), U256::from(2)], &call(1, 1, 500_000, &[1]));
    let none = sent_with(&mut network, 2 * gwei, twice);
    assert_eq!(none, [], "the transaction has a million gas, and the calls another one");
}

#[test]
fn nothing_is_sent_for_a_frame_that_reverts() {
    let call = outbox_call(1, 0, COURIER, 50_000, 0, b"data");
    let mut network = Network::new(2);
    let reverting = with_bytes("passAndRevert(bytes)", &[U256::from(32)], &call);
    assert_eq!(sent(&mut network, 10, reverting), []);
    let caught = with_bytes("passRevertedAndPass(bytes)", &[U256::from(32)], &call);
    let sent = sent(&mut network, 10, caught);
    assert_eq!((sent.len(), sent[0].value), (1, 5));
    // The reverted call gave its half back to the courier.
    assert_eq!(network.places[0].shard.balance(COURIER), U256::from(5 * GWEI));
}

#[test]
fn a_block_has_many_receipts_in_their_order_up_to_a_limit() {
    let mut network = Network::new(2);
    let call = outbox_call(1, 0, address_of(1), 0, 0, &[]);
    let data = with_bytes("passMany(bytes,uint256)", &[U256::from(64), U256::from(300)], &call);
    let many = |network: &Network, user| {
        let mut transaction =
            network.places[0].users.transaction(user, Some(COURIER), 300 * u128::from(GWEI), data.clone());
        transaction.gas_limit = U256::from(14_000_000);
        transaction.sign(&crate::support::shard::key_of(user)).unwrap()
    };
    let transactions = [many(&network, 0), many(&network, 1)];
    let first = network.block(0, &transactions);
    assert_eq!(first.sent.len(), 300, "the second transaction has no room for 300 more of 512");
    assert_eq!(crate::support::shard::parts(&first.provided.block_data).1.transactions, transactions);
    let failed = network.places[0].shard.gas_used();
    network.places[0].users.skip(1);
    let again = many(&network, 1);
    assert_eq!(network.block(0, &[again]).sent.len(), 300);
    let succeeded = network.places[0].shard.gas_used();
    assert!(failed > succeeded * 3 / 2, "a transaction that fails pays: {failed}, {succeeded}");
    // They arrive as credits of 1 Gwei each, as far as half of the gas goes: 600 of 22,152 gas do.
    let before = network.places[1].shard.balance(address_of(1));
    assert!(network.block(1, &[]).rejected.is_empty());
    assert_eq!(network.places[1].shard.balance(address_of(1)) - before, U256::from(600 * GWEI));
}

/// Nobody executes it again and again for nothing.
#[test]
fn a_transaction_that_no_block_can_send_fails_and_pays() {
    let mut network = Network::new(2);
    let call = outbox_call(1, 0, COURIER, 1, 0, &[0; 60_000]);
    let data = with_bytes("passMany(bytes,uint256)", &[U256::from(64), U256::from(9)], &call);
    let mut transaction = network.places[0].users.transaction(0, Some(COURIER), 0, data);
    transaction.gas_limit = U256::from(16_700_000);
    let transaction = transaction.sign(&crate::support::shard::key_of(0)).unwrap();
    let before = network.places[0].shard.balance(address_of(0));
    let block = network.block(0, std::slice::from_ref(&transaction));
    assert_eq!(block.sent, [], "9 times 60,072 bytes are more than 512 KiB");
    assert_eq!(crate::support::shard::parts(&block.provided.block_data).1.transactions, [transaction]);
    let paid = before - network.places[0].shard.balance(address_of(0));
    assert!(paid >= U256::from(network.places[0].shard.gas_used() * GWEI), "{paid}");
    assert!(network.places[0].shard.gas_used() > 8 * 60_072 * 24);
    assert_eq!(network.places[0].shard.balance(COURIER), U256::ZERO);
}

/// A contract that goes on when the outbox refuses sends as much as a block may.
#[test]
fn a_call_of_the_outbox_without_room_reverts_and_its_caller_goes_on() {
    // Copies the input; calls the outbox with it 300 times, and ignores the results.
    let head = "365f5f3761012c5b5f5f365f5f73";
    let tail = "5af150600190038060075700";
    let code = format!("0x{head}{}{tail}", hex::encode(OUTBOX));
    let sender = Address::repeat_byte(0x5e);
    let mut genesis = genesis_json(&OSAKA);
    genesis["alloc"][sender.to_string()] = serde_json::json!({ "balance": "0x0", "code": code });
    let mut network = Network::of(2, &genesis);
    let transaction = |network: &Network, user| {
        let call = outbox_call(1, 0, address_of(1), 0, 0, &[]);
        let mut transaction = network.places[0].users.transaction(user, Some(sender), 0, call);
        transaction.gas_limit = U256::from(14_900_000);
        transaction.sign(&crate::support::shard::key_of(user)).unwrap()
    };
    let transactions = [transaction(&network, 0), transaction(&network, 1)];
    assert_eq!(network.block(0, &transactions).sent.len(), 512);
    // The receiver takes them in blocks of half of the gas: none is lost.
    assert!(network.places[1].inbox.iter().all(|receipt| receipt.value == 0));
    assert_eq!(network.block(1, &[]).rejected, [0; 0]);
}

#[test]
fn a_receiver_sends_on_what_it_has_just_received() {
    let mut network = Network::new(1);
    let back = outbox_call(0, 1, address_of(3), 0, 0, &[]);
    let message = |value| {
        let data = [&[0xf3], &back[..]].concat().into();
        let (sender, destination, gas_limit) = (COURIER.into_word(), COURIER, 400_000);
        let payload = outrider_evm_codec::Message { sender, destination, gas_limit, data }.to_bytes();
        let source_ee = EeIndex(EE);
        outrider_sdk::harness::ReceivedReceipt { source_ee, value, payload, ..Default::default() }
    };
    // The EE has no ether but that of the receipt; its accounts have more, by their genesis.
    network.slot = 1;
    let context = Context { balance: 0, ..network.context(0) };
    let provider = network.places[0].shard.provider.clone().context(context).receipts([message(40)]);
    let packages = [crate::support::shard::proposal(None)];
    let outcome = provider.provide(&packages, outrider_evm_ee::execute).unwrap().outcome;
    assert_eq!((outcome.rejected, outcome.receipts.len()), (vec![], 1));
}

#[test]
fn an_ee_sends_no_more_ether_than_it_has() {
    let mut network = Network::new(2);
    let transaction = |network: &mut Network| {
        let call = pass(&outbox_call(1, 1, COURIER, 0, 0, &[]));
        network.places[0].users.send(0, Some(COURIER), 11 * u128::from(GWEI), call)
    };
    let transaction = transaction(&mut network);
    // The accounts have more, by their genesis.
    network.slot = 1;
    let ether = std::mem::replace(&mut network.places[0].ether, 10);
    let context = network.context(0);
    let provider = network.places[0].shard.provider.clone().context(context);
    let packages = [crate::support::shard::proposal(None), transaction.clone()];
    let provided = provider.provide(&packages, outrider_evm_ee::execute).unwrap();
    assert_eq!(provided.outcome.receipts, [], "the transaction fails");
    assert_eq!(crate::support::shard::parts(&provided.block_data).1.transactions.len(), 1);
    network.places[0].ether = ether;
    network.slot = 1;
    assert_eq!(network.block(0, &[transaction]).sent.len(), 1);
}

/// The outbox's event, by another contract.
#[test]
fn logs_of_other_contracts_send_nothing() {
    let topic: B256 = b256!("a3e1b4e20b229d6a590b28cd61553877b21e699738982e2effc780d4bd69bee8");
    let signature = alloy_primitives::keccak256("Sent(address,uint64,uint64,uint64,uint64,bytes)");
    assert_eq!(topic, signature);
    // PUSH1 224, PUSH0, LOG1 with the topic, over zeros: no payload, and no ether.
    let code = [&[0x7f][..], topic.as_slice(), &[0x60, 224, 0x5f, 0xa1]].concat();
    let mut network = Network::new(1);
    let transaction = network.places[0].users.send(0, None, 0, code.into());
    assert_eq!(network.block(0, &[transaction]).sent, []);
}

/// Burns in advance what the delivery costs.
#[test]
fn gas_of_the_delivery_is_burnt_by_the_sender() {
    let gas = |gas_limit, tag, data: &[u8]| {
        let mut network = Network::new(2);
        let call = outbox_call(1, 0, COURIER, gas_limit, tag, data);
        let transaction = network.places[0].users.send(0, Some(OUTBOX), 0, call);
        assert_eq!(network.block(0, &[transaction]).sent.len(), 1);
        network.places[0].shard.gas_used()
    };
    let base = gas(0, 0, &[]);
    // 21,000 of the transaction and of the delivery each, and 16 for each of 72 bytes.
    assert!((2 * 21_000 + 72 * 16..2 * 21_000 + 72 * 16 + 10_000).contains(&base), "{base}");
    let near =
        |got: u64, expected: u64| assert!(got.abs_diff(expected) < 1_000, "{got}, expected {expected}");
    near(gas(123_456, 0, &[]), base + 123_456);
    near(gas(0, 9, &[]), base + 100_000);
    // Each byte costs 16 as input of the transaction, 8 as log and 16 in advance, and copying it some more.
    let long = gas(1, 0, &[1; 3_200]) - base;
    assert!((3_200 * 40..3_200 * 44).contains(&long), "{long}");
}
