//! Headers: work, times and versions.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use bitcoin_primitives::{BlockHeader, Target};
use outrider_sdk::context;

use crate::{
    error::HeaderError,
    hash::Digest,
    network::{Activations, EASY_AFTER_SECONDS, Genesis, Network, PERIOD_BLOCKS, PERIOD_SECONDS},
    tip::{History, Known, Tip},
    work::{add_work, retarget, target},
};

/// The values that follow from a header.
pub(crate) struct Checked {
    pub(crate) height: u32,
    pub(crate) history: History,
    /// The time to which absolute lock times are compared: the median time before the block (BIP 113), or before that
    /// rule was active, and where no times are known, the time of the block.
    pub(crate) lock_time: u32,
    /// The median time of the blocks before this one, if it is known.
    pub(crate) median_time: Option<u32>,
}

/// Checks a header on a tip, in the order of Bitcoin Core (`AcceptBlockHeader` in `src/validation.cpp`):
///
/// 1. The hash is at most the target of the bits, and that at most the limit of the network; not on a shard.
/// 2. The parent is the tip.
/// 3. The bits are those that the network demands ([`bits_after`]).
/// 4. The time is later than the median of the last eleven.
/// 5. The version is not one that the activated rules have retired.
///
/// A time in the future is not refused, because a pure function has no clock: whoever proposes or accepts a block has
/// to compare it (`time-too-new`). A shard has a clock: there, the time is that of the slot ([`slot_time`]). On an
/// assumed history, steps 3 and 4 are waived.
pub(crate) fn check(header: &BlockHeader, hash: &Digest, tip: &Tip) -> Result<Checked, HeaderError> {
    let network = tip.network;
    let bits = header.bits.to_consensus_u32();
    let target = check_work(network, bits, hash)?;
    let got = Digest(header.prev_blockhash.to_byte_array());
    if got != tip.block_hash {
        return Err(HeaderError::Parent { got, expected: tip.block_hash });
    }
    let height = tip.height.checked_add(1).filter(|height| height >> 31 == 0).ok_or(HeaderError::TooHigh)?;
    let time = header.time.to_u32();
    if network == Network::Shard && time != slot_time() {
        return Err(HeaderError::SlotTime { got: time, expected: slot_time() });
    }
    let (history, median_time) = match &tip.history {
        History::Known(known) => {
            let expected = bits_after(network, known, height, time);
            if bits != expected {
                return Err(HeaderError::Bits { got: bits, expected });
            }
            let median_time = known.median_time();
            if time <= median_time {
                return Err(HeaderError::TooOld { time, median_time });
            }
            let chain_work = match target {
                Some(target) => add_work(&known.chain_work, target).ok_or(HeaderError::WorkOverflow)?,
                None => known.chain_work,
            };
            let next = known.next(height, chain_work, bits, network.bits_max(), time);
            (History::Known(next), Some(median_time))
        }
        History::Assumed => (History::Assumed, None),
    };
    let activations = network.activations();
    check_version(header.version.to_consensus(), height, &activations)?;
    let lock_time = lock_time(&activations, height, time, median_time);
    Ok(Checked { height, history, lock_time, median_time })
}

/// Returns the time of a block of a shard: [`SLOT_TIME_START`], and [`SECONDS_PER_SLOT`] for each slot of the context.
pub(crate) fn slot_time() -> u32 {
    let seconds = context::slot().0.saturating_mul(SECONDS_PER_SLOT);
    u32::try_from(seconds.saturating_add(SLOT_TIME_START)).unwrap_or(u32::MAX)
}

/// The least time that a lock time can express.
const SLOT_TIME_START: u64 = 500_000_000;
/// As in phase 0 of the consensus specs.
const SECONDS_PER_SLOT: u64 = 12;

/// Returns the time to which absolute lock times are compared, see [`Checked::lock_time`].
fn lock_time(activations: &Activations, height: u32, time: u32, median_time: Option<u32>) -> u32 {
    median_time.filter(|_| height >= activations.csv).unwrap_or(time)
}

