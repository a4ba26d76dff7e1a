//! The receipts that a block settles, and what becomes of each.

use std::collections::BTreeMap;

use crate::ledger::{BEACON_CHAIN, EeIndex, InboundBatch, Receipt, ReceiptKind, Settlement, ShardPlace};
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    hash::hash_tree_root,
    types::{Gwei, Shard, Slot},
};
use ssz_types::BitList;

use super::{EXPIRY_SLOTS, RETURN_SLOTS, ReceiptError, outbound_lane};

/// The bytes of a receipt's payload that return with it.
const TAG_BYTES: usize = 64;

/// The fate of a receipt in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its EE is shown it.
    Delivered(EeIndex),
    /// Its EE gets the ether without an execution.
    Credited(EeIndex),
    /// No EE takes it; it returns.
    Refused,
    /// It is too late to deliver it; it returns.
    Expired,
    /// It is settled without ether, because it is void or lost.
    Void,
}

/// A receipt in a block, by its place on its lane.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) source_shard: Shard,
    pub(super) sequence: u64,
    pub(super) receipt: Receipt,
    pub(super) fate: Fate,
}

/// The receipts that a block settles, by source and number.
#[derive(Clone, Debug, Default)]
pub struct Arrivals(Vec<Arrival>);

/// The results of settling receipts.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// The settlements, by source.
    pub settlements: Vec<Settlement>,
    /// The ether that EEs receive.
    pub value_in: BTreeMap<EeIndex, Gwei>,
    /// The receipts that return, without numbers.
    pub returning: Vec<Receipt>,
}

impl Arrivals {
    /// Checks the proofs of batches at a place, and decides what becomes of their receipts, given the EEs that have a
    /// payload in the block.
    ///
    /// # Errors
    ///
    /// Fails at the first batch that is not proven or not in order, and if a receipt is for an EE without a payload.
    pub fn new(
        place: &ShardPlace,
        inbound: &[InboundBatch],
        has_payload: impl Fn(EeIndex) -> bool,
    ) -> Result<Self, ReceiptError> {
        let mut fates = Fates::new(place);
        let mut arrivals = Self::default();
        for (batch, inbound) in inbound.iter().enumerate() {
            let InboundBatch { source_shard, slot, .. } = *inbound;
            let refused = |error| ReceiptError::Proof { batch, source_shard, slot, error };
            let old = inbound.old_execution_root(place.slot, place.beacon_parent_root, place.layout);
            let recent = || place.beacon_parent.recent_execution_root(source_shard, slot);
            let root = old.map_err(refused)?.or_else(recent);
            let root = root.ok_or(ReceiptError::NotRecent { batch, source_shard, slot })?;
            inbound.check(place.shard, root).map_err(refused)?;
            for (sequence, receipt) in inbound.numbered() {
                let at = (source_shard, sequence);
                let fate = receipt.map_or(Fate::Void, |receipt| fates.fate(at, slot, receipt));
                let receipt = receipt.cloned().unwrap_or_default();
                if let Fate::Delivered(ee) = fate
                    && !has_payload(ee)
                {
                    return Err(ReceiptError::NoPayload { ee, source_shard, sequence });
                }
                arrivals.push(batch, Arrival { source_shard, sequence, receipt, fate })?;
            }
        }
        Ok(arrivals)
    }

    /// Adds a receipt of a batch, which has to come after the others.
    pub(super) fn push(&mut self, batch: usize, arrival: Arrival) -> Result<(), ReceiptError> {
        let place = |arrival: &Arrival| (arrival.source_shard, arrival.sequence);
        let got = place(&arrival);
        if let Some(previous) = self.0.last().map(place).filter(|previous| *previous >= got) {
            return Err(ReceiptError::Order { batch, got, previous });
        }
        self.0.push(arrival);
        Ok(())
    }

    /// Returns the receipts that an EE is shown, in their order.
    pub fn shown(&self, ee: EeIndex) -> impl Iterator<Item = &Receipt> {
        let shown = self.0.iter().filter(move |arrival| arrival.fate == Fate::Delivered(ee));
        shown.map(|arrival| &arrival.receipt)
    }

