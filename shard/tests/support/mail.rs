//! EEs that send and reject receipts as their payloads say, and shards that exchange them without a beacon chain.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its own part, and stops at an error")]

use std::{collections::BTreeSet, sync::Arc};

use outrider_beacon::ledger::{
    EeIndex, ExecutableBlock, Execution as _, InboundBatch, Ledger, MESSAGES_MAX, Receipt, Settings,
    ShardBody, ShardPlace, apply_execution_header,
};
use outrider_beacon::proof::phase1_layout;
use outrider_beacon_spec::{
    hash::{hash, hash_tree_root},
    phase::Phase1,
    types::{Bytes32, Gwei, Shard},
};
use outrider_host::SentReceipt;
use outrider_shard::{
    executor::{Contents, ExecutorError},
    proposer::{DUTIES, Filled, fill},
    relay::{ReceiptLimits, Relay, Waiting, WaitingReceipts, within},
};

use outrider_sim::{Genesis, SimPreset};

use crate::chain::{Ees, TestExecutor, payload, settings};

/// An EE whose block data is a mask of the receipts that it rejects, and the receipts that it sends, each after its
/// length. The root of its state is the first 32 bytes of the last receipt that it was shown.
const MAIL: &str = r#"(module
    (import "eth2" "blockDataSize" (func $size (result i32)))
    (import "eth2" "blockDataCopy" (func $copy (param i32 i32 i32)))
    (import "eth2" "loadPreStateRoot" (func $load (param i32)))
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (import "eth2" "pushReceipt" (func $push (param i32 i32)))
    (import "eth2" "receiptCount" (func $count (result i32)))
    (import "eth2" "receiptCopy" (func $receipt (param i32 i32 i32) (result i32)))
    (import "eth2" "rejectReceipt" (func $reject (param i32)))
    (memory (export "memory") 8)
    (func (export "main") (local $at i32) (local $end i32) (local $i i32) (local $length i32)
        (call $copy (i32.const 1024) (i32.const 0) (call $size))
        (call $load (i32.const 0))
        (local.set $at (i32.const 1032))
        (local.set $end (i32.add (i32.const 1024) (call $size)))
        (block $sent (loop $next
            (br_if $sent (i32.ge_u (local.get $at) (local.get $end)))
            (local.set $length (i32.load (local.get $at)))
            (call $push (i32.add (local.get $at) (i32.const 4)) (local.get $length))
            (local.set $at (i32.add (local.get $at) (i32.add (local.get $length) (i32.const 4))))
            (br $next)))
        (block $shown (loop $next
            (br_if $shown (i32.ge_u (local.get $i) (call $count)))
            (drop (call $receipt (local.get $i) (i32.const 400000) (i32.const 100000)))
            (if (i64.ne (i64.const 0) (i64.and (i64.load (i32.const 1024))
                    (i64.shl (i64.const 1) (i64.extend_i32_u (local.get $i)))))
                (then (call $reject (local.get $i))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $next)))
        (call $save (select (i32.const 400000) (i32.const 0) (local.get $i)))))"#;

/// The number of shards.
pub(crate) const N_SHARDS: u64 = 4;
/// The ether of each EE on each shard.
pub(crate) const BALANCE: Gwei = 1_000_000;

/// The EEs: two that exchange receipts, one that sends but takes none, and one that traps if it is shown one.
fn codes() -> [Vec<u8>; 4] {
    let named = |text: &str, name: u8| {
        let mut code = wat::parse_str(text).unwrap();
        code.extend([0, 3, 1, b'n', name]);
        code
    };
    let import = r#"(import "eth2" "receiptCopy" (func $receipt (param i32 i32 i32) (result i32)))"#;
    let deaf = MAIL
        .replace(import, "")
        .replace("(drop (call $receipt (local.get $i) (i32.const 400000) (i32.const 100000)))", "");
    let allergic = MAIL.replace(
        "(local.set $at (i32.const 1032))",
        "(if (call $count) (then unreachable)) (local.set $at (i32.const 1032))",
    );
    [named(MAIL, 0), named(MAIL, 1), named(&deaf, 2), named(&allergic, 3)]
}

/// A payload of an EE that exchanges receipts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mail {
    pub(crate) rejected: u64,
    pub(crate) sent: Vec<SentReceipt>,
}

