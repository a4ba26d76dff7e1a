//! Conditional crosslinks: headers that count only if what they assume came true.
//!
//! A payload may read a root of another shard before the shard block that makes it is crosslinked, even one of the same
//! slot. The header then lists it among its assumptions. When the header's turn comes, each assumed root has to be that of its
//! EE in the ledger; otherwise the header is *ignored*: its block is crosslinked and executes nothing, and neither
//! do later headers that build on it, because they do not continue the executions of the shard. So nothing has to be
//! rolled back, and nobody is at fault: an assumption says only what the proposer expected.
//!
//! Headers count in one order, by [`turn`]: by slot, those without assumptions first, and then by shard. A block
//! may assume only what a block with an earlier turn makes. So assumptions lead backwards in that order and never in a circle,
//! and each is decided before what depends on it. If committees sign a circle all the same, its first header is
//! ignored, because what it assumes does not exist yet.
//!
//! | if the other block | then |
//! |---|---|
//! | counts before, and the root is still that of its EE | the header counts, in the same beacon block at the earliest |
//! | is not crosslinked by then, or is ignored or convicted itself, or a later block has changed the root | the header is ignored |
//!
//! The shard goes on: its next block builds on the execution root that the ledger has. Blocks that were built on an ignored header
//! before that was known are ignored, too. With a challenge window, a header whose assumptions cannot come true any more
//! is dropped at once, and not only when its window is over.
//!
//! Nobody can prove that a block does not exist, so no claim is about an invented assumption, and none is needed: an
//! honest node accepts only roots that a block makes which it knows, and the ledger ignores the header.

use std::collections::BTreeSet;

use super::{
    EeIndex, ExecutionHeader, ExtendedState, Ledger, LedgerNode, RootRead, Settings, error::HeaderError,
    views::Executed,
};
use outrider_beacon_spec::{
    math::index,
    phase::Phase1,
    preset::Preset,
    types::{Bytes32, Shard, Slot},
};

/// Returns the place of a header in the order in which headers count.
pub(super) fn turn(shard: Shard, slot: Slot, header: &ExecutionHeader) -> (Slot, bool, Shard) {
    (slot, !header.assumptions.is_empty(), shard)
}

/// Checks L9: a header has no more assumptions than the settings allow, of other shards, by shard and EE.
pub(super) fn check_assumptions(
    shard: Shard,
    header: &ExecutionHeader,
    settings: &Settings,
) -> Result<(), HeaderError> {
    let (got, limit) = (header.assumptions.len(), settings.assumptions_max);
    if got > limit {
        return Err(HeaderError::Assumptions { got, limit });
    }
    let mut previous = None;
    for &RootRead { shard: of, ee, .. } in &header.assumptions {
        if of == shard {
            return Err(HeaderError::AssumptionShard { shard, ee });
        }
        if previous.is_some_and(|previous| previous >= (of, ee)) {
            return Err(HeaderError::AssumptionOrder { shard: of, ee });
        }
        previous = Some((of, ee));
    }
    Ok(())
}

impl Ledger {
    /// Returns whether a header continues the executions of a shard.
    pub(super) fn is_continued_by(&self, shard: Shard, header: &ExecutionHeader) -> bool {
        let shard = self.shards.get(index(shard));
        shard.is_some_and(|shard| shard.execution_root == header.parent_execution_root)
    }

    /// Returns whether each root that a header assumes is that of its EE.
    pub(super) fn has_assumed(&self, header: &ExecutionHeader) -> bool {
        let has = |assumed: &RootRead| self.state_root(assumed.shard, assumed.ee) == Some(assumed.state_root);
        header.assumptions.iter().all(has)
    }

    fn state_root(&self, shard: Shard, ee: EeIndex) -> Option<Bytes32> {
        Some(self.shards.get(index(shard))?.ees.get(ee as usize)?.state_root)
    }
}

impl<C: Preset> LedgerNode<Phase1<C>> {
    /// Returns the roots that a block of a shard and a slot may assume: those that known blocks of other shards make which have an earlier turn
    /// and do not count in the ledger of the beacon parent yet. They are crosslinked and wait for the end of the
    /// challenge window, so that `optimistic` has their roots; or they descend from the crosslinks there.
    pub(super) fn assumable(
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
}
