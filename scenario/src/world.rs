//! The simulation of a scenario with its users, slot by slot.

mod account;
mod purchases;
mod setup;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use outrider_beacon::{
    admission::HostAdmission,
    ledger::{ExtendedBlock, LedgerOperations, Settings},
    registry::Rules,
};
use outrider_beacon_spec::{
    phase::Phase1,
    preset::Preset,
    types::{Root, Slot},
};
use outrider_host::chain;
use outrider_sim::Simulation;

use self::account::Checked;
use crate::{
    error::RunError,
    expect::Violations,
    file::{FaultKind, Scenario},
    laboratory::Laboratory,
    population::Inhabited,
    report::{Bytes, RefusedRow, ReorgRow, Report, SlotRow},
    run::Options,
    tally::{Receipts, Sums},
    tamper::Tampered,
    traffic::{Nonces, Stream},
};

type Block<C> = Arc<ExtendedBlock<Phase1<C>>>;

/// A scenario that runs.
pub(crate) struct World<C: Preset> {
    scenario: Scenario,
    ees: Vec<Inhabited>,
    settings: Settings,
    tampered: Arc<Tampered>,
    simulation: Simulation<C, Arc<Tampered>, Arc<Tampered>>,
    streams: Vec<Stream>,
    laboratory: Option<Laboratory>,
    nonces: Nonces,
    /// All beacon blocks, of any branch.
    blocks: BTreeMap<Root, Block<C>>,
    /// The head of each view.
    heads: Vec<Root>,
    rows: Vec<SlotRow>,
    reorgs: Vec<ReorgRow>,
    checked: Checked,
    violations: Violations,
}

impl<C: Preset> World<C> {
    /// Sets a scenario up.
    pub(crate) fn new(scenario: &Scenario, options: Options<'_>) -> Result<Self, RunError> {
        setup::world(scenario, options)
    }

    /// Runs the next slot.
    pub(crate) fn run_slot(&mut self) -> Result<SlotRow, RunError> {
        let start = Instant::now();
        let slot = self.simulation.slot().saturating_add(1);
        let mut row = SlotRow { slot, ..SlotRow::default() };
        self.set_absent(slot);
        self.submit(&mut row)?;
        self.submit_steps(&mut row)?;
        let admission = HostAdmission::default();
        let judge = self.tampered.shards.executor();
        let rules = Rules { settings: &self.settings, admission: &admission, judge, verify_signatures: true };
        let blocks = self.simulation.run_slot(&LedgerOperations::default(), rules);
        let blocks = blocks.map_err(|source| RunError::Ledger { slot, source: Box::new(source) })?;
        for block in blocks {
            self.blocks.insert(outrider_beacon_spec::hash::hash_tree_root(&block.block.message), block);
        }
        self.check_providers(slot)?;
        self.follow_heads(slot)?;
        self.measure(&mut row)?;
        self.check_ether(slot)?;
        self.note_purchases(&row)?;
        row.wall_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.rows.push(row.clone());
        Ok(row)
    }

    /// Sets which providers make no offers in a slot, and to which shards nobody delivers.
    fn set_absent(&self, slot: Slot) {
        let faults = self.scenario.faults.iter();
        let now = faults.filter(|fault| (fault.at..fault.at.saturating_add(fault.slots)).contains(&slot));
        let (mut absent, mut undelivered) = (BTreeSet::new(), BTreeSet::new());
        for fault in now {
            let ee = fault.ee.as_ref().and_then(|name| self.scenario.ee(name));
            match (fault.kind, fault.shard, ee) {
                (FaultKind::ProviderGone, Some(shard), Some(ee)) => {
                    absent.insert((shard, ee));
                }
                (FaultKind::RelayersOnStrike, Some(shard), _) => {
                    undelivered.insert(shard);
                }
                _ => {}
            }
        }
        self.tampered.shards.set_absent(absent, undelivered);
    }

