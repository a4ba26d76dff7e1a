//! How a block accounts for deliveries.

use alloy_primitives::{B256, Bytes, U256};
use outrider_evm::rlp;
use outrider_evm_codec::{Message, Payload, Transactions};
use outrider_sdk::{
    chain,
    context::EeIndex,
    harness::{Execution, Failure, ReceivedReceipt},
};

use crate::support::shard::{COURIER, EE, GAS_LIMIT, GWEI, Network, address_of};

/// Returns a message of a chain of the same EE to the courier.
fn message(sequence: u64, gas_limit: u64, data: &[u8]) -> ReceivedReceipt {
    let sender = COURIER.into_word();
    let payload = Message { sender, destination: COURIER, gas_limit, data: data.to_vec().into() }.to_bytes();
    ReceivedReceipt { source_ee: EeIndex(EE), sequence, value: 1, payload, ..Default::default() }
}

fn header_field<T: alloy_rlp::Decodable>(network: &Network, index: usize) -> T {
    let header = network.places[0].shard.head().header.bytes;
    T::decode(&mut rlp::items(&header).unwrap()[index]).unwrap()
}

#[test]
fn deliveries_are_the_first_transactions_of_the_header() {
    let mut network = Network::new(1);
    let receipts = [message(0, 0, &[]), message(1, 70_000, &[0xf2]), message(2, 0, &[])];
    network.places[0].inbox = receipts.to_vec();
    let transfer = network.places[0].users.send(0, Some(address_of(1)), 1, Bytes::new());
    let block = network.block(0, std::slice::from_ref(&transfer));
    assert_eq!(block.rejected, [1]);
    let deliveries = receipts.iter().map(|receipt| [&[0x7e][..], &receipt.to_bytes()].concat());
    let all: Vec<Vec<u8>> = deliveries.chain([transfer.to_vec()]).collect();
    assert_eq!(header_field::<B256>(&network, 4), rlp::list_root(&all));
    // 72 and 73 bytes at 16 gas; the second call uses up its gas.
    let gas = [21_000 + 72 * 16, 21_000 + 73 * 16 + 70_000, 21_000 + 72 * 16, 21_000];
    assert_eq!(header_field::<u64>(&network, 10), gas.iter().sum::<u64>());
    // The trie of EIP-2718's receipts: status, sum of gas so far, bloom, logs.
    let mut sum = 0_u64;
    let receipt = |(index, gas): (usize, &u64)| {
        sum += gas;
        let fields = [
            alloy_rlp::encode(index != 1),
            alloy_rlp::encode(sum),
            alloy_rlp::encode([0_u8; 256].as_slice()),
            vec![0xc0],
        ];
        let kind = if index < 3 { 0x7e } else { 2 };
        [vec![kind], rlp::list(&fields.concat())].concat()
    };
    let receipts: Vec<Vec<u8>> = gas.iter().enumerate().map(receipt).collect();
    assert_eq!(header_field::<B256>(&network, 5), rlp::list_root(&receipts));
}

#[test]
fn deliveries_move_the_base_fee_as_transactions_do() {
    let base_fee_after = |n: u64| {
        let mut network = Network::new(1);
        network.places[0].inbox = (0..n).map(|sequence| message(sequence, 500_000, &[0xf2])).collect();
        network.block(0, &[]);
        let used = header_field::<u64>(&network, 10);
        network.block(0, &[]);
        (used, header_field::<u64>(&network, 15))
    };
    // EIP-1559 from 875,000,000, with a target of 15 million gas.
    let (used, base_fee) = base_fee_after(28);
    assert_eq!(used, 28 * (500_000 + 21_000 + 73 * 16));
    assert_eq!(base_fee, 875_000_000 - 875_000_000 * (15_000_000 - used) / 15_000_000 / 8);
    assert_eq!(base_fee_after(0), (0, 765_625_000));
}

