//! Why the ledger refuses a block.

use super::record::EeIndex;
use outrider_beacon_spec::{
    error::Error,
    types::{BLSPubkey, Bytes32, Epoch, Gwei, Root, Shard, Slot, ValidatorIndex},
};

/// Why an extended block is refused. A state and a ledger on which a transition has failed are to be thrown away.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The specification refuses it.
    #[error(transparent)]
    Spec(#[from] Error),
    /// The graffiti is another one; the proposer's fault.
    #[error("the block's graffiti is {got}, where the root of its ledger and operations is {expected}")]
    Commitment {
        /// The graffiti.
        got: Bytes32,
        /// The root of the [`LedgerCommitment`](super::LedgerCommitment).
        expected: Bytes32,
    },
    /// There is not one execution for each shard block that the block crosslinks; the proposer's fault.
    #[error("the block has {got} executions for {expected} crosslinked shard blocks")]
    ExecutionCount {
        /// Executions.
        got: usize,
        /// Shard blocks that are not empty.
        expected: usize,
    },
    /// An execution is not that of the next crosslinked block; the proposer's fault.
    #[error("execution is of shard {}, slot {}, where shard {}, slot {} comes next", got.0, got.1, expected.0, expected.1)]
    ExecutionPlace {
        /// Its shard and slot.
        got: (Shard, Slot),
        /// Those of the next crosslinked block.
        expected: (Shard, Slot),
    },
    /// An execution header is wrong; the fault of the shard block's proposer and committee.
    #[error("shard {shard}, slot {slot}: {error}")]
    Header {
        /// The shard.
        shard: Shard,
        /// The slot of the shard block.
        slot: Slot,
        /// What is wrong.
        #[source]
        error: HeaderError,
    },
    /// An operation is wrong; the fault of the proposer, and of whoever signed it.
    #[error("{kind} {index} of the block: {error}")]
    Operation {
        /// Which kind.
        kind: &'static str,
        /// Which one of the kind, from 0.
        index: usize,
        /// What is wrong.
        #[source]
        error: OperationError,
    },
    /// Ether was lost or made; a bug here.
    #[error("the ledger's parts add up to {got} Gwei, and its total is {expected}")]
    Conservation {
        /// The sum of the parts.
        got: u128,
        /// The total.
        expected: Gwei,
    },
    /// The ledger and the state are not of one block; a bug here, or a damaged snapshot.
    #[error("shard {shard}: the ledger's latest block is {got}, and the state's {expected}")]
    LatestBlock {
        /// The shard.
        shard: Shard,
        /// The ledger's.
        got: Root,
        /// The state's.
        expected: Root,
    },
}

