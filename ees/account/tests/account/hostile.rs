//! Receipts of any form: none refuses a block, and accounts have what came and no more.

use account::{Account, UNCLAIMED, execute};
use outrider_sdk::{
    harness::StateProvider,
    receipt::{BEACON_CHAIN, ReceiptKind, ReceivedReceipt, ShardIndex},
};
use outrider_witness::{Keccak256, smt::Tree};
use proptest::{collection::vec, prelude::*};

use crate::owner::{Owner, provider};

fn total(provider: &StateProvider) -> u128 {
    let mut tree = Tree::<Keccak256, _>::open(&provider.root().into(), provider.nodes());
    let balance = |entry: &[u8]| u128::from(Account::from_bytes(entry).unwrap().balance);
    tree.iter().map(|entry| balance(&entry.unwrap().1)).sum()
}

/// Pieces of payloads: hashes, addresses and keys of accounts that there are or not, and other bytes.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0..5_u8).prop_map(|owner| Owner::new(owner).address().0.to_vec()),
        (0..5_u8).prop_map(|owner| Owner::new(owner).public_key().0.to_vec()),
        Just(UNCLAIMED.0.to_vec()),
        Just(vec![0; 48]),
        Just(vec![0xaa; 32]),
        vec(any::<u8>(), 0..100),
    ]
}

fn receipt() -> impl Strategy<Value = ReceivedReceipt> {
    let kind = prop_oneof![
        Just(ReceiptKind::Message),
        Just(ReceiptKind::Bounced),
        Just(ReceiptKind::Expired),
        Just(ReceiptKind::FromBeaconChain)
    ];
    let source_shard = prop_oneof![Just(ShardIndex(1)), Just(BEACON_CHAIN)];
    // Together, at most half of what a balance holds.
    let value = prop_oneof![Just(0), 1..1_000_u64, Just(u64::MAX / 32)];
    (kind, source_shard, value, vec(piece(), 0..4)).prop_map(|(kind, source_shard, value, pieces)| {
        let payload = pieces.concat();
        ReceivedReceipt { kind, source_shard, value, payload, ..Default::default() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_receipt_refuses_a_block_and_accounts_have_what_came(receipts in vec(receipt(), 1..16)) {
        let mut provider = provider(&[100, 200, u64::MAX / 4]).receipts(receipts.clone());
        let before = total(&provider);
        let none: [&[u8]; 0] = [];
        let provided = provider.provide(&none, execute).unwrap();
        provider.apply(&provided);
        let rejected = &provided.outcome.rejected;
        let is_message = |index: &u32| receipts[*index as usize].kind == ReceiptKind::Message;
        prop_assert!(rejected.iter().all(is_message));
        let came: u128 = (0..)
            .zip(&receipts)
            .filter(|(index, _)| !rejected.contains(index))
            .map(|(_, receipt)| u128::from(receipt.value))
            .sum();
        prop_assert_eq!(total(&provider), before + came);
    }
}