impl Mail {
    pub(crate) fn send(mut self, receipt: &SentReceipt) -> Self {
        self.sent.push(receipt.clone());
        self
    }

    pub(crate) fn reject(mut self, index: u32) -> Self {
        self.rejected |= 1 << index;
        self
    }

    pub(crate) fn block_data(&self) -> Vec<u8> {
        let mut bytes = self.rejected.to_le_bytes().to_vec();
        for receipt in &self.sent {
            let receipt = receipt.to_bytes();
            bytes.extend((receipt.len() as u32).to_le_bytes());
            bytes.extend(receipt);
        }
        bytes
    }
}

pub(crate) fn message(shard: Shard, ee: EeIndex, value: Gwei, fee: Gwei, payload: &[u8]) -> SentReceipt {
    SentReceipt {
        destination_shard: outrider_host::ShardIndex(shard),
        destination_ee: outrider_host::EeIndex(ee.into()),
        value,
        fee,
        payload: payload.to_vec(),
    }
}

/// Shards whose blocks the ledger takes at once, as if each were crosslinked in the next slot.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) executor: Arc<TestExecutor>,
    pub(crate) relay: Relay,
    pub(crate) slot: u64,
    /// The root of the beacon block on which the blocks of the slot build, if there is one.
    pub(crate) beacon_parent_root: Bytes32,
    /// The ledger on which the blocks of the slot build.
    pub(crate) parent: Ledger,
    /// The ledger after them.
    pub(crate) next: Ledger,
    pub(crate) finalized_slot: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_window(MESSAGES_MAX)
    }

    /// Returns a world with this many messages in flight on a lane.
    pub(crate) fn with_window(window: u64) -> Self {
        Self::with(&[], Settings { window, ..settings() })
    }

    /// Returns a world with one more EE, which takes receipts.
    pub(crate) fn and(code: Vec<u8>) -> Self {
        Self::with(&[code], settings())
    }

    fn with(others: &[Vec<u8>], settings: Settings) -> Self {
        let balances: Vec<_> = (0..N_SHARDS).map(|shard| (shard, BALANCE)).collect();
        let [ann, bob, deaf, allergic] = codes();
        let ees = Ees::default();
        let add = |ees: Ees, code, takes| ees.add_with(code, Bytes32::ZERO, &balances, takes);
        let ees = add(add(add(add(ees, ann, true), bob, true), deaf, false), allergic, true);
        Self::of_with(others.iter().fold(ees, |ees, code| add(ees, code.clone(), true)), settings)
    }

    /// Returns a world with this many EEs that send receipts and take none.
    pub(crate) fn of_senders(n: usize) -> Self {
        let balances: Vec<_> = (0..N_SHARDS).map(|shard| (shard, BALANCE)).collect();
        let [_, _, deaf, _] = codes();
        let add = |ees: Ees, _| ees.add_with(deaf.clone(), Bytes32::ZERO, &balances, false);
        Self::of((0..n).fold(Ees::default(), add))
    }

    /// Returns shards with these EEs.
    pub(crate) fn of(ees: Ees) -> Self {
        Self::of_with(ees, settings())
    }

    fn of_with(ees: Ees, settings: Settings) -> Self {
        let (node, _) =
            Genesis { n_validators: 64, ..Genesis::default() }.node::<Phase1<SimPreset<N_SHARDS>>>().unwrap();
        let chain = ees.chain_of(node.store().block_states.values().next().unwrap());
        let mut next = chain.ledger.clone();
        next.advance(10).unwrap();
        Self {
            executor: Arc::new(chain.executor_with(settings.clone())),
            settings,
            relay: Relay::default(),
            slot: 10,
            beacon_parent_root: Bytes32::repeat_byte(0xbb),
            parent: next.clone(),
            next,
            finalized_slot: 8,
        }
    }

    pub(crate) fn place(&self, shard: Shard) -> ShardPlace {
        ShardPlace {
            shard,
            slot: self.slot,
            epoch: 1,
            beacon_parent_root: self.beacon_parent_root,
            beacon_parent: self.parent.clone(),
            layout: phase1_layout::<SimPreset<N_SHARDS>>(),
            finalized_slot: self.finalized_slot,
            view: self.parent.clone(),
            assumable: BTreeSet::new(),
        }
    }

    /// Ends the slot.
    pub(crate) fn tick(&mut self) {
        self.advance(1);
    }

    pub(crate) fn advance(&mut self, slots: u64) {
        self.slot += slots;
        self.next.advance(self.slot).unwrap();
        self.parent = self.next.clone();
        self.next.check_conservation().unwrap();
    }

    pub(crate) fn body(
        &self,
        shard: Shard,
        mail: &[(EeIndex, Mail)],
        batches: &[InboundBatch],
    ) -> Result<ShardBody, ExecutorError> {
        let payloads = mail.iter().map(|(ee, mail)| payload(*ee, &mail.block_data())).collect();
        self.executor.body(&self.place(shard), Contents { inbound: batches.to_vec(), payloads })
    }

    /// Returns whether an executor takes a body, which knows nothing of how it was made.
    pub(crate) fn check(&self, shard: Shard, body: &ShardBody) -> Result<(), String> {
        let place = self.place(shard);
        let body = ShardBody::from_body(&body.to_body()).map_err(|error| error.to_string());
        // A wrong header has another root, but the executor does not depend on that.
        let body = body?;
        let result = self.executor.execute(&[ExecutableBlock {
            root: block_root(&place, &body),
            place: &place,
            body: &body,
        }]);
        result.into_iter().next().unwrap().map_err(|error| error.to_string())
    }

    /// Makes a block that settles the receipts which wait for its EEs, and those that nobody takes.
    pub(crate) fn step(
        &mut self,
        shard: Shard,
        mail: &[(EeIndex, Mail)],
    ) -> Result<ShardBody, ExecutorError> {
        let place = self.place(shard);
        let candidates = self.relay.waiting(&place);
        let for_ees = mail.iter().filter_map(|(ee, _)| candidates.for_ees.get(ee)).flatten();
        let mut chosen: Vec<Waiting<'_>> = for_ees.chain(&candidates.for_nobody).cloned().collect();
        chosen.sort_by_key(|waiting| (waiting.receipt.source_shard, waiting.receipt.sequence));
        let batches = self.relay.batches(&chosen);
        self.step_with(shard, mail, &batches)
    }

    pub(crate) fn step_with(
        &mut self,
        shard: Shard,
        mail: &[(EeIndex, Mail)],
        batches: &[InboundBatch],
    ) -> Result<ShardBody, ExecutorError> {
        let body = self.body(shard, mail, batches)?;
        self.apply(shard, &body).unwrap();
        Ok(body)
    }

    /// Makes a block as [`step_with`](Self::step_with) does; returns the text of any refusal.
    pub(crate) fn try_step(
        &mut self,
        shard: Shard,
        mail: &[(EeIndex, Mail)],
        batches: &[InboundBatch],
    ) -> Result<(), String> {
        let body = self.body(shard, mail, batches).map_err(|error| error.to_string())?;
        self.apply(shard, &body)
    }

    pub(crate) fn apply(&mut self, shard: Shard, body: &ShardBody) -> Result<(), String> {
        let place = self.place(shard);
        let sent = self
            .executor
            .sent(&ExecutableBlock { root: block_root(&place, body), place: &place, body })
            .unwrap();
        self.check(shard, body).unwrap();
        self.add(shard, body, sent)
    }

    /// Has the ledger take a block that an executor takes.
    pub(crate) fn accept(&mut self, shard: Shard, body: &ShardBody) -> Result<(), String> {
        self.apply(shard, body)
    }

    fn add(&mut self, shard: Shard, body: &ShardBody, sent: Vec<Vec<Receipt>>) -> Result<(), String> {
        let at = (shard, self.slot);
        apply_execution_header(&mut self.next, at, &body.header, 1, &self.settings)
            .map_err(|error| error.to_string())?;
        self.relay.add(self.slot, &body.header, sent);
        Ok(())
    }

    /// Has the ledger take a body that a captured committee changed, with the receipts of its lanes.
    pub(crate) fn capture(
        &mut self,
        shard: Shard,
        mut body: ShardBody,
        change: impl FnOnce(&mut ShardBody, &mut Vec<Vec<Receipt>>),
    ) {
        let place = self.place(shard);
        let mut sent = self
            .executor
            .sent(&ExecutableBlock { root: block_root(&place, &body), place: &place, body: &body })
            .unwrap();
        change(&mut body, &mut sent);
        self.add(shard, &body, sent).unwrap();
    }

    /// Has the ledger take the header of a body, whatever executors say.
    pub(crate) fn take(&mut self, shard: Shard, body: &ShardBody) -> Result<(), String> {
        self.add(shard, body, Vec::new())
    }

    /// Has the ledger take a header of a captured committee whose receipts nobody has.
    pub(crate) fn withhold(
        &mut self,
        shard: Shard,
        mut body: ShardBody,
        change: impl FnOnce(&mut ShardBody),
    ) {
        change(&mut body);
        let at = (shard, self.slot);
        apply_execution_header(&mut self.next, at, &body.header, 1, &self.settings).unwrap();
        self.relay.add_header(self.slot, &body.header);
    }

    pub(crate) fn candidates(&self, shard: Shard) -> WaitingReceipts<'_> {
        self.relay.waiting(&self.place(shard))
    }

    /// Returns the receipts that wait for a shard after the slot.
    pub(crate) fn waiting(&self, shard: Shard) -> Vec<Receipt> {
        let mut next = self.next.clone();
        next.advance(self.slot + 1).unwrap();
        let place =
            ShardPlace { beacon_parent: next.clone(), view: next, slot: self.slot + 1, ..self.place(shard) };
        let WaitingReceipts { for_ees, for_nobody } = self.relay.waiting(&place);
        for_ees.into_values().flatten().chain(for_nobody).map(|waiting| waiting.receipt.clone()).collect()
    }

    /// Returns batches of all receipts that wait for a shard in this slot.
    pub(crate) fn batches(&self, shard: Shard) -> Vec<InboundBatch> {
        let WaitingReceipts { for_ees, for_nobody } = self.candidates(shard);
        let mut all: Vec<_> = for_ees.into_values().flatten().chain(for_nobody).collect();
        all.sort_by_key(|waiting| (waiting.receipt.source_shard, waiting.receipt.sequence));
        self.relay.batches(&all)
    }

    /// Has a proposer fill a block from an offer of each EE with all its receipts.
    pub(crate) fn fill(&self, shard: Shard, mail: &[(EeIndex, Mail)], gasprice: Gwei) -> Filled {
        let place = self.place(shard);
        let candidates = self.relay.waiting(&place);
        let offer = |(ee, mail): &(EeIndex, Mail)| Contents {
            inbound: self.relay.batches(&within(
                candidates.for_ees.get(ee).map_or(&[][..], |waiting| waiting),
                self.slot,
                ReceiptLimits {
                    receipts_max: 256,
                    bytes_max: 1 << 18,
                    batches_max: 16,
                    returning_ees_max: 1,
                },
            )),
            payloads: vec![payload(*ee, &mail.block_data())],
        };
        let duties = self.relay.batches(&within(&candidates.for_nobody, self.slot, DUTIES));
        fill(&self.executor, &place, mail.iter().map(offer).collect(), duties, gasprice).unwrap()
    }

    pub(crate) fn in_flight(&self, source: Shard, destination: Shard) -> Gwei {
        let lanes = self.next.shards().get(source as usize).unwrap().outbound();
        lanes.get(destination as usize + 1).unwrap().in_flight
    }

    pub(crate) fn state_root(&self, shard: Shard, ee: EeIndex) -> Bytes32 {
        self.next.shards().get(shard as usize).unwrap().ees().get(ee as usize).unwrap().state_root
    }
}

/// Returns a root for a block: different ones for different blocks, as verdicts are remembered by it.
fn block_root(place: &ShardPlace, body: &ShardBody) -> Bytes32 {
    let place = [place.shard, place.slot].map(u64::to_le_bytes);
    hash(&[place.as_flattened(), &body.to_body(), &hash_tree_root(&body.header).0])
}

pub(crate) fn balance(world: &World, shard: Shard, ee: EeIndex) -> Gwei {
    world.next.shards().get(shard as usize).unwrap().ees().get(ee as usize).unwrap().balance
}
