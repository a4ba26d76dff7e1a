//! The verdicts against shard blocks, by block root.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use outrider_beacon_spec::types::Root;

use super::ExecutorError;

/// The number of refused blocks that are remembered, each with a reason of a few kB at most: the EE's own reason, and a
/// backtrace. A proposer who wants to displace one has to sign as many blocks, two for each slot of a shard.
const REFUSALS_MAX: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not zero");

/// The blocks refused last. The root of a block determines its verdict: see
/// [`Execution::refusal`](outrider_beacon::ledger::Execution::refusal).
pub(super) struct Refusals(Mutex<LruCache<Root, ExecutorError>>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REFUSALS_MAX)))
    }
}

impl Refusals {
    /// Remembers a block that was refused by a verdict; a failure of this node is not one.
    pub(super) fn remember(&self, block_root: Root, error: &ExecutorError) {
        if error.is_verdict() {
            self.errors().put(block_root, error.clone());
        }
    }

    pub(super) fn of(&self, block_root: &Root) -> Option<ExecutorError> {
        self.errors().get(block_root).cloned()
    }

    fn errors(&self) -> MutexGuard<'_, LruCache<Root, ExecutorError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
