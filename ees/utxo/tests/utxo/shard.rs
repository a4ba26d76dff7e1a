//! Chains on shards: value comes and leaves by receipts.

use bitcoin_primitives::{OutPoint, Transaction, Txid};
use outrider_sdk::{
    harness::{Context, Provided},
    receipt::{BEACON_CHAIN, EeIndex, ReceiptKind, ReceivedReceipt, SentReceipt, ShardIndex, Slot},
};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use utxo::{ARRIVAL_TAG, Network, Payload, Proposal, departure_script};

use crate::{
    builder::{ANYONE, Kind, block_of, input, output, pay, sign, transaction},
    chain::Chain,
};

fn propose(transactions: Vec<Transaction>) -> Payload<'static> {
    Payload::Proposal(Proposal { time: 0, script: ANYONE.to_vec(), transactions })
}

/// Moves on to the next slot.
fn next_slot(chain: &mut Chain) {
    let slot = Slot(u64::from(chain.tip().height) * 3 + 7);
    chain.0 = chain.0.clone().context(Context { slot, ..Context::default() });
}

/// Makes a block that gets receipts.
#[track_caller]
fn deliver(chain: &mut Chain, receipts: &[ReceivedReceipt], transactions: Vec<Transaction>) -> Provided {
    chain.0 = chain.0.clone().receipts(receipts);
    next_slot(chain);
    let provided = chain.accept(&propose(transactions));
    chain.0 = chain.0.clone().receipts([]);
    next_slot(chain);
    provided
}

fn received(kind: ReceiptKind, sequence: u64, value: u64, payload: &[&[u8]]) -> ReceivedReceipt {
    let payload = payload.concat();
    ReceivedReceipt { kind, source_shard: ShardIndex(2), sequence, value, payload, ..Default::default() }
}

fn message(sequence: u64, value: u64, script: &[u8]) -> ReceivedReceipt {
    received(ReceiptKind::Message, sequence, value, &[&[0xee; 32], script])
}

/// The output that a receipt becomes.
fn arrived(receipt: &ReceivedReceipt) -> OutPoint {
    let bytes = [&ARRIVAL_TAG[..], &receipt.header_to_bytes()].concat();
    let txid = bitcoin_hashes::sha256d::Hash::hash(&bytes).to_byte_array();
    OutPoint { txid: Txid::from_byte_array(txid), vout: 0 }
}

#[test]
fn a_receipt_becomes_an_output_that_can_be_spent_in_the_next_block() {
    let mut chain = Chain::new(Network::Shard);
    let receipt = message(0, 1_000, &Kind::Taproot.script());
    let provided = deliver(&mut chain, std::slice::from_ref(&receipt), vec![]);
    assert_eq!((provided.outcome.rejected, chain.tip().outputs.n_leaves()), (vec![], 2));
    let mut spend = transaction(vec![input(arrived(&receipt))], vec![output(900, ANYONE)]);
    sign(&mut spend, &[(Kind::Taproot, 1_000)]);
    let provided = deliver(&mut chain, &[], vec![spend.clone()]);
    // No subsidy: the proposer gets the fee, and the header shows no work.
    let block = block_of(&provided.block_data);
    let (header, transactions) = block.as_parts();
    assert_eq!((transactions[0].outputs[0].amount.to_sat(), header.nonce), (100, 0));
    assert!(chain.try_packages(&[propose(vec![spend])]).is_err());
}

#[test]
fn a_receipt_cannot_be_spent_in_its_own_block() {
    let mut chain = Chain::new(Network::Shard);
    let receipt = message(0, 1_000, ANYONE);
    next_slot(&mut chain);
    chain.0 = chain.0.clone().receipts([receipt.clone()]);
    let failure = chain.try_packages(&[propose(vec![pay(arrived(&receipt), &[1])])]).unwrap_err();
    let text = outrider_sdk::chain(&failure);
    assert!(text.contains("is missing or spent"), "{text}");
}

#[test]
fn messages_that_cannot_be_outputs_are_rejected_and_returns_become_outputs() {
    let mut chain = Chain::new(Network::Shard);
    let key = [5; 32];
    let beacon = |receipt| ReceivedReceipt { source_shard: BEACON_CHAIN, ..receipt };
    let receipts = [
        message(0, 0, ANYONE),
        message(1, 21_000_000 * 100_000_000 + 1, ANYONE),
        message(2, 7, &[0x6a]),
        message(3, 7, &[0x51; 10_001]),
        received(ReceiptKind::Message, 4, 7, &[&[0; 31]]),
        message(5, 7, &[0x51; 10_000]),
        received(ReceiptKind::Bounced, 6, 8, &[&[1; 32], &key, &[9; 32]]),
        received(ReceiptKind::Expired, 7, 9, &[&[1; 32], &key]),
        received(ReceiptKind::Expired, 8, 9, &[&[1; 32], &key[1..]]),
        beacon(received(ReceiptKind::FromBeaconChain, 9, 10, &[ANYONE])),
        beacon(received(ReceiptKind::FromBeaconChain, 10, 10, &[&[0x6a]])),
        beacon(received(ReceiptKind::Bounced, 11, 10, &[&[1; 32], &key])),
    ];
    let provided = deliver(&mut chain, &receipts, vec![]);
    assert_eq!(provided.outcome.rejected, [0, 1, 2, 3, 4]);
    // The coinbase, and the receipts 5, 6, 7 and 9.
    assert_eq!(chain.tip().outputs.n_leaves(), 5);
    deliver(&mut chain, &[], vec![pay(arrived(&receipts[9]), &[10])]);
}

