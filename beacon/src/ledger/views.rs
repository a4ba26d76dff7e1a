//! The ledgers on which shard blocks build, by their beacon parents.
//!
//! A shard block builds on the ledger after its beacon parent with all pending headers applied. It is the same for all
//! shards and all blocks on a beacon block, so a node makes it once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    Ether, ExecutionHeader, ExtendedState, Ledger, LedgerError, LedgerNode, LedgerPhase, RootRead, Settings,
    ShardPlace, assumptions::turn, change, ether::apply_execution_header,
};
use crate::{proof::phase1_layout, registry::Rules};
use outrider_beacon_spec::{
    compute::{compute_epoch_at_slot, compute_start_slot_at_epoch},
    error::Error,
    math::index,
    phase::Phase1,
    preset::Preset,
    types::{Root, Shard, Slot},
};

/// A shard block's place, and its execution, which passed all checks.
#[derive(Clone, Debug)]
pub(super) struct Executed {
    pub(super) shard: Shard,
    pub(super) slot: Slot,
    pub(super) parent_root: Root,
    pub(super) header: Arc<ExecutionHeader>,
}

/// The executions of the shard blocks that a node knows, by block root.
#[derive(Clone, Debug, Default)]
pub(super) struct ShardExecutions(pub(super) BTreeMap<Root, Executed>);

impl ShardExecutions {
    /// Returns a shard's blocks from after a crosslink up to a block, the latest first; `None` if the block does not
    /// descend from the crosslink.
    pub(super) fn since(&self, shard: Shard, crosslink: Root, last: Root) -> Option<Vec<(Root, &Executed)>> {
        let mut blocks = Vec::new();
        let mut root = last;
        while root != crosslink {
            let executed = self.0.get(&root).filter(|executed| executed.shard == shard)?;
            blocks.push((root, executed));
            root = executed.parent_root;
        }
        Some(blocks)
    }
}

/// The optimistic ledgers that a node has made, by beacon block, with the settings by which they were made.
#[derive(Debug, Default)]
pub(super) struct Views(Mutex<Made>);

#[derive(Clone, Debug, Default)]
struct Made {
    ledgers: BTreeMap<Root, (Settings, Ledger)>,
    n: u64,
}

impl Views {
    /// Returns the [optimistic](Ledger::optimistic) ledger after a beacon block.
    pub(super) fn optimistic<P: LedgerPhase>(
        &self,
        beacon_block_root: Root,
        ledger: &Ledger,
        settings: &Settings,
    ) -> Result<Ledger, Error> {
        let mut made = self.made();
        if let Some((by, view)) = made.ledgers.get(&beacon_block_root)
            && by == settings
        {
            return Ok(view.clone());
        }
        let view = ledger.optimistic::<P>(settings)?;
        made.n = made.n.saturating_add(1);
        made.ledgers.insert(beacon_block_root, (settings.clone(), view.clone()));
        Ok(view)
    }

    /// Returns the number of ledgers made so far.
    pub(super) fn n_made(&self) -> u64 {
        self.made().n
    }

    /// Drops the ledgers of blocks that are not known any more.
    pub(super) fn retain(&self, is_known: impl Fn(&Root) -> bool) {
        self.made().ledgers.retain(|root, _| is_known(root));
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Views {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.made().clone()))
    }
}

impl<C: Preset> LedgerNode<Phase1<C>> {
    /// Returns the number of ledgers that this node has made for shard blocks to build on: one for each beacon block with
    /// a place for them.
    #[must_use]
    pub fn n_views_made(&self) -> u64 {
        self.views.n_made()
    }

