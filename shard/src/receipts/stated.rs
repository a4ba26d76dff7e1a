//! The receipts that a block settles as it states them itself, for the judge of a dispute, which does not know the ledger.

use std::{collections::BTreeMap, sync::Arc};

use outrider_beacon::ledger::{EeIndex, Receipt, ReceiptKind, Settlement, ShardBody};
use outrider_beacon_spec::types::{Gwei, Slot};
use outrider_host::ReceivedReceipt;

use super::{
    ReceiptError,
    arrivals::{Arrival, Arrivals, Fate, Settled, is_late},
};

/// The receipts of a block, if the bits in its header are right. The ledger at its place decides whether they are.
#[derive(Clone, Debug)]
pub(crate) struct Stated {
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
    pub(crate) fn new(body: &ShardBody, slot: Slot) -> Result<Self, ReceiptError> {
        let mut arrivals = Arrivals::default();
        let mut n_shown = BTreeMap::<EeIndex, u32>::new();
        let mut rejected = BTreeMap::<EeIndex, Vec<u32>>::new();
        for (batch, inbound) in body.inbound.iter().enumerate() {
            let source_shard = inbound.source_shard;
            if inbound.receipts.is_empty() {
                return Err(ReceiptError::Empty { batch, source_shard });
            }
            let settlement = body.header.settlements.iter().find(|s| s.source_shard == source_shard);
            let first = inbound.lane.first.saturating_add(inbound.start);
            for (sequence, receipt) in (first..).zip(&inbound.receipts) {
                let bits = settlement.and_then(|settlement| bits(settlement, sequence));
                let (fate, is_rejected) = bits
                    .and_then(|bits| fate(receipt, bits, slot))
                    .ok_or(ReceiptError::NotSettled { source_shard, sequence })?;
                if let Fate::Delivered(ee) = fate {
                    let place = n_shown.entry(ee).or_default();
                    if is_rejected {
                        rejected.entry(ee).or_default().push(*place);
                    }
                    *place = place.saturating_add(1);
                }
                arrivals.push(batch, Arrival { source_shard, sequence, receipt: receipt.clone(), fate })?;
            }
        }
        let of_ees = rejected.iter().map(|(ee, rejected)| (*ee, &rejected[..])).collect();
        let settled = arrivals.settle(&of_ees)?;
        super::check_settlements(&body.header.settlements, &settled.settlements)?;
        Ok(Self { arrivals, rejected, settled })
    }

    /// Returns the receipts that an EE was shown.
    pub(crate) fn delivered(&self, ee: EeIndex) -> Arc<[ReceivedReceipt]> {
        self.arrivals.delivered(ee)
    }

    /// Returns the ether that an EE received.
    pub(crate) fn value_in(&self, ee: EeIndex) -> Gwei {
        self.settled.value_in.get(&ee).copied().unwrap_or_default()
    }

    /// Checks that an EE's execution rejected those receipts which the header states as rejected.
    pub(crate) fn check_rejected(&self, ee: EeIndex, rejected: &[u32]) -> Result<(), ReceiptError> {
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
