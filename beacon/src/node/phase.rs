//! The differences of a node between phases.

use outrider_beacon_spec::{
    accessors::get_current_epoch,
    compute::compute_start_slot_at_epoch,
    containers::{AttestationData, BeaconState},
    error::{Error, ensure_equal},
    math::{Uint64 as _, index},
    phase::{Phase, Phase0, Phase1},
    phase1::{accessors::get_committee_count_delta, get_active_shard_count},
    preset::Preset,
};

/// A phase that a node can run.
pub trait NodePhase: Phase {
    /// Checks that an attestation votes on the shard of its committee. `state` is the target block's or a later one.
    ///
    /// # Errors
    ///
    /// Fails if the attestation votes on another shard.
    fn check_shard_vote(state: &BeaconState<Self>, data: &AttestationData<Self>) -> Result<(), Error>;

    /// Drops shard blocks that do not descend from the crosslink in the finalized state, and votes for them.
    fn prune_shard_stores(shard_stores: &mut Self::ShardStores, finalized_state: &BeaconState<Self>);
}

impl<C: Preset> NodePhase for Phase0<C> {
    fn check_shard_vote(_: &BeaconState<Self>, _: &AttestationData<Self>) -> Result<(), Error> {
        Ok(())
    }

    fn prune_shard_stores((): &mut (), _: &BeaconState<Self>) {}
}

impl<C: Preset> NodePhase for Phase1<C> {
    /// Computes `compute_shard_from_committee_index` of the advanced state; the specification's function covers two
    /// epochs only.
    fn check_shard_vote(state: &BeaconState<Self>, data: &AttestationData<Self>) -> Result<(), Error> {
        let first_slot = compute_start_slot_at_epoch::<Self>(get_current_epoch(state))?;
        let shard_delta = get_committee_count_delta(state, first_slot, data.slot)?;
        let start_shard = state.current_epoch_start_shard.plus(shard_delta)?;
        let shard = start_shard.plus(data.index)?.modulo(get_active_shard_count(state))?;
        ensure_equal(data.shard, shard, |got, expected| Error::AttestationShard { got, expected })
    }

    fn prune_shard_stores(shard_stores: &mut Self::ShardStores, finalized_state: &BeaconState<Self>) {
        for (shard, shard_store) in shard_stores {
            if let Some(crosslinked) = finalized_state.shard_states.get(index(*shard)) {
                super::prune::prune_shard_store(shard_store, crosslinked.latest_block_root);
            }
        }
    }
}
