//! `outrider evm init` and `outrider evm package`: a chain on a shard, from its genesis to blocks that `outrider run` executes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use alloy_primitives::{Address, B256, Bytes, U256, address};
use outrider_evm::{
    shard_chain::ShardHead,
    state,
    transaction::{Fees, Kind, Transaction},
};
use outrider_witness::store::DiskStore;
use serde_json::{Value, json};
use support::{Ran, Scratch, blob};

const KEY: B256 = B256::repeat_byte(0x45);
const SENDER: Address = address!("e0da1edcea030875cd0f199d96eb70f6ab78faf2");
const RECIPIENT: Address = Address::repeat_byte(0x11);
const BENEFICIARY: &str = "0xbebebebebebebebebebebebebebebebebebebebe";

fn genesis() -> Value {
    let by_number =
        ["homestead", "eip150", "eip158", "byzantium", "constantinople", "petersburg", "istanbul"];
    let by_number = by_number.iter().chain(&["berlin", "london"]);
    let mut config: serde_json::Map<String, Value> =
        by_number.map(|fork| (format!("{fork}Block"), json!(0))).collect();
    for (key, value) in
        [("chainId", 7000), ("terminalTotalDifficulty", 0), ("shanghaiTime", 0), ("cancunTime", 0)]
    {
        config.insert(key.to_owned(), json!(value));
    }
    json!({
        "config": config,
        "alloc": { SENDER.to_string(): { "balance": "0xde0b6b3a7640000" } },
        "gasLimit": "0x1c9c380",
        "difficulty": "0x0",
    })
}

/// Returns a transfer of 5 wei on shard 2.
fn transfer(nonce: u64) -> Bytes {
    let gwei = U256::from(1_000_000_000);
    let fees = Fees { max_priority_fee_per_gas: gwei, max_fee_per_gas: gwei * U256::from(3) };
    let transaction = Transaction {
        // EE 0 on shard 2: 7,000 * 2^26 + 2.
        chain_id: U256::from(469_762_048_002_u64),
        nonce: U256::from(nonce),
        gas_limit: U256::from(21_000),
        to: Some(RECIPIENT),
        value: U256::from(5),
        data: Bytes::new(),
        kind: Kind::DynamicFee { fees, access_list: Vec::new() },
    };
    transaction.sign(&KEY).unwrap()
}

fn init(scratch: &Scratch, genesis: &Value) -> Ran {
    scratch.write("genesis.json", genesis.to_string());
    scratch.outrider(&["evm", "init", "state", "--genesis", "genesis.json", "--genesis-time", "1600000000"])
}

/// Builds a block of shard 2 in a slot, and keeps the state after it.
fn block(scratch: &Scratch, slot: &str, transactions: &[Bytes]) -> Ran {
    let transactions: Vec<String> = transactions.iter().map(ToString::to_string).collect();
    let mut arguments = vec!["evm", "package", "--beneficiary", BENEFICIARY];
    arguments.extend(transactions.iter().map(String::as_str));
    let packages = scratch.outrider(&arguments);
    assert_eq!((packages.code, packages.err.as_str()), (Some(0), ""), "{packages:?}");
    scratch.write("packages.json", packages.out);
    let arguments =
        ["witness", "build", "state", "--ee", "evm.wasm", "packages.json", "-o", "block.yaml", "--apply"];
    scratch.outrider(&[&arguments[..], &["--shard", "2", "--slot", slot]].concat())
}

#[test]
fn a_chain_begins_and_goes_on() {
    let scratch = Scratch::new();
    scratch.write("evm.wasm", blob("evm"));
    let made = init(&scratch, &genesis());
    assert_eq!((made.code, made.err.as_str()), (Some(0), ""), "{made:?}");
    let root = made.out.trim().to_owned();
    let shown = scratch.outrider(&["state", "show", "state"]);
    assert!(shown.code == Some(0) && shown.out.contains(&root), "{shown:?}");

    // The second transfer of the first block comes too early, and is left out.
    for (slot, transactions) in [("1", [transfer(0), transfer(2)]), ("3", [transfer(1), transfer(2)])] {
        let built = block(&scratch, slot, &transactions);
        assert_eq!(built.code, Some(0), "{built:?}");
        let ran = scratch.outrider(&["run", "block.yaml"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let again = block(&scratch, "3", &[]);
    assert!(again.code == Some(1) && again.err.contains("timestamp"), "a slot has one block: {again:?}");

    let shown = scratch.outrider(&["state", "show", "state", "--json"]);
    let root: Value = serde_json::from_str(&shown.out).unwrap();
    let root: B256 = root["current_root"].as_str().unwrap().parse().unwrap();
    let store = DiskStore::open(scratch.path().join("state")).unwrap();
    let head = ShardHead::of_state(root, &store).unwrap().header;
    assert_eq!((head.number, head.timestamp), (2, 1_600_000_000 + 3 * 12));
    let recipient = state::account(head.state_root, &store, RECIPIENT).unwrap().unwrap();
    assert_eq!(recipient.balance, U256::from(15));
}

#[test]
fn a_genesis_that_is_none_of_a_shard_is_refused() {
    let scratch = Scratch::new();
    let mut early = genesis();
    early["config"] = json!({ "chainId": 7000, "homesteadBlock": 0 });
    let ran = init(&scratch, &early);
    let expected =
        "genesis.json: the genesis has the rules of Homestead: on a shard a chain begins with Paris or later";
    assert!(ran.code == Some(2) && ran.err.contains(expected), "{ran:?}");
    let mut prague = genesis();
    prague["config"]["pragueTime"] = json!(9);
    let ran = init(&scratch, &prague);
    let expected = "`alloc` has no code at 0x0000F90827F1C53a10cb7A02335B175320002935";
    assert!(ran.code == Some(2) && ran.err.contains(expected), "{ran:?}");
    assert!(!scratch.path().join("state").exists());
}

#[test]
fn addresses_and_transactions_are_hex() {
    let scratch = Scratch::new();
    for arguments in [&["--beneficiary", "0x12"][..], &["--beneficiary", BENEFICIARY, "0x0g"]] {
        let ran = scratch.outrider(&[&["evm", "package"], arguments].concat());
        assert!(ran.code == Some(2) && ran.err.contains("invalid value"), "{ran:?}");
    }
}
