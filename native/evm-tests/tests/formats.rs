//! Blocks and witnesses in the formats of several clients, compared with the RLP that tests have beside the JSON.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

mod support;

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use outrider_evm::chain::{Chain, Place};
use outrider_evm_codec::{Fork, Payload};
use outrider_evm_tests::execution_witness::{BlockForm, ClaimedChainError, WitnessError, WitnessedBlock};
use outrider_witness::{Hash, Keccak256, Recorder, mpt::Trie};
use serde_json::{Value, json};
use support::{file, files, native::provide};

/// Returns all blocks of archives that are there in JSON and in RLP.
fn blocks(archives: &[&str]) -> Vec<(String, Value)> {
    let mut blocks = Vec::new();
    for archive in archives {
        for (path, json) in files(&format!("ethereum-tests/{archive}.tar.gz")).unwrap_or_default() {
            let tests: BTreeMap<String, Value> = serde_json::from_slice(&json).unwrap();
            for (name, mut test) in tests {
                let of_test: Vec<Value> = serde_json::from_value(test["blocks"].take()).unwrap();
                let valid = of_test.into_iter().filter(|block| block.get("expectException").is_none());
                blocks.extend(valid.map(|mut block| {
                    // Clients write null where these tests have no digits.
                    for transaction in block["transactions"].as_array_mut().into_iter().flatten() {
                        if transaction["to"] == "" {
                            transaction["to"] = Value::Null;
                        }
                    }
                    (format!("{path}: {name}"), block)
                }));
            }
        }
    }
    blocks
}

/// Archives that together have transactions of all types except blob transactions.
const ARCHIVES: [&str; 3] =
    ["blockchain-tests-eest-v5.4", "blockchain-tests-istanbul-to-cancun", "blockchain-tests-cancun"];

fn rlp(block: &Value) -> Bytes {
    serde_json::from_value(block["rlp"].clone()).unwrap()
}

fn read(json: Value) -> Result<WitnessedBlock, WitnessError> {
    WitnessedBlock::of_json(json, None)
}

#[test]
fn blocks_of_provers_have_the_rlp_of_the_tests() {
    let mut types = BTreeMap::<String, usize>::new();
    for (name, block) in blocks(&ARCHIVES) {
        let (header, transactions) = (&block["blockHeader"], &block["transactions"]);
        let (uncles, withdrawals) = (&block["uncleHeaders"], &block["withdrawals"]);
        for transaction in transactions.as_array().unwrap() {
            *types.entry(transaction["type"].to_string()).or_default() += 1;
        }
        let witness = json!({ "state": ["0x80"], "ancestors": null, "codes": null });
        let of_zk_pig = json!({ "header": header, "transaction": transactions, "uncles": uncles, "withdrawals": withdrawals });
        let got = read(json!({ "version": "1", "blocks": [of_zk_pig], "witness": witness }));
        let got = got.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(got.block, rlp(&block), "{name}");
        let body = json!({ "transactions": transactions, "uncles": uncles, "withdrawals": withdrawals });
        let of_ethrex = json!({ "blocks": [{ "header": header, "body": body }], "witness": witness });
        assert_eq!(read(of_ethrex).unwrap().block, rlp(&block), "{name}");
    }
    let has = |kind| types.contains_key(&json!(kind).to_string());
    assert!(types.is_empty() || ["0x00", "0x01", "0x02", "0x04"].into_iter().all(has), "{types:?}");
}

/// Returns a block with a transaction of EIP-1559, in the format of zk-pig.
fn input() -> Option<(Value, Bytes)> {
    let mut blocks = blocks(&["blockchain-tests-eest-v5.4"]).into_iter().map(|(_, block)| block);
    let block = blocks
        .find(|block| block["transactions"][0]["type"] == "0x02" && block["withdrawals"] == json!([]))?;
    let of_zk_pig = json!({
        "header": block["blockHeader"],
        "transaction": block["transactions"],
        "uncles": block["uncleHeaders"],
        "withdrawals": block["withdrawals"],
    });
    let witness = json!({ "state": [], "ancestors": [], "codes": [] });
    Some((json!({ "blocks": [of_zk_pig], "witness": witness }), rlp(&block)))
}

#[test]
fn null_is_an_empty_list() {
    let Some((mut input, rlp)) = input() else { return };
    for member in ["gasPrice", "maxFeePerBlobGas", "blobVersionedHashes", "authorizationList"] {
        input["blocks"][0]["transaction"][0][member] = Value::Null;
    }
    input["blocks"][0]["uncles"] = Value::Null;
    input["witness"] = json!({ "state": null, "ancestors": null, "codes": null });
    input["chainConfig"] = Value::Null;
    let block = read(input.clone()).unwrap();
    assert_eq!((block.block, block.claims.chain), (rlp.clone(), None));
    // If the header has a withdrawals root, the block has a list of withdrawals, even an empty one.
    let block = &mut input["blocks"][0];
    assert_eq!(block["withdrawals"], json!([]));
    block["withdrawals"] = Value::Null;
    assert_eq!(read(input).unwrap().block, rlp);
}

