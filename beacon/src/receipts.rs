//! Receipts between EEs, by shards: exactly once, in any order within a window, and conserving ether.
//!
//! Executors and proposers derive the same settlements and lanes from a block's batches of receipts and the outcomes of
//! its executions. The rules, with the numbers of the design:
//!
//! | rule | text | place |
//! |---|---|---|
//! | R1 | receipts are numbered for each pair of shards: those that return first, then by EE and call | `departures` |
//! | R2 | one lane for each destination; its root is that of a `List[Receipt, 1024]` | [`Lane::of`] |
//! | R3 | receipts are proven against `recent` in the ledger of the beacon parent, or of an older block that it knows | [`InboundBatch::check`], [`history`] |
//! | R4 | an EE receives by source shard and number, and batches are in that order | `arrivals` |
//! | R5 | exactly once: L5 of the ledger | [`apply_execution_header`] |
//! | R6 | a lane that is full refuses the sending EE's payload | `departures`, L7 of the ledger |
//! | R7 | a message is delivered until 128 slots after its own; then anyone settles it as expired, for half of its fee | `arrivals` |
//! | R7 | a receipt that is not settled for too long is lost: it is settled without ether, so its lane goes on | [`history`] |
//! | R8 | a message that is rejected or expired returns its ether; what returns cannot bounce | `arrivals` |
//! | R9 | the fee is the proposer's | `arrivals` |
//! | R12 | a block names its beacon parent, so deliveries vanish with the branch of what they deliver | L2 of the ledger |
//!
//! R10 and R11 are up to EEs. The design leaves open what follows here:
//!
//! * A receipt on a lane whose source spends more than its lane has, or whose fields contradict its place, is *void*: it is
//!   settled without ether. Only a captured committee sends such receipts; so it can block no lane.
//! * Messages take up at most half of a lane's window ([`MESSAGES_MAX`]), or less by [`Settings::window`]. The other half is for receipts that return, so
//!   shards that flood one another and reject everything do not wait for one another.
//! * What returns, or comes from the beacon chain, does not expire. An EE that cannot take it, or has not taken it within
//!   224 slots, gets the ether without an execution.
//!
//! | module | concern |
//! |---|---|
//! | `arrivals` | the receipts that a block settles, and what becomes of each |
//! | `departures` | the receipts that a block sends |
//! | `compare` | the comparison of stated settlements and lanes with the right ones |
//! | `stated` | the receipts that a block settles as it states them, for a judge |
//! | `error` | errors |
//!
//! [`Lane::of`]: crate::ledger::Lane::of
//! [`InboundBatch::check`]: crate::ledger::InboundBatch::check
//! [`history`]: crate::ledger::history
//! [`apply_execution_header`]: crate::ledger::apply_execution_header
//! [`MESSAGES_MAX`]: crate::ledger::MESSAGES_MAX
//! [`Settings::window`]: crate::ledger::Settings::window

mod arrivals;
mod compare;
mod departures;
mod error;
mod stated;

pub use self::{
    arrivals::{Arrivals, Fate, Fates, Settled},
    compare::{check_lanes, check_settlements},
    departures::{Departures, RECEIPT_BYTES_MAX, receipts_root},
    error::ReceiptError,
    stated::Stated,
};
pub use outrider_beacon_proof::EXPIRY_SLOTS;

use crate::ledger::{BEACON_CHAIN, InboundLane, Ledger, OutboundLane, lane_index};
use outrider_beacon_spec::types::Shard;

/// The slots after the slot of a receipt that returns, or comes from the beacon chain, in which it is delivered; the
/// ledger knows it for 256, and its history for longer.
pub const RETURN_SLOTS: u64 = 224;

/// Returns the lane on which a shard settles receipts of a source.
#[must_use]
pub fn inbound_lane(ledger: &Ledger, source: Shard, destination: Shard) -> Option<&InboundLane> {
    let shard = ledger.shards().get(usize::try_from(destination).ok()?)?;
    shard.inbound().get(usize::try_from(lane_index(source)).ok()?)
}

/// Returns the lane on which a source sends receipts to a shard.
#[must_use]
pub fn outbound_lane(ledger: &Ledger, source: Shard, destination: Shard) -> Option<&OutboundLane> {
    if source == BEACON_CHAIN {
        return ledger.beacon_lanes().outbound().get(usize::try_from(destination).ok()?);
    }
    let shard = ledger.shards().get(usize::try_from(source).ok()?)?;
    shard.outbound().get(usize::try_from(lane_index(destination)).ok()?)
}
