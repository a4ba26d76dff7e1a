//! NEAR's mandates, as
//! [NEP-509](https://github.com/near/NEPs/blob/master/neps/nep-0509.md#chunk-validators-selection) describes them: each
//! validator's stake is cut into full mandates of one price, and one partial mandate of what is left. Both kinds are
//! shuffled and dealt to the shards in turn.
//!
//! Small validators lose more to rounding than large ones. An attacker with few large validators so has more than its
//! share of the full mandates, and partial ones make up for that. The formula counts full mandates only; with unequal
//! stakes, the simulation is right.

use serde::Deserialize;

use crate::{
    chance::hypergeometric_tail,
    parameter::{ParameterError, within},
    random::Random,
};

/// The distribution of stake among validators.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stakes {
    /// The number of honest validators.
    pub honest: u32,
    /// The number of validators that the attacker has, with equal stakes.
    pub attacker: u32,
    /// The stake of the k-th honest validator is in proportion to 1 / k^skew. 0: equal stakes.
    #[serde(default)]
    pub skew: f64,
}

impl Stakes {
    pub(super) fn validate(&self) -> Result<(), ParameterError> {
        within("draw.mandates.honest", self.honest, 1..=100_000, "give 1 to 100000 validators")?;
        within("draw.mandates.attacker", self.attacker, 1..=100_000, "give 1 to 100000 validators")?;
        within("draw.mandates.skew", self.skew, 0.0..=4.0, "give a number from 0 to 4")
    }
}

/// Stake as mandates.
#[derive(Clone, Debug)]
pub(super) struct Mandates {
    /// Full mandates, of a stake of 1 each: if they are the attacker's.
    full: Vec<bool>,
    /// Partial mandates: stake, and if they are the attacker's.
    partial: Vec<(f64, bool)>,
}

impl Mandates {
    /// Cuts a total stake of 1 into at least `n` full mandates of the highest possible price.
    pub(super) fn new(stakes: Stakes, share: f64, n: u32) -> Self {
        let weights: Vec<f64> = (1..=stakes.honest).map(|k| f64::from(k).powf(-stakes.skew)).collect();
        let weight: f64 = weights.iter().sum();
        let honest = weights.iter().map(|one| ((1.0 - share) * one / weight, false));
        let attacker = (0..stakes.attacker).map(|_| (share / f64::from(stakes.attacker), true));
        let all: Vec<(f64, bool)> = honest.chain(attacker).collect();
        let price = price(&all, n);
        let mut mandates = Self { full: Vec::new(), partial: Vec::new() };
        for (stake, attacker) in all {
            let full = n_full(stake, price);
            mandates.full.extend((0..full as u32).map(|_| attacker));
            mandates.partial.push(((stake / price - full).max(0.0), attacker));
        }
        mandates
    }

    pub(super) fn n_full(&self) -> u32 {
        self.full.len() as u32
    }

    pub(super) fn n_attacker(&self) -> u32 {
        self.full.iter().filter(|&&attacker| attacker).count() as u32
    }

    /// Returns the probability that `needed` of the full mandates of one shard are the attacker's.
    pub(super) fn chance(&self, members: u32, needed: u32) -> f64 {
        hypergeometric_tail(self.n_full(), self.n_attacker(), members, needed)
    }
}

/// Deals mandates to shards.
pub(super) struct Deal {
    pub(super) mandates: Mandates,
    /// Stake on each shard: all, and the attacker's.
    on_shard: Vec<(f64, f64)>,
}

impl Deal {
    pub(super) fn new(mandates: Mandates) -> Self {
        Self { mandates, on_shard: Vec::new() }
    }

    /// Deals all mandates, and returns on how many shards the attacker has more than a share of the stake.
    pub(super) fn captured(&mut self, shards: u32, threshold: f64, random: &mut Random) -> u32 {
        self.on_shard.clear();
        self.on_shard.resize(shards as usize, (0.0, 0.0));
        random.shuffle(&mut self.mandates.full);
        random.shuffle(&mut self.mandates.partial);
        let full = self.mandates.full.iter().map(|&attacker| (1.0, attacker));
        let partial = self.mandates.partial.iter().copied();
        for (place, (stake, attacker)) in full.enumerate().chain(partial.enumerate()) {
            let (all, attackers) = &mut self.on_shard[place % shards as usize];
            *all += stake;
            *attackers += if attacker { stake } else { 0.0 };
        }
        let is_captured = |&&(all, attackers): &&(f64, f64)| attackers > threshold * all + 1e-9;
        self.on_shard.iter().filter(is_captured).count() as u32
    }
}

/// Returns the highest price of a mandate for which there are at least `n` full ones, by bisection as nearcore does.
fn price(stakes: &[(f64, bool)], n: u32) -> f64 {
    let enough = |price: f64| stakes.iter().map(|&(stake, _)| n_full(stake, price)).sum::<f64>() >= n.into();
    let (mut low, mut high) = (0.0, 1.0 / f64::from(n));
    if enough(high) {
        return high;
    }
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if enough(middle) { low = middle } else { high = middle }
    }
    low
}

/// Returns the number of full mandates in a stake. Stakes that are a multiple of the price but for rounding have all.
fn n_full(stake: f64, price: f64) -> f64 {
    (stake / price + 1e-9).floor()
}
