//! Tails of distributions, accurate also where they are below 1e-15.

/// Returns the probability that at least `needed` of `members` independent draws succeed, each with probability
/// `share`.
///
/// It agrees with `chance_of_control` of the crate `outrider-beacon`, to about ten digits.
#[must_use]
pub fn binomial_tail(share: f64, members: u32, needed: u32) -> f64 {
    if needed == 0 || (needed <= members && share >= 1.0) {
        return 1.0;
    }
    if needed > members || share <= 0.0 {
        return 0.0;
    }
    let (log_share, log_rest) = (share.ln(), (-share).ln_1p());
    let term = |have: u32| {
        ln_choose(members.into(), have.into())
            + f64::from(have) * log_share
            + f64::from(members - have) * log_rest
    };
    // From the smallest terms up, so that none is lost in a sum that is larger.
    (needed..=members).rev().map(|have| term(have).exp()).sum::<f64>().min(1.0)
}

/// Returns the probability that at least `needed` of `draws` without replacement are of the `marked` among a
/// `population`.
///
/// It sums the terms by their logarithms; the result is accurate to about nine digits for populations up to a million.
#[must_use]
pub fn hypergeometric_tail(population: u32, marked: u32, draws: u32, needed: u32) -> f64 {
    if marked > population || draws > population {
        return f64::NAN;
    }
    let unmarked = population - marked;
    let fewest = draws.saturating_sub(unmarked);
    let most = draws.min(marked);
    if needed <= fewest {
        return 1.0;
    }
    let all = ln_choose(population.into(), draws.into());
    let term = |have: u32| {
        ln_choose(marked.into(), have.into()) + ln_choose(unmarked.into(), (draws - have).into()) - all
    };
    (needed..=most).rev().map(|have| term(have).exp()).sum::<f64>().min(1.0)
}

/// Returns the probability that something with a probability happens at least once in `times` independent trials.
#[must_use]
pub fn at_least_once(probability: f64, times: f64) -> f64 {
    -(times * (-probability).ln_1p()).exp_m1()
}

/// Returns the number of independent trials after which something with a probability has happened with another
/// probability, the risk. It is infinite for a probability of 0.
#[must_use]
pub fn trials_until(probability: f64, risk: f64) -> f64 {
    (-risk).ln_1p() / (-probability).ln_1p()
}

/// Returns the logarithm of the number of ways to choose `k` of `n`. `k` is at most `n`.
fn ln_choose(n: u64, k: u64) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// Returns the logarithm of `n!`: the product itself up to 20!, which is exact, and Stirling's series above it, of
/// which the first term left out is below 1e-15.
fn ln_factorial(n: u64) -> f64 {
    if n <= 20 {
        return ((1..=n).product::<u64>() as f64).ln();
    }
    let x = n as f64;
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0];
    let correction = series.iter().rev().fold(0.0, |sum, term| sum / (x * x) + term) / x;
    x * x.ln() - x + 0.5 * (core::f64::consts::TAU * x).ln() + correction
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Counts over all ways to draw.
    fn naive(population: u32, marked: u32, draws: u32, needed: u32) -> f64 {
        let all = (0..1_u32 << population).filter(|draw| draw.count_ones() == draws);
        let has = |draw: &u32| (draw & ((1 << marked) - 1)).count_ones() >= needed;
        all.clone().filter(has).count() as f64 / all.count() as f64
    }

    fn close(got: f64, expected: f64, tolerance: f64) -> bool {
        (got - expected).abs() <= tolerance * expected.abs()
    }

    proptest! {
        #[test]
        fn the_hypergeometric_tail_is_the_share_of_all_draws(
            (population, marked, draws) in (1_u32..=10).prop_flat_map(|n| (Just(n), 0..=n, 0..=n)),
            needed in 0_u32..=11,
        ) {
            let got = hypergeometric_tail(population, marked, draws, needed);
            prop_assert!((got - naive(population, marked, draws, needed)).abs() < 1e-12);
        }

        #[test]
        fn the_binomial_tail_is_that_of_a_large_population(share in 0.01..0.99, needed in 0_u32..=16) {
            let population = 1 << 24;
            let marked = (share * f64::from(population)) as u32;
            let limit = hypergeometric_tail(population, marked, 16, needed);
            prop_assert!(close(binomial_tail(share, 16, needed), limit, 1e-3));
        }

        #[test]
        fn the_tails_of_success_and_of_failure_make_one(share in 0.0..=1.0, members in 0_u32..300, part in 0.0..1.0) {
            let needed = (f64::from(members + 1) * part) as u32;
            let failures = members + 1 - needed;
            let sum = binomial_tail(share, members, needed) + binomial_tail(1.0 - share, members, failures);
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }
    }

    #[test]
    fn the_factorial_continues_where_the_product_ends() {
        let sum = |n: u64| (1..=n).map(|k| (k as f64).ln()).sum::<f64>();
        for n in [20, 21, 22, 50, 1000, 16_384] {
            assert!(close(ln_factorial(n), sum(n), 1e-14), "{n}");
        }
    }

    #[test]
    fn trials_until_a_risk_have_that_risk() {
        for probability in [1e-12, 1e-3, 0.5] {
            assert!(close(at_least_once(probability, trials_until(probability, 0.1)), 0.1, 1e-9));
        }
        assert!(trials_until(0.0, 0.1).is_infinite());
    }
}
