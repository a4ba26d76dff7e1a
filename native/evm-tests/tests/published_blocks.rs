//! Blocks of the main network in the formats of clients. Their RLP, as this crate encodes it, must have the hashes that
//! the chain has.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

mod support;

use std::collections::BTreeSet;

use alloy_primitives::{B256, Bytes, hex, keccak256};
use alloy_rlp::{Encodable as _, Header as RlpHeader};
use outrider_evm::header::Header;
use outrider_evm_tests::execution_witness::{Witness, WitnessError, block_of_json};
use outrider_witness::{Hash, Keccak256, NoNodes, NodeBag, mpt::Trie};
use serde_json::{Value, json};
use support::file;

/// Returns the items of a list; strings come without their headers.
fn items(list: &[u8]) -> Vec<&[u8]> {
    let mut content = RlpHeader::decode_bytes(&mut &*list, true).unwrap();
    let mut items = Vec::new();
    while !content.is_empty() {
        let whole = content;
        let header = RlpHeader::decode(&mut content).unwrap();
        let (payload, rest) = content.split_at(header.payload_length);
        items.push(if header.list { &whole[..whole.len() - rest.len()] } else { payload });
        content = rest;
    }
    items
}

/// Returns the root of the trie of such items.
fn root<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> B256 {
    let mut trie = Trie::<Keccak256, NoNodes>::empty();
    for (index, item) in items.into_iter().enumerate() {
        trie.insert(&alloy_rlp::encode(index), item.as_ref()).unwrap();
    }
    B256::from(trie.root().0)
}

fn block_json(fork: &str) -> Option<Value> {
    Some(serde_json::from_slice(&file(&format!("ethereum-mainnet/blocks-by-fork/{fork}.json"))?).unwrap())
}

#[test]
fn blocks_in_json_have_the_hashes_and_roots_of_their_chain() {
    for fork in ["Frontier", "Homestead", "Byzantium", "Berlin", "Paris", "Cancun", "Prague"] {
        let Some(json) = block_json(fork) else { return };
        let block = block_of_json(json.clone()).unwrap();
        let parts = items(&block);
        let told = |member: &str| json[member].as_str().map(|text| text.parse::<B256>().unwrap());
        assert_eq!(Some(Header::of_block(&block).unwrap().hash), told("hash"), "{fork}");
        assert_eq!(Some(root(items(parts[1]))), told("transactionsRoot"), "{fork}");
        assert_eq!(parts.get(3).map(|list| root(items(list))), told("withdrawalsRoot"), "{fork}");
    }
}

#[test]
fn blocks_that_json_holds_in_part_are_refused() {
    let Some(mut json) = block_json("Prague") else { return };
    json["transactions"][0]["type"] = json!("0x7f");
    let error = block_of_json(json.clone()).unwrap_err();
    assert!(matches!(error, WitnessError::TransactionType { .. }), "{error}");
    json["uncles"] = json!([B256::ZERO]);
    let error = block_of_json(json.clone()).unwrap_err();
    assert!(matches!(error, WitnessError::Ommers { got: 1 }), "{error}");
    // With `false` for whole transactions, the result only has their hashes.
    json["transactions"] = json!([B256::ZERO]);
    assert!(matches!(block_of_json(json).unwrap_err(), WitnessError::Form { .. }));
}

/// Encodes a receipt as in the trie, from the fields of [eth/69](https://eips.ethereum.org/EIPS/eip-7642): type,
/// outcome, gas, logs.
fn receipt(item: &[u8], bloom: &mut [u8; 256]) -> Vec<u8> {
    let [kind, outcome, gas, logs] = items(item)[..] else { panic!("a receipt has four fields") };
    let mut of_receipt = [0; 256];
    for log in items(logs) {
        let [address, topics, _] = items(log)[..] else { panic!("a log has three fields") };
        for entry in std::iter::once(address).chain(items(topics)) {
            let hash = keccak256(entry);
            for pair in hash[..6].as_chunks::<2>().0 {
                let bit = usize::from(u16::from_be_bytes(*pair) % 2048);
                of_receipt[255 - bit / 8] |= 1 << (bit % 8);
            }
        }
    }
    bloom.iter_mut().zip(of_receipt).for_each(|(all, one)| *all |= one);
    let mut fields = Vec::new();
    outcome.encode(&mut fields);
    gas.encode(&mut fields);
    of_receipt.as_slice().encode(&mut fields);
    fields.extend_from_slice(logs);
    let mut bytes = kind.to_vec();
    RlpHeader { list: true, payload_length: fields.len() }.encode(&mut bytes);
    bytes.extend(fields);
    bytes
}

#[test]
fn bodies_and_receipts_are_those_of_their_headers() {
    for number in [14_764_013, 15_537_393, 17_034_869, 19_426_587, 22_431_084] {
        let Some(text) = file(&format!("ethereum-mainnet/block-bodies-receipts/block-data-{number}.yaml.gz"))
        else {
            return;
        };
        let text = String::from_utf8(text).unwrap();
        let member = |name: &str| -> Bytes {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            hex::decode(line.trim_matches([' ', '"', '\''])).unwrap().into()
        };
        let (header, body, receipts) = (member("header:"), member("body:"), member("receipts:"));
        let fields = items(&header);
        assert_eq!(Header::of_rlp(&header).unwrap().number, number);
        let body = items(&body);
        assert_eq!(root(items(body[0])).as_slice(), fields[4], "transactions root of {number}");
        assert_eq!(keccak256(body[1]).as_slice(), fields[1], "ommers hash of {number}");
        let withdrawals = body.get(2).map(|list| root(items(list)).to_vec());
        assert_eq!(withdrawals.as_deref(), fields.get(16).copied(), "withdrawals root of {number}");
        let mut bloom = [0; 256];
        let receipts: Vec<_> = items(&receipts).into_iter().map(|item| receipt(item, &mut bloom)).collect();
        assert_eq!(root(receipts).as_slice(), fields[5], "receipts root of {number}");
        assert_eq!(bloom, fields[6], "logs bloom of {number}");
    }
}

/// The chain has fees and transactions of its own kinds, so its blocks are not executed.
#[test]
fn tries_of_another_chain_are_read_to_the_last_node() {
    for number in [14_919_991, 14_919_992, 14_919_994, 14_919_998, 14_920_000] {
        let path = format!("ethereum-mainnet/witness-scroll-l2/{number}.json.gz");
        let Some(json) = file(&path) else { return };
        let json: Value = serde_json::from_slice(&json).unwrap();
        let root = json["prev_state_root"].as_str().unwrap().parse().unwrap();
        let given = |member: &str| json[member].as_array().unwrap().clone();
        let witness = Witness {
            state: given("states").into_iter().map(|node| serde_json::from_value(node).unwrap()).collect(),
            ..Witness::default()
        };
        let nodes = witness.preimages();
        let mut reached = BTreeSet::new();
        reach(root, &nodes, &mut reached);
        assert_eq!(reached.len(), nodes.len(), "{number}: each node is below the root");
    }
}

/// Collects the nodes of a trie that are there, and those of the storage tries of its accounts.
fn reach(hash: B256, nodes: &NodeBag, reached: &mut BTreeSet<B256>) {
    let Some(node) = nodes.bytes(&Hash(hash.0)).filter(|_| reached.insert(hash)) else { return };
    for item in items(node) {
        match item.len() {
            32 => reach(B256::from_slice(item), nodes, reached),
            // A leaf of the trie of accounts, if it is a list.
            33.. if item[0] >= 0xc0 => {
                let account = items(item);
                reach(B256::from_slice(account[2]), nodes, reached);
            }
            _ => {}
        }
    }
}
