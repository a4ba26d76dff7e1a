//! Phase 0, `compute_shuffled_index`: the swap-or-not shuffle of one index and of a whole list.
//!
//! Lighthouse's `swap_or_not_shuffle` is not on crates.io.

use crate::{
    error::{Error, ensure},
    hash::{bytes_to_uint64, hash},
    math::Uint64 as _,
    types::Bytes32,
};

/// Returns the shuffled position of an index among `index_count`.
///
/// # Errors
///
/// Fails if the index is not below the count.
pub fn compute_shuffled_index(
    index: u64,
    index_count: u64,
    seed: &Bytes32,
    round_count: u8,
) -> Result<u64, Error> {
    ensure(index < index_count, Error::ShuffleIndexOutOfRange { got: index, expected: index_count })?;
    let mut index = index;
    for round in 0..round_count {
        let pivot = bytes_to_uint64(&hash(&[seed.as_slice(), &[round]])).modulo(index_count)?;
        let flip = pivot.plus(index_count)?.minus(index)?.modulo(index_count)?;
        let position = index.max(flip);
        ensure(position / 256 <= u64::from(u32::MAX), Error::Arithmetic)?;
        let source = source(seed, round, position);
        if is_swapped(&source, position) {
            index = flip;
        }
    }
    Ok(index)
}

/// Shuffles a list: returns, for each `index`, the element at `compute_shuffled_index(index)`. Committees are drawn
/// in this way.
///
/// A round swaps pairs of elements that lie symmetrically around half of the pivot, or around the middle of the rest.
/// One hash decides 256 consecutive positions, so a list costs a fraction of a hash for each element and round.
#[must_use]
pub fn shuffle_list<T>(mut list: Vec<T>, seed: &Bytes32, round_count: u8) -> Vec<T> {
    let count = list.len();
    if count < 2 {
        return list;
    }
    // Rounds run backwards, as each index receives the element at which it ends up.
    for round in (0..round_count).rev() {
        let pivot = bytes_to_uint64(&hash(&[seed.as_slice(), &[round]])) % count as u64;
        let pivot = usize::try_from(pivot).unwrap_or_default();
        let mut bits = Bits { seed, round, block: None, source: Bytes32::ZERO };
        // The pairs (flip, position) with flip + position = pivot, then those with flip + position = pivot + count.
        for (first, last) in [(0, pivot), (pivot + 1, count - 1)] {
            let n_pairs = (last + 1 - first) / 2;
            for distance in 0..n_pairs {
                let position = last - distance;
                if bits.is_swapped(position as u64) {
                    list.swap(first + distance, position);
                }
            }
        }
    }
    list
}

/// The bits of a round, with one block of 256 at hand.
struct Bits<'a> {
    seed: &'a Bytes32,
    round: u8,
    block: Option<u64>,
    source: Bytes32,
}

impl Bits<'_> {
    fn is_swapped(&mut self, position: u64) -> bool {
        if self.block != Some(position / 256) {
            self.source = source(self.seed, self.round, position);
            self.block = Some(position / 256);
        }
        is_swapped(&self.source, position)
    }
}

/// Returns the hash whose bits decide a position and its neighbours.
fn source(seed: &Bytes32, round: u8, position: u64) -> Bytes32 {
    // This fits: `compute_shuffled_index` checks its index, and a list is shorter.
    let block = u32::try_from(position / 256).unwrap_or(u32::MAX);
    hash(&[seed.as_slice(), &[round], &block.to_le_bytes()])
}

fn is_swapped(source: &Bytes32, position: u64) -> bool {
    let byte = source.0.get((position % 256 / 8) as usize).copied().unwrap_or_default();
    (byte >> (position % 8)) & 1 == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_shuffled_list_equals_its_shuffled_indices(
            seed: [u8; 32],
            count in 0_u64..700,
            round_count in 0_u8..=90,
        ) {
            let seed = Bytes32::from(seed);
            let list = shuffle_list((0..count).collect(), &seed, round_count);
            let indices: Vec<_> =
                (0..count).map(|i| compute_shuffled_index(i, count, &seed, round_count).unwrap()).collect();
            prop_assert_eq!(&list, &indices);
            let mut sorted = list;
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_index_past_the_end_is_refused() {
        for (got, expected) in [(3, 3), (0, 0)] {
            let refused = compute_shuffled_index(got, expected, &Bytes32::ZERO, 10);
            assert_eq!(refused, Err(Error::ShuffleIndexOutOfRange { got, expected }));
        }
    }
}
