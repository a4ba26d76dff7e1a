//! Stateless executors: they check the executions of shard blocks from the blocks alone.
//!
//! Proposers and attesters do the same: they execute the payloads and derive the header from the results. A proposer
//! writes it into the block, an attester compares. The checks of a shard block are, in this order:
//!
//!
//! 1. parents, slot and proposer are right, by the specification's `on_shard_block`;
//! 2. the block has not been refused before, and its proposer has not signed many others for the slot;
//! 3. the signature is the proposer's; those of all blocks of a slot are verified at once;
//! 4. the body decodes, and begins with the root of its header;
//! 5. the header follows from the ledger on which the block builds, by L2 to L9 of [`process_execution_header`], and the node
//!    knows a block that makes each root which the header assumes;
//! 6. the form of the body is right, by [`ShardBody::check_form`];
//! 7. batches of receipts are proven against the ledger of the beacon parent, in order, and each receipt can be settled;
//! 8. the reads of each payload are the latest roots, or are among the header's assumptions; and the code of its EE is at hand;
//! 9. each payload executes with its receipts, within the fuel that its transition states;
//! 10. each transition is that of its execution; the error names EE and field of the first difference;
//! 11. settlements and lanes are those of the executions and of the receipts, by the rules of [`receipts`];
//! 12. the header's finalized slot is right.
//!
//! Each refusal by one of these can be brought before the beacon chain: [`accusation`] has the claim for it.
//!
//! [`LedgerNode::on_shard_blocks`] makes checks 1 to 5 of all blocks of a slot before any execution, and [`Executor`]
//! the others. A pool of threads loads missing codes, each once, hashes the payloads, and then makes check 9, which is one
//! task for each distinct payload, the largest first; results are collected by position. So an outcome depends neither on
//! the number of threads nor on the order in which they finish. A block that fails one of these checks by a verdict is
//! remembered by its root, so it is not executed again: see [`Execution::refusal`].
//!
//! | module | concern |
//! |---|---|
//! | `config` | the configuration, and the comparison of the host's limits with the chain's |
//! | `codes` | code by hash, and the loaded EEs |
//! | `job` | one execution: its complete input, and its outcome |
//! | `plan` | the checks of a block that need no execution |
//! | `memo` | outcomes of earlier executions |
//! | `contents` | what a proposer chooses: batches of receipts and payloads |
//! | `derive` | the header that follows from contents and outcomes, and comparison with a stated one |
//! | `receipts` | receipts in the form of the host |
//! | `refusals` | the verdicts against blocks |
//! | `transition` | the transition that follows from an execution, and comparison with a stated one |
//! | `judge` | the judge of disputes about attested executions |
//! | `error` | errors, and whether they are verdicts |
//!
//! [`accusation`]: outrider_beacon::ledger::accusation
//! [`receipts`]: outrider_beacon::receipts
//! [`LedgerNode::on_shard_blocks`]: outrider_beacon::ledger::LedgerNode::on_shard_blocks
//! [`process_execution_header`]: outrider_beacon::ledger::process_execution_header

mod codes;
mod config;
mod contents;
mod derive;
mod error;
mod job;
mod judge;
mod memo;
mod plan;
mod receipts;
mod refusals;
mod transition;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use outrider_beacon::{
    ledger::{ExecutableBlock, Execution, Receipt, RootRead, SentReceipts, Settings, ShardBody, ShardPlace},
    receipts::{Arrivals, ReceiptError},
};
use outrider_beacon_spec::types::Root;
use outrider_host::Host;
use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};

use self::{
    codes::Loaded,
    config::check_host,
    derive::{check, derive},
    job::{Job, Plan},
    memo::Memo,
    plan::BlockPlan,
    refusals::Refusals,
};
pub use self::{
    codes::{CodeError, Codes, MemoryCodes},
    config::ExecutorConfig,
    contents::Contents,
    error::ExecutorError,
    memo::ExecutionCount,
    plan::context,
};
pub(crate) use self::{
    derive::Derived,
    plan::{host_read, reads, shard_ledger},
    receipts::{received, sent},
};

/// An executor of shard blocks, for proposers, attesters, and disputes. It keeps no state of any EE, only codes,
/// outcomes of earlier executions, and verdicts against blocks. It may be shared among threads.
pub struct Executor<C> {
    codes: Loaded<C>,
    memo: Memo,
    refusals: Refusals,
    pool: ThreadPool,
    settings: Settings,
}

