//! Phase 1, beacon chain, "Misc": validators packed into one word each, for light clients.

use super::BeaconState;
use crate::{
    accessors::validator, constants::EFFECTIVE_BALANCE_INCREMENT, containers::CompactCommittee, error::Error,
    preset::Preset, types::ValidatorIndex,
};

/// Packs a validator into a word: the index from bit 16 up, the slashed flag in bit 15, and the effective balance, in
/// increments, below.
#[must_use]
pub fn pack_compact_validator(index: ValidatorIndex, slashed: bool, balance_in_increments: u64) -> u64 {
    (index << 16).wrapping_add(u64::from(slashed) << 15).wrapping_add(balance_in_increments)
}

/// Unpacks a word into a validator's index, slashed flag and effective balance in increments.
#[must_use]
pub fn unpack_compact_validator(compact_validator: u64) -> (ValidatorIndex, bool, u64) {
    (compact_validator >> 16, (compact_validator >> 15) & 1 == 1, compact_validator & ((1 << 15) - 1))
}

/// Packs a committee.
///
/// # Errors
///
/// Fails if a validator is not in the state.
pub fn committee_to_compact_committee<C: Preset>(
    state: &BeaconState<C>,
    committee: &[ValidatorIndex],
) -> Result<CompactCommittee, Error> {
    let mut compact = CompactCommittee::default();
    for index in committee {
        let validator = validator(state, *index)?;
        let increments = validator.effective_balance / EFFECTIVE_BALANCE_INCREMENT;
        compact.compact_validators.push(pack_compact_validator(*index, validator.slashed, increments))?;
        compact.pubkeys.push(validator.pubkey)?;
    }
    Ok(compact)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn unpacking_inverts_packing(index in 0_u64..1 << 40, slashed: bool, increments in 0_u64..1 << 15) {
            let packed = pack_compact_validator(index, slashed, increments);
            prop_assert_eq!(unpack_compact_validator(packed), (index, slashed, increments));
        }
    }
}