    /// Has users submit their packages.
    fn submit(&mut self, row: &mut SlotRow) -> Result<(), RunError> {
        for stream in &mut self.streams {
            let Some(ee) = self.ees.get(stream.ee() as usize) else { continue };
            for mut payment in stream.payments(row.slot, ee) {
                let (shard, user) = payment.from;
                let nonce = self.nonces.entry((stream.ee(), shard, user)).or_default();
                payment.nonce = *nonce;
                let package = ee.users.package(&payment);
                let package = package.map_err(|source| RunError::Genesis { ee: ee.name.clone(), source })?;
                let submitted = self.tampered.shards.with(shard, stream.ee(), |actor| actor.submit(package));
                if matches!(submitted, Some(Ok(_))) {
                    *nonce = nonce.saturating_add(1);
                    row.submitted += 1;
                } else {
                    row.refused_packages += 1;
                }
            }
        }
        Ok(())
    }

    /// Fails if a state provider has failed, unless a captured committee has put a state on the chain that nobody has.
    fn check_providers(&self, slot: Slot) -> Result<(), RunError> {
        let failures = self.tampered.shards.take_failures();
        if self.scenario.faults.iter().any(|fault| fault.captured && fault.at <= slot) {
            return Ok(());
        }
        match failures.into_iter().next() {
            Some(failure) => Err(RunError::Provider {
                slot,
                ee: self.ees.get(failure.ee as usize).map_or_else(String::new, |ee| ee.name.clone()),
                shard: failure.shard,
                source: Box::new(failure.error),
            }),
            None => Ok(()),
        }
    }

    /// Notes the heads of views, and those that are on another branch than before.
    fn follow_heads(&mut self, slot: Slot) -> Result<(), RunError> {
        let mut heads = Vec::new();
        for view in self.simulation.views() {
            let (root, _) = view.head().map_err(|error| ledger_error(slot, error))?;
            heads.push((view.name().to_owned(), root));
        }
        for ((view, new), old) in heads.iter().zip(&self.heads) {
            let depth = self.depth(*old, *new);
            if depth > 0 {
                self.reorgs.push(ReorgRow { slot, view: view.clone(), depth });
            }
        }
        self.heads = heads.into_iter().map(|(_, root)| root).collect();
        Ok(())
    }

    /// Returns the slots from the last common block of two heads to the first.
    fn depth(&self, old: Root, new: Root) -> u64 {
        let on_new: BTreeSet<_> = self.chain(new).map(|(root, _)| root).collect();
        let slot = |root: &Root| self.blocks.get(root).map_or(0, |block| block.block.message.slot);
        let common = self.chain(old).map(|(root, _)| root).find(|root| on_new.contains(root));
        slot(&old).saturating_sub(common.map_or(0, |root| slot(&root)))
    }

    /// Returns the blocks of a chain, the latest first.
    fn chain(&self, head: Root) -> impl Iterator<Item = (Root, &Block<C>)> {
        let block = move |root: Root| Some((root, self.blocks.get(&root)?));
        std::iter::successors(block(head), move |(_, child)| block(child.block.message.parent_root))
    }

    /// Measures a slot at its end, as the first view sees it.
    fn measure(&self, row: &mut SlotRow) -> Result<(), RunError> {
        let slot = row.slot;
        for view in self.simulation.views() {
            let (_, head) = view.head().map_err(|error| ledger_error(slot, error))?;
            row.heads.push(head.ledger.slot());
            let finalized = view.node().store().finalized_checkpoint.epoch;
            row.finalized.push(finalized.saturating_mul(C::SLOTS_PER_EPOCH));
        }
        let head = self.heads.first().and_then(|root| self.blocks.get(root));
        if let Some(block) = head.filter(|block| block.block.message.slot == slot) {
            row.crosslinked = Sums::of(&block.operations.executions);
            row.bytes = self.bytes(block);
        }
        if let Some(view) = self.simulation.views().first() {
            let (_, head) = view.head().map_err(|error| ledger_error(slot, error))?;
            let distribution = head.ledger.distribution();
            row.balances = u64::try_from(distribution.balances).unwrap_or(u64::MAX);
            row.in_flight = u64::try_from(distribution.in_flight).unwrap_or(u64::MAX);
            row.total = head.ledger.total();
            row.lane_max = account::lane_max(&head.ledger);
        }
        for (index, ee) in (0..).zip(&self.ees) {
            for shard in &ee.shards {
                let waiting = self.tampered.shards.with(*shard, index, |actor| actor.n_waiting());
                row.waiting += waiting.unwrap_or(0) as u64;
            }
        }
        row.dropped = self.tampered.shards.n_dropped();
        let executions = self.tampered.shards.executor().executions();
        (row.executions_asked, row.executions_made) = (executions.asked, executions.made);
        Ok(())
    }

