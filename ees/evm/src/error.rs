//! Errors of payloads. The block's author is at fault, unless a variant says otherwise.

mod chain;

use alloc::string::String;

use alloy_primitives::{Address, B256, U256};
use outrider_witness::{NodeError, mpt::TrieError};
use revm::context_interface::result::{InvalidHeader, InvalidTransaction};

pub use self::chain::{ChainError, MergeError};

/// The reason for which a payload is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// The bytes are not a payload.
    #[error("payload")]
    Payload(#[source] alloy_rlp::Error),
    /// The blob schedule allows no blob price.
    #[error("blob schedule: target {target}, max {max}, base fee update fraction {base_fee_update_fraction}")]
    BlobSchedule {
        /// The number of blobs at which the price stays.
        target: u64,
        /// The most blobs.
        max: u64,
        /// The inertia of the price.
        base_fee_update_fraction: u64,
    },
    /// The block is invalid.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// A block of a chain on a shard has no place in it.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The pre-state is not one of Ethereum, or the witness does not show its root. On the state of a chain, only payloads
    /// of kind 3 are executed.
    #[error(
        "the pre-state is not covered as a state of Ethereum, on which alone payloads of kinds 0 to 2 are executed"
    )]
    NotEthereum(#[source] TrieError),
    /// Transactions in an environment are invalid.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// The logs of transactions in an environment are not those of the payload.
    #[error("logs hash: got {got}, expected {expected}")]
    LogsHash {
        /// The hash of the logs.
        got: B256,
        /// The hash in the payload.
        expected: B256,
    },
}

