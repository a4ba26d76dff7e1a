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
//! 6. the block neither receives nor sends receipts, because EEs cannot do so yet;
//! 7. there is a payload for each transition, its reads are the latest roots, and the code of its EE is at hand;
//! 8. each payload executes, within the fuel that its transition states;
//! 9. each transition is that of its execution; the error names EE and field of the first difference;
//! 10. the header's other fields are right.
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
//! | `transition` | the transition that follows from an execution, and comparison with a stated one |
//! | `judge` | the judge of disputes about attested executions |
//! | `error` | errors, and whether they are verdicts |
//!
//! [`LedgerNode::on_shard_blocks`]: outrider_beacon::ledger::LedgerNode::on_shard_blocks
//! [`process_execution_header`]: outrider_beacon::ledger::process_execution_header

mod codes;
mod error;
mod job;
mod judge;
mod memo;
mod transition;

use std::sync::Arc;

use outrider_beacon::ledger::{
    EeIndex, EePayload, EeState, EeTransition, ExecutableBlock, Execution, ExecutionHeader, RootRead,
    Settings, ShardBody, ShardPlace,
};
use outrider_beacon_spec::types::{Bytes32, Gwei, Root};
use outrider_host::{BeaconRoot, Context, Host, ShardIndex, StateRoot};

use self::{
    codes::Loaded,
    job::Job,
    memo::Memo,
    transition::{check_transition, transition_of},
};
pub use self::{
    codes::{CodeError, Codes, MemoryCodes},
    error::ExecutorError,
    memo::ExecutionCount,
};

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

    /// Executes payloads at a place, and returns the transition of each.
    ///
    /// # Errors
    ///
    /// Fails for a payload that is refused, or that this node cannot execute.
    pub fn transitions(
        &self,
        place: &ShardPlace,
        payloads: &[EePayload],
    ) -> Vec<Result<EeTransition, ExecutorError>> {
        let fuel_max = self.settings.fuel_per_ee_max;
        let jobs: Vec<_> = payloads.iter().map(|payload| self.job(place, payload, fuel_max)).collect();
        let to_run: Vec<_> = jobs.iter().flatten().cloned().collect();
        let mut outcomes = self.memo.run(&to_run).into_iter();
        let transition = |(payload, job): (&EePayload, Result<Job, _>)| {
            let job = job?;
            let outcome = outcomes.next().unwrap_or(Err(ExecutorError::Lost { ee: payload.ee }))?;
            transition_of(job.pre, payload, &outcome)
        };
        payloads.iter().zip(jobs).map(transition).collect()
    }

    /// Executes payloads, in ascending order of their EEs, and returns the body of a block at this place.
    ///
    /// # Errors
    ///
    /// Fails at the first payload that is refused. The error names its EE.
    pub fn body(&self, place: &ShardPlace, payloads: Vec<EePayload>) -> Result<ShardBody, ExecutorError> {
        let transitions = self.transitions(place, &payloads).into_iter().collect::<Result<Vec<_>, _>>()?;
        let got = payloads.len();
        let header = header(place, transitions)?;
        let payloads = payloads.try_into().or(Err(ExecutorError::PayloadsMax { got }))?;
        Ok(ShardBody { header, payloads, ..ShardBody::default() })
    }

    /// Returns the settings of the chain.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Makes checks 6 and 7 of a block; returns its executions.
    fn jobs(&self, block: &ExecutableBlock<'_>) -> Result<Vec<Job>, ExecutorError> {
        check_shape(block.body)?;
        let ShardBody { header, payloads, .. } = block.body;
        let mut jobs = Vec::with_capacity(payloads.len());
        for (payload, transition) in payloads.iter().zip(&header.transitions) {
            let fuel_max = transition.fuel_used.min(self.settings.fuel_per_ee_max);
            jobs.push(self.job(block.place, payload, fuel_max)?);
        }
        Ok(jobs)
    }

    /// Returns the execution of a payload, after checking the payload's reads.
    fn job(&self, place: &ShardPlace, payload: &EePayload, fuel_max: u64) -> Result<Job, ExecutorError> {
        let ee = payload.ee;
        let inactive = ExecutorError::NotActive { ee, shard: place.shard, epoch: place.epoch };
        let record = place.view.ees().get(ee as usize);
        let record = record.filter(|record| record.is_on(place.shard) && record.is_active(place.epoch));
        let record = record.ok_or(inactive.clone())?;
        let shard = usize::try_from(place.shard).ok().and_then(|shard| place.view.shards().get(shard));
        let pre: EeState = *shard.and_then(|shard| shard.ees().get(ee as usize)).ok_or(inactive)?;
        for read in &payload.reads {
            check_read(place, ee, read)?;
        }
        let code = self.codes.load(ee, record.code_hash_at(place.epoch))?;
        let context = context(place, ee, pre.balance);
        Ok(Job::new(code, pre.state_root, payload, context, fuel_max))
    }

    /// Makes checks 9 and 10 of a block, given the outcomes of its executions.
    fn check(
        block: &ExecutableBlock<'_>,
        jobs: &[Job],
        outcomes: impl Iterator<Item = memo::Result>,
    ) -> Result<(), ExecutorError> {
        let ShardBody { header, payloads, .. } = block.body;
        for (((payload, stated), job), outcome) in
            payloads.iter().zip(&header.transitions).zip(jobs).zip(outcomes)
        {
            let outcome = outcome.map_err(|error| error.of_stated_fuel(stated.fuel_used))?;
            check_transition(stated, &transition_of(job.pre, payload, &outcome)?)?;
        }
        let (got, expected) = (header.finalized_slot, block.place.finalized_slot);
        if got != expected {
            return Err(ExecutorError::FinalizedSlot { got, expected });
        }
        check_availability(header)
    }
}

