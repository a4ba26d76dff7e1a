//! The errors of payloads and packages.

mod block;
mod state;

use alloc::string::String;

use outrider_sdk::{ReadError, StateRoot};

pub use self::{
    block::{BlockError, DepartureError, HeaderError, TransactionError},
    state::{ProviderError, StateError, TipError, WitnessError},
};
use crate::{hash::OutPoint, network::Network};

/// The reason why a payload is refused. The fault is with the block's author, unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// The payload is malformed.
    #[error("payload")]
    Input(#[from] InputError),
    /// The payload makes a first state, but there is one.
    #[error("the payload makes a first state, but the state is not empty, its root is {root}")]
    NotEmpty {
        /// The root of the state.
        root: StateRoot,
    },
    /// There is no state for a block.
    #[error("the state is empty: it needs a genesis first")]
    Empty,
    /// A block with an assumed state is of another kind than a block of a known chain.
    #[error("the history is {}, and a block of this kind needs the other", if *.is_assumed { "assumed" } else { "known" })]
    History {
        /// Whether the history of the state is assumed.
        is_assumed: bool,
    },
    /// Proposals and transactions are packages, of which a provider makes a block.
    #[error("a proposal or transaction is not a block: a provider makes one of them")]
    Proposal,
    /// The provider makes no blocks for this network, because their headers show work.
    #[error("nobody can make a block for the network {network:?} from a proposal: its headers show work")]
    Work {
        /// The network.
        network: Network,
    },
    /// The outputs of a shard's chain are worth ether, for which nobody can vouch.
    #[error("the outputs of a shard's chain are worth ether, for which nobody can vouch")]
    AssumedShard,
    /// The outputs of an assumed state are too many, or one of them cannot be spent.
    #[error("assumed output {index}")]
    Assumed {
        /// The position of the output.
        index: usize,
        /// The reason.
        source: AssumedError,
    },
    /// The block is invalid.
    #[error("block {height}")]
    Block {
        /// The height, were it valid.
        height: u32,
        /// The reason.
        source: BlockError,
    },
}

impl TransitionError {
    /// Returns the reason for which Bitcoin Core refuses the block, if it has a name for it.
    #[must_use]
    pub fn reject_reason(&self) -> Option<&'static str> {
        match self {
            Self::Block { source, .. } => source.reject_reason(),
            _ => None,
        }
    }
}

/// The reason why an assumed state cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssumedError {
    /// No transaction could spend the output.
    #[error("no transaction could spend the script")]
    Unspendable,
    /// The amount is above 21 million bitcoins.
    #[error("{amount} is above 21 million bitcoins")]
    Amount {
        /// The amount in satoshi.
        amount: u64,
    },
    /// The output occurs twice.
    #[error("{out_point} occurs twice")]
    Repeated {
        /// The output.
        out_point: OutPoint,
    },
    /// The output before has the same height and another block hash.
    #[error("the output before has the same height {height} and another block hash")]
    BlockHash {
        /// The height.
        height: u32,
    },
    /// The block that made the output would be a later one, or outputs are not in the order of their blocks.
    #[error("the height {height} is below that of the output before, or above that of the state")]
    Height {
        /// The height.
        height: u32,
    },
}

/// The reason why bytes are not a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The bytes end inside a part, or do not end with it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no such kind of payload.
    #[error("byte 0: unknown kind of payload {got}")]
    Kind {
        /// The first byte.
        got: u8,
    },
    /// There is no such network.
    #[error("unknown network {got}")]
    Network {
        /// The number.
        got: u8,
    },
    /// A transaction is malformed.
    #[error("transaction {index}: {reason}")]
    Transaction {
        /// The position among those of the payload.
        index: usize,
        /// The reason, in the words of `bitcoin-primitives`.
        reason: String,
    },
}

/// The reason why packages cannot be merged. The fault is with whoever chose them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A package is not a payload.
    #[error("package {index}")]
    Input {
        /// The package.
        index: usize,
        /// The reason.
        source: InputError,
    },
    /// A block is malformed.
    #[error("package {index}: {reason}")]
    Block {
        /// The package.
        index: usize,
        /// The reason.
        reason: String,
    },
    /// A genesis or something about an assumed state is among other packages.
    #[error(
        "package {index}: a genesis, an assumed state or a block on one cannot be merged with other packages"
    )]
    Alone {
        /// The package.
        index: usize,
    },
    /// Two packages are proposals with different scripts.
    #[error("package {index}: the script of the coinbase is another than that of the proposal before")]
    Proposals {
        /// The second of the packages.
        index: usize,
    },
    /// No package is a proposal.
    #[error("no package is a proposal, which has the time and the proposer's script")]
    NoProposal,
    /// Two packages spend the same output.
    #[error("package {index}: {out_point} is spent by package {first}, too")]
    Conflict {
        /// The second of the packages.
        index: usize,
        /// The first of the packages.
        first: usize,
        /// The output.
        out_point: OutPoint,
    },
}
