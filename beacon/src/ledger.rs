//! The ledger: what the beacon chain knows of EEs, their ether and their roots on each shard, beside the specification's state.
//!
//! The state, its roots and all vectors stay what they are: each block commits to the ledger after it, and to its operations, in
//! `body.graffiti`, 32 bytes that may be anything. So both are signed with the block, and one branch from a block's root proves
//! whatever is in the ledger: see [`crate::proof`].
//!
//! | module | concern |
//! |---|---|
//! | `containers`, `record` | what the ledger consists of, and the registry in it |
//! | [`execution`] | what a shard block says of the executions in it |
//! | [`operation`] | what a block brings for the ledger |
//! | `transition` | the state transition, with the order of its steps |
//! | `ether`, `lanes` | what is checked of an execution, and what that changes |
//! | `outbox` | what the beacon chain itself sends to shards |
//! | `conservation` | nothing is lost, nothing is made |
//! | `genesis`, `settings`, `phase` | where it starts, what may be chosen, what the phases differ in |
//! | `node` | the fork choice with a ledger for each block |
//! | [`error`] | why a block is refused |
//!
//! Where it departs from the design: effects do not wait for the next block, as `transition` says; lists of lanes begin with that of
//! the beacon chain, and have as many places as there are shards besides; an EE's record has two more fields, and the ledger has
//! the beacon chain's own lanes, as `containers` says. None of this changes the length of a proof.

mod conservation;
mod containers;
pub mod error;
mod ether;
pub mod execution;
mod genesis;
mod lanes;
mod node;
pub mod operation;
mod outbox;
mod phase;
mod record;
mod settings;
mod transition;

pub use conservation::Distribution;
pub use containers::{
    BEACON_CHAIN, BeaconLanes, EeState, InboundLane, Ledger, LedgerCommitment, MaxLanes, OutboundLane,
    ShardLedger, lane_index,
};
pub use error::LedgerError;
pub use ether::process_execution_header;
pub use execution::{
    EePayload, EeTransition, ExecutionHeader, InboundBatch, Lane, Receipt, ReceiptKind, RootRead, Settlement,
    ShardBody, WINDOW,
};
pub use genesis::GenesisEe;
pub use node::{BlockLedger, LedgerNode};
pub use operation::{
    Deploy, ExecutionSlashing, Exit, LedgerOperations, PreCheckVote, ShardExecution, ShardProposerSlashing,
    SignedDeploy, SignedExecutionSlashing, SignedExit, SignedPreCheckVote, SignedShardBlockHeader,
    SignedUpgrade, SignedWithdrawToEe, Upgrade, WithdrawToEe,
};
pub use phase::{CrosslinkedBlock, LedgerPhase};
pub use record::{EeIndex, EeRecord, MaxVoters, PendingDeposit, PreCheck};
pub use settings::Settings;
pub use transition::{Extended, ExtendedBlock, Transition, complete_block, extended_transition};

pub(crate) use outbox::Outbox;

use milhouse::{List, Value};
use outrider_beacon_spec::{error::Error, math::index};
use ssz_types::typenum::Unsigned;

/// Changes an element of a list, and lets the list take that up.
pub(crate) fn change<T: Value, N: Unsigned, E: From<Error>>(
    list: &mut List<T, N>,
    place: u64,
    change: impl FnOnce(&mut T) -> Result<(), E>,
) -> Result<(), E> {
    let outcome = change(list.get_mut(index(place)).ok_or(Error::IndexOutOfRange)?);
    list.apply_updates().map_err(Error::from)?;
    outcome
}
