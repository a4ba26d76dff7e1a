//! Shards with EEs: proposers that fill blocks with the payloads of state providers, and executors without a state.

mod beacon_blocks;
mod history;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use outrider_beacon::{
    ledger::{
        EeIndex, ExecutableBlock, Execution, InboundBatch, Ledger, Receipt, Settings, ShardBody, ShardPlace,
    },
    proof::BlockProofs,
};
use outrider_beacon_spec::types::{Gwei, Root, Shard, Slot};
use outrider_shard::{
    ProviderError,
    executor::{Codes, Contents, Executor, ExecutorError},
    proposer::{DUTIES, fill},
    provider::{Offer, OfferOutcome, PayloadLimits, ProviderActor},
    relay::{LifeUnknown, ReceiptLimits, Relay, Waiting, within},
};
use outrider_witness::store::MemoryStore;

use self::{beacon_blocks::BeaconBlocks, history::History};
use crate::shard_block::ShardProposer;

/// The receipts that an EE is shown in a block, so that four EEs with receipts fit.
const RECEIPTS_OF_EE: ReceiptLimits =
    ReceiptLimits { receipts_max: 256, bytes_max: 1 << 18, batches_max: 16, returning_ees_max: 1 };
/// The bytes of block data in an offer: half of a body, so that two EEs fit.
const OFFER_BYTES_MAX: usize = 1 << 19;
/// The failures of providers that are kept until somebody takes them.
const FAILURES_MAX: usize = 1024;

/// The shards of a simulation: one executor for all views, and state providers of EEs on shards. It proposes bodies and
/// executes blocks; each provider follows all blocks that were accepted.
///
/// The executor has no state: it knows only codes, and outcomes of the same executions. A provider is asked only for
/// offers. When an epoch is final, providers release the states on which no block can build any more, and offers for its
/// slots are forgotten.
pub struct Shards<C> {
    executor: Executor<C>,
    gasprice: Gwei,
    actors: Mutex<Actors>,
}

/// State providers, and the receipts that blocks of any branch have sent.
#[derive(Default)]
struct Actors {
    relay: Relay,
    beacon_blocks: BeaconBlocks,
    providers: BTreeMap<(Shard, EeIndex), ProviderActor<MemoryStore>>,
    history: History,
    failures: VecDeque<ProviderFailure>,
    n_failures: u64,
    n_dropped: u64,
    /// Providers that make no offers.
    absent: BTreeSet<(Shard, EeIndex)>,
    /// Shards to which nobody delivers receipts.
    undelivered: BTreeSet<Shard>,
}

