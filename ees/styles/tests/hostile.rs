//! Receipts of any form: none refuses a block, whatever the state is, and none of another EE has an effect.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_sdk::{
    chain, crypto,
    harness::{Context, StateProvider},
    receipt::{BEACON_CHAIN, EeIndex, ReceiptKind, ReceivedReceipt, SentReceipt, ShardIndex, Slot},
    styles::{Place, htlc::UserId, lock::Transaction, yank},
};
use styles::{GoodKind, Operation, execute, good_key, user_key};

/// A sequence of numbers that a seed determines.
struct Random([u8; 32]);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = crypto::sha256(&self.0);
        u64::from_le_bytes(*self.0.first_chunk().unwrap()) % end
    }
}

fn on(shard: u64) -> Place {
    Place { shard: ShardIndex(shard), ee: EeIndex(5) }
}

fn user(n: u64) -> UserId {
    UserId([n as u8 + 1; 32])
}

/// An operation of a user on a shard, which may be impossible.
fn operation(random: &mut Random, shard: u64, slot: u64) -> Operation {
    let (user, amount, good) = (user(random.below(3)), random.below(20), random.below(3));
    let (to, home) = (on(random.below(2)), on(random.below(2)));
    let since = Slot(slot.saturating_sub(random.below(3)));
    let transaction =
        Transaction { since, until: Slot(slot + random.below(9)), home, number: random.below(4) };
    let contract = yank::contract_key(on(random.below(2)), &good.to_le_bytes());
    match random.below(11) {
        0 => Operation::Mint { user, amount },
        1 => Operation::Stock { good },
        2 => Operation::Buy { is_final: false, user, amount, at: to, good },
        3 => Operation::Move { contract, to },
        4 => Operation::BuyHere { contract, user, amount },
        5 | 6 => Operation::Acquire { transaction, good },
        7 => {
            Operation::BuyLocked { transaction: Transaction { home: on(shard), ..transaction }, user, amount }
        }
        8 => Operation::Send { user, amount, to, receiver: user },
        9 => Operation::BuyShelf { user, amount, good },
        _ => {
            let from = on(1 - shard);
            Operation::Expect { from, slot: since, sequence: random.below(9), receiver: user, amount }
        }
    }
}

/// A receipt made of one that was sent, or of nothing: of another kind or sender, with other bytes and other keys.
fn receipt(random: &mut Random, sent: &[SentReceipt], slot: u64) -> ReceivedReceipt {
    let mut payload = match sent.len() {
        0 => vec![1 + random.below(12) as u8; random.below(200) as usize],
        n => sent[random.below(n as u64) as usize].payload.clone(),
    };
    let keys = [
        user_key(&user(0)),
        good_key(GoodKind::Resource, 0),
        good_key(GoodKind::Shelved, 1),
        good_key(GoodKind::Versioned, 2),
        yank::contract_key(on(0), &0_u64.to_le_bytes()),
    ];
    let key = keys[random.below(5) as usize].0;
    match random.below(6) {
        0 if !payload.is_empty() => {
            let at = random.below(payload.len() as u64) as usize;
            payload[at] ^= 1 << random.below(8);
        }
        1 => payload.truncate(random.below(120) as usize),
        // Where a lock, and where a contract has its key.
        2 if payload.len() > 34 => payload[2..34].copy_from_slice(&key),
        3 if payload.len() > 33 => payload[1..33].copy_from_slice(&key),
        4 => payload.extend([0xee; 5_000]),
        _ => {}
    }
    let kinds =
        [ReceiptKind::Message, ReceiptKind::Bounced, ReceiptKind::Expired, ReceiptKind::FromBeaconChain];
    let kind = kinds[random.below(6).saturating_sub(2) as usize];
    if matches!(kind, ReceiptKind::Bounced | ReceiptKind::Expired) {
        payload.truncate(64);
        payload = [&[0xaa; 32][..], &payload].concat();
    }
    // Receipts that have to be final have a test of their own.
    if kind == ReceiptKind::Message && payload.first() == Some(&3) {
        payload[0] = 1;
    }
    let source_shard =
        if kind == ReceiptKind::FromBeaconChain { BEACON_CHAIN } else { on(random.below(2)).shard };
    let source_ee = EeIndex(if random.below(4) == 0 { 6 } else { 5 });
    let (slot, sequence) = (Slot(slot - random.below(3)), random.below(9));
    ReceivedReceipt { kind, source_shard, source_ee, slot, sequence, payload, ..ReceivedReceipt::default() }
}

#[test]
fn no_receipt_refuses_a_block_and_none_of_another_ee_has_an_effect() {
    let mut random = Random([7; 32]);
    let mut shards = [StateProvider::new(), StateProvider::new()];
    let mut sent = Vec::new();
    let (mut n_taken, mut n_rejected, mut n_operations) = (0, 0, 0);
    for slot in 10..200 {
        let shard = random.below(2);
        let at = Place { shard: ShardIndex(shard), ..on(0) };
        let context = Context { shard: at.shard, ee_index: at.ee, slot: Slot(slot), ..Context::default() };
        let mut provider = shards[shard as usize].clone().context(context);
        for _ in 0..3 {
            let packages = [operation(&mut random, shard, slot).to_bytes()];
            if let Ok(provided) = provider.provide(&packages, execute) {
                provider.apply(&provided);
                sent.extend(provided.outcome.receipts);
                n_operations += 1;
            }
        }
        let none: [&[u8]; 0] = [];
        let idle = provider.provide(&none, execute).unwrap().outcome;
        let received = receipt(&mut random, &sent, slot);
        provider = provider.receipts([received.clone()]);
        let provided = provider.provide(&none, execute);
        let provided = provided.unwrap_or_else(|reason| panic!("{}: {received:?}", chain(&reason)));
        let is_rejected = !provided.outcome.rejected.is_empty();
        let is_of_another = received.kind == ReceiptKind::Message && received.source_ee != at.ee;
        assert!(is_rejected || !is_of_another, "{received:?}");
        if is_rejected {
            assert_eq!(provided.outcome.post_state_root, idle.post_state_root, "{received:?}");
        }
        provider.apply(&provided);
        sent.extend(provided.outcome.receipts);
        sent.drain(..sent.len().saturating_sub(40));
        (n_taken, n_rejected) = (n_taken + usize::from(!is_rejected), n_rejected + usize::from(is_rejected));
        shards[shard as usize] = provider.receipts([]);
    }
    let numbers = format!("{n_operations} operations, {n_taken} taken, {n_rejected} rejected");
    assert!(n_operations > 100 && n_taken > 50 && n_rejected > 30, "{numbers}");
}
