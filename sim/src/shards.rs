//! Shards with EEs: proposers that fill blocks with the payloads of state providers, and executors without a state.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use outrider_beacon::ledger::{
    EeIndex, EePayload, ExecutableBlock, Execution, LedgerNode, ShardBody, ShardPlace,
};
use outrider_beacon_spec::{
    phase::Phase1,
    preset::Preset,
    types::{Gwei, Shard},
};
use outrider_shard::{
    ProviderError,
    executor::{Codes, Contents, Executor, ExecutorError},
    proposer::fill,
    provider::{PayloadLimits, ProviderActor},
};
use outrider_witness::store::MemoryStore;

use crate::shard_block::ShardProposer;

/// The bytes of block data in an offer: half of a body, so that two EEs fit.
const OFFER_BYTES_MAX: usize = 1 << 19;

/// The shards of a simulation: one executor for all views, and state providers of EEs on shards. It proposes bodies and
/// executes blocks; each provider follows all blocks that were accepted.
///
/// The executor has no state: it knows only codes, and outcomes of the same executions. A provider is asked only for
/// offers.
pub struct Shards<C> {
    executor: Executor<C>,
    gasprice: Gwei,
    actors: Mutex<Actors>,
}

/// State providers.
#[derive(Default)]
struct Actors {
    providers: BTreeMap<(Shard, EeIndex), ProviderActor<MemoryStore>>,
    failures: Vec<ProviderFailure>,
}

/// The failure of a state provider.
#[derive(Debug, thiserror::Error)]
#[error("the state provider of EE {ee} on shard {shard} fails")]
pub struct ProviderFailure {
    /// The EE.
    pub ee: EeIndex,
    /// The shard.
    pub shard: Shard,
    /// The reason.
    #[source]
    pub error: ProviderError,
}

impl<C: Codes> Shards<C> {
    /// Makes shards with an executor and the price of a byte, below which proposers do not take payloads.
    #[must_use]
    pub fn new(executor: Executor<C>, gasprice: Gwei) -> Self {
        Self { executor, gasprice, actors: Mutex::default() }
    }

    /// Returns the executor.
    #[must_use]
    pub fn executor(&self) -> &Executor<C> {
        &self.executor
    }

    /// Adds a state provider, or replaces the one of its EE on its shard.
    pub fn add(&self, provider: ProviderActor<MemoryStore>) {
        let (ee, shard) = provider.place();
        self.actors().providers.insert((shard, ee), provider);
    }

    /// Lets a user use the state provider of an EE on a shard, for example to submit packages; `None` if there is none.
    pub fn with<T>(
        &self,
        shard: Shard,
        ee: EeIndex,
        visit: impl FnOnce(&mut ProviderActor<MemoryStore>) -> T,
    ) -> Option<T> {
        self.actors().providers.get_mut(&(shard, ee)).map(visit)
    }

    /// Tells all state providers which blocks are final for a node.
    pub fn finalize<P: Preset>(&self, node: &LedgerNode<Phase1<P>>) {
        let Some(finalized) = node.extended(&node.store().finalized_checkpoint.root) else { return };
        let mut actors = self.actors();
        for ((shard, _), provider) in &mut actors.providers {
            let shard = usize::try_from(*shard).ok().and_then(|shard| finalized.ledger.shards().get(shard));
            shard.into_iter().for_each(|shard| provider.finalize(shard.execution_root()));
        }
    }

    /// Returns the failures of providers so far, and forgets them.
    pub fn take_failures(&self) -> Vec<ProviderFailure> {
        std::mem::take(&mut self.actors().failures)
    }

    fn actors(&self) -> MutexGuard<'_, Actors> {
        self.actors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Actors {
    /// Returns the payloads that providers offer at a place.
    fn offers(&mut self, place: &ShardPlace, limits: PayloadLimits) -> Vec<EePayload> {
        let Self { providers, failures } = self;
        let mut payloads = Vec::new();
        for ((shard, ee), provider) in providers.range_mut((place.shard, 0)..=(place.shard, EeIndex::MAX)) {
            match provider.offer(place, limits) {
                Ok(outcome) => payloads.extend(outcome.offer.map(|offer| offer.payload)),
                Err(error) => failures.push(ProviderFailure { ee: *ee, shard: *shard, error }),
            }
        }
        payloads
    }

    /// Has the providers of a shard follow a block.
    fn follow(&mut self, place: &ShardPlace, body: &ShardBody) {
        let Self { providers, failures } = self;
        for ((shard, ee), provider) in providers.range_mut((place.shard, 0)..=(place.shard, EeIndex::MAX)) {
            if let Err(error) = provider.follow(place, body) {
                failures.push(ProviderFailure { ee: *ee, shard: *shard, error });
            }
        }
    }
}

impl<C: Codes> ShardProposer for Shards<C> {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let fuel_max = self.executor.settings().fuel_per_ee_max;
        let limits = PayloadLimits { bytes_max: OFFER_BYTES_MAX, fuel_max };
        let offered = self.actors().offers(place, limits);
        let offered = offered.into_iter().map(|payload| Contents::from(vec![payload])).collect();
        fill(&self.executor, place, offered, Vec::new(), self.gasprice).ok().map(|filled| filled.body)
    }
}

impl<C: Codes> Execution for Shards<C> {
    type Error = ExecutorError;

    /// Executes blocks; providers follow those that are right.
    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), ExecutorError>> {
        let results = self.executor.execute(blocks);
        let mut actors = self.actors();
        for (block, _) in blocks.iter().zip(&results).filter(|(_, result)| result.is_ok()) {
            actors.follow(block.place, block.body);
        }
        results
    }

    fn refusal(&self, block_root: &Root) -> Option<ExecutorError> {
        self.executor.refusal(block_root)
    }
}
