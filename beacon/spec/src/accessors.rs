//! Phase 0, "Beacon state accessors".

use std::sync::Arc;

use crate::{
    bls::PublicKey,
    compute::{
        committee_range, compute_committee, compute_domain, compute_epoch_at_slot, compute_proposer_index,
        compute_start_slot_at_epoch,
    },
    constants::{
        CHURN_LIMIT_QUOTIENT, DOMAIN_BEACON_ATTESTER, DOMAIN_BEACON_PROPOSER, EFFECTIVE_BALANCE_INCREMENT,
        MIN_PER_EPOCH_CHURN_LIMIT, MIN_SEED_LOOKAHEAD,
    },
    containers::{
        Attestation, AttestationData, BeaconState, IndexedAttestation, Validator, misc::AggregationBits,
    },
    error::{Error, ensure, ensure_as_long},
    hash::hash,
    math::{Uint64 as _, index, sum},
    phase::Phase,
    predicates::is_active_validator,
    preset::Preset,
    shuffle::shuffle_list,
    types::{Bytes32, CommitteeIndex, Domain, DomainType, Epoch, Gwei, Root, Slot, ValidatorIndex},
};

/// Returns `state.validators[index]`.
///
/// # Errors
///
/// Fails if there is no such validator.
pub fn validator<P: Phase>(
    state: &BeaconState<P>,
    validator_index: ValidatorIndex,
) -> Result<&Validator<P>, Error> {
    state.validators.get(index(validator_index)).ok_or_else(|| validator_unknown(state, validator_index))
}

/// Returns `state.validators[index]` for a change that does not affect which validators are active in this epoch or
/// the next.
pub(crate) fn validator_mut<P: Phase>(
    state: &mut BeaconState<P>,
    validator_index: ValidatorIndex,
) -> Result<&mut Validator<P>, Error> {
    let unknown = validator_unknown(state, validator_index);
    state.validators.get_mut_keeping_caches(index(validator_index)).ok_or(unknown)
}

fn validator_unknown<P: Phase>(state: &BeaconState<P>, validator_index: ValidatorIndex) -> Error {
    Error::ValidatorUnknown { got: validator_index, expected: state.validators.len() }
}

/// Returns `state.validators[index].pubkey`, decoded.
pub(crate) fn pubkey<P: Phase>(
    state: &BeaconState<P>,
    validator_index: ValidatorIndex,
) -> Result<PublicKey, Error> {
    // Every validator in the registry has signed a deposit, so its key decodes.
    state.validators.caches.pubkey(&validator(state, validator_index)?.pubkey).or(Err(Error::StateMalformed))
}

/// Returns the epoch of the state's slot.
#[must_use]
pub fn get_current_epoch<P: Phase>(state: &BeaconState<P>) -> Epoch {
    compute_epoch_at_slot::<P>(state.slot)
}

/// Returns the epoch before the current one, or the genesis epoch in the genesis epoch.
#[must_use]
pub fn get_previous_epoch<P: Phase>(state: &BeaconState<P>) -> Epoch {
    get_current_epoch(state).saturating_sub(1)
}

/// Returns the root of the block at the start of a recent epoch.
///
/// # Errors
///
/// Fails if the state does not hold it.
pub fn get_block_root<P: Phase>(state: &BeaconState<P>, epoch: Epoch) -> Result<Root, Error> {
    get_block_root_at_slot(state, compute_start_slot_at_epoch::<P>(epoch)?)
}

/// Returns the root of the block at a recent slot.
///
/// # Errors
///
/// Fails if the state does not hold it.
pub fn get_block_root_at_slot<P: Phase>(state: &BeaconState<P>, slot: Slot) -> Result<Root, Error> {
    let history = P::Preset::SLOTS_PER_HISTORICAL_ROOT;
    let is_kept = slot < state.slot && state.slot <= slot.plus(history)?;
    let (earliest, latest) = (state.slot.saturating_sub(history), state.slot.saturating_sub(1));
    ensure(is_kept, Error::SlotNotInHistory { got: slot, earliest, latest })?;
    state.block_roots.get(index(slot % history)).copied().ok_or(Error::IndexOutOfRange)
}

