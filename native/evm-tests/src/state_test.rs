//! State tests: a transaction in an environment, on a state, and the state and logs that should come of it; or that it should
//! be refused.
//!
//! There are three generations of the format: [ethereum/legacytests], whose transactions are not signed yet, [ethereum/tests], and
//! [EEST], which has the transactions' bytes and the chain's configuration, too.
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
    /// The state before.
    pub pre_state: State,
    /// What is tried on it, each by itself.
    pub cases: Vec<StateCase>,
}

/// A transaction under the rules of a fork.
#[derive(Clone, Debug)]
pub struct StateCase {
    /// The name of the fork.
    pub fork_name: String,
    /// Its place among those of the fork.
    pub index: usize,
    /// What to execute, or why that cannot be told.
    pub trial: Result<StateTrial, StateTestError>,
}

/// What to execute, and what should come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateTrial {
    /// What the EE is given.
    pub payload: Payload,
    /// The root of the state after.
    pub post_state_root: B256,
    /// The state after, if the test tells it.
    pub post_state: Option<State>,
    /// What should be wrong with the transaction. Then `post_state_root` is one of
    /// [`roots_after_refusal`](Self::roots_after_refusal).
    pub exception: Option<String>,
    /// What the test tells twice, and not the same: the transaction in JSON and in RLP, or the state after it.
    pub contradiction: Option<Contradiction>,
}

/// Why a case cannot be executed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StateTestError {
    /// The fork is none that is known here.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The environment has a number that no block has.
    #[error("the environment's {field} has more than 64 bits: {got}")]
    Environment {
        /// The name of the field.
        field: &'static str,
        /// The number.
        got: U256,
    },
    /// The fields of the transaction cannot be read, and its bytes are not there either.
    #[error("the transaction cannot be read: {message}")]
    Transaction {
        /// What is wrong with it.
        message: String,
    },
    /// The transaction has no such data, gas limit or value.
    #[error("the transaction has no {field} {index}")]
    Index {
        /// The name of the field.
        field: &'static str,
        /// Which of them.
        index: usize,
    },
    /// The transaction has no fees, or those of no type.
    #[error("the transaction has neither a gas price nor the fees of EIP-1559")]
    Fees,
    /// The transaction is to be signed with what is no key.
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
    /// It does not have the form. A case that cannot be executed is no error here.
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
    /// The roots that a refused transaction may leave by a test: that of the state before; and until Spurious Dragon, in tests of
    /// [retesteth], also that with an account of the beneficiary, who got a reward of zero for the block.
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

/// The hashes of the 256 blocks before a number: those of their numbers in decimal digits, as the tests have it.
pub(crate) fn block_hashes(number: U256) -> Vec<BlockHash> {
    // There is no test at a number that no block has.
    let number = u64::try_from(number).unwrap_or(0);
    let hash = |number: u64| BlockHash { number, hash: keccak256(number.to_string()) };
    (number.saturating_sub(BLOCK_HASHES)..number).map(hash).collect()
}

/// How far back transactions see hashes of blocks (Yellow Paper, section 9.4).
const BLOCK_HASHES: u64 = 256;
