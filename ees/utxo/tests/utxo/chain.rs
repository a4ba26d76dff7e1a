//! A chain at a provider, whose blocks a shard executes, too.

use outrider_sdk::{
    Reader,
    harness::{Failure, Provided, StateProvider},
};
use outrider_witness::NodeSource as _;
use utxo::{Network, Payload, State, Tip, execute};

/// The error of an execution.
pub(crate) type Error = outrider_sdk::driver::ExecuteError<State, utxo::MergeError, utxo::TransitionError>;

/// A provider with the state of a chain.
#[derive(Clone)]
pub(crate) struct Chain(pub(crate) StateProvider);

impl Chain {
    /// Makes a chain with only its genesis block.
    pub(crate) fn new(network: Network) -> Self {
        Self::with(&Payload::Genesis(network))
    }

    /// Makes a chain with a first payload.
    pub(crate) fn with(payload: &Payload<'_>) -> Self {
        let mut chain = Self(StateProvider::new());
        chain.accept(payload);
        chain
    }

    /// Returns the tip.
    pub(crate) fn tip(&self) -> Tip {
        let node = self.0.nodes().node(&self.0.root().into()).unwrap();
        Tip::read(&mut Reader::new(&node)).unwrap()
    }

    /// Executes packages, at the provider and without the state, and keeps the state as it is.
    pub(crate) fn try_packages(&self, packages: &[Payload<'_>]) -> Result<Provided, Failure<Error>> {
        let packages: Vec<Vec<u8>> = packages.iter().map(Payload::to_bytes).collect();
        self.0.provide(&packages, execute)
    }

    /// Executes a payload and applies it.
    #[track_caller]
    pub(crate) fn accept(&mut self, payload: &Payload<'_>) -> Provided {
        self.accept_packages(std::slice::from_ref(payload))
    }

    /// Executes packages and applies them.
    #[track_caller]
    pub(crate) fn accept_packages(&mut self, packages: &[Payload<'_>]) -> Provided {
        match self.try_packages(packages) {
            Ok(provided) => {
                self.0.apply(&provided);
                assert_eq!(self.tip().root(), self.0.root());
                provided
            }
            Err(failure) => panic!("{}", outrider_sdk::chain(&failure)),
        }
    }

    /// Executes a block as Bitcoin encodes it, and applies it.
    #[track_caller]
    pub(crate) fn accept_block(&mut self, block: &[u8]) -> Provided {
        self.accept(&Payload::Block(block.into()))
    }
}
