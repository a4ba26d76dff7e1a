//! Errors of a provider, and whose fault they are.

use outrider_abi::ReadError;
use outrider_host::{CodeHash, ExecutionError, Fault, StateRoot};
use outrider_witness::{
    Hash,
    store::{StateKind, StoreError},
};

use crate::frame::TooLargeError;

/// The reason for which a provider did not do something. The state is unchanged, unless the backend of the store
/// failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The store belongs to another EE. The caller's fault.
    #[error("the store holds the state of the EE with code hash {expected}, this one has {got}")]
    OtherEe {
        /// The EE of the store.
        expected: CodeHash,
        /// The EE given.
        got: CodeHash,
    },
    /// The place is not on the provider's shard, or the EE does not exist there. The caller's fault.
    #[error("the place is on shard {got}, and the provider is of an EE on shard {expected}")]
    OtherShard {
        /// The shard of the place.
        got: u64,
        /// The provider's.
        expected: u64,
    },
    /// The EE yielded more block data than a payload can have.
    #[error("the EE yields {got} bytes of block data, and a payload has at most 1,048,576")]
    PayloadBytes {
        /// The bytes that it yielded.
        got: usize,
    },
    /// A note in the store is not one that a provider writes. The host's fault.
    #[error("the store's note `{name}` is malformed")]
    Note {
        /// The name of the note.
        name: &'static str,
    },
    /// The store does not keep a state with this root, or no longer. The caller's fault.
    #[error("the store keeps no state with root {root}")]
    UnknownRoot {
        /// The root.
        root: StateRoot,
    },
    /// The blocks to apply do not follow from one another. The caller's fault.
    #[error("block {index} begins at {got}, but the one before it ends at {expected}")]
    NotAChain {
        /// The block, from 0.
        index: usize,
        /// The end of the one before it.
        expected: StateRoot,
        /// Its start.
        got: StateRoot,
    },
    /// Block data to refresh or merge is malformed. The caller's fault.
    #[error("block data {index} is malformed")]
    BlockData {
        /// Its index, from 0.
        index: usize,
        /// The reason.
        #[source]
        source: ReadError,
    },
    /// The packages are too large to encode. The caller's fault.
    #[error("the packages are too large")]
    TooLarge(#[from] TooLargeError),
    /// The EE refuses the packages, with a reason, or crashes; [`fault`](ExecutionError::fault) distinguishes these.
    #[error("the EE does not accept the packages")]
    Refused(#[source] ExecutionError),
    /// This node failed to execute the EE over the full state, because of its disk for instance, which says nothing
    /// about the packages.
    #[error("this node cannot execute the EE over its state")]
    Failed(#[source] ExecutionError),
    /// The EE yielded no block data, because it does not support provider mode.
    #[error("the EE yields no block data in provider mode")]
    NoBlockData,
    /// The EE yielded block data without a complete witness.
    #[error("the EE yields malformed block data")]
    Yielded(#[source] ReadError),
    /// The EE put a node under a wrong hash for a store of this kind.
    #[error("the EE puts a node under the hash {expected}, but its hash in a store of kind {kind} is {got}")]
    WrongHash {
        /// The hash that the EE claims.
        expected: Hash,
        /// The hash of the bytes.
        got: Hash,
        /// The kind of the store.
        kind: StateKind,
    },
    /// The EE put bytes that are not a node of the store's kind.
    #[error("the EE puts bytes under the hash {hash} that are not a node in a store of kind {kind}")]
    NoNode {
        /// The hash that the EE claims.
        hash: Hash,
        /// The kind of the store.
        kind: StateKind,
    },
    /// The EE put a node that refers to a missing one: one that is not new, in a block not yet applied, or stored.
    #[error(
        "the EE puts the node {parent}, which refers to {child}: that is neither new nor stored, so the EE has to put it, too"
    )]
    ChildNotPut {
        /// The new node.
        parent: Hash,
        /// The missing node.
        child: Hash,
    },
    /// The EE saved a root without putting its node.
    #[error("the EE saves the root {root}, but puts no node with this hash")]
    RootNotPut {
        /// The root.
        root: StateRoot,
    },
    /// The EE refuses the block data that it has yielded: the witness is incomplete, or not minimal.
    #[error("the EE does not accept its own block data: the witness is incomplete or not minimal")]
    Witness(#[source] ExecutionError),
    /// The EE accepts the block data that it has yielded, but with another result: the EE is not the same function in
    /// both modes.
    #[error("the EE has different results over its state and over the witness")]
    Disagreement(#[source] Disagreement),
    /// The store refused an operation or failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// A difference between two executions of one block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Disagreement {
    /// The post-state roots differ.
    #[error("the post-state root is {provided} over the state, and {stateless} over the witness")]
    PostStateRoot {
        /// Over the full state.
        provided: StateRoot,
        /// Over the witness.
        stateless: StateRoot,
    },
    /// The deposits differ.
    #[error(
        "the EE pushes {provided} deposits over the state and {stateless} over the witness; deposit {first} is the first that differs"
    )]
    Deposits {
        /// Their number over the full state.
        provided: usize,
        /// Their number over the witness.
        stateless: usize,
        /// The index of the first that differs, from 0.
        first: usize,
    },
    /// The fees for the proposer differ.
    #[error("the EE pays the proposer {provided} Gwei over the state and {stateless} over the witness")]
    ProposerFee {
        /// The fee over the full state, in Gwei.
        provided: u64,
        /// The fee over the witness, in Gwei.
        stateless: u64,
    },
    /// The sent receipts differ.
    #[error(
        "the EE sends {provided} receipts over the state and {stateless} over the witness; receipt {first} is the first that differs"
    )]
    Receipts {
        /// Their number over the full state.
        provided: usize,
        /// Their number over the witness.
        stateless: usize,
        /// The index of the first that differs, from 0.
        first: usize,
    },
    /// The EE rejects a receipt in one execution only.
    #[error("the EE rejects receipt {index} over the {} only", if *.is_provided { "state" } else { "witness" })]
    Rejected {
        /// The first receipt for which that is so, by its index in the block's receipts.
        index: u32,
        /// Whether the EE rejects it over the full state.
        is_provided: bool,
    },
}

impl ProviderError {
    /// Returns whose fault the failure is; [`Fault::Block`] means the author of the packages.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Refused(error) | Self::Failed(error) | Self::Witness(error) => error.fault(),
            Self::OtherEe { .. }
            | Self::OtherShard { .. }
            | Self::UnknownRoot { .. }
            | Self::NotAChain { .. }
            | Self::BlockData { .. }
            | Self::TooLarge(_)
            | Self::Store(StoreError::NotPinned { .. } | StoreError::Kind { .. }) => Fault::Caller,
            Self::Store(StoreError::Disk(error)) if error.is_of_caller() => Fault::Caller,
            Self::NoBlockData
            | Self::PayloadBytes { .. }
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

    /// Returns the failed execution, if there is one; its logs have details.
    pub fn execution(&self) -> Option<&ExecutionError> {
        match self {
            Self::Refused(error) | Self::Failed(error) | Self::Witness(error) => Some(error),
            _ => None,
        }
    }
}
