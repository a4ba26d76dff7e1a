//! Blocks of a chain, executed one after the other over a state that moves on with them.

use std::sync::Arc;

use alloy_primitives::Bytes;
use outrider_evm_codec::Fork;
use outrider_host::Ee;
use outrider_shard::{BuiltBlock, Previous, Provider, ProviderError};
use outrider_witness::store::{MemoryStore, Store, StoreError};

use crate::{
    genesis::Genesis,
    header::Header,
    import::{Candidate, Import},
    trial::{Trial, TrialError},
};

/// Executes the blocks of a chain.
pub struct Importer<S> {
    provider: Provider<S>,
    import: Import,
}

/// What came of a block.
#[derive(Debug)]
pub enum BlockOutcome {
    /// The EE has executed it, and it is applied.
    Executed(ExecutedBlock),
    /// The EE refuses it; nothing has changed.
    Refused(RefusedBlock),
}

/// A block that has been executed. The EE has held all of its header against what came of it.
#[derive(Debug)]
pub struct ExecutedBlock {
    /// Its header.
    pub header: Header,
    /// Whose rules it was executed by.
    pub fork: Fork,
    /// Its block data, and what came of these.
    pub built: Box<BuiltBlock>,
}

/// A block that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedBlock {
    /// Its number or, if it has no header, that of the one after the head.
    pub number: u64,
    /// Whose rules it was tried by.
    pub fork: Fork,
    /// Why, in the EE's words.
    pub reason: String,
}

/// Why a chain cannot go on, which says nothing about its blocks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImporterError {
    /// The store does not take the state of the genesis.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The provider cannot be opened, or does not apply a block.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// There is no answer to a block.
    #[error("block {number}")]
    Block {
        /// Its number.
        number: u64,
        /// Why not.
        source: TrialError,
    },
    /// The EE has executed what has no header: a bug of the EE.
    #[error("block {number}: executed without a header")]
    NoHeader {
        /// Its number, were it the next.
        number: u64,
    },
}

impl Importer<MemoryStore> {
    /// Begins with a genesis, whose state is kept in memory.
    ///
    /// # Errors
    ///
    /// [`ImporterError::Store`] and [`ImporterError::Provider`].
    pub fn of_genesis(ee: Ee, genesis: Genesis) -> Result<Self, ImporterError> {
        let store = MemoryStore::new();
        store.apply(&genesis.state.batch().1)?;
        let provider = Provider::open(ee, Arc::new(store))?;
        Ok(Self::new(provider, Import::new(genesis.chain, genesis.header)))
    }
}

impl<S: Store + Send + Sync + 'static> Importer<S> {
    /// Goes on with a provider that keeps the states of what has been accepted.
    pub fn new(provider: Provider<S>, import: Import) -> Self {
        Self { provider, import }
    }

    /// Executes a block; if the EE does not refuse it, moves the state on and accepts it. The state before it is kept, too.
    ///
    /// # Errors
    ///
    /// [`ImporterError`], but for [`ImporterError::Store`].
    pub fn execute(&mut self, block: &Bytes) -> Result<BlockOutcome, ImporterError> {
        let Candidate { payload, pre_state_root, header } = self.import.candidate(block);
        let fork = payload.rules().fork;
        let next = self.import.head().number.saturating_add(1);
        let number = header.as_ref().map_or(next, |header| header.number);
        let built = match Trial::new(&self.provider, pre_state_root, &payload) {
            Trial::Executed(built) => built,
            Trial::Refused(reason) | Trial::Unsupported(reason) => {
                return Ok(BlockOutcome::Refused(RefusedBlock { number, fork, reason }));
            }
            Trial::Failed(source) => return Err(ImporterError::Block { number, source }),
        };
        let header = header.ok_or(ImporterError::NoHeader { number })?;
        self.provider.apply(std::slice::from_ref(&*built), Previous::Keep)?;
        self.import.accept(header.clone(), block);
        Ok(BlockOutcome::Executed(ExecutedBlock { header, fork, built }))
    }

    /// What has been accepted.
    pub fn import(&self) -> &Import {
        &self.import
    }

    /// Who keeps the states.
    pub fn provider(&self) -> &Provider<S> {
        &self.provider
    }
}
