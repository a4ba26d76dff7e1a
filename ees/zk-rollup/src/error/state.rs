//! The errors of witnesses and of a provider's nodes.

use outrider_sdk::{ReadError, StateRoot};
use outrider_witness::NodeError;
use outrider_zk_rollup_core::field::NotCanonicalError;

use crate::tree::{PathsError, TreeError};

/// The reason why the state does not have what a block needs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// There is no state for a block.
    #[error("the state is empty: it needs a genesis first")]
    Empty,
    /// The witness is wrong. The block's author is at fault.
    #[error("witness")]
    Witness(#[from] WitnessError),
    /// The tree of accounts cannot be read.
    #[error("accounts")]
    Accounts(#[from] TreeError),
    /// The provider's nodes are wrong. The provider is at fault.
    #[error("the provider's nodes")]
    Provider(#[from] ProviderError),
}

/// The reason why bytes are not a witness of a state. The block's author is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The bytes end inside a part, or do not end with the last part that the block needs.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The node of the state is malformed.
    #[error("the state's node")]
    StateNode(#[from] StateNodeError),
    /// The node is that of another state.
    #[error("the state's root is {expected}, and the witness is of {got}")]
    Root {
        /// The root of the node.
        got: StateRoot,
        /// The root of the state.
        expected: StateRoot,
    },
    /// The list of pending deposits is malformed.
    #[error("pending deposits")]
    PendingDeposits(#[from] DepositsError),
    /// The pending deposits are others than those of the state.
    #[error("the pending deposits are not those of the state")]
    Deposits,
    /// The paths to accounts are malformed.
    #[error("the paths to accounts")]
    Paths(#[from] PathsError),
    /// The paths lead to another root than that of the state.
    #[error("the paths to accounts lead to another root than that of the state")]
    Accounts,
    /// A verifying key is another one than that of the state.
    #[error("the verifying key for batches of {size} is not that of the state")]
    Key {
        /// The batch size.
        size: u16,
    },
}

/// The reason why a provider's nodes do not make a state. The provider is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// A node is missing.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The node of a state is malformed.
    #[error("the state's node")]
    StateNode(#[from] StateNodeError),
    /// The node of a state goes on after its end.
    #[error("the state's node")]
    Read(#[from] ReadError),
    /// The node is that of another state.
    #[error("the state's root is {expected}, and the node has {got}")]
    Root {
        /// The root of the node.
        got: StateRoot,
        /// The root of the state.
        expected: StateRoot,
    },
    /// The list of pending deposits is malformed.
    #[error("pending deposits")]
    Deposits(#[from] DepositsError),
}

/// The reason why bytes are not the node of a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateNodeError {
    /// The bytes end inside the node.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The first byte is another one.
    #[error("the first byte is 0xf0, got {got:#04x}")]
    Tag {
        /// The first byte.
        got: u8,
    },
    /// A number is not below the order of the field.
    #[error("byte {offset}")]
    Field {
        /// The offset.
        offset: usize,
        /// The reason.
        source: NotCanonicalError,
    },
}

/// The reason why bytes are not a list of pending deposits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DepositsError {
    /// The bytes end inside a deposit.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The first byte of a node is another one.
    #[error("the first byte is 0xf1, got {got:#04x}")]
    Tag {
        /// The first byte.
        got: u8,
    },
    /// No account has the index.
    #[error("byte {offset}: indices of accounts begin with 1")]
    Index {
        /// The offset.
        offset: usize,
    },
    /// There is no such recipient.
    #[error("byte {offset}: a recipient is of the kind 0 or 1, got {got}")]
    Recipient {
        /// The offset.
        offset: usize,
        /// The byte.
        got: u8,
    },
}