/// Returns the bits that a network demands of the block at a height (`GetNextWorkRequired` in `src/pow.cpp`).
pub(crate) fn bits_after(network: Network, known: &Known, height: u32, time: u32) -> u32 {
    let last_time = known.times.last().copied().unwrap_or(0);
    if height.is_multiple_of(PERIOD_BLOCKS) {
        if !network.has_retargeting() {
            return known.bits;
        }
        let seconds = i64::from(last_time).saturating_sub(known.period_start.into());
        return retarget(known.bits, seconds, PERIOD_SECONDS, network.bits_max());
    }
    if !network.has_easy_blocks() {
        return known.bits;
    }
    let is_late = u64::from(time) > u64::from(last_time).saturating_add(EASY_AFTER_SECONDS.into());
    if is_late { network.bits_max() } else { known.regular_bits }
}

/// Returns the target of a header that shows enough work, or `None` where no work is needed.
fn check_work(network: Network, bits: u32, hash: &Digest) -> Result<Option<Target>, HeaderError> {
    if !network.has_work() {
        return Ok(None);
    }
    let target = target(bits, network.bits_max()).ok_or(HeaderError::Target { bits })?;
    if Target::from_le_bytes(hash.0) > target {
        return Err(HeaderError::Work { hash: *hash, bits });
    }
    Ok(Some(target))
}

/// Checks the version (`ContextualCheckBlockHeader` in `src/validation.cpp`).
fn check_version(got: i32, height: u32, activations: &Activations) -> Result<(), HeaderError> {
    let Activations { bip34, bip66, bip65, .. } = activations;
    for (from, least) in [(bip34, 2), (bip66, 3), (bip65, 4)] {
        if height >= *from && got < least {
            return Err(HeaderError::Version { got, least });
        }
    }
    Ok(())
}

impl Genesis {
    /// Returns the work of a chain that has only this block.
    pub(crate) fn work(&self, network: Network) -> [u8; 32] {
        let target = target(self.bits, network.bits_max()).filter(|_| network.has_work());
        target.and_then(|target| add_work(&[0; 32], target)).unwrap_or_default()
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "the numbers are those of the tests")]
mod tests {
    use alloc::{vec, vec::Vec};

    use proptest::prelude::{ProptestConfig, prop, proptest};

    use super::*;

    fn known(bits: u32, regular_bits: u32) -> Known {
        Known { chain_work: [0; 32], bits, regular_bits, period_start: 1_000, times: [5_000].to_vec() }
    }

    const LIMIT: u32 = 0x1d00_ffff;
    const HARD: u32 = 0x1c00_ffff;

    /// `GetNextWorkRequired` with `fPowAllowMinDifficultyBlocks`.
    #[test]
    fn after_twenty_minutes_test_needs_the_least_work_for_one_block() {
        let bits = |known: &Known, time| bits_after(Network::Test, known, 100, time);
        assert_eq!(bits(&known(HARD, HARD), 5_000 + 1_200), HARD);
        assert_eq!(bits(&known(HARD, HARD), 5_000 + 1_201), LIMIT);
        assert_eq!(bits(&known(LIMIT, HARD), 5_001), HARD);
        assert_eq!(bits_after(Network::Main, &known(HARD, HARD), 100, 1 << 31), HARD);
        let next = known(HARD, HARD).next(100, [0; 32], LIMIT, LIMIT, 9_000);
        assert_eq!((next.bits, next.regular_bits), (LIMIT, HARD));
        // The first block of a period ends the search for a regular one.
        let next = known(HARD, HARD).next(PERIOD_BLOCKS, [0; 32], LIMIT, LIMIT, 9_000);
        assert_eq!((next.regular_bits, next.period_start), (LIMIT, 9_000));
    }

