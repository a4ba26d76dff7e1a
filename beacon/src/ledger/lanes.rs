//! Lanes: each sent receipt is settled once, in any order within a window.

use std::collections::BTreeMap;

use super::{
    BEACON_CHAIN, InboundLane, Lane, Ledger, OutboundLane, Settlement, WINDOW, change, error::HeaderError,
    lane_index,
};
use outrider_beacon_spec::{
    error::Error,
    math::{Uint64 as _, index},
    types::{Gwei, Shard},
};

/// The sums of a header's settlements.
#[derive(Clone, Debug, Default)]
pub(super) struct SettlementSums {
    pub(super) value: Gwei,
    pub(super) fees: Gwei,
    /// The number of receipts of each source that were rejected or not delivered, but are not void. No more return to it.
    pub(super) bounces: BTreeMap<Shard, u64>,
}

/// Settles the receipts that arrived at a shard, by L5 and L6.
pub(super) fn process_settlements(
    ledger: &mut Ledger,
    shard: Shard,
    settlements: &[Settlement],
) -> Result<SettlementSums, HeaderError> {
    let mut settled = SettlementSums::default();
    let mut previous = None;
    for settlement in settlements {
        let source_shard = settlement.source_shard;
        if let Some(previous) = previous.filter(|previous| *previous >= source_shard) {
            return Err(HeaderError::SettlementOrder { got: source_shard, previous });
        }
        previous = Some(source_shard);
        if !ledger.is_source(source_shard) {
            return Err(HeaderError::SourceShard { got: source_shard });
        }
        let outbound = outbound(ledger, source_shard, shard)?;
        let inbound = inbound(ledger, source_shard, shard)?;
        let inbound = inbound_after(inbound.clone(), settlement, outbound.next)?;
        let (got, available) = (settlement.value.plus(settlement.fees)?, outbound.in_flight);
        let in_flight =
            available.checked_sub(got).ok_or(HeaderError::InFlight { source_shard, got, available })?;
        change_outbound(ledger, source_shard, shard, |lane| lane.in_flight = in_flight)?;
        change(&mut ledger.shards, shard, |shard| {
            change(&mut shard.inbound, lane_index(source_shard), |lane| {
                *lane = inbound;
                Ok::<_, Error>(())
            })
        })?;
        settled.value = settled.value.plus(settlement.value)?;
        settled.fees = settled.fees.plus(settlement.fees)?;
        let either = settlement.rejected.union(&settlement.undelivered).num_set_bits();
        let void = settlement.rejected.intersection(&settlement.undelivered).num_set_bits();
        settled.bounces.insert(source_shard, either.saturating_sub(void) as u64);
    }
    Ok(settled)
}

/// Settles receipts on one lane by L5, where receipts up to `sent` have been sent: sets their bits, and advances over
/// set ones.
fn inbound_after(
    mut lane: InboundLane,
    settlement: &Settlement,
    sent: u64,
) -> Result<InboundLane, HeaderError> {
    let source_shard = settlement.source_shard;
    let (settled, rejected, undelivered) =
        (&settlement.settled, &settlement.rejected, &settlement.undelivered);
    if [rejected.len(), undelivered.len()] != [settled.len(); 2] {
        let (settled, rejected, undelivered) = (settled.len(), rejected.len(), undelivered.len());
        return Err(HeaderError::SettlementBits { source_shard, settled, rejected, undelivered });
    }
    if settled.is_zero() {
        return Err(HeaderError::SettlementEmpty { source_shard });
    }
    let end = lane.next.plus(WINDOW)?;
    for (bit, (is_settled, (is_rejected, is_undelivered))) in
        (0..).zip(settled.iter().zip(rejected.iter().zip(undelivered.iter())))
    {
        let sequence = settlement.first.plus(bit)?;
        if !is_settled && (is_rejected || is_undelivered) {
            return Err(HeaderError::NotSettled { source_shard, sequence });
        }
        if !is_settled {
            continue;
        }
        if sequence < lane.next || sequence >= end {
            return Err(HeaderError::Sequence { source_shard, got: sequence, first: lane.next, end });
        }
        if sequence >= sent {
            return Err(HeaderError::NotSent { source_shard, got: sequence, next: sent });
        }
        let place = index(sequence % WINDOW);
        if lane.settled.get(place) == Ok(true) {
            return Err(HeaderError::AlreadySettled { source_shard, sequence });
        }
        lane.settled.set(place, true).or(Err(Error::StateMalformed))?;
    }
    while lane.settled.get(index(lane.next % WINDOW)) == Ok(true) {
        lane.settled.set(index(lane.next % WINDOW), false).or(Err(Error::StateMalformed))?;
        lane.next = lane.next.plus(1)?;
    }
    Ok(lane)
}

