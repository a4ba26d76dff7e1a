//! Properties that hold for any bytes that the EVM EE reads. The EE is executed without an engine, over a provider's
//! nodes and again over the block data that this yields; the harness panics if the two differ.

use std::sync::LazyLock;

use alloy_primitives::{Address, B64, B256, Bytes, U64, U256, address};
use outrider_evm::{
    chain::{Chain, Config},
    genesis::Genesis,
    header::{Header, HeaderFields, NO_OMMERS_HASH},
    shard_chain::ShardGenesis,
    state::{Account, EMPTY_STORAGE_ROOT, State},
    transaction::{Kind, Transaction, no_logs},
};
use outrider_evm_codec::{
    BlobSchedule, BlockHash, Environment, Fork, Payload, Rules, SlotClock, Transactions,
};
use outrider_evm_ee::{TransitionError, execute};
use outrider_evm_tests::fixture::{self, Test};
use outrider_sdk::{
    StateRoot, chain,
    forest::ForestError,
    harness::{Execution, Failure, StateProvider},
};
use outrider_witness::NodeBag;

/// Executes 32 bytes as pre-state root and the rest as block data: the EE executes them or refuses them with a reason.
pub(crate) fn block_data(input: &[u8]) {
    is_block(input);
}

/// Returns whether the EE executes the input.
pub(crate) fn is_block(input: &[u8]) -> bool {
    let Some((root, block_data)) = input.split_first_chunk() else { return false };
    match Execution::new(StateRoot(*root)).block_data(block_data).run(execute) {
        Ok(_) => true,
        Err(Failure::Refused(reason)) => {
            assert!(!chain(&reason).is_empty());
            false
        }
        Err(failure) => panic!("{}", chain(&failure)),
    }
}

/// Executes bytes as a payload on one of a few states, which the first byte selects: the EE executes it or refuses it
/// with a reason.
pub(crate) fn payload(input: &[u8]) {
    let Some((which, payload)) = input.split_first() else { return };
    if let Ok(Payload::Transactions(_, transactions)) = alloy_rlp::decode_exact(payload)
        && transactions.environment.gas_limit > GAS_MAX
    {
        return;
    }
    match PROVIDERS[usize::from(*which) % PROVIDERS.len()].provide(&[payload], execute) {
        Ok(_) => {}
        Err(Failure::Refused(reason)) => assert!(!chain(&reason).is_empty()),
        Err(failure) => panic!("{}", chain(&failure)),
    }
}

/// Calls a contract with the input as its code under a fork, which the first byte selects: any code leads to some
/// state.
pub(crate) fn code(input: &[u8]) {
    let Some((fork, code)) = input.split_first() else { return };
    let fork = Fork::ALL[usize::from(*fork) % Fork::ALL.len()];
    let mut state = State::default();
    let ether = U256::from(10).pow(U256::from(18));
    state.0.insert(SENDER, Account { balance: ether, ..Account::default() });
    let storage = (0..4).map(|slot| (U256::from(slot), U256::from(slot + 1))).collect();
    let code = Bytes::copy_from_slice(code);
    state.0.insert(CONTRACT, Account { balance: ether, nonce: U64::from(1), code, storage });
    let of_logs = |logs_hash| alloy_rlp::encode(call(fork, logs_hash));
    let provider = provider(&state);
    let logs_hash = match provider.provide(&[of_logs(no_logs())], execute) {
        Ok(_) => return,
        Err(Failure::Refused(ForestError::Transition(TransitionError::LogsHash { got, .. }))) => got,
        Err(failure) => panic!("{}", chain(&failure)),
    };
    provider.provide(&[of_logs(logs_hash)], execute).expect("the payload has the hash of these logs");
}

fn provider(state: &State) -> StateProvider {
    let mut nodes = NodeBag::default();
    let root = state.commit(&mut nodes);
    StateProvider::with_state(StateRoot(root.0), nodes)
}