    #[test]
    fn periods_adapt_the_last_bits_except_on_regtest() {
        let mut last = known(HARD, HARD);
        last.times = [1_000 + PERIOD_SECONDS * 2].to_vec();
        assert_eq!(bits_after(Network::Main, &last, 2 * PERIOD_BLOCKS, 0), 0x1c01_fffe);
        assert_eq!(bits_after(Network::Regtest, &last, 2 * PERIOD_BLOCKS, u32::MAX), HARD);
        assert_eq!(bits_after(Network::Main, &last, 2 * PERIOD_BLOCKS - 1, 0), HARD);
    }

    #[test]
    fn a_hash_may_be_the_target() {
        let target = target(HARD, LIMIT).unwrap().to_le_bytes();
        assert!(matches!(check_work(Network::Main, HARD, &Digest(target)), Ok(Some(_))));
        let mut above = target;
        above[0] = 1;
        let refused = check_work(Network::Main, HARD, &Digest(above));
        assert_eq!(refused.err(), Some(HeaderError::Work { hash: Digest(above), bits: HARD }));
        assert!(matches!(check_work(Network::Shard, HARD, &Digest([0xff; 32])), Ok(None)));
    }

    #[test]
    fn lock_times_are_compared_with_the_median_time_from_bip_113_on() {
        let main = Network::Main.activations();
        assert_eq!(lock_time(&main, 419_327, 9, Some(5)), 9);
        assert_eq!(lock_time(&main, 419_328, 9, Some(5)), 5);
        assert_eq!(lock_time(&main, 419_328, 9, None), 9);
    }

    #[test]
    fn old_versions_are_retired_by_height() {
        let main = Network::Main.activations();
        let retires = |height, version| {
            assert!(check_version(version, height - 1, &main).is_ok());
            assert!(matches!(check_version(version, height, &main), Err(HeaderError::Version { .. })));
            assert!(check_version(version + 1, height, &main).is_ok());
        };
        retires(227_931, 1);
        retires(363_725, 2);
        retires(388_381, 3);
        assert!(check_version(-1, 388_381, &main).is_err());
    }

    /// Bitcoin Core's `arith_uint256`, as far as the next work needs it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Number([u32; 8]);

    impl Number {
        /// `SetCompact`: the number, and whether it is negative or overflows.
        fn of_compact(bits: u32) -> (Self, bool) {
            let (size, word) = (bits >> 24, bits & 0x007f_ffff);
            let mut number = [0; 8];
            let mut put = |shift: u32, byte: u32| {
                if let Some(limb) = number.get_mut(shift as usize / 4) {
                    *limb |= byte << (8 * (shift % 4));
                }
            };
            for at in 0..3 {
                let byte = word >> (8 * at) & 0xff;
                if size + at >= 3 {
                    put(size + at - 3, byte);
                }
            }
            let shifted_out = size <= 3 && word >> (8 * (3 - size)) == 0;
            let is_negative = word != 0 && !shifted_out && bits & 0x0080_0000 != 0;
            let overflows =
                word != 0 && (size > 34 || (word > 0xff && size > 33) || (word > 0xffff && size > 32));
            (Self(number), is_negative || overflows)
        }

        /// `GetCompact`.
        fn compact(&self) -> u32 {
            let bytes: Vec<u8> = self.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
            let mut size = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let byte = |at: isize| {
                usize::try_from(at).ok().and_then(|at| bytes.get(at)).map_or(0, |b| u32::from(*b))
            };
            let top = size as isize;
            let mut compact = byte(top - 1) << 16 | byte(top - 2) << 8 | byte(top - 3);
            if compact & 0x0080_0000 != 0 {
                compact >>= 8;
                size += 1;
            }
            compact | (size as u32) << 24
        }

        fn times(&self, factor: u32) -> Self {
            let mut carry = 0_u64;
            Self(self.0.map(|limb| {
                carry += u64::from(limb) * u64::from(factor);
                let low = carry as u32;
                carry >>= 32;
                low
            }))
        }

        fn by(&self, divisor: u32) -> Self {
            let mut rest = 0_u64;
            let mut quotient = self.0;
            for limb in quotient.iter_mut().rev() {
                let dividend = rest << 32 | u64::from(*limb);
                (*limb, rest) = ((dividend / u64::from(divisor)) as u32, dividend % u64::from(divisor));
            }
            Self(quotient)
        }

