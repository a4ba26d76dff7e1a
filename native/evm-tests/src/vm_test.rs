//! VM tests: a call of a code with so much gas, and what should be left of the gas and in the storage after it.
//!
//! They are from before there were transactions in tests, and tell the caller, but not its key. So a contract is put in the caller's
//! place that makes the call, and measures its gas; a transaction of somebody else calls the contract. What the called code can
//! see is the same but for `ORIGIN`: the contract has just the ether to hand on, and the call is made under the rules of
//! Frontier, which hold nothing of the gas back.

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
    /// What the EE is given, or why the test cannot be run so.
    pub payload: Result<Payload, VmTestError>,
    caller: Address,
    /// What the contract's storage should be after.
    measured: BTreeMap<U256, U256>,
    /// The accounts after, without the caller; none if the call should fail, and leave them as they were.
    post_state: State,
    /// Accounts that should be gone.
    gone: Vec<Address>,
}

/// Why a VM test cannot be run by way of a contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VmTestError {
    /// The code asks for the origin, which would have to be the caller, whose key nobody knows.
    #[error("the code asks for the origin, whose key is not known")]
    Origin,
    /// The code asks for the block's gas limit, and that is not enough for the contract.
    #[error(
        "the code asks for the gas limit of the block, which does not suffice for a contract that calls it"
    )]
    GasLimit,
    /// Less gas than a call with ether brings along.
    #[error("the gas {got} is less than the {CALL_STIPEND} that come with ether")]
    Gas {
        /// The gas of the call.
        got: u64,
    },
    /// The code calls others, and the test says what it would call them with instead of calling them.
    #[error("the code makes calls, which the test does not execute")]
    Calls,
    /// The account has less ether than the call brings.
    #[error("the account should have received the call's ether already, and has not as much")]
    Value,
    /// The contract's transaction cannot be signed.
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
}

/// What is not as it should be after a VM test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VmMismatch {
    /// The state after does not have what is asked for.
    #[error("the state after")]
    State(#[from] TrieError),
    /// The call succeeded or not, and should have done the other; it took other gas, or answered something else.
    #[error(
        "slot {slot} of the contract that measures is {got}, expected {expected} (0: success, 1: gas, 2: hash of the answer)"
    )]
    Measured {
        /// Which measure.
        slot: U256,
        /// What was measured.
        got: U256,
        /// What the test says.
        expected: U256,
    },
    /// An account is another.
    #[error("account {address}: {what}: got {got}, expected {expected}")]
    Account {
        /// The account.
        address: Address,
        /// Which part of it.
        what: &'static str,
        /// What it is.
        got: String,
        /// What the test says.
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
    /// It does not have the form.
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
        // Accounts that a call which fails leaves as they were do not have its ether either.
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

    /// Holds the state after against the test.
    ///
    /// # Errors
    ///
    /// [`VmMismatch`], for the first difference.
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

/// The contract that makes the call.
struct Measuring {
    code: Bytes,
    /// What it should leave in its storage.
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

    fn measuring_contract(&self) -> Measuring {
        let words = |bytes: usize| bytes.next_multiple_of(32);
        let (answer_at, answer_bytes) =
            (words(self.exec.data.len()), words(self.out.len()).saturating_add(32));
        let stipend = if self.exec.value.is_zero() { 0 } else { CALL_STIPEND };
        let gas: u64 = self.exec.gas.to();

        let mut code = Code::default();
        // The data go to the start of the memory, which then is as large as it will be.
        code.operation(CALLDATASIZE).push(0).push(0).operation(CALLDATACOPY);
        // Where the answer goes, there is no byte that is zero, so that zeros are seen to be written.
        for word in (0..answer_bytes).step_by(32) {
            code.push_word(U256::MAX).push(answer_at.saturating_add(word)).operation(MSTORE);
        }
        // The call, between two looks at the gas.
        code.operation(GAS);
        code.push(answer_bytes).push(answer_at).operation(CALLDATASIZE).push(0);
        code.push_word(self.exec.value).push_word(self.exec.address.into_word().into());
        code.push_word(U256::from(gas.saturating_sub(stipend))).operation(CALL);
        code.operation(GAS);
        // What came of it.
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
        Measuring { code: code.0.into(), storage }
    }
}

/// Code, operation by operation.
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

/// The operations of a code, without what they push.
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

// Yellow Paper, appendix H.
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

/// What a call costs in Frontier, to an account that exists.
const CALL_GAS: u64 = 40;
/// What it costs more with ether.
const CALL_VALUE_GAS: u64 = 9_000;
/// What the called code has of that.
const CALL_STIPEND: u64 = 2_300;
/// Between the two looks at the gas: six pushes, the size of the data, and the second look itself.
const OPERANDS_GAS: u64 = 6 * 3 + 2 + 2;
/// More than all that the contract and its transaction need themselves: the gas of the transaction, three new slots, and data.
const MEASURING_GAS: u64 = 1_000_000;

/// The slots of the contract.
const SUCCESS: usize = 0;
const GAS_TAKEN: usize = 1;
const ANSWER_HASH: usize = 2;

/// A key that is secret to nobody, of an account that is in no test.
const SECRET_KEY: B256 = B256::repeat_byte(1);
/// Its address.
const SENDER: Address = address!("1a642f0e3c3af545e7acbd38b07251b3990914f1");
