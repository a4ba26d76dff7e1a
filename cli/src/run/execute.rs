//! Executes the blocks of a fixture, one after the other.

use std::path::Path;

use indicatif::ProgressBar;
use outrider_host::{
    CallTree, Deposit, Ee, ExecutionError, ExecutionErrorKind, ExecutionInput, ExecutionOutput, Fault, Host,
    LoadError, Log, ProbedEe, StateRoot, Trace,
};
use tracing::subscriber::{NoSubscriber, with_default};

use crate::context::PartialContext;
use crate::files;
use crate::fixture::{Fixture, FixtureError, Library, Problem, Script};
use crate::output::Plain;

/// Runs fixtures on a host.
pub(crate) struct Runner {
    pub(crate) host: Host,
    /// The context of blocks, where these do not say it.
    pub(crate) context: PartialContext,
    /// Whether to keep the host calls of each block.
    pub(crate) traces: bool,
    /// Whether to make a call tree of each block.
    pub(crate) profiles: bool,
    /// Says which block is executed.
    pub(crate) bar: ProgressBar,
}

/// An EE of a fixture.
struct LoadedEe {
    ee: Ee,
    /// To execute each block again with, for the call tree: an EE's outcome is the same however often it runs.
    probed: Option<ProbedEe>,
}

/// What came of a fixture that could be run.
#[derive(Default)]
pub(crate) struct FixtureRun {
    pub(crate) blocks: Vec<BlockRun>,
    /// The state root of each EE after the last block; none if a block failed.
    pub(crate) post_state: Vec<StateRoot>,
    pub(crate) mismatches: Vec<Mismatch>,
    /// Deposits that were pushed and, if the fixture lists deposits, not listed.
    pub(crate) n_deposits_unlisted: usize,
}

/// What came of one block.
pub(crate) struct BlockRun {
    pub(crate) env: usize,
    pub(crate) pre_state_root: StateRoot,
    pub(crate) result: Result<ExecutionOutput, ExecutionError>,
    pub(crate) trace: Option<Trace>,
    pub(crate) call_tree: Option<CallTree>,
}

/// An expectation that does not hold.
pub(crate) enum Mismatch {
    /// A state root after the last block.
    PostState {
        env: usize,
        expected: StateRoot,
        got: StateRoot,
        /// The last block of this EE, after which its root was final; none if no block is for it.
        known_after_block: Option<usize>,
    },
    /// A deposit that is listed, but was not pushed, or not as often.
    MissingDeposit(Deposit),
}

impl Runner {
    /// Loads the fixture's EEs, executes its blocks up to the first that fails, and compares.
    pub(crate) fn run(&self, file: &Path, fixture: &Fixture) -> Result<FixtureRun, FixtureError> {
        let unusable = |place, problem| FixtureError { file: file.to_owned(), place, problem };
        let mut ees = Vec::new();
        for script in &fixture.execution_scripts {
            let ee = self.load(script, &fixture.libraries).map_err(|source| {
                unusable(script.place, Problem::Load { path: script.path.clone(), source })
            })?;
            ees.push(ee);
        }

        let mut state = fixture.pre_state.clone();
        let mut run = FixtureRun::default();
        for (index, block) in fixture.blocks.iter().enumerate() {
            let (file, n_blocks) = (Plain(files::name(file)), fixture.blocks.len());
            self.bar.set_message(format!("{file}, block {index} of {n_blocks}"));
            // `Fixture` has checked that both exist.
            let (Some(ee), Some(root)) = (ees.get(block.env), state.get_mut(block.env)) else { continue };
            let context = block.context.or(self.context).complete(block.env);
            let input = ExecutionInput { pre_state_root: *root, block_data: block.data.clone(), context };
            let (result, trace) = self.execute(&ee.ee, &input);
            let call_tree = ee.probed.as_ref().map(|probed| {
                // What the EE logs has been shown already.
                with_default(NoSubscriber::new(), || probed.execute(&input).1)
            });
            let pre_state_root = input.pre_state_root;
            let block_run = |result| BlockRun { env: block.env, pre_state_root, result, trace, call_tree };
            match result {
                Ok(output) => {
                    *root = output.post_state_root;
                    run.blocks.push(block_run(Ok(output)));
                }
                Err(error)
                    if matches!(error.fault(), Fault::Caller | Fault::Host)
                        && !matches!(error.kind, ExecutionErrorKind::EnginesDisagree(_)) =>
                {
                    return Err(unusable(block.place, Problem::Execution { block: index, source: error }));
                }
                Err(error) => {
                    run.blocks.push(block_run(Err(error)));
                    return Ok(run);
                }
            }
        }
        run.compare(fixture, &state);
        run.post_state = state;
        Ok(run)
    }

    fn load(&self, script: &Script, libraries: &[Library]) -> Result<LoadedEe, LoadError> {
        let libraries = libraries.iter();
        let libraries: Vec<_> = libraries
            .map(|library| outrider_host::Library { name: &library.name, code: &library.code })
            .collect();
        let ee = self.host.load_with_libraries(&script.code, &libraries)?;
        let probed = self.profiles.then(|| self.host.load_probed(&script.code, &libraries));
        Ok(LoadedEe { ee, probed: probed.transpose()? })
    }

    fn execute(
        &self,
        ee: &Ee,
        input: &ExecutionInput,
    ) -> (Result<ExecutionOutput, ExecutionError>, Option<Trace>) {
        if self.traces {
            let (result, trace) = ee.execute_traced(input, CALLS_MAX);
            (result, Some(trace))
        } else {
            (ee.execute(input), None)
        }
    }
}

/// Host calls that are kept of a block: some 15 MB, and more than anybody reads.
const CALLS_MAX: usize = 100_000;

impl FixtureRun {
    /// Tells whether all blocks were executed and all expectations hold.
    pub(crate) fn holds(&self) -> bool {
        self.mismatches.is_empty() && self.is_executed()
    }

    /// Tells whether all blocks were executed.
    pub(crate) fn is_executed(&self) -> bool {
        self.blocks.iter().all(|block| block.result.is_ok())
    }

    /// The deposits of all blocks, in their order.
    pub(crate) fn deposits(&self) -> impl Iterator<Item = &Deposit> {
        let outputs = self.blocks.iter().filter_map(|block| block.result.as_ref().ok());
        outputs.flat_map(|output| &output.deposits)
    }

    /// Holds the state after the last block, and the deposits of all blocks, against the expectations.
    fn compare(&mut self, fixture: &Fixture, state: &[StateRoot]) {
        for (env, (got, expected)) in state.iter().zip(&fixture.post_state).enumerate() {
            if got != expected {
                let known_after_block = self.blocks.iter().rposition(|block| block.env == env);
                let (expected, got) = (*expected, *got);
                self.mismatches.push(Mismatch::PostState { env, expected, got, known_after_block });
            }
        }
        let Some(listed) = &fixture.deposits else { return };
        let mut unlisted: Vec<_> = self.deposits().collect();
        let mut missing = Vec::new();
        for deposit in listed {
            match unlisted.iter().position(|pushed| *pushed == deposit) {
                Some(index) => drop(unlisted.swap_remove(index)),
                None => missing.push(Mismatch::MissingDeposit(deposit.clone())),
            }
        }
        self.n_deposits_unlisted = unlisted.len();
        self.mismatches.extend(missing);
    }
}

impl BlockRun {
    pub(crate) fn logs(&self) -> &[Log] {
        match &self.result {
            Ok(output) => &output.logs,
            Err(error) => &error.logs,
        }
    }
}
