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
//! The shard goes on: its next block builds on the execution root that the ledger has. Blocks that were built on an
//! ignored header before that was known are ignored, too. Their proposers pay for the bytes all the same, so whoever
//! assumes too much has the cost. With a challenge window, a header whose assumptions cannot come true any more is dropped
//! at once, and not only when its window is over.
//!
//! Nobody can prove that a block does not exist, so no claim is about an invented assumption, and none is needed: an
//! honest node accepts only roots that a block makes which it knows, and the ledger ignores the header.

use super::{EeIndex, ExecutionHeader, Ledger, RootRead, Settings, error::HeaderError};
use outrider_beacon_spec::{
    math::index,
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

    /// Returns the root of an EE on a shard, if it has an entry there.
    pub(super) fn state_root(&self, shard: Shard, ee: EeIndex) -> Option<Bytes32> {
        Some(self.shards.get(index(shard))?.ees.get(ee as usize)?.state_root)
    }
}
