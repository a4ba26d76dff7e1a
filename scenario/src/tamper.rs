//! Faults of proposers and committees: shard blocks that are wrong, and committees that attest them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use outrider_beacon::{
    ledger::{EeIndex, ExecutableBlock, Execution, InboundBatch, Ledger, Receipt, ShardBody, ShardPlace},
    proof::BlockProofs,
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    types::{Bytes32, Root, Shard, Slot},
};
use outrider_shard::{
    ExecutorError,
    executor::{Contents, MemoryCodes},
};
use outrider_sim::{ShardProposer, Shards};

use crate::file::{FaultKind, Scenario};

/// A wrong shard block.
#[derive(Clone, Copy, Debug)]
struct Wrong {
    kind: FaultKind,
    ee: Option<EeIndex>,
    /// Whether the committee attests it.
    captured: bool,
}

/// Shards of which some proposers and committees do wrong. It records the bodies of blocks that were accepted.
pub(crate) struct Tampered {
    pub(crate) shards: Arc<Shards<MemoryCodes>>,
    wrong: BTreeMap<(Shard, Slot), Wrong>,
    record: Mutex<Record>,
}

/// Facts about shard blocks that were seen.
#[derive(Default)]
struct Record {
    sizes: BTreeMap<Root, Sizes>,
    /// The receipts that the latest block of each shard with some has delivered.
    delivered: BTreeMap<Shard, Vec<InboundBatch>>,
    /// The right body of each block with a captured committee, by the root of its wrong header.
    honest: BTreeMap<Root, ShardBody>,
    n_tampered: u64,
}

/// The bytes of a shard block, by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) body: u64,
    pub(crate) header: u64,
    /// Witnesses and transactions.
    pub(crate) payloads: u64,
    /// Receipts that arrive, with their proofs.
    pub(crate) inbound: u64,
}

impl Sizes {
    fn of(body: &ShardBody) -> Self {
        let length = |value: &dyn Fn() -> usize| value() as u64;
        Self {
            body: length(&|| 32 + ssz::Encode::ssz_bytes_len(body)),
            header: length(&|| ssz::Encode::ssz_bytes_len(&body.header)),
            payloads: length(&|| body.payloads.iter().map(|payload| payload.block_data.len()).sum()),
            inbound: length(&|| body.inbound.iter().map(ssz::Encode::ssz_bytes_len).sum()),
        }
    }
}

impl Tampered {
    pub(crate) fn new(shards: Arc<Shards<MemoryCodes>>, scenario: &Scenario) -> Self {
        let mut wrong = BTreeMap::new();
        for fault in scenario.faults.iter().filter(|fault| fault.kind.is_wrong_block()) {
            let ee = fault.ee.as_ref().and_then(|name| scenario.ee(name));
            for slot in fault.at..fault.at.saturating_add(fault.slots) {
                let block = Wrong { kind: fault.kind, ee, captured: fault.captured };
                wrong.insert((fault.shard.unwrap_or_default(), slot), block);
            }
        }
        Self { shards, wrong, record: Mutex::default() }
    }

    /// Returns the sizes of the block with an execution root, if it was accepted.
    pub(crate) fn sizes(&self, execution_root: &Root) -> Option<Sizes> {
        self.record().sizes.get(execution_root).copied()
    }

    /// Returns the number of blocks that were made wrong.
    pub(crate) fn n_tampered(&self) -> u64 {
        self.record().n_tampered
    }

