//! Execution of a chain's blocks, one after another, over a state that advances with them.

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

/// An importer, which executes the blocks of a chain.
pub struct Importer<S> {
    provider: Provider<S>,
    import: Import,
}

/// The outcome of a block.
#[derive(Debug)]
pub enum BlockOutcome {
    /// The EE executed the block, and the state has advanced.
    Executed(ExecutedBlock),
    /// The EE refused the block, and nothing has changed.
    Refused(RefusedBlock),
}

/// An executed block. The EE has checked its header against the results of the execution.
#[derive(Debug)]
pub struct ExecutedBlock {
    /// The block's header.
    pub header: Header,
    /// The fork in force for the block.
    pub fork: Fork,
    /// The block data and the results of executing them.
    pub built: Box<BuiltBlock>,
}

/// A refused block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedBlock {
    /// The block's number or, if it has no header, the number after the head.
    pub number: u64,
    /// The fork in force for the block.
    pub fork: Fork,
    /// The reason, as the EE logged it.
    pub reason: String,
}

/// Why an import cannot continue; none of these is the fault of a block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImporterError {
    /// The store cannot take the state of the genesis.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The provider cannot be opened, or cannot apply a block.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The execution of a block failed without a verdict.
    #[error("block {number} was not executed")]
    Block {
        /// The block's number.
        number: u64,
        /// The reason.
        source: TrialError,
    },
    /// The EE executed a block without a header, which is a bug of the EE.
    #[error("the EE executed block {number}, which has no header")]
    NoHeader {
        /// The number after the head.
        number: u64,
    },
}

impl Importer<MemoryStore> {
    /// Starts with a genesis, whose state it keeps in memory.
    ///
    /// # Errors
    ///
    /// Fails with [`ImporterError::Store`] or [`ImporterError::Provider`].
    pub fn of_genesis(ee: Ee, genesis: Genesis) -> Result<Self, ImporterError> {
        let store = MemoryStore::new();
        store.apply(&genesis.state.batch().1)?;
        let provider = Provider::open(ee, Arc::new(store))?;
        Ok(Self::new(provider, Import::new(genesis.chain, genesis.header)))
    }
}

impl<S: Store + Send + Sync + 'static> Importer<S> {
    /// Continues with a provider that keeps the states of the accepted blocks.
    pub fn new(provider: Provider<S>, import: Import) -> Self {
        Self { provider, import }
    }

    /// Executes a block. Unless the EE refuses it, accepts it and advances the state; earlier states stay in the store.
    ///
    /// # Errors
    ///
    /// Fails with any [`ImporterError`] except [`ImporterError::Store`].
    pub fn execute(&mut self, block: &Bytes) -> Result<BlockOutcome, ImporterError> {
        let Candidate { payload, fork, pre_state_root, header } = self.import.candidate(block);
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

    /// Returns the accepted blocks.
    pub fn import(&self) -> &Import {
        &self.import
    }

    /// Returns the provider, which keeps the states.
    pub fn provider(&self) -> &Provider<S> {
        &self.provider
    }
}
