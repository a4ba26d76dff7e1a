//! The receipts that a block sends.

use std::collections::BTreeMap;

use crate::ledger::{EeIndex, Lane, Receipt, ReceiptKind, ShardPlace, WINDOW};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    types::{Root, Shard, Slot},
};
use ssz::Encode as _;
use ssz_types::{VariableList, typenum::U1024};

use super::{ReceiptError, inbound_lane, outbound_lane};

/// The most bytes of receipts that a block sends, in SSZ; as many as a block can receive.
pub const RECEIPT_BYTES_MAX: usize = 1 << 20;

/// The receipts that a block sends, with their numbers, and the lanes of its header.
#[derive(Clone, Debug, Default)]
pub struct Departures {
    /// The lanes, by destination.
    pub lanes: Vec<Lane>,
    /// The receipts of each lane.
    pub receipts: Vec<Vec<Receipt>>,
}

impl Departures {
    /// Numbers the receipts that return, and then those that EEs send, in their order, and checks that each lane has room for
    /// them: a message by [`Settings::window`](crate::ledger::Settings::window), and what returns within [`WINDOW`].
    ///
    /// # Errors
    ///
    /// Fails if a lane has no room, or does not exist, or if there are too many bytes or destinations.
    pub fn new<'r>(
        place: &ShardPlace,
        window: u64,
        returning: impl IntoIterator<Item = Receipt>,
        sent: impl IntoIterator<Item = &'r [Receipt]>,
    ) -> Result<Self, ReceiptError> {
        let next = |shard| outbound_lane(&place.view, place.shard, shard).map_or(0, |lane| lane.next);
        let departures = Self::numbered((place.shard, place.slot), next, returning, sent)?;
        for receipt in departures.receipts.iter().flatten() {
            check_room(place, window, receipt)?;
        }
        Ok(departures)
    }

    /// Numbers receipts of a block of a shard in a slot, given the number of the next one on each lane.
    pub(super) fn numbered<'r>(
        (shard, slot): (Shard, Slot),
        next: impl Fn(Shard) -> u64,
        returning: impl IntoIterator<Item = Receipt>,
        sent: impl IntoIterator<Item = &'r [Receipt]>,
    ) -> Result<Self, ReceiptError> {
        let sent = sent.into_iter().flatten().cloned();
        let mut by_shard = BTreeMap::<Shard, Vec<Receipt>>::new();
        let mut bytes = 0_usize;
        for receipt in returning.into_iter().chain(sent) {
            let destination = receipt.destination_shard;
            bytes = bytes.saturating_add(receipt.ssz_bytes_len());
            if bytes > RECEIPT_BYTES_MAX {
                return Err(ReceiptError::Bytes { got: bytes, limit: RECEIPT_BYTES_MAX });
            }
            let to_shard = by_shard.entry(destination).or_default();
            let sequence = next(destination).saturating_add(to_shard.len() as u64);
            to_shard.push(Receipt { source_shard: shard, slot, sequence, ..receipt });
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

/// Checks that a receipt has room on its lane, as the block's beacon parent knows it. Headers that can still be challenged
/// make no room, so whatever becomes of them, the ledger finds room for the receipt.
fn check_room(place: &ShardPlace, window: u64, receipt: &Receipt) -> Result<(), ReceiptError> {
    let Receipt { destination_shard: destination, sequence: got, .. } = *receipt;
    let sender =
        EeIndex::try_from(receipt.source_ee).ok().filter(|_| receipt.kind == ReceiptKind::Message as u8);
    let room = if sender.is_some() { window } else { WINDOW };
    let Some(inbound) = inbound_lane(&place.beacon_parent, place.shard, destination) else {
        let n_shards = place.view.shards().len();
        return Err(ReceiptError::Destination { ee: sender.unwrap_or_default(), got: destination, n_shards });
    };
    let limit = inbound.next.saturating_add(room);
    match sender {
        _ if got < limit => Ok(()),
        Some(ee) => Err(ReceiptError::LaneFull { ee, destination, got, limit }),
        None => Err(ReceiptError::NoReturn { destination, got, limit }),
    }
}

/// Returns the root of the receipts that an EE sends, for [`EeTransition::receipts_root`].
///
/// # Errors
///
/// Fails if there are more than 1,024.
///
/// [`EeTransition::receipts_root`]: crate::ledger::EeTransition::receipts_root
pub fn receipts_root(ee: EeIndex, receipts: &[Receipt]) -> Result<Root, ReceiptError> {
    if receipts.is_empty() {
        return Ok(Root::ZERO);
    }
    let list: Result<VariableList<Receipt, U1024>, _> = receipts.to_vec().try_into();
    list.map(|list| hash_tree_root(&list)).or(Err(ReceiptError::Sum { ee }))
}