impl<C: Codes> Execution for Executor<C> {
    type Error = ExecutorError;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), ExecutorError>> {
        let jobs: Vec<_> = blocks.iter().map(|block| self.jobs(block)).collect();
        let of_all: Vec<_> = jobs.iter().flatten().flatten().cloned().collect();
        let mut outcomes = self.memo.run(&of_all).into_iter();
        let check = |(block, jobs): (&_, Result<Vec<Job>, _>)| {
            let jobs = jobs?;
            let outcomes: Vec<_> = outcomes.by_ref().take(jobs.len()).collect();
            Self::check(block, &jobs, outcomes.into_iter())
        };
        blocks.iter().zip(jobs).map(check).collect()
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

/// Returns the header of a block at a place with these transitions.
pub(crate) fn header(
    place: &ShardPlace,
    transitions: Vec<EeTransition>,
) -> Result<ExecutionHeader, ExecutorError> {
    let shard = usize::try_from(place.shard).ok().and_then(|shard| place.view.shards().get(shard));
    let got = transitions.len();
    Ok(ExecutionHeader {
        parent_execution_root: shard
            .ok_or(ExecutorError::UnknownShard { shard: place.shard })?
            .execution_root(),
        transitions: transitions.try_into().or(Err(ExecutorError::PayloadsMax { got }))?,
        finalized_slot: place.finalized_slot,
        ..ExecutionHeader::default()
    })
}

/// Checks that a block has no receipts, and a payload for each transition.
fn check_shape(body: &ShardBody) -> Result<(), ExecutorError> {
    let ShardBody { header, inbound, payloads } = body;
    let n_receipts = [inbound.len(), header.settlements.len(), header.lanes.len()];
    if n_receipts != [0; 3] {
        return Err(ExecutorError::Receipts { n: n_receipts.iter().sum() });
    }
    let (got, expected) = (payloads.len(), header.transitions.len());
    if got != expected {
        return Err(ExecutorError::PayloadCount { got, expected });
    }
    for (payload, transition) in payloads.iter().zip(&header.transitions) {
        let (got, expected) = (payload.ee, transition.ee);
        if got != expected {
            return Err(ExecutorError::PayloadEe { got, expected });
        }
    }
    Ok(())
}

/// Checks that a header commits to no erasure-coded body.
fn check_availability(header: &ExecutionHeader) -> Result<(), ExecutorError> {
    let got = header.availability_root;
    if got == Root::ZERO { Ok(()) } else { Err(ExecutorError::AvailabilityRoot { got }) }
}

/// Checks that a read is of the root after the beacon parent.
fn check_read(place: &ShardPlace, ee: u32, read: &RootRead) -> Result<(), ExecutorError> {
    let RootRead { shard, ee: of, state_root: got } = *read;
    let ledger = usize::try_from(shard).ok().and_then(|shard| place.beacon_parent.shards().get(shard));
    let state = ledger.and_then(|ledger| ledger.ees().get(of as usize));
    let expected: Option<Bytes32> = state.map(|state| state.state_root);
    if Some(got) == expected { Ok(()) } else { Err(ExecutorError::Read { ee, shard, of, got, expected }) }
}
