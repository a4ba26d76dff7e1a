//! The probability that one party controls a committee.
//!
//! Committees are drawn at random from all validators. A party with a share of the stake has about that share of the
//! draws. Among a great many validators the draws are independent, so the number of members that one party has is
//! binomially distributed. Two thirds of a committee decide alone on a crosslink or a checkpoint. The specification
//! requires committees of at least 111 members, in which a party with a third of the stake controls two thirds with a
//! probability below 2^-40, and targets 128.

/// Returns the probability that a party with a share of the stake, from 0 to 1, has at least `needed` members in a
/// committee of `members`.
///
/// It sums the terms from the smallest up, by their logarithms; the result is accurate to about ten digits.
#[must_use]
pub fn chance_of_control(share: f64, members: u32, needed: u32) -> f64 {
    if needed == 0 || (needed <= members && share >= 1.0) {
        return 1.0;
    }
    if needed > members || share <= 0.0 {
        return 0.0;
    }
    let log_odds = share.ln() - (-share).ln_1p();
    // The first term is the probability of having all members. The next ones follow by C(n, k - 1) = C(n, k) * k / (n
    // - k + 1).
    let mut log_chance = f64::from(members) * share.ln();
    let mut chance = log_chance.exp();
    for have in (needed + 1..=members).rev() {
        log_chance += f64::from(have).ln() - f64::from(members - have + 1).ln() - log_odds;
        chance += log_chance.exp();
    }
    chance.min(1.0)
}

/// Returns the number of members that decide alone: two thirds, rounded up.
#[must_use]
pub fn two_thirds(members: u32) -> u32 {
    members - members / 3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sums over all ways to draw a committee.
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
    fn committees_of_at_least_the_minimum_size_are_safe() {
        let chance = |members| chance_of_control(1.0 / 3.0, members, two_thirds(members));
        let limit = 2_f64.powi(-40);
        assert!(chance(108) > limit);
        assert!((109..=2048).all(|members| chance(members) < limit));
        assert!(chance(128) < chance(111));
    }
}
