//! The error of the style.

use super::{AGE_SLOTS_MAX, GRANTS_MAX, LOCK_SLOTS_MAX, RESOURCE_BYTES_MAX, Transaction};
use crate::{receipt::EeIndex, state::Key, styles::RecordError};

/// The reason for which a lock or a decision is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError<E> {
    /// A record cannot be read or changed.
    #[error(transparent)]
    Record(#[from] RecordError<E>),
    /// The data does not fit into a resource.
    #[error("the resource has {got} bytes, the limit is {RESOURCE_BYTES_MAX}")]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// There is a resource with the key.
    #[error("there is a resource with key {key}")]
    Exists {
        /// The key.
        key: Key,
    },
    /// There is no resource with the key.
    #[error("there is no resource with key {key}")]
    UnknownResource {
        /// The key.
        key: Key,
    },
    /// The slots of the transaction do not allow the step.
    #[error(
        "transaction {} of slot {} to {}: not possible in slot {now}; locks take up to {LOCK_SLOTS_MAX} slots, and all \
         of a transaction are within {AGE_SLOTS_MAX} of the first", transaction.number, transaction.since.0,
        transaction.until.0
    )]
    Slot {
        /// The transaction.
        transaction: Transaction,
        /// The slot.
        now: u64,
    },
    /// The transaction has the lock, or waits for it.
    #[error("transaction {number} has asked for the resource with key {key} before")]
    Again {
        /// The key.
        key: Key,
        /// The number of the transaction.
        number: u64,
    },
    /// A transaction has the lock, and an older one waits for it, or another EE uses the resource meanwhile.
    #[error("the resource with key {key} is locked by transaction {holder}; try again")]
    Busy {
        /// The key.
        key: Key,
        /// The number of the transaction that has the lock.
        holder: u64,
    },
    /// The home knows no such transaction.
    #[error("no resource was locked for transaction {number}")]
    UnknownTransaction {
        /// The number of the transaction.
        number: u64,
    },
    /// The transaction is decided.
    #[error("transaction {number} is decided: {}", if *is_committed { "committed" } else { "given up" })]
    Decided {
        /// The number of the transaction.
        number: u64,
        /// Whether it was committed.
        is_committed: bool,
    },
    /// The new data are not as many as the resources.
    #[error("new data for {got} resources, expected {expected}, of at most {GRANTS_MAX}")]
    Count {
        /// The number of new data.
        got: usize,
        /// The number of locked resources.
        expected: usize,
    },
    /// The message is for the home of another transaction.
    #[error("transaction {number} has another home")]
    OtherHome {
        /// The number of the transaction.
        number: u64,
    },
    /// Another EE has sent the message, or is the home of the transaction. Only the own code can be trusted to decide.
    #[error("EE {} is another one, which decides nothing here", ee.0)]
    Foreign {
        /// The other EE.
        ee: EeIndex,
    },
    /// The receipt is not a message of this style.
    #[error("the receipt is not one about locks")]
    NotAMessage,
}