impl<C: Codes> Executor<C> {
    /// Makes an executor from a host, a source of codes, the settings of the chain, and the executor's own configuration.
    /// The host's configuration bounds the memory of all executions together.
    ///
    /// # Errors
    ///
    /// Fails with [`ExecutorError::HostLimit`] if the host's limits are not the chain's, and with
    /// [`ExecutorError::Threads`] if the threads do not start.
    pub fn new(
        host: Host,
        codes: C,
        settings: Settings,
        config: &ExecutorConfig,
    ) -> Result<Self, ExecutorError> {
        check_host(&host, &config.limits, &settings)?;
        let pool = ThreadPoolBuilder::new()
            .num_threads(config.n_threads)
            .thread_name(|index| format!("executor-{index}"))
            .build()
            .map_err(|error| ExecutorError::Threads(Arc::new(error)))?;
        let codes = Loaded::new(host, codes, config.machine_code_bytes_max);
        Ok(Self { codes, memo: Memo::new(), refusals: Refusals::default(), pool, settings })
    }

    /// Returns the number of times that the executor has loaded a code.
    #[must_use]
    pub fn n_codes_loaded(&self) -> u64 {
        self.codes.n_loaded()
    }

    /// Returns the number of executions so far.
    #[must_use]
    pub fn executions(&self) -> ExecutionCount {
        self.memo.executions()
    }

    /// Executes contents at a place, each as if it were a block, and returns what follows from each.
    ///
    /// # Errors
    ///
    /// Fails for contents that are refused, or that this node cannot execute.
    pub(crate) fn derive_each(
        &self,
        place: &ShardPlace,
        contents: &[Contents],
    ) -> Vec<Result<Derived, ExecutorError>> {
        let fuel_max = self.settings.fuel_per_ee_max;
        let is_assumed = |read: &RootRead| place.assumable.contains(read);
        let plans = contents.iter().map(|Contents { inbound, payloads }| {
            self.plan(place, inbound, payloads, |_| fuel_max, is_assumed)
        });
        let executed = self.run(plans.collect());
        let derive = |executed: Result<Executed, _>| {
            let Executed { arrivals, executions, assumptions } = executed?;
            let outcome = |(job, outcome): (_, memo::Result)| Ok::<_, ExecutorError>((job, outcome?));
            let executions: Vec<_> = executions.into_iter().map(outcome).collect::<Result<_, _>>()?;
            derive(place, self.settings.window, &arrivals, &executions, assumptions)
        };
        executed.into_iter().map(derive).collect()
    }

    /// Executes contents, with payloads in ascending order of their EEs, and returns the body of a block at this place.
    ///
    /// # Errors
    ///
    /// Fails at the first batch or payload that is refused. The error names its EE.
    pub fn body(
        &self,
        place: &ShardPlace,
        contents: impl Into<Contents>,
    ) -> Result<ShardBody, ExecutorError> {
        let contents = contents.into();
        let derived = self.derive_each(place, std::slice::from_ref(&contents)).pop();
        let Derived { header, .. } = derived.unwrap_or(Err(ExecutorError::Lost { ee: 0 }))?;
        let Contents { inbound, payloads } = contents;
        let (n_batches, n_payloads) = (inbound.len(), payloads.len());
        Ok(ShardBody {
            header,
            inbound: inbound.try_into().or(Err(ExecutorError::BatchesMax { got: n_batches }))?,
            payloads: payloads.try_into().or(Err(ExecutorError::PayloadsMax { got: n_payloads }))?,
        })
    }

    /// Returns the receipts that a valid block sends, for each lane of its header.
    ///
    /// # Errors
    ///
    /// Fails as [`execute`](Execution::execute) does.
    pub fn sent(&self, block: &ExecutableBlock<'_>) -> Result<Vec<Vec<Receipt>>, ExecutorError> {
        if block.body.header.lanes.is_empty() {
            return Ok(Vec::new());
        }
        let assumable = block.body.header.assumptions.iter().copied().collect();
        let place = ShardPlace { assumable, ..block.place.clone() };
        let derived = self.derive_each(&place, &[Contents::of(block.body)]).pop();
        Ok(derived.unwrap_or(Err(ExecutorError::Lost { ee: 0 }))?.receipts)
    }