/// Returns the RANDAO mix of a recent epoch.
///
/// # Errors
///
/// Never: the vector has a place for each epoch.
pub fn get_randao_mix<P: Phase>(state: &BeaconState<P>, epoch: Epoch) -> Result<Bytes32, Error> {
    let place = epoch % P::Preset::EPOCHS_PER_HISTORICAL_VECTOR;
    state.randao_mixes.get(index(place)).copied().ok_or(Error::IndexOutOfRange)
}

/// Returns the indices of the validators that are active in an epoch, in ascending order.
#[must_use]
pub fn get_active_validator_indices<P: Phase>(state: &BeaconState<P>, epoch: Epoch) -> Arc<[ValidatorIndex]> {
    let compute = || {
        (0..)
            .zip(&state.validators)
            .filter(|(_, validator)| is_active_validator(validator, epoch))
            .map(|(index, _)| index)
            .collect()
    };
    if is_settled_epoch(state, epoch) { state.validators.caches.active(epoch, compute) } else { compute() }
}

/// Returns whether the set of active validators of an epoch can no longer change.
fn is_settled_epoch<P: Phase>(state: &BeaconState<P>, epoch: Epoch) -> bool {
    epoch <= get_current_epoch(state).saturating_add(1)
}

/// Returns the members of a committee of an epoch's active validators, by the epoch's seed for a domain. Shuffles the
/// whole list once and keeps it.
pub(crate) fn committee<P: Phase>(
    state: &BeaconState<P>,
    epoch: Epoch,
    domain_type: DomainType,
    committee_index: u64,
    count: u64,
) -> Result<Vec<ValidatorIndex>, Error> {
    let indices = get_active_validator_indices(state, epoch);
    let seed = get_seed(state, epoch, domain_type)?;
    let round_count = P::Preset::SHUFFLE_ROUND_COUNT;
    if !is_settled_epoch(state, epoch) {
        return compute_committee(&indices, &seed, committee_index, count, round_count);
    }
    let range = committee_range(indices.len() as u64, committee_index, count)?;
    let shuffled = state
        .validators
        .caches
        .shuffled(epoch, domain_type, seed, || shuffle_list(indices.to_vec(), &seed, round_count).into());
    let past_end = Error::ShuffleIndexOutOfRange { got: range.end, expected: shuffled.len() as u64 };
    let members = shuffled.get(index(range.start)..index(range.end)).ok_or(past_end)?;
    Ok(members.to_vec())
}

/// Returns the number of validators that may exit in this epoch.
#[must_use]
pub fn get_validator_churn_limit<P: Phase>(state: &BeaconState<P>) -> u64 {
    let n_active = get_active_validator_indices(state, get_current_epoch(state)).len() as u64;
    MIN_PER_EPOCH_CHURN_LIMIT.max(n_active / CHURN_LIMIT_QUOTIENT)
}

/// Returns the seed of an epoch for a domain.
///
/// # Errors
///
/// Fails if an epoch overflows.
pub fn get_seed<P: Phase>(
    state: &BeaconState<P>,
    epoch: Epoch,
    domain_type: DomainType,
) -> Result<Bytes32, Error> {
    // Adding the length of the vector gives the first epochs seeds, too.
    let mix_epoch = epoch.plus(P::Preset::EPOCHS_PER_HISTORICAL_VECTOR)?.minus(MIN_SEED_LOOKAHEAD + 1)?;
    let mix = get_randao_mix(state, mix_epoch)?;
    Ok(hash(&[&domain_type, &epoch.to_le_bytes(), mix.as_slice()]))
}

/// Returns the number of committees in each slot of an epoch.
#[must_use]
pub fn get_committee_count_per_slot<P: Phase>(state: &BeaconState<P>, epoch: Epoch) -> u64 {
    let n_active = get_active_validator_indices(state, epoch).len() as u64;
    let n_committees = n_active / P::Preset::SLOTS_PER_EPOCH / P::Preset::TARGET_COMMITTEE_SIZE;
    n_committees.min(P::max_committees_per_slot(state)).max(1)
}

