//! Runs the cases of a file.

use std::path::PathBuf;
use std::sync::Arc;

use alloy_primitives::B256;
use outrider_evm::state::State;
use outrider_evm_tests::{
    fixture::{self, FixtureError, Test},
    state_test::{StateCase, StateTest, StateTrial},
    transaction_test::{TransactionCase, TransactionTest},
    vm_test::VmTest,
};
use outrider_host::{Ee, chain};
use outrider_shard::Provider;
use outrider_witness::{
    Hash,
    store::{Batch, MemoryStore, Store as _},
};

use super::files::TestFile;
use super::report::{CaseReport, FileReport, Outcome};
use crate::evm::after::After;
use crate::evm::tried::Tried;

/// Runs tests.
pub(super) struct Runner {
    pub(super) ee: Ee,
    /// What the file, the name or the fork of a test has to have in it.
    pub(super) filter: Option<String>,
    /// The paths that were asked for.
    pub(super) named: Vec<PathBuf>,
}

/// What came of a case; an error that is no answer to it is a failure, too.
pub(super) type Run = anyhow::Result<Outcome>;

impl Runner {
    pub(super) fn run(&self, file: &TestFile) -> FileReport {
        let tests = match &file.json {
            Ok(json) => fixture::read(json).map_err(anyhow::Error::from),
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        let tests = match tests {
            Ok(tests) => tests,
            Err(error) if self.may_skip(file, &error) => return FileReport::without_tests(&file.name),
            Err(error) => return FileReport::unusable(&file.name, &error),
        };
        let mut cases = Vec::new();
        for (name, test) in tests {
            let mut case = |fork: &str, index: usize, run: &mut dyn FnMut() -> Run| {
                if self.is_asked_for(&[&file.name, &name, fork]) {
                    let outcome = run().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
                    cases.push(CaseReport { test: name.clone(), fork: fork.to_owned(), index, outcome });
                }
            };
            match &test {
                Test::State(test) => self.state_test(test, &mut case),
                Test::Blockchain(test) => case(&test.network, 0, &mut || self.blockchain_test(test)),
                Test::Transaction(test) => self.transaction_test(test, &mut case),
                Test::Vm(test) => case("Frontier", 0, &mut || self.vm_test(test)),
            }
        }
        FileReport::new(&file.name, cases)
    }

    /// Whether a file that has no tests was found in a tree, and not asked for by its name.
    fn may_skip(&self, file: &TestFile, error: &anyhow::Error) -> bool {
        let is_named = self.named.iter().any(|path| path.display().to_string() == file.name);
        matches!(error.downcast_ref(), Some(FixtureError::NoTest { .. })) && !is_named
    }

    fn is_asked_for(&self, names: &[&str]) -> bool {
        self.filter.as_ref().is_none_or(|filter| names.iter().any(|name| name.contains(filter)))
    }

    /// A provider over a state, and the state's root.
    pub(super) fn provider(&self, state: &State) -> anyhow::Result<(Provider<MemoryStore>, B256)> {
        let mut batch = Batch::new();
        let root = state.commit(&mut batch);
        batch.pin(&Hash(root.0));
        Ok((self.provider_of(&batch)?, root))
    }

    pub(super) fn provider_of(&self, batch: &Batch) -> anyhow::Result<Provider<MemoryStore>> {
        let store = MemoryStore::new();
        store.apply(batch)?;
        Ok(Provider::open(self.ee.clone(), Arc::new(store))?)
    }

    fn state_test(&self, test: &StateTest, case: &mut impl FnMut(&str, usize, &mut dyn FnMut() -> Run)) {
        let provider = self.provider(&test.pre_state);
        for StateCase { fork_name, index, trial } in &test.cases {
            case(fork_name, *index, &mut || {
                let (provider, root) = provider.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
                match trial {
                    Ok(trial) => state_trial(provider, *root, trial, &test.pre_state),
                    Err(error) => Ok(Outcome::NotRun(chain(error))),
                }
            });
        }
    }

    fn transaction_test(
        &self,
        test: &TransactionTest,
        case: &mut impl FnMut(&str, usize, &mut dyn FnMut() -> Run),
    ) {
        for of_fork in &test.cases {
            let TransactionCase { fork_name, pre_state, payload, exception, contradiction, .. } = of_fork;
            case(fork_name, 0, &mut || {
                if let Some(mismatch) = contradiction {
                    return Ok(Outcome::Failed(chain(mismatch)));
                }
                let payload = match payload {
                    Ok(payload) => payload,
                    Err(error) => return Ok(Outcome::NotRun(chain(error))),
                };
                let (provider, root) = self.provider(pre_state)?;
                Ok(match (Tried::new(&provider, root, payload), exception) {
                    (Tried::Unsupported(words) | Tried::OutOfMemory(words), _) => Outcome::NotRun(words),
                    (Tried::Broken(what), _) => Outcome::Failed(what),
                    (Tried::Built(built), None) => {
                        let after = After::new(&built, provider.store());
                        match of_fork.mismatch(after.root(), &after)? {
                            Some(mismatch) => Outcome::Failed(chain(&mismatch)),
                            None => Outcome::passed(),
                        }
                    }
                    (Tried::Refused(words), Some(exception)) => Outcome::refused(exception, words),
                    (Tried::Refused(words), None) => Outcome::Failed(format!("refused: {words}")),
                    (Tried::Built(_), Some(exception)) => Outcome::Failed(not_refused(exception)),
                })
            });
        }
    }

    fn vm_test(&self, test: &VmTest) -> Run {
        let payload = match &test.payload {
            Ok(payload) => payload,
            Err(error) => return Ok(Outcome::NotRun(chain(error))),
        };
        let (provider, root) = self.provider(&test.pre_state)?;
        Ok(match Tried::new(&provider, root, payload) {
            Tried::Unsupported(words) | Tried::OutOfMemory(words) => Outcome::NotRun(words),
            Tried::Broken(what) => Outcome::Failed(what),
            Tried::Refused(words) => Outcome::Failed(format!("refused: {words}")),
            Tried::Built(built) => {
                let after = After::new(&built, provider.store());
                match test.check(after.root(), &after) {
                    Ok(()) => Outcome::passed(),
                    Err(mismatch) => Outcome::Failed(chain(&mismatch)),
                }
            }
        })
    }
}

/// 1. What the test tells twice is the same, see [`StateTrial::contradiction`].
/// 2. The EE executes the transaction, or refuses it if there should be something wrong with it.
/// 3. The root after it is the test's. A refusal leaves the state as it was, see [`StateTrial::roots_after_refusal`].
///
/// The hash of the logs is part of the payload, and the EE refuses another.
fn state_trial(
    provider: &Provider<MemoryStore>,
    pre_state_root: B256,
    trial: &StateTrial,
    pre_state: &State,
) -> Run {
    if let Some(contradiction) = &trial.contradiction {
        return Ok(Outcome::Failed(chain(contradiction)));
    }
    let expected = trial.post_state_root;
    let tried = Tried::new(provider, pre_state_root, &trial.payload);
    let built = match (tried, &trial.exception) {
        (Tried::Unsupported(words) | Tried::OutOfMemory(words), _) => return Ok(Outcome::NotRun(words)),
        (Tried::Broken(what), _) => return Ok(Outcome::Failed(what)),
        (Tried::Refused(words), None) => return Ok(Outcome::Failed(format!("refused: {words}"))),
        (Tried::Built(_), Some(exception)) => return Ok(Outcome::Failed(not_refused(exception))),
        (Tried::Refused(words), Some(exception))
            if trial.roots_after_refusal(pre_state).contains(&expected) =>
        {
            return Ok(Outcome::refused(exception, words));
        }
        (Tried::Refused(_), Some(_)) => {
            let what = format!(
                "post-state root: expected {expected}, and a refused transaction leaves {pre_state_root}"
            );
            return Ok(Outcome::Failed(what));
        }
        (Tried::Built(built), None) => built,
    };
    let got = B256::from(built.post_state_root().0);
    if got == expected {
        return Ok(Outcome::passed());
    }
    let mut what = format!("post-state root: expected {expected}, got {got}");
    if let Some(post_state) = &trial.post_state
        && let Some(difference) = After::new(&built, provider.store()).difference(post_state)?
    {
        what.push_str(&format!("; {difference}"));
    }
    Ok(Outcome::Failed(what))
}

/// What is wrong when something is executed that should not be.
pub(super) fn not_refused(exception: &str) -> String {
    format!("executed, expected a refusal: {exception}")
}
