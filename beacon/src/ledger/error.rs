//! Errors of the ledger.

use super::{Ether, record::EeIndex};
use outrider_beacon_proof::ProofError;
use outrider_beacon_spec::{
    error::Error,
    types::{BLSPubkey, Bytes32, Epoch, Gwei, Root, Shard, Slot, ValidatorIndex},
};

/// The reason for which an extended block or a genesis is refused. After a failed transition, discard the state and the ledger.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The specification refuses the block.
    #[error(transparent)]
    Spec(#[from] Error),
    /// The graffiti is not the root of ledger and operations; the proposer's fault.
    #[error("the block's graffiti is {got}, expected the root of its ledger and operations, {expected}")]
    Commitment {
        /// The graffiti.
        got: Bytes32,
        /// The root of the [`LedgerCommitment`](super::LedgerCommitment).
        expected: Bytes32,
    },
    /// The executions are not one for each crosslinked shard block; the proposer's fault.
    #[error("the block has {got} executions for {expected} crosslinked shard blocks")]
    ExecutionCount {
        /// The number of executions.
        got: usize,
        /// The number of crosslinked shard blocks that are not empty.
        expected: usize,
    },
    /// An execution is not that of the next crosslinked block; the proposer's fault.
    #[error("execution is of shard {}, slot {}, expected shard {}, slot {}", got.0, got.1, expected.0, expected.1)]
    ExecutionPlace {
        /// Its shard and slot.
        got: (Shard, Slot),
        /// Those of the next crosslinked block.
        expected: (Shard, Slot),
    },
    /// An execution header is invalid; the fault of the shard block's proposer and committee.
    #[error("the execution header of shard {shard}, slot {slot} is invalid")]
    Header {
        /// The shard.
        shard: Shard,
        /// The slot of the shard block.
        slot: Slot,
        /// The error.
        #[source]
        error: HeaderError,
    },
    /// A shard block does not descend from its shard's crosslink in its beacon parent, so no beacon block could
    /// crosslink it; the fault of its proposer.
    #[error(
        "shard {shard}: block {got} does not descend from {crosslink}, the crosslink in its beacon parent"
    )]
    NotOnCrosslink {
        /// The shard.
        shard: Shard,
        /// The block.
        got: Root,
        /// The latest crosslinked block.
        crosslink: Root,
    },
    /// The node has judged as many blocks of a proposer for a slot of a shard as it does without need. The fault of the
    /// proposer, who can be slashed; the block may still be right, and become part of the chain.
    #[error(
        "shard {shard}, slot {slot}: proposer {proposer_index} has signed {limit} other blocks, and this one is judged only \
         once a vote or a crosslink names it: try again then"
    )]
    ShardProposals {
        /// The shard.
        shard: Shard,
        /// The slot.
        slot: Slot,
        /// The proposer.
        proposer_index: ValidatorIndex,
        /// The number of other blocks.
        limit: usize,
    },
    /// A shard block assumes a root that no shard block makes which this node knows and which counts before it. The fault of
    /// the block's proposer; or the node has not heard of the other block yet: try again then.
    #[error(
        "shard {shard}, slot {slot}: assumptions: no known block that counts before makes the root {got} of EE {ee} on shard {of}"
    )]
    Assumption {
        /// The shard of the block.
        shard: Shard,
        /// The slot of the block.
        slot: Slot,
        /// The shard of the root.
        of: Shard,
        /// The EE of the root.
        ee: EeIndex,
        /// The root.
        got: Bytes32,
    },
    /// A shard block cannot be checked, because the ledger is thin and lacks the roots and ether of EEs; the caller's
    /// fault.
    #[error("shard {shard} cannot build on a thin ledger, which has no state roots: choose `Ether::Ledger`")]
    ThinLedger {
        /// The shard.
        shard: Shard,
    },
    /// An operation is invalid; the fault of the proposer and of the operation's signer.
    #[error("{kind} {index} of the block is refused")]
    Operation {
        /// The kind of operation.
        kind: &'static str,
        /// The index among the operations of this kind, from 0.
        index: usize,
        /// The error.
        #[source]
        error: OperationError,
    },
    /// A step of the registry that was due failed; a bug in this crate.
    #[error("a due step of the registry failed")]
    Due(#[source] OperationError),
    /// Ether was lost or created; a bug in this crate.
    #[error("the ledger's parts add up to {got} Gwei, expected the total of {expected}")]
    Conservation {
        /// The sum of the parts.
        got: u128,
        /// The total.
        expected: Gwei,
    },
    /// The setting of the window allows no message, or leaves no room for receipts that return; the caller's fault.
    #[error("the settings allow {got} messages in flight on a lane, which must be from 1 to {limit}")]
    Window {
        /// The setting.
        got: u64,
        /// The limit, [`MESSAGES_MAX`](super::MESSAGES_MAX).
        limit: u64,
    },
    /// The setting of the challenge window is too large; the caller's fault.
    #[error("the settings let executions be challenged for {got} slots, and {limit} is the most")]
    ChallengeSlots {
        /// The setting.
        got: u64,
        /// The limit, [`CHALLENGE_SLOTS_MAX`](super::CHALLENGE_SLOTS_MAX).
        limit: u64,
    },
    /// The ledger is thin, and the settings say that it vouches for ether, or the other way round; the caller's fault.
    #[error("the settings have ether vouched for by {settings:?}, but the ledger was made for {ledger:?}")]
    Ether {
        /// The setting.
        settings: Ether,
        /// That for which the ledger was made.
        ledger: Ether,
    },
    /// An EE of the genesis has too long an upgrade delay; the caller's fault.
    #[error("EE {ee} of the genesis has an upgrade delay of {got} epochs, the limit is {limit}")]
    GenesisUpgradeDelay {
        /// The EE.
        ee: EeIndex,
        /// Its upgrade delay.
        got: u64,
        /// The limit, [`UPGRADE_DELAY_MAX`](super::UPGRADE_DELAY_MAX).
        limit: u64,
    },
    /// Ledger and state belong to different blocks; a bug in this crate, or a damaged snapshot.
    #[error("shard {shard}: the ledger's latest block is {got}, expected the state's, {expected}")]
    LatestBlock {
        /// The shard.
        shard: Shard,
        /// The ledger's.
        got: Root,
        /// The state's.
        expected: Root,
    },
}

