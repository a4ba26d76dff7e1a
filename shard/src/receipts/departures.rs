//! The receipts that a block sends.

use std::collections::BTreeMap;

use outrider_beacon::ledger::{EeIndex, Lane, MESSAGES_MAX, Receipt, ShardPlace};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    types::{Gwei, Root, Shard},
};
use outrider_host::SentReceipt;
use ssz::Encode as _;
use ssz_types::{VariableList, typenum::U1024};

use super::{ReceiptError, inbound_lane, outbound_lane};

/// The most bytes of receipts that a block sends, in SSZ; as many as a block can receive.
pub const RECEIPT_BYTES_MAX: usize = 1 << 20;

/// The receipts that a block sends, with their numbers, and the lanes of its header.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departures {
    pub(crate) lanes: Vec<Lane>,
    /// The receipts of each lane.
    pub(crate) receipts: Vec<Vec<Receipt>>,
}

impl Departures {
    /// Numbers the receipts that return, and then those that EEs send, in their order.
    pub(crate) fn new<'r>(
        place: &ShardPlace,
        returning: impl IntoIterator<Item = Receipt>,
        sent: impl IntoIterator<Item = (EeIndex, &'r [Receipt])>,
    ) -> Result<Self, ReceiptError> {
        let returning = returning.into_iter().map(|receipt| (None, receipt));
        let sent = sent
            .into_iter()
            .flat_map(|(ee, receipts)| receipts.iter().map(move |receipt| (Some(ee), receipt.clone())));
        let mut by_shard = BTreeMap::<Shard, Vec<Receipt>>::new();
        let mut bytes = 0_usize;
        for (ee, receipt) in returning.chain(sent) {
            let destination = receipt.destination_shard;
            bytes = bytes.saturating_add(receipt.ssz_bytes_len());
            if bytes > RECEIPT_BYTES_MAX {
                return Err(ReceiptError::Bytes { got: bytes, limit: RECEIPT_BYTES_MAX });
            }
            let to_shard = by_shard.entry(destination).or_default();
            let next = outbound_lane(&place.view, place.shard, destination).map_or(0, |lane| lane.next);
            let sequence = next.saturating_add(to_shard.len() as u64);
            if let Some(ee) = ee {
                check_room(place, ee, destination, sequence)?;
            }
            to_shard.push(Receipt { source_shard: place.shard, slot: place.slot, sequence, ..receipt });
        }
        let got = by_shard.len();
        if got > 64 {
            return Err(ReceiptError::TooMany { got });
        }
        let receipts: Vec<_> = by_shard.into_values().collect();
        let lane = |receipts: &Vec<Receipt>| Lane::of(receipts.clone());
        // A lane has room for no more than 1,024 receipts, and the sum of their ether is that of EEs.
        let lanes = receipts.iter().map(lane).collect::<Result<_, _>>();
        let lanes = lanes.or(Err(ReceiptError::Bytes { got: bytes, limit: RECEIPT_BYTES_MAX }))?;
        Ok(Self { lanes, receipts })
    }
}

/// Checks that a message of an EE has room on its lane, as the block's beacon parent knows it.
fn check_room(
    place: &ShardPlace,
    ee: EeIndex,
    destination: Shard,
    sequence: u64,
) -> Result<(), ReceiptError> {
    let n_shards = place.view.shards().len();
    let inbound = inbound_lane(&place.view, place.shard, destination);
    let inbound = inbound.ok_or(ReceiptError::Destination { ee, got: destination, n_shards })?;
    let limit = inbound.next.saturating_add(MESSAGES_MAX);
    if sequence < limit {
        Ok(())
    } else {
        Err(ReceiptError::LaneFull { ee, destination, got: sequence, limit })
    }
}

/// Returns the receipts that an EE sends by its execution, without numbers, slot and source shard, and their ether.
pub(crate) fn sent(ee: EeIndex, sent: &[SentReceipt]) -> Result<(Vec<Receipt>, Gwei), ReceiptError> {
    let mut total: Gwei = 0;
    let mut receipts = Vec::with_capacity(sent.len());
    for SentReceipt { destination_shard, destination_ee, value, fee, payload } in sent {
        let sum = value.checked_add(*fee).and_then(|ether| total.checked_add(ether));
        total = sum.ok_or(ReceiptError::Sum { ee })?;
        let got = payload.len();
        let payload = payload.clone().try_into();
        receipts.push(Receipt {
            source_ee: ee.into(),
            destination_shard: destination_shard.0,
            destination_ee: destination_ee.0,
            value: *value,
            fee: *fee,
            payload: payload.or(Err(ReceiptError::Bytes { got, limit: RECEIPT_BYTES_MAX }))?,
            ..Receipt::default()
        });
    }
    Ok((receipts, total))
}

/// Returns the root of the receipts that an EE sends, for [`EeTransition::receipts_root`].
///
/// [`EeTransition::receipts_root`]: outrider_beacon::ledger::EeTransition::receipts_root
pub(crate) fn receipts_root(ee: EeIndex, receipts: &[Receipt]) -> Result<Root, ReceiptError> {
    if receipts.is_empty() {
        return Ok(Root::ZERO);
    }
    let list: Result<VariableList<Receipt, U1024>, _> = receipts.to_vec().try_into();
    list.map(|list| hash_tree_root(&list)).or(Err(ReceiptError::Sum { ee }))
}
