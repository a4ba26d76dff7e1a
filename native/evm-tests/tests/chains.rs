//! Chains from their genesis on, executed by the EE without an engine.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{B256, b256};
use outrider_evm::{
    genesis::{Genesis, GenesisError},
    import::{self, Import},
};
use outrider_sdk::{StateRoot, harness::StateProvider};
use outrider_witness::NodeBag;
use serde_json::{Value, json};
use support::{file, files, native::provide_on};

const GENESIS: &str = "ethereum-mainnet/execution-apis-chain/genesis.json";
const CHAIN: &str = "ethereum-mainnet/execution-apis-chain/chain.rlp";

#[test]
fn a_chain_is_imported_from_its_genesis_through_all_forks() {
    let (Some(genesis), Some(chain)) = (file(GENESIS), file(CHAIN)) else { return };
    let genesis = Genesis::of_json(serde_json::from_slice(&genesis).unwrap()).unwrap();
    let mut nodes = NodeBag::default();
    let root = genesis.state.commit(&mut nodes);
    assert_eq!(root, genesis.header.state_root);
    let mut provider = StateProvider::with_state(StateRoot(root.0), nodes);
    let mut import = Import::new(genesis.chain, genesis.header);
    let mut rules = BTreeSet::new();
    for block in import::blocks(&chain).unwrap() {
        let candidate = import.candidate(&block);
        assert_eq!(candidate.pre_state_root.0, provider.root().0, "each block follows the one before");
        let header = candidate.header.unwrap();
        let provided = provide_on(&provider, &candidate.payload);
        provider.apply(&provided.unwrap_or_else(|reason| panic!("block {}: {reason}", header.number)));
        let blocks = candidate.payload.rules().unwrap();
        rules.insert((blocks.fork, blocks.blobs.max));
        import.accept(header, &block);
    }
    assert_eq!(import.head().number, 54);
    // The hash in `headfcu.json` beside the chain.
    assert_eq!(import.head().hash, b256!("d226371d0b1551adb03fb52b71f08e3e11247fe9b1af994768af8cdaa8e7dcd7"));
    // The forks from Homestead to Osaka, and two changes of the blob schedule.
    assert_eq!(rules.len(), 19);
}

/// Executes all blocks of a chain, and returns the number of the last one.
fn import(folder: &str) -> Option<u64> {
    let (genesis, chain) = (file(&format!("{folder}/genesis.json"))?, file(&format!("{folder}/chain.rlp"))?);
    let genesis = Genesis::of_json(serde_json::from_slice(&genesis).unwrap()).unwrap();
    let mut nodes = NodeBag::default();
    let root = genesis.state.commit(&mut nodes);
    let mut provider = StateProvider::with_state(StateRoot(root.0), nodes);
    let mut import = Import::new(genesis.chain, genesis.header);
    for block in import::blocks(&chain).unwrap() {
        let candidate = import.candidate(&block);
        let provided = provide_on(&provider, &candidate.payload);
        provider.apply(&provided.unwrap_or_else(|reason| panic!("{folder}: {reason}")));
        import.accept(candidate.header.unwrap(), &block);
    }
    Some(import.head().number)
}

/// Chains of the [execution specification](https://github.com/ethereum/execution-specs). On one of Berlin, transactions
/// deploy and call a contract whose code begins like a delegation; the other has a third change of its blob schedule.
#[test]
fn chains_of_the_specification_are_imported() {
    for (folder, expected) in [("reports/ef0100-before-prague", 2), ("reports/genesis-bpo3", 3)] {
        if let Some(number) = import(folder) {
            assert_eq!(number, expected, "{folder}");
        }
    }
}

