//! Tests of payloads.

use alloc::{vec, vec::Vec};

use alloy_primitives::{Address, B256, U256};
use proptest::{collection::vec, prelude::*};

use super::{
    Block, BlockHash, ChainBlock, ChainPackage, Environment, Payload, Proposal, Transactions, VouchedBlock,
};
use crate::{BlobSchedule, Fork, Rules};

fn rules() -> Rules {
    let blobs = BlobSchedule { target: 3, max: 6, base_fee_update_fraction: 3_338_477 };
    Rules { chain_id: 1, fork: Fork::Cancun, blobs, blocks_since_dao_fork: 16, deposit_contract: None }
}

fn payloads() -> Vec<Payload> {
    let block = Block {
        ancestors: vec![b"parent".into(), b"its parent".into()],
        ancestors_ommers: vec![b"ommers".into()],
        block: b"block".into(),
    };
    let environment = Environment {
        beneficiary: Address::repeat_byte(1),
        gas_limit: 30_000_000,
        number: U256::from(7),
        timestamp: U256::MAX,
        difficulty: U256::ZERO,
        prev_randao: B256::repeat_byte(2),
        base_fee_per_gas: 10,
        excess_blob_gas: 0,
        slot_number: 0,
        block_hashes: vec![BlockHash { number: 6, hash: B256::repeat_byte(3) }],
    };
    let transactions = Transactions {
        environment,
        transactions: vec![b"one".into(), b"other".into()],
        logs_hash: B256::repeat_byte(4),
    };
    let orphan = VouchedBlock {
        block: b"block".into(),
        block_hashes: vec![BlockHash { number: 5, hash: B256::repeat_byte(5) }],
        parent: None,
    };
    let child = VouchedBlock { parent: Some(b"parent".into()), ..orphan.clone() };
    let proposal = Proposal { beneficiary: Address::repeat_byte(7), gas_limit: None };
    let elsewhere = Rules { deposit_contract: Some(Address::repeat_byte(6)), ..rules() };
    vec![
        Payload::Block(elsewhere, block.clone()),
        Payload::Block(rules(), block),
        Payload::Transactions(rules(), transactions),
        Payload::VouchedBlock(rules(), orphan),
        Payload::VouchedBlock(rules(), child),
        Payload::ChainBlock(ChainBlock {
            beneficiary: Address::repeat_byte(7),
            gas_limit: 30_000_000,
            transactions: vec![b"one".into(), b"other".into()],
        }),
        Payload::ChainPackage(ChainPackage { transactions: vec![b"one".into()], proposal: None }),
        Payload::ChainPackage(ChainPackage { proposal: Some(proposal), ..ChainPackage::default() }),
        Payload::ChainPackage(ChainPackage {
            proposal: Some(Proposal { gas_limit: Some(0), ..proposal }),
            ..ChainPackage::default()
        }),
    ]
}

#[test]
fn what_is_encoded_is_decoded() {
    for payload in payloads() {
        let bytes = alloy_rlp::encode(&payload);
        assert_eq!(alloy_rlp::decode_exact::<Payload>(&bytes), Ok(payload));
    }
}

/// The bytes are by hand, after the rules of RLP: kind, then beneficiary, gas limit and transactions.
#[test]
fn a_chain_block_has_this_encoding() {
    let block = ChainBlock {
        beneficiary: Address::repeat_byte(7),
        gas_limit: 0x0400,
        transactions: vec![b"one".into()],
    };
    let expected =
        [&[0xdf, 0x03, 0xdd, 0x94][..], &[7; 20], &[0x82, 0x04, 0x00, 0xc4, 0x83], b"one"].concat();
    assert_eq!(alloy_rlp::encode(Payload::ChainBlock(block)), expected);
}

proptest! {
    /// Everything that decodes has one encoding.
    #[test]
    fn damaged_payloads_are_refused_or_others(which in 0..9_usize, changes in vec((any::<usize>(), any::<u8>()), 1..4)) {
        let mut bytes = alloy_rlp::encode(&payloads()[which]);
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(payload) = alloy_rlp::decode_exact::<Payload>(&bytes) {
            prop_assert_eq!(alloy_rlp::encode(payload), bytes);
        }
    }
}
