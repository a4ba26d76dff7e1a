//! Blocks of realistic work: the EVM EE as wasm, metered and unmetered, and the same code native, in alternation.
//!
//! - `transfers`: 300 transfers of a token by as many senders, half of them to holders, among 20,000 accounts.
//! - `keccak`, `storage`, `arithmetic`, `precompiles`: one transaction each, which spends its gas on one operation.
//!
//! Each side does the work of an executor: it checks the witness, executes the block and computes the post-state root.
//! The fastest of several turns counts; `native` and `unmetered` are ratios of the metered wasm to that side. The
//! contracts are `Token.sol` and `Work.sol`, compiled by solc 0.8.30 for Cancun, optimised for 200 runs, without
//! metadata.
//!
//! A name as argument picks a block.

#![allow(missing_docs, clippy::print_stdout, reason = "a program")]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256, Bytes, Log, U256, keccak256};
use outrider_evm::{
    chain::{Chain, Place},
    state::{Account, State},
    transaction::{Fees, Kind, Transaction, no_logs},
};
use outrider_evm_codec::{Environment, Payload, Transactions};
use outrider_host::{Context, Ee, ExecutionInput, Host, HostConfig, StateRoot};
use outrider_sdk::harness::Execution;
use outrider_shard::{BuiltBlock, Provider};
use outrider_witness::{
    Hash,
    store::{Batch, MemoryStore, Store as _},
};
use secp256k1::{PublicKey, SecretKey};

const N_TRANSFERS: u64 = 300;
const N_HOLDERS: u64 = 20_000;
const CONTRACT: Address = Address::repeat_byte(0xc0);
/// A block after Osaka, by the main network's rules.
const PLACE: Place =
    Place { number: 24_000_000, timestamp: 1_765_000_000, parent_total_difficulty: U256::ZERO };
const GAS_LIMIT: u64 = 60_000_000;
/// Turns of each side.
const TURNS: u32 = 15;

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let load = |is_metered| {
        let config = HostConfig { metered: is_metered, ..HostConfig::default() };
        let host = Host::new(config).expect("the configuration is fine");
        host.load(&read("ees/blobs/evm.wasm")).expect("it loads")
    };
    let (ee, unmetered) = (load(true), load(false));
    println!(
        "{:12} {:>12} {:>10} {:>10} {:>10} {:>10}",
        "", "fuel", "witness", "wasm", "native", "unmetered"
    );
    for (name, block) in blocks() {
        if filter.as_ref().is_some_and(|filter| !name.contains(filter)) {
            continue;
        }
        let built = block.build(&ee);
        let times = measure(&ee, &unmetered, &built);
        let ratio = |other: Duration| times.wasm.as_secs_f64() / other.as_secs_f64();
        let (native, unmetered) = (ratio(times.native), ratio(times.unmetered));
        let (fuel, witness, wasm) = (built.output().fuel_used, built.witness_bytes(), times.wasm);
        println!("{name:12} {fuel:>12} {witness:>10} {wasm:>10.2?} {native:>10.2} {unmetered:>10.2}");
    }
}

/// The fastest turn of each side.
struct Times {
    wasm: Duration,
    unmetered: Duration,
    native: Duration,
}

/// Executes a block in turns.
fn measure(ee: &Ee, unmetered: &Ee, built: &BuiltBlock) -> Times {
    let input = ExecutionInput::new(built.pre_state_root(), built.block_data().to_vec());
    let execution = Execution::new(built.pre_state_root()).block_data(built.block_data().to_vec());
    let in_wasm = |ee: &Ee| {
        time(|| {
            let output = ee.execute(&input).expect("the block is valid");
            assert_eq!(output.post_state_root, built.post_state_root());
        })
    };
    let mut times = Times { wasm: Duration::MAX, unmetered: Duration::MAX, native: Duration::MAX };
    for _ in 0..TURNS {
        times.wasm = times.wasm.min(in_wasm(ee));
        times.unmetered = times.unmetered.min(in_wasm(unmetered));
        times.native = times.native.min(time(|| {
            let outcome = execution.clone().run(outrider_evm_ee::execute).expect("the block is valid");
            assert_eq!(outcome.post_state_root, built.post_state_root());
        }));
    }
    times
}

fn time(action: impl FnOnce()) -> Duration {
    let start = Instant::now();
    action();
    start.elapsed()
}

/// Transactions to a contract, each from another sender.
struct Block {
    contract: Account,
    calls: Vec<Vec<u8>>,
    logs: Vec<Log>,
}