#[test]
fn nodes_and_codes_may_come_by_their_hashes() {
    let Some((mut input, _)) = input() else { return };
    let by_hash = |bytes: &str| json!({ keccak256(hex::decode(bytes).unwrap()).to_string(): bytes });
    input["witness"] = json!({ "state": by_hash("0xc0"), "codes": by_hash("0x00"), "headers": null });
    let witness = read(input).unwrap().witness;
    assert_eq!((witness.state, witness.codes), (vec![Bytes::from([0xc0])], vec![Bytes::from([0])]));
}

#[test]
fn a_header_with_another_hash_than_it_gives_is_refused() {
    let Some((mut input, _)) = input() else { return };
    let header = &mut input["blocks"][0]["header"];
    let says = header["hash"].as_str().unwrap().to_owned();
    header["gasUsed"] = json!("0x1");
    let words = read(input).unwrap_err().to_string();
    assert!(words.starts_with("the header's fields have the hash 0x"), "{words}");
    assert!(words.contains(&format!(", expected {says}")), "{words}");
}

#[test]
fn several_blocks_are_refused() {
    let Some((mut input, _)) = input() else { return };
    let block = input["blocks"][0].clone();
    input["blocks"] = json!([block, block]);
    assert_eq!(read(input).unwrap_err().to_string(), "the file has 2 blocks, expected one");
}

#[test]
fn the_chain_of_the_file_is_used() {
    let Some((input, _)) = input() else { return };
    let told = |members: Value| {
        let mut input = input.clone();
        input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        read(input).unwrap().claims.chain
    };
    let hoodi = Chain::of_public_network("hoodi").unwrap();
    assert_eq!(told(json!({ "network": { "PublicNetwork": "Hoodi" } })), Some(Ok(hoodi)));
    let unknown = told(json!({ "network": "LocalDevnet" }));
    assert!(matches!(unknown, Some(Err(ClaimedChainError::Network { .. }))), "{unknown:?}");
    // A configuration is a member, or its members stand beside the blocks.
    let config = json!({ "chainId": 5, "homesteadBlock": 0, "eip150Block": null });
    let chain = Chain::of_config(&config).unwrap();
    assert_eq!(told(json!({ "chainConfig": config })), Some(Ok(chain.clone())));
    assert_eq!(told(config.clone()), Some(Ok(chain)));
    // If both are there, they have to agree, at least at this block.
    let network = |name: &str, config: &Value| told(json!({ "network": name, "chainConfig": config }));
    assert_eq!(network("LocalDevnet", &config), Some(Ok(Chain::of_config(&config).unwrap())));
    for (homestead, agree) in [(1_150_000, true), (0, false)] {
        let config = json!({ "chainId": 1, "homesteadBlock": homestead });
        assert_eq!(network("Mainnet", &config).unwrap().is_ok(), agree, "the block's number is 1");
    }
    let contradiction = network("sepolia", &config);
    let name = "\"sepolia\"".to_owned();
    assert_eq!(contradiction, Some(Err(ClaimedChainError::Contradiction { name })));
    let unknown = told(json!({ "chainConfig": { "chainId": 5, "parisTime": 3 } }));
    assert!(matches!(unknown, Some(Err(ClaimedChainError::Config(_)))), "{unknown:?}");
}

#[test]
fn stateless_inputs_are_the_blocks_and_witnesses_of_their_tests() {
    let mut n_inputs = 0;
    for (name, block) in blocks(&["blockchain-tests-zkevm-witness-amsterdam"]) {
        let input = json!({ "statelessInputBytes": block["statelessInputBytes"] });
        let got = read(input).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected =
            read(json!({ "rlp": block["rlp"], "executionWitness": block["executionWitness"] })).unwrap();
        assert_eq!(got.block, expected.block, "{name}");
        assert_eq!(got.witness, expected.witness, "{name}");
        let place = Place { number: 1, timestamp: 12, parent_total_difficulty: U256::MAX };
        let rules = got.claims.chain.unwrap().unwrap().rules(&place);
        assert_eq!((rules.fork, rules.chain_id), (Fork::Amsterdam, 1));
        n_inputs += 1;
    }
    assert!(n_inputs == 0 || n_inputs > 30, "{n_inputs}");
}

