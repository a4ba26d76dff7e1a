//! Transaction tests: bytes that either are a valid transaction under the rules of a fork or are not.
//!
//! The tests have no state. Here the sender gets the highest possible balance and the nonce of the transaction, so that
//! the transaction alone decides. All other accounts are empty, so the EE only accepts the transaction if its sender is
//! the right one.
//!
//! This module computes the intrinsic gas of a transaction and compares it with the test's. If the recipient has no
//! code, nothing is executed and the fees show the intrinsic gas, too.

mod parts;

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256};
use outrider_evm::{
    chain::{Chain, ChainError, Config, Place},
    state::{self, Account, State},
    transaction::no_logs,
};
use outrider_evm_codec::{Environment, Fork, Payload, Transactions};
use outrider_witness::{NodeSource, mpt::TrieError};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use parts::Parts;

/// A transaction test.
#[derive(Clone, Debug)]
pub struct TransactionTest {
    /// One case for each fork.
    pub cases: Vec<TransactionCase>,
}

/// The bytes of a transaction under the rules of a fork.
#[derive(Clone, Debug)]
pub struct TransactionCase {
    /// The name of the fork.
    pub fork_name: String,
    /// The state before, with the sender's account.
    pub pre_state: State,
    /// The payload for the EE, or why there is none.
    pub payload: Result<Payload, TransactionTestError>,
    /// The expected exception; `None` if the bytes are a valid transaction.
    pub exception: Option<String>,
    /// The first value of the test that does not follow from the bytes.
    pub contradiction: Option<TransactionMismatch>,
    /// The beneficiary's expected balance, if the fees show the gas.
    fees: Option<U256>,
}

/// A value that is not as the test says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionMismatch {
    /// The test has neither an exception nor the values of an accepted transaction.
    #[error("the test has neither an exception nor a hash and a sender")]
    NoOutcome,
    /// The hash differs.
    #[error("the hash is {got}, expected {expected}")]
    Hash {
        /// The hash of the bytes.
        got: B256,
        /// The hash in the test.
        expected: B256,
    },
    /// The intrinsic gas differs.
    #[error("the intrinsic gas is {got}, expected {expected}")]
    IntrinsicGas {
        /// The intrinsic gas of the bytes.
        got: u64,
        /// The intrinsic gas in the test.
        expected: U256,
    },
    /// The fees differ.
    #[error("the beneficiary has fees of {got}, expected {expected}, the intrinsic gas at this price")]
    Fees {
        /// The beneficiary's balance.
        got: U256,
        /// The fees that follow from the test's intrinsic gas.
        expected: U256,
    },
}

/// Why bytes cannot be executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionTestError {
    /// The fork is not known.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The transaction is valid, but no balance is high enough to pay for it.
    #[error("the transaction is valid, but costs more than a balance can hold")]
    Cost,
    /// The transaction is valid, but revm does not support its gas price of more than 128 bits.
    #[error("the transaction is valid, but revm does not support its gas price of more than 128 bits")]
    GasPrice,
}

