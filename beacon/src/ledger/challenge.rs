//! The challenge window: headers count only once nobody can challenge them any more.
//!
//! With the setting `challenge_slots`, a crosslinked header waits for so many slots after the block that crosslinks it.
//! Until then it can be convicted by an [`ExecutionSlashing`](super::ExecutionSlashing), which drops it and all later
//! headers of its shard. Afterwards it is checked by L3 to L8 and takes effect; if it fails, or if an assumption of it did
//! not come true, it is dropped in the same way, because the block that crosslinked it cannot be refused any more. Fees for
//! bytes are due at once. If headers may have assumptions, each block also drops those that are sure to be dropped later.
//!
//! A crosslink is the specification's, and is not rolled back. So the convicted shard block stays the latest block of the
//! shard, and the next one has it as its parent; but the shard's execution root falls back to that before the header, and
//! the next header builds on that. A header that does not, because its block was made before the conviction, is ignored
//! like one that finds the list full: its block is crosslinked and executes nothing.
//!
//! Shards build on the ledger with all pending headers applied, [`Ledger::optimistic`]; receipts are delivered only from
//! accepted headers, so they take longer by the window.

use std::collections::{BTreeMap, BTreeSet};

use milhouse::List;
use ssz_derive::{Decode, Encode};
use tree_hash_derive::TreeHash;

use super::{
    CrosslinkedBlock, ExecutionHeader, Ledger, LedgerPhase, Settings, ShardExecution,
    assumptions::turn,
    change,
    error::HeaderError,
    ether::{accept_header, check_crosslinked},
    execution::RECENT_SLOTS,
};
use crate::node::CROSSLINK_SLOTS;
use outrider_beacon_spec::{
    compute::compute_epoch_at_slot,
    error::Error,
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    types::{Gwei, Root, Shard, Slot, ValidatorIndex},
};

/// A header that can still be challenged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct PendingExecution {
    /// The slot from which on it counts.
    pub accept_slot: Slot,
    /// The slot of the shard block.
    pub slot: Slot,
    /// The proposer of the shard block, who gets the fees.
    pub proposer_index: ValidatorIndex,
    /// The root of the shard block's body.
    pub data_root: Root,
    /// The header.
    pub header: ExecutionHeader,
}

/// The most slots of the challenge window, so that headers count while the ledger knows them, also if their blocks were
/// crosslinked late and beacon blocks are missing.
pub const CHALLENGE_SLOTS_MAX: u64 = 64;
const _: () = assert!(CROSSLINK_SLOTS + CHALLENGE_SLOTS_MAX < RECENT_SLOTS);

/// The result of the acceptance of pending headers.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    /// The fees of their blocks' proposers.
    pub(super) fees: Vec<(ValidatorIndex, Gwei)>,
    /// The headers that were dropped, by shard and by their places before, each with all later ones of its shard.
    dropped: Vec<(Shard, usize)>,
}

/// The most pending headers of a shard; the limit of the container.
const PENDING_EXECUTIONS_MAX: usize = 1024;

/// Adds the header of a crosslinked shard block to the pending ones, after L1 and L9. A header that does not continue the
/// shard's executions, would send receipts when it is too late to prove them, or finds no room, is ignored.
pub(super) fn postpone_header(
    ledger: &mut Ledger,
    block: &CrosslinkedBlock,
    execution: &ShardExecution,
    settings: &Settings,
) -> Result<(), HeaderError> {
    let header = &execution.header;
    let execution_root = hash_tree_root(header);
    check_crosslinked(block, execution, settings)?;
    let accept_slot = ledger.slot.plus(settings.challenge_slots)?;
    let is_late = !header.lanes.is_empty() && block.slot.plus(RECENT_SLOTS)? <= accept_slot;
    let CrosslinkedBlock { slot, proposer_index, data_root, .. } = *block;
    change(&mut ledger.shards, block.shard, |shard| {
        let continues = header.parent_execution_root == shard.execution_root;
        if !continues || is_late || shard.pending.len() >= PENDING_EXECUTIONS_MAX {
            return Ok(());
        }
        let header = header.clone();
        let pending = PendingExecution { accept_slot, slot, proposer_index, data_root, header };
        shard.pending.push(pending).map_err(Error::from)?;
        shard.pending.apply_updates().map_err(Error::from)?;
        shard.execution_root = execution_root;
        Ok::<_, HeaderError>(())
    })
}

