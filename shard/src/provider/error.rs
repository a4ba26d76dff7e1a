//! What can go wrong with a provider, and whose fault it is.

use outrider_abi::ReadError;
use outrider_host::{CodeHash, ExecutionError, Fault, StateRoot};
use outrider_witness::{
    Hash,
    store::{StateKind, StoreError},
};

use crate::frame::TooLargeError;

/// Why a provider has not done what it was asked for. Its state is as it was before, unless the backend of the store
/// failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The store is of another EE. The caller's fault.
    #[error("the store holds the state of the EE with code hash {expected}, this one has {got}")]
    OtherEe {
        /// The EE of the store.
        expected: CodeHash,
        /// The EE given.
        got: CodeHash,
    },
    /// What the store remembers beside its nodes is not what a provider writes there. The host's fault.
    #[error("the store's note `{name}` cannot be read")]
    Note {
        /// The name of the note.
        name: &'static str,
    },
    /// There is no state with this root, or no more. The caller's fault.
    #[error("no state with root {root} is kept here")]
    UnknownRoot {
        /// The root.
        root: StateRoot,
    },
    /// Blocks to be applied do not follow from one another. The caller's fault.
    #[error("block {index} begins at {got}, but the one before it ends at {expected}")]
    NotAChain {
        /// The block, from 0.
        index: usize,
        /// Where the one before it ends.
        expected: StateRoot,
        /// Where it begins.
        got: StateRoot,
    },
    /// Block data that was to be refreshed or merged is none. The caller's fault.
    #[error("block data {index} cannot be taken apart")]
    BlockData {
        /// Which of them, from 0.
        index: usize,
        /// Why not.
        #[source]
        source: ReadError,
    },
    /// The packages cannot be handed in. The caller's fault.
    #[error("the packages cannot be handed in")]
    TooLarge(#[from] TooLargeError),
    /// The EE refuses the packages, and says why; or it crashes, which its [`fault`](ExecutionError::fault) tells.
    #[error("the EE does not take the packages")]
    Refused(#[source] ExecutionError),
    /// This node has failed to execute the EE over the full state, its disk for instance; that says nothing about the packages.
    #[error("the EE cannot be executed over its state here")]
    Failed(#[source] ExecutionError),
    /// The EE yields no block data: it is not one that runs in provider mode.
    #[error("the EE yields no block data in provider mode")]
    NoBlockData,
    /// The EE yields block data without a whole witness.
    #[error("the EE yields block data that cannot be taken apart")]
    Yielded(#[source] ReadError),
    /// The EE puts a node under a hash that it does not have in a store of this kind.
    #[error("the EE puts a node under the hash {expected}, whose hash is {got} in a store of kind {kind}")]
    WrongHash {
        /// The hash that the EE tells.
        expected: Hash,
        /// The hash of the bytes.
        got: Hash,
        /// The kind of the store.
        kind: StateKind,
    },
    /// The EE puts bytes that are no node of the store's kind.
    #[error("the EE puts bytes under the hash {hash} that are no node in a store of kind {kind}")]
    NoNode {
        /// The hash that the EE tells.
        hash: Hash,
        /// The kind of the store.
        kind: StateKind,
    },
    /// The EE puts a node that refers to one which nobody has: it is none of the new ones, of blocks not yet applied, or stored.
    #[error(
        "the EE puts the node {parent}, which refers to {child}, and that is neither new nor stored: it has to be put, too"
    )]
    ChildNotPut {
        /// The node put.
        parent: Hash,
        /// What it refers to.
        child: Hash,
    },
    /// The EE ends at a state of which it has not put the topmost node.
    #[error("the EE comes to the root {root} and puts no node with this hash")]
    RootNotPut {
        /// The root.
        root: StateRoot,
    },
    /// The EE refuses the block data that it has yielded: the witness in it is incomplete, or not minimal.
    #[error("the EE does not take its own block data: its witness lacks something, or has too much")]
    Witness(#[source] ExecutionError),
    /// The EE takes the block data that it has yielded, and does something else: it is not one function in both modes.
    #[error("the EE does one thing over its state and another over the witness")]
    Disagreement(#[source] Disagreement),
    /// The store does not take what it is to do, or fails.
    #[error("the store fails")]
    Store(#[from] StoreError),
}

/// How two executions of one block differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Disagreement {
    /// The states after the block.
    #[error("the post-state root is {provided}, and {stateless}")]
    PostStateRoot {
        /// Over the full state.
        provided: StateRoot,
        /// Over the witness.
        stateless: StateRoot,
    },
    /// The deposits pushed.
    #[error("{provided} and {stateless} deposits are pushed, of which number {first} is the first to differ")]
    Deposits {
        /// How many there are over the full state.
        provided: usize,
        /// How many there are over the witness.
        stateless: usize,
        /// The first that differs, from 0.
        first: usize,
    },
}

impl ProviderError {
    /// Names the party whose fault the failure is: of who made the packages, that is [`Fault::Block`].
    pub fn fault(&self) -> Fault {
        match self {
            Self::Refused(error) | Self::Failed(error) | Self::Witness(error) => error.fault(),
            Self::OtherEe { .. }
            | Self::UnknownRoot { .. }
            | Self::NotAChain { .. }
            | Self::BlockData { .. }
            | Self::TooLarge(_)
            | Self::Store(
                StoreError::NotPinned { .. }
                | StoreError::Absent
                | StoreError::Format
                | StoreError::Kind { .. },
            ) => Fault::Caller,
            Self::NoBlockData
            | Self::Yielded(_)
            | Self::WrongHash { .. }
            | Self::NoNode { .. }
            | Self::ChildNotPut { .. }
            | Self::RootNotPut { .. }
            | Self::Disagreement(_)
            | Self::Store(StoreError::MissingChild { .. } | StoreError::MissingRoot { .. }) => Fault::Guest,
            Self::Note { .. } | Self::Store(_) => Fault::Host,
        }
    }

    /// The execution that failed, if it was one; its logs tell more.
    pub fn execution(&self) -> Option<&ExecutionError> {
        match self {
            Self::Refused(error) | Self::Failed(error) | Self::Witness(error) => Some(error),
            _ => None,
        }
    }
}