#[derive(Deserialize)]
struct Fields {
    result: BTreeMap<String, ResultFields>,
    txbytes: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultFields {
    exception: Option<String>,
    sender: Option<Address>,
    hash: Option<B256>,
    intrinsic_gas: Option<U256>,
}

impl TransactionTest {
    /// Reads a test.
    ///
    /// # Errors
    ///
    /// Fails if the JSON does not have the form of a transaction test.
    pub fn of_json(json: Value) -> Result<Self, serde_json::Error> {
        let Fields { result, txbytes } = serde_json::from_value(json)?;
        let parts = Parts::of(&txbytes);
        let sender = result.values().find_map(|result| result.sender);
        let other_sender = sender.or_else(|| parts.as_ref().and_then(Parts::sender));
        let nonce = parts.as_ref().map_or(0, |parts| parts.nonce);
        let account = Account { balance: U256::MAX, nonce: U64::from(nonce), ..Account::default() };
        let state_with = |sender| State([(sender, account.clone())].into());
        let case = |(fork_name, result): (String, ResultFields)| TransactionCase {
            payload: match parts.as_ref().map(Parts::check_cost) {
                Some(Err(error)) if result.exception.is_none() => Err(error),
                _ => payload(&fork_name, &txbytes).map_err(Into::into),
            },
            contradiction: result.check(&txbytes, parts.as_ref(), Fork::of_name(&fork_name)).err(),
            fees: parts.as_ref().and_then(|parts| result.fees(parts, Fork::of_name(&fork_name))),
            fork_name,
            pre_state: result.sender.or(other_sender).map(state_with).unwrap_or_default(),
            exception: result.exception,
        };
        Ok(Self { cases: result.into_iter().map(case).collect() })
    }
}

impl TransactionCase {
    /// Compares the state after an accepted transaction with the test, and returns the difference, if there is one.
    ///
    /// # Errors
    ///
    /// Fails if the state lacks a node.
    pub fn mismatch(
        &self,
        post_state_root: B256,
        nodes: &impl NodeSource,
    ) -> Result<Option<TransactionMismatch>, TrieError> {
        let Some(expected) = self.fees else { return Ok(None) };
        let beneficiary = state::account(post_state_root, nodes, BENEFICIARY)?;
        let got = beneficiary.map_or(U256::ZERO, |beneficiary| beneficiary.balance);
        Ok((got != expected).then_some(TransactionMismatch::Fees { got, expected }))
    }
}

impl ResultFields {
    /// Compares the values of the test with the bytes.
    fn check(
        &self,
        bytes: &Bytes,
        parts: Option<&Parts>,
        fork: Option<Fork>,
    ) -> Result<(), TransactionMismatch> {
        let is_accepted = self.exception.is_none();
        if is_accepted && (self.hash.is_none() || self.sender.is_none()) {
            return Err(TransactionMismatch::NoOutcome);
        }
        let got = keccak256(bytes);
        if let Some(expected) = self.hash.filter(|hash| *hash != got) {
            return Err(TransactionMismatch::Hash { got, expected });
        }
        // For refused bytes the test may leave the gas at zero.
        let expected = self.intrinsic_gas.filter(|gas| is_accepted || !gas.is_zero());
        let got = parts.zip(fork).map(|(parts, fork)| parts.intrinsic_gas(fork));
        match (got, expected) {
            (Some(got), Some(expected)) if U256::from(got) != expected => {
                Err(TransactionMismatch::IntrinsicGas { got, expected })
            }
            _ => Ok(()),
        }
    }

    /// Returns the fees of an accepted transaction that takes exactly the intrinsic gas; from Prague on, it can take
    /// more.
    fn fees(&self, parts: &Parts, fork: Option<Fork>) -> Option<U256> {
        let fees_show_gas = self.exception.is_none() && fork.is_some_and(|fork| fork < Fork::Prague);
        let gas = self.intrinsic_gas.filter(|_| fees_show_gas && parts.executes_nothing())?;
        gas.checked_mul(parts.fee_per_gas()).filter(|fees| !fees.is_zero())
    }
}

/// Returns a payload with the bytes as the only transaction, in an environment where gas is free and plentiful.
fn payload(fork_name: &str, bytes: &Bytes) -> Result<Payload, ChainError> {
    let chain = Chain::of_network(fork_name, &Config::default())?;
    let place = Place { number: NUMBER, timestamp: TIMESTAMP, parent_total_difficulty: U256::ZERO };
    let environment = Environment {
        beneficiary: BENEFICIARY,
        gas_limit: u64::MAX,
        number: U256::from(NUMBER),
        timestamp: U256::from(TIMESTAMP),
        difficulty: U256::ZERO,
        prev_randao: B256::ZERO,
        base_fee_per_gas: 0,
        excess_blob_gas: 0,
        slot_number: 0,
        block_hashes: Vec::new(),
    };
    let transactions = Transactions { environment, transactions: vec![bytes.clone()], logs_hash: no_logs() };
    Ok(Payload::Transactions(chain.rules(&place), transactions))
}

/// An address that no test contains.
const BENEFICIARY: Address = Address::repeat_byte(0xbe);

/// A block number that does not matter for any fork.
const NUMBER: u64 = 1;
const TIMESTAMP: u64 = 1000;
