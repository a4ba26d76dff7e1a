//! Receipts of any form: none stops a chain, and none makes or loses ether.

use alloy_primitives::{Address, B256, U256};
use alloy_rlp::Decodable as _;
use outrider_evm::rlp;
use outrider_evm_codec::{
    HISTORY_STORAGE, Message, OUTBOX, Spending, WITHDRAWAL_REQUESTS, withdrawal_address,
};
use outrider_sdk::{
    context::{EeIndex, ShardIndex},
    harness::ReceivedReceipt,
    receipt::ReceiptKind,
};
use proptest::prelude::*;
use serde_json::json;

use crate::support::shard::{
    BEACON_ROOTS, BENEFICIARY, COURIER, EE, ENVIRONMENT, GWEI, Network, OSAKA, Random, TOKEN, address_of,
    alias, genesis_json, outbox_call, outbox_send, proposal,
};

/// Sends all of its ether to the caller, and ends.
const ENDING: Address = Address::repeat_byte(0xe1);
/// Sends all of its ether to itself, and ends.
const BURNING: Address = Address::repeat_byte(0xe2);
/// Creates a contract that ends, with the value.
const CREATING: Address = Address::repeat_byte(0xe3);
/// Calls itself with the value, until the gas or the depth is used up.
const RECURSING: Address = Address::repeat_byte(0xe4);
/// Calls the caller, with the value.
const ANSWERING: Address = Address::repeat_byte(0xe5);
/// Has 2^256 - 1 wei by the genesis.
const RICH: Address = Address::repeat_byte(0xe6);

fn network(forks: &[(&str, u64)], gas_limit: u64) -> Network {
    let mut genesis = genesis_json(forks);
    genesis["gasLimit"] = json!(format!("{gas_limit:#x}"));
    let alloc = genesis["alloc"].as_object_mut().unwrap();
    for (address, code) in [
        (ENDING, "0x33ff"),
        (BURNING, "0x30ff"),
        // The code of the new contract is `ADDRESS SELFDESTRUCT`, executed when it is created.
        (CREATING, "0x6130ff5f526002601e34f000"),
        (RECURSING, "0x5f5f5f5f34305af100"),
        (ANSWERING, "0x5f5f5f5f34335af100"),
    ] {
        alloc.insert(address.to_string(), json!({ "balance": "0x0", "code": code }));
    }
    Network::of(2, &genesis)
}

fn one<T: Copy>(random: &mut Random, of: &[T]) -> T {
    of[random.below(of.len() as u64) as usize]
}

fn address(random: &mut Random, sender: Address) -> Address {
    let precompiled = Address::with_last_byte(1 + random.below(20) as u8);
    let user = address_of(random.below(6));
    let all = [
        [Address::ZERO, precompiled, user, sender, OUTBOX, COURIER, TOKEN, BENEFICIARY],
        [ENDING, BURNING, CREATING, RECURSING, ANSWERING, BEACON_ROOTS, HISTORY_STORAGE, WITHDRAWAL_REQUESTS],
        [ENVIRONMENT, Address::repeat_byte(0xff), COURIER, CREATING, OUTBOX, ANSWERING, sender, sender],
    ];
    one(random, all.as_flattened())
}

fn input(random: &mut Random, sender: Address) -> Vec<u8> {
    let shard = one(random, &[0, 1, 7, 1 << 40]);
    let to = address(random, sender);
    match random.below(8) {
        0 => Vec::new(),
        1 => outbox_call(shard, random.below(3), to, 50_000, random.below(2).into(), b"x").to_vec(),
        2 => outbox_send(shard, random.below(3), random.below(3), b"x").to_vec(),
        3 | 4 => {
            let value =
                one(random, &[U256::ZERO, U256::ONE, U256::from(GWEI), U256::MAX, U256::from(1_u64 << 62)]);
            let data = if random.below(2) == 0 { outbox_call(shard, 0, to, 0, 0, &[]) } else { b"x".into() };
            Spending { destination: address(random, sender), value, data }.to_bytes()
        }
        5 => {
            let back = outbox_call(shard, 0, to, 30_000, 1, b"back");
            [&[0xf1 + random.below(3) as u8], &back[..]].concat()
        }
        6 => vec![random.below(256) as u8; random.below(2_000) as usize],
        _ => vec![1; one(random, &[1, 31, 32, 33, 63, 64, 65, 65_464])],
    }
}

