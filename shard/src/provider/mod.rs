//! The state provider.
//!
//! | module | concern |
//! |---|---|
//! | `build` | builds a block, and checks what the EE yields |
//! | `built_block` | a block that has been built and tried |
//! | `source` | where an EE finds its state: in a store, and in blocks not yet applied |
//! | `notes` | what a store remembers for its provider |
//! | `error` | what can go wrong, and whose fault it is |

mod build;
mod built_block;
mod error;
mod notes;
mod source;

use std::sync::Arc;

use outrider_host::{Context, Ee, StateRoot};
use outrider_witness::{
    NodeSink,
    store::{Batch, BatchSummary, Store},
};
use tracing::info;

use self::notes::{CODE_HASH, CURRENT_ROOT};
pub use self::{
    built_block::BuiltBlock,
    error::{Disagreement, ProviderError},
    notes::{adopt, code_hash, current_root, empty_root},
};
use crate::frame::Frame;

/// Who holds the full state of an EE, in a store that is of this EE alone, and builds blocks for it.
///
/// A state is known by its root. Of the empty state nothing is stored; every other root is the hash of a node. How nodes hash, and which
/// root the empty state has, the [kind](outrider_witness::store::StateKind) of the store tells.
#[derive(Clone)]
pub struct Provider<S> {
    ee: Ee,
    store: Arc<S>,
    extent: Extent,
}

/// How much of its states a store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Whole,
    /// What others found that they needed, such as the nodes of an execution witness.
    Part,
}

/// What becomes of the state that a block began at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Previous {
    /// It is kept.
    Keep,
    /// It is let go, with all that no kept state shares.
    Release,
}

impl<S: Store + Send + Sync + 'static> Provider<S> {
    /// Provides for `ee` from `store`, and makes an empty store one of this EE.
    ///
    /// # Errors
    ///
    /// [`ProviderError::OtherEe`], and failures of the store.
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
        Ok(Self { ee, store, extent: Extent::Whole })
    }

    /// Provides for `ee` from a store that has part of a state, such as the nodes of an execution witness. Blocks are built as far as
    /// these reach: of what new nodes refer to, nothing has to be there. Such blocks can be applied only to a store that has it.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_part(ee: Ee, store: Arc<S>) -> Result<Self, ProviderError> {
        Ok(Self { extent: Extent::Part, ..Self::open(ee, store)? })
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The root of the empty state.
    pub fn empty_root(&self) -> StateRoot {
        empty_root(&*self.store)
    }

    /// Builds a block on a state that is kept.
    ///
    /// 1. There is such a state.
    /// 2. The EE takes the packages, over the full state.
    /// 3. It yields block data with a witness and a payload, and the nodes that it puts have the hashes it says. Its new state
    ///    is one of them, an old one, or empty.
    /// 4. Whatever these nodes refer to is one of them, or there.
    /// 5. It takes the block data, over nothing else, and comes to the same post-state root and deposits.
    ///
    /// Nothing is stored by this; [`apply`](Self::apply) does that.
    ///
    /// # Errors
    ///
    /// [`ProviderError`], in the order of the list.
    pub fn build<P: AsRef<[u8]>>(
        &self,
        pre_state_root: StateRoot,
        packages: &[P],
        context: Context,
    ) -> Result<BuiltBlock, ProviderError> {
        self.build_on(pre_state_root, &[], packages, context)
    }

    /// Builds a block on blocks that have not been applied. The first of these begins at `start`, a state that is kept, and
    /// each other one where the one before it ends.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`ProviderError::NotAChain`].
    pub fn build_on<P: AsRef<[u8]>>(
        &self,
        start: StateRoot,
        blocks: &[BuiltBlock],
        packages: &[P],
        context: Context,
    ) -> Result<BuiltBlock, ProviderError> {
        self.check_kept(start)?;
        check_chain(start, blocks)?;
        let unapplied = blocks.iter().map(|block| Arc::clone(&block.nodes)).collect();
        let pre_state_root = blocks.last().map_or(start, BuiltBlock::post_state_root);
        self.build_over(unapplied, pre_state_root, packages, context)
    }

    /// Builds a block anew on another state: the payload stays, the stale witness goes.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`ProviderError::BlockData`].
    pub fn refresh(
        &self,
        block_data: &[u8],
        pre_state_root: StateRoot,
        context: Context,
    ) -> Result<BuiltBlock, ProviderError> {
        self.merge(&[block_data], pre_state_root, context)
    }

    /// Builds one block of the payloads of many, in this order, whatever states they were built on.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`ProviderError::BlockData`].
    pub fn merge<B: AsRef<[u8]>>(
        &self,
        block_datas: &[B],
        pre_state_root: StateRoot,
        context: Context,
    ) -> Result<BuiltBlock, ProviderError> {
        let payload = |(index, block_data): (usize, &'_ B)| match Frame::parse(block_data.as_ref()) {
            Ok(frame) => Ok(frame.payload.to_vec()),
            Err(source) => Err(ProviderError::BlockData { index, source }),
        };
        let payloads = block_datas.iter().enumerate().map(payload).collect::<Result<Vec<_>, _>>()?;
        self.build(pre_state_root, &payloads, context)
    }

    /// Stores the state after blocks that follow from one another, as [`current_root`], all in one batch. States between
    /// them are not kept.
    ///
    /// # Errors
    ///
    /// [`ProviderError::NotAChain`], [`ProviderError::UnknownRoot`] if the first does not begin at a state that is
    /// kept, and failures of the store.
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
        // A state that stays the same is kept already.
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

    fn check_kept(&self, root: StateRoot) -> Result<(), ProviderError> {
        let is_kept = root == self.empty_root() || self.store.is_pinned(&root.into())?;
        if is_kept { Ok(()) } else { Err(ProviderError::UnknownRoot { root }) }
    }
}

/// Checks that each block begins where the one before it ends, the first at `start`.
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