#[test]
fn equal_messages_are_different_outputs() {
    let mut chain = Chain::new(Network::Shard);
    let receipts = [message(0, 7, ANYONE), message(1, 7, ANYONE)];
    deliver(&mut chain, &receipts, vec![]);
    deliver(&mut chain, &[], receipts.iter().map(|receipt| pay(arrived(receipt), &[7])).collect());
}

#[test]
fn a_stated_output_leaves_as_a_receipt() {
    let mut chain = Chain::new(Network::Shard);
    let receipt = message(0, 1_000, ANYONE);
    deliver(&mut chain, std::slice::from_ref(&receipt), vec![]);
    let payload = [&[5; 32][..], b"hello"].concat();
    let leave = |amount, fee, payload: &[u8]| {
        let script = departure_script(ShardIndex(3), EeIndex(4), fee, payload);
        transaction(
            vec![input(arrived(&receipt))],
            vec![output(amount, &script), output(900 - amount, ANYONE)],
        )
    };
    let sent = |value, fee, payload: &[u8]| SentReceipt {
        destination_shard: ShardIndex(3),
        destination_ee: EeIndex(4),
        value,
        fee,
        payload: payload.to_vec(),
    };
    for length in [32, 43, 44, 45, 223, 224, 300, 65_503] {
        let payload = vec![7; length];
        let provided = chain.clone().accept(&propose(vec![leave(800, 50, &payload)]));
        assert_eq!(provided.outcome.receipts, [sent(750, 50, &payload)]);
    }
    let n_leaves = chain.tip().outputs.n_leaves();
    let provided = chain.accept(&propose(vec![leave(800, 800, &payload)]));
    assert_eq!(provided.outcome.receipts, [sent(0, 800, &payload)]);
    // The coinbase and what stays.
    assert_eq!(chain.tip().outputs.n_leaves(), n_leaves + 2);
}

#[test]
fn what_cannot_leave_is_refused() {
    let mut chain = Chain::new(Network::Shard);
    let receipt = message(0, 1_000, ANYONE);
    deliver(&mut chain, std::slice::from_ref(&receipt), vec![]);
    let refuse = |scripts: &[Vec<u8>], expected: &str| {
        let outputs = scripts.iter().map(|script| output(0, script)).collect();
        let leave = transaction(vec![input(arrived(&receipt))], outputs);
        let text = outrider_sdk::chain(&chain.try_packages(&[propose(vec![leave])]).unwrap_err());
        assert!(text.contains(expected), "{text}");
    };
    let good = departure_script(ShardIndex(3), EeIndex(4), 0, &[5; 32]);
    refuse(&[departure_script(ShardIndex(3), EeIndex(4), 1, &[5; 32])], "fee of the receipt is 1");
    refuse(&[good[..good.len() - 1].to_vec()], "does not go on so");
    refuse(&[[&good[..], &[0]].concat()], "does not go on so");
    // A long form of the push.
    refuse(&[[&[0x6a, 0x4c], &good[1..]].concat()], "does not go on so");
    refuse(&vec![good.clone(); 1025], "at most 1024 receipts");
    let proposal = Proposal { time: 0, script: good, transactions: vec![] };
    let text = outrider_sdk::chain(&chain.try_packages(&[Payload::Proposal(proposal)]).unwrap_err());
    assert!(text.contains("a coinbase cannot send a receipt"), "{text}");
}

#[test]
fn the_slot_determines_the_time_of_a_block() {
    let mut chain = Chain::new(Network::Shard);
    next_slot(&mut chain);
    let block = block_of(&chain.try_packages(&[propose(vec![])]).unwrap().block_data);
    assert_eq!(block.as_parts().0.time.to_u32(), 500_000_000 + 7 * 12);
    let bytes = Payload::Block(bitcoin_consensus_encoding::encode_to_vec(&block).into());
    for (slot, is_valid) in [(6, false), (7, true), (8, false), (u64::MAX, false)] {
        chain.0 = chain.0.clone().context(Context { slot: Slot(slot), ..Context::default() });
        assert_eq!(chain.try_packages(std::slice::from_ref(&bytes)).is_ok(), is_valid, "slot {slot}");
    }
}

