//! Real blocks and their execution witnesses, read into payloads and not executed.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

mod support;

use alloy_primitives::{B256, Bytes, b256, hex};
use alloy_rlp::Header;
use outrider_evm::chain::{Chain, Config};
use outrider_evm_codec::{Fork, Payload};
use outrider_evm_tests::execution_witness::{BlockForm, HeaderForm, WitnessError, WitnessedBlock};
use outrider_witness::{
    Hash, Keccak256, NoNodes,
    mpt::Trie,
    store::{Batch, MemoryStore, Store as _},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};
use support::{cases::Outcomes, file, native::provide};

fn read(json: &[u8]) -> WitnessedBlock {
    WitnessedBlock::of_json(serde_json::from_slice(json).unwrap(), None).unwrap()
}

/// Returns the items of a list; strings come without their headers.
fn items(list: &[u8]) -> Vec<&[u8]> {
    let mut content = Header::decode_bytes(&mut &*list, true).unwrap();
    let mut items = Vec::new();
    while !content.is_empty() {
        let whole = content;
        let header = Header::decode(&mut content).unwrap();
        let (payload, rest) = content.split_at(header.payload_length);
        items.push(if header.list { &whole[..whole.len() - rest.len()] } else { payload });
        content = rest;
    }
    items
}

/// Returns the root of the trie of a list's items.
fn root(list: &[u8]) -> B256 {
    let mut trie = Trie::<Keccak256, NoNodes>::empty();
    for (index, item) in items(list).into_iter().enumerate() {
        trie.insert(&alloy_rlp::encode(index), item).unwrap();
    }
    B256::from(trie.root().0)
}

fn hash_at(header: &[u8], index: usize) -> B256 {
    B256::from_slice(items(header)[index])
}

#[test]
fn witnesses_of_tests_suffice_where_the_tests_say_so() {
    let outcomes = Outcomes::of_file("execution-witness.json", include_bytes!("data/execution-witness.json"));
    assert_eq!(outcomes.failed, [""; 0]);
    assert_eq!(outcomes.n_passed, 3);
    let words: Vec<_> = outcomes.refusals.iter().map(|refusal| refusal.words.as_str()).collect();
    let [code, parent] = words[..] else { panic!("one lacks a code and one a header: {words:?}") };
    assert!(code.starts_with("code: nothing with hash"), "{code}");
    assert!(parent.starts_with("the header of the parent"), "{parent}");
}

const SBV: &str = "ethereum-mainnet/witness/mainnet-23587691-sbv.json.gz";

#[test]
fn a_dump_of_stateless_block_verifier_is_the_block_of_its_header() {
    let Some(json) = file(SBV) else { return };
    let block = read(&json);
    let parts = items(&block.block);
    let (header, transactions, withdrawals) = (parts[0], parts[1], parts[3]);
    assert_eq!((block.header.number, block.header.gas_used), (23_587_691, 1_429_580));
    assert_eq!(items(transactions).len(), 40);
    assert_eq!(root(transactions), hash_at(header, 4), "transactions root");
    assert_eq!(root(withdrawals), hash_at(header, 16), "withdrawals root");
    // The hash is that of the chain: <https://etherscan.io/block/23587691>.
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["block_hashes"][0].as_str().unwrap(), block.header.parent_hash.to_string());
}

#[test]
fn a_witness_without_the_pre_state_root_needs_the_header_of_the_parent() {
    let Some(json) = file(SBV) else { return };
    let mut block = read(&json);
    block.claims.pre_state_root = None;
    let error = block.payload(&Chain::mainnet()).unwrap_err();
    let parent = b256!("149e213219b83fc61891ed608d40b2ac06cf8d276b8bf6f864e70eda20c95a2b");
    assert!(matches!(error, WitnessError::NoParent { hash, got: 0 } if hash == parent), "{error}");
}

#[test]
fn hashes_of_other_ancestors_are_refused() {
    let Some(json) = file(SBV) else { return };
    let mut block = read(&json);
    block.claims.block_hashes.remove(0);
    let error = block.payload(&Chain::mainnet()).unwrap_err();
    assert!(matches!(error, WitnessError::BlockHashes { .. }), "{error}");
}