    /// Returns the bytes of the shard blocks that a beacon block crosslinks.
    fn bytes(&self, block: &Block<C>) -> Bytes {
        let mut bytes = Bytes::default();
        for execution in block.operations.executions.iter() {
            let root = outrider_beacon_spec::hash::hash_tree_root(&execution.header);
            let sizes = self.tampered.sizes(&root).unwrap_or_default();
            bytes.bodies += sizes.body;
            bytes.headers += sizes.header;
            bytes.payloads += sizes.payloads;
            bytes.inbound += sizes.inbound;
        }
        bytes
    }

    /// Checks the ether of each view's head.
    fn check_ether(&mut self, slot: Slot) -> Result<(), RunError> {
        for view in self.simulation.views() {
            let (_, head) = view.head().map_err(|error| ledger_error(slot, error))?;
            let violation = self.checked.check(&head.ledger, &self.ees, &self.tampered.shards);
            self.violations
                .extend(violation.map(|violation| format!("slot {slot}, view {}: {violation}", view.name())));
        }
        Ok(())
    }

    /// Returns everything that was measured, and the places at which ether was made or lost.
    pub(crate) fn into_report(self) -> (Report, Violations) {
        let head = self.heads.first().copied().unwrap_or_default();
        let mut chained: Vec<_> = self.chain(head).map(|(_, block)| block).collect();
        chained.reverse();
        let mut receipts = Receipts::default();
        let executions = || chained.iter().flat_map(|block| block.operations.executions.iter());
        executions().for_each(|execution| receipts.add(execution));
        let mut summary = self.summary(Sums::of(executions()));
        for block in &chained {
            let Bytes { bodies, headers, payloads, inbound } = self.bytes(block);
            summary.bytes.bodies += bodies;
            summary.bytes.headers += headers;
            summary.bytes.payloads += payloads;
            summary.bytes.inbound += inbound;
        }
        summary.blocks = (0..self.scenario.preset.shards).map(|shard| (shard, Vec::new())).collect();
        for execution in executions() {
            summary.blocks.entry(execution.shard).or_default().push(execution.slot);
        }
        let mut lanes = BTreeMap::new();
        for track in receipts.tracks() {
            *lanes.entry((track.source, track.destination)).or_insert(0) += 1;
            if let Some((settled, _)) = track.settled {
                *summary.latency.entry(settled.saturating_sub(track.sent)).or_insert(0) += 1;
            }
        }
        summary.lanes = lanes.into_iter().map(|((source, to), n)| (source, to, n)).collect();
        let style = self.laboratory.as_ref().map(|laboratory| {
            let are_receipts_open = receipts.tracks().any(|track| track.settled.is_none());
            laboratory.measures(self.cost(chained.iter().copied(), laboratory.first()), are_receipts_open)
        });
        let codes = self.ees.iter().map(|ee| (ee.name.clone(), format!("{:x}", ee.code_hash))).collect();
        let report = Report {
            codes,
            receipts: receipts.tracks().copied().collect(),
            refused: self.refused(),
            reorgs: self.reorgs,
            rows: self.rows,
            summary,
            style,
            failures: Vec::new(),
            is_interrupted: false,
            scenario: self.scenario,
        };
        (report, self.violations)
    }

    fn refused(&self) -> Vec<RefusedRow> {
        let rows = self.simulation.views().iter().flat_map(|view| {
            view.refused().iter().map(|refused| RefusedRow {
                view: view.name().to_owned(),
                kind: format!("{:?}", refused.kind),
                slot: refused.slot,
                shard: refused.shard,
                error: chain(&refused.error),
            })
        });
        rows.collect()
    }
}

fn ledger_error(slot: Slot, error: outrider_beacon_spec::error::Error) -> RunError {
    RunError::Ledger { slot, source: Box::new(error.into()) }
}
