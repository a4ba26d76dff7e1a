//! Whatever is sent and received, accounts have no more than the ledger knows of.

use alloy_primitives::U256;
use proptest::prelude::*;

use crate::sending::pass;
use crate::support::shard::{COURIER, GWEI, Network, Random, address_of, outbox_call, outbox_send};

/// Three shards exchange random messages: to accounts and contracts, which fail or send on; with and without tags and
/// calls; with amounts that are refused. [`Network::block`] compares ether and accounts after each block.
fn check(seed: u64, n_blocks: u64) {
    let mut random = Random(seed);
    let mut network = Network::new(3);
    let (mut ether, mut n_sent, mut n_rejected) = (network.ether(), 0, 0);
    for _ in 0..n_blocks {
        let shard = random.below(3) as usize;
        let mut transactions = Vec::new();
        for _ in 0..random.below(4) {
            let to = if random.below(3) == 0 { address_of(random.below(6)) } else { COURIER };
            let back = outbox_call(random.below(4), 1, COURIER, 60_000, 3, b"back");
            let data = match random.below(4) {
                0 => vec![],
                1 => vec![0xf1 + random.below(2) as u8, 1],
                2 => [&[0xf3], &back[..]].concat(),
                _ => vec![random.below(0xf0) as u8; random.below(100) as usize + 1],
            };
            let gas_limit = if data.is_empty() { 0 } else { 20_000 + random.below(400_000) };
            let tag = u128::from(random.below(2)) * 99;
            let input = match random.below(8) {
                0 => outbox_send(random.below(3), 0, random.below(3), &data),
                _ => outbox_call(random.below(3), random.below(3), to, gas_limit, tag, &data),
            };
            let wei = u128::from(random.below(50) * GWEI) + u128::from(random.below(10) == 0);
            let user = random.below(6);
            transactions.push(network.places[shard].users.send(user, Some(COURIER), wei, pass(&input)));
        }
        let block = network.block(shard, &transactions);
        n_sent += block.sent.len();
        n_rejected += block.rejected.len();
        let now = network.ether();
        assert!(now <= ether, "the ether of all chains together grows from {ether} to {now}");
        ether = now;
    }
    if n_blocks > 20 {
        assert!(n_sent > 10 && n_rejected > 1, "{n_sent} sent, {n_rejected} rejected");
    }
    assert!(ether > U256::ZERO);
}

#[test]
fn a_long_exchange_mints_nothing() {
    check(11, 60);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn random_exchanges_mint_nothing(seed: u64) {
        check(seed, 12);
    }
}
