//! Everything that can be wrong with a block or with packages.

use outrider_sdk::{
    ReadError, StateRoot,
    crypto::{CheckError, MalformedError},
    state::TreeError,
};

use crate::keys::Address;

/// Why a payload is refused. Whoever made the block is to blame, unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// The payload is malformed.
    #[error("payload")]
    Input(#[from] InputError),
    /// The state does not give an account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A genesis comes after the first block.
    #[error("genesis: the state is not empty, its root is {root}")]
    NotEmpty {
        /// The root of the state.
        root: StateRoot,
    },
    /// The balances of a genesis are more than 2^64 - 1 together.
    #[error("genesis: the sum of balances overflows")]
    EndowmentsOverflow,
    /// A genesis has a key twice.
    #[error("genesis: the account {address} is there twice")]
    EndowedTwice {
        /// The account.
        address: Address,
    },
    /// The proposer has no account.
    #[error("the proposer {address} has no account")]
    UnknownProposer {
        /// The address.
        address: Address,
    },
    /// The proposer's balance would be more than 2^64 - 1. After a [genesis](crate::Payload::Genesis) it never is.
    #[error("the balance of the proposer {address} overflows")]
    ProposerOverflow {
        /// The proposer.
        address: Address,
    },
    /// A transaction is invalid, and so is the block.
    #[error("transaction {index}")]
    Transaction {
        /// How many transactions come before it.
        index: usize,
        /// What is wrong.
        source: TransactionError,
    },
    /// The signature is not that of all senders: one of them has not signed, or something else, or for another EE or
    /// shard.
    #[error("aggregate signature")]
    Signature(#[source] CheckError),
    /// There are no transactions, but there is a signature.
    #[error("aggregate signature: not that of an empty block")]
    SignatureOfNobody,
}

/// Why a transaction is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// The state does not give an account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// There is a fee, but no proposer.
    #[error("no proposer is named who could get the fee of {fee}")]
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
    /// The transaction has been executed before, or comes too early.
    #[error("nonce: got {got}, expected {expected}")]
    Nonce {
        /// The transaction's nonce.
        got: u64,
        /// The sender's nonce.
        expected: u64,
    },
    /// The sender has no nonce after this one.
    #[error("the sender {address} has used the last nonce")]
    LastNonce {
        /// The sender.
        address: Address,
    },
    /// Amount and fee are more than 2^64 - 1.
    #[error("amount {amount} and fee {fee} overflow")]
    CostOverflow {
        /// The amount.
        amount: u64,
        /// The fee.
        fee: u64,
    },
    /// The sender cannot pay.
    #[error("insufficient funds: the balance is {balance}, amount and fee are {cost}")]
    InsufficientFunds {
        /// The sender's balance.
        balance: u64,
        /// Amount and fee.
        cost: u64,
    },
    /// The fees of the block are more than 2^64 - 1. After a [genesis](crate::Payload::Genesis) they never are.
    #[error("the sum of fees overflows")]
    FeesOverflow,
    /// The recipient of a transfer has no account.
    #[error("the recipient {address} has no account")]
    UnknownRecipient {
        /// The address.
        address: Address,
    },
    /// The recipient's balance would be more than 2^64 - 1. After a [genesis](crate::Payload::Genesis) it never is.
    #[error("the balance of the recipient {address} overflows")]
    BalanceOverflow {
        /// The recipient.
        address: Address,
    },
    /// The account to be created is there.
    #[error("the account {address} exists")]
    AccountExists {
        /// The address.
        address: Address,
    },
}

/// Why there is no telling what an account is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The witness does not cover the account; or the host of a provider fails.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The state has another value than an account. This EE makes no such state.
    #[error("what the state has at {address} is no account")]
    Malformed {
        /// The address.
        address: Address,
    },
}

/// Why bytes are no payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The last part is not whole.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The payload is neither genesis nor block.
    #[error("byte 0: there is no payload of kind {got}")]
    PayloadKind {
        /// The first byte.
        got: u8,
    },
    /// A transaction has no known action.
    #[error("byte {offset}: there is no transaction of kind {got}")]
    TransactionKind {
        /// Where the transaction begins.
        offset: usize,
        /// Its first byte.
        got: u8,
    },
}

/// Why packages do not go together. Whoever chose them is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There are none.
    #[error("there are none")]
    NoPackages,
    /// A package is no payload.
    #[error("package {index}")]
    Input {
        /// How many packages come before it.
        index: usize,
        /// What is wrong.
        source: InputError,
    },
    /// A genesis is not alone.
    #[error("package {index}: a genesis goes with no other")]
    GenesisAmongOthers {
        /// How many packages come before it.
        index: usize,
    },
    /// Two proposers are named.
    #[error("package {index}: proposer: got {got}, and {expected} in a package before")]
    Proposers {
        /// How many packages come before the second one.
        index: usize,
        /// The second proposer.
        got: Address,
        /// The first one.
        expected: Address,
    },
    /// A signature is no point. Which one, the host does not tell.
    #[error("a signature cannot be added")]
    Signature(#[source] MalformedError),
}
