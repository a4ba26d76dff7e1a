//! The errors of what a block does.

use outrider_zk_rollup_core::{
    AccountIndex, Fr, batch::BatchSizeError, key::KeyError, pairing::VerifyError, signature::SignatureError,
};

use super::StateError;
use crate::tree::TreeError;

/// The reason why a genesis cannot be the beginning of a rollup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// There are no verifying keys, or too many.
    #[error("a rollup has 1 to 255 verifying keys, got {got}")]
    Keys {
        /// The number of keys.
        got: usize,
    },
    /// The batch sizes do not ascend.
    #[error("batch sizes ascend from 1, and {size} does not")]
    Order {
        /// The size that is not above the one before.
        size: u16,
    },
}

/// The reason why an exit is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExitError {
    /// The account does not exist.
    #[error("there is no account {}", .index.get())]
    Unknown {
        /// The index.
        index: AccountIndex,
    },
    /// The nonce is not that of the account: the exit was there before, or others come first.
    #[error("the nonce is {got}, and that of the account is {expected}")]
    Nonce {
        /// The nonce of the exit.
        got: u64,
        /// The nonce of the account.
        expected: u64,
    },
    /// The account has used up its nonces.
    #[error("the account has used up its nonces")]
    LastNonce,
    /// The balance does not cover the exit.
    #[error("a balance of {balance} Gwei does not cover {amount} and a fee of {fee}")]
    Funds {
        /// The balance of the account.
        balance: u64,
        /// The amount of the exit.
        amount: u64,
        /// The fee of the receipt.
        fee: u64,
    },
    /// The owner has not signed the exit for this rollup.
    #[error("the owner of the account has not signed the exit")]
    Signature(#[from] SignatureError),
    /// The key of the account is not one. Deposits check keys, so this is a bug.
    #[error("the key of the account")]
    Key(#[from] KeyError),
    /// The state does not have what is needed.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The reason why a batch is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The rollup has no such batches.
    #[error("there is no verifying key for batches of {size}")]
    Size {
        /// The size.
        size: u16,
    },
    /// A provider cannot execute a transfer.
    #[error("transfer {number}")]
    Transfer {
        /// The position of the transfer.
        number: usize,
        /// The reason.
        source: ExecuteTransferError,
    },
    /// The transfers lead to another root, as a provider has found out.
    #[error("the transfers lead to the root {expected}, not to {got}")]
    Root {
        /// The root of the batch.
        got: Fr,
        /// The root after the transfers.
        expected: Fr,
    },
    /// The batch has more transfers than its size.
    #[error(transparent)]
    Transfers(#[from] BatchSizeError),
    /// The proof is not one of these transfers between these roots.
    #[error(transparent)]
    Proof(#[from] VerifyError),
    /// The state does not have what is needed.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The reason why a transfer cannot be executed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteTransferError {
    /// The sender or the receiver does not exist.
    #[error("there is no account {}", .index.get())]
    Unknown {
        /// The index.
        index: AccountIndex,
    },
    /// The balance does not cover the transfer.
    #[error("a balance of {balance} Gwei does not cover {amount} and a fee of {fee}")]
    Funds {
        /// The balance of the sender.
        balance: u64,
        /// The amount.
        amount: u64,
        /// The fee.
        fee: u64,
    },
    /// The sender has used up its nonces.
    #[error("the sender has used up its nonces")]
    LastNonce,
    /// The balance of the receiver would have more than 64 bits.
    #[error("the balance of account {} would have more than 64 bits", .index.get())]
    Overflow {
        /// The index.
        index: AccountIndex,
    },
    /// The accounts cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
}