/// A shard has no header of a genesis block, so that the first eleven blocks have fewer headers before them.
#[test]
fn relative_lock_times_count_from_the_first_block() {
    let mut chain = Chain::new(Network::Shard);
    let mut made: Option<ReceivedReceipt> = None;
    for sequence in 0..15 {
        let receipt = message(sequence, 7, ANYONE);
        let spend = made.replace(receipt.clone()).map(|receipt| {
            let mut spend = pay(arrived(&receipt), &[7]);
            // No time has to pass, but the median time before the output has to be proven.
            spend.inputs[0].sequence = bitcoin_primitives::Sequence::from_consensus(1 << 22);
            spend
        });
        deliver(&mut chain, &[receipt], spend.into_iter().collect());
    }
    assert_eq!(chain.tip().height, 15);
}

#[test]
fn a_block_is_built_again_on_another_state() {
    let mut chain = Chain::new(Network::Shard);
    let receipts = [message(0, 7, ANYONE), message(1, 8, ANYONE)];
    deliver(&mut chain, &receipts, vec![]);
    let spend = pay(arrived(&receipts[0]), &[6]);
    let first = block_of(&chain.try_packages(&[propose(vec![spend.clone()])]).unwrap().block_data);
    let bytes = Payload::Block(bitcoin_consensus_encoding::encode_to_vec(&first).into());
    for _ in 0..10 {
        deliver(&mut chain, &[], vec![]);
    }
    let again = block_of(&chain.accept(&bytes).block_data);
    assert_eq!(again.as_parts().1[1..], [spend]);
    assert_ne!(again.block_hash(), first.block_hash());
    // Once more, it spends what is spent.
    next_slot(&mut chain);
    let text = outrider_sdk::chain(&chain.try_packages(&[bytes]).unwrap_err());
    assert!(text.contains("is missing or spent"), "{text}");
}

/// What comes in is what goes out and what is there.
#[test]
fn other_networks_take_and_send_nothing() {
    let mut chain = Chain::new(Network::Regtest);
    chain.0 = chain.0.clone().receipts([message(0, 7, ANYONE)]);
    let script = departure_script(ShardIndex(3), EeIndex(4), 0, &[5; 32]);
    let time = crate::builder::time(1);
    let provided = chain.accept(&Payload::Proposal(Proposal { time, script, transactions: vec![] }));
    assert_eq!((provided.outcome.rejected, provided.outcome.receipts), (vec![0], vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// What the outputs of a chain have is what came by receipts, less what left by receipts.
    #[test]
    fn value_comes_and_leaves_by_receipts_alone(
        blocks in prop::collection::vec((any::<u16>(), any::<u8>(), 0..100_u64, 0..100_u64), 1..20)
    ) {
        let mut chain = Chain::new(Network::Shard);
        let mut unspent: Vec<(OutPoint, u64)> = Vec::new();
        // Coinbases, which are not mature.
        let mut fees = 0;
        let (mut came, mut left) = (0, 0);
        for (sequence, (value, choice, percent, fee)) in (0..).zip(blocks) {
            let receipt = message(sequence, u64::from(value), ANYONE);
            let mut transactions = Vec::new();
            if !unspent.is_empty() {
                let (from, amount) = unspent.remove(usize::from(choice) % unspent.len());
                let fee = fee.min(amount);
                let leaves = (amount - fee) * percent / 100;
                let script = departure_script(ShardIndex(1), EeIndex(2), leaves / 3, &[5; 32]);
                let outputs = vec![output(leaves, &script), output(amount - fee - leaves, ANYONE)];
                let made = transaction(vec![input(from)], outputs);
                unspent.push((crate::builder::out_point(&made, 1), amount - fee - leaves));
                transactions.push(made);
            }
            let provided = deliver(&mut chain, std::slice::from_ref(&receipt), transactions);
            if value > 0 {
                unspent.push((arrived(&receipt), u64::from(value)));
                came += u64::from(value);
            }
            fees += block_of(&provided.block_data).as_parts().1[0].outputs[0].amount.to_sat();
            left += provided.outcome.receipts.iter().map(|sent| sent.value + sent.fee).sum::<u64>();
            let there: u64 = unspent.iter().map(|(_, amount)| amount).sum();
            assert_eq!(there + fees, came - left);
        }
        // They are all there.
        let inputs = unspent.iter().map(|(out_point, _)| input(*out_point)).collect::<Vec<_>>();
        if !inputs.is_empty() {
            let there = unspent.iter().map(|(_, amount)| amount).sum();
            deliver(&mut chain, &[], vec![transaction(inputs, vec![output(there, ANYONE)])]);
        }
    }
}
