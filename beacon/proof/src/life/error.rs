//! Errors of lives.

use core::fmt;

use super::super::{Hash, ProofError};

/// The reason for which a life is refused, with the first stage that is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stage `{stage}` is not proven")]
pub struct LifeError {
    /// The stage.
    pub stage: Stage,
    /// The reason.
    #[source]
    pub error: StageError,
}

/// A stage of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The ledger has the header that sends the receipt.
    Crosslinked,
    /// The header sends the receipt.
    Emitted,
    /// The receipt waits.
    Waiting,
    /// The receipt is settled.
    Settled,
    /// The header that settles it sends it back.
    Returned,
    /// The returning receipt waits.
    ReturnWaiting,
    /// The returning receipt is settled.
    ReturnSettled,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crosslinked => "crosslinked",
            Self::Emitted => "emitted",
            Self::Waiting => "waiting",
            Self::Settled => "settled",
            Self::Returned => "returned",
            Self::ReturnWaiting => "return waiting",
            Self::ReturnSettled => "return settled",
        })
    }
}

/// The reason for which a stage is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The verifier does not trust the beacon block.
    #[error("it rests on beacon block 0x{}, which is not trusted", Hex(block_root))]
    Untrusted {
        /// The root of the beacon block.
        block_root: Hash,
    },
    /// A proof does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// A number is not the one that follows from another part of the life.
    #[error("{field} is {got}, expected {expected}")]
    Field {
        /// The number.
        field: &'static str,
        /// Its value.
        got: u64,
        /// The expected value.
        expected: u64,
    },
    /// The ledger has settled the receipt.
    #[error("the ledger of slot {slot} has settled receipt {sequence}")]
    Settled {
        /// The number of the receipt.
        sequence: u64,
        /// The slot of the beacon block.
        slot: u64,
    },
    /// The header does not settle the receipt.
    #[error("the header of slot {slot} does not settle receipt {sequence}")]
    NotSettled {
        /// The number of the receipt.
        sequence: u64,
        /// The slot of the header.
        slot: u64,
    },
    /// The life lacks the receipt, without which nobody knows what its settlement means.
    #[error("the life does not have receipt {sequence} itself")]
    NoReceipt {
        /// The number of the receipt.
        sequence: u64,
    },
    /// A message returns, and the life lacks the returning receipt.
    #[error("receipt {sequence} returns, and the life has no returning receipt")]
    NoReturn {
        /// The number of the receipt.
        sequence: u64,
    },
    /// The life has a returning receipt of one that does not return.
    #[error("receipt {sequence} does not return, and the life has a returning receipt")]
    Return {
        /// The number of the receipt.
        sequence: u64,
    },
    /// The data of the returning receipt do not begin with the root of the one that it returns.
    #[error("the data of returning receipt {sequence} do not name the receipt that it returns")]
    ReturnData {
        /// The number of the returning receipt.
        sequence: u64,
    },
}

/// Formats bytes as hex digits.
struct Hex<'h>(&'h Hash);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
