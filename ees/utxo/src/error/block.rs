//! The errors of blocks, with the names that Bitcoin Core has for them.

use alloc::string::{String, ToString as _};

use bitcoin_consensus_encoding::error::DecodeError;
use bitcoin_primitives::block::BlockDecoderError;
use outrider_bitcoin_script as script;
use outrider_sdk::receipt::RECEIPTS_SENT_MAX;

use super::StateError;
use crate::hash::{Digest, OutPoint};

/// The reason why a block is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The header is invalid.
    #[error("header")]
    Header(#[from] HeaderError),
    /// The bytes are not a block.
    ///
    /// The decoder refuses blocks and transactions of more than 4,000,000 weight units, transactions without outputs,
    /// with an input twice, with amounts above 21 million bitcoins or with a null outpoint beside other inputs, and
    /// coinbases with a script of less than 2 or more than 100 bytes. Bitcoin Core names these `bad-blk-weight`,
    /// `bad-txns-vout-empty`, `bad-txns-inputs-duplicate`, `bad-txns-vout-toolarge`, `bad-txns-txouttotal-toolarge`,
    /// `bad-txns-prevout-null` and `bad-cb-length`.
    #[error("the bytes are not a block: {reason}")]
    Decode {
        /// The reason, in the words of `bitcoin-primitives`.
        reason: String,
    },
    /// The block has no transactions, or the first is no coinbase.
    #[error("the first transaction is not a coinbase")]
    NoCoinbase,
    /// The transactions are not those of the header.
    #[error("the header has the Merkle root {expected}, the transactions have {got}")]
    MerkleRoot {
        /// The root of the transactions.
        got: Digest,
        /// The root in the header.
        expected: Digest,
    },
    /// Two equal subtrees lie beside each other, so that other transactions have the same Merkle root (CVE-2012-2459).
    #[error("transactions are repeated so that the Merkle root is not theirs alone")]
    Repeated,
    /// The coinbase does not begin with the height (BIP 34).
    #[error("the script of the coinbase does not begin with the height")]
    Height,
    /// The witness of the coinbase is not one element of 32 bytes (BIP 141).
    #[error("the witness of the coinbase is not one element of 32 bytes")]
    WitnessNonce,
    /// The commitment to the witnesses is wrong (BIP 141).
    #[error("the coinbase commits to the witnesses {expected}, the transactions have {got}")]
    WitnessCommitment {
        /// The commitment to the transactions' witnesses.
        got: Digest,
        /// The commitment in the coinbase.
        expected: Digest,
    },
    /// A transaction has a witness, but the coinbase does not commit to it, or segregated witnesses are not active.
    #[error("transaction {index} has a witness without a commitment")]
    Witness {
        /// The transaction.
        index: usize,
    },
    /// The signature of a signet's block is missing or invalid (BIP 325).
    #[error("the block is not signed by the signet")]
    Unsigned(#[source] Option<script::InputError>),
    /// There are too many signature checks (BIP 141).
    #[error("the sigop cost is {got} or more, the limit is {}", script::limit::BLOCK_SIGOP_COST_MAX)]
    Sigops {
        /// The cost of the transactions up to the one that exceeds the limit.
        got: u64,
    },
    /// A transaction is invalid.
    #[error("transaction {index}, {txid}")]
    Transaction {
        /// The position in the block.
        index: usize,
        /// The transaction's id.
        txid: Digest,
        /// The reason.
        source: TransactionError,
    },
    /// The coinbase takes more than the subsidy and the fees.
    #[error("the coinbase takes {got}, subsidy and fees are {limit}")]
    CoinbaseAmount {
        /// The sum of the outputs of the coinbase in satoshi.
        got: u64,
        /// Subsidy and fees in satoshi.
        limit: u64,
    },
    /// The witness does not prove the spent outputs; or the provider is at fault.
    #[error(transparent)]
    State(#[from] StateError),
}

impl BlockError {
    /// Returns the error for bytes that a decoder refuses. Its errors are none without a standard library.
    pub(crate) fn of_decoder(error: DecodeError<BlockDecoderError>) -> Self {
        Self::Decode { reason: error.to_string() }
    }

    /// Returns the reason for which Bitcoin Core refuses the block, if it has a name for it.
    #[must_use]
    pub fn reject_reason(&self) -> Option<&'static str> {
        Some(match self {
            Self::Header(error) => return error.reject_reason(),
            Self::Transaction { source, .. } => return source.reject_reason(),
            Self::Decode { .. } | Self::State(_) => return None,
            Self::NoCoinbase => "bad-cb-missing",
            Self::MerkleRoot { .. } => "bad-txnmrklroot",
            Self::Repeated => "bad-txns-duplicate",
            Self::Height => "bad-cb-height",
            Self::WitnessNonce => "bad-witness-nonce-size",
            Self::WitnessCommitment { .. } => "bad-witness-merkle-match",
            Self::Witness { .. } => "unexpected-witness",
            Self::Unsigned(_) => "bad-signet-blksig",
            Self::Sigops { .. } => "bad-blk-sigops",
            Self::CoinbaseAmount { .. } => "bad-cb-amount",
        })
    }
}

/// The reason why a header is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The bits are not those of a target up to the limit of the network.
    #[error("the bits {bits:08x} are not those of a target up to the limit of the network")]
    Target {
        /// The bits.
        bits: u32,
    },
    /// The hash is above the target.
    #[error("the hash {hash} is above the target of the bits {bits:08x}")]
    Work {
        /// The hash of the header.
        hash: Digest,
        /// The bits.
        bits: u32,
    },
    /// The parent is not the tip.
    #[error("the parent is {got}, the tip is {expected}")]
    Parent {
        /// The parent.
        got: Digest,
        /// The tip.
        expected: Digest,
    },
    /// The bits are not those that the network demands.
    #[error("bits: got {got:08x}, expected {expected:08x}")]
    Bits {
        /// The bits.
        got: u32,
        /// The demanded bits.
        expected: u32,
    },
    /// The time is not later than the median of the last eleven.
    #[error("the time {time} is not later than the median {median_time} of the last 11 blocks")]
    TooOld {
        /// The time of the block.
        time: u32,
        /// The median time.
        median_time: u32,
    },
    /// The time of a block on a shard is not that of the slot.
    #[error("time: got {got}, expected {expected}, the time of the slot")]
    SlotTime {
        /// The time of the block.
        got: u32,
        /// The time of the slot.
        expected: u32,
    },
    /// The version is retired.
    #[error("the version is {got}, and has to be {least} or more")]
    Version {
        /// The version.
        got: i32,
        /// The least version.
        least: i32,
    },
    /// The chain has 2^31 blocks, more than leaves can express.
    #[error("the chain has 2^31 blocks, more than leaves can express")]
    TooHigh,
    /// The work of the chain has more than 256 bits. Only an invented state has such work.
    #[error("the work of the chain has more than 256 bits")]
    WorkOverflow,
}

