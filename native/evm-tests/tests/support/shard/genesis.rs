//! The genesis of a chain: users, contracts, and the system contracts.

use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use outrider_evm::{
    genesis::Genesis,
    shard_chain::{SlotClock, outbox_code},
};
use outrider_evm_codec::OUTBOX;
use secp256k1::{PublicKey, SecretKey};
use serde_json::{Map, Value, json};

/// A token and loops, compiled by solc 0.8.30; the sources are beside these files.
const TOKEN_CODE: &str = include_str!("../../../../../shard/benches/evm/Token.hex");
const WORK_CODE: &str = include_str!("../../../../../shard/benches/evm/Work.hex");
/// Sends and receives; compiled by `ees/evm/solidity/compile.mjs`.
const COURIER_CODE: &str = include_str!("Courier.hex");
/// A test whose accounts include the system contracts of Prague.
const SYSTEM: &str = include_str!("../../../../../ees/evm/tests/data/withdrawal-request.json");

pub(crate) const TOKEN: Address = address!("70ce000000000000000000000000000000000000");
pub(crate) const WORK: Address = address!("3013000000000000000000000000000000000000");
/// Stores the hash of the block that is as many blocks back as its input says, at the number of the block.
pub(crate) const HASHES: Address = address!("4a54000000000000000000000000000000000000");
/// Stores time, `prev_randao`, beneficiary, base fee, gas limit, chain ID and number, at 0 to 6.
pub(crate) const ENVIRONMENT: Address = address!("e440000000000000000000000000000000000000");
pub(crate) const COURIER: Address = address!("c041000000000000000000000000000000000000");
pub(crate) const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");

/// `NUMBER - calldata[0]`, `BLOCKHASH`, stored at `NUMBER`.
const HASHES_CODE: &str = "5f35430340435500";
const ENVIRONMENT_CODE: &str = "425f554460015541600255486003554560045546600555436006550000";

/// The chain ID in the genesis, which is the base of chain IDs.
pub(crate) const GENESIS_CHAIN_ID: u64 = 1_337;
pub(crate) const EE: u64 = 1;
pub(crate) const SHARD: u64 = 3;
/// The chain ID of the EE on the shard: 1,337 * 2^26 + 1 * 2^10 + 3.
pub(crate) const CHAIN_ID: u64 = 89_724_552_195;
pub(crate) const N_USERS: u64 = 6;
pub(crate) const CLOCK: SlotClock = SlotClock { genesis_time: GENESIS_TIME, seconds_per_slot: 12 };
pub(crate) const GENESIS_TIME: u64 = 1_700_000_000;
pub(crate) const GAS_LIMIT: u64 = 30_000_000;
pub(crate) const BENEFICIARY: Address = Address::repeat_byte(0xbe);
pub(crate) const ETHER: u64 = 1_000_000_000_000_000_000;
pub(crate) const GWEI: u64 = 1_000_000_000;

/// Returns the `genesis.json` of a chain with these forks from Shanghai on, by the names of their settings.
pub(crate) fn genesis_json(forks: &[(&str, u64)]) -> Value {
    let by_number =
        ["homestead", "eip150", "eip158", "byzantium", "constantinople", "petersburg", "istanbul"];
    let by_number = by_number.iter().chain(&["muirGlacier", "berlin", "london"]);
    let mut config: Map<String, Value> = by_number.map(|fork| (format!("{fork}Block"), json!(0))).collect();
    config.insert("chainId".to_owned(), json!(GENESIS_CHAIN_ID));
    config.insert("terminalTotalDifficulty".to_owned(), json!(0));
    config.extend(forks.iter().map(|(name, time)| ((*name).to_owned(), json!(time))));

    if forks.iter().any(|(name, _)| *name == "bpo1Time") {
        // That of EIP-7892.
        let schedule = json!({ "target": 10, "max": 15, "baseFeeUpdateFraction": 8_346_193 });
        config.insert("blobSchedule".to_owned(), json!({ "bpo1": schedule }));
    }

    let mut alloc = Map::new();
    let mut add = |address: Address, account: Value| alloc.insert(address.to_string(), account);
    for user in 0..N_USERS {
        add(address_of(user), json!({ "balance": format!("{:#x}", 10 * u128::from(ETHER)) }));
    }
    let holders =
        (0..N_USERS).map(|user| (B256::from(balance_slot(address_of(user))).to_string(), json!("0x989680")));
    let holders: Map<String, Value> = holders.collect();
    add(TOKEN, json!({ "balance": "0x0", "code": hex_code(TOKEN_CODE), "storage": holders }));
    for (address, code) in [(WORK, WORK_CODE), (HASHES, HASHES_CODE), (ENVIRONMENT, ENVIRONMENT_CODE)] {
        add(address, json!({ "balance": "0x0", "code": hex_code(code) }));
    }
    add(COURIER, json!({ "balance": "0x0", "code": hex_code(COURIER_CODE) }));
    add(OUTBOX, json!({ "balance": "0x0", "code": outbox_code() }));
    let tests: Value = serde_json::from_str(SYSTEM).unwrap();
    let test = tests.as_object().unwrap().values().next().unwrap();
    for (address, account) in test["pre"].as_object().unwrap() {
        let has_code = account["code"] != json!("0x");
        if has_code {
            add(address.parse().unwrap(), account.clone());
        }
    }
    json!({
        "config": config,
        "alloc": alloc,
        "gasLimit": format!("{GAS_LIMIT:#x}"),
        "difficulty": "0x0",
        "timestamp": format!("{GENESIS_TIME:#x}"),
    })
}

pub(crate) fn genesis(forks: &[(&str, u64)]) -> Genesis {
    Genesis::of_json(genesis_json(forks)).unwrap()
}

/// All forks up to Osaka, from the genesis on.
pub(crate) const OSAKA: [(&str, u64); 4] =
    [("shanghaiTime", 0), ("cancunTime", 0), ("pragueTime", 0), ("osakaTime", 0)];

fn hex_code(text: &str) -> String {
    format!("0x{}", text.trim())
}

pub(crate) fn key_of(user: u64) -> B256 {
    keccak256(user.to_be_bytes())
}

pub(crate) fn address_of(user: u64) -> Address {
    let key = SecretKey::from_secret_bytes(key_of(user).0).unwrap();
    Address::from_raw_public_key(&PublicKey::from_secret_key(&key).serialize_uncompressed()[1..])
}

/// Returns the storage key of an account's balance in `Token`: Solidity's key for the mapping in slot 0.
pub(crate) fn balance_slot(holder: Address) -> U256 {
    keccak256([holder.into_word(), B256::ZERO].concat()).into()
}

/// Returns a call in Solidity's encoding.
pub(crate) fn call(function: &str, arguments: &[U256]) -> Bytes {
    let mut call = keccak256(function)[..4].to_vec();
    arguments.iter().for_each(|argument| call.extend(argument.to_be_bytes::<32>()));
    call.into()
}

/// Returns the code that creates a contract with this code.
pub(crate) fn init_code(code: &[u8]) -> Bytes {
    let length = u16::try_from(code.len()).unwrap().to_be_bytes();
    // PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN
    let prefix = [0x61, length[0], length[1], 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3];
    [&prefix, code].concat().into()
}

pub(crate) fn token_code() -> Vec<u8> {
    hex::decode(TOKEN_CODE.trim()).unwrap()
}
