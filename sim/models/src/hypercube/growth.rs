//! The gas of calls between contracts, before and after the cube grows by a dimension.

use serde::Deserialize;

use crate::{
    outcome::Outcome,
    parameter::{ParameterError, amount, share, within},
    random::Random,
};

/// The calls of contracts to one another.
///
/// Figures: `gas_per_call`; `split_gas_rise` and `empty_cube_gas_rise`, both as factors; `split_capacity_gain`, the
/// factor by which the calls that all vertices can carry rise in a split: 2 / `split_gas_rise`; and
/// `simulated_gas_per_call`, `simulated_split_gas_rise`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// The share of calls that stay within a vertex before: chatty contracts that were put together.
    pub local_share: f64,
    /// Gas of a call within a vertex. Shargri-La: 21,000.
    pub local_gas: f64,
    /// Gas where a call leaves for another vertex. Shargri-La: 31,785.
    pub send_gas: f64,
    /// Gas where a call arrives. Shargri-La: 52,820.
    pub receive_gas: f64,
    /// Gas of each vertex in between.
    #[serde(default)]
    pub forward_gas: f64,
    /// After an empty cube is joined: the share of calls from new contracts there to old ones.
    #[serde(default)]
    pub newcomers: f64,
    /// Calls that are simulated.
    #[serde(default)]
    pub calls: u32,
}

impl Growth {
    pub(super) fn validate(&self) -> Result<(), ParameterError> {
        share("growth.local_share", self.local_share)?;
        share("growth.newcomers", self.newcomers)?;
        within("growth.local_gas", self.local_gas, 1.0..=1e18, "give at least 1 gas")?;
        amount("growth.send_gas", self.send_gas)?;
        amount("growth.receive_gas", self.receive_gas)?;
        amount("growth.forward_gas", self.forward_gas)?;
        within("growth.calls", self.calls, ..=10_000_000, "give at most 10000000 calls")
    }

    /// Returns the gas of a call over a number of hops, or the mean gas over a mean number of hops from 1 on.
    fn gas(&self, hops: f64) -> f64 {
        if hops <= 0.0 {
            return self.local_gas;
        }
        self.send_gas + self.receive_gas + (hops - 1.0) * self.forward_gas
    }

    pub(super) fn run(&self, dimensions: u32, seed: u64, outcome: &mut Outcome) {
        let vertices = f64::from(dimensions).exp2();
        // The mean distance of two different vertices.
        let apart = f64::from(dimensions) / 2.0 * vertices / (vertices - 1.0);
        let mix = |local: f64, other: f64| self.local_share * local + (1.0 - self.local_share) * other;
        let before = mix(self.gas(0.0), self.gas(apart));
        let local_after = f64::midpoint(self.gas(0.0), self.gas(1.0));
        let after = mix(local_after, self.gas(apart + 0.5));
        // A newcomer's call goes to any old vertex, over the new dimension.
        let newcomer = self.gas(f64::from(dimensions) / 2.0 + 1.0);
        let joined = (1.0 - self.newcomers) * before + self.newcomers * newcomer;
        outcome.measure("gas_per_call", before, "gas");
        outcome.measure("split_gas_rise", after / before, "");
        outcome.measure("split_capacity_gain", 2.0 * before / after, "");
        outcome.measure("empty_cube_gas_rise", joined / before, "");
        self.simulate(dimensions, seed, outcome);
    }

    /// Puts pairs of contracts at vertices, and then splits these by the next bit of each address.
    fn simulate(&self, dimensions: u32, seed: u64, outcome: &mut Outcome) {
        let mut random = Random::new(seed, 0, "hypercube: growth");
        let (mut before, mut after) = (0.0, 0.0);
        for _ in 0..self.calls {
            let differs =
                if random.chance(self.local_share) { 0 } else { 1 + random.below((1 << dimensions) - 1) };
            let new_bit = random.below(2);
            before += self.gas(differs.count_ones().into());
            after += self.gas((differs.count_ones() + new_bit as u32).into());
        }
        outcome.ratio("simulated_gas_per_call", before, self.calls.into(), "gas");
        outcome.ratio("simulated_split_gas_rise", after, before, "");
    }
}
