//! Draws of committees, and how likely one party controls one.
//!
//! References, each a test or an example:
//!
//! - Committees of the specification of the beacon chain: 128 members, two thirds decide. A third of the stake controls
//!   one with 5.6e-15 = 2^-47.4. 109 is the smallest size that is below 2^-40; the specification requires 111.
//! - [SKALE](https://whitepaper.io/document/670/skale-network-whitepaper): chains of 16 nodes, of which 11 decide;
//!   1,000 nodes of 128 places have room for 8,000. A party with a third of very many nodes controls 32 of them at
//!   once.
//! - A jury of 200 with a simple majority, said to withstand "30 or 40 % of the entire active stake" (a panel on
//!   scaling at Devcon). 30 % capture one in 9e8, but 40 % one in 600: the sentence holds at its lower end only.
//! - NEAR's [NEP-509](https://github.com/near/NEPs/blob/master/neps/nep-0509.md): 68 mandates on each of 6 shards,
//!   "secure for 40 years at 90% confidence". It does not say against which share. With blocks of 1.2 s and more than
//!   two thirds needed, a third of the mandates gives 3.3 years. 129 of the 408 mandates, 31.6 %, give 37 years, and
//!   128 give 53. So the 40 years fit an attacker of 31.5 % of the stake, not one of a third. NEAR's tool is
//!   [sim-validator-assignment](https://github.com/mooori/sim-validator-assignment).

mod draw;
mod mandates;

use serde::Deserialize;

use crate::{
    chance::{at_least_once, binomial_tail, hypergeometric_tail, trials_until},
    outcome::Outcome,
    parameter::{ParameterError, check, share, within},
};

use draw::Drawer;
pub use mandates::Stakes;

/// The parameters of the model `jury`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The attacker's share of the stake, from 0 to 1.
    pub share: f64,
    /// Members of a committee. The specification targets 128.
    pub members: u32,
    /// The number of members that the attacker needs.
    pub needed: Needed,
    /// The way in which members are drawn.
    pub draw: Draw,
    /// Committees in a slot, of which one is enough for the attacker; with a partition, committees of one partition.
    pub committees: u32,
    /// Seconds of a slot: 12 in the specification, 1.2 in NEP-509's prediction.
    pub slot_seconds: f64,
    /// The risk for which `slots_to_risk` is given: 0.1 for 90 % confidence.
    #[serde(default = "default_risk")]
    pub risk: f64,
    /// The smallest size that keeps the probability below 2 to minus this is looked for. The specification has 40.
    #[serde(default = "default_limit_bits")]
    pub limit_bits: u32,
    /// Slots that are simulated.
    #[serde(default)]
    pub simulated_slots: u32,
    /// Shares for the table `by_share`.
    #[serde(default)]
    pub shares: Vec<f64>,
    /// Sizes for the table `by_members`, each with `needed` as a rule.
    #[serde(default)]
    pub sizes: Vec<u32>,
}

/// The number of members of a committee that the attacker needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needed {
    /// Two thirds, rounded up: these decide alone.
    TwoThirds,
    /// More than half.
    Majority,
    /// More than a third: these stop the committee.
    MoreThanThird,
    /// A number.
    Members(u32),
}

/// A way in which members are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// Independently, as from very many validators: binomially distributed.
    Independent,
    /// Each committee without replacement from a number of validators: hypergeometrically distributed.
    Sample(u32),
    /// All committees of an epoch as a partition of this number of validators. Each is distributed as by `sample`.
    Partition(u32),
    /// NEAR's mandates: the stake is cut into as many equal mandates as there are places, which are shuffled and dealt.
    Mandates(Stakes),
}

impl Needed {
    /// Returns the number of members in a committee of a size.
    #[must_use]
    pub fn of(self, members: u32) -> u32 {
        match self {
            Self::TwoThirds => members - members / 3,
            Self::Majority => members / 2 + 1,
            Self::MoreThanThird => members / 3 + 1,
            Self::Members(needed) => needed,
        }
    }
}

