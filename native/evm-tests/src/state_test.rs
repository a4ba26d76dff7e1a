//! State tests: a transaction on a state and in an environment, and either the expected state and logs or an expected
//! refusal.
//!
//! The format has three generations: that of [ethereum/legacytests], whose transactions are unsigned, that of
//! [ethereum/tests], and that of [EEST], which also has the bytes of transactions and the chain's configuration.
//!
//! [ethereum/legacytests]: https://github.com/ethereum/legacytests
//! [ethereum/tests]: https://github.com/ethereum/tests
//! [EEST]: https://github.com/ethereum/execution-specs

mod transaction;

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use outrider_evm::{
    chain::{Chain, ChainError, Config, Place},
    contradiction::Contradiction,
    state::State,
    transaction::SecretKeyError,
};
use outrider_evm_codec::{BlockHash, Environment, Fork, Payload, Rules, Transactions};
use serde::Deserialize;
use serde_json::Value;

use crate::redundancy;
use transaction::{Indexes, TransactionFields};

/// A state test.
#[derive(Clone, Debug)]
pub struct StateTest {
    /// The state before the transaction.
    pub pre_state: State,
    /// The cases, each on the state before.
    pub cases: Vec<StateCase>,
}

/// A transaction under the rules of a fork.
#[derive(Clone, Debug)]
pub struct StateCase {
    /// The name of the fork.
    pub fork_name: String,
    /// The position of the case among those of the fork.
    pub index: usize,
    /// The payload and the expected results, or why there is no payload.
    pub trial: Result<StateTrial, StateTestError>,
}

/// A payload and its expected results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateTrial {
    /// The payload for the EE.
    pub payload: Payload,
    /// The expected state root.
    pub post_state_root: B256,
    /// The expected state, if the test gives it.
    pub post_state: Option<State>,
    /// The expected exception. If there is one, `post_state_root` must be one of
    /// [`roots_after_refusal`](Self::roots_after_refusal).
    pub exception: Option<String>,
    /// The first contradiction between the transaction's JSON and RLP, or between the expected state and its root.
    pub contradiction: Option<Contradiction>,
}

/// Why a case cannot be executed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StateTestError {
    /// The fork is not known.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A number of the environment is too large for a block.
    #[error("the environment's {field} has more than 64 bits: {got}")]
    Environment {
        /// The name of the field.
        field: &'static str,
        /// The number.
        got: U256,
    },
    /// The transaction's fields cannot be read, and the test does not have its bytes.
    #[error("the transaction cannot be read: {message}")]
    Transaction {
        /// The error in the fields.
        message: String,
    },
    /// The transaction has no data, gas limit or value at this index.
    #[error("the transaction has no {field} {index}")]
    Index {
        /// The name of the field.
        field: &'static str,
        /// The index.
        index: usize,
    },
    /// The transaction has no fees, or fees that no type combines.
    #[error("the transaction has neither a gas price nor the fees of EIP-1559")]
    Fees,
    /// The secret key for the transaction's signature is invalid.
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
}