    /// Returns the place of a block with these parents.
    ///
    /// # Errors
    ///
    /// Fails if the beacon parent is unknown, or with [`LedgerError::NotOnCrosslink`].
    pub fn shard_place(
        &self,
        beacon_parent_root: Root,
        shard: Shard,
        slot: Slot,
        shard_parent_root: Root,
        rules: Rules<'_>,
    ) -> Result<ShardPlace, LedgerError> {
        let parent = self.extended(&beacon_parent_root).ok_or(Error::UnknownParent)?;
        if rules.settings.ether == Ether::Committee {
            return Err(LedgerError::ThinLedger { shard });
        }
        let view = self.views.optimistic::<Phase1<C>>(beacon_parent_root, &parent.ledger, rules.settings)?;
        let assumable = self.assumable(&parent, &view, (shard, slot), rules.settings);
        let view = self.shard_view(view, shard, shard_parent_root, rules)?;
        let ExtendedState { state, ledger: beacon_parent } = parent;
        Ok(ShardPlace {
            shard,
            slot,
            epoch: compute_epoch_at_slot::<Phase1<C>>(slot),
            beacon_parent_root,
            beacon_parent,
            layout: phase1_layout::<C>(),
            finalized_slot: compute_start_slot_at_epoch::<Phase1<C>>(state.finalized_checkpoint.epoch)?,
            view,
            assumable,
        })
    }

    /// Returns the roots that a block of a shard and a slot may assume: those that known blocks of other shards make which have
    /// an earlier turn and do not count in the ledger of the beacon parent yet. Either these are crosslinked and wait for
    /// the end of their challenge window, so that `optimistic` has the roots; or they descend from the crosslinks there.
    fn assumable(
        &self,
        parent: &ExtendedState<Phase1<C>>,
        optimistic: &Ledger,
        (shard, slot): (Shard, Slot),
        settings: &Settings,
    ) -> BTreeSet<RootRead> {
        let mut roots = BTreeSet::new();
        if settings.assumptions_max == 0 {
            return roots;
        }
        for (of, ledger) in (0..).zip(&parent.ledger.shards).filter(|(of, _)| *of != shard) {
            for transition in ledger.pending.iter().flat_map(|pending| &pending.header.transitions) {
                let ee = transition.ee;
                let root = optimistic.state_root(of, ee);
                roots.extend(root.map(|state_root| RootRead { shard: of, ee, state_root }));
            }
        }
        let is_after_crosslink = |executed: &Executed| {
            let crosslink = parent.state.shard_states.get(index(executed.shard));
            crosslink.is_some_and(|crosslink| {
                executed.slot > crosslink.slot
                    && self
                        .shard_executions
                        .since(executed.shard, crosslink.latest_block_root, executed.parent_root)
                        .is_some()
            })
        };
        let own = (slot, true, shard);
        for executed in self.shard_executions.0.values() {
            let Executed { shard: of, slot, header, .. } = executed;
            if *of == shard || turn(*of, *slot, header) >= own || !is_after_crosslink(executed) {
                continue;
            }
            roots.extend(header.transitions.iter().map(|transition| RootRead {
                shard: *of,
                ee: transition.ee,
                state_root: transition.post_state_root,
            }));
        }
        roots
    }

    /// Applies the executions of a shard's blocks from the crosslink to a block, as if their assumptions had come true. One that
    /// does not continue the shard's executions is left out if the ledger ignores it, too.
    fn shard_view(
        &self,
        mut view: Ledger,
        shard: Shard,
        shard_parent_root: Root,
        rules: Rules<'_>,
    ) -> Result<Ledger, LedgerError> {
        let shard_ledger = view.shards.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
        let crosslink = shard_ledger.latest_block_root;
        let pending = self.shard_executions.since(shard, crosslink, shard_parent_root);
        let pending =
            pending.ok_or(LedgerError::NotOnCrosslink { shard, got: shard_parent_root, crosslink })?;
        for (root, executed) in pending.into_iter().rev() {
            if !rules.settings.ignores_headers() || view.is_continued_by(shard, &executed.header) {
                apply::<C>(&mut view, shard, executed.slot, &executed.header, rules)?;
            }
            change(&mut view.shards, shard, |shard| {
                shard.latest_block_root = root;
                Ok::<_, Error>(())
            })?;
        }
        Ok(view)
    }
}

/// Applies the header of a shard block that is not crosslinked yet.
pub(super) fn apply<C: Preset>(
    view: &mut Ledger,
    shard: Shard,
    slot: Slot,
    header: &ExecutionHeader,
    rules: Rules<'_>,
) -> Result<(), LedgerError> {
    let epoch = compute_epoch_at_slot::<Phase1<C>>(slot);
    apply_execution_header(view, (shard, slot), header, epoch, rules.settings)
        .map_err(|error| LedgerError::Header { shard, slot, error })?;
    Ok(())
}
