//! VM tests: a call of a code with an amount of gas, and the expected remaining gas and storage.
//!
//! They date from before tests had transactions, and give the caller's address but not its key. So a contract at the
//! caller's address makes the call and measures its gas, and a transaction of another account calls the contract. The
//! called code sees the same except for `ORIGIN`: the contract has exactly the ether of the call, and the call is made
//! under the rules of Frontier, which hold no gas back.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U64, U256, address, keccak256};
use outrider_evm::{
    state::{self, Account, AccountValue, EMPTY_STORAGE_ROOT, State},
    transaction::{Kind, SecretKeyError, Transaction, no_logs},
};
use outrider_evm_codec::{BlobSchedule, Environment, Fork, Payload, Rules, Transactions};
use outrider_witness::{NodeSource, mpt::TrieError};
use serde::Deserialize;
use serde_json::Value;

use crate::state_test::block_hashes;

/// A VM test.
#[derive(Clone, Debug)]
pub struct VmTest {
    /// The state before, with the contract and the sender.
    pub pre_state: State,
    /// The payload for the EE, or why the test cannot be run in this way.
    pub payload: Result<Payload, VmTestError>,
    caller: Address,
    /// The expected storage of the contract.
    measured: BTreeMap<U256, U256>,
    /// The expected accounts without the caller; those of `pre_state` if the call should fail.
    post_state: State,
    /// Accounts that the call should remove.
    gone: Vec<Address>,
}

/// Why a contract cannot run a VM test.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VmTestError {
    /// The code reads the origin, which would have to be the caller, whose key is not known.
    #[error("the code reads the origin, whose key is not known")]
    Origin,
    /// The code reads the block's gas limit, which is not enough for the contract.
    #[error("the code reads the gas limit of the block, which is too low for a contract that calls it")]
    GasLimit,
    /// The call has less gas than the stipend that comes with ether.
    #[error("the call has {got} gas, expected at least {CALL_STIPEND}, the stipend that comes with ether")]
    Gas {
        /// The gas of the call.
        got: u64,
    },
    /// The code makes calls, which the test lists and does not execute.
    #[error("the code makes calls, which the test does not execute")]
    Calls,
    /// The account has less ether than the call sends.
    #[error("the account should have received the call's ether already, but has less")]
    Value,
    /// The contract's transaction cannot be signed.
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
}

/// A value that is not as the VM test says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VmMismatch {
    /// The state lacks a node.
    #[error("the state after the call cannot be read")]
    State(#[from] TrieError),
    /// The success of the call, its gas or its return data differ.
    #[error(
        "storage key {slot} of the measuring contract is {got}, expected {expected} (0: success, 1: gas, 2: hash of the return data)"
    )]
    Measured {
        /// The storage key of the measurement.
        slot: U256,
        /// The measured value.
        got: U256,
        /// The value in the test.
        expected: U256,
    },
    /// An account differs.
    #[error("account {address}: {what}: got {got}, expected {expected}")]
    Account {
        /// The account.
        address: Address,
        /// The part of the account that differs.
        what: &'static str,
        /// Its value.
        got: String,
        /// Its value in the test.
        expected: String,
    },
}

