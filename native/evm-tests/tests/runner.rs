//! Tests, blocks and chains as a node executes them: with the blob of the EVM EE, over a state provider.

#![cfg(feature = "runner")]
#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

mod support;

use std::sync::LazyLock;

use alloy_primitives::B256;
use outrider_evm::{
    genesis::Genesis,
    import,
    importer::{BlockOutcome, Importer},
    post_state::PostState,
    trial::Trial,
};
use outrider_evm_codec::{Fork, Payload};
use outrider_evm_tests::{
    execution_witness::{WitnessError, WitnessedBlock},
    fixture::{self, Test},
    runner::{Outcome, Refusal, Runner},
    witness_run::{Ancestry, WitnessOutcome, WitnessRun},
};
use outrider_host::{Ee, Host, HostConfig, Limits};
use outrider_shard::Provider;
use outrider_witness::store::{MemoryStore, Store as _};
use serde_json::Value;
use support::file;

/// The EVM EE, compiled once.
static EE: LazyLock<Ee> = LazyLock::new(|| {
    let limits = Limits { fuel_max: 16 * Limits::default().fuel_max, ..Limits::default() };
    let host = Host::new(HostConfig { limits, ..HostConfig::default() }).unwrap();
    host.load(include_bytes!("../../../ees/blobs/evm.wasm")).unwrap()
});

/// Returns the outcomes of a file's cases.
fn outcomes(json: &[u8]) -> Vec<Outcome> {
    let runner = Runner::new(EE.clone());
    let tests = fixture::read(json).unwrap();
    let cases = tests.iter().flat_map(|(name, test)| runner.run(name, test, |_| true));
    cases.map(|case| case.outcome).collect()
}

fn passed() -> Outcome {
    Outcome::Passed { refusals: Vec::new() }
}

#[test]
fn tests_of_all_kinds_pass() {
    for json in [include_str!("data/state.json"), include_str!("data/vm.json")] {
        let outcomes = outcomes(json.as_bytes());
        assert!(!outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == passed()), "{outcomes:?}");
    }
    // Each of these kinds has a test that expects a refusal.
    let refused = [
        include_str!("data/refused.json"),
        include_str!("data/blockchain.json"),
        include_str!("data/transaction.json"),
    ];
    for json in refused {
        let outcomes = outcomes(json.as_bytes());
        let refusals: Vec<&Refusal> = outcomes
            .iter()
            .flat_map(|outcome| match outcome {
                Outcome::Passed { refusals } => refusals.as_slice(),
                Outcome::Failed(_) | Outcome::NotRun(_) => panic!("{outcome:?}"),
            })
            .collect();
        assert!(!refusals.is_empty() && refusals.iter().all(|refusal| refusal.compared), "{refusals:?}");
    }
}

#[test]
fn a_root_that_differs_from_the_tests_fails() {
    let mut json: Value = serde_json::from_str(include_str!("data/state.json")).unwrap();
    let test = json.as_object_mut().unwrap().values_mut().next().unwrap();
    let post = test["post"].as_object_mut().unwrap().values_mut().next().unwrap();
    post[0]["hash"] = B256::repeat_byte(7).to_string().into();
    let outcomes = outcomes(&serde_json::to_vec(&json).unwrap());
    let failed = outcomes.iter().filter(|outcome| **outcome != passed()).collect::<Vec<_>>();
    let [Outcome::Failed(what)] = failed[..] else { panic!("{failed:?}") };
    assert!(what.contains(&format!("expected {}", B256::repeat_byte(7))), "{what}");
}

#[test]
fn only_selected_forks_are_run() {
    let runner = Runner::new(EE.clone());
    let (name, test) = fixture::read(include_bytes!("data/state.json")).unwrap().remove(0);
    let cases = runner.run(&name, &test, |fork| fork == "Constantinople");
    assert!(cases.len() == 1 && cases.iter().all(|case| case.fork == "Constantinople" && case.test == name));
    assert_eq!(runner.run(&name, &test, |_| false), []);
}

