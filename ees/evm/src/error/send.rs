//! Errors of what contracts send to other shards and EEs.

/// The reason for which a block cannot send the receipts of a transaction. A later block may be able to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// There are too many.
    #[error("with them, the block sends more than {max}")]
    Count {
        /// The limit.
        max: usize,
    },
    /// Their payloads are too long.
    #[error("with them, the payloads have more than {max} bytes")]
    Bytes {
        /// The limit.
        max: usize,
    },
    /// The EE does not have their ether: its accounts have more than the beacon chain knows of.
    #[error("the EE has {left} Gwei on this shard, and they take more")]
    Ether {
        /// The ether that is left in Gwei.
        left: u64,
    },
    /// A log of the outbox has another layout: what has its address is another contract.
    #[error("what the outbox has logged is no receipt")]
    Log,
}
