//! Stateless executors: they check the executions of shard blocks from the blocks alone.
//!
//! Proposers and attesters do the same: they execute the payloads and derive the header from the results. A proposer
//! writes it into the block, an attester compares. The checks of a shard block are, in this order:
//!
//!
//! 1. the body is within the size limit, and decodes;
//! 2. parents, slot and proposer are right, by the specification's `on_shard_block`;
//! 3. the body begins with the root of its header;
//! 4. the header follows from the ledger on which the block builds: L2 to L8 of [`process_execution_header`];
//! 5. the signature is the proposer's; those of all blocks of a slot are verified at once;
//! 6. the form of the body is right, by [`ShardBody::check_form`];
//! 7. batches of receipts are proven against the ledger of the beacon parent, in order, and each receipt can be settled;
//! 8. the reads of each payload are the latest roots, and the code of its EE is at hand;
//! 9. each payload executes with its receipts, within the fuel that its transition states;
//! 10. each transition is that of its execution; the error names EE and field of the first difference;
//! 11. settlements and lanes are those of the executions and of the receipts, by the rules of [`receipts`];
//! 12. the header's finalized slot is right.
//!
//! Each refusal by one of these can be brought before the beacon chain: [`accusation`] has the claim for it.
//!
//! [`LedgerNode::on_shard_blocks`] makes checks 1 to 5 of all blocks of a slot before any execution, and [`Executor`]
//! the others. Check 8 is one task for each distinct payload, the largest first, on a pool of threads; results are
//! collected by position. So an outcome depends neither on the number of threads nor on the order in which they finish.
//!
//! | module | concern |
//! |---|---|
//! | `codes` | code by hash, and the loaded EEs |
//! | `job` | one execution: its complete input, and its outcome |
//! | `memo` | outcomes of earlier executions, and the pool of threads |
//! | `contents` | what a proposer chooses: batches of receipts and payloads |
//! | `derive` | the header that follows from contents and outcomes, and comparison with a stated one |
//! | `receipts` | receipts in the form of the host |
//! | `transition` | the transition that follows from an execution, and comparison with a stated one |
//! | `judge` | the judge of disputes about attested executions |
//! | `error` | errors, and whether they are verdicts |
//!
//! [`receipts`]: outrider_beacon::receipts
//! [`LedgerNode::on_shard_blocks`]: outrider_beacon::ledger::LedgerNode::on_shard_blocks
//! [`process_execution_header`]: outrider_beacon::ledger::process_execution_header
//! [`accusation`]: outrider_beacon::ledger::accusation

mod codes;
mod contents;
mod derive;
mod error;
mod job;
mod judge;
mod memo;
mod receipts;
mod transition;

use std::sync::Arc;

use outrider_beacon::ledger::{
    EeIndex, EePayload, EeState, ExecutableBlock, Execution, Receipt, RootRead, Settings, ShardBody,
    ShardLedger, ShardPlace,
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    types::{Bytes32, Gwei},
};
use outrider_host::{BeaconRoot, Context, Host, ShardIndex, StateRoot};

pub(crate) use self::derive::Derived;
pub(crate) use self::receipts::received;
use self::{
    codes::Loaded,
    derive::{Executed, check, derive},
    job::Job,
    memo::Memo,
};
pub use self::{
    codes::{CodeError, Codes, MemoryCodes},
    contents::Contents,
    error::ExecutorError,
    memo::ExecutionCount,
};
use outrider_beacon::receipts::Arrivals;

/// An executor of shard blocks, for proposers, attesters, and disputes. It keeps no state of any EE, only codes, and
/// outcomes of earlier executions. It may be shared among threads.
pub struct Executor<C> {
    codes: Loaded<C>,
    memo: Memo,
    settings: Settings,
}

impl<C: Codes> Executor<C> {
    /// Makes an executor with a source of codes, the settings of the chain, and a number of threads; 0 is one for each
    /// processor. The host's configuration bounds the memory of all executions together.
    ///
    /// # Errors
    ///
    /// Fails with [`ExecutorError::Threads`] if the threads do not start.
    pub fn new(host: Host, codes: C, settings: Settings, n_threads: usize) -> Result<Self, ExecutorError> {
        Ok(Self { codes: Loaded::new(host, codes), memo: Memo::new(n_threads)?, settings })
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
        let plans = contents.iter().map(|contents| self.plan(place, contents, |_| fuel_max)).collect();
        let executed = self.execute_plans(plans);
        let derive = |(contents, executed): (&Contents, Result<Outcomes, _>)| {
            let Outcomes { arrivals, outcomes } = executed?;
            let mut executed = Vec::with_capacity(outcomes.len());
            for (payload, (pre, outcome)) in contents.payloads.iter().zip(outcomes) {
                let payload_root = hash_tree_root(payload);
                executed.push(Executed { payload, payload_root, pre, outcome: outcome? });
            }
            derive(place, &arrivals, &executed)
        };
        contents.iter().zip(executed).map(derive).collect()
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
        let derived = self.derive_each(block.place, &[Contents::of(block.body)]).pop();
        Ok(derived.unwrap_or(Err(ExecutorError::Lost { ee: 0 }))?.receipts)
    }

