//! Attestations of committees; from the specification's `validator.md`.

use outrider_beacon_spec::{
    accessors::{get_beacon_committee, get_block_root, get_current_epoch, get_domain},
    compute::{compute_signing_root, compute_start_slot_at_epoch},
    constants::DOMAIN_BEACON_ATTESTER,
    containers::{Attestation, AttestationData, BeaconState, Checkpoint, Extensions, misc::AggregationBits},
    error::Error,
    phase::Phase,
    types::{BLSSignature, CommitteeIndex, Root, ValidatorIndex},
};

/// Returns a committee's vote for the head in a slot. `state` is the head's, advanced to the slot.
pub(crate) fn attestation_data<P: Phase>(
    head_root: Root,
    state: &BeaconState<P>,
    index: CommitteeIndex,
    extension: <P as Extensions>::AttestationData,
) -> Result<AttestationData<P>, Error> {
    let epoch = get_current_epoch(state);
    let is_first = compute_start_slot_at_epoch::<P>(epoch)? == state.slot;
    let root = if is_first { head_root } else { get_block_root(state, epoch)? };
    Ok(AttestationData {
        slot: state.slot,
        index,
        beacon_block_root: head_root,
        source: state.current_justified_checkpoint,
        target: Checkpoint { epoch, root },
        extension,
    })
}

/// Returns the aggregate attestation of a committee's members that attest, or `None` if none does. `sign` returns the
/// aggregate signature of validators.
pub(crate) fn attest<P: Phase>(
    state: &BeaconState<P>,
    data: AttestationData<P>,
    attests: impl Fn(ValidatorIndex) -> bool,
    sign: impl FnOnce(&[ValidatorIndex], Root) -> Result<BLSSignature, Error>,
) -> Result<Option<Attestation<P>>, Error> {
    let committee = get_beacon_committee(state, data.slot, data.index)?;
    let mut aggregation_bits = AggregationBits::with_capacity(committee.len()).or(Err(Error::ListFull))?;
    let mut attesters = Vec::new();
    for (bit, member) in committee.into_iter().enumerate().filter(|(_, member)| attests(*member)) {
        aggregation_bits.set(bit, true).or(Err(Error::ListFull))?;
        attesters.push(member);
    }
    if attesters.is_empty() {
        return Ok(None);
    }
    let domain = get_domain(state, DOMAIN_BEACON_ATTESTER, Some(data.target.epoch));
    let signature = sign(&attesters, compute_signing_root(&data, domain))?;
    Ok(Some(Attestation { aggregation_bits, data, signature }))
}
