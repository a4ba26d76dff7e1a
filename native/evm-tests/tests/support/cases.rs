//! Ethereum's tests, executed by the EE without an engine.

use alloy_primitives::B256;
use outrider_evm::{chain::Chain, state::State};
use outrider_evm_tests::{
    blockchain_test::{BlockchainTest, TestBlock},
    exception::{Comparison, INSUFFICIENT_WITNESS, compare, with_right_transactions_root},
    execution_witness::WitnessedBlock,
    fixture::{self, Test},
    state_test::{StateTest, StateTrial},
    transaction_test::TransactionTest,
};
use outrider_sdk::{StateRoot, harness::StateProvider};
use outrider_witness::NodeBag;

use super::native::{provide, provide_on};

/// An expected refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The name of the test and its fork.
    pub(crate) case: String,
    /// The exception of the test.
    pub(crate) exception: String,
    /// The reason that the EE gave.
    pub(crate) words: String,
}

/// The outcomes of the cases of a file.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    pub(crate) n_passed: usize,
    pub(crate) n_not_run: usize,
    pub(crate) failed: Vec<String>,
    pub(crate) refusals: Vec<Refusal>,
}

impl Outcomes {
    /// Runs all state, blockchain and transaction tests of a file.
    pub(crate) fn of_file(path: &str, json: &[u8]) -> Self {
        let mut outcomes = Self::default();
        for (name, test) in fixture::read(json).unwrap_or_else(|error| panic!("{path}: {error:?}")) {
            match test {
                Test::State(test) => outcomes.state_test(&name, &test),
                Test::Blockchain(test) => {
                    let case = format!("{name} {}", test.network);
                    let mut refusals = Vec::new();
                    let result = blockchain_test(&case, &test, &mut refusals);
                    outcomes.refusals.extend(refusals);
                    outcomes.note(&case, result);
                }
                Test::Transaction(test) => outcomes.transaction_test(&name, &test),
                Test::Vm(_) => {}
            }
        }
        outcomes
    }

    /// Joins the outcomes of two files.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.n_passed += other.n_passed;
        self.n_not_run += other.n_not_run;
        self.failed.extend(other.failed);
        self.refusals.extend(other.refusals);
        self
    }

    /// Counts a case; `Ok(false)` stands for one that cannot be run.
    fn note(&mut self, case: &str, result: Result<bool, String>) {
        match result {
            Ok(true) => self.n_passed += 1,
            Ok(false) => self.n_not_run += 1,
            Err(what) => self.failed.push(format!("{case}: {what}")),
        }
    }

    fn state_test(&mut self, name: &str, test: &StateTest) {
        let (provider, _) = provider(&test.pre_state);
        for case in &test.cases {
            let name = format!("{name} {} {}", case.fork_name, case.index);
            let result = match &case.trial {
                Ok(trial) => state_trial(&provider, &test.pre_state, trial).map(|words| {
                    if let (Some(words), Some(exception)) = (words, &trial.exception) {
                        let exception = exception.clone();
                        self.refusals.push(Refusal { case: name.clone(), exception, words });
                    }
                    true
                }),
                Err(_) => Ok(false),
            };
            self.note(&name, result);
        }
    }

    fn transaction_test(&mut self, name: &str, test: &TransactionTest) {
        for case in &test.cases {
            let name = format!("{name} {}", case.fork_name);
            let result = match &case.payload {
                Err(_) => Ok(false),
                Ok(_) if case.contradiction.is_some() => Err(format!("{:?}", case.contradiction)),
                Ok(payload) => match (provide_on(&provider(&case.pre_state).0, payload), &case.exception) {
                    (Ok(provided), None) => {
                        let root = B256::from(provided.outcome.post_state_root.0);
                        let mut nodes = provider(&case.pre_state).0.nodes().clone();
                        provided.new_nodes.into_iter().for_each(|node| nodes.insert(node.hash, node.bytes));
                        match case.mismatch(root, &nodes).unwrap() {
                            Some(mismatch) => Err(mismatch.to_string()),
                            None => Ok(true),
                        }
                    }
                    (Err(words), Some(exception)) => {
                        let exception = exception.clone();
                        self.refusals.push(Refusal { case: name.clone(), exception, words });
                        Ok(true)
                    }
                    (Ok(_), Some(exception)) => Err(format!("executed, expected {exception}")),
                    (Err(words), None) => Err(words),
                },
            };
            self.note(&name, result);
        }
    }
}

