//! The rates at which fraud and checking settle.

use serde::Deserialize;

use crate::{
    outcome::Outcome,
    parameter::{ParameterError, amount, check, share, within},
};

/// Gains and losses of the cheat and of the challengers, in ETH.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incentives {
    /// The cost of a check of a block: C.
    pub check_cost: f64,
    /// The reward of the first to find fraud: R.
    pub reward: f64,
    /// The loss of each challenger by fraud that stays: L.
    pub loss: f64,
    /// The gain of the cheat by fraud that stays: G.
    pub gain: f64,
    /// The loss of the cheat by fraud that is found: S.
    pub slashed: f64,
    /// The probability that a block has an error on purpose, with the same reward: e.
    #[serde(default)]
    pub forced_errors: f64,
    /// Rounds of fictitious play.
    #[serde(default = "default_rounds")]
    pub rounds: u32,
}

impl Incentives {
    pub(super) fn validate(&self) -> Result<(), ParameterError> {
        amount("incentives.check_cost", self.check_cost)?;
        amount("incentives.reward", self.reward)?;
        amount("incentives.loss", self.loss)?;
        amount("incentives.gain", self.gain)?;
        amount("incentives.slashed", self.slashed)?;
        share("incentives.forced_errors", self.forced_errors)?;
        let stake = self.gain + self.slashed;
        check("incentives.slashed", stake, stake > 0.0, "let `gain` or `slashed` be above 0")?;
        within("incentives.rounds", self.rounds, 1..=10_000_000, "give 1 to 10000000 rounds")
    }

    /// Returns what a check gives to one of `n` challengers per invalid block, and per error on purpose, if all others
    /// look with probability `q`.
    fn value(&self, n: u32, q: f64) -> (f64, f64) {
        let others = n - 1;
        let none = (1.0 - q).powi(others as i32);
        // The mean of 1 / (1 + others who look): (1 - (1 - q)^n) / (n q).
        let part = if q * f64::from(n) < 1e-9 { 1.0 } else { (1.0 - none * (1.0 - q)) / (f64::from(n) * q) };
        (self.reward * part + self.loss * none, self.reward * part)
    }

    /// Returns the equilibrium: the probability of fraud, that it is found, and that one challenger looks.
    fn settled(&self, n: u32) -> (f64, f64, f64) {
        let found = self.gain / (self.gain + self.slashed);
        let q = 1.0 - (1.0 - found).powf(f64::from(n).recip());
        let (fraud, forced) = self.value(n, q);
        let rate = (self.check_cost - self.forced_errors * forced) / fraud;
        // Checking that never pays lets all blocks be fraud.
        (if rate.is_nan() { 1.0 } else { rate.clamp(0.0, 1.0) }, found, q)
    }
}

/// Gives the equilibrium and plays towards it.
pub(super) fn run(incentives: &Incentives, n: u32, outcome: &mut Outcome) {
    let (fraud, found, q) = incentives.settled(n);
    outcome.measure("settled_fraud_probability", fraud, "");
    // Where fraud does not stop at 0 or 1, the cheat is indifferent; else checking is not bound to a rate.
    if fraud > 0.0 && fraud < 1.0 {
        outcome.measure("settled_found_probability", found, "");
        outcome.measure("settled_check_probability", q, "");
    }
    play(incentives, n, outcome);
}

/// Plays rounds in which both sides answer the frequencies so far.
fn play(incentives: &Incentives, n: u32, outcome: &mut Outcome) {
    let (mut frauds, mut looks, mut rows) = (0_u32, 0_u32, Vec::new());
    let found_by = |q: f64| 1.0 - (1.0 - q).powi(n as i32);
    for round in 0..incentives.rounds {
        // Before the first round each side expects the other to do either.
        let frequency = |count: u32, rounds: u32| (f64::from(count) + 0.5) / (f64::from(rounds) + 1.0);
        let (fraud, q) = (frequency(frauds, round), frequency(looks, round));
        let found = found_by(q);
        frauds += u32::from((1.0 - found) * incentives.gain > found * incentives.slashed);
        let (real, forced) = incentives.value(n, q);
        looks += u32::from(fraud * real + incentives.forced_errors * forced > incentives.check_cost);
        if (round + 1).is_power_of_two() || round + 1 == incentives.rounds {
            let (fraud, q) = (frequency(frauds, round + 1), frequency(looks, round + 1));
            rows.push(vec![f64::from(round) + 1.0, fraud, q, found_by(q)]);
        }
    }
    if let Some([_, fraud, q, found]) = rows.last().map(Vec::as_slice) {
        outcome.measure("simulated_settled_fraud_probability", *fraud, "");
        outcome.measure("simulated_settled_check_probability", *q, "");
        outcome.measure("simulated_settled_found_probability", *found, "");
    }
    let columns = ["round", "fraud_probability", "check_probability", "found_probability"];
    outcome.series("dynamics", &columns, rows);
}

fn default_rounds() -> u32 {
    100_000
}