/// Makes an enum whose texts are both messages and documentation, with a variant for the specification's errors.
macro_rules! errors {
    ($(#[$attribute:meta])* $name:ident { $($variant:ident { $($field:ident: $type:ty),* }: $text:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            /// The specification refuses it.
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
    /// A failed check of an execution header, named as in
    /// [`process_execution_header`](super::process_execution_header).
    HeaderError {
        BodyShort { got: usize }: "the body has {got} bytes, fewer than an execution root",
        BodyEncoding { error: ssz::DecodeError }: "the body is malformed: {error:?}",
        ExecutionRoot { got: Root, expected: Root }: "the root of the header is {got}, expected {expected} as at the start of the body",
        DataRoot { got: Root, expected: Root }: "L1: header and branch have the data root {got}, expected the crosslinked {expected}",
        BodyLength { got: Bytes32, expected: u64 }: "L1: the body has {got} bytes by its root, expected {expected} by its transition",
        ParentExecutionRoot { got: Root, expected: Root }: "L2: the header's parent is {got}, expected {expected}",
        EeOrder { got: EeIndex, previous: EeIndex }: "L3: EE {got} comes after EE {previous}",
        EeUnknown { got: EeIndex, n: usize }: "L3: EE {got} does not exist: there are {n}",
        EeElsewhere { ee: EeIndex, shard: Shard }: "L3: EE {ee} is not on shard {shard}",
        EeNotActive { ee: EeIndex, got: Epoch, from: Epoch, until: Epoch }: "L3: EE {ee} is active from epoch {from} to {until}, not in {got}",
        EeAsleep { ee: EeIndex, got: Epoch, from: Epoch }: "L3: EE {ee} hibernates from epoch {from}, and is not executed in {got}",
        PreStateRoot { ee: EeIndex, got: Bytes32, expected: Bytes32 }: "L3: EE {ee}: the pre-state root is {got}, expected the latest, {expected}",
        NotExecuted { ee: EeIndex }: "L3: EE {ee} changes its state or spends ether without being executed",
        Balance { ee: EeIndex, got: Gwei, expected: Gwei }: "L4: EE {ee}: the balance before is {got}, expected {expected}",
        Deposits { ee: EeIndex, got: Gwei, expected: Gwei }: "L4: EE {ee}: the sum of deposits is {got}, expected {expected}",
        DepositAmount { ee: EeIndex, got: Gwei, least: Gwei }: "L4: EE {ee}: a deposit of {got} Gwei is below the minimum of {least}",
        Overdraft { ee: EeIndex, got: Gwei, available: Gwei }: "L4: EE {ee} spends {got} Gwei, but has only {available}",
        Sums { settled: Gwei, value_in: Gwei, sent: Gwei, value_out: Gwei }: "L4: {settled} Gwei were settled and {sent} sent, but EEs received {value_in} and sent {value_out}",
        Bounce { got: Gwei }: "L4: {got} Gwei bounce, but no receipt does",
        AllShards { got: Gwei, available: u128 }: "L4: {got} Gwei leave the shard, but all shards together have only {available}",
        PendingDeposits { got: usize, limit: usize }: "L4: {got} deposits of the shard would be pending, the limit is {limit}",
        SettlementOrder { got: Shard, previous: Shard }: "L5: source {got} comes after source {previous}",
        SourceShard { got: Shard }: "L5: source {got} does not exist",
        SettlementBits { source_shard: Shard, settled: usize, rejected: usize, undelivered: usize }: "L5: from source {source_shard}: {settled} bits for settled, {rejected} for rejected, {undelivered} for undelivered receipts",
        SettlementEmpty { source_shard: Shard }: "L5: from source {source_shard}: no receipt is settled",
        NotSettled { source_shard: Shard, sequence: u64 }: "L5: from source {source_shard}: receipt {sequence} is rejected or undelivered without being settled",
        Sequence { source_shard: Shard, got: u64, first: u64, end: u64 }: "L5: from source {source_shard}: receipt {got} is not in the window from {first} to {end}",
        AlreadySettled { source_shard: Shard, sequence: u64 }: "L5: from source {source_shard}: receipt {sequence} was settled before",
        NotSent { source_shard: Shard, got: u64, next: u64 }: "L5: from source {source_shard}: receipt {got} has not been sent; the next one is {next}",
        InFlight { source_shard: Shard, got: Gwei, available: Gwei }: "L6: {got} Gwei are taken from source {source_shard}, but only {available} are in flight",
        LaneOrder { got: Shard, previous: Shard }: "L7: destination {got} comes after destination {previous}",
        DestinationShard { got: Shard }: "L7: destination {got} does not exist",
        LaneFirst { destination: Shard, got: u64, expected: u64 }: "L7: to destination {destination}: the first receipt is {got}, expected {expected}",
        LaneEmpty { destination: Shard }: "L7: to destination {destination}: the lane has no receipts",
        LaneFull { destination: Shard, got: u64, limit: u64 }: "L7: to destination {destination}: receipts go up to {got}, but there is room only up to {limit}",
        WindowFull { destination: Shard, got: u64, limit: u64 }: "L7: to destination {destination}: messages go up to {got}, but there is room for them only up to {limit}",
        LanesLate { sent: Slot, counted: Slot }: "L7: receipts of slot {sent} would be counted in slot {counted}, but only the headers of the last 256 slots can be proven",
        FinalizedSlot { got: Slot, latest: Slot }: "the finalized slot is {got}, but the latest is {latest}",
        EeFuel { ee: EeIndex, got: u64, limit: u64 }: "L8: EE {ee} used {got} fuel, the limit is {limit}",
        BlockFuel { got: u64, limit: u64 }: "L8: the block used {got} fuel, the limit is {limit}",
        BodyBytes { got: u64, limit: u64 }: "L8: the body has {got} bytes, the limit is {limit}",
        Assumptions { got: usize, limit: usize }: "L9: the header has {got} assumptions, the limit is {limit}",
        AssumptionShard { shard: Shard, ee: EeIndex }: "L9: assumptions: the root of EE {ee} on shard {shard} is of the block's own shard",
        AssumptionOrder { shard: Shard, ee: EeIndex }: "L9: assumptions: the root of EE {ee} on shard {shard} is out of order",
    }
}

errors! {
    /// The reason for which an operation is refused.
    OperationError {
        Signature { signer: BLSPubkey }: "the signature is not that of {signer}",
        EeIndex { got: EeIndex, expected: usize }: "it is signed for EE {got}, expected the next index, {expected}: sign it again",
        CodeBytes { got: usize, limit: usize }: "the code has {got} bytes, the limit is {limit}",
        Code { reason: String }: "the code is invalid: {reason}",
        CodeInUse { code_hash: Bytes32, ee: EeIndex }: "code {code_hash:x} belongs to EE {ee}",
        CodeVotedOn { code_hash: Bytes32, ee: EeIndex, until: Epoch, accepted: Gwei, rejected: Gwei, total: Gwei }: "a vote on code {code_hash:x}, as that of EE {ee}, is open until epoch {until}: of a stake of {total} Gwei, {accepted} are for it and {rejected} against it",
        Deposit { got: Gwei, least: Gwei }: "the deposit is {got} Gwei, expected at least {least}",
        Shards { got: Shard, n_shards: usize }: "the EE is on shard {got}, but there are only {n_shards} shards",
        NoShard {}: "the EE is not on any shard",
        RefundCredentials { got: Bytes32 }: "no validator has the withdrawal credentials {got}",
        PreChecksFull { got: usize }: "{got} votes on code are open, which is the limit",
        EeUnknown { got: EeIndex, n: usize }: "EE {got} does not exist: there are {n}",
        EeNotActive { ee: EeIndex, got: Epoch, from: Epoch, until: Epoch }: "EE {ee} is active from epoch {from} to {until}, not in {got}",
        EeElsewhere { ee: EeIndex, shard: Shard }: "EE {ee} is not on shard {shard}",
        EeExits { ee: EeIndex, exit_epoch: Epoch }: "EE {ee} is to exit in epoch {exit_epoch}",
        ExitUnknown { ee: EeIndex }: "EE {ee} cannot exit, because committees alone know whether it has ether",
        EeHibernates { ee: EeIndex, from: Epoch }: "EE {ee} hibernates from epoch {from}: top up its deposit first",
        TopUpEpoch { got: Epoch, now: Epoch }: "it is signed for epoch {got}, and valid only in that; the current epoch is {now}: sign it again",
        DepositBefore { ee: EeIndex, got: Gwei, expected: Gwei }: "the deposit of EE {ee} is signed as {got} Gwei, expected {expected}: sign it again",
        CodeHash { ee: EeIndex, got: Bytes32, expected: Bytes32 }: "EE {ee} is asleep, and wakes up only with its code {expected:x}, not {got:x}",
        CodeNotNeeded { ee: EeIndex }: "EE {ee} is not asleep, so its code is not needed",
        NoReceipts { ee: EeIndex }: "EE {ee} does not accept receipts",
        UpgradeDelay { got: u64, limit: u64 }: "the upgrade delay is {got} epochs, the limit is {limit}",
        Immutable { ee: EeIndex }: "EE {ee} was deployed without upgrades",
        UpgradePending { ee: EeIndex }: "EE {ee} already has a pending upgrade",
        Epoch { got: Epoch, now: Epoch }: "it is of epoch {got}, and valid until the next; the current epoch is {now}",
        NoPreCheck { ee: EeIndex, code_hash: Bytes32, opened_epoch: Epoch }: "there is no vote on code {code_hash:x} of EE {ee} that was opened in epoch {opened_epoch}",
        VotersOrder {}: "the voters are none, or not in ascending order",
        Voter { validator: ValidatorIndex }: "validator {validator} may not vote on it",
        VotedBefore { validator: ValidatorIndex }: "validator {validator} has already voted",
        NotExited { validator: ValidatorIndex }: "validator {validator} has not exited, so it cannot withdraw its balance",
        NotWithdrawable { validator: ValidatorIndex, withdrawable_epoch: Epoch, now: Epoch }: "validator {validator} cannot withdraw before epoch {withdrawable_epoch}; the current epoch is {now}",
        ValidatorBalance { validator: ValidatorIndex, got: Gwei, available: Gwei }: "validator {validator} spends {got} Gwei, but has only {available}",
        BalanceBefore { validator: ValidatorIndex, got: Gwei, expected: Gwei }: "the balance of validator {validator} is signed as {got} Gwei, expected {expected}: sign it again",
        NoAmount {}: "the amount is zero",
        LaneFull { shard: Shard, next: u64, limit: u64 }: "the lane to shard {shard} is full: receipt {next} is not below {limit}",
        ShardUnknown { got: Shard, n_shards: usize }: "shard {got} does not exist: there are {n_shards}",
        HeadersDiffer {}: "the headers are equal, or differ in slot, shard or proposer",
        NotSlashable { validator: ValidatorIndex }: "validator {validator} cannot be slashed",
        NobodyToSlash {}: "its attesters have been slashed or cannot be, and the header does not wait any more",
        NoShardVote {}: "attestations of this phase do not vote on shards",
        TransitionRoot { got: Root, expected: Root }: "the transition's root is {got}, expected the attested {expected}",
        DataIndex { got: u64 }: "the transition has no block {got}",
        BodyRoot { got: Root, expected: Root }: "the body's root is {got}, expected the attested {expected}",
        OtherBranch { got: Root, expected: Root }: "the attestation is for the beacon block {got}, and the chain has {expected} in its slot",
        CodeForgotten { ee: EeIndex, got: Epoch, now: Epoch }: "the code of EE {ee} in epoch {got} is not known any more in epoch {now}, so its execution cannot be disputed",
        Undecided { ee: EeIndex, reason: String }: "this node cannot judge the execution of EE {ee}: {reason}",
        ParentProof { error: ProofError }: "the accusation's proof from the root of the beacon parent fails: {error}",
        NoBatch { batch_index: u64 }: "the body has no batch {batch_index} of receipts",
        SentReceipts { ee: EeIndex }: "the claim's receipts of EE {ee} are not those of its receipts_root",
        SentTooMany {}: "the claim has receipts of more EEs than sent any in the block",
        NoRead { payload_index: u64, read_index: u64 }: "the body has no payload {payload_index} with a read {read_index}",
        ReadUnknown {}: "a thin ledger has no state roots, so reads of them cannot be disputed",
        NoTransition { ee: EeIndex }: "the header has no transition of EE {ee}",
    }
}
