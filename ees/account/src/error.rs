//! The errors of blocks and packages.

use outrider_sdk::{
    ReadError, StateRoot,
    crypto::{CheckError, MalformedError},
    receipt::RECEIPTS_SENT_MAX,
    state::TreeError,
};

use crate::{keys::Address, transaction::SEND_PAYLOAD_BYTES_MAX};

/// The reason why a payload is refused. The fault is with the block's author, unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// The payload is malformed.
    #[error("payload")]
    Input(#[from] InputError),
    /// The account cannot be read from the state.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The payload is a genesis, but the state is not empty.
    #[error("genesis: the state is not empty, its root is {root}")]
    NotEmpty {
        /// The root of the state.
        root: StateRoot,
    },
    /// The sum of the balances of a genesis is more than 2^64 - 1.
    #[error("genesis: the sum of balances overflows")]
    EndowmentsOverflow,
    /// The sum of the balances of a genesis is more than the EE has.
    #[error(
        "genesis: the balances are {total} Gwei, but the EE has only {balance} on this shard; send it ether first"
    )]
    Unfunded {
        /// The sum of the balances.
        total: u64,
        /// The EE's ether before the block.
        balance: u64,
    },
    /// A genesis has the same key twice.
    #[error("genesis: the account {address} occurs twice")]
    EndowedTwice {
        /// The account.
        address: Address,
    },
    /// The account that a receipt names cannot be read from the state.
    #[error("receipt {index}")]
    Receipt {
        /// The receipt's index among those of the block.
        index: usize,
        /// The reason.
        source: AccountError,
    },
    /// The ether of nobody would be more than 2^64 - 1. This cannot happen after a [genesis](crate::Payload::Genesis).
    #[error("the unclaimed ether overflows")]
    UnclaimedOverflow,
    /// The proposer has no account.
    #[error("the proposer {address} has no account")]
    UnknownProposer {
        /// The address.
        address: Address,
    },
    /// The proposer's balance would be more than 2^64 - 1. This cannot happen after a
    /// [genesis](crate::Payload::Genesis).
    #[error("the balance of the proposer {address} overflows")]
    ProposerOverflow {
        /// The proposer.
        address: Address,
    },
    /// A transaction is invalid.
    #[error("transaction {index}")]
    Transaction {
        /// The transaction's index in the block.
        index: usize,
        /// The reason.
        source: TransactionError,
    },
    /// The signature is not the aggregate signature of all senders: a sender has not signed, or has signed something
    /// else, or for another EE or shard.
    #[error("aggregate signature")]
    Signature(#[source] CheckError),
    /// There are no transactions, but the signature is not that of an empty block.
    #[error("aggregate signature: not that of an empty block")]
    SignatureOfNobody,
}

/// The reason why a transaction is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// The account cannot be read from the state.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// There is a fee, but no proposer.
    #[error("there is a fee of {fee}, but no proposer")]
    FeeForNobody {
        /// The fee.
        fee: u64,
    },
    /// The sender has no account.
    #[error("the sender {address} has no account")]
    UnknownSender {
        /// The address.
        address: Address,
    },
    /// The nonce is not the sender's: the transaction was executed before, or comes too early.
    #[error("nonce: got {got}, expected {expected}")]
    Nonce {
        /// The transaction's nonce.
        got: u64,
        /// The sender's nonce.
        expected: u64,
    },
    /// The sender has the last nonce and can send nothing more.
    #[error("the sender {address} has used the last nonce")]
    LastNonce {
        /// The sender.
        address: Address,
    },
    /// The sum of amount and fees is more than 2^64 - 1.
    #[error("amount {amount} and fee {fee} overflow")]
    CostOverflow {
        /// The amount.
        amount: u64,
        /// The fee, possibly with that of a receipt.
        fee: u64,
    },
    /// The balance is less than the sum of amount and fees.
    #[error("insufficient funds: the balance is {balance}, amount and fee are {cost}")]
    InsufficientFunds {
        /// The sender's balance.
        balance: u64,
        /// The sum of amount and fees.
        cost: u64,
    },
    /// The sum of the fees of the block is more than 2^64 - 1. This cannot happen after a
    /// [genesis](crate::Payload::Genesis).
    #[error("the sum of fees overflows")]
    FeesOverflow,
    /// The validator's key is no point of the curve. The beacon chain would refuse the deposit, which would return to the
    /// account of that key, and nobody can use that.
    #[error("the validator's key is no point of the curve")]
    ValidatorKey,
    /// The block sends as many receipts as it may already.
    #[error("a block sends at most {RECEIPTS_SENT_MAX} receipts; send this one in a later block")]
    TooManyReceipts,
    /// The ether in the receipts of the block is more than 2^64 - 1. This cannot happen after a
    /// [genesis](crate::Payload::Genesis).
    #[error("the ether in receipts overflows")]
    ReceiptsOverflow,
    /// The recipient of a transfer has no account.
    #[error("the recipient {address} has no account")]
    UnknownRecipient {
        /// The address.
        address: Address,
    },
    /// The recipient's balance would be more than 2^64 - 1. This cannot happen after a
    /// [genesis](crate::Payload::Genesis).
    #[error("the balance of the recipient {address} overflows")]
    BalanceOverflow {
        /// The recipient.
        address: Address,
    },
    /// The account to be created already exists.
    #[error("the account {address} already exists")]
    AccountExists {
        /// The address.
        address: Address,
    },
}

/// The reason why an account cannot be read from the state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The witness does not cover the account, or a provider cannot read a node.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The value in the state is not a valid account. This EE never creates such a state.
    #[error("the state has a malformed account at {address}")]
    Malformed {
        /// The address.
        address: Address,
    },
}

/// The reason why bytes are not a valid payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The bytes end inside a part.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The payload is neither a genesis nor a block.
    #[error("byte 0: unknown kind of payload {got}")]
    PayloadKind {
        /// The first byte.
        got: u8,
    },
    /// The payload of a receipt to send is too long.
    #[error("byte {offset}: a payload has at most {SEND_PAYLOAD_BYTES_MAX} bytes, got {got}")]
    SendPayload {
        /// The offset at which the transaction begins.
        offset: usize,
        /// The length given.
        got: u32,
    },
    /// A transaction has an unknown kind.
    #[error("byte {offset}: unknown kind of transaction {got}")]
    TransactionKind {
        /// The offset at which the transaction begins.
        offset: usize,
        /// The first byte of the transaction.
        got: u8,
    },
}

/// The reason why packages cannot be merged. The fault is with whoever chose them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A package is not a valid payload.
    #[error("package {index}")]
    Input {
        /// The package's index.
        index: usize,
        /// The reason.
        source: InputError,
    },
    /// There is a genesis and another package.
    #[error("package {index}: a genesis cannot be merged with other packages")]
    GenesisAmongOthers {
        /// The genesis's index.
        index: usize,
    },
    /// Two packages name different proposers.
    #[error("package {index}: proposer: got {got}, expected {expected} as in an earlier package")]
    Proposers {
        /// The second package's index.
        index: usize,
        /// The second proposer.
        got: Address,
        /// The first one.
        expected: Address,
    },
    /// A signature is not a valid point. The host does not say which one.
    #[error("the signatures cannot be aggregated")]
    Signature(#[source] MalformedError),
}