    /// Returns a body whose header follows from its contents, as far as these execute.
    fn derived(&self, place: &ShardPlace, body: ShardBody) -> ShardBody {
        let contents =
            Contents { inbound: body.inbound.clone().into(), payloads: body.payloads.clone().into() };
        self.shards.executor().body(place, contents).unwrap_or(body)
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wrong {
    /// Makes a body wrong; returns whether it could.
    fn tamper(
        self,
        body: &mut ShardBody,
        shard: Shard,
        delivered: &BTreeMap<Shard, Vec<InboundBatch>>,
    ) -> bool {
        let ShardBody { header, inbound, .. } = body;
        let mut of_ee = header.transitions.iter_mut().find(|after| Some(after.ee) == self.ee);
        match (self.kind, &mut of_ee) {
            (FaultKind::WrongPostRoot, Some(after)) => after.post_state_root = Bytes32::repeat_byte(0xbb),
            (FaultKind::WrongFee, Some(after)) => {
                after.proposer_fee = after.proposer_fee.saturating_add(1);
            }
            (FaultKind::WrongBalance, Some(after)) => after.balance = after.balance.saturating_add(1),
            (FaultKind::WrongReceiptsRoot, _) => match header.lanes.first_mut() {
                Some(lane) => lane.receipts_root = Root::repeat_byte(0xbb),
                None => return false,
            },
            (FaultKind::WrongSequence, _) => match header.lanes.first_mut() {
                Some(lane) => lane.first = lane.first.saturating_add(1),
                None => return false,
            },
            (FaultKind::ForgedBranch, _) => match inbound.first_mut() {
                Some(batch) => batch.lane_branch[0] = Root::repeat_byte(0xbb),
                None => return false,
            },
            (FaultKind::DoubleDelivery, _) => match delivered.get(&shard).and_then(|batches| batches.first())
            {
                Some(batch) => return insert(body, batch.clone()),
                None => return false,
            },
            (FaultKind::WrongShard, _) => {
                let of_others = delivered.iter().filter(|(of, _)| **of != shard);
                match of_others.filter_map(|(_, batches)| batches.first()).next() {
                    Some(batch) => return insert(body, batch.clone()),
                    None => return false,
                }
            }
            _ => return false,
        }
        true
    }
}

/// Adds a batch of receipts at its place; returns whether there is room.
fn insert(body: &mut ShardBody, batch: InboundBatch) -> bool {
    let mut batches: Vec<_> = std::mem::take(&mut body.inbound).into();
    let key = |batch: &InboundBatch| (batch.source_shard, batch.lane.first.saturating_add(batch.start));
    batches.retain(|other| key(other) != key(&batch));
    batches.push(batch);
    batches.sort_by_key(key);
    match batches.try_into() {
        Ok(batches) => {
            body.inbound = batches;
            true
        }
        Err(_) => false,
    }
}

impl ShardProposer for Tampered {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let mut body = self.shards.body(place)?;
        let Some(wrong) = self.wrong.get(&(place.shard, place.slot)) else { return Some(body) };
        let mut record = self.record();
        let honest = body.clone();
        if wrong.tamper(&mut body, place.shard, &record.delivered) {
            record.n_tampered = record.n_tampered.saturating_add(1);
            if wrong.captured {
                record.honest.insert(hash_tree_root(&body.header), honest);
            }
            if wrong.kind == FaultKind::DoubleDelivery {
                return Some(self.derived(place, body));
            }
        }
        Some(body)
    }
}

impl Execution for Tampered {
    type Error = ExecutorError;

    /// Executes blocks. A block with a captured committee is judged as if it had its right header, and then providers and
    /// relayers follow the wrong one.
    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), ExecutorError>> {
        let honest = self.record().honest.clone();
        let judged: Vec<_> = blocks
            .iter()
            .map(|block| {
                let body = honest.get(&hash_tree_root(&block.body.header)).unwrap_or(block.body);
                ExecutableBlock { body, ..*block }
            })
            .collect();
        let results = self.shards.execute(&judged);
        let mut record = self.record();
        for (block, _) in blocks.iter().zip(&results).filter(|(_, result)| result.is_ok()) {
            record.sizes.insert(hash_tree_root(&block.body.header), Sizes::of(block.body));
            if !block.body.inbound.is_empty() {
                record.delivered.insert(block.place.shard, block.body.inbound.to_vec());
            }
        }
        results
    }

    fn refusal(&self, block_root: &Root) -> Option<ExecutorError> {
        self.shards.refusal(block_root)
    }

    fn on_beacon_receipts(&self, receipts: &[Receipt]) {
        self.shards.on_beacon_receipts(receipts);
    }

    fn on_beacon_block(&self, block: &Arc<dyn BlockProofs>) {
        self.shards.on_beacon_block(block);
    }

    fn on_finalized(&self, finalized: &Ledger) {
        self.shards.on_finalized(finalized);
    }
}