    /// Returns the receipts that EEs send by the payloads of a block, for a claim about its lanes.
    ///
    /// # Errors
    ///
    /// Fails if the contents of the block are refused; then there is another claim about it.
    pub fn sent_of_ees(&self, block: &ExecutableBlock<'_>) -> Result<SentReceipts, ExecutorError> {
        let fuel_max = self.settings.fuel_per_ee_max;
        let ShardBody { inbound, payloads, .. } = block.body;
        let is_assumed = |read: &RootRead| block.body.header.assumptions.contains(read);
        let executed =
            self.run(vec![self.plan(block.place, inbound, payloads, |_| fuel_max, is_assumed)]).pop();
        let Executed { executions, .. } = executed.unwrap_or(Err(ExecutorError::Lost { ee: 0 }))?;
        let mut of_ees = SentReceipts::default();
        for (job, outcome) in executions {
            let (ee, sent) = (job.ee, outcome?.sent.clone());
            if !sent.is_empty() {
                let sent = sent.try_into().or(Err(ReceiptError::Sum { ee }))?;
                of_ees.of_ees.push(sent).or(Err(ExecutorError::PayloadsMax { got: payloads.len() }))?;
            }
        }
        Ok(of_ees)
    }

    /// Returns the settings of the chain.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Executes the plans of blocks together; returns the executions of each.
    fn run(&self, blocks: Vec<Result<BlockPlan<'_>, ExecutorError>>) -> Vec<Result<Executed, ExecutorError>> {
        let planned: Vec<_> = blocks.iter().flatten().flat_map(|block| &block.plans).collect();
        let mut jobs = self.jobs(&planned).into_iter();
        let of_block = |block: Result<BlockPlan<'_>, _>| {
            let BlockPlan { arrivals, plans, assumptions } = block?;
            let jobs: Vec<_> = jobs.by_ref().take(plans.len()).collect();
            Ok((arrivals, assumptions, jobs.into_iter().collect::<Result<Vec<Job>, _>>()?))
        };
        let blocks: Vec<Result<_, ExecutorError>> = blocks.into_iter().map(of_block).collect();
        let to_run: Vec<_> = blocks.iter().flatten().flat_map(|(.., jobs)| jobs).cloned().collect();
        let mut outcomes = self.memo.run(&self.pool, &to_run).into_iter();
        let executed = |block: Result<(_, _, Vec<Job>), _>| {
            let (arrivals, assumptions, jobs) = block?;
            let executions = jobs.into_iter().zip(outcomes.by_ref()).collect();
            Ok(Executed { arrivals, executions, assumptions })
        };
        blocks.into_iter().map(executed).collect()
    }

    /// Loads the codes of executions, and hashes their inputs.
    fn jobs(&self, plans: &[&Plan<'_>]) -> Vec<Result<Job, ExecutorError>> {
        let needed: BTreeMap<_, _> = plans.iter().map(|plan| (plan.code_hash, plan.payload.ee)).collect();
        let codes = self.codes.load(&self.pool, needed);
        let job = |plan: &&Plan<'_>| {
            let ee = plan.payload.ee;
            let code = codes.get(&plan.code_hash).ok_or(ExecutorError::Lost { ee })?;
            let code = code.clone().map_err(|error| error.of_code(ee))?;
            Ok(Job::new(code, plan))
        };
        self.pool.install(|| plans.par_iter().map(job).collect())
    }
}

/// The receipts that a block settles, its executions with their outcomes, and the roots that it assumes.
struct Executed {
    arrivals: Arrivals,
    executions: Vec<(Job, memo::Result)>,
    assumptions: BTreeSet<RootRead>,
}

impl<C: Codes> Execution for Executor<C> {
    type Error = ExecutorError;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), ExecutorError>> {
        let executed = self.run(blocks.iter().map(|block| self.plan_block(block)).collect());
        let check = |(block, executed): (&ExecutableBlock<'_>, Result<Executed, _>)| {
            let Executed { arrivals, executions, assumptions } = executed?;
            check(block, self.settings.window, &arrivals, executions, assumptions)
        };
        let results: Vec<_> = blocks.iter().zip(executed).map(check).collect();
        for (block, result) in blocks.iter().zip(&results) {
            if let Err(error) = result {
                self.refusals.remember(block.root, error);
            }
        }
        results
    }

    fn refusal(&self, block_root: &Root) -> Option<ExecutorError> {
        self.refusals.of(block_root)
    }
}
