//! No receipt is too big for a block, and none is free.

use alloy_primitives::{Address, U256, hex};
use outrider_evm_codec::OUTBOX;
use outrider_sdk::{context::EeIndex, harness::ReceivedReceipt, receipt::ReceiptKind};
use serde_json::json;

use crate::support::shard::{
    COURIER, EE, GWEI, Network, OSAKA, Receipts, address_of, genesis_json, outbox_call,
};

/// Executes an instruction on each word of the input: on the balance or the size of the code of each address.
const READER: Address = Address::repeat_byte(0x4e);
const BALANCE: u8 = 0x31;
const EXTCODESIZE: u8 = 0x3b;

/// Contracts with 24,000 bytes of code each, which differ.
fn contract(n: u8) -> Address {
    Address::with_last_byte(0xc0 + n)
}

/// Returns two chains with these contracts, and calls the reader on one from the other with some addresses.
fn read(instruction: u8, addresses: &[Address]) -> (Network, Receipts) {
    read_through(instruction, addresses, READER, &[])
}

/// The same, by a contract with some code, if that is not the reader itself.
fn read_through(instruction: u8, addresses: &[Address], by: Address, code: &[u8]) -> (Network, Receipts) {
    let reader = hex::decode("5f5b803614601257803500506020016001565b00").unwrap();
    let reader: Vec<u8> =
        reader.iter().enumerate().map(|(at, byte)| if at == 10 { instruction } else { *byte }).collect();
    let mut genesis = genesis_json(&OSAKA);
    let alloc = genesis["alloc"].as_object_mut().unwrap();
    let mut add = |address: Address, code: &[u8]| {
        alloc.insert(address.to_string(), json!({ "balance": "0x0", "code": hex::encode_prefixed(code) }));
    };
    add(by, code);
    add(READER, &reader);
    for n in 0..32 {
        add(contract(n), &[&[n; 24_000][..], &[0]].concat());
    }
    let mut network = Network::of(2, &genesis);
    let input = addresses.iter().flat_map(|address| address.into_word().0).collect::<Vec<_>>();
    let message = outbox_call(1, 0, by, 450_000, 0, &input);
    let mut users = network.places[0].users.clone();
    let mut transaction = users.transaction(0, Some(OUTBOX), 5 * u128::from(GWEI), message);
    transaction.gas_limit = U256::from(3_000_000);
    users.skip(0);
    let transaction = transaction.sign(&crate::support::shard::key_of(0)).unwrap();
    assert_eq!(network.block(0, &[transaction]).sent.len(), 1);
    let receipts = network.block(1, &[]);
    (network, receipts)
}

#[test]
fn a_call_that_reads_much_code_bounces_and_its_witness_is_short() {
    let contracts: Vec<_> = (0..32).map(contract).collect();
    let (network, receipts) = read(EXTCODESIZE, &contracts[..8]);
    assert_eq!(receipts.rejected, [0; 0]);
    assert_eq!(network.places[1].shard.balance(READER), U256::from(5 * GWEI));
    for n in [11, 32] {
        let (network, receipts) = read(EXTCODESIZE, &contracts[..n]);
        assert_eq!(receipts.rejected, [0], "{n} contracts");
        assert_eq!(network.places[1].shard.balance(READER), U256::ZERO);
        let bytes = receipts.provided.block_data.len();
        assert!(bytes < (1 << 18) + (1 << 16), "{bytes} bytes");
        // All of its gas is used.
        let payload = 72 + 32 * n as u64;
        assert_eq!(network.places[1].shard.gas_used(), 21_000 + 16 * payload + 450_000);
    }
}

#[test]
fn a_call_that_reads_many_accounts_bounces() {
    let addresses: Vec<_> =
        (0..200_u64).map(|n| Address::left_padding_from(&(1_u64 << 40 | n).to_be_bytes())).collect();
    // The reader, its code and the alias are read, too.
    assert_eq!(read(BALANCE, &addresses[..60]).1.rejected, [0; 0]);
    assert_eq!(read(BALANCE, &addresses[..64]).1.rejected, [0]);
    assert_eq!(read(BALANCE, &addresses).1.rejected, [0]);
}

/// A contract between cannot catch it.
#[test]
fn a_call_within_a_call_that_reads_too_much_fails_the_whole_one() {
    // `CALLDATACOPY`, and a call of the reader with all of it, of which the result is ignored.
    let code =
        [&hex::decode("365f5f375f5f365f5f73").unwrap()[..], READER.as_slice(), &[0x5a, 0xf1, 0]].concat();
    let between = Address::repeat_byte(0xb7);
    let addresses: Vec<_> =
        (0..70_u64).map(|n| Address::left_padding_from(&(1_u64 << 40 | n).to_be_bytes())).collect();
    for (n, rejected) in [(40, vec![]), (70, vec![0])] {
        let receipts = read_through(BALANCE, &addresses[..n], between, &code).1;
        assert_eq!(receipts.rejected, rejected, "{n} accounts");
    }
}

