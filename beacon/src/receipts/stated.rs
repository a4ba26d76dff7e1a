//! The receipts that a block settles as it states them itself, for the judge of a dispute, which does not know the ledger.

use std::collections::BTreeMap;

use crate::ledger::{
    EeIndex, EeTransition, ExecutionHeader, Lane, Receipt, ReceiptKind, SentReceipts, Settlement, ShardBody,
    error::OperationError,
};
use outrider_beacon_spec::types::{Gwei, Root, Shard, Slot};

use super::{
    ReceiptError,
    arrivals::{Arrival, Arrivals, Fate, Settled, is_late},
    compare::check_settlements,
    departures::{Departures, receipts_root},
};

/// The receipts of a block, if the bits in its header are right. The ledger at its place decides whether they are.
#[derive(Clone, Debug)]
pub struct Stated {
    arrivals: Arrivals,
    /// The places of those that EEs rejected, among those that each was shown.
    rejected: BTreeMap<EeIndex, Vec<u32>>,
    settled: Settled,
}

impl Stated {
    /// Returns the receipts of a block in a slot.
    ///
    /// # Errors
    ///
    /// Fails if the block's batches are not in order, or if the settlements in its header are not those of its receipts and
    /// of its bits.
    pub fn new(body: &ShardBody, slot: Slot) -> Result<Self, ReceiptError> {
        let mut arrivals = Arrivals::default();
        let mut n_shown = BTreeMap::<EeIndex, u32>::new();
        let mut rejected = BTreeMap::<EeIndex, Vec<u32>>::new();
        for (batch, inbound) in body.inbound.iter().enumerate() {
            let source_shard = inbound.source_shard;
            if inbound.receipts.is_empty() && inbound.n_lost == 0 {
                return Err(ReceiptError::Empty { batch, source_shard });
            }
            let settlement = body.header.settlements.iter().find(|s| s.source_shard == source_shard);
            // The first number beyond the bits ends it.
            for (sequence, receipt) in inbound.numbered() {
                let bits = settlement.and_then(|settlement| bits(settlement, sequence));
                let (fate, is_rejected) = bits
                    .and_then(|bits| match receipt {
                        Some(receipt) => fate(receipt, bits, slot),
                        None => (bits == [true; 2]).then_some((Fate::Void, true)),
                    })
                    .ok_or(ReceiptError::NotSettled { source_shard, sequence })?;
                if let Fate::Delivered(ee) = fate {
                    if !body.payloads.iter().any(|payload| payload.ee == ee) {
                        return Err(ReceiptError::NoPayload { ee, source_shard, sequence });
                    }
                    let place = n_shown.entry(ee).or_default();
                    if is_rejected {
                        rejected.entry(ee).or_default().push(*place);
                    }
                    *place = place.saturating_add(1);
                }
                let receipt = receipt.cloned().unwrap_or_default();
                arrivals.push(batch, Arrival { source_shard, sequence, receipt, fate })?;
            }
        }
        let of_ees = rejected.iter().map(|(ee, rejected)| (*ee, &rejected[..])).collect();
        let settled = arrivals.settle(&of_ees)?;
        check_settlements(&body.header.settlements, &settled.settlements)?;
        Ok(Self { arrivals, rejected, settled })
    }

    /// Returns the receipts that an EE was shown.
    pub fn shown(&self, ee: EeIndex) -> impl Iterator<Item = &Receipt> {
        self.arrivals.shown(ee)
    }

    /// Returns the ether that an EE received.
    #[must_use]
    pub fn value_in(&self, ee: EeIndex) -> Gwei {
        self.settled.value_in.get(&ee).copied().unwrap_or_default()
    }

    /// Returns the lanes of the block, given the receipts that EEs sent, or `None` if it cannot send them. They begin with the
    /// numbers in its header, which the ledger checks.
    ///
    /// # Errors
    ///
    /// Fails if the receipts are not those to which the transitions commit.
    pub(crate) fn lanes(
        &self,
        header: &ExecutionHeader,
        block: (Shard, Slot),
        sent: &SentReceipts,
    ) -> Result<Option<Vec<Lane>>, OperationError> {
        let mut given = sent.of_ees.iter();
        let sending = header.transitions.iter().filter(|transition| transition.receipts_root != Root::ZERO);
        for EeTransition { ee, receipts_root: expected, .. } in sending {
            let ee = *ee;
            let got = given.next().and_then(|receipts| receipts_root(ee, receipts).ok());
            if got != Some(*expected) {
                return Err(OperationError::SentReceipts { ee });
            }
        }
        if given.next().is_some() {
            return Err(OperationError::SentTooMany {});
        }
        let first = |shard| header.lanes.iter().find(|lane| lane.destination_shard == shard);
        let first = |shard| first(shard).map_or(0, |lane| lane.first);
        let sent = sent.of_ees.iter().map(|receipts| &receipts[..]);
        let departures = Departures::numbered(block, first, self.settled.returning.clone(), sent);
        Ok(departures.ok().map(|departures| departures.lanes))
    }

    /// Checks that an EE's execution rejected those receipts which the header states as rejected.
    ///
    /// # Errors
    ///
    /// Fails if they are others.
    pub fn check_rejected(&self, ee: EeIndex, rejected: &[u32]) -> Result<(), ReceiptError> {
        let stated = self.rejected.get(&ee).map_or(&[][..], |stated| stated);
        if stated == rejected {
            return Ok(());
        }
        let (got, expected) = (format!("{stated:?}"), format!("{rejected:?}"));
        Err(ReceiptError::Rejected { ee, got, expected })
    }
}

/// Returns whether a receipt is rejected and undelivered, if it is settled.
fn bits(settlement: &Settlement, sequence: u64) -> Option<[bool; 2]> {
    let bit = usize::try_from(sequence.checked_sub(settlement.first)?).ok()?;
    let Settlement { settled, rejected, undelivered, .. } = settlement;
    let is_set = |bits: &ssz_types::BitList<_>| bits.get(bit) == Ok(true);
    is_set(settled).then(|| [is_set(rejected), is_set(undelivered)])
}

/// Returns what became of a receipt by its bits, and whether its EE rejected it; `None` if there is no such EE.
fn fate(receipt: &Receipt, [is_rejected, is_undelivered]: [bool; 2], slot: Slot) -> Option<(Fate, bool)> {
    let ee = EeIndex::try_from(receipt.destination_ee).ok();
    let is_message = receipt.kind == ReceiptKind::Message as u8;
    let fate = match (is_rejected, is_undelivered) {
        (true, true) => Fate::Void,
        (_, false) => Fate::Delivered(ee?),
        (false, true) if !is_message => Fate::Credited(ee?),
        (false, true) if is_late(receipt, slot) => Fate::Expired,
        (false, true) => Fate::Refused,
    };
    Some((fate, is_rejected))
}