#[test]
fn dumps_of_the_nimbus_tracer_are_blocks_of_2015() {
    for (number, hash, n_transactions, n_ommers) in [
        (97, b256!("e9fb121a7ee5cb03b33adbf59e95321a2453f09db98068e1f31f0da79860c50c"), 0, 2),
        (46_147, b256!("4e3a3754410177e6937ef1f84bba68ea139e8d1a2258c5f85db9f1cd715a1bdd"), 1, 0),
    ] {
        let Some(json) = file(&format!("ethereum-mainnet/blocks-with-trie-nodes/block{number}.json")) else {
            return;
        };
        let block = read(&json);
        assert_eq!((block.header.number, block.header.hash), (number, hash));
        let parts = items(&block.block);
        assert_eq!(items(parts[1]).len(), n_transactions);
        assert_eq!(root(parts[1]), hash_at(parts[0], 4), "transactions root");
        assert_eq!(items(parts[2]).len(), n_ommers);

        let (pre_state_root, payload) = block.payload(&Chain::mainnet()).unwrap();
        assert_eq!(payload.rules().unwrap().fork, Fork::Frontier);
        match payload {
            Payload::Block(_, block) => assert_eq!((block.ancestors.len(), n_ommers), (1, 0)),
            Payload::VouchedBlock(_, block) => assert!(block.parent.is_some() && n_ommers > 0),
            _ => panic!("the payload is a block"),
        }
        assert!(block.witness.preimages().bytes(&Hash(pre_state_root.0)).is_some());
    }
}

#[test]
fn a_store_takes_parts_of_a_state() {
    let Some(json) = file("ethereum-mainnet/blocks-with-trie-nodes/block97.json") else { return };
    let block = read(&json);
    let mut batch = Batch::new();
    block.witness.put_into(&mut batch);
    let store = MemoryStore::new();
    store.apply(&batch).unwrap();
    let contents = store.check().unwrap();
    assert_eq!(contents.n_nodes, block.witness.preimages().len());
}

#[test]
fn removing_a_node_removes_one() {
    let Some(json) = file("ethereum-mainnet/blocks-with-trie-nodes/block97.json") else { return };
    let witness = read(&json).witness;
    let (pre_state_root, _) = read(&json).payload(&Chain::mainnet()).unwrap();
    let root = Hash(pre_state_root.0);
    let without = witness.without(&root).preimages();
    assert_eq!(without.len(), witness.preimages().len() - 1);
    assert!(without.bytes(&root).is_none());
}

/// Returns the header of block 97, of Frontier, and the one before it.
fn headers() -> Option<(Bytes, Bytes)> {
    let block = read(&file("ethereum-mainnet/blocks-with-trie-nodes/block97.json")?);
    let headers = block.witness.headers.into_iter().map(|header| match header {
        HeaderForm::Rlp(bytes) => bytes,
        HeaderForm::Fields(_) => panic!("the dump has them in RLP"),
    });
    let parent = {
        let mut headers = headers;
        headers.find(|bytes| alloy_primitives::keccak256(bytes) == block.header.parent_hash)?
    };
    Some((block.block, parent))
}

#[test]
fn the_shapes_of_clients_and_tests_are_read_alike() {
    let Some((block, parent)) = headers() else { return };
    let witness = json!({ "state": ["0x80"], "codes": ["0x00"], "keys": ["0x01"], "headers": [parent] });
    let alone = WitnessedBlock::of_json(witness.clone(), Some(BlockForm::Rlp(block.clone()))).unwrap();
    let together = json!({ "rlp": block, "executionWitness": witness });
    assert_eq!(WitnessedBlock::of_json(together, None).unwrap(), alone);
    assert!(alone.payload(&Chain::mainnet()).is_ok());
    assert!(matches!(WitnessedBlock::of_json(witness, None), Err(WitnessError::NoBlock)));
}

/// Returns a trace of Erigon, and the block beside it.
fn trace() -> (Value, BlockForm) {
    let mut json: Value = serde_json::from_slice(include_bytes!("data/erigon.json")).unwrap();
    (json["trace"].take(), BlockForm::Json(json["block"].take()))
}

fn compact(trace: &mut Value) -> &mut Value {
    &mut trace[0]["block_trace"]["trie_pre_images"]["combined"]["compact"]
}

