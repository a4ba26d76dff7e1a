//! Execution of tests.
//!
//! Each case gets a store with the full state before it. A state provider makes block data from the payload, and so
//! executes it over the state and over the witness; the runner compares the results with the test.

mod blockchain;
mod outcome;

use std::sync::Arc;

use alloy_primitives::B256;
use outrider_evm::{post_state::PostState, state::State, trial::Trial};
use outrider_host::{Ee, chain};
use outrider_shard::{Provider, ProviderError, ReadError};
use outrider_witness::{
    mpt::{TrieError, witness::DecodeError},
    store::{Batch, MemoryStore, Store as _, StoreError},
};

use crate::{
    execution_witness::WitnessError,
    fixture::Test,
    state_test::{StateCase, StateTest, StateTrial},
    transaction_test::TransactionCase,
    vm_test::VmTest,
};
pub use outcome::{CaseReport, Outcome, Refusal};

/// A runner of tests through an EVM EE, on any number of threads.
#[derive(Clone)]
pub struct Runner {
    ee: Ee,
}

/// Why a case has no outcome: an error of this node, or output of the EE that is not block data.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    State(#[from] TrieError),
    #[error(transparent)]
    Block(#[from] WitnessError),
    #[error(transparent)]
    Frame(#[from] ReadError),
    #[error(transparent)]
    Witness(#[from] DecodeError),
}

type MemoryProvider = Provider<MemoryStore>;

impl Runner {
    /// Returns a runner for this EE.
    pub fn new(ee: Ee) -> Self {
        Self { ee }
    }

    /// Runs the cases of a test whose fork is selected. An error on the way counts as a failure.
    pub fn run(&self, name: &str, test: &Test, is_asked_for: impl Fn(&str) -> bool) -> Vec<CaseReport> {
        let mut cases = Vec::new();
        let mut case = |fork: &str, index: usize, run: &mut dyn FnMut() -> Result<Outcome, RunError>| {
            if is_asked_for(fork) {
                let outcome = run().unwrap_or_else(|error| Outcome::Failed(chain(&error)));
                cases.push(CaseReport { test: name.to_owned(), fork: fork.to_owned(), index, outcome });
            }
        };
        match test {
            Test::State(test) => self.state_test(test, &mut case),
            Test::Blockchain(test) => case(&test.network, 0, &mut || self.blockchain_test(test)),
            Test::Transaction(test) => {
                for of_fork in &test.cases {
                    case(&of_fork.fork_name, 0, &mut || self.transaction_case(of_fork));
                }
            }
            Test::Vm(test) => case("Frontier", 0, &mut || self.vm_test(test)),
        }
        cases
    }

    /// Returns a provider over a state, and the state root.
    fn provider(&self, state: &State) -> Result<(MemoryProvider, B256), RunError> {
        let (root, batch) = state.batch();
        Ok((Provider::open(self.ee.clone(), store_of(&batch)?)?, root))
    }

    /// Returns a provider over a part of a state.
    fn provider_of_part(&self, batch: &Batch) -> Result<MemoryProvider, RunError> {
        Ok(Provider::open_part(self.ee.clone(), store_of(batch)?)?)
    }

    fn state_test(
        &self,
        test: &StateTest,
        case: &mut impl FnMut(&str, usize, &mut dyn FnMut() -> Result<Outcome, RunError>),
    ) {
        let provider = self.provider(&test.pre_state);
        for StateCase { fork_name, index, trial } in &test.cases {
            case(fork_name, *index, &mut || match (&provider, trial) {
                (Err(error), _) => Ok(Outcome::Failed(chain(error))),
                (Ok(_), Err(error)) => Ok(Outcome::NotRun(chain(error))),
                (Ok((provider, root)), Ok(trial)) => state_trial(provider, *root, trial, &test.pre_state),
            });
        }
    }

    fn transaction_case(&self, case: &TransactionCase) -> Result<Outcome, RunError> {
        let TransactionCase { pre_state, payload, exception, contradiction, .. } = case;
        if let Some(mismatch) = contradiction {
            return Ok(Outcome::Failed(chain(mismatch)));
        }
        let payload = match payload {
            Ok(payload) => payload,
            Err(error) => return Ok(Outcome::NotRun(chain(error))),
        };
        let (provider, root) = self.provider(pre_state)?;
        Ok(match (Trial::new(&provider, root, payload), exception) {
            (Trial::Unsupported(words), _) => Outcome::NotRun(words),
            (Trial::Failed(error), _) => Outcome::unanswered(&error),
            (Trial::Executed(built), None) => {
                let post_state = PostState::new(&built, provider.store());
                match case.mismatch(post_state.root(), &post_state)? {
                    Some(mismatch) => Outcome::Failed(chain(&mismatch)),
                    None => Outcome::passed(),
                }
            }
            (Trial::Refused(words), Some(exception)) => Outcome::refused(exception, words),
            (Trial::Refused(words), None) => Outcome::wrongly_refused(&words),
            (Trial::Executed(_), Some(exception)) => Outcome::not_refused(exception),
        })
    }

    fn vm_test(&self, test: &VmTest) -> Result<Outcome, RunError> {
        let payload = match &test.payload {
            Ok(payload) => payload,
            Err(error) => return Ok(Outcome::NotRun(chain(error))),
        };
        let (provider, root) = self.provider(&test.pre_state)?;
        Ok(match Trial::new(&provider, root, payload) {
            Trial::Unsupported(words) => Outcome::NotRun(words),
            Trial::Failed(error) => Outcome::unanswered(&error),
            Trial::Refused(words) => Outcome::wrongly_refused(&words),
            Trial::Executed(built) => {
                let post_state = PostState::new(&built, provider.store());
                match test.check(post_state.root(), &post_state) {
                    Ok(()) => Outcome::passed(),
                    Err(mismatch) => Outcome::Failed(chain(&mismatch)),
                }
            }
        })
    }
}

fn store_of(batch: &Batch) -> Result<Arc<MemoryStore>, RunError> {
    let store = MemoryStore::new();
    store.apply(batch)?;
    Ok(Arc::new(store))
}

/// Runs a case of a state test:
///
/// 1. Compares what the test holds twice, see [`StateTrial::contradiction`].
/// 2. Executes the transaction, and checks that the EE refuses it if the test expects an exception.
/// 3. Compares the state root with the test's. A refusal leaves the state as it was, see
///    [`StateTrial::roots_after_refusal`].
///
/// The payload has the hash of the expected logs, and the EE refuses any other.
fn state_trial(
    provider: &MemoryProvider,
    pre_state_root: B256,
    trial: &StateTrial,
    pre_state: &State,
) -> Result<Outcome, RunError> {
    if let Some(contradiction) = &trial.contradiction {
        return Ok(Outcome::Failed(chain(contradiction)));
    }
    let expected = trial.post_state_root;
    let built = match (Trial::new(provider, pre_state_root, &trial.payload), &trial.exception) {
        (Trial::Unsupported(words), _) => return Ok(Outcome::NotRun(words)),
        (Trial::Failed(error), _) => return Ok(Outcome::unanswered(&error)),
        (Trial::Refused(words), None) => return Ok(Outcome::wrongly_refused(&words)),
        (Trial::Executed(_), Some(exception)) => return Ok(Outcome::not_refused(exception)),
        (Trial::Refused(words), Some(exception))
            if trial.roots_after_refusal(pre_state).contains(&expected) =>
        {
            return Ok(Outcome::refused(exception, words));
        }
        (Trial::Refused(_), Some(_)) => {
            let what = format!(
                "post-state root: expected {expected}, and a refused transaction leaves {pre_state_root}"
            );
            return Ok(Outcome::Failed(what));
        }
        (Trial::Executed(built), None) => built,
    };
    let post_state = PostState::new(&built, provider.store());
    let got = post_state.root();
    if got == expected {
        return Ok(Outcome::passed());
    }
    let mut what = format!("post-state root: expected {expected}, got {got}");
    if let Some(expected) = &trial.post_state
        && let Some(difference) = post_state.difference(expected)?
    {
        what.push_str(&format!("; {difference}"));
    }
    Ok(Outcome::Failed(what))
}