/// The numbers of things that shards keep for blocks since finality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Headers whose receipts are known.
    pub headers: usize,
    /// Ledgers after the beacon parents of shard blocks.
    pub ledgers: usize,
    /// Shard blocks, with the roots of the EEs' states after each.
    pub blocks: usize,
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

    /// Sets the state providers that make no offers, and the shards to which nobody delivers receipts, until this is called
    /// again.
    pub fn set_absent(&self, providers: BTreeSet<(Shard, EeIndex)>, undelivered: BTreeSet<Shard>) {
        let mut actors = self.actors();
        actors.absent = providers;
        actors.undelivered = undelivered;
    }

    /// Returns the latest failures of providers, at most 1,024, and forgets them.
    pub fn take_failures(&self) -> Vec<ProviderFailure> {
        std::mem::take(&mut self.actors().failures).into()
    }

    /// Returns the number of failures of providers so far.
    pub fn n_failures(&self) -> u64 {
        self.actors().n_failures
    }

    /// Returns the number of packages that providers have given up so far, without a block that has them.
    pub fn n_dropped(&self) -> u64 {
        self.actors().n_dropped
    }

    /// Returns the SSZ of the [`ReceiptLife`](outrider_beacon::proof::ReceiptLife) of a receipt, by source, destination and number,
    /// up to a beacon block since finality, from whose root all of it is proven.
    ///
    /// # Errors
    ///
    /// Fails if the block is not known, if its chain has no such receipt, or if the receipt was settled before finality and is
    /// forgotten.
    pub fn receipt_life(
        &self,
        lane: (Shard, Shard),
        sequence: u64,
        block_root: &Root,
    ) -> Result<Vec<u8>, LifeUnknown> {
        let actors = self.actors();
        let block = actors.beacon_blocks.get(block_root);
        let block = block.ok_or(LifeUnknown::Block { block_root: *block_root })?;
        Ok(actors.relay.life(lane, sequence, block)?.to_ssz_bytes())
    }

    /// Returns how much is kept for blocks since finality.
    pub fn kept(&self) -> Kept {
        let actors = self.actors();
        let [ledgers, blocks] = actors.history.lengths();
        Kept { headers: actors.relay.len(), ledgers, blocks }
    }

    fn actors(&self) -> MutexGuard<'_, Actors> {
        self.actors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Actors {
    /// Returns what providers offer at a place, each with the receipts that it takes, and the receipts that no EE takes.
    fn offers(&mut self, place: &ShardPlace, limits: PayloadLimits) -> (Vec<Contents>, Vec<InboundBatch>) {
        let Self { providers, relay, beacon_blocks, absent, undelivered, n_dropped, .. } = self;
        let is_on_strike = undelivered.contains(&place.shard);
        let earlier = |slot: Slot| beacon_blocks.earlier(&place.beacon_parent_root, slot);
        let waiting = relay.waiting_since(place, &earlier);
        let (mut offers, mut failures) = (Vec::new(), Vec::new());
        for ((shard, ee), provider) in providers.range_mut((place.shard, 0)..=(place.shard, EeIndex::MAX)) {
            if absent.contains(&(*shard, *ee)) {
                continue;
            }
            let is_left_out = |waiting: &&Waiting<'_>| {
                provider.leaves_out((waiting.receipt.source_shard, waiting.receipt.sequence), place.slot)
            };
            let of_ee = waiting.for_ees.get(ee).into_iter().flatten();
            let of_ee = of_ee.filter(|_| !is_on_strike);
            let of_ee: Vec<_> = of_ee.filter(|waiting| !is_left_out(waiting)).cloned().collect();
            let of_ee = within(&of_ee, place.slot, RECEIPTS_OF_EE);
            let receipts: Vec<_> = of_ee.iter().map(Waiting::received).collect();
            match provider.offer(place, &receipts, limits) {
                Ok(OfferOutcome { offer, alternative, dropped, .. }) => {
                    *n_dropped = n_dropped.saturating_add(dropped.len() as u64);
                    let contents = |Offer { payload, receipts, .. }| {
                        let is_taken = |waiting: &&Waiting<'_>| {
                            receipts.contains(&(waiting.receipt.source_shard, waiting.receipt.sequence))
                        };
                        let taken: Vec<_> = of_ee.iter().filter(is_taken).cloned().collect();
                        Contents { inbound: relay.batches(&taken), payloads: vec![payload] }
                    };
                    offers.extend([offer, alternative].into_iter().flatten().map(contents));
                }
                Err(error) => failures.push(ProviderFailure { ee: *ee, shard: *shard, error }),
            }
        }
        let mut duties = Vec::new();
        if !is_on_strike {
            duties = relay.batches(&within(&waiting.for_nobody, place.slot, DUTIES));
            duties.extend(relay.lost(place, &earlier));
            duties.sort_by_key(|batch| (batch.source_shard, batch.lane.first.saturating_add(batch.start)));
        }
        failures.into_iter().for_each(|failure| self.fail(failure));
        (offers, duties)
    }

    /// Has the providers of a shard follow a block, and keeps the receipts that it sends, if they are known.
    fn follow(&mut self, block: &ExecutableBlock<'_>, sent: Option<Vec<Vec<Receipt>>>) {
        let ExecutableBlock { place, body, .. } = *block;
        match sent {
            Some(sent) => self.relay.add(place.slot, &body.header, sent),
            None => self.relay.add_header(place.slot, &body.header),
        }
        let of_shard = (place.shard, 0)..=(place.shard, EeIndex::MAX);
        let mut failures = Vec::new();
        for ((shard, ee), provider) in self.providers.range_mut(of_shard) {
            if let Err(error) = provider.follow(place, body) {
                failures.push(ProviderFailure { ee: *ee, shard: *shard, error });
            }
        }
        failures.into_iter().for_each(|failure| self.fail(failure));
        if self.history.add(block).is_some() {
            self.release();
        }
    }

    /// Releases the states of providers on which no block can build any more.
    fn release(&mut self) {
        let mut failures = Vec::new();
        for ((shard, ee), provider) in &mut self.providers {
            let needed = self.history.needed(*shard, *ee);
            let needed = needed.into_iter().map(|root| root.0.into()).collect();
            if let Err(error) = provider.release_all_but(&needed) {
                failures.push(ProviderFailure { ee: *ee, shard: *shard, error });
            }
        }
        failures.into_iter().for_each(|failure| self.fail(failure));
    }

    /// Keeps a failure instead of the oldest one, if there are many.
    fn fail(&mut self, failure: ProviderFailure) {
        self.n_failures = self.n_failures.saturating_add(1);
        if self.failures.len() >= FAILURES_MAX {
            self.failures.pop_front();
        }
        self.failures.push_back(failure);
    }
}

