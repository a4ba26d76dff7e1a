//! How likely it is that a committee falls into the wrong hands.
//!
//! A committee is drawn at random from all validators. Whoever has a share of the stake has about that share of the
//! draws; of a great many validators, each draw is independent of the others, and the number of members that one
//! party has is distributed binomially. It decides alone on a crosslink or a checkpoint with two thirds of the
//! committee. The specification wants committees of 111 at least, for which a party with a third of the stake has a
//! chance of less than 2^-40, and aims at 128.

/// Returns the chance that a party with a share of the stake, from 0 to 1, has `needed` members or more in a
/// committee of `members`.
///
/// Terms are summed from the smallest on, by their logarithms; the result is good to some ten digits.
#[must_use]
pub fn chance_of_control(share: f64, members: u32, needed: u32) -> f64 {
    if needed == 0 || (needed <= members && share >= 1.0) {
        return 1.0;
    }
    if needed > members || share <= 0.0 {
        return 0.0;
    }
    let log_odds = share.ln() - (-share).ln_1p();
    // The chance to have all members, and from there down: C(n, k - 1) = C(n, k) * k / (n - k + 1).
    let mut log_chance = f64::from(members) * share.ln();
    let mut chance = log_chance.exp();
    for have in (needed + 1..=members).rev() {
        log_chance += f64::from(have).ln() - f64::from(members - have + 1).ln() - log_odds;
        chance += log_chance.exp();
    }
    chance.min(1.0)
}

/// Returns how many members of a committee decide alone: two thirds, rounded up.
#[must_use]
pub fn two_thirds(members: u32) -> u32 {
    members - members / 3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Goes through all ways in which a committee can be drawn.
    fn naive(share: f64, members: u32, needed: u32) -> f64 {
        (0..1_u32 << members)
            .filter(|draw| draw.count_ones() >= needed)
            .map(|draw| {
                let have = i32::try_from(draw.count_ones()).unwrap();
                share.powi(have) * (1.0 - share).powi(i32::try_from(members).unwrap() - have)
            })
            .sum()
    }

    proptest! {
        #[test]
        fn chance_is_the_sum_over_all_draws(share in 0.0..=1.0, members in 0_u32..=10, needed in 0_u32..=12) {
            let (expected, got) = (naive(share, members, needed), chance_of_control(share, members, needed));
            prop_assert!((expected - got).abs() < 1e-9, "expected {expected}, got {got}");
        }
    }

    #[test]
    fn committees_of_the_minimum_size_or_more_are_safe() {
        let chance = |members| chance_of_control(1.0 / 3.0, members, two_thirds(members));
        let limit = 2_f64.powi(-40);
        assert!(chance(108) > limit);
        assert!((109..=2048).all(|members| chance(members) < limit));
        assert!(chance(128) < chance(111));
    }
}
