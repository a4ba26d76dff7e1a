//! States from published blocks, without an operator.
//!
//! Block data and receipts of all blocks since the genesis make the state: of block data, only the payloads. A provider
//! executes them on a tree of its own, which checks every proof, signature and root, and makes witnesses of its own, which must
//! be the published ones. So a byte that was changed after it was published is found, wherever it is.

use std::fmt;
use std::sync::Arc;

use outrider_abi::{Frame, ReadError, StateRoot};
use outrider_host::Ee;
use outrider_shard::{BuiltBlock, Previous, Provider, ProviderError, Surroundings};
use outrider_witness::store::Store;

/// The states after published blocks, which a store keeps.
pub struct Rebuild<S> {
    provider: Provider<S>,
    root: StateRoot,
}

/// A part of block data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// The witness, with its length before it.
    Witness,
    /// The payload.
    Payload,
}

/// A reason why published data do not lead to a state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// The block data are malformed.
    #[error("the block data")]
    Frame(#[from] ReadError),
    /// The block cannot be made from its payload and its receipts.
    #[error("the payload makes no block on the state before it")]
    Provider(#[from] ProviderError),
    /// Other block data follow from the state and the payload.
    #[error(
        "byte {offset} of the block data, in the {part}, is not the one that follows from the state before it"
    )]
    Differs {
        /// The offset of the first byte that differs, or of the end of the shorter data.
        offset: usize,
        /// The part in which it is.
        part: Part,
    },
}

impl<S: Store + Send + Sync + 'static> Rebuild<S> {
    /// Begins before the genesis, with an empty store of the kind [`STATE_KIND`](crate::STATE_KIND).
    ///
    /// # Errors
    ///
    /// Returns [`ProviderError`] if the store is another EE's, or fails.
    pub fn new(ee: Ee, store: Arc<S>) -> Result<Rebuild<S>, ProviderError> {
        Ok(Rebuild::of_provider(Provider::open(ee, store)?))
    }

    /// Begins before the genesis, with a provider whose store is empty.
    pub fn of_provider(provider: Provider<S>) -> Rebuild<S> {
        let root = provider.empty_root();
        Rebuild { provider, root }
    }

    /// Returns the root of the state after the blocks so far.
    pub fn root(&self) -> StateRoot {
        self.root
    }

    /// Returns the store, which has the state after the blocks so far.
    pub fn store(&self) -> &S {
        self.provider.store()
    }

    /// Goes on with the next block.
    ///
    /// # Errors
    ///
    /// Returns [`RebuildError`] if it does not follow from the state before; then that stays.
    pub fn block(
        &mut self,
        block_data: &[u8],
        surroundings: impl Into<Surroundings>,
    ) -> Result<BuiltBlock, RebuildError> {
        let witness_end = block_data.len() - Frame::parse(block_data)?.payload.len();
        let built = self.provider.refresh(block_data, self.root, surroundings)?;
        let made = built.block_data();
        if **made != *block_data {
            let same = made.iter().zip(block_data).take_while(|(made, published)| made == published);
            let offset = same.count();
            let part = if offset < witness_end { Part::Witness } else { Part::Payload };
            return Err(RebuildError::Differs { offset, part });
        }
        self.provider.apply(std::slice::from_ref(&built), Previous::Release)?;
        self.root = built.post_state_root();
        Ok(built)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Witness => "witness",
            Part::Payload => "payload",
        })
    }
}