/// Sends the receipts of a shard by L7, given the receipts that may return to each shard; returns their ether. The ledger sees no
/// receipts, but those that return come first, so the last one on a lane is a message if there are more. No lane leads to the beacon chain: its receipts do not
/// bounce, and deposits have a path of their own.
pub(super) fn process_lanes(
    ledger: &mut Ledger,
    shard: Shard,
    lanes: &[Lane],
    bounces: &BTreeMap<Shard, u64>,
    window: u64,
) -> Result<Gwei, HeaderError> {
    let mut sent = 0_u64;
    let mut previous = None;
    for lane in lanes {
        let destination = lane.destination_shard;
        if let Some(previous) = previous.filter(|previous| *previous >= destination) {
            return Err(HeaderError::LaneOrder { got: destination, previous });
        }
        previous = Some(destination);
        if index(destination) >= ledger.shards.len() {
            return Err(HeaderError::DestinationShard { got: destination });
        }
        if lane.n == 0 {
            return Err(HeaderError::LaneEmpty { destination });
        }
        let outbound = *outbound(ledger, shard, destination)?;
        if lane.first != outbound.next {
            return Err(HeaderError::LaneFirst { destination, got: lane.first, expected: outbound.next });
        }
        let got = lane.first.plus(u64::from(lane.n))?;
        let first = inbound(ledger, shard, destination)?.next;
        let limit = first.plus(WINDOW)?;
        if got > limit {
            return Err(HeaderError::LaneFull { destination, got, limit });
        }
        let returning = bounces.get(&destination).copied().unwrap_or_default();
        let limit = first.plus(window)?;
        if u64::from(lane.n) > returning && got > limit {
            return Err(HeaderError::WindowFull { destination, got, limit });
        }
        let in_flight = outbound.in_flight.plus(lane.value)?;
        change_outbound(ledger, shard, destination, |lane| *lane = OutboundLane { next: got, in_flight })?;
        sent = sent.plus(lane.value)?;
    }
    Ok(sent)
}

fn inbound(ledger: &Ledger, source: Shard, destination: Shard) -> Result<&InboundLane, Error> {
    let shard = ledger.shards.get(index(destination)).ok_or(Error::IndexOutOfRange)?;
    shard.inbound.get(index(lane_index(source))).ok_or(Error::StateMalformed)
}

fn outbound(ledger: &Ledger, source: Shard, destination: Shard) -> Result<&OutboundLane, Error> {
    if source == BEACON_CHAIN {
        return ledger.beacon_lanes.outbound.get(index(destination)).ok_or(Error::StateMalformed);
    }
    let shard = ledger.shards.get(index(source)).ok_or(Error::IndexOutOfRange)?;
    shard.outbound.get(index(lane_index(destination))).ok_or(Error::StateMalformed)
}

fn change_outbound(
    ledger: &mut Ledger,
    source: Shard,
    destination: Shard,
    change_lane: impl FnOnce(&mut OutboundLane),
) -> Result<(), Error> {
    let change_lane = |lane: &mut OutboundLane| {
        change_lane(lane);
        Ok(())
    };
    if source == BEACON_CHAIN {
        return change(&mut ledger.beacon_lanes.outbound, destination, change_lane);
    }
    change(&mut ledger.shards, source, |shard| {
        change(&mut shard.outbound, lane_index(destination), change_lane)
    })
}
