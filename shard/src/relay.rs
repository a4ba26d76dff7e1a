//! The receipts that a node knows, and their proofs: what a proposer or a relayer keeps to carry receipts to their shards.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use outrider_beacon::{
    ledger::{
        BEACON_CHAIN, EeIndex, ExecutionHeader, InboundBatch, Ledger, Receipt, ReceiptKind, ShardPlace,
        WINDOW,
    },
    receipts::{Fate, Fates, inbound_lane, outbound_lane},
};
use outrider_beacon_spec::{
    error::Error,
    hash::hash_tree_root,
    types::{Root, Shard, Slot},
};

use outrider_host::ReceivedReceipt;

use crate::executor::received;

/// The receipts that a block sent, by lane.
#[derive(Clone, Debug)]
struct Known {
    slot: Slot,
    header: ExecutionHeader,
    receipts: Vec<Vec<Receipt>>,
}

/// Receipts by the header that sent them. A block of any branch may be known; a place decides which of them arrive.
#[derive(Clone, Debug, Default)]
pub struct Relay(BTreeMap<Root, Arc<Known>>);

/// A receipt that waits for its shard.
#[derive(Clone, Debug)]
pub struct Waiting<'r> {
    /// The receipt.
    pub receipt: &'r Receipt,
    /// The slot of the header that sent it.
    slot: Slot,
    execution_root: Root,
    lane_index: usize,
    /// Its place on the lane.
    index: usize,
}

/// The receipts that a block can settle, each list by source and number.
#[derive(Clone, Debug, Default)]
pub struct WaitingReceipts<'r> {
    /// Those that EEs are shown.
    pub for_ees: BTreeMap<EeIndex, Vec<Waiting<'r>>>,
    /// Those that have expired, or that no EE takes.
    pub for_nobody: Vec<Waiting<'r>>,
}

/// What receipts may take up of a block.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptLimits {
    /// Receipts.
    pub receipts_max: usize,
    /// Bytes, with those of proofs.
    pub bytes_max: usize,
    /// Batches.
    pub batches_max: usize,
}

/// The most bytes of a batch without its receipts: fixed fields, the branch of the lane, and twenty siblings.
const BATCH_BYTES: usize = 1_100;

/// Returns those of waiting receipts that fit into limits, the earliest of each source first. Sources take turns: in each
/// slot, another one comes first, so none of them can keep out the others. All lists are by source and number.
#[must_use]
pub fn within<'r>(waiting: &[Waiting<'r>], slot: Slot, limits: ReceiptLimits) -> Vec<Waiting<'r>> {
    let mut by_source: Vec<_> =
        waiting.chunk_by(|one, other| one.receipt.source_shard == other.receipt.source_shard).collect();
    let turn = slot.checked_rem(by_source.len() as u64).unwrap_or_default();
    by_source.rotate_left(usize::try_from(turn).unwrap_or_default());
    let (mut taken, mut bytes_left, mut batches_left) =
        (Vec::<Waiting<'r>>::new(), limits.bytes_max, limits.batches_max);
    for waiting in by_source.into_iter().flatten().take(limits.receipts_max) {
        let continues = taken.last().is_some_and(|last| last.precedes(waiting));
        let batch = if continues { 0 } else { BATCH_BYTES };
        let bytes = with_offset(waiting.receipt).saturating_add(batch);
        let Some(rest) = bytes_left.checked_sub(bytes) else { break };
        let Some(batches) = batches_left.checked_sub(usize::from(!continues)) else { break };
        (bytes_left, batches_left) = (rest, batches);
        taken.push(waiting.clone());
    }
    taken.sort_by_key(|waiting| (waiting.receipt.source_shard, waiting.receipt.sequence));
    taken
}

fn with_offset(receipt: &Receipt) -> usize {
    ssz::Encode::ssz_bytes_len(receipt).saturating_add(ssz::BYTES_PER_LENGTH_OFFSET)
}

impl Waiting<'_> {
    /// Returns whether another one is the next on the same lane of the same header, so that both fit into one batch.
    fn precedes(&self, other: &Self) -> bool {
        (self.execution_root, self.lane_index, self.index.saturating_add(1))
            == (other.execution_root, other.lane_index, other.index)
    }

    /// Returns the receipt as its EE is shown it.
    #[must_use]
    pub fn received(&self) -> ReceivedReceipt {
        received(self.receipt)
    }
}

impl Relay {
    /// Adds the receipts of each lane of a shard block.
    pub fn add(&mut self, slot: Slot, header: &ExecutionHeader, receipts: Vec<Vec<Receipt>>) {
        if !header.lanes.is_empty() {
            let known = Known { slot, header: header.clone(), receipts };
            self.0.insert(hash_tree_root(header), Arc::new(known));
        }
    }