impl Ledger {
    /// Accepts pending headers that are due in a slot, in the order in which blocks crosslinked them, and then by
    /// [`turn`]. Drops those that fail or whose assumptions did not come true.
    pub(super) fn accept_due<P: LedgerPhase>(
        &mut self,
        slot: Slot,
        settings: &Settings,
    ) -> Result<Accepted, Error> {
        let mut accepted = Accepted::default();
        // The next pending header of each shard, by its place in the shard's list, which stays until all are done.
        let key = |shard, place, pending: &PendingExecution| {
            (pending.accept_slot, turn(shard, pending.slot, &pending.header), place)
        };
        let firsts = (0..).zip(&self.shards);
        let firsts = firsts.filter_map(|(shard, first)| Some(key(shard, 0, first.pending.get(0)?)));
        let mut next: BTreeSet<(Slot, (Slot, bool, Shard), usize)> = firsts.collect();
        let mut n_accepted = BTreeMap::new();
        while let Some((_, (.., shard), place)) = next.pop_first().filter(|(due, ..)| *due <= slot) {
            let shard_ledger = self.shards.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
            let after = place.saturating_add(1);
            let following = shard_ledger.pending.get(after).map(|following| key(shard, after, following));
            let pending = shard_ledger.pending.get(place).ok_or(Error::IndexOutOfRange)?.clone();
            let epoch = compute_epoch_at_slot::<P>(pending.slot);
            let has_assumed = self.has_assumed(&pending.header);
            let accept = || accept_header(self, shard, pending.slot, &pending.header, epoch, settings).ok();
            if let Some(fees) = has_assumed.then(accept).flatten() {
                accepted.fees.push((pending.proposer_index, fees));
                n_accepted.insert(shard, after);
                next.extend(following);
            } else {
                self.drop_pending(shard, place)?;
                accepted.dropped.push((shard, place));
            }
        }
        for (shard, n) in n_accepted {
            change(&mut self.shards, shard, |shard| {
                shard.pending = List::new(shard.pending.iter().skip(n).cloned().collect())?;
                Ok::<_, Error>(())
            })?;
        }
        Ok(accepted)
    }

    /// Drops pending headers that would be dropped when they are due, if nothing changed until then. So the next block of
    /// their shard, which does not build on them, counts.
    pub(super) fn drop_doomed<P: LedgerPhase>(&mut self, settings: &Settings) -> Result<(), Error> {
        let Accepted { dropped, .. } = self.clone().accept_due::<P>(Slot::MAX, settings)?;
        dropped.into_iter().try_for_each(|(shard, place)| self.drop_pending(shard, place))
    }

    /// Returns whether a header is still pending, by its shard, its slot, and the root of its block's body.
    pub(crate) fn is_pending(&self, header: (Shard, Slot, Root)) -> bool {
        self.place_of_pending(header).is_some()
    }

    /// Drops a convicted header and the later ones of its shard, if it is still pending.
    pub(crate) fn drop_convicted(&mut self, header: (Shard, Slot, Root)) -> Result<(), Error> {
        self.place_of_pending(header).map_or(Ok(()), |place| self.drop_pending(header.0, place))
    }

    fn place_of_pending(&self, (shard, slot, data_root): (Shard, Slot, Root)) -> Option<usize> {
        let is_it = |pending: &PendingExecution| (pending.slot, pending.data_root) == (slot, data_root);
        self.shards.get(index(shard))?.pending.iter().position(is_it)
    }

    /// Drops the pending headers of a shard from a place on; its execution root falls back.
    fn drop_pending(&mut self, shard: Shard, place: usize) -> Result<(), Error> {
        change(&mut self.shards, shard, |shard| {
            let first = shard.pending.get(place).ok_or(Error::IndexOutOfRange)?;
            shard.execution_root = first.header.parent_execution_root;
            shard.pending = List::new(shard.pending.iter().take(place).cloned().collect())?;
            Ok(())
        })
    }

    /// Returns the ledger as if all pending headers had been accepted: that on which shards build.
    ///
    /// # Errors
    ///
    /// Fails if the ledger is inconsistent.
    pub fn optimistic<P: LedgerPhase>(&self, settings: &Settings) -> Result<Self, Error> {
        let mut ledger = self.clone();
        ledger.accept_due::<P>(Slot::MAX, settings)?;
        Ok(ledger)
    }
}