        fn is_above(&self, other: &Self) -> bool {
            self.0.iter().rev().gt(other.0.iter().rev())
        }
    }

    /// The limit of a network in Bitcoin Core: not one that bits can express.
    fn limit(network: Network) -> Number {
        let top = match network {
            Network::Main | Network::Test => [u32::MAX; 7].into_iter().chain([0]),
            _ => [0, 0, 0, 0, 0, 0, 0xae00_0000].into_iter().chain([0x0000_0377]),
        };
        let mut limbs = [0; 8];
        limbs.iter_mut().zip(top).for_each(|(limb, top)| *limb = top);
        Number(limbs)
    }

    /// `GetNextWorkRequired` and `CalculateNextWorkRequired` over a whole chain of bits and times.
    fn next_by_bitcoin_core(network: Network, chain: &[(u32, u32)], time: u32) -> u32 {
        let limit = limit(network);
        let height = chain.len();
        let (last_bits, last_time) = chain[height - 1];
        if !height.is_multiple_of(2016) {
            if network == Network::Test {
                if i64::from(time) > i64::from(last_time) + 1200 {
                    return limit.compact();
                }
                let mut at = height - 1;
                while at > 0 && !at.is_multiple_of(2016) && chain[at].0 == limit.compact() {
                    at -= 1;
                }
                return chain[at].0;
            }
            return last_bits;
        }
        let seconds = i64::from(last_time) - i64::from(chain[height - 2016].1);
        let seconds = seconds.clamp(302_400, 4_838_400);
        let next = Number::of_compact(last_bits).0.times(seconds as u32).by(1_209_600);
        if next.is_above(&limit) { limit.compact() } else { next.compact() }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]

        /// Over five periods with times that jump, also backward.
        #[test]
        fn bits_are_those_of_bitcoin_core(
            seed: u64, speed in 0..3_000_u32, late in 0..20_u32,
            network in prop::sample::select(vec![Network::Main, Network::Test, Network::Signet]),
        ) {
            {
                let Tip { history: History::Known(mut known), .. } = Tip::genesis(network) else { panic!() };
                let genesis = network.genesis();
                let mut chain = vec![(genesis.bits, genesis.time)];
                let mut state = seed | 1;
                let mut random = |n: u32| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    ((state >> 20) % u64::from(n.max(1))) as u32
                };
                for height in 1..5 * PERIOD_BLOCKS + 10 {
                    let last = chain.last().unwrap().1;
                    let time = match random(20) {
                        0 => last.saturating_sub(random(5_000)),
                        it if it < late => last + 1_199 + random(4),
                        _ => last + random(speed),
                    };
                    let bits = bits_after(network, &known, height, time);
                    assert_eq!(bits, next_by_bitcoin_core(network, &chain, time), "{network:?}, height {height}");
                    known = known.next(height, [0; 32], bits, network.bits_max(), time);
                    chain.push((bits, time));
                }
            }
        }

        #[test]
        fn targets_are_those_of_bitcoin_core(bits in prop::collection::vec((0..=40_u32, 0..1_u32 << 24, 0..4_u8), 5_000)) {
            for (size, word, kind) in bits {
                let word = match kind {
                    0 => word,
                    1 => word & 0xff,
                    2 => word & 0xffff,
                    _ => word & 0x80_ffff,
                };
                let bits = size << 24 | word;
                let (number, is_wrong) = Number::of_compact(bits);
                for network in [Network::Main, Network::Signet] {
                    let is_valid = !is_wrong && number != Number([0; 8]) && !number.is_above(&limit(network));
                    let got = target(bits, network.bits_max());
                    assert_eq!(got.is_some(), is_valid, "{bits:08x}");
                    if let Some(target) = got {
                        let bytes: Vec<u8> = number.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
                        assert_eq!(target.to_le_bytes()[..], bytes);
                        assert_eq!(target.to_compact_lossy().to_consensus_u32(), number.compact());
                    }
                }
            }
        }
    }
}
