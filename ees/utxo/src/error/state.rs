//! The errors of witnesses and of providers' states.

use outrider_sdk::{ReadError, StateRoot};
use outrider_witness::{
    NodeError,
    smt::TreeError,
    utreexo::{self, AccumulatorError, ForestError, SCRIPT_BYTES_MAX},
};

use crate::hash::Digest;

/// The reason why the state does not have what a block needs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The witness does not fit the block.
    #[error("witness")]
    Witness(#[from] WitnessError),
    /// The accumulator has no more room, or a leaf is zero.
    #[error("accumulator")]
    Accumulator(#[from] AccumulatorError),
    /// The provider has no valid state.
    #[error("the provider's state")]
    Provider(#[from] ProviderError),
}

/// The reason why bytes are not the witness of a block. The fault is with their author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The bytes end inside a part.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The tip is malformed.
    #[error("tip")]
    Tip(#[from] TipError),
    /// The tip is that of another state.
    #[error("the tip has hash {got}, but the state root is {expected}")]
    Root {
        /// The hash of the tip.
        got: StateRoot,
        /// The state root.
        expected: StateRoot,
    },
    /// The height of a block does not fit into 31 bits.
    #[error("byte {offset}: the height does not fit into 31 bits")]
    Height {
        /// The offset.
        offset: usize,
    },
    /// A script is longer than that of an output that can be spent.
    #[error("a script has {got} bytes, and at most {SCRIPT_BYTES_MAX} can be spent")]
    ScriptTooLong {
        /// The length given.
        got: u32,
    },
    /// The witness has more or fewer outputs than the block spends.
    #[error("the block spends {expected} outputs of earlier blocks, the witness has {got}")]
    Outputs {
        /// The number of spent outputs.
        expected: usize,
        /// The number of outputs in the witness.
        got: usize,
    },
    /// An output is for no input, or for an input that has one.
    #[error("output {index} is for the input {input}, which does not exist or has one")]
    Input {
        /// The position of the output in the witness.
        index: usize,
        /// The input.
        input: u32,
    },
    /// A script is not shown by the input, or could be shorter.
    #[error("output {index}: the input does not show the script, or shows it although it is written out")]
    Script {
        /// The position of the output in the witness.
        index: usize,
    },
    /// An amount is above 21 million bitcoins.
    #[error("output {index}: {amount} is above 21 million bitcoins")]
    Amount {
        /// The position of the output in the witness.
        index: usize,
        /// The amount in satoshi.
        amount: u64,
    },
    /// The paths are not those of the outputs.
    #[error("paths of the outputs")]
    Paths(#[from] utreexo::WitnessError),
    /// An ancestry is missing, is not that of the block, or is not needed.
    #[error("ancestry {index} is missing, not the one that is needed, or not needed")]
    Ancestry {
        /// The position of the ancestry.
        index: usize,
    },
}

/// The reason why bytes are not a tip.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TipError {
    /// The bytes end inside a part.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The first byte is another.
    #[error("the first byte is {got:#04x}, which is not that of a tip")]
    Tag {
        /// The first byte.
        got: u8,
    },
    /// There is no such network.
    #[error("unknown network {got}")]
    Network {
        /// The number.
        got: u8,
    },
    /// A history is neither known nor assumed.
    #[error("unknown kind of history {got}")]
    History {
        /// The number.
        got: u8,
    },
    /// The accumulator is malformed.
    #[error("accumulator")]
    Accumulator(#[from] AccumulatorError),
}

/// The reason why a provider's nodes do not make a state. The provider is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// A node is missing.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The node of the root is not a tip.
    #[error("the node of the root is not a tip")]
    Tip(#[from] WitnessError),
    /// The forest's nodes are missing or malformed.
    #[error("forest")]
    Forest(#[from] ForestError),
    /// The forest's roots are malformed.
    #[error("roots of the forest")]
    Roots(#[from] AccumulatorError),
    /// The index's nodes are missing or malformed.
    #[error("index of the outputs")]
    Index(#[from] TreeError),
    /// A record of the index is malformed.
    #[error("a record of the index")]
    Record(#[from] ReadError),
    /// The header of an ancestor is not in the index.
    #[error("the index has no header of block {hash}")]
    Header {
        /// The block.
        hash: Digest,
    },
}
