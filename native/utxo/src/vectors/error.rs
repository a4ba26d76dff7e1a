//! Why vectors cannot be run.

use bitcoin_consensus_encoding::error::DecodeError;
use bitcoin_primitives::transaction::{TransactionDecoderError, TxOutDecoderError};
use outrider_bitcoin_script::{ScriptError, SpentOutputsError};
use outrider_witness::utreexo;

/// A file cannot be used; its author is at fault, or who chose it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VectorError {
    /// The file is not JSON.
    #[error("not JSON")]
    Json(#[source] serde_json::Error),
    /// The file is JSON, but none of the suites.
    #[error(
        "no vectors that are known: lists need the name of Bitcoin Core's file, such as `script_tests.json` or \
         `tx_valid.json`"
    )]
    NoVectors,
    /// A vector is malformed.
    #[error("row {index} is malformed")]
    Row {
        /// The position in the file.
        index: usize,
        /// The reason.
        source: RowError,
    },
}

/// A vector is malformed; its author is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// A part is missing, or has another type.
    #[error("no {what} where one is expected")]
    Missing {
        /// The part.
        what: &'static str,
    },
    /// The object does not have the fields of its suite.
    #[error("not a vector of this suite")]
    Json(#[from] serde_json::Error),
    /// The digits of bytes are not hexadecimal.
    #[error("the text `{text}` is not hex")]
    Hex {
        /// The text, or its first 40 letters.
        text: String,
        /// The reason.
        source: hex::FromHexError,
    },
    /// A hash does not have 32 bytes.
    #[error("a hash has {got} bytes, expected 32")]
    HashLength {
        /// The number of bytes.
        got: usize,
    },
    /// A word of a script is no number, text, bytes or operation.
    #[error("`{word}` is no operation")]
    Word {
        /// The word.
        word: String,
    },
    /// A flag has no meaning.
    #[error("`{name}` is no flag")]
    Flag {
        /// The flag.
        name: String,
    },
    /// An amount is not between 0 and 21 million bitcoins.
    #[error("the amount {amount} is out of range")]
    Amount {
        /// The amount in satoshi, or as it is written.
        amount: String,
    },
    /// The bytes are not a transaction.
    #[error("not a transaction")]
    Transaction(#[source] DecodeError<TransactionDecoderError>),
    /// The bytes are not an output.
    #[error("not an output")]
    Output(#[source] DecodeError<TxOutDecoderError>),
    /// The vector does not have the output that an input spends.
    #[error("the output that input {input} spends is missing")]
    SpentOutput {
        /// The position of the input.
        input: usize,
    },
    /// There are more or fewer outputs than inputs.
    #[error(transparent)]
    SpentOutputs(#[from] SpentOutputsError),
    /// The control block is malformed.
    #[error("the control block is malformed")]
    ControlBlock(#[source] ScriptError),
    /// The accumulator cannot be.
    #[error(transparent)]
    Accumulator(#[from] utreexo::AccumulatorError),
}