#[test]
fn a_trial_stores_nothing_and_yields_the_post_state() {
    let (_, test) = fixture::read(include_bytes!("data/state.json")).unwrap().remove(0);
    let Test::State(test) = test else { panic!("a state test") };
    let trial = test.cases[0].trial.as_ref().unwrap();
    let (root, batch) = test.pre_state.batch();
    let store = MemoryStore::new();
    store.apply(&batch).unwrap();
    let provider = Provider::open(EE.clone(), store.into()).unwrap();
    for _ in 0..2 {
        let Trial::Executed(built) = Trial::new(&provider, root, &trial.payload) else {
            panic!("the transaction is valid")
        };
        let post_state = PostState::new(&built, provider.store());
        assert_eq!(post_state.root(), trial.post_state_root);
        assert_ne!(root, trial.post_state_root);
        // Other accounts are unchanged, and the sender pays.
        let Payload::Transactions(_, transactions) = &trial.payload else { panic!("a transaction") };
        assert!(post_state.account(transactions.environment.beneficiary).unwrap().is_some());
        assert!(post_state.difference(&test.pre_state).unwrap().is_some(), "something has changed");
    }
}

#[test]
fn a_block_is_executed_from_its_witness_alone() {
    let json: Value = serde_json::from_str(include_str!("data/execution-witness.json")).unwrap();
    let mut n_executed = 0;
    for (name, test) in json.as_object().unwrap() {
        let Test::Blockchain(parsed) =
            fixture::read(&serde_json::to_vec(&serde_json::json!({ name: test })).unwrap())
                .unwrap()
                .remove(0)
                .1
        else {
            panic!("a blockchain test")
        };
        for block in parsed.blocks.iter().filter(|block| block.witness_suffices && block.exception.is_none())
        {
            let Some(witness) = block.witness.clone() else { continue };
            let block = WitnessedBlock::new(block.bytes.clone(), witness).unwrap();
            let import = parsed.import().unwrap();
            let run = WitnessRun::new(&block, import.chain()).unwrap();
            assert_eq!((run.ancestry(), run.fork()), (Ancestry::Checked, Fork::Amsterdam));
            let WitnessOutcome::Executed { built, bytes } = run.execute(EE.clone()).unwrap() else {
                panic!("{name} is valid")
            };
            assert_eq!(built.post_state_root().0, block.header.state_root.0);
            assert_eq!(bytes.all, built.block_data().len());
            n_executed += 1;

            // The block cannot be executed without the root node.
            let root = run.pre_state_root();
            let witness = block.witness.without(&outrider_witness::Hash(root.0));
            let without = WitnessedBlock { witness, ..block.clone() };
            let error = WitnessRun::new(&without, import.chain()).unwrap_err();
            assert!(matches!(error, WitnessError::NoRoot { root: missing } if missing == root), "{error:?}");
        }
    }
    assert!(n_executed > 0);
}

#[test]
fn a_chain_is_executed_block_after_block() {
    const CHAIN: &str = "ethereum-mainnet/execution-apis-chain";
    let (Some(genesis), Some(chain)) =
        (file(&format!("{CHAIN}/genesis.json")), file(&format!("{CHAIN}/chain.rlp")))
    else {
        return;
    };
    let genesis = Genesis::of_json(serde_json::from_slice(&genesis).unwrap()).unwrap();
    let genesis_hash = genesis.header.hash;
    let blocks = import::blocks(&chain).unwrap();
    let mut importer = Importer::of_genesis(EE.clone(), genesis).unwrap();
    // The importer refuses a block that does not follow, and continues from the same state.
    let BlockOutcome::Refused(refused) = importer.execute(&blocks[1]).unwrap() else {
        panic!("the block has no parent")
    };
    assert_eq!((refused.number, importer.import().head().hash), (2, genesis_hash));
    for (block, number) in blocks.iter().zip(1..=10) {
        let BlockOutcome::Executed(executed) = importer.execute(block).unwrap() else { panic!("{number}") };
        assert_eq!((executed.header.number, &executed.header), (number, importer.import().head()));
        assert_eq!(executed.built.post_state_root().0, executed.header.state_root.0);
    }
}
