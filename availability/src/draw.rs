//! The positions that clients draw.

use std::{collections::BTreeSet, num::NonZeroU64};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};

/// Draws `count` distinct positions of `n` for a client, in the order of its requests; all `n` if it asks for more.
///
/// The same numbers give the same positions everywhere: ChaCha8 keyed by the seed, one stream for each client.
#[must_use]
pub fn positions(seed: u64, client: u64, n: usize, count: usize) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(client);
    let mut drawn = BTreeSet::new();
    let mut positions = Vec::with_capacity(count.min(n));
    // Floyd's algorithm: after each round, all subsets of the positions so far are equally likely.
    for last in n.saturating_sub(count)..n {
        let position = below(&mut random, last);
        let position = if drawn.contains(&position) { last } else { position };
        drawn.insert(position);
        positions.push(position);
    }
    positions
}

/// Draws a number that is at most `last`, all equally likely.
fn below(random: &mut ChaCha8Rng, last: usize) -> usize {
    let n = NonZeroU64::MIN.saturating_add(last as u64);
    // What is left over above the last multiple of `n` is drawn again.
    let limit = (u64::MAX / n).saturating_mul(n.get());
    loop {
        let value = random.next_u64();
        if value < limit {
            return usize::try_from(value % n).unwrap_or(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::positions;

    #[test]
    fn positions_are_distinct_and_depend_on_seed_and_client() {
        for (n, count) in [(0, 3), (1, 1), (7, 7), (7, 9), (128, 16), (16_384, 30)] {
            let drawn = positions(1, 2, n, count);
            let mut sorted = drawn.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), count.min(n));
            assert!(sorted.iter().all(|position| *position < n));
            assert_eq!(drawn, positions(1, 2, n, count));
        }
        assert_ne!(positions(1, 2, 16_384, 30), positions(1, 3, 16_384, 30));
        assert_ne!(positions(1, 2, 16_384, 30), positions(2, 2, 16_384, 30));
    }

    /// Each position is drawn equally often: 4 of 16, in 16,000 draws, is 4,000 times with a deviation of 55.
    #[test]
    fn positions_are_drawn_evenly() {
        let mut counts = [0; 16];
        for client in 0..16_000 {
            for position in positions(5, client, 16, 4) {
                counts[position] += 1;
            }
        }
        assert!(counts.iter().all(|count| (3_750..4_250).contains(count)), "{counts:?}");
    }
}