/// Runs the model.
///
/// Figures: `needed`; `capture_probability` of one committee, `capture_bits` (its logarithm to the base 2, negated) and
/// `binomial_probability` for comparison; `slot_capture_probability` of any committee in a slot; `captured_at_once`,
/// the mean number; `slots_to_first_capture`, its mean, as if the committees of a slot were independent (those of a
/// partition are captured together a little less often); `slots_to_risk` and `years_to_risk`; `smallest_committee`.
/// With simulated slots: `simulated_capture_probability` and `simulated_slots_to_first_capture`. With mandates, also
/// `mandates` and `attacker_mandates`; the formula counts full mandates only, while the simulation deals partial ones
/// too.
///
/// Tables: `by_share`, `by_members`, and `first_capture`, the probability of no capture for a number of slots.
///
/// # Errors
/// Returns an error if a parameter is outside of what its documentation says.
pub fn run(parameters: &Parameters, seed: u64) -> Result<Outcome, ParameterError> {
    validate(parameters)?;
    let mut outcome = Outcome::default();
    let Parameters { share, members, committees, .. } = *parameters;
    let needed = parameters.needed.of(members);
    let mut drawer = Drawer::new(parameters, seed);
    let chance = drawer.chance(share, members, needed);
    let in_slot = at_least_once(chance, committees.into());
    outcome.measure("needed", needed.into(), "members");
    outcome.measure("capture_probability", chance, "");
    outcome.measure("capture_bits", -chance.log2(), "bits");
    outcome.measure("binomial_probability", binomial_tail(share, members, needed), "");
    outcome.measure("slot_capture_probability", in_slot, "");
    outcome.measure("captured_at_once", chance * f64::from(committees), "committees");
    outcome.measure("slots_to_first_capture", in_slot.recip(), "slots");
    let slots_to_risk = trials_until(in_slot, parameters.risk);
    outcome.measure("slots_to_risk", slots_to_risk, "slots");
    outcome.measure("years_to_risk", slots_to_risk * parameters.slot_seconds / YEAR_SECONDS, "years");
    if let Some(members) = smallest_committee(parameters) {
        outcome.measure("smallest_committee", members.into(), "members");
    }
    if let Some(mandates) = drawer.mandates() {
        outcome.measure("mandates", mandates.n_full().into(), "mandates");
        outcome.measure("attacker_mandates", mandates.n_attacker().into(), "mandates");
    }
    simulate(parameters, needed, &mut drawer, &mut outcome);
    tables(parameters, &drawer, &mut outcome);
    Ok(outcome)
}

/// Counts captured committees, and the slots from one slot with a captured committee to the next.
fn simulate(parameters: &Parameters, needed: u32, drawer: &mut Drawer, outcome: &mut Outcome) {
    let (mut captured, mut captured_slots) = (0_u64, 0_u64);
    for _ in 0..parameters.simulated_slots {
        let in_slot = drawer.captured(needed);
        captured += u64::from(in_slot);
        captured_slots += u64::from(in_slot > 0);
    }
    let slots = f64::from(parameters.simulated_slots);
    let draws = slots * f64::from(parameters.committees);
    outcome.ratio("simulated_capture_probability", captured as f64, draws, "");
    // The maximum-likelihood estimate, also if the last wait did not end.
    outcome.ratio("simulated_slots_to_first_capture", slots, captured_slots as f64, "slots");
}

fn tables(parameters: &Parameters, drawer: &Drawer, outcome: &mut Outcome) {
    let Parameters { members, needed: rule, .. } = *parameters;
    let needed = rule.of(members);
    let row = |share: f64| {
        let chance = drawer.chance(share, members, needed);
        let in_slot = at_least_once(chance, parameters.committees.into());
        let years = trials_until(in_slot, parameters.risk) * parameters.slot_seconds / YEAR_SECONDS;
        vec![share, chance, binomial_tail(share, members, needed), in_slot.recip(), years]
    };
    let columns =
        ["share", "capture_probability", "binomial_probability", "slots_to_first_capture", "years_to_risk"];
    outcome.series("by_share", &columns, parameters.shares.iter().map(|&share| row(share)).collect());
    let row = |members: u32| {
        let needed = rule.of(members);
        let chance = drawer.chance(parameters.share, members, needed);
        vec![members.into(), needed.into(), chance, -chance.log2()]
    };
    let columns = ["members", "needed", "capture_probability", "capture_bits"];
    outcome.series("by_members", &columns, parameters.sizes.iter().map(|&size| row(size)).collect());
    let in_slot =
        at_least_once(drawer.chance(parameters.share, members, needed), parameters.committees.into());
    let row = |step: u32| {
        let slots = in_slot.recip() * f64::from(step) / 10.0;
        vec![slots, 1.0 - at_least_once(in_slot, slots)]
    };
    outcome.series("first_capture", &["slots", "probability_of_none"], (0..=30).map(row).collect());
}