impl HeaderError {
    fn reject_reason(self) -> Option<&'static str> {
        Some(match self {
            Self::Target { .. } | Self::Work { .. } => "high-hash",
            Self::Parent { .. } => "prev-blk-not-found",
            Self::Bits { .. } => "bad-diffbits",
            Self::TooOld { .. } => "time-too-old",
            Self::Version { .. } => "bad-version",
            Self::SlotTime { .. } | Self::TooHigh | Self::WorkOverflow => return None,
        })
    }
}

/// The reason why a transaction is invalid in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// It has no inputs.
    #[error("there are no inputs")]
    NoInputs,
    /// It is a coinbase, but not the first transaction.
    #[error("only the first transaction is a coinbase")]
    Coinbase,
    /// Its lock time is not reached, and an input makes it count.
    #[error("the lock time {lock_time} is not reached")]
    LockTime {
        /// The lock time.
        lock_time: u32,
    },
    /// An input spends an output that does not exist, not yet, or no longer.
    #[error("input {input}: {out_point} is missing or spent")]
    Missing {
        /// The input.
        input: usize,
        /// The output.
        out_point: OutPoint,
    },
    /// An input spends a coinbase before its time.
    #[error("input {input}: the coinbase has {depth} blocks, and needs 100")]
    Immature {
        /// The input.
        input: usize,
        /// The number of blocks from the coinbase to this one.
        depth: u32,
    },
    /// The inputs have more than 21 million bitcoins together.
    #[error("input {input}: the inputs have more than 21 million bitcoins together")]
    InputAmounts {
        /// The input that exceeds the limit.
        input: usize,
    },
    /// The outputs have more than the inputs.
    #[error("the inputs have {amount_in}, the outputs {amount_out}")]
    Overspent {
        /// The sum of the inputs in satoshi.
        amount_in: u64,
        /// The sum of the outputs in satoshi.
        amount_out: u64,
    },
    /// The fees of the block are more than 21 million bitcoins together.
    #[error("the fees of the block are more than 21 million bitcoins together")]
    Fees,
    /// An input is younger than its sequence number allows (BIP 68).
    #[error("input {input}: its output is younger than the sequence number {sequence:08x} allows")]
    Sequence {
        /// The input.
        input: usize,
        /// The sequence number.
        sequence: u32,
    },
    /// A script fails. The source names the input, and the operation if one fails.
    #[error("scripts")]
    Script(#[source] script::InputError),
    /// An output that leaves the shard is malformed.
    #[error("output {output}")]
    Departure {
        /// The output.
        output: usize,
        /// The reason.
        source: DepartureError,
    },
}

impl TransactionError {
    fn reject_reason(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoInputs => "bad-txns-vin-empty",
            Self::Coinbase => "bad-cb-multiple",
            Self::LockTime { .. } | Self::Sequence { .. } => "bad-txns-nonfinal",
            Self::Missing { .. } => "bad-txns-inputs-missingorspent",
            Self::Immature { .. } => "bad-txns-premature-spend-of-coinbase",
            Self::InputAmounts { .. } => "bad-txns-inputvalues-outofrange",
            Self::Overspent { .. } => "bad-txns-in-belowout",
            Self::Fees => "bad-txns-accumulated-fee-outofrange",
            Self::Script(_) => "block-script-verify-flag-failed",
            Self::Departure { .. } => return None,
        })
    }
}

/// The reason why value cannot leave a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DepartureError {
    /// The script has the tag of a departure, but is not one.
    #[error("the script begins as that of a departure, and does not go on so")]
    Malformed,
    /// The fee of the receipt is more than the amount.
    #[error("the fee of the receipt is {fee}, the amount is {amount}")]
    Fee {
        /// The fee in Gwei.
        fee: u64,
        /// The amount in satoshi.
        amount: u64,
    },
    /// The block sends as many receipts as it may already.
    #[error("a block sends at most {RECEIPTS_SENT_MAX} receipts; send this one in a later block")]
    TooMany,
    /// A coinbase cannot send a receipt.
    #[error("a coinbase cannot send a receipt")]
    Coinbase,
}