/// The next receipt is delivered as if the one before had not been there.
#[test]
fn a_call_that_reads_too_much_does_not_disturb_others() {
    let contracts: Vec<_> = (0..32).map(contract).collect();
    let (mut network, _) = read(EXTCODESIZE, &contracts[..1]);
    let message = |sequence, data: &[Address]| {
        let data: Vec<u8> = data.iter().flat_map(|address| address.into_word().0).collect();
        let payload = outrider_evm_codec::Message {
            sender: COURIER.into_word(),
            destination: READER,
            gas_limit: 450_000,
            data: data.into(),
        };
        let (source_ee, payload) = (EeIndex(EE), payload.to_bytes());
        ReceivedReceipt { source_ee, sequence, value: 7, payload, ..Default::default() }
    };
    network.places[1].inbox =
        vec![message(0, &contracts[..4]), message(1, &contracts), message(2, &contracts[4..8])];
    assert_eq!(network.block(1, &[]).rejected, [1]);
    assert_eq!(network.places[1].shard.balance(READER), U256::from((5 + 2 * 7) * GWEI));
}

/// A provider takes fewer until a block accepts them, and each block takes some.
#[test]
fn many_returns_with_calls_are_delivered_over_several_blocks() {
    let mut network = Network::new(1);
    let payload = [&[1; 32][..], &[7; 12], COURIER.as_slice(), &[0; 32]].concat();
    let returned = |sequence| ReceivedReceipt {
        kind: ReceiptKind::Bounced,
        source_ee: EeIndex(EE),
        sequence,
        value: 1,
        payload: payload.clone(),
        ..Default::default()
    };
    let mut waiting: Vec<_> = (0..300).map(returned).collect();
    let mut n_blocks = 0;
    while !waiting.is_empty() {
        let mut n = waiting.len();
        network.places[0].inbox = waiting.clone();
        while network.try_block(0, &[]).is_err() {
            n = n.div_ceil(2);
            network.places[0].inbox = waiting[..n].to_vec();
        }
        waiting.drain(..n);
        n_blocks += 1;
    }
    // 122 of 122,536 gas are half of 30 million; the provider finds 75.
    assert!(n_blocks <= 5, "{n_blocks} blocks");
    assert_eq!(network.places[0].shard.storage(COURIER, U256::from(4)), U256::from(300));
    assert_eq!(network.places[0].shard.balance(COURIER), U256::from(300 * GWEI));
}

/// Proposers can lower the gas limit, and what returns cannot be rejected.
#[test]
fn each_receipt_fits_into_a_block_of_little_gas() {
    for gas_limit in [400_000, 200_000, 40_000, 10_000] {
        let mut genesis = genesis_json(&OSAKA);
        genesis["gasLimit"] = json!(format!("{gas_limit:#x}"));
        let mut network = Network::of(1, &genesis);
        let refuse = ReceivedReceipt { source_ee: EeIndex(EE), value: 9, ..Default::default() };
        let tagged =
            [&[1; 32][..], &[7; 12], COURIER.as_slice(), &[0; 12], address_of(0).as_slice()].concat();
        let payload = outrider_evm_codec::Message {
            sender: COURIER.into_word(),
            destination: COURIER,
            gas_limit: 150_000,
            data: vec![1].into(),
        };
        for (kind, payload) in [
            (ReceiptKind::Bounced, tagged.clone()),
            (ReceiptKind::Expired, tagged),
            (ReceiptKind::FromBeaconChain, COURIER.to_vec()),
            (ReceiptKind::Message, payload.to_bytes()),
        ] {
            let before = network.places[0].shard.balance(COURIER);
            network.places[0].inbox = vec![ReceivedReceipt { kind, payload, ..refuse.clone() }];
            let rejected = network.block(0, &[]).rejected;
            let is_message = kind == ReceiptKind::Message;
            let fits = gas_limit == 400_000;
            assert_eq!(rejected.is_empty(), fits || !is_message, "{kind:?} at {gas_limit}");
            let expected = if rejected.is_empty() { 9 * GWEI } else { 0 };
            assert_eq!(network.places[0].shard.balance(COURIER) - before, U256::from(expected));
            // The call of the sender is left out if it does not fit.
            let returns = network.places[0].shard.storage(COURIER, U256::from(4));
            assert_eq!(returns.is_zero(), !fits, "{kind:?} at {gas_limit}");
            network.places[0].inbox.clear();
        }
    }
}
