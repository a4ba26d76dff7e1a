//! Arithmetic on targets and work.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use bitcoin_primitives::{CompactTarget, Target};

/// Returns the target of bits, or `None` if they are negative, zero, or too large for 256 bits, or if the target is
/// above that of `bits_max` (`DeriveTarget` in `src/pow.cpp`).
pub(crate) fn target(bits: u32, bits_max: u32) -> Option<Target> {
    let decode = |bits| Target::from_compact(CompactTarget::from_consensus(bits)).ok();
    decode(bits).filter(|target| *target != Target::ZERO && Some(*target) <= decode(bits_max))
}

/// Returns the bits of the next period, after one that took `seconds` instead of `expected_seconds`, within a factor of
/// four (`CalculateNextWorkRequired` in `src/pow.cpp`).
pub(crate) fn retarget(bits: u32, seconds: i64, expected_seconds: u32, bits_max: u32) -> u32 {
    let (least, most) = (expected_seconds / 4, expected_seconds.saturating_mul(4));
    let seconds = u32::try_from(seconds.max(0)).unwrap_or(u32::MAX).clamp(least, most);
    let decode = |bits| Target::from_compact(CompactTarget::from_consensus(bits)).unwrap_or(Target::ZERO);
    let scaled = scale(decode(bits).to_be_bytes(), seconds, expected_seconds);
    let next = Target::from_be_bytes(scaled).min(decode(bits_max));
    next.to_compact_lossy().to_consensus_u32()
}

/// Returns `number * factor / divisor`, rounded down, modulo 2^256. The divisor is not zero.
fn scale(number: [u8; 32], factor: u32, divisor: u32) -> [u8; 32] {
    let mut bytes = number;
    let mut carry = 0_u64;
    for byte in bytes.iter_mut().rev() {
        let sum = u64::from(*byte).wrapping_mul(factor.into()).wrapping_add(carry);
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    let mut rest = 0_u64;
    for byte in &mut bytes {
        let dividend = rest << 8 | u64::from(*byte);
        *byte = dividend.checked_div(divisor.into()).unwrap_or(0).to_le_bytes()[0];
        rest = dividend.checked_rem(divisor.into()).unwrap_or(0);
    }
    bytes
}

/// Returns the sum of the work of a chain and that of a block with this target, or `None` if it has more than 256 bits.
pub(crate) fn add_work(chain_work: &[u8; 32], target: Target) -> Option<[u8; 32]> {
    let work = target.to_work().ok()?.to_be_bytes();
    let mut sum = *chain_work;
    let mut carry = false;
    for (byte, more) in sum.iter_mut().zip(work).rev() {
        (*byte, carry) = byte.carrying_add(more, carry);
    }
    (!carry).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORTNIGHT: u32 = 14 * 24 * 60 * 60;

    /// The cases of Bitcoin Core's `src/test/pow_tests.cpp`, of main's blocks 32,255, 2,015 and 68,543.
    #[test]
    fn periods_have_the_bits_of_bitcoin_core() {
        let next = |bits, first: i64, last: i64| retarget(bits, last - first, FORTNIGHT, 0x1d00_ffff);
        assert_eq!(next(0x1d00_ffff, 1_261_130_161, 1_262_152_739), 0x1d00_d86a);
        assert_eq!(next(0x1d00_ffff, 1_231_006_505, 1_233_061_996), 0x1d00_ffff);
        assert_eq!(next(0x1c05_a3f4, 1_279_008_237, 1_279_297_671), 0x1c01_68fd);
        assert_eq!(next(0x1c38_7f6f, 1_263_163_443, 1_269_211_443), 0x1d00_e1fd);
    }

    #[test]
    fn a_period_that_ran_backward_counts_as_the_shortest() {
        let next = |seconds| retarget(0x1c05_a3f4, seconds, FORTNIGHT, 0x1d00_ffff);
        assert_eq!(next(-1), next(i64::from(FORTNIGHT / 4)));
        assert_eq!(next(i64::MIN), next(0));
    }

    #[test]
    fn targets_are_positive_and_at_most_the_limit() {
        assert!(target(0x1d00_ffff, 0x1d00_ffff).is_some());
        assert!(target(0x1d01_0000, 0x1d00_ffff).is_none());
        assert!(target(0x1d80_0001, 0x1d00_ffff).is_none());
        assert!(target(0, 0x1d00_ffff).is_none());
        assert!(target(0xff12_3456, 0x207f_ffff).is_none());
    }

    #[test]
    fn work_adds_up_to_256_bits() {
        let least = target(0x1d00_ffff, 0x1d00_ffff).unwrap();
        let sum = add_work(&[0; 32], least).unwrap();
        assert_eq!(sum[27..], [1, 0, 1, 0, 1]);
        assert_eq!(add_work(&[0xff; 32], least), None);
        assert_eq!(add_work(&sum, least).unwrap()[27..], [2, 0, 2, 0, 2]);
    }
}
