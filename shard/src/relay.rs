//! The receipts that a node knows, and their proofs: what a proposer or a relayer keeps to carry receipts to their shards.
//!
//! The ledger of a beacon parent knows headers of 256 slots. A relay that is told of each beacon block in time, by
//! [`Relay::keep_history`], also carries older receipts, and settles lost ones, as
//! [`history`](outrider_beacon::ledger::history) describes. Then it needs proofs of older blocks from the root of the beacon
//! parent, which [`BlockProofs`] makes from the state after it.

mod forget;
mod life;

pub use life::LifeUnknown;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use outrider_beacon::{
    ledger::{
        BEACON_CHAIN, BatchHistory, EeIndex, ExecutionHeader, InboundBatch, InboundLane, Ledger, Receipt,
        ReceiptKind, ShardPlace, WINDOW,
        execution::RECENT_SLOTS,
        history::{lost_slots, older_claims, older_slot},
    },
    proof::{BlockProofs, Multiproof, ProveError},
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
    /// None if only the header is known.
    receipts: Vec<Vec<Receipt>>,
}

/// Receipts by the header that sent them. A block of any branch may be known; a place decides which of them arrive.
#[derive(Clone, Debug, Default)]
pub struct Relay {
    known: BTreeMap<Root, Arc<Known>>,
    /// By slot, source and older block, the proofs of the older block's claims about the header.
    histories: BTreeMap<(Slot, Shard, Root), Arc<Multiproof>>,
}

/// A header on the branch of a place, by its root, with its proof if the ledger of the place does not know it any more.
type OnBranch<'r> = (Root, &'r Known, Option<Arc<BatchHistory>>);

/// Returns the proof of the block of an earlier slot from the root of a beacon parent, by `earlier_block_claims` of
/// `outrider-beacon-proof`, if the beacon parent knows it.
pub type Earlier<'e> = dyn Fn(Slot) -> Option<Multiproof> + 'e;

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
    /// The proof of the header, if the ledger does not know it any more.
    history: Option<Arc<BatchHistory>>,
}

/// The receipts that a block can settle, each list by source and number.
#[derive(Clone, Debug, Default)]
pub struct WaitingReceipts<'r> {
    /// Those that EEs are shown.
    pub for_ees: BTreeMap<EeIndex, Vec<Waiting<'r>>>,
    /// Those that have expired, or that no EE takes.
    pub for_nobody: Vec<Waiting<'r>>,
}

/// The most that receipts take up of a block.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptLimits {
    /// Receipts.
    pub receipts_max: usize,
    /// Bytes, with those of proofs.
    pub bytes_max: usize,
    /// Batches.
    pub batches_max: usize,
    /// EEs to which ether returns: each may need a transition, of which a block has at most 64.
    pub returning_ees_max: usize,
}