fn provider(state: &State) -> (StateProvider, B256) {
    let mut nodes = NodeBag::default();
    let root = state.commit(&mut nodes);
    (StateProvider::with_state(StateRoot(root.0), nodes), root)
}

/// Executes a case, and returns the reason of an expected refusal.
fn state_trial(
    provider: &StateProvider,
    pre_state: &State,
    trial: &StateTrial,
) -> Result<Option<String>, String> {
    let expected = trial.post_state_root;
    let (got, words) = match (provide_on(provider, &trial.payload), &trial.exception) {
        (Ok(_), Some(exception)) => return Err(format!("executed, expected {exception}")),
        (Ok(provided), None) => (B256::from(provided.outcome.post_state_root.0), None),
        (Err(words), None) => return Err(words),
        (Err(words), Some(_)) => match trial.roots_after_refusal(pre_state).contains(&expected) {
            true => (expected, Some(words)),
            false => (pre_state.root(), Some(words)),
        },
    };
    if got == expected { Ok(words) } else { Err(format!("post-state root: expected {expected}, got {got}")) }
}

/// Executes a block from its execution witness alone, and compares the block data with that from the full state.
/// Returns the reason of an expected refusal.
fn witness_trial(block: &TestBlock, chain: &Chain, block_data: &[u8]) -> Result<Option<String>, String> {
    let witness = block.witness.clone().unwrap_or_default();
    let from_witness =
        WitnessedBlock::new(block.bytes.clone(), witness).map_err(|error| error.to_string())?;
    let result = from_witness.payload(chain).map_err(|error| error.to_string());
    let result = result.and_then(|(root, payload)| provide(root, from_witness.witness.preimages(), &payload));
    match (result, block.witness_suffices) {
        (Ok(provided), true) if provided.block_data == block_data => Ok(None),
        (Ok(_), true) => Err("the witness gives other block data than the state".to_owned()),
        (Ok(_), false) => Err(format!("executed, expected {INSUFFICIENT_WITNESS}")),
        (Err(words), true) => Err(format!("with the witness of the test: {words}")),
        (Err(words), false) => Ok(Some(words)),
    }
}

fn blockchain_test(case: &str, test: &BlockchainTest, refusals: &mut Vec<Refusal>) -> Result<bool, String> {
    let Ok(mut import) = test.import() else { return Ok(false) };
    let (provider, _) = provider(&test.pre_state);
    // Side chains start from earlier states, so all states are kept.
    let mut nodes = provider.nodes().clone();
    for (index, block) in test.blocks.iter().enumerate() {
        let candidate = import.candidate(&block.bytes);
        let provider = StateProvider::with_state(StateRoot(candidate.pre_state_root.0), nodes.clone());
        match (provide_on(&provider, &candidate.payload), &block.exception, candidate.header) {
            (Err(words), _, _) if words.ends_with("is not supported") => return Ok(false),
            (Err(mut words), Some(exception), _) => {
                // Other errors only show once the transactions root is right.
                if compare(exception, &words) == Comparison::Another
                    && let Some(mended) = with_right_transactions_root(&candidate.payload)
                {
                    words = match provide_on(&provider, &mended) {
                        Ok(_) => {
                            return Err(format!("block {index}: nothing but {words}, expected {exception}"));
                        }
                        Err(words) => words,
                    };
                }
                let case = format!("{case} block {index}");
                refusals.push(Refusal { case, exception: exception.clone(), words });
            }
            (Err(words), None, _) => return Err(format!("block {index}: {words}")),
            (Ok(_), Some(exception), _) => {
                return Err(format!("block {index}: executed, expected {exception}"));
            }
            (Ok(_), None, None) => {
                return Err(format!("block {index}: the EE executed a block without a header"));
            }
            (Ok(provided), None, Some(header)) => {
                if block.witness.is_some() {
                    let result = witness_trial(block, import.chain(), &provided.block_data);
                    if let Some(words) = result.map_err(|what| format!("block {index}: {what}"))? {
                        let exception = INSUFFICIENT_WITNESS.to_owned();
                        refusals.push(Refusal { case: format!("{case} block {index}"), exception, words });
                    }
                }
                for node in provided.new_nodes {
                    nodes.insert(node.hash, node.bytes);
                }
                import.accept(header, &block.bytes);
            }
        }
    }
    let (got, expected) = (import.head().hash, test.last_block_hash);
    if got == expected { Ok(true) } else { Err(format!("last block: expected {expected}, got {got}")) }
}