    /// Returns the settings of the chain.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Makes checks 6 and 7 of contents, given the fuel for each payload; returns their executions.
    fn plan(
        &self,
        place: &ShardPlace,
        contents: &Contents,
        fuel_max: impl Fn(EeIndex) -> u64,
    ) -> Result<Plan, ExecutorError> {
        let arrivals = Arrivals::new(place, &contents.inbound, |ee| contents.has_payload(ee))?;
        let mut jobs = Vec::with_capacity(contents.payloads.len());
        for payload in &contents.payloads {
            jobs.push(self.job(place, payload, &arrivals, fuel_max(payload.ee))?);
        }
        Ok(Plan { arrivals, jobs })
    }

    /// Makes check 6 and 7 of a block; returns its executions.
    fn plan_block(&self, block: &ExecutableBlock<'_>) -> Result<Plan, ExecutorError> {
        block.body.check_form()?;
        let contents = Contents::of(block.body);
        let stated = |ee| block.body.header.transitions.iter().find(move |stated| stated.ee == ee);
        let fuel_used = |ee| stated(ee).map_or(0, |stated| stated.fuel_used);
        self.plan(block.place, &contents, |ee| fuel_used(ee).min(self.settings.fuel_per_ee_max))
    }

    /// Executes plans together; returns the outcomes of each.
    fn execute_plans(&self, plans: Vec<Result<Plan, ExecutorError>>) -> Vec<Result<Outcomes, ExecutorError>> {
        let of_all: Vec<_> = plans.iter().flatten().flat_map(|plan| &plan.jobs).cloned().collect();
        let mut outcomes = self.memo.run(&of_all).into_iter();
        let outcomes = |plan: Result<Plan, _>| {
            let Plan { arrivals, jobs } = plan?;
            let outcomes = jobs.iter().map(|job| job.pre).zip(outcomes.by_ref()).collect();
            Ok(Outcomes { arrivals, outcomes })
        };
        plans.into_iter().map(outcomes).collect()
    }

    /// Returns the execution of a payload, after checking the payload's reads.
    fn job(
        &self,
        place: &ShardPlace,
        payload: &EePayload,
        arrivals: &Arrivals,
        fuel_max: u64,
    ) -> Result<Job, ExecutorError> {
        let ee = payload.ee;
        let inactive = ExecutorError::NotActive { ee, shard: place.shard, epoch: place.epoch };
        let record = place.view.ees().get(ee as usize);
        let record = record.filter(|record| record.is_on(place.shard) && record.is_active(place.epoch));
        let record = record.ok_or(inactive.clone())?;
        let pre: EeState = *shard_ledger(place)?.ees().get(ee as usize).ok_or(inactive)?;
        for read in &payload.reads {
            check_read(place, ee, read)?;
        }
        let code = self.codes.load(ee, record.code_hash_at(place.epoch))?;
        let context = context(place, ee, pre.balance);
        Ok(Job::new(
            code,
            pre.state_root,
            payload,
            (context, arrivals.shown(ee).map(received).collect()),
            fuel_max,
        ))
    }
}

/// The executions of a block, and the receipts that it settles.
struct Plan {
    arrivals: Arrivals,
    jobs: Vec<Job>,
}

/// The state before and the outcome of each execution of a block, and the receipts that it settles.
struct Outcomes {
    arrivals: Arrivals,
    outcomes: Vec<(EeState, memo::Result)>,
}

impl<C: Codes> Execution for Executor<C> {
    type Error = ExecutorError;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), ExecutorError>> {
        let plans = blocks.iter().map(|block| self.plan_block(block)).collect();
        let check = |(block, executed): (&ExecutableBlock<'_>, Result<Outcomes, _>)| {
            let Outcomes { arrivals, outcomes } = executed?;
            check(block, &arrivals, outcomes)
        };
        blocks.iter().zip(self.execute_plans(plans)).map(check).collect()
    }
}

/// Returns the context of an EE's execution at a place, where it has this ether.
#[must_use]
pub fn context(place: &ShardPlace, ee: EeIndex, balance: Gwei) -> Context {
    Context {
        shard: ShardIndex(place.shard),
        slot: outrider_host::Slot(place.slot),
        ee_index: outrider_host::EeIndex(ee.into()),
        beacon_root: BeaconRoot(place.beacon_parent_root.0),
        balance,
        finalized_slot: outrider_host::Slot(place.finalized_slot),
    }
}

/// Returns the reads of a payload in the form of the host.
pub(crate) fn reads(payload: &EePayload) -> Arc<[outrider_host::RootRead]> {
    let read = |read: &RootRead| outrider_host::RootRead {
        shard: ShardIndex(read.shard),
        ee: outrider_host::EeIndex(read.ee.into()),
        state_root: StateRoot(read.state_root.0),
    };
    payload.reads.iter().map(read).collect()
}

/// Returns the shard of a place, as the block finds it.
pub(crate) fn shard_ledger(place: &ShardPlace) -> Result<&ShardLedger, ExecutorError> {
    let shard = usize::try_from(place.shard).ok().and_then(|shard| place.view.shards().get(shard));
    shard.ok_or(ExecutorError::UnknownShard { shard: place.shard })
}

/// Checks that a read is of the root after the beacon parent.
fn check_read(place: &ShardPlace, ee: u32, read: &RootRead) -> Result<(), ExecutorError> {
    let RootRead { shard, ee: of, state_root: got } = *read;
    let ledger = usize::try_from(shard).ok().and_then(|shard| place.beacon_parent.shards().get(shard));
    let state = ledger.and_then(|ledger| ledger.ees().get(of as usize));
    let expected: Option<Bytes32> = state.map(|state| state.state_root);
    if Some(got) == expected { Ok(()) } else { Err(ExecutorError::Read { ee, shard, of, got, expected }) }
}