/// The most bytes that a batch adds to a block without its receipts: fixed fields, the branch of the lane and twenty siblings
/// (1,076), a settlement (435), and a lane on which messages return (60).
const BATCH_BYTES: usize = 1_600;
/// The bytes of the transition of an EE that ether returns to without an execution, and of its offset.
const CREDIT_BYTES: usize = 256;

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
    let mut returning_ees = BTreeSet::new();
    for waiting in by_source.into_iter().flatten().take(limits.receipts_max) {
        let continues = taken.last().is_some_and(|last| last.precedes(waiting));
        let history = waiting.history.as_ref().map_or(0, |history| ssz::Encode::ssz_bytes_len(&**history));
        let proof = if continues { 0 } else { BATCH_BYTES + history };
        let returns = waiting.receipt.kind != ReceiptKind::Message as u8;
        let credit =
            if returns && returning_ees.insert(waiting.receipt.destination_ee) { CREDIT_BYTES } else { 0 };
        if returning_ees.len() > limits.returning_ees_max {
            break;
        }
        let bytes = with_offset(waiting.receipt).saturating_add(proof).saturating_add(credit);
        // A smaller one, or one that continues a batch, may still fit.
        let Some(rest) = bytes_left.checked_sub(bytes) else { continue };
        let Some(batches) = batches_left.checked_sub(usize::from(!continues)) else { continue };
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
    /// Adds the receipts of each lane of a shard block, or its settlements alone.
    pub fn add(&mut self, slot: Slot, header: &ExecutionHeader, receipts: Vec<Vec<Receipt>>) {
        if has_receipts(header) {
            let known = Known { slot, header: header.clone(), receipts };
            self.known.insert(hash_tree_root(header), Arc::new(known));
        }
    }

    /// Adds the header of a shard block, whose receipts may never be known. After a long time they are lost.
    pub fn add_header(&mut self, slot: Slot, header: &ExecutionHeader) {
        let root = hash_tree_root(header);
        if has_receipts(header) && !self.known.contains_key(&root) {
            let known = Known { slot, header: header.clone(), receipts: Vec::new() };
            self.known.insert(root, Arc::new(known));
        }
    }

    /// Keeps the proofs of known headers from a beacon block after which the ledger knows them for the last time, given the
    /// block and the slot of the next one on its branch.
    ///
    /// # Errors
    ///
    /// Fails if the block is no source of proofs.
    pub fn keep_history(
        &mut self,
        older: &(impl BlockProofs + ?Sized),
        following: Slot,
    ) -> Result<(), ProveError> {
        let ledger = older.ledger();
        let slots = ledger.slot().saturating_sub(RECENT_SLOTS - 1)..=following.saturating_sub(RECENT_SLOTS);
        for (slot, source) in slots.flat_map(|slot| sources(ledger).map(move |source| (slot, source))) {
            let root = ledger.recent_execution_root(source, slot);
            if root.is_some_and(|root| self.known.get(&root).is_some_and(|known| known.slot == slot)) {
                let proof = older.prove_all(&older_claims(source, slot))?;
                self.histories.insert((slot, source, older.block_root()), Arc::new(proof));
            }
        }
        Ok(())
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

    /// Returns the number of headers that are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Returns whether no headers are known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Returns the known receipts that a block at a place can settle, of the last 256 slots, without messages for which the
    /// lane to their source has no room to return.
    #[must_use]
    pub fn waiting(&self, place: &ShardPlace) -> WaitingReceipts<'_> {
        self.waiting_since(place, &|_| None)
    }

    /// Returns the known receipts that a block at a place can settle, with older ones.
    #[must_use]
    pub fn waiting_since(&self, place: &ShardPlace, earlier: &Earlier<'_>) -> WaitingReceipts<'_> {
        let mut fates = Fates::new(place);
        let mut waiting = WaitingReceipts::default();
        for source in sources(&place.beacon_parent) {
            let mut room = room_to_return(place, source);
            for receipt in self.waiting_from(place, source, earlier) {
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

    fn waiting_from<'r>(
        &'r self,
        place: &ShardPlace,
        source: Shard,
        earlier: &Earlier<'_>,
    ) -> Vec<Waiting<'r>> {
        let mut waiting = Vec::new();
        let Some(lane) = inbound_lane(&place.view, source, place.shard) else { return waiting };
        let is_open = |known: &Known| is_open(known, place.shard, lane);
        for (execution_root, known, history) in
            self.on_branch(&place.beacon_parent, source, &is_open, earlier)
        {
            let lanes = known.header.lanes.iter().zip(&known.receipts).enumerate();
            for (lane_index, (_, receipts)) in
                lanes.filter(|(_, (lane, _))| lane.destination_shard == place.shard)
            {
                for (index, receipt) in receipts.iter().enumerate() {
                    if !is_settled(lane, receipt.sequence) {
                        let (slot, history) = (known.slot, history.clone());
                        waiting.push(Waiting { receipt, slot, execution_root, lane_index, index, history });
                    }
                }
            }
        }
        waiting.sort_by_key(|waiting| waiting.receipt.sequence);
        waiting
    }

    /// Returns batches that settle the lost receipts which a block at a place can settle, by source and number: those of
    /// known headers whose receipts are not known.
    #[must_use]
    pub fn lost(&self, place: &ShardPlace, earlier: &Earlier<'_>) -> Vec<InboundBatch> {
        let mut batches = Vec::new();
        for source in sources(&place.beacon_parent) {
            let Some(inbound) = inbound_lane(&place.view, source, place.shard) else { continue };
            let is_lost = |known: &Known| {
                let is_late = place.slot > known.slot.saturating_add(lost_slots(place.layout));
                is_late && known.receipts.is_empty() && is_open(known, place.shard, inbound)
            };
            for (_, known, history) in self.on_branch(&place.beacon_parent, source, &is_lost, earlier) {
                let Some(history) = history else { continue };
                let lanes = known.header.lanes.iter().enumerate();
                for (lane_index, lane) in lanes.filter(|(_, lane)| lane.destination_shard == place.shard) {
                    let is_open = |place: &u64| !is_settled(inbound, lane.first.saturating_add(*place));
                    let places: Vec<_> = (0..u64::from(lane.n).min(WINDOW)).filter(is_open).collect();
                    for range in places.chunk_by(|one, next| one.saturating_add(1) == *next) {
                        let [Some(first), Some(last)] = [range.first(), range.last()] else { continue };
                        let (of, range) = ((source, known.slot), *first..last.saturating_add(1));
                        let batch = InboundBatch::of_lost(of, &known.header, lane_index, range);
                        batches.extend(batch.map(|batch| with_history(batch, &history)));
                    }
                }
            }
        }
        batches.sort_by_key(|batch| (batch.source_shard, batch.lane.first.saturating_add(batch.start)));
        batches
    }

    /// Returns those of the known headers of a source for which a condition holds and which are on the branch of a ledger.
    fn on_branch<'r>(
        &'r self,
        ledger: &Ledger,
        source: Shard,
        is_needed: &dyn Fn(&Known) -> bool,
        earlier: &Earlier<'_>,
    ) -> Vec<OnBranch<'r>> {
        let first_recent = ledger.slot().saturating_sub(RECENT_SLOTS - 1);
        let old = self.histories.iter().filter(|((slot, of, _), _)| *slot < first_recent && *of == source);
        let old = old.filter_map(|((slot, _, older_root), execution)| {
            let (_, root) = execution.claims.get(1)?;
            let (root, known) = self.known.get_key_value(&Root::from(root))?;
            // A proof from the beacon parent takes long, so it comes last.
            is_needed(known).then_some(())?;
            let older = earlier(older_slot(*slot))
                .filter(|older| older.claims.get(1).is_some_and(|(_, root)| *root == older_root.0))?;
            Some((*root, &**known, Some(Arc::new(BatchHistory::new(&older, execution)?))))
        });
        let recent = (first_recent..=ledger.slot()).filter_map(|slot| {
            let root = ledger.recent_execution_root(source, slot)?;
            let known = self.known.get(&root).filter(|known| known.slot == slot && is_needed(known))?;
            Some((root, &**known, None))
        });
        old.chain(recent).collect()
    }

    /// Returns batches with the proofs of waiting receipts, which are by source and number.
    #[must_use]
    pub fn batches(&self, waiting: &[Waiting<'_>]) -> Vec<InboundBatch> {
        waiting.chunk_by(Waiting::precedes).filter_map(|range| self.batch(range)).collect()
    }

    fn batch(&self, range: &[Waiting<'_>]) -> Option<InboundBatch> {
        let (first, last) = (range.first()?, range.last()?);
        let known = self.known.get(&first.execution_root)?;
        let receipts = known.receipts.get(first.lane_index)?;
        let places: Range<usize> = first.index..last.index.saturating_add(1);
        let source = (first.receipt.source_shard, known.slot);
        let batch = InboundBatch::new(source, &known.header, first.lane_index, receipts, places)?;
        Some(match &first.history {
            Some(history) => with_history(batch, history),
            None => batch,
        })
    }
}

/// Returns the number of messages from a source that can return in a block at a place: the beacon parent knows what the source
/// has settled, whatever becomes of headers that can still be challenged.
fn room_to_return(place: &ShardPlace, source: Shard) -> u64 {
    let next = outbound_lane(&place.view, place.shard, source).map_or(0, |lane| lane.next);
    let settled = inbound_lane(&place.beacon_parent, place.shard, source).map_or(0, |lane| lane.next);
    settled.saturating_add(WINDOW).saturating_sub(next)
}

/// Returns whether a header sends a receipt to a shard that its lane has not settled.
fn is_open(known: &Known, destination: Shard, inbound: &InboundLane) -> bool {
    let to = known.header.lanes.iter().filter(|lane| lane.destination_shard == destination);
    to.map(|lane| lane.first.saturating_add(lane.n.into())).any(|end| inbound.next < end)
}

/// Returns whether a header sends or settles receipts.
fn has_receipts(header: &ExecutionHeader) -> bool {
    !header.lanes.is_empty() || !header.settlements.is_empty()
}

/// Returns all sources of receipts.
fn sources(ledger: &Ledger) -> impl Iterator<Item = Shard> + use<> {
    (0..ledger.shards().len() as u64).chain([BEACON_CHAIN])
}

fn is_settled(lane: &InboundLane, sequence: u64) -> bool {
    let bit = usize::try_from(sequence % WINDOW).unwrap_or_default();
    sequence < lane.next || lane.settled.get(bit) == Ok(true)
}

fn with_history(mut batch: InboundBatch, history: &BatchHistory) -> InboundBatch {
    // The list is empty, and has room for one.
    let _ = batch.history.push(history.clone());
    batch
}
