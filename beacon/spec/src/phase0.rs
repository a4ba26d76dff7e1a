//! Phase 0. It redefines nothing: the other modules implement it.

use crate::{
    block,
    containers::{Attestation, AttestationData, BeaconBlock, BeaconState, Phase0},
    epoch,
    error::Error,
    phase::Phase,
    preset::Preset,
    signatures::Signatures,
    types::ValidatorIndex,
};

impl<C: Preset> Phase for Phase0<C> {
    type ShardStores = ();

    fn max_committees_per_slot(_: &BeaconState<Self>) -> u64 {
        C::MAX_COMMITTEES_PER_SLOT
    }

    fn new_validator(_: &BeaconState<Self>) -> Result<(), Error> {
        Ok(())
    }

    fn process_attestation(
        state: &mut BeaconState<Self>,
        attestation: &Attestation<Self>,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        block::process_attestation(state, attestation, signatures)
    }

    fn process_block(
        state: &mut BeaconState<Self>,
        block: &BeaconBlock<Self>,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        block::process_block(state, block, signatures)
    }

    fn process_epoch(state: &mut BeaconState<Self>) -> Result<(), Error> {
        epoch::process_epoch(state)
    }

    fn new_shard_stores(_: &BeaconState<Self>) -> Result<(), Error> {
        Ok(())
    }

    fn update_shard_messages(
        (): &mut (),
        _: &[ValidatorIndex],
        _: &AttestationData<Self>,
    ) -> Result<(), Error> {
        Ok(())
    }
}