#[test]
fn a_trace_of_erigon_is_a_block_and_its_state() {
    let (trace, block) = trace();
    let expected = trace[0]["other_data"]["checkpoint_state_trie_root"].as_str().unwrap().to_owned();
    let block = WitnessedBlock::of_json(trace, Some(block)).unwrap();
    let chain = Chain::of_network("Cancun", &Config::default()).unwrap().with_chain_id(3_151_908);
    let (root, payload) = block.payload(&chain).unwrap();
    assert_eq!(root.to_string(), expected);
    let provided = provide(root, block.witness.preimages(), &payload).unwrap();
    assert_eq!(provided.outcome.post_state_root.0, block.header.state_root.0);
}

#[track_caller]
fn check_compact(bytes: &[u8], expected: &str) {
    let (mut trace, block) = trace();
    *compact(&mut trace) = hex::encode_prefixed(bytes).into();
    let WitnessError::Compact(error) = WitnessedBlock::of_json(trace, Some(block)).unwrap_err() else {
        panic!("the error is not about the compact witness")
    };
    assert_eq!(error.to_string(), expected);
}

#[test]
fn errors_of_a_compact_witness_name_the_offset() {
    check_compact(&[], "offset 0: the bytes end too early");
    check_compact(&[2], "version 2 is not known, expected 0 or 1");
    check_compact(&[1], "the stack has 0 nodes at the end, expected the root alone");
    check_compact(&[1, 6, 6], "the stack has 2 nodes at the end, expected the root alone");
    check_compact(&[1, 7], "offset 1: instruction 7 is not known");
    check_compact(&[1, 3, 0], "offset 3: the bytes end too early");
    check_compact(&[1, 0, 0x41, 0x10, 0x41, 1], "offset 2: expected a key");
    check_compact(&[1, 0, 0x80], "offset 2: expected a byte string");
    check_compact(&[1, 0, 0x5f], "offset 2: expected a CBOR item with a length");
    check_compact(
        &[1, 0, 0x5b, 255, 255, 255, 255, 255, 255, 255, 255],
        "offset 11: the bytes end too early",
    );
    check_compact(&[1, 1, 0x41, 1], "offset 4: the stack has no node");
    check_compact(&[1, 2, 3], "offset 3: the stack has no node");
    check_compact(&[1, 2, 0x1a, 0, 1, 0, 0], "offset 1: expected a mask of 16 children");
    check_compact(&[1, 4, 0x41, 0, 1, 0x41, 1], "offset 7: the stack has no node");
    check_compact(&[1, 5, 0x41, 1, 16], "offset 4: expected a byte of account flags");
    check_compact(&[1, 5, 0x41, 1, 1, 0], "offset 6: the stack has no code");
    check_compact(&[1, 5, 0x41, 1, 2], "offset 5: the stack has no storage");
}

proptest! {
    #[test]
    fn a_damaged_trace_of_erigon_has_another_state_or_is_refused(
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let (mut trace, block) = trace();
        let mut bytes = hex::decode(compact(&mut trace).as_str().unwrap()).unwrap();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        *compact(&mut trace) = hex::encode_prefixed(&bytes).into();
        match WitnessedBlock::of_json(trace, Some(block)) {
            Ok(block) => prop_assert!(block.payload(&Chain::mainnet()).is_ok()),
            Err(error) => prop_assert!(matches!(error, WitnessError::Compact(_)), "{error}"),
        }
    }
}

#[test]
fn json_of_something_else_is_not_a_witness() {
    let of_json = |json| WitnessedBlock::of_json(json, None).unwrap_err();
    assert!(matches!(of_json(json!([])), WitnessError::Shape));
    assert!(matches!(of_json(json!({ "prev_state_root": 1 })), WitnessError::Form { .. }));
    assert!(matches!(of_json(json!({ "blockNumber": "x", "state": {} })), WitnessError::Form { .. }));
    assert!(matches!(of_json(json!({ "blockNumber": "1", "state": {} })), WitnessError::Dump { .. }));
    let cut =
        json!({ "rlp": hex::encode_prefixed([0xc1]), "executionWitness": { "state": [], "codes": [] } });
    assert!(matches!(of_json(cut), WitnessError::Rlp { .. }));
}
