//! `outrider state` and `outrider witness` with the UTXO EE, whose states have a kind of their own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use bitcoin_consensus_encoding::decode_from_slice;
use bitcoin_primitives::absolute::LockTime;
use bitcoin_primitives::{
    Amount, Block, OutPoint, ScriptPubKeyBuf, Sequence, Transaction, TransactionVersion, TxIn, TxOut,
};
use outrider_utxo::blocks::{self, RawBlock};
use outrider_utxo::outputs::SpentOutputs;
use outrider_utxo_ee::{AssumedState, Network, Payload, Proposal};
use serde_json::{Value, json};
use support::{Ran, Scratch, blob, project, summary};

const BLOCK: &[u8] = include_bytes!("../../native/utxo/tests/data/block-170.hex");
const ENTRIES: &[u8] = include_bytes!("../../native/utxo/tests/data/block-170.entries.hex");

/// The engines for a test: both, if there are two.
const ENGINE: &str = if cfg!(feature = "wasmer") { "both" } else { "wasmtime" };

#[track_caller]
fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// Writes packages into a file.
fn packages(scratch: &Scratch, name: &str, payloads: &[Payload<'_>]) {
    let packages: Vec<String> = payloads.iter().map(|payload| hex::encode(payload.to_bytes())).collect();
    scratch.write(name, json!({ "packages": packages }).to_string());
}

/// Returns block 170 of the main network, and a state with the output that it spends.
fn assumed() -> (RawBlock, AssumedState) {
    let block = blocks::read(BLOCK, 1 << 20).unwrap().blocks.remove(0);
    let entries = blocks::read_bytes(ENTRIES, 1 << 20).unwrap();
    let outputs = SpentOutputs::read(&entries, &[], 170).unwrap().outputs;
    let state = AssumedState { network: Network::Main, height: 169, block_hash: block.parent, outputs };
    (block, state)
}

#[test]
fn the_example_is_made_by_the_verbs_for_all_ees() {
    let scratch = Scratch::new();
    scratch.write("ees/blobs/utxo.wasm", blob("utxo"));
    let (block, state) = assumed();
    packages(&scratch, "state.json", &[Payload::AssumedState(state)]);
    packages(&scratch, "block.json", &[Payload::AssumedBlock(block.bytes.into())]);
    let ee = ["--ee", "ees/blobs/utxo.wasm"];
    let run = |arguments: &[&str]| {
        let ran = scratch.outrider(&[arguments, &ee].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
    };
    run(&["state", "init", "state", "--kind", "utxo"]);
    scratch.write("examples/.keep", "");
    run(&["witness", "build", "state", "state.json", "block.json", "-o", "examples/utxo.yaml", "--apply"]);
    let example = std::fs::read_to_string(project().join("examples/utxo.yaml")).unwrap();
    let without_comment: Vec<&str> = example.lines().skip_while(|line| line.starts_with('#')).collect();
    assert_eq!(scratch.read("examples/utxo.yaml").lines().collect::<Vec<_>>(), without_comment);

    let ran = scratch.outrider(&["witness", "check", "examples/utxo.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.out.matches(": utxo witness ").count(), 2, "{ran:?}");
    let ran = scratch.outrider(&["witness", "show", "examples/utxo.yaml"]);
    assert_eq!((ran.code, ran.out.matches("  root ").count()), (Some(0), 2), "{ran:?}");
    let shown = json(&scratch.outrider(&["state", "show", "state", "--json"]));
    assert_eq!((&shown["problem"], &shown["summary"]), (&Value::Null, &summary("holds", 1, 0)));
    assert!(example.contains(shown["current_root"].as_str().unwrap()), "{shown}");
}

#[test]
fn a_state_of_another_kind_is_refused_with_the_remedy() {
    let scratch = Scratch::new();
    scratch.write("utxo.wasm", blob("utxo"));
    packages(&scratch, "genesis.json", &[Payload::Genesis(Network::Shard)]);
    let ran = scratch.outrider(&["state", "init", "state", "--ee", "utxo.wasm", "genesis.json"]);
    assert_ne!(ran.code, Some(0), "{ran:?}");
    let remedy = "does the EE have another kind of state? `outrider state init --kind` sets it\n";
    assert!(ran.err.ends_with(remedy), "{ran:?}");
    let ran = scratch.outrider(&["state", "init", "state", "--kind", "other", "--ee", "utxo.wasm"]);
    assert!(
        ran.code == Some(2) && ran.err.contains("[possible values: keccak256, sha256, utxo, zk-rollup]"),
        "{ran:?}"
    );
}

/// A block that was built before is a package on the next state of a shard: its witness is refreshed.
#[test]
fn blocks_of_a_shard_are_built_again_on_another_state() {
    let scratch = Scratch::new();
    scratch.write("utxo.wasm", blob("utxo"));
    packages(&scratch, "genesis.json", &[Payload::Genesis(Network::Shard)]);
    let proposal = |script: &[u8]| {
        Payload::Proposal(Proposal { time: 0, script: script.to_vec(), transactions: Vec::new() })
    };
    packages(&scratch, "first.json", &[proposal(&[0x51])]);
    packages(&scratch, "second.json", &[proposal(&[0x52])]);
    let ee = ["--ee", "utxo.wasm"];
    let run = |arguments: &[&str]| {
        let ran = scratch.outrider(&[arguments, &ee].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran
    };
    run(&["state", "init", "state", "--kind", "utxo", "genesis.json"]);
    // Both are built on the first state; then the first is applied, and the second is stale.
    run(&["witness", "build", "state", "second.json", "--slot", "2", "-o", "stale.yaml"]);
    run(&["witness", "build", "state", "first.json", "--slot", "1", "-o", "first.yaml", "--apply"]);
    let stale = scratch.read("stale.yaml");
    let data = stale.lines().find_map(|line| line.trim().strip_prefix("data: \"")).unwrap();
    let data = hex::decode(data.trim_end_matches('"')).unwrap();
    let (witness_bytes, rest) = data.split_first_chunk::<4>().unwrap();
    let payload = &rest[u32::from_le_bytes(*witness_bytes) as usize..];
    scratch.write("block.json", json!({ "packages": [hex::encode(payload)] }).to_string());
    run(&["witness", "build", "state", "block.json", "--slot", "2", "-o", "fresh.yaml"]);
    let ran = scratch.outrider(&["run", "--engine", ENGINE, "first.yaml", "fresh.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = scratch.outrider(&["witness", "check", "fresh.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// Returns the proposal of a block of regression tests at a height, whose coinbase anyone can spend.
fn proposal(height: u32) -> Payload<'static> {
    let time = 1_296_688_602 + height;
    Payload::Proposal(Proposal { time, script: vec![OP_TRUE], transactions: Vec::new() })
}

const OP_TRUE: u8 = 0x51;

/// Returns the blocks in the block data of a fixture.
fn blocks_of(fixture: &str) -> Vec<Block> {
    let data = fixture.lines().filter_map(|line| line.trim().strip_prefix("data: \""));
    let block = |data: &str| {
        let data = hex::decode(data.trim_end_matches('"')).unwrap();
        let (witness_bytes, rest) = data.split_first_chunk::<4>().unwrap();
        let payload = &rest[u32::from_le_bytes(*witness_bytes) as usize..];
        match Payload::from_bytes(payload).unwrap() {
            Payload::Block(block) => decode_from_slice(&block).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    data.map(block).collect()
}

/// Returns a transaction that spends the coinbase of a block.
fn pay(block: &Block, satoshi: u64) -> Payload<'static> {
    let (_, transactions) = block.as_parts();
    let previous_output = OutPoint { txid: transactions[0].compute_txid(), vout: 0 };
    let input = TxIn { previous_output, sequence: Sequence::FINAL, ..TxIn::EMPTY_COINBASE };
    let output = TxOut {
        amount: Amount::from_sat(satoshi).unwrap(),
        script_pubkey: ScriptPubKeyBuf::from_bytes(vec![OP_TRUE]),
    };
    Payload::Transaction(Transaction {
        version: TransactionVersion::ONE,
        lock_time: LockTime::ZERO,
        inputs: vec![input],
        outputs: vec![output],
    })
}

/// Two users' packages become one block. Two that spend the same output do not, and the error names both and the output.
#[test]
fn packages_of_two_users_are_one_block() {
    let scratch = Scratch::new();
    scratch.write("utxo.wasm", blob("utxo"));
    packages(&scratch, "genesis.json", &[Payload::Genesis(Network::Regtest)]);
    let ee = ["--ee", "utxo.wasm"];
    let run = |arguments: &[&str]| scratch.outrider(&[arguments, &ee].concat());
    assert_eq!(run(&["state", "init", "state", "--kind", "utxo", "genesis.json"]).code, Some(0));
    let names: Vec<String> = (1..=102).map(|height| format!("{height}.json")).collect();
    names.iter().zip(1..).for_each(|(name, height)| packages(&scratch, name, &[proposal(height)]));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ran = run(&[&["witness", "build", "state", "-o", "chain.yaml", "--apply"], &names[..]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let chain = blocks_of(&scratch.read("chain.yaml"));

    packages(&scratch, "two.json", &[proposal(103), pay(&chain[0], 5), pay(&chain[1], 7)]);
    let ran = run(&["witness", "build", "state", "two.json", "-o", "two.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(blocks_of(&scratch.read("two.yaml"))[0].as_parts().1.len(), 3);
    let ran = scratch.outrider(&["run", "--engine", ENGINE, "two.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    packages(&scratch, "conflict.json", &[proposal(103), pay(&chain[0], 5), pay(&chain[0], 7)]);
    let ran = run(&["witness", "build", "state", "conflict.json", "-o", "two.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains(":0 is spent by package 1, too\n"), "{ran:?}");
}