impl<C: Codes> ShardProposer for Shards<C> {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let &Settings { fuel_per_ee_max: fuel_max, deposit_amount_min, window, .. } =
            self.executor.settings();
        let limits = PayloadLimits { bytes_max: OFFER_BYTES_MAX, fuel_max, deposit_amount_min, window };
        let (offered, duties) = self.actors().offers(place, limits);
        fill(&self.executor, place, offered, duties, self.gasprice).ok().map(|filled| filled.body)
    }
}

impl<C: Codes> Execution for Shards<C> {
    type Error = ExecutorError;

    /// Executes blocks; providers follow those that are right.
    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), ExecutorError>> {
        let results = self.executor.execute(blocks);
        let mut actors = self.actors();
        for (block, _) in blocks.iter().zip(&results).filter(|(_, result)| result.is_ok()) {
            actors.follow(block, self.executor.sent(block).ok());
        }
        results
    }

    fn refusal(&self, block_root: &Root) -> Option<ExecutorError> {
        self.executor.refusal(block_root)
    }

    fn on_beacon_receipts(&self, receipts: &[Receipt]) {
        // A block has no more than its lanes have room for.
        let _ = self.actors().relay.add_from_beacon_chain(receipts);
    }

    /// Keeps the block, the headers that it crosslinks, and the proofs of those which the ledger after it does not know any
    /// more.
    fn on_beacon_block(&self, block: &Arc<dyn BlockProofs>) {
        let mut actors = self.actors();
        let Actors { relay, beacon_blocks, .. } = &mut *actors;
        // Some may be of shard blocks that nobody has sent here, whose receipts are lost in the end.
        for execution in block.executions() {
            relay.add_header(execution.slot, &execution.header);
        }
        if let Some(parent) = beacon_blocks.add(block) {
            // A block that was accepted has a ledger; without a proof, its receipts are not carried for so long.
            let _ = relay.keep_history(&*parent, block.ledger().slot());
        }
    }

    /// Tells all state providers which shard blocks are final, so that they drop the packages in these.
    fn on_finalized(&self, finalized: &Ledger) {
        let mut actors = self.actors();
        for ((shard, _), provider) in &mut actors.providers {
            let shard = usize::try_from(*shard).ok().and_then(|shard| finalized.shards().get(shard));
            shard.into_iter().for_each(|shard| provider.finalize(shard.execution_root()));
        }
        let Actors { relay, beacon_blocks, .. } = &mut *actors;
        beacon_blocks.forget_before(finalized.slot());
        match beacon_blocks.layout() {
            Some(layout) => relay.forget_settled(finalized, layout),
            // Without beacon blocks, no receipt can be proven for longer than a ledger knows its header.
            None => relay.forget_before(finalized.slot().saturating_sub(256)),
        }
    }
}
