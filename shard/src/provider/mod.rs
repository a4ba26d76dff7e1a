//! State providers.
//!
//! | module | concern |
//! |---|---|
//! | `actor` | a provider that takes part in a chain: users' packages in, payloads out |
//! | `offer` | the payloads that an actor offers |
//! | `inbox` | users' packages until they are final |
//! | `branches` | the shard's blocks since finality, and the packages in them |
//! | `trial` | what an actor finds out by running its EE: which packages are refused, left out, used |
//! | `build` | builds a block, and checks the EE's output |
//! | `built_block` | a block that has been built and executed |
//! | `surroundings` | what a block knows besides its state and its data |
//! | `source` | the EE's state: a store, and blocks not yet applied |
//! | `notes` | the provider's notes in a store |
//! | `error` | errors, and whose fault they are |

mod actor;
mod branches;
mod build;
mod built_block;
mod error;
mod fit;
mod inbox;
mod notes;
mod offer;
mod source;
mod surroundings;
mod trial;

use std::sync::Arc;

use outrider_host::{Ee, StateRoot};
use outrider_witness::{
    NodeSink,
    store::{Batch, BatchSummary, Store},
};
use tracing::info;

use self::notes::{CODE_HASH, CURRENT_ROOT};
pub use self::{
    actor::ProviderActor,
    built_block::BuiltBlock,
    error::{Disagreement, ProviderError},
    fit::{Refusal, Unfit},
    inbox::{INBOX_BYTES_MAX, INBOX_PACKAGES_MAX, InboxFull, PACKAGE_SLOTS_MAX, PackageNumber},
    notes::{adopt, code_hash, current_root, empty_root},
    offer::{Dropped, Offer, OfferOutcome, PayloadLimits},
    surroundings::Surroundings,
};
use crate::frame::Frame;

/// A provider: it holds the full state of an EE, in a store for this EE alone, and builds blocks for it.
///
/// States are identified by their roots. Nothing is stored for the empty state; every other root is the hash of a node.
/// The [kind](outrider_witness::store::StateKind) of the store defines the hash of nodes and the root of the empty
/// state.
pub struct Provider<S> {
    ee: Ee,
    store: Arc<S>,
    extent: Extent,
    /// The fuel of an execution over block data. One over the full state may use some times as much.
    fuel_max: u64,
}

impl<S> Clone for Provider<S> {
    fn clone(&self) -> Self {
        let Self { ee, store, extent, fuel_max } = self;
        Self { ee: ee.clone(), store: Arc::clone(store), extent: *extent, fuel_max: *fuel_max }
    }
}

/// How much more fuel an execution over the full state may use than one over the block data. Making the witness and
/// executing it takes two to three times as much.
pub const PROVIDER_FUEL_FACTOR: u64 = 8;

/// The part of its states that a store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Whole,
    /// The nodes that an execution needed, such as those of an execution witness.
    Part,
}

/// The fate of the state from which a block began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Previous {
    /// The store keeps it.
    Keep,
    /// The store releases it, and deletes all nodes that no kept state shares.
    Release,
}

