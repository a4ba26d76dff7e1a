//! Everything that can be wrong with a payload. Whoever made the block is to blame, unless a variant says otherwise.

use alloc::string::String;

use alloy_primitives::{Address, B256, U256};
use outrider_witness::{NodeError, mpt::TrieError};
use revm::context_interface::result::{InvalidHeader, InvalidTransaction};

/// Why a payload is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// The bytes are no payload.
    #[error("payload")]
    Payload(#[source] alloy_rlp::Error),
    /// No blobs could be paid by this schedule.
    #[error("blob schedule: target {target}, max {max}, base fee update fraction {base_fee_update_fraction}")]
    BlobSchedule {
        /// Blobs at which the price stays.
        target: u64,
        /// The most blobs.
        max: u64,
        /// How slowly the price moves.
        base_fee_update_fraction: u64,
    },
    /// The block is invalid.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// Transactions in an environment are invalid.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// The logs of transactions in an environment are others.
    #[error("logs hash: got {got}, expected {expected}")]
    LogsHash {
        /// That of the logs.
        got: B256,
        /// That of the payload.
        expected: B256,
    },
}

/// Why a block is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The bytes are no block.
    #[error("block")]
    Decode(#[from] alloy_rlp::Error),
    /// The block is too long, EIP-7934.
    #[error("the block has {got} bytes, and may have {max}")]
    TooLong {
        /// Its bytes.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// The block has withdrawals before Shanghai, or has none from then on.
    #[error("the block should have {expected} fields, not {got}")]
    Fields {
        /// Its fields.
        got: usize,
        /// The fields of a block of the fork.
        expected: usize,
    },
    /// The ancestors are not those of the block.
    #[error(transparent)]
    Ancestor(#[from] AncestorError),
    /// A block with its parent and without ommers asks for no hash that a header does not tell.
    #[error("nothing has to be vouched for: this is an ordinary block")]
    NothingVouched,
    /// The header is invalid.
    #[error("header")]
    Header(#[from] HeaderError),
    /// An ommer is invalid.
    #[error("ommers")]
    Ommer(#[from] OmmerError),
    /// A hash in the header is not that of what the block has, or of what came of it.
    #[error("{what}: got {got}, and the header says {expected}")]
    Root {
        /// Which one.
        what: &'static str,
        /// That of the block.
        got: B256,
        /// That of the header.
        expected: B256,
    },
    /// A number in the header is not what came of the block.
    #[error("{what}: got {got}, and the header says {expected}")]
    Amount {
        /// Which one.
        what: &'static str,
        /// That of the block.
        got: u64,
        /// That of the header.
        expected: u64,
    },
    /// The block reads more accounts and slots than its gas limit allows, EIP-7928.
    #[error("the block access list has {got} items, and may have {max}")]
    AccessList {
        /// Accounts and slots.
        got: u64,
        /// The limit.
        max: u64,
    },
    /// The filter of logs in the header is not that of the block.
    #[error("the logs bloom is not the header's")]
    Bloom,
    /// A transaction, or a call of the system, fails.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// What the block asks of the consensus layer is malformed.
    #[error("requests")]
    Request(#[from] RequestError),
}

/// Why ancestors are not those of a block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AncestorError {
    /// There are none.
    #[error("there is no parent")]
    Missing,
    /// One is no header.
    #[error("ancestor {index}")]
    Decode {
        /// How many are between it and the block.
        index: usize,
        /// What is wrong.
        source: alloy_rlp::Error,
    },
    /// One is not the parent of the one before.
    #[error("ancestor {index}: its hash is {got}, the parent hash {expected}")]
    Hash {
        /// How many are between it and the block.
        index: usize,
        /// Its hash.
        got: B256,
        /// The parent hash of the one before.
        expected: B256,
    },
    /// One does not have the number before that of the one before.
    #[error("ancestor {index}: its number is {got}")]
    Number {
        /// How many are between it and the block.
        index: usize,
        /// Its number.
        got: u64,
    },
    /// The parent's state is not that from which the block is executed.
    #[error("the parent's state root is {expected}, the pre-state root {got}")]
    StateRoot {
        /// The pre-state root.
        got: B256,
        /// The parent's.
        expected: B256,
    },
}

/// Why a header is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// A header has other fields in this fork.
    #[error("in this fork a header {} the field {field}", if *.expected { "has" } else { "does not have" })]
    Field {
        /// The field.
        field: &'static str,
        /// Whether headers of the fork have it.
        expected: bool,
    },
    /// A number is not the one that follows from the parent.
    #[error("{what}: got {got}, expected {expected}")]
    Number {
        /// Which one.
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
    /// There is more gas used than there is.
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
        /// The parent's; doubled where EIP-1559 starts.
        parent: u64,
    },
    /// The extra data are too long.
    #[error("extra data: {got} bytes, and 32 are allowed")]
    ExtraData {
        /// Their length.
        got: usize,
    },
    /// The extra data of the first blocks after the DAO fork are others, EIP-779.
    #[error("extra data: they have to be `dao-hard-fork`")]
    DaoExtraData,
    /// The block is of proof of work, and its difficulty below the least.
    #[error("difficulty: {got} is below 131072")]
    Difficulty {
        /// The header's.
        got: U256,
    },
    /// The block is of proof of stake, and its nonce not zero.
    #[error("nonce: it has to be zero")]
    Nonce,
}

/// Why ommers are invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OmmerError {
    /// There are more than two, or any at all from Paris on.
    #[error("there are {got}, and {max} are allowed")]
    TooMany {
        /// How many there are.
        got: usize,
        /// How many there may be.
        max: usize,
    },
    /// Bytes are no list of headers.
    #[error(transparent)]
    Decode(#[from] alloy_rlp::Error),
    /// The witness does not tell enough of the chain.
    #[error("{got} ancestors are there, and {expected} are needed")]
    Ancestors {
        /// Ancestors that are there.
        got: usize,
        /// Ancestors that are needed.
        expected: usize,
    },
    /// The lists of the ancestors' ommers are not the right ones.
    #[error("the ommers of ancestors are not those of their headers")]
    AncestorsOmmers,
    /// An ommer was included before, or twice, or is an ancestor.
    #[error("ommer {index} is known already")]
    Known {
        /// Its place in the list.
        index: usize,
    },
    /// The number of an ommer is none of the six before the block's.
    #[error("ommer {index}: its number is {got}")]
    Number {
        /// Its place in the list.
        index: usize,
        /// Its number.
        got: u64,
    },
    /// The parent of an ommer is not one of the ancestors from the 2nd to the 7th.
    #[error("ommer {index}: its parent is none that it may have")]
    Parent {
        /// Its place in the list.
        index: usize,
    },
    /// The header of an ommer is invalid.
    #[error("ommer {index}")]
    Header {
        /// Its place in the list.
        index: usize,
        /// What is wrong.
        source: HeaderError,
    },
}

/// Why execution cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionError {
    /// The state does not tell what is needed.
    #[error(transparent)]
    State(#[from] StateError),
    /// A transaction is invalid.
    #[error("transaction {index}")]
    Transaction {
        /// How many come before it.
        index: usize,
        /// What is wrong.
        source: TransactionError,
    },
    /// Something that a block needs fails in a contract that is part of the protocol.
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

/// Why a transaction is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// The bytes are no transaction.
    #[error(transparent)]
    Decode(#[from] alloy_rlp::Error),
    /// There is no such type, or not yet.
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
    /// Nobody has signed.
    #[error("signature")]
    Signature(#[from] outrider_sdk::crypto::RecoverError),
    /// It is signed for another chain, EIP-155.
    #[error("invalid chain ID: it is for chain {got}, and this is chain {expected}")]
    ChainId {
        /// The transaction's.
        got: u64,
        /// That of the rules.
        expected: u64,
    },
    /// Blobs cost 2^128 wei a unit of gas or more, and no transaction has room for that much.
    #[error("max fee per blob gas ({got}) is less than the price of {expected}")]
    BlobPrice {
        /// What the transaction would pay, in wei.
        got: u128,
        /// What it costs, in wei.
        expected: U256,
    },
    /// The block has not as much gas left.
    #[error("its gas limit is {got}, and {left} are left in the block")]
    GasLimit {
        /// The transaction's gas limit.
        got: u64,
        /// What is left.
        left: u64,
    },
    /// The block has not as much blob gas left.
    #[error("its blob gas is {got}, and {left} are left in the block")]
    BlobGas {
        /// The transaction's blob gas.
        got: u64,
        /// What is left.
        left: u64,
    },
    /// The state does not allow it, or its fields contradict one another.
    #[error(transparent)]
    Invalid(#[from] InvalidTransaction),
}

/// Why there is no telling what the state is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The witness does not cover an account; or the host of a provider fails.
    #[error("account {address}")]
    Account {
        /// The account.
        address: Address,
        /// What is wrong.
        source: TrieError,
    },
    /// The witness does not cover a slot; or the host of a provider fails.
    #[error("storage of {address}")]
    Storage {
        /// The account.
        address: Address,
        /// What is wrong.
        source: TrieError,
    },
    /// The witness does not have a code; or the host of a provider fails.
    #[error("code")]
    Code(#[source] NodeError),
    /// The trie has no account where one should be. Ethereum makes no such trie.
    #[error("what the state has at account {address} is none")]
    MalformedAccount {
        /// The account.
        address: Address,
        /// What is wrong.
        source: alloy_rlp::Error,
    },
    /// The trie has no number where one should be. Ethereum makes no such trie.
    #[error("what the storage of {address} has at {slot} is no number")]
    MalformedSlot {
        /// The account.
        address: Address,
        /// The slot.
        slot: U256,
        /// What is wrong.
        source: alloy_rlp::Error,
    },
    /// The payload does not tell the hash of a block.
    #[error("the hash of block {number} is not covered")]
    BlockHash {
        /// The number.
        number: u64,
    },
    /// The hashes of blocks are not in ascending order of their numbers, or are of blocks that come later.
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
}

impl revm::database_interface::DBErrorMarker for StateError {}

/// Why requests are malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A log of the deposit contract is not laid out as EIP-6110 says.
    #[error("a deposit's log is malformed")]
    Deposit,
}

/// Why packages do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A block is made of one payload.
    #[error("there are {got}, and a block is made of one")]
    NotOne {
        /// How many there are.
        got: usize,
    },
}
