//! The blob of the EE has the results of the EE without an engine.

use std::sync::Arc;

use alloy_primitives::{Address, hex};
use outrider_evm_codec::Message;
use outrider_host::ExecutionInput;
use outrider_sdk::{context::EeIndex, harness::ReceivedReceipt};

use crate::{
    sending::pass,
    support::{
        engine::SHARD_EE,
        shard::{
            COURIER, EE, GWEI, Network, OSAKA, Random, address_of, genesis_json, outbox_call, outbox_send,
        },
    },
};

#[test]
fn both_engines_exchange_what_the_ee_exchanges_natively() {
    let mut random = Random(21);
    let mut network = Network::new(2);
    let (mut n_sent, mut n_rejected, mut n_delivered) = (0, 0, 0);
    for number in 0..24 {
        let shard = random.below(2) as usize;
        let mut transactions = Vec::new();
        for user in 0..random.below(5) {
            let back = outbox_call(random.below(2), 1, COURIER, 60_000, 3, b"back");
            let (data, gas_limit) = match random.below(5) {
                0 => (vec![], 0),
                1 => (vec![0xf1, 1], 50_000),
                2 => (vec![0xf2, 1], 50_000),
                3 => ([&[0xf3], &back[..]].concat(), 400_000),
                _ => (vec![7; 33], 150_000),
            };
            let input = match random.below(6) {
                0 => outbox_send(1, 0, 2, &data),
                _ => outbox_call(random.below(2), 1, COURIER, gas_limit, random.below(2).into(), &data),
            };
            let wei = u128::from(random.below(20) * GWEI);
            let transaction = network.places[shard].users.send(user, Some(COURIER), wei, pass(&input));
            transactions.push(transaction);
        }
        let credit = outbox_call(1 - shard as u64, 0, address_of(9), 0, 0, &[]);
        let user = &mut network.places[shard].users;
        transactions.push(user.send(5, Some(COURIER), u128::from(GWEI), pass(&credit)));

        let pre_state_root = network.places[shard].shard.provider.root();
        let receipts: Arc<[_]> = network.places[shard].inbox.clone().into();
        network.slot += 1;
        let context = network.context(shard);
        network.slot -= 1;
        let block = network.block(shard, &transactions);
        let input = ExecutionInput::new(pre_state_root, block.provided.block_data);
        let output = SHARD_EE.execute(&ExecutionInput { context, receipts: Arc::clone(&receipts), ..input });
        let output = output.unwrap_or_else(|error| panic!("block {number}: {error:?}"));
        assert_eq!(output.post_state_root, block.provided.outcome.post_state_root, "block {number}");
        assert_eq!((&output.receipts, &output.rejected), (&block.sent, &block.rejected), "block {number}");
        n_sent += output.receipts.len();
        n_rejected += output.rejected.len();
        n_delivered += receipts.len();
    }
    let numbers = format!("{n_sent} sent, {n_delivered} delivered, {n_rejected} rejected");
    assert!(n_sent > 20 && n_delivered > 10 && n_rejected > 3, "{numbers}");
}

/// Returns the fuel of a block with one call, whose contract executes some instructions again and again. Before that, it
/// uses so much memory that all fuel is dear, by a contract that calls itself.
fn fuel(instructions: &str) -> u64 {
    let (destination, deep) = (Address::repeat_byte(0x77), Address::repeat_byte(0x78));
    let code = format!("0x5f5f5f5f5f73{}619c40f1505b{instructions}601f56", hex::encode(deep));
    let mut genesis = genesis_json(&OSAKA);
    for (address, code) in [(destination, code.as_str()), (deep, "0x5f5f5f5f5f305af100")] {
        genesis["alloc"][address.to_string()] = serde_json::json!({ "balance": "0x0", "code": code });
    }
    let mut network = Network::of(1, &genesis);
    let (sender, data) = (COURIER.into_word(), vec![1; 32].into());
    let payload = Message { sender, destination, gas_limit: 500_000, data }.to_bytes();
    let (source_ee, value) = (EeIndex(EE), 1);
    let receipts = vec![ReceivedReceipt { source_ee, value, payload, ..ReceivedReceipt::default() }];
    network.places[0].inbox = receipts.clone();
    let pre_state_root = network.places[0].shard.provider.root();
    network.slot += 1;
    let context = network.context(0);
    network.slot -= 1;
    let block = network.block(0, &[]);
    let input = ExecutionInput::new(pre_state_root, block.provided.block_data);
    let output = SHARD_EE.execute(&ExecutionInput { context, receipts: receipts.into(), ..input }).unwrap();
    assert_eq!(network.places[0].shard.gas_used(), 21_000 + 16 * 104 + 500_000, "all gas is used");
    output.fuel_used
}

/// By default, an execution has 4 * 10^9 fuel. The witness of a call needs a part of it, too.
#[test]
fn the_dearest_call_fits_into_a_block() {
    // `SELFBALANCE`, `MLOAD`, `CALLDATALOAD`, a division of 256 bits by 128, and calls of a contract with no gas.
    let instructions = ["4750", "5f5150", "5f3550", "5f1960801c60011b5f190450", "5f5f5f5f5f305ff150"]
        .map(|code| code.repeat(9));
    let fuel: Vec<_> = instructions.iter().map(|instructions| fuel(instructions)).collect();
    assert!(fuel.iter().all(|fuel| *fuel < 3_000_000_000), "{fuel:?}");
    assert!(fuel.iter().any(|fuel| *fuel > 1_500_000_000), "{fuel:?}: the price of memory is in it");
}