fn receipt(random: &mut Random, sequence: u64) -> ReceivedReceipt {
    let kind =
        [ReceiptKind::Message, ReceiptKind::Bounced, ReceiptKind::Expired, ReceiptKind::FromBeaconChain];
    let kind = kind[random.below(6).saturating_sub(2) as usize];
    let source_shard = ShardIndex(one(random, &[0, 1, 2, 1_023]));
    let source_ee = EeIndex(one(random, &[EE, EE, 0, 65_535]));
    let value = one(random, &[0, 1, 200_000, 1_000_000_000, 1 << 50]);
    let words = [
        COURIER.into_word(),
        B256::ZERO,
        OUTBOX.into_word(),
        B256::repeat_byte(0xff),
        address_of(3).into_word(),
    ];
    let sender = one(random, &words);
    let caller = if source_ee.0 == EE { Address::from_word(sender).into_word() } else { sender };
    let own = alias(source_shard.0, source_ee.0, caller);
    let gas_limit =
        one(random, &[0, 1, 2_300, 30_000, 100_000, 100_001, 500_000, 500_001, 15_000_000, u64::MAX]);
    let mut payload = match kind {
        ReceiptKind::FromBeaconChain => address(random, own).into_word().to_vec(),
        ReceiptKind::Bounced | ReceiptKind::Expired => {
            let tag = one(random, &[[0; 12], [1; 12]]);
            let to = address(random, own);
            [&[0xaa; 32][..], &tag, to.as_slice(), address(random, own).into_word().as_slice()].concat()
        }
        ReceiptKind::Message => {
            let (destination, data) = (address(random, own), input(random, own).into());
            Message { sender, destination, gas_limit, data }.to_bytes()
        }
    };
    match random.below(12) {
        0 => payload.truncate(random.below(100) as usize),
        1 => payload.extend([0; 9]),
        2 => payload = (0..random.below(200)).map(|_| random.below(256) as u8).collect(),
        _ => {}
    }
    payload.truncate(65_536);
    ReceivedReceipt { kind, source_shard, source_ee, sequence, value, payload, ..Default::default() }
}

/// Returns the state root after the next block of the first chain, if that has no receipts.
fn state_root_without(network: &mut Network) -> B256 {
    network.slot += 1;
    let context = network.context(0);
    network.slot -= 1;
    let mut shard = network.places[0].shard.clone();
    let provider = shard.provider.clone().context(context);
    let provided = provider.provide(&[proposal(None)], outrider_evm_ee::execute).unwrap();
    shard.provider.apply(&provided);
    shard.head().header.state_root
}

fn next_base_fee(network: &Network) -> u64 {
    let header = network.places[0].shard.head().header.bytes;
    let fields = rlp::items(&header).unwrap();
    let field = |index: usize| u64::decode(&mut &*fields[index]).unwrap();
    let (gas_limit, gas_used, before) = (field(9), field(10), field(15));
    // EIP-1559; deliveries never use more than the target.
    before - before * (gas_limit / 2 - gas_used) / (gas_limit / 2) / 8
}

/// The price that an accepted receipt pays for its gas.
fn price(receipt: &ReceivedReceipt, base_fee: u64) -> U256 {
    let gas_limit = Message::from_bytes(&receipt.payload).map_or(0, |message| message.gas_limit);
    if receipt.kind != ReceiptKind::Message || receipt.source_ee.0 == EE || gas_limit == 0 {
        return U256::ZERO;
    }
    let gas = 21_000 + 16 * receipt.payload.len() as u64 + gas_limit;
    U256::from(gas) * U256::from(base_fee)
}

/// Returns whether the ether is for nobody, or for a contract that may destroy it.
fn is_lost(receipt: &ReceivedReceipt) -> bool {
    let payload = &receipt.payload;
    let names = |address: Address| payload.windows(20).any(|bytes| bytes == address);
    let names_nobody = match receipt.kind {
        ReceiptKind::Message => false,
        ReceiptKind::Bounced | ReceiptKind::Expired => payload.len() < 64,
        ReceiptKind::FromBeaconChain => withdrawal_address(payload).is_none(),
    };
    names_nobody || names(CREATING) || names(BURNING)
}

