//! Sampling clients: which positions they ask for, and what share of them finds that data are withheld.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{SampleError, Scheme};

pub use crate::draw::positions;

/// The reason for which a client that samples does not take a body for available.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unavailable {
    /// Nobody answers for a position.
    #[error("nobody answers for position {position}")]
    Withheld {
        /// The position.
        position: usize,
    },
    /// The answer does not verify.
    #[error("the sample at position {position}: {source}")]
    Wrong {
        /// The position.
        position: usize,
        /// The reason.
        source: SampleError,
    },
}

/// Lets a client ask for samples at its [`positions`], until one is missing or wrong; returns what it got, which others may
/// restore the body from.
///
/// # Errors
///
/// Fails at the first position for which `ask` has no sample, or a wrong one.
pub fn sample<S: Scheme>(
    header: &S::Header,
    (seed, client): (u64, u64),
    count: usize,
    mut ask: impl FnMut(usize) -> Option<S::Sample>,
) -> Result<BTreeMap<usize, S::Sample>, Unavailable> {
    let answer = |position| {
        let sample = ask(position).ok_or(Unavailable::Withheld { position })?;
        S::verify(header, position, &sample).map_err(|source| Unavailable::Wrong { position, source })?;
        Ok((position, sample))
    };
    positions(seed, client, S::shape(header).positions(), count).into_iter().map(answer).collect()
}

/// The result of an experiment with sampling clients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// The number of clients.
    pub clients: u64,
    /// The number of clients that asked for something withheld.
    pub found: u64,
    /// The number of samples of each client.
    pub samples: usize,
    /// The probability that one client finds it, by the formula.
    pub expected: f64,
}

impl Finding {
    /// Returns the share of clients that found it.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.found as f64 / self.clients as f64
    }

    /// Returns by how many standard deviations of the binomial distribution the share differs from the formula; 0 if
    /// it cannot differ.
    #[must_use]
    pub fn deviations(&self) -> f64 {
        let deviation = (self.expected * (1.0 - self.expected) / self.clients as f64).sqrt();
        if deviation == 0.0 { 0.0 } else { (self.share() - self.expected) / deviation }
    }
}

/// Lets clients sample an extended body of which some positions are withheld, each with a stream of its own.
#[must_use]
pub fn experiment(withheld: &[bool], samples: usize, clients: u64, seed: u64) -> Finding {
    let n = withheld.len();
    let finds = |client: &u64| {
        let asked = positions(seed, *client, n, samples);
        asked.iter().any(|position| withheld.get(*position) == Some(&true))
    };
    let found = (0..clients).filter(finds).count() as u64;
    let n_withheld = withheld.iter().filter(|withheld| **withheld).count();
    Finding { clients, found, samples, expected: probability_found(n, n_withheld, samples) }
}

/// Returns the probability that `samples` distinct positions of `n` meet one of `withheld` ones: one minus the
/// hypergeometric probability of none.
#[must_use]
pub fn probability_found(n: usize, withheld: usize, samples: usize) -> f64 {
    let held = n.saturating_sub(withheld);
    let missed = (0..samples.min(n)).map(|i| held.saturating_sub(i) as f64 / n.saturating_sub(i) as f64);
    1.0 - missed.product::<f64>()
}

/// Returns the smallest number of samples that finds it with at least this probability, or `None` if nothing is
/// withheld.
#[must_use]
pub fn samples_needed(n: usize, withheld: usize, probability: f64) -> Option<usize> {
    (1..=n).find(|samples| withheld > 0 && probability_found(n, withheld, *samples) >= probability)
}

#[cfg(test)]
mod tests {
    use super::{probability_found, samples_needed};

    /// By hand: 1 - (3/5)(2/4), and Celestia's and PeerDAS's own figures.
    #[test]
    fn the_formula_is_hypergeometric() {
        let close = |got: f64, expected: f64, within: f64| assert!((got - expected).abs() < within, "{got}");
        close(probability_found(5, 2, 2), 0.7, 1e-12);
        close(probability_found(5, 0, 5), 0.0, 1e-12);
        close(probability_found(5, 1, 5), 1.0, 1e-12);
        // 16 samples of a square miss with 1 %; 8 of 128 columns with about 2^-8.
        close(1.0 - probability_found(16_384, 65 * 65, 16), 0.01, 0.003);
        close(1.0 - probability_found(128, 65, 8), 0.002_8, 0.000_2);
        assert_eq!(samples_needed(16_384, 65 * 65, 0.99), Some(16));
        assert_eq!(samples_needed(16_384, 0, 0.99), None);
    }
}
