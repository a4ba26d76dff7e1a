//! The ledger: the EEs of the beacon chain, and their ether and roots on each shard, beside the specification's state.
//!
//! The state, its roots and all vectors are unchanged: each block commits to its operations and to the ledger after it
//! in `body.graffiti`, which may be any 32 bytes. So the proposer signs both with the block, and one branch from a
//! block's root proves anything in the ledger: see [`crate::proof`].
//!
//! | module | concern |
//! |---|---|
//! | `containers`, `record` | the containers of the ledger and of its registry |
//! | `code` | the codes of an EE over time, and which of them every node has |
//! | [`execution`] | the executions in a shard block |
//! | `form` | the form of a shard block's body |
//! | [`operation`] | a block's operations on the ledger |
//! | [`accusation`] | claims that an attested shard block is wrong |
//! | `transition` | the state transition, with the order of its steps |
//! | `ether`, `lanes` | the checks and effects of an execution |
//! | `assumptions` | headers that count only if what they assume came true |
//! | `challenge` | headers that wait until nobody can challenge them any more |
//! | `thin` | the ledger of a chain on which committees alone vouch for ether |
//! | `outbox` | receipts from the beacon chain to shards |
//! | `inbound` | proofs of receipts that arrive at a shard |
//! | [`history`] | proofs of old receipts, and when receipts are lost |
//! | `conservation` | the conservation of ether |
//! | `genesis`, `settings`, `phase` | the initial ledger, a chain's settings, differences between the phases |
//! | `node` | the fork choice with a ledger for each block |
//! | `hook`, `shard_blocks`, `views` | the execution hook in the fork choice of shards, and the ledgers on which blocks build |
//! | `proposals` | the shard blocks of each proposer, of which a node judges two |
//! | [`error`] | errors |
//!
//! It departs from the design in these points: effects do not wait for the next block, as `transition` explains; lists
//! of lanes begin with the beacon chain's lane, and have an entry for each shard after it; an EE's record has fields for its
//! next and its previous code and its hibernation; a shard's part has the deposits that wait for their way back; and the ledger has
//! the beacon chain's own lanes, as `containers` explains. None of this changes the length of a proof.

pub mod accusation;
mod assumptions;
mod challenge;
mod code;
mod conservation;
mod containers;
pub mod error;
mod ether;
pub mod execution;
mod form;
mod genesis;
pub mod history;
mod hook;
mod inbound;
mod lanes;
mod node;
pub mod operation;
mod outbox;
mod phase;
mod proposals;
mod record;
mod settings;
mod shard_blocks;
mod thin;
mod transition;
mod views;

pub use accusation::{
    Accused, AccusedBatch, AccusedRead, ExecutionSlashing, ParentProof, ReadProof, SentReceipts,
    SignedExecutionSlashing,
};
pub use challenge::{CHALLENGE_SLOTS_MAX, PendingExecution};
pub use code::{NextCode, PreviousCode, dispute_epochs};
pub use conservation::Distribution;
pub use containers::{
    BEACON_CHAIN, BeaconLanes, EeState, InboundLane, Ledger, LedgerCommitment, MaxLanes, OutboundLane,
    ShardLedger, lane_index,
};
pub use error::LedgerError;
pub use ether::{apply_execution_header, process_execution_header};
pub use execution::{
    EePayload, EeTransition, ExecutionHeader, InboundBatch, Lane, MESSAGES_MAX, Receipt, ReceiptKind,
    RootRead, Settlement, ShardBody, WINDOW,
};
pub use form::FormError;
pub use genesis::GenesisEe;
pub use history::BatchHistory;
pub use hook::{ExecutableBlock, Execution, NoExecution, ShardBlockError, ShardPlace};
pub use inbound::InboundError;
pub use node::{BlockLedger, LedgerNode};
pub use operation::{
    Deploy, Exit, LedgerOperations, PreCheckVote, ShardExecution, ShardProposerSlashing, SignedDeploy,
    SignedExit, SignedPreCheckVote, SignedShardBlockHeader, SignedTopUp, SignedUpgrade, SignedWithdrawToEe,
    TopUp, Upgrade, WithdrawToEe,
};
pub use phase::{CrosslinkedBlock, LedgerPhase};
pub use record::{EeIndex, EeRecord, EeStatus, MaxVoters, PendingDeposit, PreCheck, UPGRADE_DELAY_MAX};
pub use settings::{Ether, Settings};
pub use transition::{ExtendedBlock, ExtendedState, Transition, complete_block, extended_transition};

pub(crate) use outbox::Outbox;

use milhouse::{List, Value};
use outrider_beacon_spec::{error::Error, math::index};
use ssz_types::typenum::Unsigned;

/// Changes an element of a list, and applies the change to the list's tree.
pub(crate) fn change<T: Value, N: Unsigned, E: From<Error>>(
    list: &mut List<T, N>,
    place: u64,
    change: impl FnOnce(&mut T) -> Result<(), E>,
) -> Result<(), E> {
    let outcome = change(list.get_mut(index(place)).ok_or(Error::IndexOutOfRange)?);
    list.apply_updates().map_err(Error::from)?;
    outcome
}