/// Returns a call of the contract.
fn call(fork: Fork, logs_hash: B256) -> Payload {
    let blobs = BlobSchedule { target: 6, max: 9, base_fee_update_fraction: 5_007_716 };
    let rules = Rules { chain_id: 1, fork, blobs, blocks_since_dao_fork: 16, deposit_contract: None };
    let environment = Environment {
        beneficiary: Address::repeat_byte(0xbe),
        gas_limit: GAS_MAX,
        number: U256::from(NUMBER),
        timestamp: U256::from(2_000_000_000_u64),
        difficulty: U256::from(131_072),
        prev_randao: B256::repeat_byte(7),
        base_fee_per_gas: 7,
        excess_blob_gas: 0,
        slot_number: 0,
        block_hashes: (NUMBER - 256..NUMBER)
            .map(|number| BlockHash { number, hash: B256::repeat_byte(8) })
            .collect(),
    };
    let transaction = Transaction {
        chain_id: U256::ONE,
        nonce: U256::ZERO,
        gas_limit: U256::from(GAS_MAX),
        to: Some(CONTRACT),
        value: U256::ONE,
        data: Bytes::from_static(b"some data"),
        kind: Kind::Legacy { gas_price: U256::from(10), is_protected: false },
    };
    let transaction = transaction.sign(&KEY).expect("the key is valid");
    Payload::Transactions(rules, Transactions { environment, transactions: vec![transaction], logs_hash })
}

/// More gas would take longer without showing anything new: in wasm, fuel ends an execution.
const GAS_MAX: u64 = 1_000_000;

/// The block's number; the code can read the hashes of the 256 blocks before it.
const NUMBER: u64 = 300;

/// The key of the sender.
const KEY: B256 = B256::repeat_byte(0x45);
const SENDER: Address = address!("e0da1edcea030875cd0f199d96eb70f6ab78faf2");
const CONTRACT: Address = Address::repeat_byte(0xc0);

/// Providers of the states before these tests.
static PROVIDERS: LazyLock<Vec<StateProvider>> = LazyLock::new(|| {
    let tests = [
        include_str!("../data/state.json"),
        include_str!("../data/blockchain.json"),
        include_str!("../../../../ees/evm/tests/data/block-hashes.json"),
        include_str!("../../../../ees/evm/tests/data/withdrawal-request.json"),
    ];
    let tests = tests.iter().flat_map(|json| fixture::read(json.as_bytes()).expect("the files have tests"));
    let state = |test| match test {
        Test::State(test) => provider(&test.pre_state),
        Test::Blockchain(test) => provider(&test.pre_state),
        Test::Transaction(_) | Test::Vm(_) => panic!("the files only have state and blockchain tests"),
    };
    tests.map(|(_, test)| state(test)).chain([shard()]).collect()
});

/// Returns a provider of a chain on a shard, at its genesis, on which the sender has some ether.
fn shard() -> StateProvider {
    let sender = Account { balance: U256::from(10).pow(U256::from(18)), ..Account::default() };
    let state = State([(SENDER, sender)].into());
    let header = HeaderFields {
        parent_hash: B256::ZERO,
        ommers_hash: NO_OMMERS_HASH,
        beneficiary: Address::ZERO,
        state_root: state.root(),
        transactions_root: EMPTY_STORAGE_ROOT,
        receipts_root: EMPTY_STORAGE_ROOT,
        logs_bloom: vec![0; 256].into(),
        difficulty: U256::ZERO,
        number: U256::ZERO,
        gas_limit: U256::from(GAS_MAX),
        gas_used: U256::ZERO,
        timestamp: U256::ZERO,
        extra_data: Bytes::new(),
        mix_hash: B256::ZERO,
        nonce: B64::ZERO,
        base_fee_per_gas: Some(U256::from(7)),
        withdrawals_root: Some(EMPTY_STORAGE_ROOT),
        blob_gas_used: Some(U256::ZERO),
        excess_blob_gas: Some(U256::ZERO),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: None,
        block_access_list_hash: None,
        slot_number: None,
    };
    let header = Header::of_rlp(&header.encode()).expect("it is a header");
    let chain = Chain::of_network("Cancun", &Config::default()).expect("it is a network");
    let clock = SlotClock { genesis_time: 1, seconds_per_slot: 1 };
    let genesis =
        ShardGenesis::new(Genesis { chain, state, header }, clock).expect("its rules are those of a chain");
    let mut nodes = NodeBag::default();
    let root = genesis.commit(&mut nodes);
    StateProvider::with_state(StateRoot(root.0), nodes)
}