#[test]
fn a_flood_leaves_half_of_the_gas_to_transactions() {
    let mut network = Network::new(1);
    let flood = |n: u64| (0..n).map(|sequence| message(sequence, 500_000, &[0xf2])).collect::<Vec<_>>();
    network.places[0].inbox = flood(29);
    let Err(reason) = network.try_block(0, &[]) else { panic!("too much gas") };
    let got = 29 * (500_000 + 21_000 + 73 * 16);
    let expected = format!(
        "the deliveries of receipts may use {got} gas, and half of the block's is 15000000: take fewer"
    );
    assert_eq!(reason, expected);
    network.places[0].inbox = flood(28);
    let mut users = network.places[0].users.clone();
    let mut big = users.transaction(1, Some(address_of(0)), 1, Bytes::new());
    big.gas_limit = U256::from(GAS_LIMIT / 2);
    let big = big.sign(&crate::support::shard::key_of(1)).unwrap();
    let small = users.send(0, Some(address_of(1)), 1, Bytes::new());
    let block = network.block(0, &[big.clone(), small.clone()]);
    assert_eq!(crate::support::shard::parts(&block.provided.block_data).1.transactions, [big, small]);
}

#[test]
fn a_message_with_more_gas_than_a_call_may_have_bounces() {
    let mut network = Network::new(1);
    let gas_limits = [GAS_LIMIT / 2, 100_000, 500_001, 500_000, u64::MAX];
    network.places[0].inbox =
        (0..).zip(gas_limits).map(|(sequence, gas_limit)| message(sequence, gas_limit, &[0xf0])).collect();
    assert_eq!(network.block(0, &[]).rejected, [0, 2, 4]);
}

/// A block is one for its receipts: no other ones, none missing, none twice.
#[test]
fn a_block_without_exactly_its_receipts_is_another_one() {
    let mut network = Network::new(1);
    let receipts = vec![message(0, 100_000, &[0xf0]), message(1, 0, &[])];
    network.places[0].inbox = receipts.clone();
    network.slot = 3;
    let pre_state_root = network.places[0].shard.provider.root();
    let transfer = network.places[0].users.send(0, Some(address_of(1)), 1, Bytes::new());
    let ether = network.places[0].ether;
    let block = network.block(0, &[transfer]).provided;
    network.places[0].ether = ether;
    let run = |receipts: &[ReceivedReceipt]| {
        let execution = Execution::new(pre_state_root).context(network.context(0)).receipts(receipts);
        execution.block_data(block.block_data.clone()).run(outrider_evm_ee::execute)
    };
    assert_eq!(run(&receipts).unwrap(), block.outcome);
    let mut forged = receipts.clone();
    forged[0].value += 1;
    let mut swapped = receipts.clone();
    swapped.swap(0, 1);
    for other in [vec![], receipts[..1].to_vec(), receipts[1..].to_vec(), forged, swapped] {
        match run(&other) {
            Ok(outcome) => assert_ne!(outcome.post_state_root, block.outcome.post_state_root),
            Err(Failure::Refused(reason)) => assert!(!chain(&reason).is_empty()),
            Err(failure) => panic!("{}", chain(&failure)),
        }
    }
    let twice = [receipts.as_slice(), &receipts].concat();
    assert_ne!(run(&twice).unwrap().post_state_root, block.outcome.post_state_root);
}

/// On a state of Ethereum, nobody gets ether.
#[test]
fn payloads_without_a_chain_reject_all_receipts() {
    let (root, nodes, payload) = transactions();
    let receipts = [message(0, 0, &[]), message(1, 0, &[])];
    let provider = outrider_sdk::harness::StateProvider::with_state(root, nodes).receipts(receipts);
    let outcome = provider.provide(&[payload], outrider_evm_ee::execute).unwrap().outcome;
    assert_eq!((outcome.rejected, outcome.post_state_root), (vec![0, 1], root));
}

/// Returns a state of Ethereum, and a payload without transactions.
fn transactions() -> (outrider_sdk::StateRoot, outrider_witness::NodeBag, Vec<u8>) {
    let genesis = crate::support::shard::genesis(&crate::support::shard::OSAKA);
    let mut nodes = outrider_witness::NodeBag::default();
    let root = genesis.state.commit(&mut nodes);
    let rules = crate::support::shard::ethereum_rules();
    let environment = outrider_evm_codec::Environment {
        beneficiary: address_of(0),
        gas_limit: GAS_LIMIT,
        number: U256::ONE,
        timestamp: U256::from(GWEI),
        difficulty: U256::ZERO,
        prev_randao: B256::ZERO,
        base_fee_per_gas: 7,
        excess_blob_gas: 0,
        slot_number: 0,
        block_hashes: Vec::new(),
    };
    let logs_hash = outrider_evm::transaction::no_logs();
    let transactions = Transactions { environment, transactions: Vec::new(), logs_hash };
    let payload = alloy_rlp::encode(Payload::Transactions(rules, transactions));
    (outrider_sdk::StateRoot(root.0), nodes, payload)
}