/// Which check an execution header fails, by the checks' names: see [`process_execution_header`](super::process_execution_header).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message names its fields")]
pub enum HeaderError {
    #[error("the body has {got} bytes, fewer than an execution root")]
    BodyShort { got: usize },
    #[error("the body is not encoded as it has to be: {0:?}")]
    BodyEncoding(ssz::DecodeError),
    #[error("the body begins with {expected}, and the root of its header is {got}")]
    ExecutionRoot { got: Root, expected: Root },
    #[error("L1: header and branch give data root {got}, where {expected} was crosslinked")]
    DataRoot { got: Root, expected: Root },
    #[error("L1: the body has {got} bytes by its root, and {expected} by its transition")]
    BodyLength { got: Bytes32, expected: u64 },
    #[error("L2: the header's parent is {got}, where {expected} comes before")]
    ParentExecutionRoot { got: Root, expected: Root },
    #[error("L3: EE {got} comes after EE {previous}")]
    EeOrder { got: EeIndex, previous: EeIndex },
    #[error("L3: there is no EE {got}, but {n} of them")]
    EeUnknown { got: EeIndex, n: usize },
    #[error("L3: EE {ee} is not on shard {shard}")]
    EeElsewhere { ee: EeIndex, shard: Shard },
    #[error("L3: EE {ee} is active from epoch {from} to {until}, not in {got}")]
    EeNotActive { ee: EeIndex, got: Epoch, from: Epoch, until: Epoch },
    #[error("L3: EE {ee}: the pre-state root is {got}, where {expected} is the latest")]
    PreStateRoot { ee: EeIndex, got: Bytes32, expected: Bytes32 },
    #[error("L3: EE {ee} changes its state or gives ether away without being executed")]
    NotExecuted { ee: EeIndex },
    #[error("L4: EE {ee}: the balance before is {got}, where it has {expected}")]
    Balance { ee: EeIndex, got: Gwei, expected: Gwei },
    #[error("L4: EE {ee}: the deposits' sum is {got}, and they add up to {expected}")]
    Deposits { ee: EeIndex, got: Gwei, expected: Gwei },
    #[error("L4: EE {ee}: a deposit of {got} Gwei is below {least}")]
    DepositAmount { ee: EeIndex, got: Gwei, least: Gwei },
    #[error("L4: EE {ee} gives away {got} Gwei, and has {available}")]
    Overdraft { ee: EeIndex, got: Gwei, available: Gwei },
    #[error("L4: {settled} Gwei were settled and {sent} sent, where EEs got {value_in} and sent {value_out}")]
    Sums { settled: Gwei, value_in: Gwei, sent: Gwei, value_out: Gwei },
    #[error("L4: {got} Gwei bounce, and no receipt does")]
    Bounce { got: Gwei },
    #[error("L4: {got} deposits would wait for validators, and there is room for {limit}")]
    PendingDeposits { got: usize, limit: usize },
    #[error(transparent)]
    Spec(#[from] Error),
    #[error("L5: source {got} comes after source {previous}")]
    SettlementOrder { got: Shard, previous: Shard },
    #[error("L5: there is no source {got}")]
    SourceShard { got: Shard },
    #[error(
        "L5: from source {source_shard}: {settled} bits for settled, {rejected} for rejected, {expired} for expired receipts"
    )]
    SettlementBits { source_shard: Shard, settled: usize, rejected: usize, expired: usize },
    #[error("L5: from source {source_shard}: nothing is settled")]
    SettlementEmpty { source_shard: Shard },
    #[error(
        "L5: from source {source_shard}: receipt {sequence} is rejected or expired and not settled, or both"
    )]
    NotSettled { source_shard: Shard, sequence: u64 },
    #[error("L5: from source {source_shard}: receipt {got} is not from {first} to {end}")]
    Sequence { source_shard: Shard, got: u64, first: u64, end: u64 },
    #[error("L5: from source {source_shard}: receipt {sequence} has been settled before")]
    AlreadySettled { source_shard: Shard, sequence: u64 },
    #[error("L5: from source {source_shard}: receipt {got} has not been sent; {next} comes next")]
    NotSent { source_shard: Shard, got: u64, next: u64 },
    #[error("L6: {got} Gwei are taken from source {source_shard}, where {available} are in flight")]
    InFlight { source_shard: Shard, got: Gwei, available: Gwei },
    #[error("L7: destination {got} comes after destination {previous}")]
    LaneOrder { got: Shard, previous: Shard },
    #[error("L7: there is no destination {got}")]
    DestinationShard { got: Shard },
    #[error("L7: to destination {destination}: the first receipt is {got}, where {expected} comes next")]
    LaneFirst { destination: Shard, got: u64, expected: u64 },
    #[error("L7: to destination {destination}: there is no receipt")]
    LaneEmpty { destination: Shard },
    #[error("L7: to destination {destination}: receipts go up to {got}, where there is room up to {limit}")]
    LaneFull { destination: Shard, got: u64, limit: u64 },
    #[error("L8: EE {ee} used {got} fuel, more than {limit}")]
    EeFuel { ee: EeIndex, got: u64, limit: u64 },
    #[error("L8: the block used {got} fuel, more than {limit}")]
    BlockFuel { got: u64, limit: u64 },
    #[error("L8: the body has {got} bytes, more than {limit}")]
    BodyBytes { got: u64, limit: u64 },
}

