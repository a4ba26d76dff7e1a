//! The duty of committees.

use std::{error::Error as StdError, sync::Arc};

use super::{super::message::FullAttestation, Duties, View};
use crate::attestation::{attest, attestation_data};
use outrider_beacon_spec::{
    accessors::{get_committee_count_per_slot, get_current_epoch},
    constants::GENESIS_SLOT,
    containers::{BeaconState, ShardTransition, ShardVote},
    error::Error,
    hash::hash_tree_root,
    math::index,
    phase::Phase1,
    phase1::{compute_shard_from_committee_index, get_shard_transition},
    preset::Preset,
    types::{Root, Shard},
};

impl<C: Preset, E: StdError + 'static> View<C, E> {
    /// Returns one attestation of the view's members in each committee of a slot: for the head of the beacon chain, and for
    /// the shard's transition by the blocks up to its head.
    pub(in crate::simulation) fn attest(
        &mut self,
        duties: Duties<'_>,
    ) -> Result<Vec<Arc<FullAttestation<C>>>, Error> {
        let (head_root, state) = self.current(duties.slot)?;
        let mut attestations = Vec::new();
        for committee_index in 0..get_committee_count_per_slot(&state, get_current_epoch(&state)) {
            let shard = compute_shard_from_committee_index(&state, committee_index, duties.slot)?;
            let (vote, shard_transition) = self.shard_vote(shard, head_root, &state)?;
            let data = attestation_data(head_root, &state, committee_index, vote)?;
            let attests = |member| self.is_on_duty(member, duties);
            let attestation =
                attest(&state, data, attests, |attesters, root| duties.signer.sign(attesters, root))?;
            attestations.extend(
                attestation.map(|attestation| Arc::new(FullAttestation { attestation, shard_transition })),
            );
        }
        Ok(attestations)
    }

    fn shard_vote(
        &self,
        shard: Shard,
        head_root: Root,
        state: &BeaconState<Phase1<C>>,
    ) -> Result<(ShardVote, ShardTransition), Error> {
        let blocks = self.node.crosslinkable_shard_blocks(shard, head_root)?;
        let transition = get_shard_transition(state, shard, &blocks)?;
        let crosslinked = state.shard_states.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
        let shard_head_root = match blocks.last() {
            _ if state.slot == GENESIS_SLOT => Root::ZERO,
            Some(block) => hash_tree_root(&block.message),
            None => crosslinked.latest_block_root,
        };
        let shard_transition_root = hash_tree_root(&transition);
        Ok((ShardVote { shard, shard_head_root, shard_transition_root }, transition))
    }
}