    /// Settles the receipts, given the places of those that EEs rejected among those that they were shown.
    ///
    /// # Errors
    ///
    /// Fails if sums of ether overflow, or receipts of a source are too far apart.
    pub fn settle(&self, rejected: &BTreeMap<EeIndex, &[u32]>) -> Result<Settled, ReceiptError> {
        let mut settled = Settled::default();
        let mut shown = BTreeMap::<EeIndex, u32>::new();
        for of_source in self.0.chunk_by(|one, other| one.source_shard == other.source_shard) {
            let mut settlement = empty_settlement(of_source)?;
            for arrival in of_source {
                let Arrival { receipt, fate, .. } = arrival;
                let Receipt { value, fee, .. } = *receipt;
                let is_message = receipt.kind == ReceiptKind::Message as u8;
                let is_rejected = match *fate {
                    Fate::Delivered(ee) => {
                        let place = shown.entry(ee).or_default();
                        let is_rejected = rejected.get(&ee).is_some_and(|rejected| rejected.contains(place));
                        *place = place.saturating_add(1);
                        is_rejected
                    }
                    Fate::Void => true,
                    Fate::Credited(_) | Fate::Refused | Fate::Expired => false,
                };
                let is_undelivered = !matches!(fate, Fate::Delivered(_));
                let (value, fee) = match fate {
                    Fate::Void => (0, 0),
                    // The settling proposer has half of the fee, and the rest returns.
                    Fate::Expired => {
                        let half = fee / 2;
                        (value.saturating_add(fee.saturating_sub(half)), half)
                    }
                    Fate::Delivered(_) | Fate::Credited(_) | Fate::Refused => (value, fee),
                };
                let bit =
                    usize::try_from(arrival.sequence.saturating_sub(settlement.first)).unwrap_or_default();
                let bits = [
                    (&mut settlement.settled, true),
                    (&mut settlement.rejected, is_rejected),
                    (&mut settlement.undelivered, is_undelivered),
                ];
                for (bits, is_set) in bits {
                    // Within the length of the bits, as the last receipt has the last one.
                    let _ = bits.set(bit, is_set);
                }
                let overflow = ReceiptError::Sums { source_shard: arrival.source_shard };
                settlement.value = settlement.value.checked_add(value).ok_or(overflow.clone())?;
                settlement.fees = settlement.fees.checked_add(fee).ok_or(overflow)?;
                match *fate {
                    Fate::Delivered(ee) | Fate::Credited(ee) if !(is_rejected && is_message) => {
                        let value_in = settled.value_in.entry(ee).or_default();
                        *value_in = value_in.checked_add(value).ok_or(ReceiptError::Sum { ee })?;
                    }
                    Fate::Void => {}
                    Fate::Expired => settled.returning.push(arrival.returning(ReceiptKind::Expired, value)),
                    _ => settled.returning.push(arrival.returning(ReceiptKind::Bounced, value)),
                }
            }
            settled.settlements.push(settlement);
        }
        let got = settled.settlements.len();
        if got > 64 { Err(ReceiptError::TooMany { got }) } else { Ok(settled) }
    }
}

impl Arrival {
    /// Returns the receipt that brings the ether back, without number, slot and source shard. Its payload is the hash of this one, and the
    /// first bytes of this one's payload.
    fn returning(&self, kind: ReceiptKind, value: Gwei) -> Receipt {
        let receipt = &self.receipt;
        let mut payload = hash_tree_root(receipt).to_vec();
        payload.extend(receipt.payload.iter().take(TAG_BYTES));
        Receipt {
            source_ee: receipt.destination_ee,
            destination_shard: receipt.source_shard,
            destination_ee: receipt.source_ee,
            kind: kind as u8,
            value,
            payload: payload.try_into().unwrap_or_default(),
            ..Receipt::default()
        }
    }
}

/// Decides what becomes of receipts at a place, which have to be by source and number.
pub struct Fates<'p> {
    place: &'p ShardPlace,
    /// The ether in flight from each source that the receipts so far have not taken.
    in_flight: BTreeMap<Shard, Gwei>,
}

impl<'p> Fates<'p> {
    /// Begins with the first receipt.
    #[must_use]
    pub fn new(place: &'p ShardPlace) -> Self {
        Self { place, in_flight: BTreeMap::new() }
    }