    /// Adds the receipts that the beacon chain sent in a block.
    ///
    /// # Errors
    ///
    /// Fails if they are more than a block of the beacon chain sends.
    pub fn add_from_beacon_chain(&mut self, receipts: &[Receipt]) -> Result<(), Error> {
        let Some(first) = receipts.first() else { return Ok(()) };
        let header = ExecutionHeader::of_beacon_chain(receipts)?;
        let on = |shard| {
            receipts.iter().filter(move |receipt| receipt.destination_shard == shard).cloned().collect()
        };
        let lanes = header.lanes.iter().map(|lane| on(lane.destination_shard)).collect();
        self.add(first.slot, &header, lanes);
        Ok(())
    }

    /// Forgets the receipts of slots before one.
    pub fn forget_before(&mut self, slot: Slot) {
        self.0.retain(|_, known| known.slot >= slot);
    }

    /// Returns the number of headers whose receipts are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether no receipts are known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the known receipts that a block at a place can settle, without messages for which the lane to their source
    /// has no room to return.
    #[must_use]
    pub fn waiting(&self, place: &ShardPlace) -> WaitingReceipts<'_> {
        let n_shards = place.beacon_parent.shards().len() as u64;
        let mut fates = Fates::new(place);
        let mut waiting = WaitingReceipts::default();
        for source in (0..n_shards).chain([BEACON_CHAIN]) {
            let mut room = room_to_return(place, source);
            for receipt in self.waiting_from(place, source) {
                let at = (source, receipt.receipt.sequence);
                if receipt.receipt.kind == ReceiptKind::Message as u8 {
                    let Some(rest) = room.checked_sub(1) else { continue };
                    room = rest;
                }
                match fates.fate(at, receipt.slot, receipt.receipt) {
                    Fate::Delivered(ee) => waiting.for_ees.entry(ee).or_default().push(receipt),
                    _ => waiting.for_nobody.push(receipt),
                }
            }
        }
        waiting
    }

    fn waiting_from<'r>(&'r self, place: &ShardPlace, source: Shard) -> Vec<Waiting<'r>> {
        let mut waiting = Vec::new();
        let Some(lane) = inbound_lane(&place.view, source, place.shard) else { return waiting };
        for (execution_root, known) in self.on_branch(&place.beacon_parent, source) {
            let lanes = known.header.lanes.iter().zip(&known.receipts).enumerate();
            for (lane_index, (_, receipts)) in
                lanes.filter(|(_, (lane, _))| lane.destination_shard == place.shard)
            {
                for (index, receipt) in receipts.iter().enumerate() {
                    let sequence = receipt.sequence;
                    let bit = usize::try_from(sequence % WINDOW).unwrap_or_default();
                    let is_settled = sequence < lane.next || lane.settled.get(bit) == Ok(true);
                    if !is_settled {
                        let slot = known.slot;
                        waiting.push(Waiting { receipt, slot, execution_root, lane_index, index });
                    }
                }
            }
        }
        waiting.sort_by_key(|waiting| waiting.receipt.sequence);
        waiting
    }

    /// Returns the known headers of a source on the branch of a ledger.
    fn on_branch<'r, 'l>(
        &'r self,
        ledger: &'l Ledger,
        source: Shard,
    ) -> impl Iterator<Item = (Root, &'r Known)> + use<'r, 'l> {
        let slots = ledger.slot().saturating_sub(255)..=ledger.slot();
        slots.filter_map(move |slot| {
            let root = ledger.recent_execution_root(source, slot)?;
            self.0.get(&root).filter(|known| known.slot == slot).map(|known| (root, &**known))
        })
    }

    /// Returns batches with the proofs of waiting receipts, which are by source and number.
    #[must_use]
    pub fn batches(&self, waiting: &[Waiting<'_>]) -> Vec<InboundBatch> {
        waiting.chunk_by(Waiting::precedes).filter_map(|range| self.batch(range)).collect()
    }

    fn batch(&self, range: &[Waiting<'_>]) -> Option<InboundBatch> {
        let (first, last) = (range.first()?, range.last()?);
        let known = self.0.get(&first.execution_root)?;
        let receipts = known.receipts.get(first.lane_index)?;
        let places: Range<usize> = first.index..last.index.saturating_add(1);
        let source = (first.receipt.source_shard, known.slot);
        InboundBatch::new(source, &known.header, first.lane_index, receipts, places)
    }
}

/// Returns the number of messages from a source that can return in a block at a place.
fn room_to_return(place: &ShardPlace, source: Shard) -> u64 {
    let next = outbound_lane(&place.view, place.shard, source).map_or(0, |lane| lane.next);
    let settled = inbound_lane(&place.view, place.shard, source).map_or(0, |lane| lane.next);
    settled.saturating_add(WINDOW).saturating_sub(next)
}