#[test]
fn damaged_stateless_inputs_are_refused_with_a_reason() {
    let Some((_, block)) = blocks(&["blockchain-tests-zkevm-witness-amsterdam"]).into_iter().next() else {
        return;
    };
    let bytes: Bytes = serde_json::from_value(block["statelessInputBytes"].clone()).unwrap();
    let of = |bytes: &[u8]| read(json!({ "statelessInputBytes": Bytes::copy_from_slice(bytes) }));
    for length in 0..600 {
        assert!(of(&bytes[..length]).is_err(), "{length} bytes");
    }
    // The offset of the payload in the request, and a byte of the state root in the payload.
    for (at, expected) in
        [(20, "the payload request: the offset 45 is wrong"), (20 + 44 + 52, "fields have the hash")]
    {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 1;
        let words = outrider_sdk::chain(&of(&damaged).unwrap_err());
        assert!(words.contains(expected), "{words}");
    }
    // The public keys, a list of bytes, come last; this input has none.
    let with_keys = |keys: &[u8]| of(&[&bytes[..], keys].concat());
    let key = |length: usize| [&[4, 0, 0, 0], &vec![7; length][..]].concat();
    for keys in [key(0), key(48), [&[8, 0, 0, 0, 40, 0, 0, 0], &[7; 33][..]].concat()] {
        assert_eq!(with_keys(&keys).unwrap(), of(&bytes).unwrap());
    }
    for (keys, expected) in [
        (key(49), "a public key has 49 bytes, expected at most 48"),
        (b"garbage".to_vec(), "the public keys: the offset"),
        (vec![0], "the public keys: 1 bytes are too few"),
        (vec![0; 4], "the public keys: the offset 0 is wrong"),
    ] {
        let words = outrider_sdk::chain(&with_keys(&keys).unwrap_err());
        assert!(words.contains(expected), "{words}");
    }
    let words = outrider_sdk::chain(&of(&[0x15, 0x01, 20, 0, 0, 0]).unwrap_err());
    assert!(words.starts_with("`statelessInputBytes` is malformed: "), "{words}");
    assert!(words.contains("the input begins with the schema 0x1501"), "{words}");
}

/// Returns the results of `eth_getProof` for all that block 46,147 touches, which sends ether from one account to
/// another.
fn proofs() -> Option<(Value, WitnessedBlock)> {
    let json = file("ethereum-mainnet/blocks-with-trie-nodes/block46147.json")?;
    let block = read(serde_json::from_slice(&json).unwrap()).unwrap();
    let (root, _) = block.payload(&Chain::mainnet()).unwrap();
    let nodes = block.witness.preimages();
    let accounts: [Address; 3] = [
        address!("a1e4380a3b1f749673e270229993ee55f35663b4"),
        address!("5df9b87991262f6ba471f09758cde1c0fc1de734"),
        address!("e6a7a1d47ff21b6321162aea7c6cb457d5476bca"),
    ];
    let proof = |account: &Address| {
        let recorder = Recorder::new(&nodes);
        Trie::<Keccak256, _>::open(&Hash(root.0), &recorder).get(keccak256(account).as_slice()).unwrap();
        let mut proof: Vec<Bytes> =
            recorder.into_record().nodes.iter().map(|(_, bytes)| bytes.to_vec().into()).collect();
        // The root node comes first.
        proof.sort_by_key(|node| keccak256(node) != root);
        json!({ "jsonrpc": "2.0", "id": 1, "result": {
            "address": account, "accountProof": proof, "balance": "0x0", "storageHash": B256::ZERO, "storageProof": [],
        } })
    };
    Some((Value::Array(accounts.iter().map(proof).collect()), block))
}

#[test]
fn proofs_take_the_place_of_a_witness() {
    let Some((proofs, block)) = proofs() else { return };
    for proofs in [proofs.clone(), json!({ "accounts": proofs })] {
        let read = WitnessedBlock::of_json(proofs, Some(BlockForm::Rlp(block.block.clone()))).unwrap();
        assert!(read.witness.state.len() < block.witness.state.len(), "the proofs have no other nodes");
        let (root, payload) = read.payload(&Chain::mainnet()).unwrap();
        assert!(matches!(payload, Payload::VouchedBlock(..)), "there are no headers of ancestors");
        let provided = provide(root, read.witness.preimages(), &payload).unwrap();
        assert_eq!(provided.outcome.post_state_root.0, block.header.state_root.0);
        // With headers, the block is checked.
        let mut read = read;
        read.witness.headers.clone_from(&block.witness.headers);
        let (_, payload) = read.payload(&Chain::mainnet()).unwrap();
        assert!(matches!(payload, Payload::Block(..)));
    }
}

#[test]
fn proofs_of_several_states_are_refused() {
    let Some((mut proofs, block)) = proofs() else { return };
    proofs[1]["result"]["accountProof"].as_array_mut().unwrap().remove(0);
    let of = |json| WitnessedBlock::of_json(json, Some(BlockForm::Rlp(block.block.clone())));
    let words = of(proofs.clone()).unwrap_err().to_string();
    assert_eq!(words, "the proofs are of 2 states, expected one");
    let words = of(json!([{ "accountProof": [] }, { "accountProof": [] }])).unwrap_err().to_string();
    assert_eq!(words, "the proofs are of 0 states, expected one");
    assert!(matches!(
        WitnessedBlock::of_json(proofs, None),
        Err(WitnessError::NoBlock | WitnessError::Proofs { .. })
    ));
}

#[test]
fn a_trace_of_erigon_has_its_chain() {
    let mut json: Value = serde_json::from_slice(include_bytes!("data/erigon.json")).unwrap();
    let meta = json["trace"][0]["other_data"]["b_data"]["b_meta"]["block_chain_id"].clone();
    let block = Some(BlockForm::Json(json["block"].take()));
    let block = WitnessedBlock::of_json(json["trace"].take(), block).unwrap();
    assert_eq!((meta, block.claims.chain_id), (json!("0x301824"), Some(3_151_908)));
}
