//! The receipts that the beacon chain itself sends to shards in a block.

use milhouse::Vector;
use ssz_types::typenum::U256;

use super::{
    BEACON_CHAIN, ExecutionHeader, Ledger, Receipt, WINDOW, change, error::OperationError,
    execution::RECENT_SLOTS, lane_index,
};
use outrider_beacon_spec::{
    error::Error,
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    types::{Root, Slot},
};

/// Numbered receipts of a block, whose ether already counts as in flight.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    receipts: Vec<Receipt>,
}

impl Outbox {
    /// Sends a receipt, and fills in its source, number and slot.
    pub(crate) fn send(&mut self, ledger: &mut Ledger, receipt: Receipt) -> Result<(), OperationError> {
        let shard = receipt.destination_shard;
        let n_shards = ledger.shards.len();
        let destination =
            ledger.shards.get(index(shard)).ok_or(OperationError::ShardUnknown { got: shard, n_shards })?;
        // A thin ledger knows neither what has been settled nor what is in flight; only committees do.
        let is_thin = ledger.is_thin();
        let limit = if is_thin {
            u64::MAX
        } else {
            let inbound = destination.inbound.get(index(lane_index(BEACON_CHAIN)));
            inbound.ok_or(Error::StateMalformed)?.next.plus(WINDOW)?
        };
        let lane = ledger.beacon_lanes.outbound.get(index(shard)).ok_or(Error::StateMalformed)?;
        let sequence = lane.next;
        if sequence >= limit {
            return Err(OperationError::LaneFull { shard, next: sequence, limit });
        }
        let value = receipt.value.plus(receipt.fee)?;
        change(&mut ledger.beacon_lanes.outbound, shard, |lane| {
            lane.next = sequence.plus(1)?;
            lane.in_flight = if is_thin { 0 } else { lane.in_flight.plus(value)? };
            Ok::<_, Error>(())
        })?;
        self.receipts.push(Receipt { source_shard: BEACON_CHAIN, sequence, slot: ledger.slot, ..receipt });
        Ok(())
    }

    /// Stores the root of the block's lanes in the ledger; returns the receipts.
    pub(crate) fn finish(self, ledger: &mut Ledger) -> Result<Vec<Receipt>, Error> {
        if self.receipts.is_empty() {
            return Ok(self.receipts);
        }
        let header = ExecutionHeader::of_beacon_chain(&self.receipts)?;
        let execution_root = hash_tree_root(&header);
        set_recent(&mut ledger.beacon_lanes.recent, ledger.slot, execution_root)?;
        Ok(self.receipts)
    }
}

/// Sets the root of a slot.
pub(super) fn set_recent(recent: &mut Vector<Root, U256>, slot: Slot, root: Root) -> Result<(), Error> {
    *recent.get_mut(index(slot % RECENT_SLOTS)).ok_or(Error::IndexOutOfRange)? = root;
    Ok(recent.apply_updates()?)
}
