//! Why there is no block to execute.

use alloy_primitives::{B256, U256};
use outrider_evm::chain_config::ChainConfigError;
use outrider_witness::mpt::TrieError;

use super::{CompactError, StatelessInputError};

/// Why the chain that a block is told to belong to is not known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimedChainError {
    /// The configuration has something that cannot be honoured.
    #[error(transparent)]
    Config(#[from] ChainConfigError),
    /// There is only the name of a network.
    #[error("the file is of the network {name}, whose rules are not known here: give its genesis")]
    Network {
        /// What the file says, in JSON.
        name: String,
    },
    /// There are a configuration and the name of a network that has others.
    #[error(
        "the file tells a chain's configuration and the network {name}, which has another number or other rules at this block: remove what is wrong"
    )]
    Contradiction {
        /// The name.
        name: String,
    },
}

/// Why there is no block to execute.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The shape is none of those in the list above.
    #[error(
        "no block with a witness: there is no `executionWitness`, no `prev_state_root`, no `blockNumber`, no `block_trace`, no \
         `blocks` with `witness`, no `statelessInputBytes`, no `accountProof`"
    )]
    Shape,
    /// There are several blocks in the place of one, or none.
    #[error("there are {got} blocks, and one is executed at a time")]
    Blocks {
        /// How many there are.
        got: usize,
    },
    /// The fields of a block have another hash than it says. One of them is wrong, or of a fork that is not known here.
    #[error("the header has the hash {got} by its fields, and says {expected}")]
    BlockHash {
        /// By its fields.
        got: B256,
        /// What it says.
        expected: B256,
    },
    /// Bytes are no stateless input.
    #[error("`statelessInputBytes`")]
    StatelessInput(#[source] StatelessInputError),
    /// The proofs are of more than one state, or there are none.
    #[error("the proofs begin at {got} roots, and should be of one state")]
    Proofs {
        /// How many roots there are.
        got: usize,
    },
    /// There is a witness, and no block.
    #[error("a witness without its block, which has to be given beside it")]
    NoBlock,
    /// Something has another form than its shape.
    #[error("it does not have the form of {shape}")]
    Form {
        /// The shape.
        shape: &'static str,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The block, or a header, cannot be read.
    #[error("{what} cannot be read")]
    Rlp {
        /// The block, or which header.
        what: &'static str,
        /// What is wrong.
        source: alloy_rlp::Error,
    },
    /// A block in JSON has ommers, of which that tells but the hashes.
    #[error("the block has {got} ommers, which its JSON does not have: give it in RLP")]
    Ommers {
        /// How many there are.
        got: usize,
    },
    /// A block in JSON has a transaction of a type that is not known here.
    #[error("there is a transaction of type {got}, which is unknown: give the block in RLP")]
    TransactionType {
        /// The type.
        got: U256,
    },
    /// A dump of a database lacks something of the block.
    #[error("the dump lacks the block's {what}")]
    Dump {
        /// What is not there.
        what: &'static str,
    },
    /// The compact witness in a trace of Erigon cannot be read.
    #[error("the compact witness")]
    Compact(#[source] CompactError),
    /// The transactions in a dump of a database cannot be read.
    #[error("the transactions of the dump")]
    Transactions(#[source] TrieError),
    /// The header of the parent is not there, and nothing else tells the state before the block.
    #[error(
        "the header of the parent {hash} is not there; the witness has {got} headers, and more can be given beside it"
    )]
    NoParent {
        /// The parent's hash.
        hash: B256,
        /// How many headers there are.
        got: usize,
    },
    /// The witness lacks the node that the state before the block begins with.
    #[error("the witness lacks the root of the state before the block, {root}")]
    NoRoot {
        /// The root of that state.
        root: B256,
    },
    /// The first of the hashes that are told is not that of the parent.
    #[error("the hashes of ancestors begin with {got}, and the parent has {expected}")]
    BlockHashes {
        /// The first.
        got: B256,
        /// The parent's, by the block's header.
        expected: B256,
    },
}