/// Delivers random receipts, one or two in a block; what is rejected changes nothing. [`Network::block`] checks that accounts have no more than the ledger
/// knows of, and that the block is the same without the state.
fn check(seed: u64, forks: &[(&str, u64)], gas_limit: u64, n_blocks: u64) {
    let mut random = Random(seed);
    let mut network = network(forks, gas_limit);
    let (mut n_accepted, mut n_rejected) = (0, 0);
    for number in 0..n_blocks {
        let n = if gas_limit > 20_000_000 { 1 + random.below(2) } else { 1 };
        let receipts: Vec<_> = (0..n).map(|sequence| receipt(&mut random, sequence)).collect();
        let first_two = receipts.len() == 2 && receipts[0].source_shard > receipts[1].source_shard;
        network.places[0].inbox = if first_two { receipts[..1].to_vec() } else { receipts.clone() };
        let shown = network.places[0].inbox.clone();
        let idle = state_root_without(&mut network);
        let (before, base_fee) = (network.places[0].shard.ether(), next_base_fee(&network));
        let block =
            network.try_block(0, &[]).unwrap_or_else(|reason| panic!("block {number}: {reason}: {shown:?}"));
        if block.rejected.len() == shown.len() {
            let state_root = network.places[0].shard.head().header.state_root;
            assert_eq!(state_root, idle, "block {number}: rejected, and not without effect: {shown:?}");
        }
        if let [receipt] = &shown[..]
            && block.rejected.is_empty()
            && !is_lost(receipt)
        {
            let sent: u64 = block.sent.iter().map(|sent| sent.value + sent.fee).sum();
            let came = U256::from(receipt.value) * U256::from(GWEI);
            let lost = before + came - U256::from(sent) * U256::from(GWEI) - network.places[0].shard.ether();
            assert_eq!(lost, price(receipt, base_fee), "block {number}: {receipt:?}");
        }
        n_rejected += block.rejected.len();
        n_accepted += shown.len() - block.rejected.len();
        network.places[0].inbox.clear();
        network.places[1].inbox.clear();
        network.to_others.clear();
        // Room for the next.
        network.places[0].ether = network.places[0].ether.min(u64::MAX >> 1);
    }
    if n_blocks > 50 {
        assert!(n_accepted > 10 && n_rejected > 10, "{n_accepted} accepted, {n_rejected} rejected");
    }
}

#[test]
fn no_receipt_stops_a_chain_or_makes_or_loses_ether() {
    check(1, &OSAKA, 30_000_000, 400);
    let amsterdam = [OSAKA.as_slice(), &[("amsterdamTime", 0)]].concat();
    check(2, &amsterdam, 30_000_000, 200);
    for forks in [&OSAKA[..1], &OSAKA[..2], &OSAKA[..3]] {
        check(3, forks, 30_000_000, 60);
    }
    for gas_limit in [300_000, 60_000, 10_000] {
        check(4, &OSAKA, gas_limit, 60);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn no_random_receipt_stops_a_chain_or_makes_or_loses_ether(seed: u64) {
        check(seed, &OSAKA, 30_000_000, 20);
    }
}

/// The genesis of a chain for tests may have such an account. (With it, the network's sums of balances wrap around.)
#[test]
fn ether_that_fits_into_no_balance_is_nobodys_and_stops_nothing() {
    let mut genesis = genesis_json(&OSAKA);
    genesis["alloc"][RICH.to_string()] = json!({ "balance": format!("{:#x}", U256::MAX) });
    let mut network = Network::of(1, &genesis);
    let message = |gas_limit, data: &[u8]| {
        let sender = COURIER.into_word();
        Message { sender, destination: RICH, gas_limit, data: data.to_vec().into() }.to_bytes()
    };
    let returned = |tag: u8| [&[0xaa; 32][..], &[tag; 12], RICH.as_slice(), &[0; 32]].concat();
    let receipts = [
        (ReceiptKind::Message, message(0, &[])),
        (ReceiptKind::Message, message(50_000, b"x")),
        (ReceiptKind::Bounced, returned(0)),
        (ReceiptKind::Expired, returned(1)),
        (ReceiptKind::FromBeaconChain, RICH.to_vec()),
    ];
    network.places[0].inbox = (0..)
        .zip(receipts)
        .map(|(sequence, (kind, payload))| {
            let source_ee = EeIndex(EE);
            ReceivedReceipt { kind, source_ee, sequence, value: 1, payload, ..Default::default() }
        })
        .collect();
    // The rejection of the last three has no effect.
    assert_eq!(network.block(0, &[]).rejected, [0, 1, 2, 3, 4]);
    assert_eq!(network.places[0].shard.balance(RICH), U256::MAX);
}
