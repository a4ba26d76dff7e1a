//! The errors of payloads and packages.

mod operation;
mod state;

use outrider_sdk::{ReadError, StateRoot, receipt::Slot};
use outrider_zk_rollup_core::{
    AccountIndex, field::NotCanonicalError, key::KeyError, proof::ProofError, signature::SignatureError,
    transfer::TransferError,
};

pub use self::{
    operation::{BatchError, ExecuteTransferError, ExitError, GenesisError},
    state::{DepositsError, ProviderError, StateError, StateNodeError, WitnessError},
};

/// The reason why a payload is refused. The fault is with the block's author, unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// The payload is malformed.
    #[error("payload")]
    Input(#[from] InputError),
    /// The payload makes a first state, but there is one.
    #[error("the payload is a genesis, but the state is not empty, its root is {root}")]
    NotEmpty {
        /// The root of the state.
        root: StateRoot,
    },
    /// The genesis cannot be the beginning of a rollup.
    #[error("genesis")]
    Genesis(#[from] GenesisError),
    /// The state does not have what is needed.
    #[error(transparent)]
    State(#[from] StateError),
    /// The operator's key is not one. The genesis has checked it, so this is a bug.
    #[error("the operator's key")]
    Operator(#[from] KeyError),
    /// The operator has not signed the section for this state. Someone may have repeated a section, or the state has
    /// changed since it was signed.
    #[error(
        "the operator has not signed this section for section number {n_sections} on this root of the accounts"
    )]
    Signature {
        /// The number of sections before.
        n_sections: u64,
        /// The reason.
        source: SignatureError,
    },
    /// The number of sections is used up.
    #[error("the rollup has had 2^64 - 1 sections")]
    LastSection,
    /// Operations need the operator at this time.
    #[error(
        "operations without the operator are possible {silence} slots after the last section, or after the last operations \
         without the operator: after slot {}; the block is of slot {}", .last.0, .slot.0
    )]
    Closed {
        /// The slot of the block.
        slot: Slot,
        /// The slot from which the silence counts.
        last: Slot,
        /// The slots that have to pass.
        silence: u64,
    },
    /// Fewer deposits are pending than are to get their places.
    #[error("{got} deposits cannot get their places: {pending} are pending")]
    Deposits {
        /// The number of deposits.
        got: u32,
        /// The number that is pending.
        pending: usize,
    },
    /// All indices are taken. Deposits for which none is left are not pending, so this is a bug.
    #[error("no index is left for a new account")]
    Full,
    /// A block cannot send so many receipts.
    #[error("a block has at most 1024 exits, got {got}")]
    Exits {
        /// The number of exits.
        got: usize,
    },
    /// An exit is invalid.
    #[error("exit {position}")]
    Exit {
        /// The position of the exit.
        position: usize,
        /// The reason.
        source: ExitError,
    },
    /// The fees are for an account that does not exist.
    #[error("there is no account {} to collect the fees", .index.get())]
    Collector {
        /// The index.
        index: AccountIndex,
    },
    /// The section collects fees, but there are none.
    #[error("there are no fees to collect")]
    NoFees,
    /// A batch is invalid.
    #[error("batch {number}")]
    Batch {
        /// The position of the batch.
        number: usize,
        /// The reason.
        source: BatchError,
    },
}

/// The reason why bytes are not a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The bytes end inside a part, or do not end with it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no such kind of payload.
    #[error("byte 0: a payload is of the kind 0 to 2, got {got}")]
    Kind {
        /// The first byte.
        got: u8,
    },
    /// No account has the index.
    #[error("byte {offset}: indices of accounts begin with 1")]
    Index {
        /// The offset in the payload.
        offset: usize,
    },
    /// The operator's key is not one.
    #[error("the operator's key")]
    Operator(#[source] KeyError),
    /// A verifying key is not one of a finished setup.
    #[error("the verifying key for batches of {size}")]
    VerifyingKey {
        /// The batch size.
        size: u16,
        /// The reason.
        source: ProofError,
    },
    /// A transfer is malformed.
    #[error("byte {offset}: transfer {number} of the batch")]
    Transfer {
        /// The offset of the batch in the payload.
        offset: usize,
        /// The position of the transfer in the batch.
        number: usize,
        /// The reason.
        source: TransferError,
    },
    /// A proof is malformed.
    #[error("byte {offset}: the proof")]
    Proof {
        /// The offset in the payload.
        offset: usize,
        /// The reason.
        source: ProofError,
    },
    /// A signature is not canonical.
    #[error("byte {offset}: the response of the signature")]
    Signature {
        /// The offset in the payload.
        offset: usize,
        /// The reason.
        source: NotCanonicalError,
    },
    /// The payload of an exit is too long.
    #[error("byte {offset}: the payload of an exit has up to 65504 bytes, got {got}")]
    ExitPayload {
        /// The offset in the payload.
        offset: usize,
        /// The length.
        got: usize,
    },
    /// A batch has no transfers, or more than its size.
    #[error("byte {offset}: a batch of size {size} has 1 to {size} transfers, got {got}")]
    Transfers {
        /// The offset in the payload.
        offset: usize,
        /// The number of transfers.
        got: u16,
        /// The size.
        size: u16,
    },
    /// A root is not below the order of the field.
    #[error("byte {offset}: the root")]
    Root {
        /// The offset in the payload.
        offset: usize,
        /// The reason.
        source: NotCanonicalError,
    },
}

/// The reason why packages cannot be merged. The fault is with whoever chose them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A package is not a payload.
    #[error("package {index}")]
    Input {
        /// The package.
        index: usize,
        /// The reason.
        source: InputError,
    },
    /// A genesis or a section is among other packages with operations.
    #[error(
        "package {index}: a genesis or a section cannot be merged with other operations, those of package {first}"
    )]
    Alone {
        /// The second of the packages.
        index: usize,
        /// The first of the packages.
        first: usize,
    },
    /// Two exits have the same account and nonce, so that one of them is invalid.
    #[error("package {index}: the exit of account {} with nonce {nonce} conflicts with one in package {first}", .account.get())]
    Exit {
        /// The second of the packages.
        index: usize,
        /// The first of the packages.
        first: usize,
        /// The index of the account.
        account: AccountIndex,
        /// The nonce.
        nonce: u64,
    },
}
