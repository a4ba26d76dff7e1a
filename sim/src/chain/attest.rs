//! The attestations of a slot's committees.

use super::{ChainPhase, Keys};
use outrider_beacon_spec::{
    accessors::{
        get_beacon_committee, get_block_root, get_block_root_at_slot, get_current_epoch, get_domain,
    },
    compute::{compute_epoch_at_slot, compute_signing_root},
    constants::DOMAIN_BEACON_ATTESTER,
    containers::{Attestation, AttestationData, BeaconState, Checkpoint, Extensions, misc::AggregationBits},
    error::Error,
    math::Uint64 as _,
};

/// Returns one attestation of each committee of the slot before the state's, with the given votes on their shards.
pub(super) fn attestations<P: ChainPhase>(
    state: &BeaconState<P>,
    votes: Vec<<P as Extensions>::AttestationData>,
    keys: &Keys,
) -> Result<Vec<Attestation<P>>, Error> {
    let slot = state.slot.minus(1)?;
    let epoch = compute_epoch_at_slot::<P>(slot);
    let source = if epoch == get_current_epoch(state) {
        state.current_justified_checkpoint
    } else {
        state.previous_justified_checkpoint
    };
    let target = Checkpoint { epoch, root: get_block_root(state, epoch)? };
    let beacon_block_root = get_block_root_at_slot(state, slot)?;
    let domain = get_domain(state, DOMAIN_BEACON_ATTESTER, Some(epoch));
    let attest = |(index, extension)| {
        let data = AttestationData { slot, index, beacon_block_root, source, target, extension };
        let committee = get_beacon_committee(state, slot, index)?;
        let mut aggregation_bits =
            AggregationBits::with_capacity(committee.len()).or(Err(Error::ListFull))?;
        for bit in 0..committee.len() {
            aggregation_bits.set(bit, true).or(Err(Error::ListFull))?;
        }
        let signature = keys.sign(&committee, compute_signing_root(&data, domain))?;
        Ok(Attestation { aggregation_bits, data, signature })
    };
    (0..).zip(votes).map(attest).collect()
}