/// The reason for which a block is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The bytes are not a block.
    #[error("block")]
    Decode(#[from] alloy_rlp::Error),
    /// The block is too long, EIP-7934.
    #[error("the block has {got} bytes, and may have {max}")]
    TooLong {
        /// Its length in bytes.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// The block has withdrawals before Shanghai, or has none from then on.
    #[error("the block should have {expected} fields, not {got}")]
    Fields {
        /// The number of fields.
        got: usize,
        /// The number of fields of a block of the fork.
        expected: usize,
    },
    /// The ancestors are not those of the block.
    #[error(transparent)]
    Ancestor(#[from] AncestorError),
    /// A block with its parent and without ommers uses no hash that a header does not determine.
    #[error("nothing has to be vouched for: this is an ordinary block")]
    NothingVouched,
    /// The header is invalid.
    #[error("header")]
    Header(#[from] HeaderError),
    /// An ommer is invalid.
    #[error("ommers")]
    Ommer(#[from] OmmerError),
    /// A hash in the header does not match the block or its results.
    #[error("{what}: got {got}, and the header says {expected}")]
    Root {
        /// The name of the hash.
        what: &'static str,
        /// The block's.
        got: B256,
        /// The header's.
        expected: B256,
    },
    /// A number in the header does not match the block's results.
    #[error("{what}: got {got}, and the header says {expected}")]
    Amount {
        /// The name of the number.
        what: &'static str,
        /// The block's.
        got: u64,
        /// The header's.
        expected: u64,
    },
    /// The block reads more accounts and slots than its gas limit allows, EIP-7928.
    #[error("the block access list has {got} items, and may have {max}")]
    AccessList {
        /// The number of accounts and slots.
        got: u64,
        /// The limit.
        max: u64,
    },
    /// The logs bloom in the header is not that of the block.
    #[error("the logs bloom is not the header's")]
    Bloom,
    /// A transaction, or a call of the system, fails.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// The block's requests to the consensus layer are malformed.
    #[error("requests")]
    Request(#[from] RequestError),
}

/// The reason for which ancestors are not those of a block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AncestorError {
    /// There are none.
    #[error("there is no parent")]
    Missing,
    /// One is not a header.
    #[error("ancestor {index}")]
    Decode {
        /// The number of ancestors between it and the block.
        index: usize,
        /// The error.
        source: alloy_rlp::Error,
    },
    /// One is not the parent of the one before.
    #[error("ancestor {index}: its hash is {got}, the parent hash {expected}")]
    Hash {
        /// The number of ancestors between it and the block.
        index: usize,
        /// Its hash.
        got: B256,
        /// The parent hash of the one before.
        expected: B256,
    },
    /// The number of one is not one less than that of the one before.
    #[error("ancestor {index}: its number is {got}")]
    Number {
        /// The number of ancestors between it and the block.
        index: usize,
        /// Its number.
        got: u64,
    },
    /// The pre-state is not the parent's state.
    #[error("the parent's state root is {expected}, the pre-state root {got}")]
    StateRoot {
        /// The pre-state root.
        got: B256,
        /// The parent's.
        expected: B256,
    },
}

/// The reason for which a header is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// A header does not have the fields of this fork.
    #[error("in this fork a header {} the field {field}", if *.expected { "has" } else { "does not have" })]
    Field {
        /// The field.
        field: &'static str,
        /// Whether headers of the fork have it.
        expected: bool,
    },
    /// A number does not follow from the parent's.
    #[error("{what}: got {got}, expected {expected}")]
    Number {
        /// The name of the number.
        what: &'static str,
        /// The header's.
        got: U256,
        /// The right one.
        expected: U256,
    },
    /// The timestamp is not after the parent's.
    #[error("timestamp: {got} is not after {parent}")]
    Timestamp {
        /// The header's.
        got: u64,
        /// The parent's.
        parent: u64,
    },
    /// The gas used is over the gas limit.
    #[error("gas used: {got} is more than the limit {limit}")]
    GasUsed {
        /// Gas used.
        got: u64,
        /// The gas limit.
        limit: u64,
    },
    /// The gas limit is below 5,000, or 2^63 or more.
    #[error("gas limit: {got} is out of range")]
    GasLimitRange {
        /// The header's.
        got: u64,
    },
    /// The gas limit is 1/1024 or more away from the parent's.
    #[error("gas limit: {got} is too far from {parent}")]
    GasLimit {
        /// The header's.
        got: u64,
        /// The parent's, doubled where EIP-1559 starts.
        parent: u64,
    },
    /// The extra data are too long.
    #[error("extra data: {got} bytes, and 32 are allowed")]
    ExtraData {
        /// Their length.
        got: usize,
    },
    /// The extra data of a block right after the DAO fork are wrong, EIP-779.
    #[error("extra data: they have to be `dao-hard-fork`")]
    DaoExtraData,
    /// The difficulty of a proof-of-work block is below the minimum.
    #[error("difficulty: {got} is below 131072")]
    Difficulty {
        /// The header's.
        got: U256,
    },
    /// The nonce of a proof-of-stake block is not zero.
    #[error("nonce: it has to be zero")]
    Nonce,
}

/// The reason for which ommers are invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OmmerError {
    /// There are more than two, or any from Paris on.
    #[error("there are {got}, and {max} are allowed")]
    TooMany {
        /// The number of ommers.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// The bytes are not a list of headers.
    #[error(transparent)]
    Decode(#[from] alloy_rlp::Error),
    /// The payload has too few ancestors.
    #[error("{got} ancestors are there, and {expected} are needed")]
    Ancestors {
        /// The number of ancestors.
        got: usize,
        /// The number that is needed.
        expected: usize,
    },
    /// The lists of the ancestors' ommers do not match the headers.
    #[error("the ommers of ancestors are not those of their headers")]
    AncestorsOmmers,
    /// An ommer was included before, occurs twice, or is an ancestor.
    #[error("ommer {index} is known already")]
    Known {
        /// Its index.
        index: usize,
    },
    /// The number of an ommer is not one of the six before the block's.
    #[error("ommer {index}: its number is {got}")]
    Number {
        /// Its index.
        index: usize,
        /// Its number.
        got: u64,
    },
    /// The parent of an ommer is not one of the ancestors from the 2nd to the 7th.
    #[error("ommer {index}: its parent is none that it may have")]
    Parent {
        /// Its index.
        index: usize,
    },
    /// The header of an ommer is invalid.
    #[error("ommer {index}")]
    Header {
        /// Its index.
        index: usize,
        /// The error.
        source: HeaderError,
    },
}

/// The reason for which execution cannot continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionError {
    /// The state is not covered.
    #[error(transparent)]
    State(#[from] StateError),
    /// A transaction is invalid.
    #[error("transaction {index}")]
    Transaction {
        /// The number of transactions before it.
        index: usize,
        /// The error.
        source: TransactionError,
    },
    /// A system contract that the block needs failed.
    #[error("the system contract {address} has no code, or its call failed")]
    SystemCall {
        /// The contract.
        address: Address,
    },
    /// revm refuses the environment.
    #[error("environment")]
    Header(#[source] InvalidHeader),
    /// revm cannot go on.
    #[error("revm: {0}")]
    Vm(String),
}

/// The reason for which a transaction is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// The bytes are not a transaction.
    #[error(transparent)]
    Decode(#[from] alloy_rlp::Error),
    /// The type is unknown, or not yet allowed.
    #[error("type {got} is unknown in this fork")]
    Type {
        /// The type.
        got: u8,
    },
    /// `v` or `yParity` is out of range.
    #[error("signature: its parity is {got}")]
    Parity {
        /// `v` or `yParity`.
        got: u128,
    },
    /// `s` is in the upper half of its range, EIP-2.
    #[error("signature: s is too high")]
    HighS,
    /// No signer recovers from the signature.
    #[error("signature")]
    Signature(#[from] outrider_sdk::crypto::RecoverError),
    /// It is signed for another chain, EIP-155.
    #[error("invalid chain ID: it is for chain {got}, and this is chain {expected}")]
    ChainId {
        /// The transaction's.
        got: u64,
        /// The chain ID of the rules.
        expected: u64,
    },
    /// The price of blob gas is 2^128 wei or more, which no transaction can express.
    #[error("max fee per blob gas ({got}) is less than the price of {expected}")]
    BlobPrice {
        /// The transaction's maximum, in wei.
        got: u128,
        /// The price, in wei.
        expected: U256,
    },
    /// The block has too little gas left.
    #[error("its gas limit is {got}, and {left} are left in the block")]
    GasLimit {
        /// The transaction's gas limit.
        got: u64,
        /// The gas left.
        left: u64,
    },
    /// The block has too little blob gas left.
    #[error("its blob gas is {got}, and {left} are left in the block")]
    BlobGas {
        /// The transaction's blob gas.
        got: u64,
        /// The blob gas left.
        left: u64,
    },
    /// The state does not allow it, or its fields are inconsistent.
    #[error(transparent)]
    Invalid(#[from] InvalidTransaction),
}

/// The reason for which the state cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The witness does not cover an account; or the host of a provider fails.
    #[error("account {address}")]
    Account {
        /// The account.
        address: Address,
        /// The error.
        source: TrieError,
    },
    /// The witness does not cover a slot; or the host of a provider fails.
    #[error("storage of {address}")]
    Storage {
        /// The account.
        address: Address,
        /// The error.
        source: TrieError,
    },
    /// The witness does not have a code; or the host of a provider fails.
    #[error("code")]
    Code(#[source] NodeError),
    /// The trie has a malformed account. Ethereum makes no such trie.
    #[error("what the state has at account {address} is none")]
    MalformedAccount {
        /// The account.
        address: Address,
        /// The error.
        source: alloy_rlp::Error,
    },
    /// The trie has a malformed number. Ethereum makes no such trie.
    #[error("what the storage of {address} has at {slot} is no number")]
    MalformedSlot {
        /// The account.
        address: Address,
        /// The slot.
        slot: U256,
        /// The error.
        source: alloy_rlp::Error,
    },
    /// The payload does not have the hash of a block.
    #[error("the hash of block {number} is not covered")]
    BlockHash {
        /// The number.
        number: u64,
    },
    /// The hashes of blocks are not in ascending order of their numbers, or are of later blocks.
    #[error("the hash of block {number} is out of order")]
    BlockHashOrder {
        /// The number.
        number: u64,
    },
    /// A balance would be 2^256 or more.
    #[error("the balance of {address} overflows")]
    BalanceOverflow {
        /// The account.
        address: Address,
    },
    /// A delivery has read as much as it may. Nobody sees this error: the delivery fails.
    #[error("the witness of a delivery would be too long")]
    WitnessLimit,
    /// An account does not have the ether that leaves the chain: what has the address of the outbox is another contract.
    #[error("{address} has less than the {amount} wei that leave the chain by it")]
    BalanceMissing {
        /// The account.
        address: Address,
        /// In wei.
        amount: U256,
    },
}

impl revm::database_interface::DBErrorMarker for StateError {}

/// The reason for which requests are malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A log of the deposit contract does not have the layout of EIP-6110.
    #[error("a deposit's log is malformed")]
    Deposit,
}