fn blocks() -> [(&'static str, Block); 5] {
    [
        ("transfers", transfers()),
        ("keccak", work("keccak(uint256)", &[40_000])),
        ("storage", work("store(uint256,uint256)", &[1, 600])),
        ("arithmetic", work("arithmetic(uint256)", &[100_000])),
        ("precompiles", work("precompiles(uint256)", &[600])),
    ]
}

fn transfers() -> Block {
    let holders = (0..N_HOLDERS).map(|index| (balance_slot(address(index)), U256::from(1_000_000 + index)));
    let contract = Account { code: code("Token"), storage: holders.collect(), ..Account::default() };
    let transfers = (0..N_TRANSFERS).map(|index| {
        // Every other recipient has none yet.
        let to = address(index * 61 + 7 + N_HOLDERS * (index % 2));
        (address(index), to, U256::from(100 + index))
    });
    let log = |(from, to, value): (Address, Address, U256)| {
        let topics = vec![keccak256("Transfer(address,address,uint256)"), from.into_word(), to.into_word()];
        Log::new_unchecked(CONTRACT, topics, value.to_be_bytes_vec().into())
    };
    let call = |(_, to, value): (Address, Address, U256)| {
        call("transfer(address,uint256)", &[U256::from_be_bytes(to.into_word().0), value])
    };
    Block { contract, calls: transfers.clone().map(call).collect(), logs: transfers.map(log).collect() }
}

fn work(function: &str, arguments: &[u64]) -> Block {
    let arguments: Vec<U256> = arguments.iter().map(|argument| U256::from(*argument)).collect();
    let contract = Account { code: code("Work"), ..Account::default() };
    Block { contract, calls: vec![call(function, &arguments)], logs: Vec::new() }
}

impl Block {
    /// Builds the block on a state of many accounts.
    fn build(self, ee: &Ee) -> BuiltBlock {
        let Self { contract, calls, logs } = self;
        let gas_limit = GAS_LIMIT / calls.len() as u64;
        let transactions =
            calls.into_iter().zip(0..).map(|(call, index)| transaction(index, call, gas_limit));
        let payload = Payload::Transactions(
            Chain::mainnet().rules(&PLACE),
            Transactions {
                environment: environment(),
                transactions: transactions.collect(),
                logs_hash: if logs.is_empty() { no_logs() } else { keccak256(alloy_rlp::encode(&logs)) },
            },
        );
        let account = |index| (address(index), Account { balance: U256::from(ETHER), ..Account::default() });
        let mut state = State((0..N_HOLDERS).map(account).collect());
        state.0.insert(CONTRACT, contract);
        let mut batch = Batch::new();
        let root = state.commit(&mut batch);
        batch.pin(&Hash(root.0));
        let store = MemoryStore::new();
        store.apply(&batch).expect("memory takes all");
        let provider = Provider::open(ee.clone(), Arc::new(store)).expect("memory is readable");
        let package = alloy_rlp::encode(payload);
        let built = provider.build(StateRoot(root.0), &[package], Context::default());
        built.unwrap_or_else(|error| panic!("{error}: {:?}", error.execution()))
    }
}

fn environment() -> Environment {
    Environment {
        beneficiary: Address::repeat_byte(0xbe),
        gas_limit: GAS_LIMIT,
        number: U256::from(PLACE.number),
        timestamp: U256::from(PLACE.timestamp),
        difficulty: U256::ZERO,
        prev_randao: B256::repeat_byte(7),
        base_fee_per_gas: 1_000_000_000,
        excess_blob_gas: 0,
        slot_number: 0,
        block_hashes: Vec::new(),
    }
}

fn transaction(sender: u64, data: Vec<u8>, gas_limit: u64) -> Bytes {
    let gwei = U256::from(1_000_000_000);
    let fees = Fees { max_priority_fee_per_gas: gwei, max_fee_per_gas: gwei * U256::from(3) };
    let transaction = Transaction {
        chain_id: U256::from(1),
        nonce: U256::ZERO,
        gas_limit: U256::from(gas_limit.min(TRANSACTION_GAS_MAX)),
        to: Some(CONTRACT),
        value: U256::ZERO,
        data: data.into(),
        kind: Kind::DynamicFee { fees, access_list: Vec::new() },
    };
    transaction.sign(&secret_key(sender)).expect("it is a key")
}

fn secret_key(index: u64) -> B256 {
    keccak256(index.to_be_bytes())
}

fn address(index: u64) -> Address {
    let secret_key = SecretKey::from_secret_bytes(secret_key(index).0).expect("it is a key");
    let public_key = PublicKey::from_secret_key(&secret_key).serialize_uncompressed();
    Address::from_raw_public_key(&public_key[1..])
}

/// Returns the storage key of an account's balance in `Token`: Solidity's key for the mapping in slot 0.
fn balance_slot(holder: Address) -> U256 {
    keccak256([holder.into_word(), B256::ZERO].concat()).into()
}

/// Returns a call in Solidity's encoding, of a function without arguments of variable length.
fn call(function: &str, arguments: &[U256]) -> Vec<u8> {
    let mut call = keccak256(function)[..4].to_vec();
    arguments.iter().for_each(|argument| call.extend(argument.to_be_bytes::<32>()));
    call
}

fn code(contract: &str) -> Bytes {
    let text = String::from_utf8(read(&format!("shard/benches/evm/{contract}.hex"))).expect("hex is text");
    hex::decode(text.trim()).expect("it is hex").into()
}

fn read(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

const ETHER: u64 = 1_000_000_000_000_000_000;
/// The limit of EIP-7825.
const TRANSACTION_GAS_MAX: u64 = 1 << 24;