/// Returns a test's genesis in geth's format, and the expected hash.
fn genesis_of_test(test: &Value) -> Option<(Value, B256)> {
    let by_number =
        ["homestead", "eip150", "eip158", "byzantium", "constantinople", "petersburg", "istanbul"];
    let by_number = by_number.iter().chain(&["muirGlacier", "berlin", "london"]);
    let mut config: BTreeMap<String, Value> =
        by_number.map(|fork| (format!("{fork}Block"), json!(0))).collect();
    config.insert("chainId".to_owned(), json!(1));
    let merged = ["Paris", "Shanghai", "Cancun", "Prague", "Osaka"];
    let n_forks = merged.iter().position(|fork| test["network"] == **fork)?;
    config.insert("terminalTotalDifficulty".to_owned(), json!(0));
    for fork in &merged[1..=n_forks] {
        config.insert(format!("{}Time", fork.to_lowercase()), json!(0));
    }
    let mut genesis = test["genesisBlockHeader"].clone();
    genesis["config"] = json!(config);
    genesis["alloc"] = test["pre"].clone();
    // The genesis has all of the header but its number, and `of_json` compares the members that follow from it.
    Some((genesis, serde_json::from_value(test["genesisBlockHeader"]["hash"].clone()).unwrap()))
}

#[test]
fn a_genesis_has_the_header_of_its_fork() {
    let mut forks = BTreeSet::new();
    for archive in ["istanbul-to-cancun", "eest-v5.4"] {
        let Some(files) = files(&format!("ethereum-tests/blockchain-tests-{archive}.tar.gz")) else { return };
        for (path, json) in files {
            let tests: BTreeMap<String, Value> = serde_json::from_slice(&json).unwrap();
            for (name, test) in tests {
                let Some((genesis, hash)) = genesis_of_test(&test) else { continue };
                assert_eq!(Genesis::of_json(genesis).unwrap().header.hash, hash, "{path}: {name}");
                forks.insert(test["network"].to_string());
            }
        }
    }
    assert_eq!(forks.len(), 5, "{forks:?}");
}

#[test]
fn json_of_something_else_is_not_a_genesis() {
    let Some(genesis) = file(GENESIS) else { return };
    let genesis: Value = serde_json::from_slice(&genesis).unwrap();
    for member in ["config", "alloc", "difficulty", "gasLimit"] {
        let mut cut = genesis.clone();
        cut.as_object_mut().unwrap().remove(member);
        assert!(matches!(Genesis::of_json(cut), Err(GenesisError::Form(_))), "{member}");
    }
    assert!(matches!(Genesis::of_json(json!([])), Err(GenesisError::Form(_))));
}

#[test]
fn unknown_members_of_a_genesis_are_refused_by_name() {
    let genesis = |change: &dyn Fn(&mut Value)| {
        let account =
            json!({ "balance": "0x1", "nonce": "0x0", "code": "0x", "storage": {}, "secretKey": "0x11" });
        let alloc = json!({ "0x1111111111111111111111111111111111111111": account });
        let mut json =
            json!({ "config": { "chainId": 1 }, "alloc": alloc, "gasLimit": "0x1", "difficulty": "0x1" });
        change(&mut json);
        Genesis::of_json(json)
    };
    let of = |change: &dyn Fn(&mut Value)| outrider_sdk::chain(&genesis(change).unwrap_err());
    let (root, hash) = {
        let header = genesis(&|_| {}).unwrap().header;
        (header.state_root, header.hash)
    };
    assert!(genesis(&|json| json["stateRoot"] = json!(root)).is_ok());
    assert!(genesis(&|json| json["hash"] = json!(hash)).is_ok());
    assert_eq!(
        of(&|json| json["foo"] = json!(1)),
        "the genesis has the unknown member `foo`: remove it if it does not matter"
    );
    assert_eq!(
        of(&|json| json["alloc"]["0x1111111111111111111111111111111111111111"]["foo"] = json!(1)),
        "the genesis has the unknown member `alloc.0x1111111111111111111111111111111111111111.foo`: remove it if it \
         does not matter"
    );
    let other = B256::repeat_byte(0x11);
    assert_eq!(
        of(&|json| json["stateRoot"] = json!(other)),
        format!("the genesis contradicts itself: `genesis.stateRoot` is {other}, and {root} in the RLP")
    );
    assert_eq!(
        of(&|json| json["hash"] = json!(other)),
        format!("the genesis contradicts itself: `genesis.hash` is {other}, and {hash} in the RLP")
    );
}

#[test]
fn bytes_that_are_not_blocks_are_refused() {
    let Some(chain) = file(CHAIN) else { return };
    assert_eq!(import::blocks(&chain).unwrap().len(), 54);
    assert!(import::blocks(&chain[..chain.len() - 1]).is_err());
    assert!(import::blocks(b"{}").is_err(), "these bytes are not lists");
}