#[derive(Deserialize)]
struct Fields {
    env: EnvironmentFields,
    pre: State,
    transaction: Value,
    post: BTreeMap<String, Vec<PostFields>>,
    #[serde(default)]
    config: Config,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvironmentFields {
    current_coinbase: Address,
    current_gas_limit: U256,
    current_number: U256,
    current_timestamp: U256,
    #[serde(default)]
    current_difficulty: U256,
    current_random: Option<U256>,
    current_base_fee: Option<U256>,
    current_excess_blob_gas: Option<U256>,
    slot_number: Option<U256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostFields {
    hash: B256,
    logs: B256,
    indexes: Indexes,
    txbytes: Option<Bytes>,
    expect_exception: Option<String>,
    state: Option<State>,
}

impl StateTest {
    /// Reads a test.
    ///
    /// # Errors
    ///
    /// Fails if the JSON does not have the form of a state test. A case that cannot be executed is not an error here.
    pub fn of_json(json: Value) -> Result<Self, serde_json::Error> {
        let fields: Fields = serde_json::from_value(json)?;
        let mut cases = Vec::new();
        for (fork_name, posts) in &fields.post {
            for (index, post) in posts.iter().enumerate() {
                let trial = fields.trial(fork_name, post);
                cases.push(StateCase { fork_name: fork_name.clone(), index, trial });
            }
        }
        Ok(Self { pre_state: fields.pre, cases })
    }
}

impl StateTrial {
    /// Returns the roots that a test may expect after a refused transaction: that of the state before; and in tests of
    /// [retesteth] until Spurious Dragon, also that of the same state with an account for the beneficiary, which
    /// received a block reward of zero.
    ///
    /// [retesteth]: https://github.com/ethereum/retesteth
    pub fn roots_after_refusal(&self, pre_state: &State) -> Vec<B256> {
        let mut roots = vec![pre_state.root()];
        if let Payload::Transactions(rules, transactions) = &self.payload
            && rules.fork < Fork::SpuriousDragon
        {
            let mut touched = pre_state.clone();
            touched.0.entry(transactions.environment.beneficiary).or_default();
            roots.push(touched.root());
        }
        roots
    }
}

impl Fields {
    fn trial(&self, fork_name: &str, post: &PostFields) -> Result<StateTrial, StateTestError> {
        let chain = Chain::of_network(fork_name, &self.config)?;
        let environment = self.env.read()?;
        let saturate = |number: U256| u64::try_from(number).unwrap_or(u64::MAX);
        let rules = chain.rules(&Place {
            number: saturate(environment.number),
            timestamp: saturate(environment.timestamp),
            parent_total_difficulty: U256::ZERO,
        });
        let transaction = match &post.txbytes {
            Some(bytes) => bytes.clone(),
            None => self.sign(&rules, &post.indexes)?,
        };
        let Indexes { data, gas, value } = post.indexes;
        let chosen = redundancy::chosen(&self.transaction, data, gas, value);
        let contradiction = redundancy::check_transaction("transaction", &chosen, &transaction)
            .and_then(|()| redundancy::check_state("post.state", post.state.as_ref(), post.hash));
        let transactions =
            Transactions { environment, transactions: vec![transaction], logs_hash: post.logs };
        Ok(StateTrial {
            payload: Payload::Transactions(rules, transactions),
            post_state_root: post.hash,
            post_state: post.state.clone(),
            exception: post.expect_exception.clone(),
            contradiction: contradiction.err(),
        })
    }

    fn sign(&self, rules: &Rules, indexes: &Indexes) -> Result<Bytes, StateTestError> {
        let fields: TransactionFields = serde_json::from_value(self.transaction.clone())
            .map_err(|error| StateTestError::Transaction { message: error.to_string() })?;
        Ok(fields.read(rules, indexes)?.sign(&fields.secret_key)?)
    }
}

impl EnvironmentFields {
    fn read(&self) -> Result<Environment, StateTestError> {
        let u64_of =
            |field, got: U256| u64::try_from(got).map_err(|_| StateTestError::Environment { field, got });
        Ok(Environment {
            beneficiary: self.current_coinbase,
            gas_limit: u64_of("currentGasLimit", self.current_gas_limit)?,
            number: self.current_number,
            timestamp: self.current_timestamp,
            difficulty: self.current_difficulty,
            prev_randao: self.current_random.unwrap_or_default().into(),
            base_fee_per_gas: u64_of("currentBaseFee", self.current_base_fee.unwrap_or_default())?,
            excess_blob_gas: u64_of(
                "currentExcessBlobGas",
                self.current_excess_blob_gas.unwrap_or_default(),
            )?,
            slot_number: u64_of("slotNumber", self.slot_number.unwrap_or_default())?,
            block_hashes: block_hashes(self.current_number),
        })
    }
}

/// Returns the hashes of the 256 blocks before a number, which tests define as the hashes of their numbers in decimal
/// digits.
pub(crate) fn block_hashes(number: U256) -> Vec<BlockHash> {
    // No test has a block number of more than 64 bits.
    let number = u64::try_from(number).unwrap_or(0);
    let hash = |number: u64| BlockHash { number, hash: keccak256(number.to_string()) };
    (number.saturating_sub(BLOCK_HASHES)..number).map(hash).collect()
}

/// The number of ancestors whose hashes transactions can read (Yellow Paper, section 9.4).
const BLOCK_HASHES: u64 = 256;
