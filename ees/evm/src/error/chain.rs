//! Errors of chains on shards.

use alloy_primitives::B256;
use outrider_evm_codec::{ChainNodeError, ChainPlace};
use outrider_witness::NodeError;

/// The reason for which a block is not the next one of a chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The witness does not have the node of the pre-state; or the host of a provider fails.
    #[error("the node of the chain")]
    Node(#[source] NodeError),
    /// The pre-state root is the hash of something else. On a state of Ethereum, only payloads of kinds 0 to 2 are
    /// executed.
    #[error("the pre-state {root} is not that of a chain, on which alone payloads of kind 3 are executed")]
    NoChain {
        /// The pre-state root.
        root: B256,
        /// The error.
        source: ChainNodeError,
    },
    /// The head of the chain is not a header. The chain began with it.
    #[error("the head of the chain")]
    Head(#[source] alloy_rlp::Error),
    /// The package names no beneficiary.
    #[error("the package names no beneficiary of fees")]
    NoProposal,
    /// The time of the slot has more than 64 bits.
    #[error("slot {slot} has a time of more than 64 bits")]
    Time {
        /// The slot in the context of the execution.
        slot: u64,
    },
    /// The EE or the shard has an index beyond those of chain IDs.
    #[error(
        "EE {ee} on shard {shard} has no chain ID: there are IDs for EEs below {} and shards below {}",
        ChainPlace::EE_END,
        ChainPlace::SHARD_END
    )]
    ChainId {
        /// The EE in the context of the execution.
        ee: u64,
        /// The shard in the context of the execution.
        shard: u64,
    },
    /// The deliveries of receipts may use too much gas.
    #[error("the deliveries of receipts may use {got} gas, and half of the block's is {max}: take fewer")]
    Deliveries {
        /// The gas that they may use.
        got: u64,
        /// The limit.
        max: u64,
    },
    /// The transactions together are too long.
    #[error("the transactions have {got} bytes, and may have {max}")]
    TooLong {
        /// Their length in bytes.
        got: usize,
        /// The limit.
        max: usize,
    },
}

/// The reason for which packages cannot be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There are none; or one of several is a whole block, or has its own environment.
    #[error("there are {got}, and a block is made of one")]
    NotOne {
        /// The number of packages.
        got: usize,
    },
    /// One of several is not a payload.
    #[error("package {index}")]
    Payload {
        /// Its index.
        index: usize,
        /// The error.
        source: alloy_rlp::Error,
    },
    /// One after the first names a beneficiary or a gas limit.
    #[error(
        "package {index} names a beneficiary of fees, and only the first package may, which is that of the block's \
         proposer: give its transactions alone"
    )]
    Proposal {
        /// Its index.
        index: usize,
    },
    /// The first names no beneficiary of fees.
    #[error(
        "the first package names no beneficiary of fees: put a package with a proposal before the others"
    )]
    NoProposal,
}
