//! Executions in a pool of threads, each distinct one made once.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use lru::LruCache;
use outrider_beacon_spec::types::Bytes32;
use rayon::ThreadPool;

use super::{
    ExecutorError,
    job::{Job, Outcome},
};

/// The number of outcomes that are remembered, of at most 3 kB each without receipts.
const OUTCOMES_MAX: NonZeroUsize = NonZeroUsize::new(8192).expect("8192 is not zero");
/// The bytes of receipts in the remembered outcomes.
const RECEIPT_BYTES_MAX: usize = 64 << 20;

/// The result of an execution.
pub(super) type Result = std::result::Result<Arc<Outcome>, ExecutorError>;

/// The number of executions that an executor was asked for, and of those that it made because their outcomes were not
/// known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExecutionCount {
    /// Those asked for.
    pub asked: u64,
    /// Those made.
    pub made: u64,
}

/// The outcomes of earlier executions by content, and the bytes of the receipts in them.
#[derive(Debug)]
struct Outcomes {
    by_id: LruCache<Bytes32, Arc<Outcome>>,
    receipt_bytes: usize,
}

impl Outcomes {
    fn put(&mut self, id: Bytes32, outcome: Arc<Outcome>) {
        self.receipt_bytes = self.receipt_bytes.saturating_add(outcome.receipt_bytes());
        if let Some((_, replaced)) = self.by_id.push(id, outcome) {
            self.receipt_bytes = self.receipt_bytes.saturating_sub(replaced.receipt_bytes());
        }
        while self.receipt_bytes > RECEIPT_BYTES_MAX {
            let Some((_, outcome)) = self.by_id.pop_lru() else { return };
            self.receipt_bytes = self.receipt_bytes.saturating_sub(outcome.receipt_bytes());
        }
    }
}

/// The outcomes of earlier executions.
pub(super) struct Memo {
    outcomes: Mutex<Outcomes>,
    asked: AtomicU64,
    made: AtomicU64,
}

impl Memo {
    pub(super) fn new() -> Self {
        let by_id = LruCache::new(OUTCOMES_MAX);
        let outcomes = Mutex::new(Outcomes { by_id, receipt_bytes: 0 });
        Self { outcomes, asked: AtomicU64::new(0), made: AtomicU64::new(0) }
    }

    pub(super) fn executions(&self) -> ExecutionCount {
        let [asked, made] = [&self.asked, &self.made].map(|n| n.load(Ordering::Relaxed));
        ExecutionCount { asked, made }
    }

    /// Makes executions whose outcomes are not known, in a pool, the largest first; returns the result of each by position. Only
    /// outcomes are remembered: a refusal may depend on the limit of fuel, or be a failure of this node.
    pub(super) fn run(&self, pool: &ThreadPool, jobs: &[Job]) -> Vec<Result> {
        let known: Vec<_> = jobs.iter().map(|job| self.outcome(job)).collect();
        let mut unknown = BTreeMap::new();
        for (job, _) in jobs.iter().zip(&known).filter(|(_, known)| known.is_none()) {
            unknown.entry((job.id, job.fuel_max)).or_insert_with(|| (job, OnceLock::new()));
        }
        let mut by_size: Vec<_> = unknown.values().collect();
        by_size.sort_by_key(|(job, _)| std::cmp::Reverse(job.size()));
        self.asked.fetch_add(jobs.len() as u64, Ordering::Relaxed);
        self.made.fetch_add(by_size.len() as u64, Ordering::Relaxed);
        pool.in_place_scope_fifo(|scope| {
            for (job, result) in by_size {
                scope.spawn_fifo(|_| {
                    let _ = result.set(job.run().map(Arc::new));
                });
            }
        });

        let result = |(job, known): (&Job, Option<Result>)| {
            known.unwrap_or_else(|| {
                let made = unknown.get(&(job.id, job.fuel_max)).and_then(|(_, result)| result.get());
                let result = made.cloned().unwrap_or(Err(ExecutorError::Lost { ee: job.ee }));
                if let Ok(outcome) = &result {
                    self.outcomes().put(job.id, Arc::clone(outcome));
                }
                result
            })
        };
        jobs.iter().zip(known).map(result).collect()
    }

    /// Returns the known result of a job.
    fn outcome(&self, job: &Job) -> Option<Result> {
        let outcome = Arc::clone(self.outcomes().by_id.get(&job.id)?);
        let (ee, limit) = (job.ee, job.fuel_max);
        Some(if outcome.fuel_used > limit { Err(ExecutorError::Fuel { ee, limit }) } else { Ok(outcome) })
    }

    fn outcomes(&self) -> std::sync::MutexGuard<'_, Outcomes> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
