//! Phase 0, "Misc": functions that need no state, or little of one.

use crate::{
    constants::{MAX_EFFECTIVE_BALANCE, MAX_SEED_LOOKAHEAD},
    containers::{BeaconState, ForkData, SigningData},
    error::{Error, ensure},
    hash::{hash, hash_tree_root},
    math::{Uint64 as _, index},
    phase::Phase,
    preset::Preset,
    shuffle::compute_shuffled_index,
    types::{Bytes32, Domain, DomainType, Epoch, ForkDigest, Root, Slot, ValidatorIndex, Version},
};
use tree_hash::TreeHash;

/// Draws a proposer from `indices`, weighted by effective balance.
///
/// # Errors
///
/// Fails if `indices` is empty.
pub fn compute_proposer_index<P: Phase>(
    state: &BeaconState<P>,
    indices: &[ValidatorIndex],
    seed: &Bytes32,
) -> Result<ValidatorIndex, Error> {
    const MAX_RANDOM_BYTE: u64 = 255;
    ensure(!indices.is_empty(), Error::NoActiveValidators)?;
    let total = indices.len() as u64;
    let mut random_bytes = Bytes32::ZERO;
    for i in 0_u64.. {
        let shuffled = compute_shuffled_index(i % total, total, seed, P::Preset::SHUFFLE_ROUND_COUNT)?;
        let candidate_index = *indices.get(index(shuffled)).ok_or(Error::IndexOutOfRange)?;
        if i % 32 == 0 {
            random_bytes = hash(&[seed.as_slice(), &(i / 32).to_le_bytes()]);
        }
        let random_byte = random_bytes.0.get(index(i % 32)).copied().unwrap_or_default();
        let candidate = state.validators.get(index(candidate_index)).ok_or(Error::IndexOutOfRange)?;
        let chance = candidate.effective_balance.times(MAX_RANDOM_BYTE)?;
        if chance >= MAX_EFFECTIVE_BALANCE * u64::from(random_byte) {
            return Ok(candidate_index);
        }
    }
    Err(Error::NoActiveValidators)
}

/// Returns the part of the shuffled `indices` that belongs to committee `committee_index` of `count`; shuffles each
/// member's index on its own.
///
/// # Errors
///
/// Fails if `count` is zero.
pub fn compute_committee(
    indices: &[ValidatorIndex],
    seed: &Bytes32,
    committee_index: u64,
    count: u64,
    round_count: u8,
) -> Result<Vec<ValidatorIndex>, Error> {
    let total = indices.len() as u64;
    committee_range(total, committee_index, count)?
        .map(|i| {
            let shuffled = compute_shuffled_index(i, total, seed, round_count)?;
            indices.get(index(shuffled)).copied().ok_or(Error::IndexOutOfRange)
        })
        .collect()
}

/// Returns the positions of a committee's members in the shuffled list.
pub(crate) fn committee_range(
    total: u64,
    committee_index: u64,
    count: u64,
) -> Result<std::ops::Range<u64>, Error> {
    ensure(count > 0, Error::DivisionOfCommittee)?;
    let start = total.times(committee_index)?.over(count)?;
    let end = total.times(committee_index.plus(1)?)?.over(count)?;
    Ok(start..end)
}

/// Returns the epoch of a slot.
#[must_use]
pub fn compute_epoch_at_slot<P: Phase>(slot: Slot) -> Epoch {
    slot / P::Preset::SLOTS_PER_EPOCH
}

/// Returns the first slot of an epoch.
///
/// # Errors
///
/// Fails if the slot overflows.
pub fn compute_start_slot_at_epoch<P: Phase>(epoch: Epoch) -> Result<Slot, Error> {
    epoch.times(P::Preset::SLOTS_PER_EPOCH)
}

/// Returns the epoch in which activations and exits that start in `epoch` take effect.
///
/// # Errors
///
/// Fails if an epoch overflows.
pub fn compute_activation_exit_epoch(epoch: Epoch) -> Result<Epoch, Error> {
    epoch.plus(1)?.plus(MAX_SEED_LOOKAHEAD)
}

/// Returns the root that identifies a fork of a chain.
#[must_use]
pub fn compute_fork_data_root(current_version: Version, genesis_validators_root: Root) -> Root {
    hash_tree_root(&ForkData { current_version, genesis_validators_root })
}

/// Returns the first four bytes of the fork's root, which the network uses.
#[must_use]
pub fn compute_fork_digest(current_version: Version, genesis_validators_root: Root) -> ForkDigest {
    let [a, b, c, d, ..] = compute_fork_data_root(current_version, genesis_validators_root).0;
    ForkDigest::from([a, b, c, d])
}

/// Returns a signature domain: the domain's type, then the first 28 bytes of the fork's root.
#[must_use]
pub fn compute_domain(
    domain_type: DomainType,
    fork_version: Version,
    genesis_validators_root: Root,
) -> Domain {
    let fork_data_root = compute_fork_data_root(fork_version, genesis_validators_root);
    let mut domain = Domain::ZERO;
    let bytes = domain_type.iter().chain(fork_data_root.0.iter());
    domain.0.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    domain
}

/// Returns the root that a signature of an object signs.
#[must_use]
pub fn compute_signing_root<T: TreeHash>(ssz_object: &T, domain: Domain) -> Root {
    hash_tree_root(&SigningData { object_root: hash_tree_root(ssz_object), domain })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shuffle::shuffle_list;

    proptest! {
        #[test]
        fn committees_are_the_parts_of_the_shuffled_list(seed: [u8; 32], total in 0_u64..300, count in 1_u64..20) {
            let seed = Bytes32::from(seed);
            let indices: Vec<_> = (0..total).map(|index| index * 3).collect();
            let mut members = Vec::new();
            for committee_index in 0..count {
                members.extend(compute_committee(&indices, &seed, committee_index, count, 10).unwrap());
            }
            prop_assert_eq!(members, shuffle_list(indices, &seed, 10));
        }
    }
}
