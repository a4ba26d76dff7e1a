//! Ethereum's own tests, read into payloads and not executed.
//!
//! `outrider-published` finds them.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

mod support;

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256, hex, keccak256};
use alloy_rlp::Decodable as _;
use outrider_crypto::secp256k1::ecdsa_recover;
use outrider_evm::header::Header;
use outrider_evm_codec::Payload;
use outrider_evm_tests::{
    blockchain_test::BlockchainTest,
    fixture::{self, Test},
    state_test::StateTest,
};
use serde_json::Value;
use support::{archives, files};

/// Archives and the number of their cases, from the manifest of the data.
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
            let Test::Blockchain(test) = test else { panic!("{name} is not a blockchain test") };
            check(&format!("{path}: {name}"), test);
        }
    }
}

#[test]
fn every_state_test_becomes_a_payload() {
    each_state_test(|name, _, test| {
        for case in test.cases {
            let trial = case.trial.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(trial.payload.rules().unwrap().fork.name(), case.fork_name);
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
fn a_refused_transaction_leaves_the_state_unchanged() {
    each_state_test(|name, _, test| {
        for trial in test.cases.into_iter().filter_map(|case| case.trial.ok()) {
            if trial.exception.is_some() {
                assert!(
                    trial.roots_after_refusal(&test.pre_state).contains(&trial.post_state_root),
                    "{name}"
                );
            }
        }
    });
}

/// Returns the transaction of each case, in the order of the cases.
fn transactions(test: &StateTest) -> Vec<Vec<u8>> {
    let trials = test.cases.iter().filter_map(|case| case.trial.as_ref().ok());
    let transactions = trials.map(|trial| match &trial.payload {
        Payload::Transactions(_, transactions) => transactions.transactions[0].to_vec(),
        _ => panic!("a state test has no block"),
    });
    transactions.collect()
}

/// The fields do not say whether EIP-155 protects a transaction, so protected ones without a type are not compared.
#[test]
fn signed_transactions_have_the_bytes_of_the_tests() {
    each_state_test(|name, json, test| {
        let mut unsigned = json.clone();
        let posts = unsigned["post"].as_object_mut().unwrap().values_mut();
        let mut posts: Vec<_> = posts.flat_map(|posts| posts.as_array_mut().unwrap()).collect();
        if posts.iter_mut().any(|post| post.as_object_mut().unwrap().remove("txbytes").is_none()) {
            return;
        }
        let signed_here = StateTest::of_json(unsigned).unwrap();
        for (here, published) in transactions(&signed_here).into_iter().zip(transactions(&test)) {
            if !is_protected(&published) {
                assert_eq!(hex::encode(here), hex::encode(published), "{name}");
            }
        }
    });
}

fn is_protected(transaction: &[u8]) -> bool {
    transaction[0] >= 0xc0 && Legacy::read(transaction).v >= 35
}

#[test]
fn a_signed_transaction_has_the_sender_of_the_test() {
    each_state_test(|name, json, test| {
        let sender: Address = json["transaction"]["sender"].as_str().unwrap().parse().unwrap();
        for transaction in transactions(&test).iter().filter(|transaction| transaction[0] >= 0xc0) {
            assert_eq!(sender_of_legacy(transaction), sender, "{name}");
        }
    });
}

/// The parts of a transaction without a type that its signature covers.
struct Legacy<'a> {
    /// The fields that are signed.
    fields: &'a [u8],
    v: u64,
    r: U256,
    s: U256,
}

impl<'a> Legacy<'a> {
    fn read(transaction: &'a [u8]) -> Self {
        let mut rest = alloy_rlp::Header::decode_bytes(&mut &*transaction, true).unwrap();
        let whole = rest;
        for _ in 0..6 {
            let header = alloy_rlp::Header::decode(&mut rest).unwrap();
            rest = &rest[header.payload_length..];
        }
        let fields = &whole[..whole.len() - rest.len()];
        let mut number = || U256::decode(&mut rest).unwrap();
        Self { fields, v: number().to(), r: number(), s: number() }
    }
}

/// Recovers the signer of a transaction without a type.
fn sender_of_legacy(transaction: &[u8]) -> Address {
    let Legacy { fields, v, r, s } = Legacy::read(transaction);
    let chain = v.checked_sub(35).map(|protected| protected / 2);
    let suffix = chain.map_or(vec![], |chain| vec![u8::try_from(chain).unwrap(), 0x80, 0x80]);
    let mut signed = Vec::new();
    alloy_rlp::Header { list: true, payload_length: fields.len() + suffix.len() }.encode(&mut signed);
    signed.extend([fields, &suffix].concat());
    let signature = [r.to_be_bytes::<32>(), s.to_be_bytes()].concat().try_into().unwrap();
    let parity = u8::from(v % 2 == 0);
    let key = ecdsa_recover(&keccak256(signed).0, &signature, parity).unwrap();
    Address::from_slice(&keccak256(key)[12..])
}

/// Accepts all valid blocks by their headers alone.
#[test]
fn the_head_is_that_of_the_test() {
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
fn witnesses_of_tests_have_the_root_of_the_parent() {
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

/// Compares all data that the tests hold twice.
#[test]
fn no_test_contradicts_itself() {
    let mut found = Vec::new();
    each_state_test(|name, _, test| {
        for case in test.cases {
            let contradiction = case.trial.ok().and_then(|trial| trial.contradiction);
            found.extend(
                contradiction.map(|what| format!("{name} {} {}: {what}", case.fork_name, case.index)),
            );
        }
    });
    each_blockchain_test(|name, test| {
        found.extend(test.contradiction.map(|what| format!("{name}: {what}")));
        for (index, block) in test.blocks.into_iter().enumerate() {
            found.extend(block.contradiction.map(|what| format!("{name}: block {index}: {what}")));
        }
    });
    assert_eq!(found, [""; 0]);
}

/// Collects the paths of all values in JSON that are neither lists nor objects.
fn leaves(path: &str, json: &Value, found: &mut Vec<String>) {
    match json {
        Value::Object(members) => {
            members.iter().for_each(|(name, json)| leaves(&format!("{path}/{name}"), json, found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, json)| leaves(&format!("{path}/{index}"), json, found));
        }
        _ => found.push(path.to_owned()),
    }
}

/// Returns a value of the same form whose last digit differs.
fn changed(json: &Value) -> Value {
    let text = json.as_str().unwrap();
    match text.char_indices().last() {
        Some((last, digit)) if last > 1 => {
            format!("{}{}", &text[..last], if digit == '0' { '1' } else { '0' })
        }
        // The value has no digits.
        _ => format!("0x{}", "11".repeat(20)),
    }
    .into()
}

/// Returns the contradiction in a test with one block, if there is one.
fn contradiction(test: &Value) -> Option<String> {
    let test = BlockchainTest::of_json(test.clone()).unwrap();
    let all =
        test.contradiction.iter().chain(test.blocks.iter().filter_map(|block| block.contradiction.as_ref()));
    all.map(outrider_sdk::chain).next()
}

#[test]
fn another_value_of_any_member_is_a_contradiction() {
    let mut n_members = BTreeMap::<String, usize>::new();
    for (_, json) in archives("ethereum-tests/blockchain-tests-").into_iter().step_by(7) {
        let tests: BTreeMap<String, Value> = serde_json::from_slice(&json).unwrap();
        for mut test in tests.into_values().take(1) {
            let blocks = test["blocks"].as_array_mut().unwrap();
            blocks.truncate(1);
            let mut members = Vec::new();
            for member in ["blockHeader", "transactions", "uncleHeaders", "withdrawals", "rlp_decoded"] {
                let in_block = blocks.first().and_then(|block| block.get(member));
                let in_block = in_block.unwrap_or(&Value::Null);
                leaves(&format!("/blocks/0/{member}"), in_block, &mut members);
            }
            leaves("/genesisBlockHeader", &test["genesisBlockHeader"], &mut members);
            for member in members {
                let name = member.rsplit('/').find(|name| name.parse::<usize>().is_err()).unwrap();
                // The signer of an authorization, and the block number of a withdrawal, are in the JSON a third time.
                if test.pointer(&member).is_none_or(Value::is_null)
                    || ["signer", "blocknumber"].contains(&name)
                    || (name == "v" && member.contains("authorizationList"))
                {
                    continue;
                }
                // Without EIP-155, the transaction does not have the chain id.
                let beside = |other: &str| test.pointer(&member.replace("chainId", other));
                let is_unprotected = beside("v").is_some_and(|v| v == "0x1b" || v == "0x1c");
                if name == "chainId" && is_unprotected && beside("type").is_none_or(|kind| kind == "0x00") {
                    continue;
                }
                let mut other = test.clone();
                let value = other.pointer_mut(&member).unwrap();
                *value = changed(value);
                let words = contradiction(&other)
                    .unwrap_or_else(|| panic!("{member}: {}", test.pointer(&member).unwrap()));
                assert!(words.contains(name) || member.contains("List"), "{member}: {words}");
                *n_members.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    assert!(n_members.is_empty() || n_members.len() > 30, "{n_members:?}");
}

#[test]
fn lists_of_other_lengths_and_other_states_are_contradictions() {
    let excerpt: Value = serde_json::from_str(include_str!("data/blockchain.json")).unwrap();
    let test = excerpt.as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(contradiction(&test), None);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut test = test.clone();
        change(&mut test);
        contradiction(&test).unwrap_or_default()
    };
    let n_transactions = test["blocks"][0]["rlp_decoded"]["transactions"].as_array().unwrap().len();
    assert_eq!(
        with(&|test| test["blocks"][0]["rlp_decoded"]["transactions"] = Value::Array(vec![])),
        format!("`transactions` has 0 items, and {n_transactions} in the RLP")
    );
    let words = with(&|test| test["blocks"][0]["rlp_decoded"]["transactions"] = "0x".into());
    assert_eq!(words, "`transactions` is 0x, and a list in the RLP");
    let words = with(&|test| test["blocks"][0]["rlp"] = "0x80".into());
    assert!(words.starts_with("`blockHeader` cannot be compared with the RLP: "), "{words}");
    let told = B256::repeat_byte(0x11);
    let words = with(&|test| test["postStateHash"] = told.to_string().into());
    assert!(words.starts_with("the accounts of `postState` have the state root 0x"), "{words}");
    assert!(words.ends_with(&format!("expected {told}")), "{words}");
}
