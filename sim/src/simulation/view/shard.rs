//! The duty of shard proposers.

use std::{error::Error as StdError, sync::Arc};

use super::{
    super::fault::{Publication, Split},
    Duties, View,
};
use crate::shard_block::{Proposal, ShardProposer, signed_shard_block};
use outrider_beacon::ledger::LedgerError;
use outrider_beacon_spec::{
    containers::{BeaconState, SignedShardBlock},
    error::Error,
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::Phase1,
    phase1::{
        accessors::get_latest_slot_for_shard, compute_offset_slots, get_active_shard_count,
        get_shard_proposer_index,
    },
    preset::Preset,
    types::{Root, Shard, ValidatorIndex},
};

impl<C: Preset, E: StdError + 'static> View<C, E> {
    /// Returns the blocks of the view's shard proposers in a slot, each with its publication. They build on the head of the
    /// beacon chain, and on each shard's head among the blocks that the beacon chain's head can crosslink.
    pub(in crate::simulation) fn propose_shard_blocks(
        &mut self,
        duties: Duties<'_>,
        shard_proposer: &impl ShardProposer,
    ) -> Result<Vec<(Publication, Arc<SignedShardBlock>)>, LedgerError> {
        let (head_root, state) = self.current(duties.slot)?;
        let mut blocks = Vec::new();
        for shard in 0..get_active_shard_count(&state) {
            let publication = duties.faults.shard_block(shard, duties.slot);
            if publication == Publication::Missing {
                continue;
            }
            let Some(proposal) = self.shard_proposal(shard, head_root, &state, duties)? else { continue };
            let Proposal { slot, beacon_parent_root, shard_parent_root, .. } = proposal;
            let rules = duties.rules;
            // A shard whose blocks do not apply any more waits for its next crosslink; the others go on.
            let place = self.node.shard_place(beacon_parent_root, shard, slot, shard_parent_root, rules);
            let Ok(place) = place else { continue };
            let Some(body) = shard_proposer.body(&place) else { continue };
            let split = duties.faults.shard_equivocation(shard, duties.slot);
            let other = split.and_then(|_| shard_proposer.other_body(&place)).filter(|other| *other != body);
            let proposed = match (split.map(Split::publications), other) {
                (Some([first, second]), Some(other)) => vec![(first, body), (second, other)],
                _ => vec![(publication, body)],
            };
            for (publication, body) in proposed {
                let sign = |proposer: &[ValidatorIndex], root| duties.signer.sign(proposer, root);
                blocks.push((publication, Arc::new(signed_shard_block(&state, proposal, &body, sign)?)));
            }
        }
        Ok(blocks)
    }

    /// Returns the place of a shard's next block, if the slot may have one and the view has its proposer.
    fn shard_proposal(
        &self,
        shard: Shard,
        head_root: Root,
        state: &BeaconState<Phase1<C>>,
        duties: Duties<'_>,
    ) -> Result<Option<Proposal>, Error> {
        let slot = duties.slot;
        let slots = compute_offset_slots(get_latest_slot_for_shard(state, shard)?, slot.plus(1)?)?;
        if !slots.contains(&slot) {
            return Ok(None);
        }
        let beacon_parent_state =
            self.node.store().block_states.get(&head_root).ok_or(Error::UnknownBlock)?;
        let proposer_index = get_shard_proposer_index(beacon_parent_state, slot, shard)?;
        if !self.is_on_duty(proposer_index, duties) {
            return Ok(None);
        }
        let shard_parent_root = self.shard_head_root(shard, head_root, state)?;
        Ok(Some(Proposal { shard, slot, proposer_index, beacon_parent_root: head_root, shard_parent_root }))
    }

    /// Returns the latest block of a shard: the last one that the head of the beacon chain can crosslink, or the latest
    /// crosslinked one.
    fn shard_head_root(
        &self,
        shard: Shard,
        head_root: Root,
        state: &BeaconState<Phase1<C>>,
    ) -> Result<Root, Error> {
        let blocks = self.node.crosslinkable_shard_blocks(shard, head_root)?;
        match blocks.last() {
            Some(block) => Ok(hash_tree_root(&block.message)),
            None => {
                let crosslinked = state.shard_states.get(index(shard));
                crosslinked.map(|state| state.latest_block_root).ok_or(Error::IndexOutOfRange)
            }
        }
    }
}
