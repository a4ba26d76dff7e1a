//! A state provider that takes part in a chain: users give it packages, proposers take its payloads, and it follows the
//! state of its EE on its shard, on every branch since finality.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicU64},
};

use outrider_beacon::{
    ledger::{EeIndex, RootRead, ShardBody, ShardPlace},
    receipts::Stated,
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    types::{Root, Shard, Slot},
};
use outrider_host::StateRoot;
use outrider_witness::store::Store;

use super::{
    Previous, Provider, ProviderError, Surroundings,
    branches::Branches,
    inbox::{Inbox, InboxFull, PackageNumber},
    trial::Before,
};
use crate::executor::{context, reads, received};

/// A state provider of one EE on one shard, with an inbox of packages.
///
/// It understands no package: it offers as many as its EE accepts, in the order of their arrival. A package waits until a
/// final block has used it:
///
/// - On a branch with a block that has it, it is not offered again. On other branches it is, so that nothing is lost when
///   such a block is.
/// - A package that the EE leaves out waits for later blocks, as does one that the EE refuses: it may be good later. It is
///   tried again after 1, 2, 4 slots and so on.
/// - When a block is [final](Self::finalize), the provider checks which packages it has used.
/// - A package is dropped if it is too large for a block, or if no block has it after
///   [`PACKAGE_SLOTS_MAX`](super::PACKAGE_SLOTS_MAX) slots. Refused packages make room for others earlier.
pub struct ProviderActor<S> {
    pub(super) provider: Provider<S>,
    pub(super) ee: EeIndex,
    shard: Shard,
    /// Packages that precede those of users in each payload.
    pub(super) preamble: Vec<Arc<[u8]>>,
    pub(super) inbox: Inbox,
    pub(super) branches: Branches,
    /// The waiting receipts that the EE has refused, by source and number: how often, and the slot in which each is tried again.
    pub(super) refused_receipts: BTreeMap<(Shard, u64), (u32, Slot)>,
    /// Whether messages are offered only when the slot that sent them is final.
    pub(super) finalized_receipts: bool,
    /// The other shards whose roots of the EE each payload reads.
    reads: BTreeSet<Shard>,
    /// The roots of states that the store keeps, except for the empty one.
    kept: BTreeSet<StateRoot>,
    /// The fuel that the current search for an offer has spent.
    pub(super) fuel_spent: AtomicU64,
    /// The most packages of the next search's first attempt, after searches that have spent their fuel.
    pub(super) first_attempt_max: usize,
    /// The same for receipts.
    pub(super) first_receipts_max: usize,
}

