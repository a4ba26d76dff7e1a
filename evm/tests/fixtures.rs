//! Ethereum's own tests, up to what the EE is given: nothing is executed here.
//!
//! Read in place from `../shared/data` beside the project, or from the directory that `OUTRIDER_DATA` names.

mod support;

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256, keccak256};
use outrider_crypto::secp256k1::ecdsa_recover;
use outrider_evm::{
    blockchain_test::BlockchainTest,
    fixture::{self, Test},
    header::Header,
    state_test::StateTest,
};
use outrider_evm_block::{Fork, Payload};
use serde_json::Value;
use support::{archives, files};

/// Archives and how many cases they have, by the data's manifest.
const CASES: &[(&str, usize)] = &[
    ("blockchain-tests-cancun", 83),
    ("blockchain-tests-eest-v5.4", 60),
    ("blockchain-tests-from-state", 19),
    ("blockchain-tests-frontier-to-constantinople", 174),
    ("blockchain-tests-istanbul-to-cancun", 222),
    ("blockchain-tests-transition", 10),
    ("blockchain-tests-zkevm-witness-amsterdam", 37),
    ("state-tests-cancun", 2435),
    ("state-tests-eest-v5.4-new-forks", 306),
    ("state-tests-eest-v5.4-older-forks", 63),
    ("state-tests-eest-v5.4-static", 417),
    ("state-tests-frontier-to-constantinople", 1477),
    ("state-tests-istanbul-to-cancun", 1182),
    ("transaction-tests", 1356),
    ("vm-tests", 293),
];

#[test]
fn every_case_of_the_archives_is_read() {
    for (archive, expected) in CASES {
        let Some(files) = files(&format!("ethereum-tests/{archive}.tar.gz")) else { return };
        let tests = files
            .iter()
            .flat_map(|(path, json)| fixture::read(json).unwrap_or_else(|error| panic!("{path}: {error:?}")));
        let n_cases: usize = tests
            .map(|(_, test)| match test {
                Test::State(test) => test.cases.len(),
                Test::Blockchain(_) | Test::Vm(_) => 1,
                Test::Transaction(test) => test.cases.len(),
            })
            .sum();
        assert_eq!(n_cases, *expected, "{archive}");
    }
}

/// Calls `check` with the name of each state test, its JSON, and the test.
fn each_state_test(mut check: impl FnMut(&str, &Value, StateTest)) {
    for (path, json) in archives("ethereum-tests/state-tests-") {
        let tests: BTreeMap<String, Value> = serde_json::from_slice(&json).unwrap();
        for (name, json) in tests {
            check(&format!("{path}: {name}"), &json, StateTest::of_json(json.clone()).unwrap());
        }
    }
}

/// Calls `check` with the name of each blockchain test and the test.
fn each_blockchain_test(mut check: impl FnMut(&str, BlockchainTest)) {
    for (path, json) in archives("ethereum-tests/blockchain-tests-") {
        for (name, test) in fixture::read(&json).unwrap() {
            let Test::Blockchain(test) = test else { panic!("{name} is no blockchain test") };
            check(&format!("{path}: {name}"), test);
        }
    }
}

#[test]
fn every_state_test_becomes_a_payload() {
    each_state_test(|name, _, test| {
        for case in test.cases {
            let trial = case.trial.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(trial.payload.rules().fork.name(), case.fork_name);
            let bytes = alloy_rlp::encode(&trial.payload);
            assert_eq!(alloy_rlp::decode_exact::<Payload>(&bytes), Ok(trial.payload), "{name}");
        }
    });
}

#[test]
fn states_have_the_roots_that_other_clients_computed() {
    each_state_test(|name, _, test| {
        for trial in test.cases.into_iter().filter_map(|case| case.trial.ok()) {
            if let Some(state) = trial.post_state {
                assert_eq!(state.root(), trial.post_state_root, "{name}");
            }
        }
    });
    each_blockchain_test(|name, test| {
        assert_eq!(test.pre_state.root(), test.genesis_state_root(), "{name}");
    });
}

#[test]
fn a_refused_transaction_leaves_the_state() {
    each_state_test(|name, _, test| {
        for trial in test.cases.into_iter().filter_map(|case| case.trial.ok()) {
            if trial.exception.is_some() && trial.payload.rules().fork >= Fork::SpuriousDragon {
                assert_eq!(test.pre_state.root(), trial.post_state_root, "{name}");
            }
        }
    });
}

/// The transaction of each case, in the order of the cases.
fn transactions(test: &StateTest) -> Vec<Vec<u8>> {
    let trials = test.cases.iter().filter_map(|case| case.trial.as_ref().ok());
    let transactions = trials.map(|trial| match &trial.payload {
        Payload::Transactions(_, transactions) => transactions.transactions[0].to_vec(),
        Payload::Block(..) => panic!("a state test has no block"),
    });
    transactions.collect()
}