/// Returns the committee of a slot and committee index.
///
/// # Errors
///
/// Fails if there is no such committee.
pub fn get_beacon_committee<P: Phase>(
    state: &BeaconState<P>,
    slot: Slot,
    committee_index: CommitteeIndex,
) -> Result<Vec<ValidatorIndex>, Error> {
    let epoch = compute_epoch_at_slot::<P>(slot);
    let committees_per_slot = get_committee_count_per_slot(state, epoch);
    let slots_per_epoch = P::Preset::SLOTS_PER_EPOCH;
    let index = (slot % slots_per_epoch).times(committees_per_slot)?.plus(committee_index)?;
    committee(state, epoch, DOMAIN_BEACON_ATTESTER, index, committees_per_slot.times(slots_per_epoch)?)
}

/// Returns the proposer of the state's slot.
///
/// # Errors
///
/// Fails if no validator is active.
pub fn get_beacon_proposer_index<P: Phase>(state: &BeaconState<P>) -> Result<ValidatorIndex, Error> {
    let epoch = get_current_epoch(state);
    let seed = get_seed(state, epoch, DOMAIN_BEACON_PROPOSER)?;
    let seed = hash(&[seed.as_slice(), &state.slot.to_le_bytes()]);
    state.validators.caches.proposer_index(epoch, seed, || {
        compute_proposer_index(state, &get_active_validator_indices(state, epoch), &seed)
    })
}

/// Returns the sum of effective balances, at least one increment, so that callers can divide by it.
///
/// # Errors
///
/// Fails if the sum overflows.
pub fn get_total_balance<P: Phase>(
    state: &BeaconState<P>,
    indices: impl IntoIterator<Item = ValidatorIndex>,
) -> Result<Gwei, Error> {
    indices
        .into_iter()
        .try_fold(0_u64, |total, index| total.plus(validator(state, index)?.effective_balance))
        .map(|total| total.max(EFFECTIVE_BALANCE_INCREMENT))
}

/// Returns the sum of the active validators' effective balances.
///
/// # Errors
///
/// Fails if the sum overflows.
pub fn get_total_active_balance<P: Phase>(state: &BeaconState<P>) -> Result<Gwei, Error> {
    let epoch = get_current_epoch(state);
    state.validators.caches.total_active_balance(epoch, || {
        let active = state.validators.iter().filter(|validator| is_active_validator(validator, epoch));
        Ok(sum(active.map(|validator| validator.effective_balance))?.max(EFFECTIVE_BALANCE_INCREMENT))
    })
}

/// Returns the signature domain of a type in an epoch (by default the current one).
#[must_use]
pub fn get_domain<P: Phase>(state: &BeaconState<P>, domain_type: DomainType, epoch: Option<Epoch>) -> Domain {
    let epoch = epoch.unwrap_or_else(|| get_current_epoch(state));
    let fork_version =
        if epoch < state.fork.epoch { state.fork.previous_version } else { state.fork.current_version };
    compute_domain(domain_type, fork_version, state.genesis_validators_root)
}

/// Returns an attestation with the attesters' indices in place of its bits.
///
/// # Errors
///
/// Fails if there is no such committee, or the attestation has too few bits.
pub fn get_indexed_attestation<P: Phase>(
    state: &BeaconState<P>,
    attestation: &Attestation<P>,
) -> Result<IndexedAttestation<P>, Error> {
    let mut attesting_indices =
        get_attesting_indices(state, &attestation.data, &attestation.aggregation_bits)?;
    attesting_indices.sort_unstable();
    Ok(IndexedAttestation {
        attesting_indices: attesting_indices.try_into()?,
        data: attestation.data.clone(),
        signature: attestation.signature,
    })
}

/// Returns the members of a committee whose bits are set, in the committee's order.
///
/// # Errors
///
/// Fails if there is no such committee, or the attestation has too few bits.
pub fn get_attesting_indices<P: Phase>(
    state: &BeaconState<P>,
    data: &AttestationData<P>,
    bits: &AggregationBits,
) -> Result<Vec<ValidatorIndex>, Error> {
    let committee = get_beacon_committee(state, data.slot, data.index)?;
    ensure_as_long(bits.len(), committee.len())?;
    Ok(committee.into_iter().zip(bits.iter()).filter(|(_, bit)| *bit).map(|(index, _)| index).collect())
}