impl<S: Store + Send + Sync + 'static> ProviderActor<S> {
    /// Makes a provider of an EE on a shard from one whose store keeps these states.
    #[must_use]
    pub fn new(
        provider: Provider<S>,
        ee: EeIndex,
        shard: Shard,
        kept: impl IntoIterator<Item = StateRoot>,
    ) -> Self {
        let empty = provider.empty_root();
        let kept = kept.into_iter().filter(|root| *root != empty).collect();
        let (inbox, branches) = (Inbox::default(), Branches::default());
        Self {
            provider,
            ee,
            shard,
            preamble: Vec::new(),
            inbox,
            branches,
            refused_receipts: BTreeMap::new(),
            finalized_receipts: false,
            reads: BTreeSet::new(),
            kept,
            fuel_spent: AtomicU64::new(0),
            first_attempt_max: usize::MAX,
            first_receipts_max: usize::MAX,
        }
    }

    /// Offers messages only when the slot that sent them is final, for an EE that refuses others. Without this, the provider
    /// finds out that the EE refuses them, and tries each again after 1, 2, 4 slots and so on.
    #[must_use]
    pub fn with_finalized_receipts(self) -> Self {
        Self { finalized_receipts: true, ..self }
    }

    /// Has each payload read the latest root of the EE on these other shards, for an EE whose packages bring proofs of its
    /// states there.
    #[must_use]
    pub fn with_reads(mut self, shards: impl IntoIterator<Item = Shard>) -> Self {
        self.reads = shards.into_iter().filter(|shard| *shard != self.shard).collect();
        self
    }

    /// Sets packages that precede those of users in each payload, such as one that says who receives the fees in the EE.
    #[must_use]
    pub fn with_preamble(mut self, packages: impl IntoIterator<Item = Arc<[u8]>>) -> Self {
        self.preamble = packages.into_iter().collect();
        self
    }

    /// Returns the provider.
    #[must_use]
    pub fn provider(&self) -> &Provider<S> {
        &self.provider
    }

    /// Returns the EE and the shard.
    #[must_use]
    pub fn place(&self) -> (EeIndex, Shard) {
        (self.ee, self.shard)
    }

    /// Returns whether the store keeps the state with a root.
    #[must_use]
    pub fn has(&self, root: StateRoot) -> bool {
        root == self.provider.empty_root() || self.kept.contains(&root)
    }

    /// Returns the number of packages in the inbox, with those in blocks that are not final.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        self.inbox.len()
    }

    /// Puts a user's package into the inbox; returns its number.
    ///
    /// # Errors
    ///
    /// Fails if the inbox is full.
    pub fn submit(&mut self, package: impl Into<Arc<[u8]>>) -> Result<PackageNumber, InboxFull> {
        self.inbox.submit(package.into(), || self.branches.packages())
    }

    /// Follows a block: remembers whether it has an offer of this provider, executes its payload of this EE, and keeps the
    /// new state. Returns the new root, or `None` if the block has no payload of this EE. A provider has to follow all
    /// blocks of its shard.
    ///
    /// The place must be that of the block, as [`LedgerNode::shard_place`] returns it.
    ///
    /// # Errors
    ///
    /// Fails as [`Provider::build`] does.
    ///
    /// [`LedgerNode::shard_place`]: outrider_beacon::ledger::LedgerNode::shard_place
    pub fn follow(
        &mut self,
        place: &ShardPlace,
        body: &ShardBody,
    ) -> Result<Option<StateRoot>, ProviderError> {
        let parent = self.execution_root(place)?;
        let payload = body.payloads.iter().find(|payload| payload.ee == self.ee);
        self.branches.add(parent, hash_tree_root(&body.header), payload.map(hash_tree_root));
        let Some(payload) = payload else { return Ok(None) };
        let Before { root, context, .. } = self.before(place)?;
        let transition = body.header.transitions.iter().find(|transition| transition.ee == self.ee);
        let claimed = transition.map(|transition| StateRoot(transition.post_state_root.0));
        if let Some(post) = claimed.filter(|post| self.has(*post)) {
            return Ok(Some(post));
        }
        // A block that was accepted states its receipts rightly.
        let stated = Stated::new(body, place.slot).ok();
        let receipts = stated.iter().flat_map(|stated| stated.shown(self.ee)).map(received).collect();
        let surroundings = Surroundings { context, reads: reads(payload), receipts };
        let built = self.provider.refresh(&payload.block_data, root, surroundings)?;
        let post = built.post_state_root();
        if !self.has(post) {
            self.provider.apply(&[built], Previous::Keep)?;
            self.kept.insert(post);
        }
        Ok(Some(post))
    }

    /// Makes a block final that the provider has followed, with all blocks before it, and forgets the blocks of other
    /// branches, whose packages wait again. `execution_root` is that of the shard in the ledger of the beacon chain's
    /// final block. An unknown one changes nothing.
    ///
    /// At the next [offers](Self::offer) after it, the provider checks which packages the final blocks have used. Until then,
    /// it should keep their states.
    pub fn finalize(&mut self, execution_root: Root) {
        for number in self.branches.finalize(execution_root) {
            self.inbox.restore(number);
        }
    }

    /// Releases all states but those with the given roots, such as those that blocks since finality can build on: with a
    /// challenge window, also the roots after each [pending](outrider_beacon::ledger::ShardLedger::pending) header, as a
    /// conviction falls back to one of them.
    ///
    /// # Errors
    ///
    /// Fails if the store fails.
    pub fn release_all_but(&mut self, needed: &BTreeSet<StateRoot>) -> Result<(), ProviderError> {
        let unneeded: Vec<_> = self.kept.difference(needed).copied().collect();
        for root in unneeded {
            self.provider.release(root)?;
            self.kept.remove(&root);
        }
        Ok(())
    }

    /// Returns the root of the EE's state before a block at a place, and its context there.
    pub(super) fn before(&self, place: &ShardPlace) -> Result<Before, ProviderError> {
        let (got, expected) = (place.shard, self.shard);
        let shard = usize::try_from(got).ok().filter(|_| got == expected);
        let state = shard.and_then(|shard| place.view.shards().get(shard)?.ees().get(self.ee as usize));
        let state = state.ok_or(ProviderError::OtherShard { got, expected })?;
        let context = context(place, self.ee, state.balance);
        let reads = self.reads.iter().filter_map(|shard| {
            let ledger = place.beacon_parent.shards().get(usize::try_from(*shard).ok()?)?;
            let state_root = ledger.ees().get(self.ee as usize)?.state_root;
            Some(RootRead { shard: *shard, ee: self.ee, state_root })
        });
        let reads = reads.collect();
        Ok(Before { root: StateRoot(state.state_root.0), context, reads, receipts: Arc::default() })
    }

    /// Returns the execution root of the shard before a block at a place.
    pub(super) fn execution_root(&self, place: &ShardPlace) -> Result<Root, ProviderError> {
        let (got, expected) = (place.shard, self.shard);
        let shard = usize::try_from(got).ok().filter(|_| got == expected);
        let shard = shard.and_then(|shard| place.view.shards().get(shard));
        Ok(shard.ok_or(ProviderError::OtherShard { got, expected })?.execution_root())
    }
}