#[test]
fn transactions_are_signed_as_others_sign_them() {
    each_state_test(|name, json, test| {
        let mut unsigned = json.clone();
        let mut n_published = 0;
        for post in unsigned["post"]
            .as_object_mut()
            .unwrap()
            .values_mut()
            .flat_map(|posts| posts.as_array_mut().unwrap())
        {
            n_published += usize::from(post.as_object_mut().unwrap().remove("txbytes").is_some());
        }
        if n_published > 0 {
            let signed_here = transactions(&StateTest::of_json(unsigned).unwrap());
            assert_eq!(signed_here.len(), transactions(&test).len(), "{name}");
            for (index, (here, published)) in signed_here.iter().zip(transactions(&test)).enumerate() {
                assert_eq!(
                    alloy_primitives::hex::encode(here),
                    alloy_primitives::hex::encode(published),
                    "{name} {index}"
                );
            }
        }
    });
}

#[test]
fn the_sender_of_a_transaction_that_is_signed_here_is_the_tests() {
    each_state_test(|name, json, test| {
        let sender: Address = json["transaction"]["sender"].as_str().unwrap().parse().unwrap();
        for transaction in transactions(&test).iter().filter(|transaction| transaction[0] >= 0xc0) {
            assert_eq!(sender_of_legacy(transaction), sender, "{name}");
        }
    });
}

/// Recovers who has signed a transaction without type.
fn sender_of_legacy(transaction: &[u8]) -> Address {
    let mut content = alloy_rlp::Header::decode_bytes(&mut &*transaction, true).unwrap();
    let whole = content;
    for _ in 0..6 {
        let header = alloy_rlp::Header::decode(&mut content).unwrap();
        content = &content[header.payload_length..];
    }
    let mut signed = Vec::new();
    let fields = &whole[..whole.len() - content.len()];
    let mut number = || <U256 as alloy_rlp::Decodable>::decode(&mut content).unwrap();
    let (v, r, s): (u64, U256, U256) = (number().to(), number(), number());
    let suffix: &[u8] = if v >= 35 { &[(v as u8 - 35) / 2, 0x80, 0x80] } else { &[] };
    alloy_rlp::Header { list: true, payload_length: fields.len() + suffix.len() }.encode(&mut signed);
    signed.extend_from_slice(fields);
    signed.extend_from_slice(suffix);
    let signature = [r.to_be_bytes::<32>(), s.to_be_bytes()].concat().try_into().unwrap();
    let parity = if v >= 35 { (v - 35) % 2 } else { v - 27 };
    let key = ecdsa_recover(&keccak256(signed).0, &signature, parity as u8).unwrap();
    Address::from_slice(&keccak256(key)[12..])
}

/// Accepts all blocks that should be, by their headers alone.
#[test]
fn the_head_is_the_tests() {
    each_blockchain_test(|name, test| {
        let mut import = test.import().unwrap_or_else(|error| panic!("{name}: {error}"));
        for block in &test.blocks {
            let candidate = import.candidate(&block.bytes);
            let bytes = alloy_rlp::encode(&candidate.payload);
            assert_eq!(alloy_rlp::decode_exact::<Payload>(&bytes).as_ref(), Ok(&candidate.payload), "{name}");
            if block.exception.is_none() {
                import.accept(candidate.header.expect("a valid block has a header"), &block.bytes);
            }
        }
        assert_eq!(import.head().hash, test.last_block_hash, "{name}");
        assert_eq!(Some(import.head().state_root), test.post_state_root, "{name}");
    });
}

#[test]
fn witnesses_of_tests_reach_from_the_parents_root() {
    each_blockchain_test(|name, test| {
        let import = test.import().unwrap();
        for block in test.blocks.iter().take(1) {
            let Some(witness) = &block.witness else { continue };
            let candidate = import.candidate(&block.bytes);
            let nodes = witness.preimages();
            let root = outrider_witness::Hash(candidate.pre_state_root.0);
            assert!(nodes.bytes(&root).is_some(), "{name}: {root}");
        }
    });
}

#[test]
fn headers_are_the_same_in_json_and_rlp() {
    for (path, json) in archives("ethereum-tests/blockchain-tests-") {
        let tests: BTreeMap<String, Value> = serde_json::from_slice(&json).unwrap();
        for (name, test) in tests {
            let fields = &test["genesisBlockHeader"];
            let header: outrider_evm::header::HeaderFields = serde_json::from_value(fields.clone()).unwrap();
            let header = Header::of_rlp(&header.encode()).unwrap();
            let expected: B256 = fields["hash"].as_str().unwrap().parse().unwrap();
            assert_eq!(header.hash, expected, "{path}: {name}");
        }
    }
}
