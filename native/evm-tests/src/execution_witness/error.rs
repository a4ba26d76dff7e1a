//! Errors in blocks with execution witnesses.

use alloy_primitives::{B256, U256};
use outrider_evm::chain_config::ChainConfigError;
use outrider_witness::mpt::TrieError;

use super::{CompactError, StatelessInputError};

/// Why the chain that a file names is not known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimedChainError {
    /// A setting of the chain's configuration cannot be honoured.
    #[error(transparent)]
    Config(#[from] ChainConfigError),
    /// The file only has the name of an unknown network.
    #[error("the file is of the network {name}, whose rules are not known here: give its genesis")]
    Network {
        /// The network as the file has it, in JSON.
        name: String,
    },
    /// The chain's configuration contradicts the name of the network.
    #[error(
        "the file has a chain's configuration and names the network {name}, whose chain id or rules at this block differ: remove the wrong one"
    )]
    Contradiction {
        /// The name of the network.
        name: String,
    },
}

/// Why a file has no block that can be executed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The JSON has none of the shapes that [`super`] lists.
    #[error(
        "no block with a witness: there is no `executionWitness`, no `prev_state_root`, no `blockNumber`, no `block_trace`, no \
         `blocks` with `witness`, no `statelessInputBytes`, no `accountProof`"
    )]
    Shape,
    /// The file has several blocks, or none.
    #[error("the file has {got} blocks, expected one")]
    Blocks {
        /// The number of blocks.
        got: usize,
    },
    /// The hash of a block's fields is not the hash that the file gives. One of them is wrong, or the fork is not known
    /// here.
    #[error("the header's fields have the hash {got}, expected {expected}")]
    BlockHash {
        /// The hash of the fields.
        got: B256,
        /// The hash that the file gives.
        expected: B256,
    },
    /// The SSZ is malformed.
    #[error("`statelessInputBytes` is malformed")]
    StatelessInput(#[source] StatelessInputError),
    /// The proofs are of several states, or of none.
    #[error("the proofs are of {got} states, expected one")]
    Proofs {
        /// The number of different state roots.
        got: usize,
    },
    /// The file has a witness but no block.
    #[error("the witness comes without its block: give the block, too")]
    NoBlock,
    /// The JSON does not have the form of its shape.
    #[error("the JSON does not have the form of {shape}")]
    Form {
        /// The name of the shape.
        shape: &'static str,
        /// The error in the JSON.
        #[source]
        source: serde_json::Error,
    },
    /// A block or a header is malformed.
    #[error("{what} cannot be read")]
    Rlp {
        /// The name of the block or header.
        what: &'static str,
        /// The error in the RLP.
        source: alloy_rlp::Error,
    },
    /// A block in JSON has ommers, of which JSON only has the hashes.
    #[error("the block has {got} ommers, which its JSON does not have: give it in RLP")]
    Ommers {
        /// The number of ommers.
        got: usize,
    },
    /// A block in JSON has a transaction of an unknown type.
    #[error("the block has a transaction of the unknown type {got}: give the block in RLP")]
    TransactionType {
        /// The number of the type.
        got: U256,
    },
    /// A dump of a database lacks a part of the block.
    #[error("the dump lacks the block's {what}")]
    Dump {
        /// The missing part.
        what: &'static str,
    },
    /// The compact witness of an Erigon trace is malformed.
    #[error("the compact witness is malformed")]
    Compact(#[source] CompactError),
    /// The transactions of a dump cannot be read.
    #[error("the transactions of the dump cannot be read")]
    Transactions(#[source] TrieError),
    /// The parent's header is missing, and the file does not give the pre-state root.
    #[error(
        "the header of the parent {hash} is missing from the {got} headers of the witness: give it beside the witness"
    )]
    NoParent {
        /// The parent's hash.
        hash: B256,
        /// The number of headers in the witness.
        got: usize,
    },
    /// The witness lacks the root node of the state before the block.
    #[error("the witness lacks the root node {root} of the state before the block")]
    NoRoot {
        /// The root of that state.
        root: B256,
    },
    /// The first of the claimed hashes of ancestors is not the parent's.
    #[error("the hashes of ancestors begin with {got}, expected the parent's, {expected}")]
    BlockHashes {
        /// The first hash.
        got: B256,
        /// The parent's hash, from the block's header.
        expected: B256,
    },
}