/// Returns the smallest size from which on independent draws stay below the limit, up to 2,048 members.
fn smallest_committee(parameters: &Parameters) -> Option<u32> {
    let limit = 0.5_f64.powi(parameters.limit_bits.min(1000) as i32);
    let safe = |members: u32| binomial_tail(parameters.share, members, parameters.needed.of(members)) < limit;
    let largest_unsafe = (1..=MEMBERS_MAX).rev().find(|&members| !safe(members)).unwrap_or(0);
    (largest_unsafe < MEMBERS_MAX).then_some(largest_unsafe + 1)
}

fn validate(parameters: &Parameters) -> Result<(), ParameterError> {
    let Parameters { members, committees, .. } = *parameters;
    share("share", parameters.share)?;
    within("members", members, 1..=MEMBERS_MAX, "give 1 to 2048 members, as the specification allows")?;
    within("committees", committees, 1..=1 << 20, "give 1 to 1048576 committees")?;
    within(
        "slot_seconds",
        parameters.slot_seconds,
        1e-3..=1e6,
        "give a number of seconds from 0.001 to 1e6",
    )?;
    within("risk", parameters.risk, 1e-9..=0.999_999, "give a probability between 0 and 1, as 0.1")?;
    within("simulated_slots", parameters.simulated_slots, ..=10_000_000, "give at most 10000000 slots")?;
    let needed = parameters.needed.of(members);
    within("needed", needed, 1..=members, "give 1 to as many as the committee has members")?;
    parameters.shares.iter().try_for_each(|&one| share("shares", one))?;
    let size = |&size: &u32| within("sizes", size, 1..=MEMBERS_MAX, "give sizes of 1 to 2048 members");
    parameters.sizes.iter().try_for_each(size)?;
    let places = u64::from(members) * u64::from(committees);
    let work = places as f64 * f64::from(parameters.simulated_slots);
    let remedy = "give fewer: slots times committees times members are at most 1e10";
    check("simulated_slots", parameters.simulated_slots, work <= 1e10, remedy)?;
    validate_draw(parameters, places)
}

fn validate_draw(parameters: &Parameters, places: u64) -> Result<(), ParameterError> {
    let Parameters { members, committees, .. } = *parameters;
    let largest = parameters.sizes.iter().copied().max().unwrap_or(members).max(members);
    match parameters.draw {
        Draw::Independent => Ok(()),
        Draw::Sample(population) | Draw::Partition(population) if population < largest => {
            check("draw", population, false, "give at least as many validators as a committee has members")
        }
        Draw::Sample(population) => {
            within("draw", population, ..=POPULATION_MAX, "give at most 4194304 validators")
        }
        Draw::Partition(population) => check(
            "draw",
            population,
            population <= POPULATION_MAX && u64::from(population) >= places,
            "give at least as many validators as all committees have members, and at most 4194304",
        ),
        Draw::Mandates(stakes) => {
            let few = u64::from(largest) * u64::from(committees) <= 1 << 20;
            check("committees", committees, few, "give fewer: at most 1048576 mandates are dealt")?;
            stakes.validate()
        }
    }
}

fn default_risk() -> f64 {
    0.1
}

fn default_limit_bits() -> u32 {
    40
}

/// The specification's MAX_VALIDATORS_PER_COMMITTEE.
const MEMBERS_MAX: u32 = 2048;
/// The specification's largest number of validators that is reckoned with: 4,194,304.
const POPULATION_MAX: u32 = 1 << 22;
/// A Julian year.
pub(crate) const YEAR_SECONDS: f64 = 31_557_600.0;

/// The exact formula of a draw.
pub(crate) fn chance(draw: Draw, share: f64, members: u32, needed: u32) -> f64 {
    match draw {
        Draw::Independent => binomial_tail(share, members, needed),
        Draw::Sample(population) | Draw::Partition(population) => {
            hypergeometric_tail(population, marked(share, population), members, needed)
        }
        Draw::Mandates(_) => f64::NAN,
    }
}

/// Returns how many of a population a share is, rounded down: a party with a third of 408 has 136.
pub(crate) fn marked(share: f64, population: u32) -> u32 {
    // A third as a decimal fraction, as 0.3333333333, is meant as a third.
    (share * f64::from(population) + 1e-6) as u32
}
