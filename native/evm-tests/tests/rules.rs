//! Rules that differ between forks, executed by the EE without an engine.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

mod support;

use alloy_primitives::{Address, B256, Bytes, U64, U256, address};
use outrider_evm::{
    state::{self, Account, State},
    transaction::{Fees, Kind, Transaction, no_logs},
};
use outrider_evm_codec::{BlobSchedule, Environment, Fork, Payload, Rules, Transactions};
use outrider_evm_tests::fixture::{self, Test};
use outrider_witness::NodeBag;
use support::{files, native};

/// The key of the sender, and the address of a contract.
const KEY: B256 = B256::repeat_byte(0x45);
const SENDER: Address = address!("e0da1edcea030875cd0f199d96eb70f6ab78faf2");
const CONTRACT: Address = Address::repeat_byte(0xc0);

const GAS_LIMIT: u64 = 100_000;
const GAS_PRICE: u64 = 10;

/// A state and a payload of transactions.
struct Trial {
    state: State,
    payload: Payload,
}

impl Trial {
    /// Returns a call of a contract with this code.
    fn new(fork: Fork, code: &[u8]) -> Self {
        let mut state = State::default();
        let ether = U256::from(10).pow(U256::from(18));
        state.0.insert(SENDER, Account { balance: ether, ..Account::default() });
        let code = Bytes::copy_from_slice(code);
        state.0.insert(CONTRACT, Account { nonce: U64::from(1), code, ..Account::default() });
        let blobs = BlobSchedule { target: 3, max: 6, base_fee_update_fraction: 3_338_477 };
        let rules = Rules { chain_id: 1, fork, blobs, blocks_since_dao_fork: 16, deposit_contract: None };
        let environment = Environment {
            beneficiary: Address::repeat_byte(0xbe),
            gas_limit: 1_000_000,
            number: U256::from(1),
            timestamp: U256::from(1_000),
            difficulty: U256::from(131_072),
            prev_randao: B256::ZERO,
            base_fee_per_gas: 7,
            excess_blob_gas: 0,
            slot_number: 0,
            block_hashes: Vec::new(),
        };
        let is_protected = fork >= Fork::SpuriousDragon;
        let kind = Kind::Legacy { gas_price: U256::from(GAS_PRICE), is_protected };
        let transactions = vec![call(1, kind)];
        let transactions = Transactions { environment, transactions, logs_hash: no_logs() };
        Self { state, payload: Payload::Transactions(rules, transactions) }
    }

    fn transactions(&mut self) -> &mut Transactions {
        let Payload::Transactions(_, transactions) = &mut self.payload else {
            panic!("the payload has transactions")
        };
        transactions
    }

    /// Returns the state root and the nodes after the transactions.
    fn run(&self) -> Result<(B256, NodeBag), String> {
        let mut nodes = NodeBag::default();
        let root = self.state.commit(&mut nodes);
        let provided = native::provide(root, nodes.clone(), &self.payload)?;
        provided.new_nodes.into_iter().for_each(|node| nodes.insert(node.hash, node.bytes));
        Ok((B256::from(provided.outcome.post_state_root.0), nodes))
    }

    /// Returns the gas that the sender paid for.
    fn gas_used(&self) -> u64 {
        let (root, nodes) = self.run().unwrap();
        let after = state::account(root, &nodes, SENDER).unwrap().unwrap().balance;
        ((self.state.0[&SENDER].balance - after) / U256::from(GAS_PRICE)).to()
    }
}

fn call(chain_id: u64, kind: Kind) -> Bytes {
    let transaction = Transaction {
        chain_id: U256::from(chain_id),
        nonce: U256::ZERO,
        gas_limit: U256::from(GAS_LIMIT),
        to: Some(CONTRACT),
        value: U256::ZERO,
        data: Bytes::new(),
        kind,
    };
    transaction.sign(&KEY).unwrap()
}

/// Returns `0xef0100` and the address of a contract that stops at once.
fn delegation() -> Vec<u8> {
    [&[0xef, 0x01, 0x00][..], Address::repeat_byte(0xd0).as_slice()].concat()
}

#[test]
fn code_is_a_delegation_only_from_prague_on() {
    for fork in [Fork::Frontier, Fork::SpuriousDragon, Fork::Berlin, Fork::London, Fork::Cancun] {
        // The first opcode is invalid, and takes all gas.
        assert_eq!(Trial::new(fork, &delegation()).gas_used(), GAS_LIMIT, "{fork:?}");
    }
    // The delegate has no code, and a transaction pays nothing for the access to it (EIP-7702).
    assert_eq!(Trial::new(Fork::Prague, &delegation()).gas_used(), 21_000);
    assert_eq!(Trial::new(Fork::Osaka, &delegation()).gas_used(), 21_000);
    // Longer code is not a delegation.
    let code = [delegation(), vec![0]].concat();
    assert_eq!(Trial::new(Fork::Prague, &code).gas_used(), GAS_LIMIT);
}

