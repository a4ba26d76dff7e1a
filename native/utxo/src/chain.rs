//! Execution of blocks by the EE, one after another, over the states of a provider.

use std::{collections::BTreeMap, sync::Arc};

use outrider_abi::Reader;
use outrider_host::{Context, Ee, StateRoot};
use outrider_shard::{BuiltBlock, Previous, Provider, ProviderError};
use outrider_utxo_ee::{AssumedState, Digest, History, Network, Payload, Tip, TipError};
use outrider_witness::{NodeError, NodeSource as _, store::MemoryStore};

use crate::{STATE_KIND, blocks::RawBlock};

/// A chain that a provider keeps in memory: the states after all blocks, also those of branches.
pub struct Chain {
    provider: Provider<MemoryStore>,
    tips: BTreeMap<Digest, Tip>,
    best: Digest,
}

/// The outcome of a block.
#[derive(Debug)]
pub enum Outcome {
    /// The EE executed the block, and its state is kept.
    Executed(Box<Executed>),
    /// The EE refused the block, for this reason, and nothing has changed.
    Refused(String),
    /// The block was executed before, or is the first one of the network.
    Known,
    /// The parent of the block was not executed.
    Orphan,
}

/// An executed block.
#[derive(Debug)]
pub struct Executed {
    /// The tip after the block.
    pub tip: Tip,
    /// The block data and the results of executing them.
    pub built: BuiltBlock,
}

/// Why a chain cannot continue; none of these is the fault of a block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The provider failed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The EE does not make the first state.
    #[error("the EE does not make the first state: {0}")]
    Begin(String),
    /// The store does not have the state that the EE made.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The EE's state is no tip, so the EE is not the UTXO EE.
    #[error("the state after the block is no tip: is the EE that of UTXOs?")]
    NoTip(#[source] TipError),
}

impl Chain {
    /// Begins with the first block of a network.
    ///
    /// # Errors
    ///
    /// Fails if the EE does not make the state.
    pub fn of_genesis(ee: Ee, network: Network) -> Result<Self, ChainError> {
        Self::begin(ee, &Payload::Genesis(network))
    }

    /// Begins with a state for which somebody vouches.
    ///
    /// # Errors
    ///
    /// Fails if the EE does not make the state.
    pub fn of_assumed(ee: Ee, state: AssumedState) -> Result<Self, ChainError> {
        Self::begin(ee, &Payload::AssumedState(state))
    }

    fn begin(ee: Ee, payload: &Payload<'_>) -> Result<Self, ChainError> {
        let provider = Provider::open(ee, Arc::new(MemoryStore::of_kind(STATE_KIND)))?;
        let empty = provider.empty_root();
        let mut this = Self { provider, tips: BTreeMap::new(), best: Digest::default() };
        match this.run(empty, payload)? {
            Ok(executed) => this.best = executed.tip.block_hash,
            Err(reason) => return Err(ChainError::Begin(reason)),
        }
        Ok(this)
    }

    /// Executes a block on the state of its parent, and keeps the state after it.
    ///
    /// # Errors
    ///
    /// Fails with [`ChainError`], if the EE gives no verdict.
    pub fn execute(&mut self, block: &RawBlock) -> Result<Outcome, ChainError> {
        if self.tips.contains_key(&block.hash) {
            return Ok(Outcome::Known);
        }
        let Some(parent) = self.tips.get(&block.parent) else { return Ok(Outcome::Orphan) };
        let bytes = block.bytes.as_slice().into();
        let payload = match parent.history {
            History::Known(_) => Payload::Block(bytes),
            History::Assumed => Payload::AssumedBlock(bytes),
        };
        let root = parent.root();
        match self.run(root, &payload)? {
            Ok(executed) => {
                // The first one of two branches with the same work stays the best.
                if work(&executed.tip) > self.tips.get(&self.best).map_or((None, 0), work) {
                    self.best = executed.tip.block_hash;
                }
                Ok(Outcome::Executed(Box::new(executed)))
            }
            Err(reason) => Ok(Outcome::Refused(reason)),
        }
    }

    /// Executes a payload and keeps the state after it, or returns the reason for which the EE refuses it.
    fn run(
        &mut self,
        root: StateRoot,
        payload: &Payload<'_>,
    ) -> Result<Result<Executed, String>, ChainError> {
        let built = match self.provider.build(root, &[payload.to_bytes()], Context::default()) {
            Ok(built) => built,
            Err(ProviderError::Refused(error)) if error.refusal().is_some() => {
                return Ok(Err(error.refusal().unwrap_or_default().to_owned()));
            }
            Err(error) => return Err(error.into()),
        };
        self.provider.apply(std::slice::from_ref(&built), Previous::Keep)?;
        let tip = self.read_tip(built.post_state_root())?;
        self.tips.insert(tip.block_hash, tip.clone());
        Ok(Ok(Executed { tip, built }))
    }

    fn read_tip(&self, root: StateRoot) -> Result<Tip, ChainError> {
        let node = self.provider.store().node(&root.into())?;
        Tip::read(&mut Reader::new(&node)).map_err(ChainError::NoTip)
    }

    /// Returns the tip with the most work.
    #[must_use]
    pub fn best(&self) -> Option<&Tip> {
        self.tips.get(&self.best)
    }
}

/// Returns what decides between branches: the work if it is known, and else the height.
fn work(tip: &Tip) -> (Option<[u8; 32]>, u32) {
    match &tip.history {
        History::Known(known) => (Some(known.chain_work), 0),
        History::Assumed => (None, tip.height),
    }
}
