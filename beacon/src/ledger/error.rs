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
    #[error("the execution header of shard {shard}, slot {slot} is wrong")]
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
    #[error("{kind} {index} of the block is refused")]
    Operation {
        /// Which kind.
        kind: &'static str,
        /// Which one of the kind, from 0.
        index: usize,
        /// What is wrong.
        #[source]
        error: OperationError,
    },
    /// What was due by itself failed; a bug here.
    #[error("a change that was due in the registry failed")]
    Due(#[source] OperationError),
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

/// Makes an enum whose texts are messages and documentation at once, besides what the specification refuses.
macro_rules! errors {
    ($(#[$attribute:meta])* $name:ident { $($variant:ident { $($field:ident: $type:ty),* }: $text:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            /// What the specification refuses.
            #[error(transparent)]
            Spec(#[from] Error),
            $(
                #[doc = concat!("Says: ", $text, ".")]
                #[error($text)]
                $variant {
                    $(
                        #[doc = concat!("`", stringify!($field), "` of the message.")]
                        $field: $type,
                    )*
                },
            )*
        }
    };
}

errors! {
    /// Which check an execution header fails, by the checks' names: see [`process_execution_header`](super::process_execution_header).
    HeaderError {
        BodyShort { got: usize }: "the body has {got} bytes, fewer than an execution root",
        BodyEncoding { error: ssz::DecodeError }: "the body is not encoded as it has to be: {error:?}",
        ExecutionRoot { got: Root, expected: Root }: "the body begins with {expected}, and the root of its header is {got}",
        DataRoot { got: Root, expected: Root }: "L1: header and branch give data root {got}, where {expected} was crosslinked",
        BodyLength { got: Bytes32, expected: u64 }: "L1: the body has {got} bytes by its root, and {expected} by its transition",
        ParentExecutionRoot { got: Root, expected: Root }: "L2: the header's parent is {got}, where {expected} comes before",
        EeOrder { got: EeIndex, previous: EeIndex }: "L3: EE {got} comes after EE {previous}",
        EeUnknown { got: EeIndex, n: usize }: "L3: there is no EE {got}, but {n} of them",
        EeElsewhere { ee: EeIndex, shard: Shard }: "L3: EE {ee} is not on shard {shard}",
        EeNotActive { ee: EeIndex, got: Epoch, from: Epoch, until: Epoch }: "L3: EE {ee} is active from epoch {from} to {until}, not in {got}",
        PreStateRoot { ee: EeIndex, got: Bytes32, expected: Bytes32 }: "L3: EE {ee}: the pre-state root is {got}, where {expected} is the latest",
        NotExecuted { ee: EeIndex }: "L3: EE {ee} changes its state or gives ether away without being executed",
        Balance { ee: EeIndex, got: Gwei, expected: Gwei }: "L4: EE {ee}: the balance before is {got}, where it has {expected}",
        Deposits { ee: EeIndex, got: Gwei, expected: Gwei }: "L4: EE {ee}: the deposits' sum is {got}, and they add up to {expected}",
        DepositAmount { ee: EeIndex, got: Gwei, least: Gwei }: "L4: EE {ee}: a deposit of {got} Gwei is below {least}",
        Overdraft { ee: EeIndex, got: Gwei, available: Gwei }: "L4: EE {ee} gives away {got} Gwei, and has {available}",
        Sums { settled: Gwei, value_in: Gwei, sent: Gwei, value_out: Gwei }: "L4: {settled} Gwei were settled and {sent} sent, where EEs got {value_in} and sent {value_out}",
        Bounce { got: Gwei }: "L4: {got} Gwei bounce, and no receipt does",
        PendingDeposits { got: usize, limit: usize }: "L4: {got} deposits would wait for validators, and there is room for {limit}",
        SettlementOrder { got: Shard, previous: Shard }: "L5: source {got} comes after source {previous}",
        SourceShard { got: Shard }: "L5: there is no source {got}",
        SettlementBits { source_shard: Shard, settled: usize, rejected: usize, expired: usize }: "L5: from source {source_shard}: {settled} bits for settled, {rejected} for rejected, {expired} for expired receipts",
        SettlementEmpty { source_shard: Shard }: "L5: from source {source_shard}: nothing is settled",
        NotSettled { source_shard: Shard, sequence: u64 }: "L5: from source {source_shard}: receipt {sequence} is rejected or expired and not settled, or both",
        Sequence { source_shard: Shard, got: u64, first: u64, end: u64 }: "L5: from source {source_shard}: receipt {got} is not from {first} to {end}",
        AlreadySettled { source_shard: Shard, sequence: u64 }: "L5: from source {source_shard}: receipt {sequence} has been settled before",
        NotSent { source_shard: Shard, got: u64, next: u64 }: "L5: from source {source_shard}: receipt {got} has not been sent; {next} comes next",
        InFlight { source_shard: Shard, got: Gwei, available: Gwei }: "L6: {got} Gwei are taken from source {source_shard}, where {available} are in flight",
        LaneOrder { got: Shard, previous: Shard }: "L7: destination {got} comes after destination {previous}",
        DestinationShard { got: Shard }: "L7: there is no destination {got}",
        LaneFirst { destination: Shard, got: u64, expected: u64 }: "L7: to destination {destination}: the first receipt is {got}, where {expected} comes next",
        LaneEmpty { destination: Shard }: "L7: to destination {destination}: there is no receipt",
        LaneFull { destination: Shard, got: u64, limit: u64 }: "L7: to destination {destination}: receipts go up to {got}, where there is room up to {limit}",
        EeFuel { ee: EeIndex, got: u64, limit: u64 }: "L8: EE {ee} used {got} fuel, more than {limit}",
        BlockFuel { got: u64, limit: u64 }: "L8: the block used {got} fuel, more than {limit}",
        BodyBytes { got: u64, limit: u64 }: "L8: the body has {got} bytes, more than {limit}",
    }
}

errors! {
    /// Why an operation is refused.
    OperationError {
        Signature { signer: BLSPubkey }: "the signature is not that of {signer}",
        EeIndex { got: EeIndex, expected: usize }: "it gets place {got}, where {expected} is the next one; sign it anew",
        CodeBytes { got: usize, limit: usize }: "the code has {got} bytes, more than {limit}",
        Code { reason: String }: "the code is refused: {reason}",
        CodeInUse { code_hash: Bytes32, ee: EeIndex }: "code {code_hash} belongs to EE {ee}",
        Deposit { got: Gwei, least: Gwei }: "the deposit is {got} Gwei, and has to be {least}",
        Shards { got: Shard, n_shards: usize }: "the EE is on shard {got}, and there are {n_shards}",
        NoShard {}: "the EE is on no shard",
        RefundCredentials { got: Bytes32 }: "no validator has the withdrawal credentials {got}",
        PreChecksFull { got: usize }: "{got} pieces of code are voted on, which is all there may be",
        EeUnknown { got: EeIndex, n: usize }: "there is no EE {got}, but {n} of them",
        EeNotActive { ee: EeIndex, got: Epoch, from: Epoch, until: Epoch }: "EE {ee} is active from epoch {from} to {until}, not in {got}",
        EeElsewhere { ee: EeIndex, shard: Shard }: "EE {ee} is not on shard {shard}",
        EeExits { ee: EeIndex, exit_epoch: Epoch }: "EE {ee} exits in epoch {exit_epoch}",
        NoReceipts { ee: EeIndex }: "EE {ee} takes no receipts",
        Immutable { ee: EeIndex }: "EE {ee} was deployed without upgrades",
        UpgradePending { ee: EeIndex }: "EE {ee} gets other code already",
        Epoch { got: Epoch, now: Epoch }: "it is of epoch {got}, and good up to the next; it is {now}",
        NoPreCheck { ee: EeIndex, code_hash: Bytes32, opened_epoch: Epoch }: "code {code_hash} of EE {ee} is not voted on since epoch {opened_epoch}",
        VotersOrder {}: "there are no voters, or they are not in order",
        Voter { validator: ValidatorIndex }: "validator {validator} has no vote on it",
        VotedBefore { validator: ValidatorIndex }: "validator {validator} has voted before",
        NotWithdrawable { validator: ValidatorIndex, withdrawable_epoch: Epoch, now: Epoch }: "validator {validator} cannot withdraw before epoch {withdrawable_epoch}; it is {now}",
        ValidatorBalance { validator: ValidatorIndex, got: Gwei, available: Gwei }: "validator {validator} has {available} Gwei, and gives {got}",
        BalanceBefore { validator: ValidatorIndex, got: Gwei, expected: Gwei }: "validator {validator} has {expected} Gwei, not {got}; sign it anew",
        NoAmount {}: "the amount is zero",
        LaneFull { shard: Shard, next: u64, limit: u64 }: "the lane to shard {shard} is full: receipt {next} has no room before {limit}",
        ShardUnknown { got: Shard, n_shards: usize }: "there is no shard {got}, but {n_shards} of them",
        HeadersDiffer {}: "the headers are not of one slot of one shard by one proposer, or they are equal",
        NotSlashable { validator: ValidatorIndex }: "validator {validator} cannot be slashed",
        NoShardVote {}: "attestations of this phase are not about shards",
        TransitionRoot { got: Root, expected: Root }: "the transition's root is {got}, where {expected} was attested",
        DataIndex { got: u64 }: "the transition has no block {got}",
        BodyRoot { got: Root, expected: Root }: "the body's root is {got}, where {expected} was attested",
        NoTransition { ee: EeIndex }: "the header has no transition of EE {ee}",
    }
}
