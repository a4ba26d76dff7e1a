//! Random numbers of a model, in the manner of those of simulated chains.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};
use sha2::{Digest as _, Sha256};

/// The random numbers of one actor for one purpose.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// Returns the random numbers of an actor for a purpose. Each has its own, so that a new actor does not change
    /// those of others.
    pub(crate) fn new(seed: u64, actor: u64, purpose: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(seed.to_le_bytes())
            .chain_update(actor.to_le_bytes())
            .chain_update(purpose)
            .finalize();
        Self(ChaCha8Rng::from_seed(hash.into()))
    }

    /// Returns a number from 0 to `n - 1`, or 0 if there is none.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let product = u128::from(self.0.next_u64()) * u128::from(n);
        // The upper half: below `n`.
        (product >> 64) as u64
    }

    /// Returns a position in a list of this length, or 0 if it is empty.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// Returns a number from 0 to below 1, a multiple of 2^-53.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns true with a probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Returns the number of successes in `n` trials.
    pub(crate) fn binomial(&mut self, n: u64, probability: f64) -> u64 {
        // Jumps from success to success.
        if probability <= 0.0 {
            return 0;
        }
        let mut left = n;
        let mut successes = 0;
        loop {
            let failures = self.failures(probability);
            if failures >= left {
                return successes;
            }
            left -= failures + 1;
            successes += 1;
        }
    }

    /// Returns the number of failures before the first success: geometrically distributed, and at most 2^62. The
    /// probability is above 0.
    pub(crate) fn failures(&mut self, probability: f64) -> u64 {
        if probability >= 1.0 {
            return 0;
        }
        // From above 0 to 1, so that the logarithm is finite.
        let unit = 1.0 - self.unit();
        (unit.ln() / (-probability).ln_1p()).min(FAILURES_MAX) as u64
    }

    /// Brings the first `n` positions of a list to a random selection in a random order.
    pub(crate) fn draw<T>(&mut self, list: &mut [T], n: usize) {
        let len = list.len();
        for place in 0..n.min(len) {
            list.swap(place, place + self.index(len - place));
        }
    }

    /// Brings a list into a random order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        self.draw(list, list.len());
    }
}

/// 2^62: exact in floating point, and no sum of two overflows.
const FAILURES_MAX: f64 = 4_611_686_018_427_387_904.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_actor_and_purpose_has_its_own_numbers() {
        let first = |seed, actor, purpose| Random::new(seed, actor, purpose).below(u64::MAX);
        let numbers = [first(1, 0, "a"), first(2, 0, "a"), first(1, 1, "a"), first(1, 0, "b")];
        for (place, number) in numbers.iter().enumerate() {
            assert!(!numbers[..place].contains(number));
        }
        assert_eq!(first(1, 0, "a"), numbers[0]);
    }

    #[test]
    fn drawn_numbers_have_the_mean_of_their_distribution() {
        let mut random = Random::new(1, 0, "test");
        let n = 100_000;
        let mean = |draw: &mut dyn FnMut() -> f64| (0..n).map(|_| draw()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || random.unit()) - 0.5).abs() < 0.005);
        assert!((mean(&mut || random.binomial(20, 0.3) as f64) - 6.0).abs() < 0.05);
        assert!((mean(&mut || random.failures(0.25) as f64) - 3.0).abs() < 0.06);
        assert!((mean(&mut || f64::from(u8::from(random.chance(0.1)))) - 0.1).abs() < 0.005);
        assert_eq!(random.binomial(7, 1.0), 7);
        assert_eq!(random.binomial(7, 0.0), 0);
    }

    #[test]
    fn a_shuffled_list_has_the_same_elements_in_another_order() {
        let mut list: Vec<u64> = (0..100).collect();
        Random::new(1, 0, "test").shuffle(&mut list);
        assert!(!list.is_sorted());
        list.sort_unstable();
        assert_eq!(list, (0..100).collect::<Vec<_>>());
        assert_eq!(Random::new(1, 0, "test").below(0), 0);
    }
}
