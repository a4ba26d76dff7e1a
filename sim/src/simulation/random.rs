//! Random numbers of a simulation, by seed, actor and purpose.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};

use outrider_beacon_spec::hash::hash;

/// Returns the random numbers of an actor for a purpose. Each has its own, so that a new actor does not change those of
/// others.
pub fn random(seed: u64, actor: usize, purpose: &str) -> ChaCha8Rng {
    let actor = (actor as u64).to_le_bytes();
    ChaCha8Rng::from_seed(hash(&[&seed.to_le_bytes(), &actor, purpose.as_bytes()]).0)
}

/// Returns a random number from 0 to `max`.
pub fn up_to(random: &mut ChaCha8Rng, max: u64) -> u64 {
    let product = u128::from(random.next_u64()) * (u128::from(max) + 1);
    // The upper half: below `max + 1`.
    (product >> 64) as u64
}

/// Brings a list into a random order.
pub fn shuffle<T>(random: &mut ChaCha8Rng, list: &mut [T]) {
    for last in (1..list.len()).rev() {
        list.swap(last, up_to(random, last as u64) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_actor_and_purpose_has_its_own_numbers() {
        let first = |seed, actor, purpose| random(seed, actor, purpose).next_u64();
        let numbers = [first(1, 0, "a"), first(2, 0, "a"), first(1, 1, "a"), first(1, 0, "b")];
        for (place, number) in numbers.iter().enumerate() {
            assert!(!numbers[..place].contains(number));
        }
        assert_eq!(first(1, 0, "a"), numbers[0]);
    }

    #[test]
    fn a_shuffled_list_has_the_same_elements_in_another_order() {
        let mut list: Vec<u64> = (0..100).collect();
        shuffle(&mut random(1, 0, "test"), &mut list);
        assert!(!list.is_sorted());
        list.sort_unstable();
        assert_eq!(list, (0..100).collect::<Vec<_>>());
        let mut numbers = random(1, 0, "test");
        assert!((0..100).map(|_| up_to(&mut numbers, 3)).all(|number| number <= 3));
        assert_eq!(up_to(&mut numbers, 0), 0);
    }
}