impl<S: Store + Send + Sync + 'static> Provider<S> {
    /// Opens a provider for `ee` over `store`; an empty store becomes one of this EE.
    ///
    /// # Errors
    ///
    /// Fails with [`ProviderError::OtherEe`], or if the store fails.
    pub fn open(ee: Ee, store: Arc<S>) -> Result<Self, ProviderError> {
        let got = ee.code_hash();
        match code_hash(&*store)? {
            Some(expected) if expected != got => return Err(ProviderError::OtherEe { expected, got }),
            Some(_) => {}
            None => {
                let mut batch = Batch::new();
                batch.note(CODE_HASH.as_bytes(), &got.0);
                store.apply(&batch)?;
            }
        }
        Ok(Self { ee, store, extent: Extent::Whole, fuel_max: u64::MAX })
    }

    /// Opens a provider for `ee` over a store with part of a state, such as the nodes of an execution witness. It
    /// builds blocks as far as these reach, without checking that the children of new nodes are stored. Such blocks can
    /// be applied only to a store that has them.
    ///
    /// # Errors
    ///
    /// Fails as [`open`](Self::open) does.
    pub fn open_part(ee: Ee, store: Arc<S>) -> Result<Self, ProviderError> {
        Ok(Self { extent: Extent::Part, ..Self::open(ee, store)? })
    }

    /// Bounds the fuel with which shards may execute the blocks; by default only the host does. An execution over the full
    /// state may use [`PROVIDER_FUEL_FACTOR`] times as much.
    #[must_use]
    pub fn with_fuel_max(self, fuel_max: u64) -> Self {
        Self { fuel_max, ..self }
    }

    /// Returns the store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Returns the root of the empty state.
    pub fn empty_root(&self) -> StateRoot {
        empty_root(&*self.store)
    }

    /// Builds a block on a stored state.
    ///
    /// 1. Checks that the state is stored.
    /// 2. Executes the EE over the full state and the packages.
    /// 3. Checks that the EE yields block data with a witness and a payload, that the new nodes have their claimed
    ///    hashes, and that its new state is one of them, an old one, or empty.
    /// 4. Checks that the children of new nodes are new or stored.
    /// 5. Executes the EE over the block data alone, and checks that post-state root, deposits and the proposer's
    ///    fee are the same.
    ///
    /// This stores nothing; [`apply`](Self::apply) does.
    ///
    /// # Errors
    ///
    /// Fails with [`ProviderError`], in the order of the list.
    pub fn build<P: AsRef<[u8]>>(
        &self,
        pre_state_root: StateRoot,
        packages: &[P],
        surroundings: impl Into<Surroundings>,
    ) -> Result<BuiltBlock, ProviderError> {
        self.build_on(pre_state_root, &[], packages, surroundings)
    }

    /// Builds a block on blocks that have not been applied. The first of these begins at `start`, a stored state, and
    /// each other one at the end of the one before it.
    ///
    /// # Errors
    ///
    /// Fails as [`build`](Self::build) does, and with [`ProviderError::NotAChain`].
    pub fn build_on<P: AsRef<[u8]>>(
        &self,
        start: StateRoot,
        blocks: &[BuiltBlock],
        packages: &[P],
        surroundings: impl Into<Surroundings>,
    ) -> Result<BuiltBlock, ProviderError> {
        self.check_kept(start)?;
        check_chain(start, blocks)?;
        let unapplied = blocks.iter().map(|block| Arc::clone(&block.nodes)).collect();
        let pre_state_root = blocks.last().map_or(start, BuiltBlock::post_state_root);
        self.build_over(unapplied, pre_state_root, packages, surroundings.into())
    }

    /// Builds a block again on another state: its payload stays, its stale witness is replaced.
    ///
    /// # Errors
    ///
    /// Fails as [`build`](Self::build) does, and with [`ProviderError::BlockData`].
    pub fn refresh(
        &self,
        block_data: &[u8],
        pre_state_root: StateRoot,
        surroundings: impl Into<Surroundings>,
    ) -> Result<BuiltBlock, ProviderError> {
        self.merge(&[block_data], pre_state_root, surroundings)
    }

    /// Builds one block from the payloads of several, in this order, whatever states they were built on.
    ///
    /// # Errors
    ///
    /// Fails as [`build`](Self::build) does, and with [`ProviderError::BlockData`].
    pub fn merge<B: AsRef<[u8]>>(
        &self,
        block_datas: &[B],
        pre_state_root: StateRoot,
        surroundings: impl Into<Surroundings>,
    ) -> Result<BuiltBlock, ProviderError> {
        let payload = |(index, block_data): (usize, &'_ B)| match Frame::parse(block_data.as_ref()) {
            Ok(frame) => Ok(frame.payload.to_vec()),
            Err(source) => Err(ProviderError::BlockData { index, source }),
        };
        let payloads = block_datas.iter().enumerate().map(payload).collect::<Result<Vec<_>, _>>()?;
        self.build(pre_state_root, &payloads, surroundings)
    }

    /// Stores the state after blocks that follow from one another, and makes it the [`current_root`], in one batch.
    /// States between them are not kept.
    ///
    /// # Errors
    ///
    /// Fails with [`ProviderError::NotAChain`], with [`ProviderError::UnknownRoot`] if the first block does not begin
    /// at a stored state, or if the store fails.
    pub fn apply(&self, blocks: &[BuiltBlock], previous: Previous) -> Result<BatchSummary, ProviderError> {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
            return Ok(BatchSummary::default());
        };
        let (old, new) = (first.pre_state_root(), last.post_state_root());
        check_chain(old, blocks)?;
        self.check_kept(old)?;
        let mut batch = Batch::new();
        for (hash, node) in blocks.iter().flat_map(|block| &*block.nodes) {
            batch.put(hash, &node.bytes, &node.children);
        }
        // An unchanged state is already kept.
        if new != old && new != self.empty_root() {
            batch.pin(&new.into());
        }
        if new != old && old != self.empty_root() && previous == Previous::Release {
            batch.unpin(&old.into());
        }
        batch.note(CURRENT_ROOT.as_bytes(), &new.0);
        let summary = self.store.apply(&batch)?;
        info!(root = %new, added = summary.n_added, deleted = summary.n_deleted, "state stored");
        Ok(summary)
    }

    /// Releases a stored state, and deletes all nodes that no kept state shares.
    ///
    /// # Errors
    ///
    /// Fails if the store does not keep the state, or if it fails.
    pub fn release(&self, root: StateRoot) -> Result<BatchSummary, ProviderError> {
        let mut batch = Batch::new();
        batch.unpin(&root.into());
        Ok(self.store.apply(&batch)?)
    }

    /// Stores a state that was made elsewhere, such as a genesis, and makes it the [`current_root`], in one batch. `batch`
    /// pins the root, and has all nodes that are not stored yet.
    ///
    /// # Errors
    ///
    /// Fails with [`ProviderError::UnknownRoot`] if the state is not stored and the batch does not pin it, or if the store
    /// fails.
    pub fn import(&self, root: StateRoot, mut batch: Batch) -> Result<BatchSummary, ProviderError> {
        if !batch.pins().any(|(pinned, _)| pinned.0 == root.0) {
            self.check_kept(root)?;
        }
        batch.note(CURRENT_ROOT.as_bytes(), &root.0);
        let summary = self.store.apply(&batch)?;
        info!(%root, added = summary.n_added, "state imported");
        Ok(summary)
    }

    fn check_kept(&self, root: StateRoot) -> Result<(), ProviderError> {
        let is_kept = root == self.empty_root() || self.store.is_pinned(&root.into())?;
        if is_kept { Ok(()) } else { Err(ProviderError::UnknownRoot { root }) }
    }
}

/// Checks that each block begins at the end of the one before it, the first at `start`.
fn check_chain(start: StateRoot, blocks: &[BuiltBlock]) -> Result<(), ProviderError> {
    let ends = std::iter::once(start).chain(blocks.iter().map(BuiltBlock::post_state_root));
    for (index, (block, expected)) in blocks.iter().zip(ends).enumerate() {
        let got = block.pre_state_root();
        if got != expected {
            return Err(ProviderError::NotAChain { index, expected, got });
        }
    }
    Ok(())
}