#[test]
fn an_account_with_the_code_of_a_delegation_sends_nothing_before_prague() {
    for (fork, may_send) in [(Fork::Berlin, false), (Fork::Cancun, false), (Fork::Prague, true)] {
        let mut trial = Trial::new(fork, &[0]);
        trial.state.0.get_mut(&SENDER).unwrap().code = delegation().into();
        match trial.run() {
            Ok(_) => assert!(may_send, "{fork:?}"),
            Err(words) => {
                assert!(!may_send && words.contains("senders with deployed code"), "{fork:?}: {words}")
            }
        }
    }
}

/// Code that stores the price of blobs.
const STORES_BLOB_PRICE: [u8; 4] = [0x4a, 0x5f, 0x55, 0x00];

/// Returns a call in a block with an excess of so many blobs.
fn at_excess(blobs: u64) -> Trial {
    let mut trial = Trial::new(Fork::Cancun, &STORES_BLOB_PRICE);
    trial.transactions().environment.excess_blob_gas = blobs * 131_072;
    trial
}

#[test]
fn a_price_of_blobs_of_more_than_128_bits_refuses_no_other_transactions() {
    // The prices are `fake_exponential(1, blobs * 2**17, 3338477)` of EIP-4844.
    for (blobs, price) in [
        (10, "1"),
        (2_200, "32497805655568322822965049921532921584"),
        (2_400, "83564647585423162960679885971188049765406"),
        (4_000, "159724293812208268159830793569195764296963549385544282927351520532179"),
    ] {
        let (root, nodes) = at_excess(blobs).run().unwrap();
        let storage_root = state::account(root, &nodes, CONTRACT).unwrap().unwrap().storage_root;
        let got = state::storage_value(storage_root, &nodes, U256::ZERO).unwrap();
        assert_eq!(got, price.parse::<U256>().unwrap(), "{blobs}");
    }
}

#[test]
fn no_transaction_with_blobs_pays_more_than_128_bits() {
    let mut hash = B256::repeat_byte(7);
    hash[0] = 1;
    let blob = |max_fee_per_blob_gas| {
        let fees = Fees { max_priority_fee_per_gas: U256::ZERO, max_fee_per_gas: U256::from(GAS_PRICE) };
        let kind = Kind::Blob {
            fees,
            access_list: Vec::new(),
            max_fee_per_blob_gas,
            blob_versioned_hashes: vec![hash],
        };
        call(1, kind)
    };
    for (blobs, is_paid) in [(10, true), (2_200, true), (2_400, false)] {
        let mut trial = at_excess(blobs);
        trial.state.0.get_mut(&SENDER).unwrap().balance = U256::MAX;
        trial.transactions().transactions = vec![blob(U256::from(u128::MAX))];
        match trial.run() {
            Ok(_) => assert!(is_paid, "{blobs}"),
            Err(words) => assert!(!is_paid && words.contains("max fee per blob gas ("), "{blobs}: {words}"),
        }
    }
}

#[test]
fn a_transaction_for_another_chain_is_refused_with_both_numbers() {
    let mut trial = Trial::new(Fork::Berlin, &[0]);
    let kind = Kind::Legacy { gas_price: U256::from(GAS_PRICE), is_protected: true };
    trial.transactions().transactions = vec![call(5, kind)];
    let words = trial.run().unwrap_err();
    assert!(words.ends_with("invalid chain ID: it is for chain 5, and this is chain 1"), "{words}");
}

#[test]
fn deposits_are_logs_of_the_deposit_contract_of_the_chain() {
    let Some(files) = files("ethereum-tests/blockchain-tests-eest-v5.4.tar.gz") else { return };
    let (_, json) = files.iter().find(|(path, _)| path.contains("eip6110_deposits/")).unwrap();
    let mut n_refused = 0;
    for (name, test) in fixture::read(json).unwrap() {
        let Test::Blockchain(test) = test else { panic!("{name} is not a blockchain test") };
        let mut nodes = NodeBag::default();
        test.pre_state.commit(&mut nodes);
        let candidate = test.import().unwrap().candidate(&test.blocks[0].bytes);
        let with = |contract| {
            let mut payload = candidate.payload.clone();
            payload.rules_mut().unwrap().deposit_contract = contract;
            native::provide(candidate.pre_state_root, nodes.clone(), &payload)
        };
        let Ok(provided) = with(None) else { continue };
        // The main network's contract has only one encoding.
        let main = with(Some(address!("00000000219ab540356cbb839cbe05303d7705fa"))).unwrap();
        assert_eq!(main.block_data, provided.block_data, "{name}");
        if let Err(words) = with(Some(Address::repeat_byte(1))) {
            assert!(words.starts_with("requests hash: got 0x"), "{name}: {words}");
            n_refused += 1;
        }
    }
    assert!(n_refused > 0, "the tests have deposits");
}
