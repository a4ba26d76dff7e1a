//! Transaction tests: bytes that are a valid transaction under the rules of a fork, or not.
//!
//! The tests know no state. Here the sender gets all the ether there can be, and the nonce that the transaction has; so it is
//! the transaction alone that decides. Whoever is none of its sender has nothing, so a transaction is only accepted if its
//! sender is the right one.
//!
//! The gas that a transaction takes before anything is executed is computed here, and held against what the test says. Where nothing is
//! executed at all, as the recipient has no code, it is what the fees tell, too.

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
    /// One for each fork.
    pub cases: Vec<TransactionCase>,
}

/// The bytes under the rules of a fork.
#[derive(Clone, Debug)]
pub struct TransactionCase {
    /// The name of the fork.
    pub fork_name: String,
    /// The state that the sender needs.
    pub pre_state: State,
    /// What the EE is given, or why that cannot be told.
    pub payload: Result<Payload, TransactionTestError>,
    /// What should be wrong with the bytes; nothing if they are a valid transaction.
    pub exception: Option<String>,
    /// What the test says of the bytes that is not so.
    pub contradiction: Option<TransactionMismatch>,
    /// What the beneficiary should have after, if that tells the gas.
    fees: Option<U256>,
}

/// What is not as a test says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionMismatch {
    /// There is no exception, and nothing that accepted bytes have.
    #[error("the test tells neither an exception nor a hash and a sender")]
    NoOutcome,
    /// The hash is another.
    #[error("the hash is {got}, expected {expected}")]
    Hash {
        /// The hash of the bytes.
        got: B256,
        /// The test's.
        expected: B256,
    },
    /// The gas before anything is executed is other gas.
    #[error("the intrinsic gas is {got}, expected {expected}")]
    IntrinsicGas {
        /// What follows from the bytes.
        got: u64,
        /// What the test says.
        expected: U256,
    },
    /// The fees are others.
    #[error("the beneficiary has fees of {got}, expected {expected}: the intrinsic gas at this price")]
    Fees {
        /// What it has.
        got: U256,
        /// What follows from what the test says.
        expected: U256,
    },
}

/// Why bytes cannot be tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionTestError {
    /// The fork is none that is known here.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The transaction is valid as such, but no state has a sender who could pay for it.
    #[error("valid, but what it costs is more than a balance can be")]
    Cost,
    /// The transaction is valid, but for fees of more than 128 bits there is no room in revm.
    #[error("valid, but its gas price has more than 128 bits, and revm has no room for these")]
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
    /// It does not have the form.
    pub fn of_json(json: Value) -> Result<Self, serde_json::Error> {
        let Fields { result, txbytes } = serde_json::from_value(json)?;
        let parts = Parts::of(&txbytes);
        let told = result.values().find_map(|result| result.sender);
        let other_sender = told.or_else(|| parts.as_ref().and_then(Parts::sender));
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
    /// Holds the state after an accepted transaction against the test: gives what is not as it says, if anything is.
    ///
    /// # Errors
    ///
    /// The state after does not have what is asked for.
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
    /// Holds what the test says of the bytes against these.
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
        // Of bytes that are refused, the test may leave it at zero.
        let expected = self.intrinsic_gas.filter(|gas| is_accepted || !gas.is_zero());
        let got = parts.zip(fork).map(|(parts, fork)| parts.intrinsic_gas(fork));
        match (got, expected) {
            (Some(got), Some(expected)) if U256::from(got) != expected => {
                Err(TransactionMismatch::IntrinsicGas { got, expected })
            }
            _ => Ok(()),
        }
    }

    /// The fees of an accepted transaction that takes the intrinsic gas, and no other: from Prague on, there may be more.
    fn fees(&self, parts: &Parts, fork: Option<Fork>) -> Option<U256> {
        let is_told = self.exception.is_none() && fork.is_some_and(|fork| fork < Fork::Prague);
        let gas = self.intrinsic_gas.filter(|_| is_told && parts.executes_nothing())?;
        gas.checked_mul(parts.fee_per_gas()).filter(|fees| !fees.is_zero())
    }
}

/// The bytes as the only transaction of an environment in which gas costs nothing and is plenty.
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

/// Who is in no test.
const BENEFICIARY: Address = Address::repeat_byte(0xbe);

/// Numbers that no fork minds.
const NUMBER: u64 = 1;
const TIMESTAMP: u64 = 1000;