#[derive(Deserialize)]
struct Fields {
    env: EnvironmentFields,
    exec: Exec,
    pre: State,
    post: Option<State>,
    gas: Option<U256>,
    logs: Option<B256>,
    #[serde(default)]
    out: Bytes,
    #[serde(default)]
    callcreates: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvironmentFields {
    current_coinbase: Address,
    current_gas_limit: U64,
    current_number: U256,
    current_timestamp: U256,
    current_difficulty: U256,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exec {
    address: Address,
    caller: Address,
    code: Bytes,
    data: Bytes,
    gas: U64,
    gas_price: U256,
    value: U256,
}

impl VmTest {
    /// Reads a test.
    ///
    /// # Errors
    ///
    /// Fails if the JSON does not have the form of a VM test.
    pub fn of_json(json: Value) -> Result<Self, serde_json::Error> {
        let fields: Fields = serde_json::from_value(json)?;
        let measuring = fields.measuring_contract();
        let mut pre_state = fields.pre.clone();
        let mut post_state = fields.post.clone();
        let Exec { address, caller, value, .. } = fields.exec;
        let mut payload = fields.payload();
        if let Some(account) = pre_state.0.get_mut(&address) {
            match account.balance.checked_sub(value) {
                Some(balance) => account.balance = balance,
                None => payload = Err(VmTestError::Value),
            }
        }
        // If the call fails, the accounts do not have its ether either.
        let post_state = post_state.get_or_insert_with(|| pre_state.clone());
        post_state.0.remove(&caller);
        let others =
            pre_state.0.keys().filter(|other| **other != caller && !post_state.0.contains_key(*other));
        let gone = others.copied().collect();
        let contract = pre_state.0.entry(caller).or_default();
        contract.balance = contract.balance.saturating_add(value);
        contract.code = measuring.code;
        pre_state.0.insert(SENDER, Account { balance: U256::MAX >> 1, ..Account::default() });
        Ok(Self {
            pre_state,
            payload,
            caller,
            measured: measuring.storage,
            post_state: post_state.clone(),
            gone,
        })
    }

    /// Compares the state after the call with the test.
    ///
    /// # Errors
    ///
    /// Fails with a [`VmMismatch`] for the first difference.
    pub fn check(&self, post_state_root: B256, nodes: &impl NodeSource) -> Result<(), VmMismatch> {
        let measured = state::account(post_state_root, nodes, self.caller)?;
        let storage_root = measured.map_or(EMPTY_STORAGE_ROOT, |contract| contract.storage_root);
        for (slot, expected) in &self.measured {
            let (slot, expected) = (*slot, *expected);
            let got = state::storage_value(storage_root, nodes, slot)?;
            if got != expected {
                return Err(VmMismatch::Measured { slot, got, expected });
            }
        }
        for (address, expected) in &self.post_state.0 {
            check_account(*address, state::account(post_state_root, nodes, *address)?, &expected.value())?;
        }
        for address in &self.gone {
            if let Some(got) = state::account(post_state_root, nodes, *address)? {
                let (address, got) = (*address, format!("{got:?}"));
                return Err(VmMismatch::Account {
                    address,
                    what: "all of it",
                    got,
                    expected: "none".to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn check_account(
    address: Address,
    got: Option<AccountValue>,
    expected: &AccountValue,
) -> Result<(), VmMismatch> {
    let differs = |what, got: String, expected: String| VmMismatch::Account { address, what, got, expected };
    let Some(got) = got else {
        return Err(differs("all of it", "none".to_owned(), format!("{expected:?}")));
    };
    if got.balance != expected.balance {
        return Err(differs("balance", got.balance.to_string(), expected.balance.to_string()));
    }
    if got.storage_root != expected.storage_root {
        return Err(differs("storage root", got.storage_root.to_string(), expected.storage_root.to_string()));
    }
    if got != *expected {
        return Err(differs("nonce or code", format!("{got:?}"), format!("{expected:?}")));
    }
    Ok(())
}

/// The contract that makes the call and measures it.
struct MeasuringContract {
    code: Bytes,
    /// The storage that it should leave.
    storage: BTreeMap<U256, U256>,
}

impl Fields {
    fn payload(&self) -> Result<Payload, VmTestError> {
        if operations(&self.exec.code).any(|operation| operation == ORIGIN) {
            return Err(VmTestError::Origin);
        }
        if !self.callcreates.is_empty() {
            return Err(VmTestError::Calls);
        }
        let gas: u64 = self.exec.gas.to();
        if !self.exec.value.is_zero() && gas < CALL_STIPEND {
            return Err(VmTestError::Gas { got: gas });
        }
        let gas_limit = gas.saturating_add(MEASURING_GAS);
        let block_gas_limit: u64 = self.env.current_gas_limit.to();
        if block_gas_limit < gas_limit && operations(&self.exec.code).any(|operation| operation == GASLIMIT) {
            return Err(VmTestError::GasLimit);
        }
        let transaction = Transaction {
            chain_id: U256::from(1),
            nonce: U256::ZERO,
            gas_limit: U256::from(gas_limit),
            to: Some(self.exec.caller),
            value: U256::ZERO,
            data: self.exec.data.clone(),
            kind: Kind::Legacy { gas_price: self.exec.gas_price, is_protected: false },
        };
        let environment = Environment {
            beneficiary: self.env.current_coinbase,
            gas_limit: block_gas_limit.max(gas_limit),
            number: self.env.current_number,
            timestamp: self.env.current_timestamp,
            difficulty: self.env.current_difficulty,
            prev_randao: B256::ZERO,
            base_fee_per_gas: 0,
            excess_blob_gas: 0,
            slot_number: 0,
            block_hashes: block_hashes(self.env.current_number),
        };
        let blobs = BlobSchedule { target: 0, max: 0, base_fee_update_fraction: 0 };
        let rules = Rules {
            chain_id: 1,
            fork: Fork::Frontier,
            blobs,
            blocks_since_dao_fork: 16,
            deposit_contract: None,
        };
        let transactions = Transactions {
            environment,
            transactions: vec![transaction.sign(&SECRET_KEY)?],
            logs_hash: self.logs.unwrap_or_else(no_logs),
        };
        Ok(Payload::Transactions(rules, transactions))
    }

    fn measuring_contract(&self) -> MeasuringContract {
        let words = |bytes: usize| bytes.next_multiple_of(32);
        let (answer_at, answer_bytes) =
            (words(self.exec.data.len()), words(self.out.len()).saturating_add(32));
        let stipend = if self.exec.value.is_zero() { 0 } else { CALL_STIPEND };
        let gas: u64 = self.exec.gas.to();

        let mut code = Code::default();
        // Copy the data to the start of the memory, which then has its final size.
        code.operation(CALLDATASIZE).push(0).push(0).operation(CALLDATACOPY);
        // Fill the place of the return data with non-zero bytes, so that zeros that the call writes show.
        for word in (0..answer_bytes).step_by(32) {
            code.push_word(U256::MAX).push(answer_at.saturating_add(word)).operation(MSTORE);
        }
        // Make the call between two readings of the gas.
        code.operation(GAS);
        code.push(answer_bytes).push(answer_at).operation(CALLDATASIZE).push(0);
        code.push_word(self.exec.value).push_word(self.exec.address.into_word().into());
        code.push_word(U256::from(gas.saturating_sub(stipend))).operation(CALL);
        code.operation(GAS);
        // Store the measurements.
        code.operation(SWAP1).push(SUCCESS).operation(SSTORE);
        code.operation(SWAP1).operation(SUB).push(GAS_TAKEN).operation(SSTORE);
        code.push(answer_bytes).push(answer_at).operation(SHA3).push(ANSWER_HASH).operation(SSTORE);

        let is_success = self.post.is_some();
        let gas_left = self.gas.map_or(0, |gas| gas.saturating_to());
        let call_gas = if stipend == 0 { CALL_GAS } else { CALL_GAS + CALL_VALUE_GAS - CALL_STIPEND };
        let gas_taken = gas.saturating_sub(gas_left).saturating_add(call_gas + OPERANDS_GAS);
        let mut answer = if is_success { self.out.to_vec() } else { Vec::new() };
        answer.resize(answer_bytes, 0xff);
        let storage = BTreeMap::from([
            (U256::from(SUCCESS), U256::from(is_success)),
            (U256::from(GAS_TAKEN), U256::from(gas_taken)),
            (U256::from(ANSWER_HASH), keccak256(answer).into()),
        ]);
        MeasuringContract { code: code.0.into(), storage }
    }
}

/// EVM code under construction.
#[derive(Default)]
struct Code(Vec<u8>);

impl Code {
    fn operation(&mut self, operation: u8) -> &mut Self {
        self.0.push(operation);
        self
    }

    fn push(&mut self, number: usize) -> &mut Self {
        self.push_word(U256::from(number))
    }

    fn push_word(&mut self, word: U256) -> &mut Self {
        self.0.push(PUSH32);
        self.0.extend(word.to_be_bytes::<32>());
        self
    }
}

/// The operations of a code, without the bytes that they push.
fn operations(code: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = code.iter();
    std::iter::from_fn(move || {
        let operation = *rest.next()?;
        if let Some(pushed) = operation.checked_sub(PUSH1).filter(|_| operation <= PUSH32) {
            rest.nth(usize::from(pushed));
        }
        Some(operation)
    })
}

// Opcodes (Yellow Paper, appendix H).
const SUB: u8 = 0x03;
const SHA3: u8 = 0x20;
const ORIGIN: u8 = 0x32;
const CALLDATASIZE: u8 = 0x36;
const CALLDATACOPY: u8 = 0x37;
const GASLIMIT: u8 = 0x45;
const MSTORE: u8 = 0x52;
const SSTORE: u8 = 0x55;
const GAS: u8 = 0x5a;
const PUSH1: u8 = 0x60;
const PUSH32: u8 = 0x7f;
const SWAP1: u8 = 0x90;
const CALL: u8 = 0xf1;

/// The gas of a call in Frontier to an account that exists.
const CALL_GAS: u64 = 40;
/// The additional gas of a call with ether.
const CALL_VALUE_GAS: u64 = 9_000;
/// The part of it that the called code receives.
const CALL_STIPEND: u64 = 2_300;
/// The gas between the two readings: six pushes, the size of the data, and the second reading.
const OPERANDS_GAS: u64 = 6 * 3 + 2 + 2;
/// More than the contract and its transaction need: the gas of the transaction, three new storage values, and the data.
const MEASURING_GAS: u64 = 1_000_000;

/// The storage keys of the contract.
const SUCCESS: usize = 0;
const GAS_TAKEN: usize = 1;
const ANSWER_HASH: usize = 2;

/// A key that everybody knows, of an account that no test contains.
const SECRET_KEY: B256 = B256::repeat_byte(1);
/// The address of that account.
const SENDER: Address = address!("1a642f0e3c3af545e7acbd38b07251b3990914f1");