    /// Decides what becomes of a receipt with this source and number that was sent in a slot, if its EE has a payload.
    pub fn fate(&mut self, at: (Shard, u64), slot: Slot, receipt: &Receipt) -> Fate {
        let (place, source_shard) = (self.place, at.0);
        let in_flight = self.in_flight.entry(source_shard).or_insert_with(|| {
            outbound_lane(&place.view, source_shard, place.shard).map_or(0, |lane| lane.in_flight)
        });
        let ether = receipt.value.checked_add(receipt.fee);
        let rest = ether.and_then(|ether| in_flight.checked_sub(ether));
        let Some(rest) = rest.filter(|_| is_at_its_place(receipt, at, slot, place.shard)) else {
            return Fate::Void;
        };
        let fate = self.fate_of_funded(receipt);
        if fate != Fate::Void {
            self.in_flight.insert(source_shard, rest);
        }
        fate
    }

    fn fate_of_funded(&self, receipt: &Receipt) -> Fate {
        let place = self.place;
        let is_message = receipt.kind == ReceiptKind::Message as u8;
        let is_late = is_late(receipt, place.slot);
        if is_message && is_late {
            return Fate::Expired;
        }
        let ee = EeIndex::try_from(receipt.destination_ee).ok();
        let record = ee.and_then(|ee| Some((ee, place.view.ees().get(ee as usize)?)));
        let Some((ee, record)) = record.filter(|(_, record)| record.is_on(place.shard)) else {
            return if is_message { Fate::Refused } else { Fate::Void };
        };
        let takes = if is_message {
            record.accepts_receipts(place.epoch)
        } else {
            record.takes_receipts_at(place.epoch) && record.is_active(place.epoch)
        };
        // Nothing returns to an EE that was never accepted, and its first state comes with its acceptance.
        let was_accepted = record.deployed_epoch != FAR_FUTURE_EPOCH;
        match (takes, is_message) {
            (false, true) => Fate::Refused,
            (false, false) if !was_accepted => Fate::Void,
            (true, false) if is_late => Fate::Credited(ee),
            (false, false) => Fate::Credited(ee),
            (true, _) => Fate::Delivered(ee),
        }
    }
}

/// Returns whether a slot is too late to deliver a receipt.
pub(super) fn is_late(receipt: &Receipt, slot: Slot) -> bool {
    let is_message = receipt.kind == ReceiptKind::Message as u8;
    let slots = if is_message { EXPIRY_SLOTS } else { RETURN_SLOTS };
    slot > receipt.slot.saturating_add(slots)
}

/// Returns whether the fields of a receipt are those of its place, and its kind one that its source sends.
fn is_at_its_place(
    receipt: &Receipt,
    (source_shard, sequence): (Shard, u64),
    slot: Slot,
    destination_shard: Shard,
) -> bool {
    let from_shard = [ReceiptKind::Message, ReceiptKind::Bounced, ReceiptKind::Expired];
    let from_beacon_chain = [ReceiptKind::FromBeaconChain, ReceiptKind::Bounced];
    let kinds = if source_shard == BEACON_CHAIN { &from_beacon_chain[..] } else { &from_shard };
    (receipt.source_shard, receipt.sequence) == (source_shard, sequence)
        && (receipt.destination_shard, receipt.slot) == (destination_shard, slot)
        && kinds.iter().any(|kind| *kind as u8 == receipt.kind)
}

/// Returns a settlement without ether that has a bit for each receipt of one source.
fn empty_settlement(of_source: &[Arrival]) -> Result<Settlement, ReceiptError> {
    let [Some(first), Some(last)] = [of_source.first(), of_source.last()] else {
        return Err(ReceiptError::Span { source_shard: 0, first: 0, last: 0 });
    };
    let (source_shard, first, last) = (first.source_shard, first.sequence, last.sequence);
    let bits = last.checked_sub(first).and_then(|n| usize::try_from(n).ok()?.checked_add(1));
    let bits = bits.and_then(|n| BitList::with_capacity(n).ok());
    let bits = bits.ok_or(ReceiptError::Span { source_shard, first, last })?;
    let (settled, rejected, undelivered) = (bits.clone(), bits.clone(), bits);
    Ok(Settlement { source_shard, first, settled, rejected, undelivered, value: 0, fees: 0 })
}