/// Why an operation is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message names its fields")]
pub enum OperationError {
    #[error(transparent)]
    Spec(#[from] Error),
    #[error("the signature is not that of {signer}")]
    Signature { signer: BLSPubkey },
    #[error("it gets place {got}, where {expected} is the next one; sign it anew")]
    EeIndex { got: EeIndex, expected: usize },
    #[error("the code has {got} bytes, more than {limit}")]
    CodeBytes { got: usize, limit: usize },
    #[error("the code is refused: {reason}")]
    Code { reason: String },
    #[error("code {code_hash} belongs to EE {ee}")]
    CodeInUse { code_hash: Bytes32, ee: EeIndex },
    #[error("the deposit is {got} Gwei, and has to be {least}")]
    Deposit { got: Gwei, least: Gwei },
    #[error("the EE is on shard {got}, and there are {n_shards}")]
    Shards { got: Shard, n_shards: usize },
    #[error("the EE is on no shard")]
    NoShard,
    #[error("no validator has the withdrawal credentials {got}")]
    RefundCredentials { got: Bytes32 },
    #[error("{got} pieces of code are voted on, which is all there may be")]
    PreChecksFull { got: usize },
    #[error("there is no EE {got}, but {n} of them")]
    EeUnknown { got: EeIndex, n: usize },
    #[error("EE {ee} is active from epoch {from} to {until}, not in {got}")]
    EeNotActive { ee: EeIndex, got: Epoch, from: Epoch, until: Epoch },
    #[error("EE {ee} is not on shard {shard}")]
    EeElsewhere { ee: EeIndex, shard: Shard },
    #[error("EE {ee} exits in epoch {exit_epoch}")]
    EeExits { ee: EeIndex, exit_epoch: Epoch },
    #[error("EE {ee} takes no receipts")]
    NoReceipts { ee: EeIndex },
    #[error("EE {ee} was deployed without upgrades")]
    Immutable { ee: EeIndex },
    #[error("EE {ee} gets other code already")]
    UpgradePending { ee: EeIndex },
    #[error("it is of epoch {got}, and good up to the next; it is {now}")]
    Epoch { got: Epoch, now: Epoch },
    #[error("code {code_hash} of EE {ee} is not voted on since epoch {opened_epoch}")]
    NoPreCheck { ee: EeIndex, code_hash: Bytes32, opened_epoch: Epoch },
    #[error("there are no voters, or they are not in order")]
    VotersOrder,
    #[error("validator {validator} has no vote on it")]
    Voter { validator: ValidatorIndex },
    #[error("validator {validator} has voted before")]
    VotedBefore { validator: ValidatorIndex },
    #[error("validator {validator} cannot withdraw before epoch {withdrawable_epoch}; it is {now}")]
    NotWithdrawable { validator: ValidatorIndex, withdrawable_epoch: Epoch, now: Epoch },
    #[error("validator {validator} has {available} Gwei, and gives {got}")]
    ValidatorBalance { validator: ValidatorIndex, got: Gwei, available: Gwei },
    #[error("validator {validator} has {expected} Gwei, not {got}; sign it anew")]
    BalanceBefore { validator: ValidatorIndex, got: Gwei, expected: Gwei },
    #[error("the amount is zero")]
    NoAmount,
    #[error("the lane to shard {shard} is full: receipt {next} has no room before {limit}")]
    LaneFull { shard: Shard, next: u64, limit: u64 },
    #[error("there is no shard {got}, but {n_shards} of them")]
    ShardUnknown { got: Shard, n_shards: usize },
    #[error("the headers are not of one slot of one shard by one proposer, or they are equal")]
    HeadersDiffer,
    #[error("validator {validator} cannot be slashed")]
    NotSlashable { validator: ValidatorIndex },
    #[error("attestations of this phase are not about shards")]
    NoShardVote,
    #[error("the transition's root is {got}, where {expected} was attested")]
    TransitionRoot { got: Root, expected: Root },
    #[error("the transition has no block {got}")]
    DataIndex { got: u64 },
    #[error("the body's root is {got}, where {expected} was attested")]
    BodyRoot { got: Root, expected: Root },
    #[error("the header has no transition of EE {ee}")]
    NoTransition { ee: EeIndex },
}
